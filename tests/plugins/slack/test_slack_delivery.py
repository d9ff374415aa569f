"""From a changed task to what people read in the channel, whatever happens on the way."""

import logging
import subprocess
import sys
from datetime import timedelta

import pytest

from tm import PermanentFailure, RetryLater
from tm.clock import stamp
from tm.hub import Attempt
from tm.store.ledger import Ledger
from tm.store.plugins import PluginRecords
from tm.testing import Reply
from tm_slack.marks import Marks, next_step
from tm_slack.message import REPEAT
from tm_slack.standin import PATH

LATER = timedelta(minutes=2)
IN_THE_DARK = [
    Reply(fault="drop", is_stored=True),
    Reply(fault="drop"),
    Reply(fault="reset", is_stored=True),
    Reply(fault="short", body="ok", is_stored=True),
    Reply(body="<html>Please log in</html>"),
    Reply(body=""),
    Reply(status=302, headers={"Location": "http://127.0.0.1:9/"}),
]
REFUSED = [Reply(status=429), Reply(status=503)]


@pytest.fixture
def blocked(host):
    """A host in which one notice is due."""
    owe(host)
    return host


def owe(host):
    task = host.tasks.add("Ship the parser")
    host.tasks.block(task.id, "waiting for the API key")
    return task


def notice(host):
    """The one delivery that matters, after a pass."""
    host.deliver()
    return state_of(host)


def state_of(host):
    [row] = [row for row in host.deliveries("slack") if row.event_type == "task.blocked"]
    return row


def redeliver(host):
    host.clock.advance(LATER)
    with host.database.transaction():
        Ledger(host.database).redeliver(state_of(host).id, at=host.events()[0].at)
    return notice(host)


def mark_of(host):
    [marks] = host.hub("slack").state.list("send:").values() or [{}]
    return next((mark["word"] for key, mark in marks.items() if key == "webhook/alone"), None)


# told, and told once


def test_the_whole_story_of_a_task_is_told(host, slack):
    task = host.tasks.add("Ship the parser", assignee="alice", priority="critical")
    host.tasks.progress(task.id, "half way")
    host.tasks.block(task.id, "waiting for the API key")
    host.tasks.unblock(task.id)
    host.tasks.complete(task.id)
    host.tasks.feedback(task.id, quality=4)
    host.deliver()

    headings = [text.splitlines()[0] for text in slack.received]
    assert headings == [
        "🚨 Urgent task: Ship the parser",
        "🚫 Task blocked: Ship the parser",
        "🎉 Task completed: Ship the parser",
        "⭐ Task rated: Ship the parser",
    ]
    assert "Reason: waiting for the API key" in slack.received[1]
    assert f"<https://tasks.example.com/tasks/{task.id}|View task>" in str(slack.messages[1])
    assert "Quality: 4/5" in slack.received[3]
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}


def test_a_task_raised_to_critical_is_told_as_urgent(host, slack):
    task = host.tasks.add("Ship the parser")
    host.tasks.update(task.id, priority="critical", deadline="2026-12-24T22:59:59.000000Z")
    host.deliver()

    [told] = slack.received
    assert told.startswith("🚨 Urgent task: Ship the parser")
    assert "Deadline: 2026-12-24 22:59 UTC" in told


def test_progress_and_creation_are_told_where_a_route_says_so(make_host, slack):
    host = make_host(routes=[{"when": "team == platform", "events": ["created", "progress"]}])
    for team in ("platform", "web"):
        task = host.tasks.add(f"For {team}", team=team)
        host.tasks.progress(task.id, "half way")
    host.deliver()

    assert [text.splitlines()[0] for text in slack.received] == [
        "🆕 Task created: For platform",
        "📝 Progress: For platform",
    ]


def test_the_map_of_people_is_used(make_host, slack):
    host = make_host(people={"alice": {"email": "alice@example.com", "slack": "U012AB"}})
    task = host.tasks.add("Ship the parser", assignee="alice@example.com")
    host.tasks.block(task.id, "stuck")
    host.deliver()

    assert "<@U012AB>" in str(slack.messages)


def test_a_dry_run_posts_nothing(blocked, slack):
    event = next(event for event in blocked.events() if event.type == "task.blocked")
    blocked.plugins["slack"].hooks["on_blocked"](event=event, hub=blocked.hub("slack", dry_run=True))

    assert slack.server.requests == []
    assert mark_of(blocked) is None


def test_a_notice_that_is_told_at_once_leaves_nothing_behind(blocked, slack):
    notice(blocked)

    assert len(slack.received) == 1
    assert mark_of(blocked) is None


def test_a_repeat_that_arrived_is_not_told_again_when_its_worker_died_before_it_could_say_so(blocked, slack):
    slack.server.script(Reply(fault="drop"))
    notice(blocked)
    blocked.clock.advance(LATER)
    notice(blocked)
    event = next(event for event in blocked.events() if event.type == "task.blocked")
    hub = blocked.hub("slack")
    hub.attempt = Attempt(number=3, first_at=blocked.clock.now() - LATER, may_have_happened=True)
    blocked.plugins["slack"].hooks["on_blocked"](event=event, hub=hub)

    assert len(slack.received) == 1
    assert mark_of(blocked) == "sent"


# certainly not sent


@pytest.mark.parametrize("reply", [Reply(status=429), Reply(status=503)])
def test_a_refused_notice_is_sent_later_and_is_no_repeat(blocked, slack, reply):
    slack.server.script(reply)
    row = notice(blocked)

    assert (row.state, row.failures, row.may_have_happened) == ("pending", 0, False)
    assert mark_of(blocked) is None
    blocked.clock.advance(LATER)
    assert notice(blocked).state == "delivered"
    assert REPEAT not in slack.received[0]


@pytest.mark.parametrize(("header", "seconds"), [("45", 45), ("1.5", 1.5), ("86400", 86_400)])
def test_a_rate_limited_delivery_waits_as_long_as_slack_says(blocked, slack, header, seconds):
    slack.server.script(Reply(status=429, body="rate_limited", headers={"Retry-After": header}))

    assert notice(blocked).due_at == blocked.clock.now() + timedelta(seconds=seconds)


def test_while_slack_asks_to_slow_down_no_other_notice_is_sent(host, slack):
    slack.server.script(Reply(status=429, headers={"Retry-After": "60"}))
    owe(host)
    owe(host)
    host.deliver()

    assert len(slack.server.requests) == 1
    host.clock.advance(timedelta(seconds=61))
    host.deliver()
    assert len(slack.received) == 2


def test_a_slack_out_of_reach_costs_nothing(make_host, slack):
    host = make_host()
    owe(host)
    slack.close()
    for _ in range(8):
        row = notice(host)
        host.clock.advance(LATER)

    assert (row.state, row.failures, row.may_have_happened) == ("pending", 0, False)
    assert "cannot be reached" in row.error


@pytest.mark.parametrize(("status", "body"), [(403, "invalid_token"), (404, "no_service"), (404, "no_team")])
def test_a_dead_webhook_pauses_the_plugin_and_keeps_its_notices(host, slack, status, body):
    slack.server.script(Reply(status=status, body=body))
    owe(host)
    owe(host)
    host.deliver()

    assert [row.state for row in host.deliveries("slack") if row.event_type == "task.blocked"] == ["pending"] * 2
    assert len(slack.server.requests) == 1
    assert body in host.health("slack").paused


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, "action_prohibited"), (404, "channel_not_found"), (410, "channel_is_archived")],
)
def test_a_notice_for_a_channel_that_takes_nothing_is_a_dead_letter(blocked, slack, status, body):
    slack.server.script(Reply(status=status, body=body))
    row = notice(blocked)

    assert row.state == "dead"
    assert body in row.error


def test_a_message_that_slack_refuses_is_sent_once_more_in_plain_words(blocked, slack):
    slack.server.script(Reply(status=400, body="invalid_blocks"))

    assert notice(blocked).state == "delivered"
    assert slack.received == ["🚫 Task blocked: Ship the parser"]


def test_plain_words_that_slack_refuses_too_are_a_dead_letter(blocked, slack):
    slack.server.script(*[Reply(status=400, body="invalid_payload")] * 2)
    row = notice(blocked)

    assert (row.state, len(slack.server.requests)) == ("dead", 2)
    assert "invalid_payload" in row.error


def test_a_dead_letter_that_slack_had_refused_is_no_repeat_when_redelivered(blocked, slack):
    slack.server.script(Reply(status=410, body="channel_is_archived"))
    notice(blocked)

    assert redeliver(blocked).state == "delivered"
    assert REPEAT not in slack.received[0]


# in doubt


@pytest.mark.parametrize("reply", IN_THE_DARK)
def test_a_notice_in_doubt_is_sent_once_more_and_says_so(blocked, slack, reply):
    slack.server.script(reply)
    row = notice(blocked)

    assert (row.state, row.may_have_happened) == ("pending", True)
    blocked.clock.advance(LATER)
    assert notice(blocked).state == "delivered"
    assert len(slack.server.requests) == 2
    assert slack.received[-1].startswith(REPEAT)
    assert [REPEAT in text for text in slack.received[:-1]] == [False] * reply.is_stored


def test_a_stalled_call_leaves_doubt(make_host, slack):
    host = make_host(timeout="1s")
    owe(host)
    slack.server.script(Reply(fault="stall", is_stored=True))

    assert "broke before its answer (TimeoutError)" in notice(host).error
    host.clock.advance(LATER)
    assert notice(host).state == "delivered"
    assert [REPEAT in text for text in slack.received] == [False, True]


@pytest.mark.parametrize("reply", IN_THE_DARK)
def test_doubt_about_the_repeat_too_is_left_to_a_person(blocked, slack, reply):
    slack.server.script(reply, reply)
    notice(blocked)
    blocked.clock.advance(LATER)
    row = notice(blocked)

    assert row.state == "dead"
    assert "Nobody knows whether Slack posted this notice, nor whether it posted the repeat." in row.error
    assert len(slack.server.requests) == 2


@pytest.mark.parametrize("refusal", REFUSED)
def test_a_refused_repeat_stays_a_repeat(blocked, slack, refusal):
    slack.server.script(Reply(fault="drop", is_stored=True), refusal)
    for _ in range(3):
        row = notice(blocked)
        blocked.clock.advance(LATER)

    assert row.state == "delivered"
    assert [REPEAT in text for text in slack.received] == [False, True]


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failing_slack_is_asked_again_and_again_with_marked_repeats(blocked, slack, status):
    slack.server.script(*[Reply(status=status)] * 3)
    for _ in range(4):
        row = notice(blocked)
        blocked.clock.advance(timedelta(hours=1))

    assert row.state == "delivered"
    assert [REPEAT in text for text in slack.received] == [True]


@pytest.mark.parametrize("reply", [*IN_THE_DARK, Reply(status=500)])
def test_hold_leaves_a_notice_in_doubt_to_a_person(make_host, slack, reply):
    host = make_host(ambiguous="hold")
    owe(host)
    slack.server.script(reply)
    notice(host)
    host.clock.advance(LATER)
    row = notice(host)

    assert row.state == "dead"
    assert 'ambiguous = "hold"' in row.error
    assert len(slack.server.requests) == 1


@pytest.mark.parametrize(("ambiguous", "faults"), [("hold", 1), ("resend", 2)])
def test_a_person_who_redelivers_a_notice_in_doubt_gets_it_sent_as_a_repeat(make_host, slack, ambiguous, faults):
    host = make_host(ambiguous=ambiguous)
    owe(host)
    slack.server.script(*[Reply(fault="drop")] * faults)
    notice(host)
    host.clock.advance(LATER)
    assert notice(host).state == "dead"
    assert redeliver(host).state == "delivered"

    assert [REPEAT in text for text in slack.received] == [True]


def test_a_person_can_send_a_held_notice_even_if_its_mark_was_lost(make_host, slack):
    host = make_host(ambiguous="hold")
    owe(host)
    slack.server.script(Reply(fault="drop"))
    notice(host)
    state = host.hub("slack").state
    for key in state.list("send:"):
        state.delete(key)
    host.clock.advance(LATER)
    assert notice(host).state == "dead"
    assert redeliver(host).state == "delivered"

    assert [REPEAT in text for text in slack.received] == [True]


def test_a_redelivered_notice_that_slack_puts_off_is_still_the_persons_word(make_host, slack):
    host = make_host(ambiguous="hold")
    owe(host)
    slack.server.script(Reply(fault="drop"), Reply(status=429))
    notice(host)
    host.clock.advance(LATER)
    notice(host)
    assert redeliver(host).state == "pending"
    host.clock.advance(LATER)
    assert notice(host).state == "delivered"

    assert [REPEAT in text for text in slack.received] == [True]


def killed_during(host, *, first_at):
    """The hook as the next worker calls it after one died during the call."""
    event = next(event for event in host.events() if event.type == "task.blocked")
    hub = host.hub("slack")
    hub.attempt = Attempt(number=2, first_at=first_at, may_have_happened=True)
    host.plugins["slack"].hooks["on_blocked"](event=event, hub=hub)


def test_what_a_worker_killed_during_the_call_was_sending_is_repeated_and_says_so(blocked, slack):
    killed_during(blocked, first_at=blocked.clock.now())

    assert [REPEAT in text for text in slack.received] == [True]


def test_what_a_worker_killed_during_the_repeat_was_sending_is_left_to_a_person(blocked, slack):
    event = next(event for event in blocked.events() if event.type == "task.blocked")
    now = blocked.clock.now()
    mark = {"word": "repeating", "at": now.isoformat()}
    blocked.hub("slack").state.add(f"send:{event.id}", {"webhook/alone": mark})

    with pytest.raises(PermanentFailure, match="nor whether it posted the repeat"):
        killed_during(blocked, first_at=now)
    assert slack.received == []


def test_two_attempts_at_once_send_one_notice(blocked, slack):
    event = next(event for event in blocked.events() if event.type == "task.blocked")
    mark, rival = (Marks(blocked.hub("slack"), event.id) for _ in range(2))
    for each in (mark, rival):
        each.set("webhook/alone", "repeating")
    mark.save()

    with pytest.raises(RetryLater, match="under way"):
        rival.save()


@pytest.mark.parametrize(
    ("word", "is_redelivered", "resend", "hold"),
    [
        (None, False, "repeat", "hold"),
        ("sending", False, "repeat", "hold"),
        ("sending", True, "repeat", "repeat"),
        ("repeating", False, "give up", "give up"),
        ("repeating", True, "repeat", "repeat"),
        ("sent", False, "rest", "rest"),
        ("sent", True, "rest", "rest"),
    ],
)
def test_the_next_step_follows_from_the_mark(word, is_redelivered, resend, hold):
    steps = [next_step(word, is_redelivered=is_redelivered, ambiguous=setting) for setting in ("resend", "hold")]

    assert steps == [resend, hold]


# what it costs and what it shows


def test_a_mark_of_a_sent_repeat_is_forgotten_after_a_month(blocked, slack):
    slack.server.script(Reply(fault="drop"))
    notice(blocked)
    blocked.clock.advance(LATER)
    notice(blocked)
    records = PluginRecords(blocked.database)
    kept = []
    for days in (29, 2):
        blocked.clock.advance(timedelta(days=days))
        with blocked.database.transaction():
            records.expire_state(now=stamp(blocked.clock.now()))
        kept.append(mark_of(blocked))

    assert kept == ["sent", None]


@pytest.mark.parametrize(
    "reply", [Reply(body="ok"), Reply(status=404, body="no_service"), Reply(fault="drop"), Reply(fault="unread")]
)
def test_the_webhook_shows_in_no_log_and_no_delivery(caplog, blocked, slack, reply):
    caplog.set_level(logging.DEBUG)
    slack.server.script(reply)
    row = notice(blocked)

    assert PATH not in caplog.text + str(row) + str(blocked.health("slack"))
    assert PATH not in "".join(str(record.__dict__) for record in caplog.records)


def test_the_sdk_is_not_loaded_before_a_notice_is_due():
    loaded = "import sys, tm_slack; print([name for name in sys.modules if name.startswith('slack_sdk')])"
    shown = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "[]"
