"""Who is assigned: only somebody who is certainly that person, and otherwise nobody."""

from datetime import timedelta

import pytest
from tests.plugins.jira.pushing import asked, pass_time, remarks, states, writes

from tm.testing import Reply

ALICE = "alice@example.com"


pytestmark = pytest.mark.usefixtures("no_write_in_vain")


def assigned(jira):
    """The display name of who has the newest issue."""
    person = jira.site.issues[-1].fields["assignee"]
    return person and person["displayName"]


def account(jira, name):
    """What this Jira calls somebody."""
    return jira.site.person(name)["name" if jira.site.data_center else "accountId"]


def questions(jira):
    return asked(jira, "GET", "user/assignable")


def unknown(host):
    """The remarks on people Jira does not know."""
    return [each for each in remarks(host) if "nobody there is certainly that person" in each]


def test_the_map_of_people_is_believed_without_a_question(open_host, jira):
    jira.site.add_person("712020:ca401", "carol")
    host = open_host(jira, people={"carol": {"email": "carol@example.com", "jira": account(jira, "carol")}})
    for name in ("carol", "carol@example.com", "CAROL@example.com", account(jira, "carol")):
        host.tasks.add("Ship it", assignee=name)
        host.deliver()

        assert assigned(jira) == "Carol"
    assert questions(jira) == 0


def test_somebody_is_known_by_the_address_jira_shows(host, jira):
    host.tasks.add("Ship it", assignee="Alice@Example.com")
    host.deliver()

    assert assigned(jira) == "Alice"
    assert questions(jira) == 1


def test_an_alias_is_known_by_its_address(open_host, jira):
    host = open_host(jira, people={"ally": {"email": ALICE}})
    host.tasks.add("Ship it", assignee="ally")
    host.deliver()

    assert assigned(jira) == "Alice"


def test_a_name_that_people_give_themselves_is_nobody_s_but_a_user_name_of_data_center_is(host, jira):
    host.tasks.add("Ship it", assignee="bob")
    host.deliver()

    assert assigned(jira) == ("Bob" if jira.site.data_center else None)


def test_who_hides_their_address_is_nobody_until_the_map_names_them(open_host, jira):
    jira.site.add_person("712020:d4e", "dave")
    host = open_host(jira)
    task = host.tasks.add("Ship it", assignee="dave@example.com")
    host.deliver()
    host.tasks.progress(task.id, "half of it")
    host.deliver()

    assert assigned(jira) is None
    assert host.tasks.get(task.id).assignee == "dave@example.com"
    assert set(states(host)) == {"delivered"}
    other = open_host(jira, people={"dave": {"email": "dave@example.com", "jira": account(jira, "dave")}})
    other.tasks.add("Sail on", assignee="dave@example.com")
    other.deliver()
    assert assigned(jira) == "Dave"


def test_a_stranger_is_remarked_on_when_the_issue_is_made(host, jira):
    host.tasks.add("Ship it", assignee="zoe@example.com")
    host.deliver()

    assert assigned(jira) is None
    assert len(unknown(host)) == 1


def test_one_address_that_begins_like_another_is_not_that_one(host, jira):
    jira.site.add_person("712020:a22", "ann", "ann@example.com.au")
    host.tasks.add("Ship it", assignee="ann@example.com")
    host.deliver()
    first = assigned(jira)
    jira.site.add_person("712020:a33", "anna", "ann@example.com")
    host.clock.advance(timedelta(days=1, seconds=1))
    host.tasks.add("Sail on", assignee="ann@example.com")
    host.deliver()

    assert (first, assigned(jira)) == (None, "Anna")


def test_of_two_people_with_one_name_neither_is_assigned(host, jira):
    for number in (1, 2):
        jira.site.people.add(f"712020:e{number}", f"eve{number}", displayName="Eve", emailAddress=None)
    host.tasks.add("Ship it", assignee="Eve")
    host.deliver()

    assert assigned(jira) is None


def test_of_two_accounts_with_one_address_neither_is_assigned(host, jira):
    for number in (1, 2):
        jira.site.add_person(f"712020:f{number}", f"fay{number}", "fay@example.com")
    host.tasks.add("Ship it", assignee="fay@example.com")
    host.deliver()

    assert assigned(jira) is None


@pytest.mark.parametrize("how", [{"is_active": False}, {"is_assignable": False}])
@pytest.mark.parametrize("is_mapped", [True, False])
def test_who_cannot_be_assigned_is_left_out_and_the_issue_is_made(open_host, jira, how, is_mapped):
    jira.site.add_person("712020:ca401", "carol", "carol@example.com", **how)
    jira_name = {"jira": account(jira, "carol")} if is_mapped else {}
    host = open_host(jira, people={"carol": {"email": "carol@example.com", **jira_name}})
    task = host.tasks.add("Ship it", assignee="carol")
    host.deliver()
    host.tasks.progress(task.id, "half of it")
    pass_time(host)

    assert assigned(jira) is None
    assert host.tasks.get(task.id).assignee == "carol"
    assert asked(jira, "PUT", "issue") == 0
    assert set(states(host)) == {"delivered"}


def test_a_task_that_goes_to_a_stranger_leaves_the_issue_with_whom_it_was_and_says_so_once(host, jira):
    task = host.tasks.add("Ship it", assignee=ALICE)
    host.deliver()
    before = len(jira.server.requests)
    host.tasks.update(task.id, assignee="zoe@example.com")
    host.deliver()
    for _ in range(3):
        host.tasks.progress(task.id, "half of it")
        host.deliver()

    assert assigned(jira) == "Alice"
    assert [each for each in writes(jira, since=before) if "transitions" not in each] == []
    assert len(unknown(host)) == 1
    assert host.tasks.get(task.id).assignee == "zoe@example.com"


def test_a_task_comes_back_from_a_stranger(host, jira):
    task = host.tasks.add("Ship it", assignee=ALICE)
    host.deliver()
    for name in ("zoe@example.com", "bob@example.com", "zoe@example.com", ALICE, None):
        host.tasks.update(task.id, assignee=name)
        host.deliver()

    assert host.tasks.get(task.id).assignee is None
    assert jira.site.received[-2:] == ["PROJ-1: assigned to Alice", "PROJ-1: assigned to nobody"]


def test_a_default_assignee_of_the_project_is_left_there_when_the_task_has_none(host, jira):
    jira.site.projects["PROJ"].default_assignee = "712020:b0b"
    task = host.tasks.add("Ship it")
    host.deliver()
    host.tasks.update(task.id, title="Ship it soon")
    host.deliver()

    assert assigned(jira) == "Bob"


def test_jira_is_asked_for_a_person_once_a_day(host, jira):
    for number in range(5):
        host.tasks.add(f"Ship number {number}", assignee=ALICE)
        host.tasks.add(f"Sail number {number}", assignee="zoe@example.com")
        host.deliver()
    assert questions(jira) == 2

    host.clock.advance(timedelta(days=1, seconds=1))
    host.tasks.add("Ship it", assignee=ALICE)
    host.deliver()
    assert questions(jira) == 3


def test_a_failing_question_for_a_person_makes_no_issue_without_them(host, jira):
    jira.fault("GET", "user/assignable", Reply(status=503), Reply(status=429), Reply(fault="drop"))
    host.tasks.add("Ship it", assignee=ALICE)
    pass_time(host)

    assert assigned(jira) == "Alice"
    assert len(jira.site.issues) == 1
    assert states(host) == ["delivered"]


@pytest.mark.parametrize("name", ['O\'Brien "the" \\ & = ? #', "größer@example.com", "712020:a11ce", "*", "a" * 200])
def test_any_name_can_be_asked_for(host, jira, name):
    host.tasks.add("Ship it", assignee=name)
    host.deliver()

    assert states(host) == ["delivered"]
    assert assigned(jira) is None
