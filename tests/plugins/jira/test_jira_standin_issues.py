"""The stand-in creates, reads, edits and transitions issues as Jira does, and refuses what Jira refuses."""

import pytest
from tests.plugins.jira.test_jira_standin import ask, fields

from tm_jira.standin import StandIn

TEXT = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Hi"}]}]}


@pytest.fixture
def own(clock):
    with StandIn(now=clock.now, data_center=True) as own:
        yield own


def create(jira, **more):
    return ask(jira, "POST", "issue", {"fields": fields(**more)})


def edit(jira, **body):
    return ask(jira, "PUT", "issue/PROJ-1", body)


def transit(jira, transition_id, **more):
    return ask(jira, "POST", "issue/PROJ-1/transitions", {"transition": {"id": transition_id}, **more})


def test_creating_tells_id_key_and_address_only(jira):
    answer = create(jira)
    version = 2 if jira.site.data_center else 3

    assert answer.status == 201
    assert answer.json == {
        "id": "10001",
        "key": "PROJ-1",
        "self": f"{jira.server.url}/rest/api/{version}/issue/10001",
    }


def test_label_property_and_first_transition_go_with_the_creation(jira):
    body = {
        "fields": fields(priority={"id": "1"}),
        "update": {"labels": [{"add": "tm-1"}, {"add": "tm-0"}]},
        "transition": {"id": "21"},
        "properties": [{"key": "tm.task", "value": {"hub": "h"}}],
    }

    assert ask(jira, "POST", "issue", body).status == 201
    issue = jira.site.issue("PROJ-1")
    assert issue.fields["labels"] == ["tm-0", "tm-1"]
    assert issue.properties == {"tm.task": {"hub": "h"}}
    assert (issue.status, issue.fields["priority"]["name"]) == ("In Progress", "Highest")
    assert issue.fields["creator"] == issue.fields["reporter"] == jira.site.people.json(jira.site.bot)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"summary": None}, "summary"),
        ({"summary": " "}, "summary"),
        ({"summary": "two\nlines"}, "summary"),
        ({"summary": "x" * 256}, "summary"),
        ({"summary": 1}, "summary"),
        ({"labels": ["a b"]}, "labels"),
        ({"labels": "a"}, "labels"),
        ({"labels": [""]}, "labels"),
        ({"priority": "High"}, "priority"),
        ({"priority": {"name": "Urgent"}}, "priority"),
        ({"priority": {"id": "9"}}, "priority"),
        ({"priority": None}, "priority"),
        ({"project": {"key": "NONE"}}, "project"),
        ({"project": "PROJ"}, "project"),
        ({"issuetype": {"name": "Poem"}}, "issuetype"),
        ({"issuetype": "Task"}, "issuetype"),
        ({"issuetype": {"name": "Sub-task"}}, "issuetype"),
        ({"duedate": "24.12.2026"}, "duedate"),
        ({"duedate": "2026-02-30"}, "duedate"),
        ({"duedate": 20261224}, "duedate"),
        ({"timetracking": {"originalEstimate": "soon"}}, "timetracking_originalestimate"),
        ({"timetracking": "4h"}, "timetracking"),
        ({"status": {"name": "Done"}}, "status"),
        ({"reporter": None}, "reporter"),
        ({"poem": "x"}, "poem"),
        ({"components": [{"name": "web"}]}, "components"),
        ({"customfield_10010": {"a": 1}}, "customfield_10010"),
        ({"customfield_10010": "x" * 256}, "customfield_10010"),
        ({"customfield_10012": "8"}, "customfield_10012"),
        ({"assignee": "bob"}, "assignee"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(jira, more, field):
    answer = create(jira, **more)

    assert answer.status == 400
    assert list(answer.errors) == [field]
    assert jira.site.issues == []


def test_every_wrong_field_is_named_at_once(cloud):
    errors = create(cloud, labels=["a b"], priority={"name": "Urgent"}).errors

    assert errors == {
        "labels": "The label 'a b' contains spaces which is invalid.",
        "priority": "Priority name 'Urgent' is not valid",
    }


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"fields": fields(), "nonsense": 1},
        {"fields": []},
        {"fields": fields(), "update": []},
        {"fields": fields(), "properties": {"a": 1}},
        {"fields": fields(), "properties": [{"key": "a"}]},
        {"fields": fields(), "transition": {"id": 21}},
        {"fields": fields(), "transition": {"id": "99"}},
        {"fields": fields(), "update": {"labels": {"add": "x"}}},
        {"fields": fields(), "update": {"labels": [{"multiply": "x"}]}},
        {"fields": fields(), "update": {"labels": ["x"]}},
        {"fields": fields(labels=[]), "update": {"labels": [{"add": "x"}]}},
        {"fields": fields(), "update": {"comment": [{"add": {"body": "x"}}]}},
    ],
)
def test_a_wrong_body_creates_nothing(jira, body):
    assert ask(jira, "POST", "issue", body).status == 400
    assert jira.site.issues == []


@pytest.mark.parametrize(
    ("description", "is_field"),
    [("Hi", True), ({**TEXT, "version": 2}, False), (TEXT["content"], True)],
)
def test_cloud_takes_documents_for_texts_only(cloud, description, is_field):
    answer = create(cloud, description=description)

    assert answer.status == 400
    assert list(answer.errors) == (["description"] if is_field else [])
    assert answer.json["errorMessages"] == ([] if is_field else ["INVALID_INPUT"])


def test_a_document_is_kept_as_it_was_and_read_as_text_in_version_2(cloud):
    create(cloud, description=TEXT, customfield_10011=TEXT)
    answer = ask(cloud, "GET", "issue/PROJ-1?fields=description,customfield_10011", version=2).json["fields"]

    assert cloud.site.issue("PROJ-1").fields["description"] == TEXT
    assert ask(cloud, "GET", "issue/PROJ-1").json["fields"]["description"] == TEXT
    assert answer == {"description": "Hi", "customfield_10011": "Hi"}


def test_cloud_takes_strings_in_version_2(cloud):
    body = {"fields": fields(description="Hi")}

    assert ask(cloud, "POST", "issue", body, version=2).status == 201
    assert cloud.site.issue("PROJ-1").fields["description"] == TEXT


def test_data_center_takes_strings_only_and_has_no_version_3(own):
    assert create(own, description=TEXT).errors == {"description": "Operation value must be a string"}
    assert create(own, description="h1. Hi").status == 201
    assert own.site.issue("PROJ-1").fields["description"] == "h1. Hi"
    assert ask(own, "GET", "myself", version=3).status == 404


@pytest.mark.parametrize("size", [32_767, 32_768])
def test_a_text_has_32767_characters_at_most(jira, size):
    text = "x" * size
    document = {**TEXT, "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]}
    answer = create(jira, description=text if jira.site.data_center else document)

    assert answer.status == (201 if size == 32_767 else 400)


def test_a_field_that_is_not_on_the_screen_cannot_be_set(jira):
    jira.site.projects["PROJ"].screen.remove("priority")

    assert create(jira, priority={"name": "High"}).errors == {
        "priority": "Field 'priority' cannot be set. It is not on the appropriate screen, or unknown."
    }
    assert create(jira).status == 201


def test_a_project_may_ask_for_more(jira):
    jira.site.projects["PROJ"].required.add("customfield_10010")

    assert create(jira).errors == {"customfield_10010": "Task address is required."}
    assert create(jira, customfield_10010="https://x").status == 201


def test_people_are_assigned_by_account_on_cloud(cloud):
    alice, bob = cloud.site.person("alice"), cloud.site.person("bob")
    cloud.site.projects["PROJ"].default_assignee = bob["accountId"]

    assert create(cloud, assignee={"accountId": alice["accountId"]}).status == 201
    assert create(cloud, assignee={"accountId": "-1"}).status == 201
    assert create(cloud).status == 201
    assert create(cloud, assignee=None).status == 201
    assert create(cloud, assignee={"name": "alice"}).status == 400
    assigned = [each.fields["assignee"] and each.fields["assignee"]["displayName"] for each in cloud.site.issues]
    assert assigned == ["Alice", "Bob", "Bob", None]


def test_people_are_assigned_by_name_on_data_center(own):
    assert create(own, assignee={"name": "alice"}).status == 201
    assert create(own, assignee={"accountId": own.site.person("alice")["accountId"]}).status == 400
    assert own.site.issue("PROJ-1").fields["assignee"]["key"] == own.site.person("alice")["key"]


def test_those_who_cannot_be_assigned_are_refused(cloud):
    cloud.site.add_person("1", "carol", is_assignable=False)
    cloud.site.add_person("2", "dave", is_active=False)
    errors = [create(cloud, assignee={"accountId": account}).errors["assignee"] for account in "123"]

    assert errors == [
        "User '1' cannot be assigned issues.",
        "User '2' cannot be assigned issues.",
        "User '3' does not exist.",
    ]


def test_an_address_that_is_hidden_is_not_told(cloud):
    cloud.site.add_person("1", "carol")
    found = ask(cloud, "GET", "user/assignable/search?project=PROJ&query=car").json
    alice = ask(cloud, "GET", "user/assignable/search?project=PROJ&query=alice@ex").json

    assert "emailAddress" not in found[0]
    assert alice[0]["emailAddress"] == "alice@example.com"


def test_an_estimate_comes_back_in_working_days_and_seconds(jira):
    create(jira, timetracking={"originalEstimate": "12h"})
    ask(jira, "PUT", "issue/PROJ-1", {"update": {"timetracking": [{"edit": {"remainingEstimate": "30m"}}]}})

    found = ask(jira, "GET", "issue/PROJ-1").json["fields"]
    assert found["timetracking"] == {
        "originalEstimate": "1d 4h",
        "originalEstimateSeconds": 43_200,
        "remainingEstimate": "30m",
        "remainingEstimateSeconds": 1800,
    }
    assert (found["timeoriginalestimate"], found["timeestimate"]) == (43_200, 1800)


@pytest.mark.parametrize("value", ["", "4x", "h", 4, None])
def test_an_estimate_jira_cannot_read_is_refused(jira, value):
    assert list(create(jira, timetracking={"remainingEstimate": value}).errors) == ["timetracking_remainingestimate"]


def test_an_estimate_without_a_unit_is_in_minutes(jira):
    create(jira, timetracking={"originalEstimate": "90", "remainingEstimate": "0"})

    tracking = jira.site.issue("PROJ-1").fields["timetracking"]
    assert (tracking["originalEstimate"], tracking["remainingEstimate"]) == ("1h 30m", "0m")


def test_other_fields_are_kept_too(jira):
    create(jira)
    more = {
        "customfield_10010": "https://x",
        "customfield_10012": 3,
        "components": [],
        "issuetype": {"name": "Sub-task"},
    }
    assert create(jira, **more, parent={"key": "PROJ-1"}).status == 201

    found = ask(jira, "GET", "issue/PROJ-2").json["fields"]
    assert (found["customfield_10010"], found["customfield_10012"], found["parent"]["key"]) == (
        "https://x",
        3.0,
        "PROJ-1",
    )
    assert found["issuetype"]["subtask"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("fields=summary,status", {"summary", "status"}),
        ("fields=summary&fields=labels", {"summary", "labels"}),
        ("fields=id", set()),
    ],
)
def test_reading_gives_the_fields_asked_for(jira, query, names):
    create(jira)

    assert set(ask(jira, "GET", f"issue/PROJ-1?{query}").json["fields"]) == names


def test_reading_gives_everything_unless_told_otherwise(jira):
    create(jira)
    every = set(ask(jira, "GET", "issue/PROJ-1").json["fields"])

    assert {"comment", "summary", "updated", "status"} <= every
    assert set(ask(jira, "GET", "issue/PROJ-1?fields=-comment").json["fields"]) == every - {"comment"}
    assert "comment" not in ask(jira, "GET", "issue/PROJ-1?fields=*navigable").json["fields"]


def test_reading_expands_transitions_and_gives_properties(jira):
    create(jira)
    jira.site.issue("PROJ-1").properties |= {"a": 1, "b": 2}
    answer = ask(jira, "GET", "issue/PROJ-1?expand=transitions&properties=a,c&fields=id").json

    assert answer["properties"] == {"a": 1}
    assert [each["name"] for each in answer["transitions"]][:2] == ["To Do", "In Progress"]
    assert ask(jira, "GET", "issue/PROJ-1?properties=*all").json["properties"] == {"a": 1, "b": 2}


def test_the_newest_changes_come_first_on_cloud_and_last_on_data_center(jira):
    jira.site.add()
    for n in range(3):
        jira.site.edit("PROJ-1", summary=str(n))
    answer = ask(jira, "GET", "issue/PROJ-1?expand=changelog&fields=id").json["changelog"]
    order = [each["items"][0]["toString"] for each in answer["histories"]]

    assert order == (["0", "1", "2"] if jira.site.data_center else ["2", "1", "0"])
    assert answer["total"] == 3
    assert ("fieldId" in answer["histories"][0]["items"][0]) is not jira.site.data_center


def test_cloud_pages_through_a_history_and_shows_a_hundred_of_it_with_the_issue(cloud):
    cloud.site.add()
    for n in range(120):
        cloud.site.edit("PROJ-1", summary=str(n))
    page = ask(cloud, "GET", "issue/PROJ-1/changelog?startAt=100").json

    assert len(ask(cloud, "GET", "issue/PROJ-1?expand=changelog").json["changelog"]["histories"]) == 100
    assert (page["total"], page["isLast"], len(page["values"])) == (120, True, 20)
    assert page["values"][-1]["items"][0]["toString"] == "119"


def test_an_edit_says_nothing_or_on_cloud_the_whole_issue(jira):
    create(jira)
    assert edit(jira, fields={"summary": "b"}).status == 204

    answer = ask(jira, "PUT", "issue/PROJ-1?returnIssue=true", {"fields": {"summary": "c"}})
    if jira.site.data_center:
        assert (answer.status, answer.text) == (204, "")
    else:
        assert (answer.status, answer.json["fields"]["summary"]) == (200, "c")


def test_labels_are_added_and_removed_one_by_one(jira):
    create(jira, labels=["a", "b"])
    edit(jira, update={"labels": [{"remove": "a"}, {"add": "c"}, {"remove": "x"}]})

    assert jira.site.issue("PROJ-1").fields["labels"] == ["b", "c"]
    edit(jira, update={"labels": [{"set": ["z"]}]})
    assert jira.site.issue("PROJ-1").fields["labels"] == ["z"]


def test_a_transition_in_an_edit_is_ignored(jira):
    create(jira)
    edit(jira, fields={"summary": "b"}, transition={"id": "51"})

    assert jira.site.issue("PROJ-1").status == "To Do"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"fields": {}}, 400),
        ({"transition": {"id": "51"}}, 400),
        ({"fields": {"status": {"name": "Done"}}}, 400),
        ({"fields": {"project": {"key": "OTHER"}}}, 400),
        ({"fields": {"summary": "x"}, "nonsense": 1}, 400),
        ({"fields": {"summary": "x", "labels": ["a b"]}}, 400),
    ],
)
def test_a_wrong_edit_changes_nothing(jira, body, status):
    issue = jira.site.add()
    before = dict(issue.fields)

    assert ask(jira, "PUT", "issue/PROJ-1", body).status == status
    assert issue.fields == before


def test_only_administrators_may_leave_the_watchers_in_peace(jira):
    create(jira)
    asked = ("PUT", "issue/PROJ-1?notifyUsers=false", {"fields": {"summary": "b"}})
    refused = ask(jira, *asked).status
    jira.site.grant("ADMINISTER_PROJECTS")

    assert (refused, ask(jira, *asked).status) == (403, 204)


def test_transitions_are_those_of_the_status(jira):
    jira.site.projects["PROJ"].workflow(
        [
            {"name": "Start", "from": "To Do", "to": "In Progress"},
            {"id": "7", "name": "Finish", "from": ["In Progress", "In Review"], "to": "Done"},
            {"name": "Drop", "to": "Cancelled", "shows_to": False},
        ]
    )
    create(jira)
    found = ask(jira, "GET", "issue/PROJ-1/transitions").json["transitions"]

    assert [each["name"] for each in found] == ["Start", "Drop"]
    assert found[0]["to"]["statusCategory"]["key"] == "indeterminate"
    assert "to" not in found[1]
    assert transit(jira, "7").status == 400
    assert transit(jira, found[0]["id"]).status == 204
    assert transit(jira, "7").status == 204
    assert jira.site.issue("PROJ-1").status == "Done"


@pytest.mark.parametrize("body", [{}, {"transition": {}}, {"transition": {"id": 51}}, {"transition": "51"}])
def test_a_transition_is_named_by_a_string(jira, body):
    create(jira)

    assert ask(jira, "POST", "issue/PROJ-1/transitions", body).status == 400
    assert jira.site.issue("PROJ-1").status == "To Do"


def test_a_transition_may_ask_for_a_resolution(jira):
    required = {"resolution": ["Done", "Won't Do"]}
    jira.site.projects["PROJ"].workflow([{"id": "5", "name": "Close", "to": "Done", "required": required}])
    create(jira)
    [told] = ask(jira, "GET", "issue/PROJ-1/transitions?expand=transitions.fields").json["transitions"]
    resolution = told["fields"]["resolution"]

    assert (resolution["required"], resolution["hasDefaultValue"]) == (True, False)
    assert [each["name"] for each in resolution["allowedValues"]] == ["Done", "Won't Do"]
    assert transit(jira, "5").errors == {"resolution": "Resolution is required."}
    assert transit(jira, "5", fields={"resolution": {"name": "Duplicate"}}).status == 400
    assert transit(jira, "5", fields={"resolution": {"name": "Won't Do"}}).status == 204
    assert jira.site.issue("PROJ-1").fields["resolution"]["name"] == "Won't Do"


def test_fields_go_with_a_transition_that_has_a_screen_only(jira):
    project = jira.site.projects["PROJ"]
    project.workflow(
        [{"id": "1", "name": "a", "to": "Done"}, {"id": "2", "name": "b", "to": "Done", "has_screen": True}]
    )
    create(jira)
    more = {"fields": {"labels": ["x"]}}

    assert list(transit(jira, "1", **more).errors) == ["labels"]
    assert transit(jira, "2", **more).status == 204


def test_a_comment_and_properties_may_go_with_a_transition(jira):
    create(jira)
    body = "Hi" if jira.site.data_center else TEXT
    update = {"comment": [{"add": {"body": body}}]}
    assert transit(jira, "51", update=update, properties=[{"key": "a", "value": 1}]).status == 204

    issue = jira.site.issue("PROJ-1")
    assert (issue.comments[0]["body"], issue.properties) == (body, {"a": 1})


def test_a_transition_to_where_it_is_is_carried_out(jira):
    create(jira)
    before = len(jira.site.webhooks)

    assert transit(jira, "11").status == 204
    assert jira.received[-1] == "PROJ-1: To Do → To Do"
    assert jira.site.issue("PROJ-1").history[0]["items"][0]["toString"] == "To Do"
    assert len(jira.site.webhooks) == before + 1
    assert not jira.site.writes[-1].changed


def test_a_status_may_bear_another_name(jira):
    create(jira)
    jira.site.projects["PROJ"].rename_status("To Do", "Zu erledigen")

    status = ask(jira, "GET", "issue/PROJ-1").json["fields"]["status"]
    assert (status["name"], status["statusCategory"]["key"]) == ("Zu erledigen", "new")
    assert ask(jira, "GET", "issue/PROJ-1/transitions").json["transitions"][0]["to"]["name"] == "Zu erledigen"


def test_a_project_may_have_a_status_more(jira):
    jira.site.projects["PROJ"].add_status("Waiting", "new")
    jira.site.add(status="Waiting")

    assert ask(jira, "GET", "project/PROJ/statuses").json[0]["statuses"][-1]["name"] == "Waiting"
    assert "Waiting" in [each["name"] for each in ask(jira, "GET", "issue/PROJ-1/transitions").json["transitions"]]
    with pytest.raises(KeyError):
        jira.site.move("PROJ-1", "Nowhere")


def test_many_are_read_at_once_and_those_out_of_reach_named(cloud):
    for _ in range(3):
        cloud.site.add()
    cloud.site.move_to("PROJ-3", "OTHER")
    cloud.site.issue("PROJ-1").properties["a"] = 1
    body = {"issueIdsOrKeys": ["10001", "PROJ-3", "PROJ-9"], "fields": ["summary"], "properties": ["a"]}
    answer = ask(cloud, "POST", "issue/bulkfetch", body).json

    assert [(each["key"], each["properties"]) for each in answer["issues"]] == [("PROJ-1", {"a": 1}), ("OTHER-1", {})]
    assert [each["id"] for each in answer["issueErrors"]] == ["PROJ-9"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"issueIdsOrKeys": []},
        {"issueIdsOrKeys": [10001]},
        {"issueIdsOrKeys": [str(n) for n in range(101)]},
        {"issueIdsOrKeys": ["1"], "fields": "summary"},
        {"issueIdsOrKeys": ["1"], "properties": ["a"] * 6},
        {"issueIdsOrKeys": ["1"], "jql": "x"},
    ],
)
def test_a_wrong_wish_for_many_is_refused(cloud, body):
    assert ask(cloud, "POST", "issue/bulkfetch", body).status == 400


def test_data_center_reads_no_many_at_once(own):
    assert ask(own, "POST", "issue/bulkfetch", {"issueIdsOrKeys": ["1"]}).status in (404, 405)
