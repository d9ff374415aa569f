"""The stand-in is a Jira of its own: people act in it, the account asks it, and it keeps and tells every change."""

import http.client
import json
import threading
from base64 import b64encode
from datetime import timedelta

import pytest

from tm.testing import Reply
from tm_jira import standin
from tm_jira.standin import API_TOKEN, EMAIL, PAT, StandIn

BASIC = "Basic " + b64encode(f"{EMAIL}:{API_TOKEN}".encode()).decode()


class Answer:
    """What came back."""

    def __init__(self, answer):
        self.status, self.headers, self.text = answer.status, answer.headers, answer.read().decode()

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def errors(self):
        return self.json["errors"]


def ask(jira, method, path, body=None, *, authorization=None, version=None):
    """One request of the account that the settings name."""
    is_cloud = "token" not in jira.settings
    version = version or (3 if is_cloud else 2)
    headers = {"Authorization": authorization or (BASIC if is_cloud else f"Bearer {PAT}")}
    content = None if body is None else json.dumps(body)
    connection = http.client.HTTPConnection("127.0.0.1", jira.server.port)
    try:
        connection.request(method, f"/rest/api/{version}/{path}", body=content, headers=headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def fields(**more):
    return {"project": {"key": "PROJ"}, "issuetype": {"name": "Task"}, "summary": "Ship it", **more}


def test_its_settings_lead_to_a_cloud_site_on_the_port_asked_for(cloud):
    port = cloud.server.port
    cloud.close()

    with standin.open(port) as again:
        assert again.settings == {
            "url": f"http://127.0.0.1:{port}",
            "email": EMAIL,
            "api_token": API_TOKEN,
            "projects": [{"project": "PROJ"}],
            "interval": "1s",
        }


def test_its_settings_on_data_center_hold_a_personal_access_token(jira):
    with StandIn(data_center=True) as own:
        assert own.settings["token"] == PAT
        assert "email" not in own.settings


def test_without_a_clock_it_has_the_machines():
    with StandIn() as jira:
        first, second = jira.site.time, jira.site.time

        assert first <= second


def test_what_people_do_is_read_line_by_line(jira):
    site = jira.site
    site.add(summary="Ship it", priority="High")
    site.move("PROJ-1", "In Progress")
    site.edit("PROJ-1", summary="Ship it now", assignee="bob", labels=["b", "a"], duedate="2026-12-24")
    site.edit("PROJ-1", description="first\nsecond", priority="Low", timetracking={"originalEstimate": "12h"})
    site.edit("PROJ-1", assignee=None, labels=[], duedate=None)
    comment = site.comment("PROJ-1", "Nice\nwork", by="bob")
    site.edit_comment("PROJ-1", comment, "Nicer")
    site.delete_comment("PROJ-1", comment)
    site.move_to("PROJ-1", "OTHER")
    site.delete("PROJ-1")

    assert jira.received == [
        'PROJ-1 "Ship it" created: To Do, High',
        "PROJ-1: To Do → In Progress",
        'PROJ-1: summary is now "Ship it now"',
        "PROJ-1: assigned to Bob",
        "PROJ-1: labels are now a, b",
        "PROJ-1: due 2026-12-24",
        'PROJ-1: description is now "first…"',
        "PROJ-1: priority is now Low",
        "PROJ-1: estimate is now 1d 4h",
        "PROJ-1: assigned to nobody",
        "PROJ-1: labels are now none",
        "PROJ-1: due no more",
        "PROJ-1: comment by bob: Nice work",
        "PROJ-1: comment by bob is now: Nicer",
        "PROJ-1: comment by bob deleted",
        "PROJ-1: moved to OTHER-1",
        "OTHER-1: deleted",
    ]


def test_what_the_account_does_is_read_too(jira):
    ask(jira, "POST", "issue", {"fields": fields()})
    ask(jira, "POST", "issue/PROJ-1/transitions", {"transition": {"id": "51"}})
    ask(jira, "POST", "issue/PROJ-1/remotelink", {"globalId": "g", "object": {"url": "https://x", "title": "Task"}})

    assert jira.received == [
        'PROJ-1 "Ship it" created: To Do, Medium',
        "PROJ-1: To Do → Done",
        'PROJ-1: linked to "Task" https://x',
    ]


def test_every_change_is_later_than_the_one_before_though_the_clock_stands(site):
    issue = site.add()
    seen = [issue.fields["updated"]]
    for change in (
        lambda: site.edit("PROJ-1", summary="b"),
        lambda: site.move("PROJ-1", "Done"),
        lambda: site.comment("PROJ-1", "x"),
        lambda: site.move_to("PROJ-1", "OTHER"),
    ):
        change()
        seen.append(issue.fields["updated"])

    assert seen == sorted(set(seen))
    assert seen[-1].endswith("12:00:00.004+0000")


def test_a_clock_set_back_does_not_make_a_change_earlier(site, clock):
    issue = site.add()
    before = issue.fields["updated"]
    clock.advance(timedelta(hours=-2))
    site.edit("PROJ-1", summary="b")

    assert issue.fields["updated"] > before


def test_an_edit_that_changes_nothing_leaves_no_trace(jira):
    issue = jira.site.add(labels=["a", "b"], priority="High", assignee="bob")
    before = (issue.fields["updated"], len(jira.site.webhooks), len(jira.received))
    jira.site.edit("PROJ-1", labels=["b", "a"], priority="High", assignee="bob")

    assert (issue.fields["updated"], len(jira.site.webhooks), len(jira.received)) == before
    assert issue.history == []


def test_the_history_has_what_was_and_what_is(cloud):
    issue = cloud.site.add()
    cloud.site.edit("PROJ-1", priority="High", by="bob")

    [entry] = issue.history
    assert entry["author"]["displayName"] == "Bob"
    assert entry["items"] == [
        {
            "field": "priority",
            "fieldtype": "jira",
            "fieldId": "priority",
            "from": "3",
            "fromString": "Medium",
            "to": "2",
            "toString": "High",
        }
    ]


def test_what_gets_done_is_resolved_and_loses_that_again(site):
    issue = site.add()
    site.move("PROJ-1", "Done")
    resolved = issue.fields["resolution"]["name"], issue.fields["resolutiondate"]
    site.move("PROJ-1", "To Do")

    assert resolved == ("Done", issue.history[0]["created"])
    assert issue.fields["resolution"] is None
    assert issue.fields["resolutiondate"] is None


def test_an_issue_may_be_made_in_any_status(site):
    assert site.add(status="Cancelled").is_done
    assert site.add(status="Blocked").status == "Blocked"


def test_a_moved_issue_keeps_its_id_and_answers_to_its_old_key(jira):
    issue = jira.site.add()
    key = jira.site.move_to("PROJ-1", "OTHER")

    assert (key, issue.project) == ("OTHER-1", "OTHER")
    assert jira.site.issue("proj-1") is issue is jira.site.issue(issue.id)
    assert ask(jira, "GET", "issue/PROJ-1").json["key"] == "OTHER-1"
    assert [each["field"] for each in issue.history[-1]["items"]] == ["project", "Key"]


def test_a_deleted_issue_is_gone(jira):
    jira.site.add()
    jira.site.delete("PROJ-1")

    with pytest.raises(KeyError):
        jira.site.issue("PROJ-1")
    assert ask(jira, "GET", "issue/10001").status == 404
    assert jira.site.issues == []


def test_somebody_moves_the_first_open_issue_to_done(jira):
    jira.site.add(status="Done")
    jira.site.add()
    [(sentence, act)] = jira.acts
    act()
    act()

    assert sentence == "Somebody moves PROJ-2 to Done in Jira"
    assert jira.received[-1] == "PROJ-2: To Do → Done"


def test_a_fault_hits_the_requests_it_was_made_for_one_each(cloud):
    cloud.site.add()
    cloud.fault("GET", r"^issue/[^/]+$", Reply(status=503), Reply(status=429, headers={"Retry-After": "0"}))
    asked = [("PUT", "issue/PROJ-1"), ("GET", "myself"), *[("GET", "issue/PROJ-1")] * 3]

    assert [ask(cloud, *each, body={"fields": {}}).status for each in asked] == [400, 200, 503, 429, 200]


def test_a_fault_may_let_the_request_be_carried_out_first(cloud):
    cloud.fault("POST", "^issue$", Reply(fault="drop", is_stored=True), Reply(fault="drop"))
    for _ in range(2):
        with pytest.raises(http.client.RemoteDisconnected):
            ask(cloud, "POST", "issue", {"fields": fields()})

    assert len(cloud.site.issues) == 1
    assert len(cloud.site.writes) == 1


def test_somebody_may_act_right_before_a_request_is_carried_out(cloud):
    cloud.site.add(summary="a")
    cloud.meanwhile("PUT", r"^issue/PROJ-1$", lambda: cloud.site.edit("PROJ-1", summary="b"))
    before = ask(cloud, "GET", "issue/PROJ-1").json["fields"]["summary"]
    ask(cloud, "PUT", "issue/PROJ-1", {"fields": {"labels": ["x"]}})
    ask(cloud, "PUT", "issue/PROJ-1", {"fields": {"labels": []}})

    assert before == "a"
    assert cloud.received[1:] == [
        'PROJ-1: summary is now "b"',
        "PROJ-1: labels are now x",
        "PROJ-1: labels are now none",
    ]


def test_faults_and_acts_to_come_can_be_forgotten(cloud):
    cloud.fault("GET", "myself", Reply(status=503))
    cloud.meanwhile("GET", "myself", cloud.site.add)
    cloud.calm()

    assert ask(cloud, "GET", "myself").status == 200
    assert cloud.site.issues == []


def test_credentials_may_fail_in_the_middle_of_it_all(jira):
    jira.site.add()
    jira.site.revoke()
    revoked = ask(jira, "GET", "myself").status, ask(jira, "GET", "serverInfo").status
    jira.site.revoke(captcha=True)
    captcha = ask(jira, "GET", "myself")
    jira.site.restore()

    assert revoked == (401, 200)
    assert (captcha.status, captcha.headers["X-Authentication-Denied-Reason"][:17]) == (403, "CAPTCHA_CHALLENGE")
    assert ask(jira, "GET", "myself").status == 200


def test_nobody_else_is_let_in(jira):
    other = "Bearer nothing" if jira.site.data_center else BASIC[:-4] + "AAAA"

    assert ask(jira, "GET", "myself", authorization=other).status == 401
    assert ask(jira, "POST", "issue", {"fields": fields()}, authorization=other).status == 401
    assert jira.site.issues == []


def test_a_site_open_to_anonymous_users_finds_nothing_for_wrong_credentials(cloud):
    cloud.site.add()
    cloud.site.is_anonymous = True
    cloud.site.revoke()

    assert ask(cloud, "GET", "serverInfo").status == 200
    assert ask(cloud, "GET", "myself").status == 401
    assert ask(cloud, "POST", "search/jql", {"jql": "nonsense ="}).json == {"issues": [], "isLast": True}
    assert ask(cloud, "GET", "issue/PROJ-1").status == 404
    assert ask(cloud, "PUT", "issue/PROJ-1", {"fields": {"summary": "x"}}).status == 401


def test_nobody_has_any_permission_on_an_open_site(jira):
    jira.site.add()
    jira.site.is_anonymous = True
    jira.site.revoke()
    permissions = ask(jira, "GET", "mypermissions?permissions=EDIT_ISSUES").json["permissions"]

    assert not any(each["havePermission"] for each in permissions.values())
    if jira.site.data_center:
        assert ask(jira, "GET", "search?jql=project=PROJ").json["total"] == 0
    else:
        body = {"issueIdsOrKeys": ["10001"]}
        assert ask(jira, "POST", "issue/bulkfetch", body).json == {"issues": [], "issueErrors": []}


def test_a_forbidden_project_is_as_if_it_were_not_there(cloud):
    cloud.site.add()
    cloud.site.forbid("PROJ")
    paths = ["issue/PROJ-1", "issue/10001/transitions", "project/PROJ", "project/PROJ/statuses"]
    forbidden = [ask(cloud, "GET", path).status for path in paths]
    found = ask(cloud, "POST", "search/jql", {"jql": "project = PROJ"}).json
    cloud.site.allow("PROJ")

    assert forbidden == [404, 404, 404, 404]
    assert found == {"issues": [], "isLast": True}
    assert [ask(cloud, "GET", path).status for path in paths] == [200, 200, 200, 200]


def test_a_search_for_a_forbidden_project_may_be_refused_instead(cloud):
    cloud.site.forbid("PROJ")
    cloud.site.names_hidden_projects = True

    assert ask(cloud, "POST", "search/jql", {"jql": "project = PROJ"}).status == 400


@pytest.mark.parametrize(
    ("permission", "method", "path", "body", "status"),
    [
        ("CREATE_ISSUES", "POST", "issue", {"fields": fields()}, 403),
        ("EDIT_ISSUES", "PUT", "issue/PROJ-1", {"fields": {"summary": "x"}}, 403),
        ("EDIT_ISSUES", "PUT", "issue/PROJ-1/properties/x", 1, 403),
        ("TRANSITION_ISSUES", "POST", "issue/PROJ-1/transitions", {"transition": {"id": "51"}}, 400),
        ("ADD_COMMENTS", "POST", "issue/PROJ-1/comment", {"body": "x"}, 403),
        ("ASSIGN_ISSUES", "PUT", "issue/PROJ-1", {"fields": {"assignee": None}}, 400),
        ("LINK_ISSUES", "POST", "issue/PROJ-1/remotelink", {"object": {"url": "https://x", "title": "x"}}, 403),
        ("BROWSE_PROJECTS", "GET", "issue/PROJ-1", None, 404),
    ],
)
def test_a_permission_that_is_withheld_is_missed(jira, permission, method, path, body, status):
    jira.site.add()
    jira.site.withhold(permission)
    withheld = ask(jira, method, path, body).status
    jira.site.grant(permission)

    assert withheld == status
    assert ask(jira, method, path, body).status != 403


def test_without_the_permission_there_are_no_transitions_and_no_error(jira):
    jira.site.add()
    jira.site.withhold("TRANSITION_ISSUES")

    assert ask(jira, "GET", "issue/PROJ-1/transitions").json["transitions"] == []


def test_the_servers_time_is_its_own(cloud, clock):
    cloud.site.clock_skew = timedelta(minutes=5)
    answer = ask(cloud, "GET", "serverInfo")

    assert cloud.site.time == clock.now() + timedelta(minutes=5)
    assert answer.json["serverTime"].endswith("T12:05:00.000+0000")
    assert answer.headers["Date"].endswith("12:05:00 GMT")


def test_times_are_written_in_the_accounts_zone(cloud):
    cloud.site.add()
    cloud.site.account_zone = "Asia/Kolkata"

    answer = ask(cloud, "GET", "issue/PROJ-1?fields=created,updated").json["fields"]
    assert answer["created"].endswith("T17:30:00.000+0530")
    assert ask(cloud, "GET", "myself").json["timeZone"] == "Asia/Kolkata"


def test_writes_to_one_issue_are_limited_when_the_site_says_so(cloud, clock):
    cloud.site.limits = True
    for _ in range(2):
        cloud.site.add()
    answers = [ask(cloud, "PUT", "issue/PROJ-1/properties/x", n) for n in range(21)]
    other = ask(cloud, "PUT", "issue/PROJ-2/properties/x", 1).status
    clock.advance(timedelta(seconds=2))

    assert [each.status for each in answers] == [201, *[200] * 19, 429]
    assert answers[-1].headers["RateLimit-Reason"] == "jira-per-issue-on-write"
    assert answers[-1].headers["Retry-After"] == "2"
    assert (other, ask(cloud, "PUT", "issue/PROJ-1/properties/x", 22).status) == (201, 200)


def test_a_hundred_writes_to_one_issue_take_half_a_minute(cloud, clock):
    cloud.site.limits = True
    cloud.site.add()
    for n in range(100):
        assert ask(cloud, "PUT", "issue/PROJ-1/properties/x", n).status < 300
        clock.advance(timedelta(seconds=0.2))
    answer = ask(cloud, "PUT", "issue/PROJ-1/properties/x", 100)

    assert (answer.status, answer.headers["Retry-After"]) == (429, "10")


def test_of_the_writes_it_is_known_what_they_changed(jira):
    ask(jira, "POST", "issue", {"fields": fields()})
    ask(jira, "PUT", "issue/PROJ-1", {"fields": {"summary": "Ship it"}})
    ask(jira, "PUT", "issue/PROJ-1", {"fields": {"summary": "Ship it now"}})
    ask(jira, "POST", "issue/PROJ-1/transitions", {"transition": {"id": "11"}})
    ask(jira, "PUT", "issue/PROJ-1/properties/x", {"a": 1})
    ask(jira, "PUT", "issue/PROJ-1/properties/x", {"a": 1})
    ask(jira, "PUT", "issue/PROJ-1", {"fields": {"summary": ""}})

    writes = [(each.method, each.path, each.issue_id, each.changed) for each in jira.site.writes]
    assert writes == [
        ("POST", "issue", "10001", True),
        ("PUT", "issue/PROJ-1", "10001", False),
        ("PUT", "issue/PROJ-1", "10001", True),
        ("POST", "issue/PROJ-1/transitions", "10001", False),
        ("PUT", "issue/PROJ-1/properties/x", "10001", True),
        ("PUT", "issue/PROJ-1/properties/x", "10001", False),
    ]
    assert jira.site.writes[2].body == {"fields": {"summary": "Ship it now"}}


def test_what_is_no_path_of_the_api_is_a_dead_link(cloud):
    connection = http.client.HTTPConnection("127.0.0.1", cloud.server.port)
    connection.request("GET", "/browse/PROJ-1", headers={"Authorization": BASIC})
    answer = Answer(connection.getresponse())
    connection.close()

    assert (answer.status, "dead link" in answer.text) == (404, True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing", 404),
        ("GET", "issue", 405),
        ("PATCH", "issue/PROJ-1", 405),
        ("GET", "issue/PROJ-1/nothing", 404),
        ("GET", "issue/PROJ-9", 404),
        ("GET", "issue/createmeta", 404),
    ],
)
def test_there_is_nothing_where_jira_has_nothing(jira, method, path, status):
    jira.site.add()

    assert ask(jira, method, path).status == status


def test_a_gateway_in_front_of_the_api_leads_to_it(cloud):
    connection = http.client.HTTPConnection("127.0.0.1", cloud.server.port)
    connection.request("GET", "/ex/jira/1f2e-3d/rest/api/3/myself", headers={"Authorization": BASIC})
    answer = connection.getresponse()
    status = answer.status
    connection.close()

    assert status == 200


def test_many_may_act_and_ask_at_once(cloud):
    cloud.site.add()

    def act():
        for n in range(20):
            cloud.site.edit("PROJ-1", summary=f"{threading.get_ident()} {n}")
            assert ask(cloud, "GET", "issue/PROJ-1").status == 200

    threads = [threading.Thread(target=act) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    stamps = [each["created"] for each in cloud.site.issue("PROJ-1").history]
    assert len(stamps) == 80
    assert stamps == sorted(set(stamps))
