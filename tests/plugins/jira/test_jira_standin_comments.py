"""The stand-in keeps comments, properties and remote links as Jira does."""

import pytest
from tests.plugins.jira.test_jira_standin import ask

from tm_jira.standin import StandIn


@pytest.fixture
def own(clock):
    with StandIn(now=clock.now, data_center=True) as own:
        own.site.add()
        yield own


@pytest.fixture
def cloud(cloud):
    cloud.site.add()
    return cloud


@pytest.fixture
def jira(jira):
    jira.site.add()
    return jira


def text(jira, words):
    if jira.site.data_center:
        return words
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": words}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def comment(jira, words="Hi", **more):
    return ask(jira, "POST", "issue/PROJ-1/comment", {"body": text(jira, words), **more})


def test_a_comment_is_kept_with_its_properties_and_who_may_see_it(jira):
    visibility = {"type": "role", "value": "Developers"}
    answer = comment(jira, properties=[{"key": "tm.note", "value": "n1"}], visibility=visibility)
    comment_id = answer.json["id"]

    assert answer.status == 201
    assert answer.json["author"]["displayName"] == "tm"
    assert (answer.json["body"], answer.json["visibility"]) == (text(jira, "Hi"), visibility)
    assert ask(jira, "GET", f"comment/{comment_id}/properties/tm.note").json == {"key": "tm.note", "value": "n1"}
    assert jira.received[-1] == "PROJ-1: comment by tm: Hi"
    assert jira.site.issue("PROJ-1").comments == [answer.json]


def test_a_comment_moves_the_time_of_its_issue(jira):
    before = jira.site.issue("PROJ-1").fields["updated"]
    made = comment(jira).json

    assert made["created"] == jira.site.issue("PROJ-1").fields["updated"] > before
    assert ask(jira, "GET", "issue/PROJ-1?fields=comment").json["fields"]["comment"]["comments"] == [made]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": None},
        {"body": 1},
        {"body": "x", "nonsense": 1},
        {"body": "x", "visibility": "Developers"},
        {"body": "x", "visibility": {"type": "team", "value": "x"}},
        {"body": "x", "properties": {"a": 1}},
    ],
)
def test_a_wrong_comment_is_refused(jira, body):
    body = {**body, "body": text(jira, "x")} if body.get("body") == "x" else body

    assert ask(jira, "POST", "issue/PROJ-1/comment", body).status == 400
    assert jira.site.issue("PROJ-1").comments == []


def test_cloud_takes_no_string_and_data_center_no_document_nor_nothing(cloud, own):
    assert ask(cloud, "POST", "issue/PROJ-1/comment", {"body": "Hi"}).status == 400
    assert ask(own, "POST", "issue/PROJ-1/comment", {"body": text(cloud, "Hi")}).status == 400
    assert ask(own, "POST", "issue/PROJ-1/comment", {"body": " "}).errors == {
        "comment": "Comment body can not be empty!"
    }


def test_comments_come_in_pages_in_the_order_asked_for(jira):
    ids = [jira.site.comment("PROJ-1", str(n)) for n in range(3)]

    page = ask(jira, "GET", "issue/PROJ-1/comment?startAt=1&maxResults=1&orderBy=-created").json
    assert (page["startAt"], page["maxResults"], page["total"]) == (1, 1, 3)
    assert [each["id"] for each in page["comments"]] == [ids[1]]
    assert [each["id"] for each in ask(jira, "GET", "issue/PROJ-1/comment").json["comments"]] == ids
    assert ask(jira, "GET", "issue/PROJ-1/comment?orderBy=author").status == 400


def test_a_page_of_cloud_holds_a_hundred_comments_at_most(cloud):
    for n in range(101):
        cloud.site.comment("PROJ-1", str(n))

    assert len(ask(cloud, "GET", "issue/PROJ-1/comment?maxResults=500").json["comments"]) == 100


def test_ones_own_comment_can_be_changed_and_deleted(jira):
    path = f"issue/PROJ-1/comment/{comment(jira).json['id']}"
    same = ask(jira, "PUT", path, {"body": text(jira, "Hi")})
    changed = ask(jira, "PUT", path, {"body": text(jira, "Ho")})

    assert (same.status, changed.status) == (200, 200)
    assert changed.json["updated"] > changed.json["created"] == same.json["updated"]
    assert [each.changed for each in jira.site.writes[-2:]] == [False, True]
    assert ask(jira, "GET", path).json["body"] == text(jira, "Ho")
    assert ask(jira, "DELETE", path).status == 204
    assert ask(jira, "GET", path).status == 404
    assert jira.received[-1] == "PROJ-1: comment by tm deleted"


def test_anothers_comment_takes_a_permission_more(jira):
    path = f"issue/PROJ-1/comment/{jira.site.comment('PROJ-1', 'mine')}"
    body = {"body": text(jira, "yours")}
    refused = ask(jira, "PUT", path, body).status, ask(jira, "DELETE", path).status
    jira.site.grant("EDIT_ALL_COMMENTS")

    assert refused == (400, 400)
    assert ask(jira, "PUT", path, body).json["author"]["displayName"] == "Alice"


def test_an_internal_comment_says_so_on_cloud(cloud):
    cloud.site.comment("PROJ-1", "psst", is_internal=True)
    comment(cloud, properties=[{"key": "sd.public.comment", "value": {"internal": True}}])
    comment(cloud)

    assert [each["jsdPublic"] for each in cloud.site.issue("PROJ-1").comments] == [False, False, True]


def test_comments_are_listed_by_id_with_their_properties_on_cloud(cloud):
    first = int(comment(cloud, properties=[{"key": "tm.note", "value": "n1"}]).json["id"])
    second = int(cloud.site.comment("PROJ-1", "x"))
    body = {"ids": [first, second, 99]}

    plain, expanded = (ask(cloud, "POST", f"comment/list{more}", body).json for more in ("", "?expand=properties"))
    assert [each["id"] for each in plain["values"]] == [str(first), str(second)]
    assert "properties" not in plain["values"][0]
    assert [each["properties"] for each in expanded["values"]] == [[{"key": "tm.note", "value": "n1"}], []]


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": ["1"]}, {"ids": [1], "expand": "properties"}])
def test_a_wrong_list_of_comments_is_refused(cloud, body):
    assert ask(cloud, "POST", "comment/list", body).status == 400


def test_data_center_lists_no_comments_by_id(own):
    assert ask(own, "POST", "comment/list", {"ids": [1]}).status == 404


def test_a_comments_property_can_be_set_and_deleted(jira):
    path = f"comment/{comment(jira).json['id']}/properties"

    assert [ask(jira, "PUT", f"{path}/a", value).status for value in (1, 2)] == [201, 200]
    assert [each["key"] for each in ask(jira, "GET", path).json["keys"]] == ["a"]
    assert ask(jira, "DELETE", f"{path}/a").status == 204
    assert ask(jira, "GET", f"{path}/a").status == 404
    assert ask(jira, "GET", "comment/99/properties/a").status == 404


@pytest.mark.parametrize("value", [{"hub": "h", "task": [1, "ü"]}, "text", 1, None, [], False])
def test_a_property_is_any_json(jira, value):
    path = "issue/PROJ-1/properties/tm.task"

    assert ask(jira, "PUT", path, "other").status == 201
    assert ask(jira, "PUT", path, value).status == (200 if value is not None else 400)
    assert ask(jira, "GET", path).json["value"] == ("other" if value is None else value)
    assert [each["key"] for each in ask(jira, "GET", "issue/PROJ-1/properties").json["keys"]] == ["tm.task"]
    assert ask(jira, "DELETE", path).status == 204
    assert (ask(jira, "GET", path).status, ask(jira, "DELETE", path).status) == (404, 404)


def test_a_property_is_not_too_long(jira):
    assert ask(jira, "PUT", "issue/PROJ-1/properties/a", "x" * 32_766).status == 201
    assert ask(jira, "PUT", "issue/PROJ-1/properties/b", "x" * 32_767).status == 400
    assert ask(jira, "PUT", f"issue/PROJ-1/properties/{'k' * 256}", 1).status == 400


@pytest.mark.parametrize("is_touching", [True, False])
def test_whether_a_property_moves_the_time_of_its_issue_can_be_chosen(jira, is_touching):
    jira.site.touching = is_touching
    before = jira.site.issue("PROJ-1").fields["updated"]
    ask(jira, "PUT", "issue/PROJ-1/properties/a", 1)

    assert (jira.site.issue("PROJ-1").fields["updated"] > before) is is_touching


def link(jira, **more):
    body = {"globalId": "tm=h/7", "object": {"url": "https://tasks/7", "title": "Task 7"}, **more}
    return ask(jira, "POST", "issue/PROJ-1/remotelink", body)


def test_a_remote_link_is_made_once_by_its_global_id(jira):
    first = link(jira, relationship="task")
    again = link(jira)
    other = link(jira, globalId="tm=h/8")

    assert [first.status, again.status, other.status] == [201, 200, 201]
    assert first.json["id"] == again.json["id"] != other.json["id"]
    [found, _] = ask(jira, "GET", "issue/PROJ-1/remotelink").json
    assert (found["globalId"], found["relationship"], found["object"]["title"]) == ("tm=h/7", None, "Task 7")
    assert found["object"]["summary"] is None
    assert ask(jira, "GET", "issue/PROJ-1/remotelink?globalId=tm%3Dh/7").json == found
    assert ask(jira, "GET", "issue/PROJ-1/remotelink?globalId=none").status == 404
    assert [each.changed for each in jira.site.writes] == [True, True, True]


def test_the_same_remote_link_again_changes_nothing(jira):
    link(jira)
    link(jira)

    assert [each.changed for each in jira.site.writes] == [True, False]


def test_links_without_a_global_id_are_all_kept(jira):
    for _ in range(2):
        assert link(jira, globalId=None).status == 201

    assert len(jira.site.issue("PROJ-1").remote_links) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"object": None},
        {"object": {"url": "https://x"}},
        {"object": {"title": "x"}},
        {"object": {"url": "https://x", "title": "x", "colour": "red"}},
        {"globalId": ""},
        {"globalId": "x" * 256},
        {"nonsense": 1},
    ],
)
def test_a_wrong_remote_link_is_refused(jira, more):
    assert link(jira, **more).status == 400
    assert jira.site.issue("PROJ-1").remote_links == []
