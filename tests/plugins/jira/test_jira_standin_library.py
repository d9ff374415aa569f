"""The jira library finds in the stand-in what it expects of a Jira."""

import pytest
from jira import JIRA, JIRAError
from tests.plugins.jira.test_jira_standin import ask

from tm_jira.standin import API_TOKEN, EMAIL, PAT


@pytest.fixture
def client(jira):
    is_own = jira.site.data_center
    account = {"token_auth": PAT} if is_own else {"basic_auth": (EMAIL, API_TOKEN)}
    version = {"rest_api_version": "2" if is_own else "3"}
    client = JIRA(
        server=jira.settings["url"],
        max_retries=0,
        timeout=(5, 30),
        get_server_info=True,
        options={**version},
        **account,
    )
    yield client
    client.close()


def test_it_knows_where_it_is_and_who(client, jira):
    assert client.server_info()["deploymentType"] == ("Server" if jira.site.data_center else "Cloud")
    assert client.myself()["displayName"] == "tm"
    assert client.my_permissions(projectKey="PROJ", permissions="EDIT_ISSUES")["permissions"]["EDIT_ISSUES"][
        "havePermission"
    ]


def test_it_reads_an_issue_with_what_belongs_to_it(client, jira):
    jira.site.add(summary="a", priority="Low")
    jira.site.comment("PROJ-1", "Hi")
    jira.site.move("PROJ-1", "Done")
    issue = client.issue("PROJ-1", expand="changelog", properties="tm.task")

    assert (issue.fields.summary, issue.fields.priority.name, issue.fields.status.name) == ("a", "Low", "Done")
    assert issue.changelog.histories[0].items[0].toString == "Done"
    assert [each["name"] for each in client.transitions("PROJ-1", expand="transitions.fields")][:1] == ["To Do"]
    assert [each.id for each in client.comments("PROJ-1")] == [jira.site.issue("PROJ-1").comments[0]["id"]]
    assert set(client.editmeta("PROJ-1")["fields"]) >= {"summary", "priority"}


def test_it_searches(client, jira):
    for _ in range(3):
        jira.site.add()

    if jira.site.data_center:
        assert [each.key for each in client.search_issues("project = PROJ ORDER BY key ASC", maxResults=2)] == [
            "PROJ-1",
            "PROJ-2",
        ]
    else:
        page = client.enhanced_search_issues(
            "project = PROJ", maxResults=2, fields=["summary"], properties="tm.task", json_result=True
        )
        assert (len(page["issues"]), page["isLast"]) == (2, False)


def test_it_learns_of_people_priorities_and_projects(client, jira):
    query = {"username": "ali"} if jira.site.data_center else {"query": "ali"}

    assert [each.displayName for each in client.search_assignable_users_for_issues(project="PROJ", **query)] == [
        "Alice"
    ]
    assert [each.name for each in client.priorities()] == ["Highest", "High", "Medium", "Low", "Lowest"]
    assert client.project("PROJ").name == "Project"
    assert {"summary", "customfield_10011"} <= {each["id"] for each in client.fields()}


def test_it_says_why_something_was_refused(client, jira):
    with pytest.raises(JIRAError) as caught:
        client.issue("PROJ-9")

    assert caught.value.status_code == 404


def test_the_screens_of_a_project_are_told(jira):
    jira.site.projects["PROJ"].screen.remove("priority")
    types = ask(jira, "GET", "issue/createmeta/PROJ/issuetypes").json
    shown = ask(jira, "GET", "issue/createmeta/PROJ/issuetypes/10001").json

    found = {each["fieldId"]: each for each in shown["values" if jira.site.data_center else "fields"]}
    assert types["values" if jira.site.data_center else "issueTypes"][0]["name"] == "Task"
    assert found["summary"]["required"]
    assert not found["labels"]["required"]
    assert "priority" not in found
    assert ask(jira, "GET", "issue/createmeta/PROJ/issuetypes/99").status == 404
    assert ask(jira, "GET", "issue/createmeta/NONE/issuetypes").status == 404


def test_who_may_be_assigned_is_told_by_the_beginning_of_a_name(cloud):
    cloud.site.add()
    for query, names in (
        ("project=PROJ&query=AL", ["Alice"]),
        ("issueKey=PROJ-1&query=lice", []),
        (f"project=PROJ&accountId={cloud.site.person('bob')['accountId']}", ["Bob"]),
    ):
        assert [each["displayName"] for each in ask(cloud, "GET", f"user/assignable/search?{query}").json] == names
    assert ask(cloud, "GET", "user/assignable/search?query=al").status == 404


def test_permissions_must_be_named_on_cloud(cloud):
    cloud.site.withhold("ADD_COMMENTS")
    asked = ask(cloud, "GET", "mypermissions?permissions=ADD_COMMENTS,EDIT_ISSUES&projectKey=PROJ").json["permissions"]

    assert {key: each["havePermission"] for key, each in asked.items()} == {"ADD_COMMENTS": False, "EDIT_ISSUES": True}
    assert ask(cloud, "GET", "mypermissions").status == 400
    assert ask(cloud, "GET", "mypermissions?permissions=FLY").status == 400
    assert ask(cloud, "GET", "mypermissions?permissions=EDIT_ISSUES&projectKey=NONE").status == 404


def test_lists_come_in_pages_on_cloud(cloud):
    priorities = ask(cloud, "GET", "priority/search?maxResults=2").json
    projects = ask(cloud, "GET", "project/search").json

    assert [each["name"] for each in priorities["values"]] == ["Highest", "High"]
    assert [each["key"] for each in projects["values"]] == ["PROJ", "OTHER"]
