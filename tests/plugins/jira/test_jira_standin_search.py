"""The stand-in searches as Jira does: strictly, behind its own state, in the account's time zone."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from tests.plugins.jira.test_jira_standin import ask

from tm_jira.standin import StandIn


@pytest.fixture
def own(clock):
    with StandIn(now=clock.now, data_center=True) as own:
        yield own


def search(jira, jql, **more):
    return ask(jira, "POST", "search/jql", {"jql": jql, **more})


def found(jira, jql):
    """The keys a query finds, on either kind of site."""
    if jira.site.data_center:
        answer = ask(jira, "POST", "search", {"jql": jql, "maxResults": 1000, "fields": ["summary"]})
    else:
        answer = search(jira, jql, fields=["key"], maxResults=1000)
    assert answer.status == 200, answer.text
    return [each["key"] for each in answer.json["issues"]]


@pytest.fixture
def three(jira, clock):
    """PROJ-1 of 12:00, PROJ-2 of 12:10, OTHER-1 of 12:20:30."""
    jira.site.add(summary="Ship the parser", labels=["tm-1", "x"], by="tm", priority="High")
    clock.advance(timedelta(minutes=10))
    jira.site.add(summary='Say "hi" \\o/', status="Done", assignee="bob", issue_type="Bug", description="a parser")
    clock.advance(timedelta(minutes=10, seconds=30))
    jira.site.add("OTHER", status="In Review")
    jira.site.comment("OTHER-1", "talk of shipping")
    return jira


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("project = PROJ ORDER BY key ASC", ["PROJ-1", "PROJ-2"]),
        ("project = PROJ", ["PROJ-2", "PROJ-1"]),
        ("project in (PROJ, other) order by created asc", ["PROJ-1", "PROJ-2", "OTHER-1"]),
        ('project = "Other project"', ["OTHER-1"]),
        ('labels = "tm-1"', ["PROJ-1"]),
        ("labels in (x, y)", ["PROJ-1"]),
        ("labels = TM-1", []),
        ("labels is EMPTY ORDER BY key", ["PROJ-2", "OTHER-1"]),
        ("labels != y", ["PROJ-1"]),
        ("status = Done", ["PROJ-2"]),
        ('status in ("to do", "In Review") ORDER BY id ASC', ["PROJ-1", "OTHER-1"]),
        ('status not in ("To Do", Done)', ["OTHER-1"]),
        ("status != Done AND project = PROJ", ["PROJ-1"]),
        ("statusCategory = Done", ["PROJ-2"]),
        ("statusCategory = new", ["PROJ-1"]),
        ('statusCategory != "To Do" ORDER BY id ASC', ["PROJ-2", "OTHER-1"]),
        ("assignee = bob", ["PROJ-2"]),
        ("assignee is EMPTY ORDER BY id DESC", ["OTHER-1", "PROJ-1"]),
        ("assignee is not EMPTY", ["PROJ-2"]),
        ("assignee != alice", ["PROJ-2"]),
        ("creator = currentUser()", ["PROJ-1"]),
        ("issuetype = Bug OR type = 10004", ["PROJ-2"]),
        ("priority = High", ["PROJ-1"]),
        ("key in (PROJ-2, OTHER-1) ORDER BY key ASC", ["OTHER-1", "PROJ-2"]),
        ("id in (10001, 10003) ORDER BY id ASC", ["PROJ-1", "OTHER-1"]),
        ("key = proj-1", ["PROJ-1"]),
        ('text ~ "parser" ORDER BY id ASC', ["PROJ-1", "PROJ-2"]),
        ('summary ~ "Parser"', ["PROJ-1"]),
        ('text ~ "shipping talk"', ["OTHER-1"]),
        ('summary ~ "say \\"hi\\""', ["PROJ-2"]),
        ("project = PROJ AND (status = Done OR labels = x) ORDER BY id ASC", ["PROJ-1", "PROJ-2"]),
        ("status = Done OR project = PROJ AND labels = x ORDER BY id ASC", ["PROJ-1", "PROJ-2"]),
        ('created >= "-9m"', ["OTHER-1"]),
        ('created >= "-10m" ORDER BY id ASC', ["PROJ-2", "OTHER-1"]),
        ('created >= "-2h" AND created < "-1m" ORDER BY id ASC', ["PROJ-1", "PROJ-2"]),
        ('created <= "2026-11-22 12:10" ORDER BY id ASC', ["PROJ-1", "PROJ-2"]),
        ('updated >= "2026/11/22 12:20"', ["OTHER-1"]),
        ('updated > "2026-11-22" ORDER BY updated', ["OTHER-1", "PROJ-2", "PROJ-1"]),
        ("project = PROJ ORDER BY priority ASC, summary ASC", ["PROJ-2", "PROJ-1"]),
        ("project = PROJ ORDER BY status DESC", ["PROJ-2", "PROJ-1"]),
    ],
)
def test_queries_find_what_they_say(three, jql, keys):
    assert found(three, jql) == keys


@pytest.mark.parametrize(
    "jql",
    [
        "project =",
        "project PROJ",
        "= PROJ",
        "project = NONE",
        "project = PROJ AND",
        "project = PROJ status = Done",
        "(project = PROJ",
        "project = PROJ)",
        "project in PROJ",
        "project in ()",
        "project ~ PROJ",
        "project is PROJ",
        "status = Sleeping",
        "statusCategory = Sleeping",
        "issuetype = Poem",
        "priority = Urgent",
        "assignee = nobody",
        "assignee = membersOf(x)",
        "creator = now()",
        "key = PROJ-99",
        "id in (99)",
        'labels = "x',
        'labels = "\\x"',
        "labels = a@b",
        "labels = x; drop",
        "nonsense = 1",
        "cf[10010] = x",
        "issue.property[tm.task].hub = x",
        "NOT project = PROJ",
        "status was Done",
        'updated >= "yesterday"',
        'updated >= "2026-11-22T12:10"',
        'updated >= "2026-11-22 12:10 +0000"',
        'updated >= "2026-13-01"',
        "updated >= -17M",
        'updated ~ "-1m"',
        'text = "x"',
        'updated = "-1m"',
        "project = PROJ ORDER BY",
        "project = PROJ ORDER updated",
        "project = PROJ ORDER BY nonsense",
        "project = PROJ ORDER BY key, key, key, key, key, key, key, key",
        "project = PROJ LIMIT 5",
    ],
)
def test_queries_beyond_it_are_refused_with_a_sentence(jira, jql):
    path = "search" if jira.site.data_center else "search/jql"
    answer = ask(jira, "POST", path, {"jql": jql})

    assert answer.status == 400
    assert len(answer.json["errorMessages"]) == 1
    assert answer.json["errorMessages"][0].endswith((".", "'."))


@pytest.mark.parametrize("jql", ["", "order by key", "ORDER BY created DESC"])
def test_cloud_wants_a_restriction(cloud, jql):
    assert "Unbounded" in search(cloud, jql).json["errorMessages"][0]


def test_data_center_wants_none(own):
    own.site.add()

    assert found(own, "order by key") == ["PROJ-1"]
    assert found(own, "") == ["PROJ-1"]


def test_cloud_gives_ids_only_unless_asked_for_more(cloud):
    cloud.site.add(labels=["x"])
    ask(cloud, "PUT", "issue/PROJ-1/properties/a", 1)

    assert search(cloud, "project = PROJ").json == {"issues": [{"id": "10001"}], "isLast": True}
    [issue] = search(cloud, "project = PROJ", fields=["labels"], properties=["a", "b"]).json["issues"]
    assert (issue["key"], issue["fields"]) == ("PROJ-1", {"labels": ["x"]})
    assert issue["properties"] == {"a": 1}


@pytest.mark.parametrize(
    "more",
    [
        {"maxResults": 0},
        {"maxResults": 5001},
        {"maxResults": "5"},
        {"startAt": 0},
        {"nextPageToken": "nonsense"},
        {"nextPageToken": None},
        {"fields": "summary"},
        {"fields": [1]},
        {"properties": ["a", "b", "c", "d", "e", "f"]},
        {"reconcileIssues": ["10001"]},
        {"reconcileIssues": list(range(51))},
        {"expand": None},
        {"jql": 1},
    ],
)
def test_a_wrong_wish_is_refused(cloud, more):
    assert ask(cloud, "POST", "search/jql", {"jql": "project = PROJ", **more}).status == 400


def test_a_query_may_stand_in_the_address(cloud):
    cloud.site.add()
    jql = quote('project = "PROJ" AND status = "To Do"')
    query = f"search/jql?jql={jql}&fields=summary&fields=status&maxResults=1&reconcileIssues=10001"

    assert set(ask(cloud, "GET", query).json["issues"][0]["fields"]) == {"summary", "status"}
    assert ask(cloud, "GET", f"{query}&startAt=0").status == 400
    assert ask(cloud, "GET", "search/jql?maxResults=many&jql=project=PROJ").status == 400


def test_the_search_cloud_had_before_is_gone(cloud):
    assert ask(cloud, "POST", "search", {"jql": "project = PROJ"}).status == 410
    assert ask(cloud, "GET", "search?jql=project=PROJ", version=2).status == 410


def test_pages_follow_each_other_by_token(cloud, clock):
    for _ in range(5):
        cloud.site.add()
    jql, keys, more = "project = PROJ ORDER BY key ASC", [], {}
    while True:
        answer = search(cloud, jql, fields=["key"], maxResults=2, **more).json
        keys += [each["key"] for each in answer["issues"]]
        if answer["isLast"]:
            break
        more = {"nextPageToken": answer["nextPageToken"]}

    assert keys == [f"PROJ-{n}" for n in range(1, 6)]
    assert "nextPageToken" not in answer
    assert search(cloud, "project = OTHER", **more).status == 400
    clock.advance(timedelta(days=7, seconds=1))
    assert search(cloud, jql, **more).status == 400


def test_a_page_with_fields_is_shorter_than_asked_for(cloud):
    for _ in range(3):
        cloud.site.add()
    cloud.site.page_cap = 2

    assert len(search(cloud, "project = PROJ", maxResults=50).json["issues"]) == 3
    page = search(cloud, "project = PROJ", maxResults=50, fields=["summary"]).json
    assert (len(page["issues"]), page["isLast"]) == (2, False)


def test_what_changes_between_two_pages_may_be_skipped(cloud, clock):
    for _ in range(3):
        cloud.site.add()
        clock.advance(timedelta(seconds=1))
    jql = "project = PROJ ORDER BY updated ASC"
    first = search(cloud, jql, fields=["key"], maxResults=1).json
    cloud.site.edit("PROJ-1", summary="b")
    second = search(cloud, jql, fields=["key"], maxResults=1, nextPageToken=first["nextPageToken"]).json

    assert [each["key"] for each in second["issues"]] == ["PROJ-3"]


def test_data_center_counts_from_startat_and_tells_the_total(own):
    for _ in range(3):
        own.site.add()
    body = {"jql": "project = PROJ ORDER BY key ASC", "startAt": 1, "maxResults": 1, "fields": ["summary"]}
    answer = ask(own, "POST", "search", body).json

    assert (answer["startAt"], answer["maxResults"], answer["total"]) == (1, 1, 3)
    assert [each["key"] for each in answer["issues"]] == ["PROJ-2"]
    assert ask(own, "POST", "search", {**body, "properties": ["a"]}).status == 400
    assert ask(own, "GET", "search?jql=project=PROJ&maxResults=0").json["total"] == 3
    assert "updated" in ask(own, "GET", "search?jql=project=PROJ").json["issues"][0]["fields"]
    assert ask(own, "GET", "search/jql?jql=project=PROJ").status == 404


def test_a_search_is_behind_what_reading_is_not(jira, clock):
    jira.site.search_lag = timedelta(seconds=90)
    jira.site.add(summary="a", labels=["tm-1"])
    at_once = found(jira, "labels = tm-1")
    read = ask(jira, "GET", "issue/PROJ-1").status
    clock.advance(timedelta(seconds=90))
    later = found(jira, "labels = tm-1")
    jira.site.edit("PROJ-1", labels=["b"])

    assert (at_once, read, later) == ([], 200, ["PROJ-1"])
    assert found(jira, "labels = tm-1") == ["PROJ-1"]
    assert found(jira, "labels = b") == []
    clock.advance(timedelta(seconds=90))
    assert found(jira, "labels = b") == ["PROJ-1"]


def test_a_search_that_is_behind_shows_what_was_and_what_is_gone(cloud, clock):
    cloud.site.add(summary="a")
    cloud.site.add(summary="c")
    clock.advance(timedelta(seconds=60))
    cloud.site.search_lag = timedelta(seconds=30)
    cloud.site.edit("PROJ-1", summary="b")
    cloud.site.delete("PROJ-2")
    seen = search(cloud, "project = PROJ ORDER BY id ASC", fields=["summary"]).json["issues"]
    clock.advance(timedelta(seconds=31))

    assert [each["fields"]["summary"] for each in seen] == ["a", "c"]
    assert found(cloud, "project = PROJ") == ["PROJ-1"]


def test_what_is_reconciled_is_seen_as_it_is(cloud):
    cloud.site.search_lag = timedelta(minutes=1)
    for _ in range(2):
        cloud.site.add(labels=["x"])

    assert search(cloud, "labels = x", reconcileIssues=[10002]).json["issues"] == [{"id": "10002"}]


@pytest.mark.parametrize(("zone", "hour"), [("America/Los_Angeles", "04"), ("Pacific/Auckland", "01")])
def test_dates_are_read_in_the_accounts_zone(jira, zone, hour):
    jira.site.add()
    jira.site.account_zone = zone
    day = "2026-11-23" if hour == "01" else "2026-11-22"

    assert found(jira, f'updated >= "{day} {hour}:00"') == ["PROJ-1"]
    assert found(jira, f'updated >= "{day} {hour}:01"') == []
    assert found(jira, 'updated >= "-1m"') == ["PROJ-1"]


def test_relative_dates_are_read_to_the_minute(jira, clock):
    jira.site.add()
    clock.advance(timedelta(seconds=119))

    assert found(jira, 'updated >= "-1m"') == ["PROJ-1"]
    assert found(jira, 'updated > "-1m"') == []


def test_an_old_key_finds_the_issue_where_it_is_now(jira):
    jira.site.add()
    jira.site.move_to("PROJ-1", "OTHER")

    assert found(jira, "key = PROJ-1") == ["OTHER-1"]


def test_a_page_of_many_is_found_quickly(cloud, clock):
    for n in range(5000):
        cloud.site.add(labels=[f"tm-{n}"])
    jql = 'project = PROJ AND updated >= "-17m" ORDER BY updated ASC, id ASC'

    page = search(cloud, jql, fields=["summary", "updated"], maxResults=100).json
    assert [each["id"] for each in page["issues"]] == [str(n) for n in range(10_001, 10_101)]
    assert found(cloud, "labels = tm-4999") == ["PROJ-5000"]
