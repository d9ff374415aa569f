"""What people in Jira are told of a task: which events, in which words, and each of them once."""

from datetime import timedelta

import pytest
from tests.plugins.jira.pushing import (
    HOUR,
    LOST,
    MINUTE,
    NEVER_CAME,
    MortalClock,
    asked,
    dies_on_the_way,
    pass_time,
    put_back_the_dead,
    reading,
    sentences,
    states,
    transitions,
)

import tm_jira
from tm.hubtasks import HubTasks
from tm.service import lifecycle
from tm.service.work import Caller, Work
from tm.testing import Host, Reply
from tm_jira import wiki

ALL = ["completed", "blocked", "unblocked", "progress", "context", "reopened", "cancelled"]


pytestmark = pytest.mark.usefixtures("no_write_in_vain")


@pytest.fixture
def telling(open_host, jira):
    """A host that tells of these events, and a task whose issue is there."""

    def make(comments=ALL, **settings):
        host = open_host(jira, comments=comments, **settings)
        task = host.tasks.add("Ship it")
        host.deliver()
        return host, task

    return make


@pytest.fixture
def mortal_host(tmp_path, jira, clock):
    plugins, table = {"jira": tm_jira}, {"jira": {**jira.settings, "comments": ALL}}
    with Host(tmp_path, plugins=plugins, settings=table, clock=MortalClock(clock)) as host:
        yield host


def told(jira):
    """What people read in the comments, oldest first."""
    return [reading(each["body"]) for each in jira.site.issues[0].comments]


def posted(jira):
    return asked(jira, "POST", "/comment$")


def typed(host):
    """What a person at the command line can say besides."""
    return Work(host.database, host.clock, Caller(origin="cli", actor="tester"), owed_to=("jira",))


# which, and in which words


def test_what_happens_to_a_task_is_told_in_the_words_of_whoever_did_it(telling, jira):
    host, task = telling()
    host.tasks.progress(task.id, "half of it")
    host.tasks.block(task.id, "no harbour")
    lifecycle.unblock(typed(host), task.id, note="found one")
    host.tasks.context(task.id, "The harbour is Kiel.")
    host.tasks.complete(task.id, summary="it is at sea")
    lifecycle.reopen(typed(host), task.id, reason="it came back")
    host.tasks.progress(task.id, "all of it")
    host.tasks.cancel(task.id, reason="nobody wants it")
    host.tasks.progress(task.id, "too late")
    host.deliver()

    assert told(jira) == [
        "tester: half of it",
        "Blocked by tester: no harbour",
        "No longer blocked by tester: found one",
        "Context by tester: The harbour is Kiel.",
        "Completed by tester: it is at sea",
        "Reopened by tester: it came back",
        "tester: all of it",
        "Cancelled by tester: nobody wants it",
        "tester: too late",
    ]
    assert set(states(host)) == {"delivered"}


def test_unless_the_settings_say_more_only_completion_and_blocking_are_told(host, made, jira):
    task_id, _ = made()
    host.tasks.progress(task_id, "half of it")
    host.tasks.context(task_id, "The harbour is Kiel.")
    host.tasks.block(task_id, "no harbour")
    lifecycle.unblock(typed(host), task_id, note="found one")
    host.tasks.complete(task_id, summary="it is at sea")
    host.deliver()

    assert told(jira) == ["Blocked by tester: no harbour", "Completed by tester: it is at sea"]


def test_with_no_event_in_the_settings_nothing_is_told(telling, jira):
    host, task = telling([])
    host.tasks.block(task.id, "no harbour")
    host.tasks.complete(task.id, summary="it is at sea")
    host.deliver()

    assert told(jira) == []


@pytest.mark.parametrize("summary", [None, "", "  \n "])
def test_an_empty_note_is_no_comment(telling, jira, summary):
    host, task = telling()
    host.tasks.complete(task.id, summary=summary)
    lifecycle.reopen(typed(host), task.id)
    host.tasks.cancel(task.id)
    host.deliver()

    assert told(jira) == []
    assert set(states(host)) == {"delivered"}


def test_commits_are_told_elsewhere(telling, jira):
    host, task = telling()
    git = HubTasks(host.database, host.clock, Caller(origin="git", actor="alice"), owed_to=("jira",))
    git.progress(task.id, "Commit 7f3a0c1: Ship it")
    git.context(task.id, "Branch ship-it")
    host.deliver()

    assert told(jira) == []
    assert jira.site.issues[0].status == "In Progress"


def test_what_the_sync_itself_writes_into_a_task_is_not_told(telling, jira):
    host, task = telling()
    jira.site.comment("PROJ-1", "When?")
    jira.site.move("PROJ-1", "Blocked")
    for _ in range(3):
        host.clock.advance(MINUTE)
        host.pull("jira")
        host.deliver()

    assert told(jira) == ["When?"]
    assert host.tasks.get(task.id).status == "blocked"


def test_our_own_comment_does_not_come_back_as_progress(telling, jira):
    host, task = telling()
    host.tasks.progress(task.id, "half of it")
    for _ in range(3):
        host.deliver()
        host.clock.advance(MINUTE)
        host.pull("jira")

    assert [each.data["note"] for each in host.events() if "note" in each.data] == ["half of it"]
    assert told(jira) == ["tester: half of it"]


@pytest.mark.parametrize("note", ["*not bold* [~bob] {code}x{code}", "one\n\ntwo\n- three", "größer 🚢", "<b>&amp;"])
def test_a_note_is_read_in_jira_as_it_was_typed(telling, jira, note):
    host, task = telling()
    host.tasks.progress(task.id, note)
    host.deliver()
    [body] = [each["body"] for each in jira.site.issues[0].comments]

    assert (wiki.text(body) if isinstance(body, str) else reading(body)) == f"tester: {note}"


@pytest.mark.parametrize("note", ["x" * 40_000, "🚢" * 20_000, "ж" * 39_000, "*_{[\\" * 8_000])
def test_a_note_of_40_kb_is_told_as_far_as_jira_takes_it(telling, jira, note):
    host, task = telling()
    host.tasks.progress(task.id, note)
    pass_time(host)
    [shown] = told(jira)

    assert shown.startswith("tester: ")
    assert shown.endswith("… (cut)")
    assert 5_000 < len(shown) <= 32_767
    assert set(states(host)) == {"delivered"}


def test_a_comment_says_of_which_event_of_which_hub_it_tells(telling, jira):
    host, task = telling()
    host.tasks.progress(task.id, "half of it")
    host.deliver()
    [issue] = jira.site.issues
    [mark] = [each["tm.note"] for each in issue.comment_properties.values()]

    assert mark["hub"] == issue.properties["tm.task"]["hub"]
    assert mark["event"] in [each.id for each in host.events() if each.type == "task.progressed"]


# once


@pytest.mark.parametrize(
    "reply",
    [
        LOST,
        Reply(fault="reset", is_stored=True),
        Reply(status=500, is_stored=True),
        Reply(status=200, body="<html>Log in</html>", is_stored=True),
        Reply(status=201, body={}, is_stored=True),
        Reply(status=302, headers={"Location": "/login.jsp"}, is_stored=True),
    ],
)
def test_a_comment_whose_answer_was_lost_is_not_made_again(telling, jira, reply):
    host, task = telling()
    jira.fault("POST", "comment$", reply)
    host.tasks.complete(task.id, summary="it is at sea")
    pass_time(host)

    assert told(jira) == ["Completed by tester: it is at sea"]
    assert posted(jira) == 1
    assert transitions(jira) == 1
    assert set(states(host)) == {"delivered"}


@pytest.mark.parametrize("reply", [NEVER_CAME, Reply(status=503), Reply(status=409), Reply(status=429)])
def test_a_comment_that_never_arrived_is_made_again(telling, jira, reply):
    host, task = telling()
    jira.fault("POST", "comment$", reply)
    host.tasks.complete(task.id, summary="it is at sea")
    pass_time(host)

    assert told(jira) == ["Completed by tester: it is at sea"]
    assert posted(jira) == 2
    assert transitions(jira) == 1
    assert set(states(host)) == {"delivered"}


def test_a_lost_comment_is_found_below_hundreds_of_others(telling, jira):
    host, task = telling()
    jira.fault("POST", "comment$", LOST)
    host.tasks.complete(task.id, summary="it is at sea")
    host.deliver()
    for number in range(250):
        jira.site.comment("PROJ-1", f"Hurrah {number}")
    pass_time(host)

    assert [each for each in told(jira) if not each.startswith("Hurrah")] == ["Completed by tester: it is at sea"]
    assert set(states(host)) == {"delivered"}


@pytest.mark.parametrize("minutes", [-60, -5, 5, 60])
def test_a_clock_that_differs_from_jira_s_hides_no_comment(telling, jira, minutes):
    jira.site.clock_skew = timedelta(minutes=minutes)
    host, task = telling()
    jira.fault("POST", "comment$", LOST)
    host.tasks.complete(task.id, summary="it is at sea")
    pass_time(host)

    assert told(jira) == ["Completed by tester: it is at sea"]


def test_a_comment_is_found_that_was_lost_at_the_end_of_a_day_of_trying(telling, jira):
    host, task = telling()
    jira.fault("POST", "comment$", *[NEVER_CAME] * 6, LOST)
    host.tasks.complete(task.id, summary="it is at sea")
    pass_time(host, 30 * HOUR, step=10 * MINUTE)

    assert posted(jira) == 7
    assert told(jira) == ["Completed by tester: it is at sea"]
    assert set(states(host)) == {"delivered"}


def test_two_notes_of_the_same_words_are_two_comments(telling, jira):
    host, task = telling()
    jira.fault("POST", "comment$", LOST, LOST)
    host.tasks.progress(task.id, "again")
    host.tasks.progress(task.id, "again")
    pass_time(host)

    assert told(jira) == ["tester: again"] * 2


def test_what_was_told_before_the_status_was_barred_is_not_told_by_the_retry(telling, jira):
    jira.site.projects["PROJ"].workflow([{"name": "Start", "to": "In Progress"}])
    host, task = telling()
    host.tasks.complete(task.id, summary="it is at sea")
    host.deliver()
    for _ in range(3):
        put_back_the_dead(host)
        host.deliver()

    assert told(jira) == ["Completed by tester: it is at sea"]
    assert states(host) == ["delivered", "dead"]


def test_what_was_told_is_not_told_again_by_a_retry_two_months_later(telling, jira):
    jira.site.projects["PROJ"].workflow([{"name": "Start", "to": "In Progress"}])
    host, task = telling()
    host.tasks.complete(task.id, summary="it is at sea")
    host.deliver()
    host.clock.advance(timedelta(days=60))
    put_back_the_dead(host)
    host.deliver()

    assert told(jira) == ["Completed by tester: it is at sea"]


def test_looking_at_a_task_again_tells_nothing_again(telling, jira):
    host, task = telling()
    host.tasks.complete(task.id, summary="it is at sea")
    for number in range(3):
        host.hub("jira").wake(task.id, f"look {number}")
        host.deliver()

    assert posted(jira) == 1


def test_a_killed_worker_tells_once_wherever_it_died(mortal_host, jira):
    host = mortal_host
    task = host.tasks.add("Ship it")
    host.deliver()
    for looks in range(1, 100):
        host.tasks.progress(task.id, f"step {looks}")
        if not dies_on_the_way(host, after=looks):
            break

    assert told(jira) == [f"tester: step {number}" for number in range(1, looks + 1)]
    assert looks > 5


# no


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(status=413, body={"errorMessages": ["The issue has too many comments."]}), "too many comments"),
        (Reply(status=400, body={"errorMessages": [], "errors": {"comment": "It is too long."}}), "It is too long"),
        (Reply(status=403, body={"errorMessages": ["You may not comment."]}), "You may not comment"),
    ],
)
def test_a_comment_that_jira_refuses_is_a_dead_letter_and_the_issue_moves_all_the_same(telling, jira, reply, words):
    host, task = telling()
    jira.fault("POST", "comment$", reply)
    host.tasks.complete(task.id, summary="it is at sea")
    pass_time(host)

    assert states(host) == ["delivered", "dead"]
    assert words in sentences(host)[0]
    assert jira.site.issues[0].status == "Done"
    put_back_the_dead(host)
    host.deliver()
    assert told(jira) == ["Completed by tester: it is at sea"]
    assert transitions(jira) == 1


def test_an_account_that_may_not_comment_still_syncs_the_fields(telling, jira):
    host, task = telling()
    jira.site.withhold("ADD_COMMENTS")
    host.tasks.progress(task.id, "half of it")
    host.tasks.update(task.id, title="Ship it soon")
    host.deliver()

    assert jira.site.issues[0].fields["summary"] == "Ship it soon"
    assert "do not have the permission to comment" in sentences(host)[0]
    assert states(host).count("dead") == 1


# many


@pytest.mark.slow
def test_a_burst_of_notes_is_told_in_order_at_the_pace_jira_allows(telling, jira):
    jira.site.limits = True
    host, task = telling()
    for number in range(120):
        host.tasks.progress(task.id, f"step {number}")
    pass_time(host, 5 * MINUTE)

    assert told(jira) == [f"tester: step {number}" for number in range(120)]
    assert set(states(host)) == {"delivered"}
