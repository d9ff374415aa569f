"""What `tm doctor` says of Jira: what would stand in the way is named with what to do, and nothing is written."""

import pytest

from tm.testing import Reply


def found(host):
    """What doctor says: message to finding."""
    return {each.message: each for each in host.check("jira")}


def bad(host):
    return [each for each in host.check("jira") if each.level != "ok"]


@pytest.fixture(autouse=True)
def nothing_is_written(jira):
    yield
    assert jira.site.writes == []


def test_where_all_is_well_it_says_so(open_host, jira, site):
    site.account_zone = "America/Los_Angeles"
    host = open_host(jira, import_jql="project = OTHER")

    assert bad(host) == []
    assert f"Jira knows us: tm, time zone America/Los_Angeles, at {site.url}." in found(host)
    assert "PROJ takes issues of the type Task." in found(host)
    assert "import_jql can be searched for." in found(host)


def test_without_projects_only_the_account_is_looked_at(open_host, jira):
    host = open_host(jira, projects=[])

    assert [each.level for each in host.check("jira")] == ["ok"]


# who we are


def test_a_token_that_expired_is_said_and_nothing_else_is_asked(host, jira, site):
    site.revoke()
    [finding] = host.check("jira")

    assert finding.level == "error"
    assert "Jira refuses the credentials (401)" in finding.message
    assert "tm config secret jira." in finding.message
    assert len(jira.server.requests) == 1


def test_a_captcha_is_said(host, site):
    site.revoke(captcha=True)
    [finding] = host.check("jira")

    assert finding.level == "error"
    assert "captcha" in finding.message
    assert "in a browser" in finding.message


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_a_site_open_to_strangers_is_no_proof_of_a_login(host, site, is_anonymous):
    site.is_anonymous = is_anonymous
    site.revoke()

    assert [each.level for each in host.check("jira")] == ["error"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=500), "status 500"),
        (Reply(fault="drop"), "broke"),
        (Reply(body="<html>log in</html>"), "not Jira's"),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:9/login"}), "elsewhere"),
        (Reply(status=429), "slow down"),
    ],
)
def test_a_jira_in_trouble_is_said(host, jira, reply, said):
    jira.fault("GET", "^myself$", reply)
    [finding] = host.check("jira")

    assert finding.level == "error"
    assert said in finding.message


def test_a_jira_that_is_nowhere_is_said(open_host, jira):
    [finding] = open_host(jira, url="http://127.0.0.1:9").check("jira")

    assert finding.level == "error"
    assert "cannot be reached" in finding.message


@pytest.mark.parametrize(("deployment", "told"), [("Cloud", "api_token"), ("Server", "jira.token")])
def test_credentials_of_the_other_kind_of_jira_are_said(host, jira, site, deployment, told):
    jira.fault("GET", "^serverInfo$", Reply(body={"deploymentType": deployment}))
    findings = [each for each in bad(host) if "settings hold" in each.message]

    assert [each.level for each in findings] == (["error"] if (deployment == "Cloud") == site.data_center else [])
    assert all(told in each.advice for each in findings)


# the projects


@pytest.mark.parametrize("hide", [True, False])
def test_a_project_that_is_not_there_or_hidden_is_named(open_host, jira, site, hide):
    rules = [{"project": "OTHER" if hide else "NONE", "when": "team == ops"}, {"project": "PROJ"}]
    if hide:
        site.forbid("OTHER")
    [finding] = bad(open_host(jira, projects=rules))

    assert finding.level == "error"
    assert finding.message == f"There is no project {rules[0]['project']}, or this account may not see it."
    assert "tm.toml" in finding.advice
    assert "browse" in finding.advice


@pytest.mark.parametrize(
    ("permission", "level", "words"),
    [
        ("CREATE_ISSUES", "error", "make issues"),
        ("EDIT_ISSUES", "error", "change issues"),
        ("TRANSITION_ISSUES", "error", "move issues to another status"),
        ("ADD_COMMENTS", "error", "comment"),
        ("ASSIGN_ISSUES", "warning", "assign issues"),
    ],
)
def test_every_permission_that_lacks_is_named(host, site, permission, level, words):
    site.withhold(permission)
    [finding] = [each for each in bad(host) if "may not" in each.message]

    assert finding.level == level
    assert finding.message.startswith(f"In PROJ this account may not {words} ({permission})")


def test_a_type_of_issue_that_is_not_there_is_named(open_host, jira):
    host = open_host(jira, projects=[{"project": "PROJ", "issue_type": "Tsak"}])
    [finding] = bad(host)

    assert finding.level == "error"
    assert finding.message == "PROJ makes no issues of the type Tsak."


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("description", "description"),
        ("priority", "priority"),
        ("labels", "labels"),
        ("assignee", "assignee"),
        ("duedate", "deadline"),
        ("timetracking", "estimate"),
    ],
)
def test_a_field_that_is_not_on_the_screen_is_named(host, site, field, words):
    site.projects["PROJ"].screen.discard(field)
    [finding] = bad(host)

    assert finding.level == "warning"
    assert finding.message == f"On the screen of PROJ there is no {words}; that stays here."


@pytest.mark.parametrize(("field", "name"), [("customfield_10010", "Task address"), ("environment", "Environment")])
def test_a_field_jira_insists_on_is_named_by_its_name(host, site, field, name):
    site.projects["PROJ"].required.add(field)
    [finding] = bad(host)

    assert finding.level == "error"
    assert finding.message == f"PROJ insists on {name}, which tasks do not have."


@pytest.mark.parametrize("field", ["duedate", "labels", "assignee"])
def test_a_field_jira_insists_on_that_a_task_may_lack_is_said(host, site, field):
    site.projects["PROJ"].required.add(field)

    assert any("insists" in each.message for each in bad(host))


# the words of a project


@pytest.mark.parametrize(
    ("name", "advice"), [("In Porgress", "Did you mean In Progress?"), ("Xyzzy", "There are To Do, In Progress")]
)
def test_a_status_that_is_misspelled_is_named_with_the_nearest(open_host, jira, name, advice):
    host = open_host(jira, projects=[{"project": "PROJ", "statuses": {"in_progress": name}}])
    [finding] = bad(host)

    assert finding.level == "error"
    assert finding.message == f"PROJ has no status {name}, which statuses names for in_progress."
    assert finding.advice.startswith(advice)


def test_names_of_statuses_are_alike_in_any_case(open_host, jira):
    host = open_host(jira, projects=[{"project": "PROJ", "statuses": {"in_progress": ["in progress", "IN REVIEW"]}}])

    assert bad(host) == []


def test_a_project_without_an_end_is_said(host, site):
    place = site.projects["PROJ"]
    place.statuses = [each for each in place.statuses if each.category != "done"]
    [finding] = [each for each in bad(host) if "stands for" in each.message]

    assert finding.level == "error"
    assert finding.message == "No status of PROJ stands for completed."


def test_a_project_without_a_status_for_blocked_is_no_fault(host, site):
    place = site.projects["PROJ"]
    place.statuses = [each for each in place.statuses if each.name not in ("Blocked", "Cancelled")]
    message = next(each for each in found(host) if "has no status for" in each)

    assert bad(host) == []
    assert "blocked, cancelled" in message


@pytest.mark.parametrize("names", [{"critical": "Urgent"}, {}])
def test_a_priority_that_is_not_there_is_named(open_host, jira, site, names):
    host = open_host(jira, projects=[{"project": "PROJ", "priorities": names}])
    if not names:
        del site.catalogue.priorities[0]
    [finding] = bad(host)

    assert finding.level == "warning"
    assert f"no priority {names.get('critical', 'Highest')}, which PROJ is to get for critical" in finding.message
    assert "priorities = { critical" in finding.advice


@pytest.mark.parametrize("jql", ["proj =", "project = NONE", "colour = red", "project = PROJ AND"])
def test_an_import_that_jira_does_not_understand_is_named(open_host, jira, jql):
    [finding] = bad(open_host(jira, import_jql=jql))

    assert finding.level == "error"
    assert finding.message.startswith("import_jql cannot be searched for")


def test_one_project_in_trouble_hides_no_other(open_host, jira):
    rules = [{"project": "OTHER", "when": "team == ops"}, {"project": "PROJ", "issue_type": "Tsak"}]
    host = open_host(jira, projects=rules)
    jira.fault("GET", "^project/OTHER/statuses$", Reply(status=500))
    messages = " ".join(each.message for each in bad(host))

    assert "OTHER" in messages
    assert "PROJ makes no issues" in messages
