"""What waits for a digest or for the end of quiet hours: told once, in peace, in the way, and never lost."""

from datetime import timedelta

import pytest
from tests.plugins.slack.waiting import ALL, HOUR, LOST, MINUTE, OTHER, QUIET, both, pass_time, redeliver, told

from tm.testing import Reply
from tm_slack.standin import CHANNEL, reading

# once


@pytest.mark.parametrize("fault", [LOST, Reply(fault="drop"), Reply(status=429, headers={"Retry-After": "5"})])
def test_a_notice_is_gathered_once_whatever_becomes_of_it_in_another_channel(bot_host, slack, fault):
    host = bot_host(events=ALL, cards=False, routes=both({}, {"channel": OTHER, "digest": "30s"}))
    slack.server.script(fault)
    host.tasks.add("Ship it")
    host.deliver()
    pass_time(host, 5 * MINUTE)

    assert [text.splitlines()[0] for text in told(slack)] == ["🆕 Task created: Ship it"]
    assert sum(text.count("Ship it") for text in told(slack, OTHER)) == 1


def test_a_doubt_in_one_channel_tells_nothing_in_another_s_quiet_hours(bot_host, slack):
    host = bot_host(events=ALL, cards=False, routes=both({}, {"channel": OTHER, "quiet": QUIET}))
    slack.server.script(LOST)
    host.tasks.add("Ship it")
    pass_time(host, 10 * MINUTE)
    assert (len(told(slack)), told(slack, OTHER)) == (1, [])

    pass_time(host, 2 * HOUR)
    assert sum(text.count("Ship it") for text in told(slack, OTHER)) == 1


def test_what_was_in_doubt_when_it_got_quiet_is_looked_for_and_not_sent(bot_host, slack):
    quiet = {"begin": "12:01", "end": "14:00", "timezone": "UTC"}
    host = bot_host(events=ALL, cards=False, quiet=quiet)
    slack.server.script(Reply(fault="drop"))
    host.tasks.add("Ship it")
    host.deliver()
    pass_time(host, HOUR)
    assert told(slack) == []

    pass_time(host, 2 * HOUR)
    assert len(told(slack)) == 1


def test_only_what_a_digest_held_is_told_with_it(bot_host, slack):
    """A digest whose answer was lost holds what it held, not what came since, whatever its place in the history."""
    host = bot_host(events=ALL, cards=False, digest="1m")
    for number in range(3):
        host.tasks.add(f"Early {number}")
    host.deliver()
    slack.server.script(LOST)
    pass_time(host, MINUTE)
    for number in range(2):
        host.tasks.add(f"Late {number}")
    pass_time(host, 10 * MINUTE)

    assert [text.splitlines()[:2] for text in told(slack)] == [
        ["📋 3 notices", "3 created"],
        ["📋 2 notices", "2 created"],
    ]


# quiet


def test_an_urgent_notice_of_a_task_does_not_wait_behind_a_quiet_one_of_it(bot_host, slack):
    host = bot_host(events=ALL, quiet=QUIET)
    task = host.tasks.add("Ship it")
    host.tasks.update(task.id, priority="critical")
    host.deliver()

    assert "🚨 Urgent task: Ship it" in "\n".join(told(slack))
    [wake] = [row for row in host.deliveries("slack") if row.state == "pending"]
    assert wake.error == f"1 notice waits for {CHANNEL} until 2026-11-22 14:00 UTC."


def test_after_quiet_hours_one_notice_is_told_as_ever_with_its_time_and_several_as_one(bot_host, slack):
    host = bot_host(events=ALL, quiet=QUIET)
    task = host.tasks.add("Ship it")
    pass_time(host, 3 * HOUR, step=10 * MINUTE)
    [root] = slack.workspace.roots(CHANNEL)
    assert "2026-11-22 12:00 UTC" in str(slack.workspace.thread(CHANNEL, root["ts"])[0])

    host.clock.advance(21 * HOUR)
    for number in range(3):
        host.tasks.progress(task.id, f"step {number}")
    pass_time(host, 3 * HOUR, step=10 * MINUTE)
    digest = told(slack)[-1].splitlines()
    assert digest[:3] == ["📋 3 notices", "3 progress", "📝 Progress: Ship it"]
    assert "step 2" in digest
    assert len(slack.workspace.roots(CHANNEL)) == 2


def test_the_thread_of_a_card_is_left_in_peace_as_well_and_the_card_is_painted(bot_host, slack):
    host = bot_host(quiet=QUIET, timeout="5s")
    task = host.tasks.add("Ship it", priority="critical")
    host.deliver()
    [root] = slack.workspace.roots(CHANNEL)
    assert len(slack.workspace.thread(CHANNEL, root["ts"])) == 1

    host.tasks.progress(task.id, "half way")
    host.tasks.progress(task.id, "nearly there")
    host.deliver()
    assert len(slack.workspace.thread(CHANNEL, root["ts"])) == 1
    assert "In progress" in reading(slack.workspace.roots(CHANNEL)[0])

    pass_time(host, 3 * HOUR, step=10 * MINUTE)
    [_, reply] = slack.workspace.thread(CHANNEL, root["ts"])
    assert "nearly there" in reading(reply)
    assert "half way" in reading(reply)
    assert len(slack.workspace.roots(CHANNEL)) == 1


@pytest.mark.parametrize("thread", [["progress"], []])
def test_a_card_that_somebody_removes_in_quiet_hours_comes_back_when_something_is_told(bot_host, slack, thread):
    host = bot_host(quiet=QUIET, thread=thread)
    task = host.tasks.add("Ship it", priority="critical")
    host.deliver()
    slack.workspace.delete(CHANNEL, slack.workspace.roots(CHANNEL)[0]["ts"])
    host.tasks.progress(task.id, "half way")
    host.deliver()
    assert slack.workspace.roots(CHANNEL) == []

    pass_time(host, 3 * HOUR, step=10 * MINUTE)
    host.tasks.block(task.id, "no key")
    host.deliver()
    [root] = slack.workspace.roots(CHANNEL)
    assert "Blocked" in reading(root)


def test_a_digest_that_comes_due_in_quiet_hours_waits_for_their_end(bot_host, slack):
    quiet = {"begin": "12:10", "end": "14:00", "timezone": "UTC"}
    host = bot_host(events=ALL, cards=False, digest="15m", quiet=quiet)
    host.tasks.add("Ship it")
    pass_time(host, HOUR)
    assert told(slack) == []

    pass_time(host, 70 * MINUTE)
    assert len(told(slack)) == 1


def test_a_digest_waits_longer_than_any_delivery_may(bot_host, slack):
    quiet = {
        "begin": "22:00",
        "end": "06:00",
        "timezone": "UTC",
        "whole_days": ["tue", "wed", "thu", "fri", "sat", "sun"],
    }
    host = bot_host(events=ALL, cards=False, digest="3d", quiet=quiet)
    host.clock.advance(timedelta(days=1))  # a Monday
    host.tasks.add("Ship it")
    pass_time(host, timedelta(days=7), step=HOUR)

    assert len(told(slack)) == 1
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}


@pytest.mark.parametrize("rule", [{"digest": "30m"}, {"quiet": QUIET}])
def test_where_a_command_delivers_its_own_events_nothing_is_put_off(make_host, slack, rule):
    host = make_host(core={"delivery": "inline"}, events=ALL, **rule)
    host.tasks.add("Ship it")
    host.deliver()

    assert len(slack.messages) == 1


# in the way


def test_a_card_is_painted_though_its_news_is_in_a_digest(bot_host, slack):
    host = bot_host(events=ALL, digest="30m")
    task = host.tasks.add("Ship it", priority="critical")
    host.deliver()
    host.tasks.complete(task.id)
    host.deliver()

    [root] = slack.workspace.roots(CHANNEL)
    assert "✅ Completed" in reading(root)
    pass_time(host, HOUR)
    assert "🎉 Task completed: Ship it" in "\n".join(told(slack))


def test_a_digest_tells_reasons_people_and_the_rest_by_name(bot_host, slack):
    people = {"alice": {"slack": "U012AB"}}
    host = bot_host(
        people=people, events=ALL, cards=False, digest="30m", templates={"completed": {"text": "Well done."}}
    )
    stuck = host.tasks.add("Stuck", assignee="alice")
    host.tasks.block(stuck.id, "no key")
    done = host.tasks.add("Done")
    host.tasks.complete(done.id)
    for number in range(15):
        host.tasks.add(f"Task {number}")
    host.deliver()
    pass_time(host, 31 * MINUTE, step=31 * MINUTE)
    [digest] = told(slack)
    lines = digest.splitlines()

    assert lines[:4] == [
        "📋 19 notices",
        "17 created, 1 blocked, 1 completed @U012AB",
        "🚫 Task blocked: Stuck",
        "no key",
    ]
    assert lines[4].startswith(f"{stuck.id} · by tester · ")
    assert lines[5:7] == ["🎉 Task completed: Done", "Well done."]
    assert lines[-1].startswith("and 9 more: Task 6 (")
    assert f"Stuck ({stuck.id})" in lines[-1]


def test_a_digest_goes_to_the_fallback_when_its_channel_takes_nothing(bot_host, slack):
    host = bot_host(events=ALL, cards=False, digest="30m", fallback=OTHER)
    slack.workspace.archived.add(CHANNEL)
    for number in range(2):
        host.tasks.add(f"Task {number}")
    pass_time(host, HOUR)

    assert told(slack) == []
    [digest] = told(slack, OTHER)
    assert digest.splitlines()[:2] == ["Meant for #C0TEAM, which takes nothing.", "📋 2 notices"]


def test_a_digest_that_died_says_what_it_holds_and_is_redelivered_where_the_settings_say_then(bot_host, slack):
    host = bot_host(events=ALL, cards=False, digest="30m")
    slack.workspace.archived.add(CHANNEL)
    for number in range(2):
        host.tasks.add(f"Task {number}")
    pass_time(host, HOUR)
    [dead] = [row for row in host.deliveries("slack") if row.state == "dead"]
    host.tasks.add("One more")
    host.replace("slack", settings={**slack.as_bot, "events": ALL, "cards": False, "digest": "30m", "channel": OTHER})
    pass_time(host, HOUR)
    assert [text.splitlines()[0] for text in told(slack, OTHER)] == ["2026-11-22 13:00 UTC"]

    redeliver(host, dead.id)
    host.deliver()
    assert told(slack, OTHER)[-1].splitlines()[0] == "📋 2 notices"
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}


def test_a_digest_that_waits_when_the_webhook_becomes_a_token_is_told_in_the_channel(make_host, slack):
    host = make_host(events=ALL, digest="30m")
    for number in range(2):
        host.tasks.add(f"Task {number}")
    host.deliver()
    host.replace("slack", settings={**slack.as_bot, "events": ALL, "cards": False})
    pass_time(host, HOUR)

    assert [text.splitlines()[0] for text in told(slack)] == ["📋 2 notices"]
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}


def test_five_hundred_at_most_are_told_as_one_and_the_rest_after(bot_host, slack):
    host = bot_host(events=ALL, cards=False, digest="30m")
    for number in range(510):
        host.tasks.add(f"Task {number}")
    host.deliver()
    pass_time(host, HOUR, step=31 * MINUTE)

    assert [text.splitlines()[0] for text in told(slack)] == ["📋 500 notices", "📋 10 notices"]


# in line with the task's other news


@pytest.mark.parametrize("rule", [{"quiet": QUIET}, {"digest": "30m"}])
def test_a_notice_that_has_waited_makes_no_second_card_beside_what_happens_meanwhile(bot_host, slack, rule):
    host = bot_host(events=ALL, **rule)
    task = host.tasks.add("Ship it")
    host.deliver()
    slack.server.script(LOST)
    host.clock.advance(3 * HOUR)
    host.deliver()
    host.tasks.update(task.id, priority="critical")
    host.tasks.complete(task.id)
    pass_time(host, 25 * HOUR, step=10 * MINUTE)

    [root] = [each for each in slack.workspace.roots(CHANNEL) if "notice" not in each["text"]]
    assert "✅ Completed" in reading(root)
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}


def test_what_waited_for_two_things_is_told_on_one_card(bot_host, slack):
    soon = {"begin": "12:05", "end": "12:30", "timezone": "UTC"}
    routes = [{"when": "label == a", "digest": "30m"}, {"when": "label == b", "quiet": soon}]
    host = bot_host(events=ALL, routes=routes)
    task = host.tasks.add("Ship it", labels=["a"])
    host.clock.advance(6 * MINUTE)
    host.deliver()
    host.tasks.update(task.id, labels=["b"])
    host.tasks.block(task.id, "no key")
    pass_time(host, 2 * HOUR)

    [root] = slack.workspace.roots(CHANNEL)
    thread = "\n".join(map(reading, slack.workspace.thread(CHANNEL, root["ts"])))
    assert "Task created: Ship it" in thread
    assert "Task blocked: Ship it" in thread


def test_a_deleted_task_s_notice_is_told_all_the_same(bot_host, slack):
    host = bot_host(events=ALL, digest="30m")
    task = host.tasks.add("Ship it")
    host.tasks.delete(task.id)
    pass_time(host, HOUR)

    assert "Ship it" in "\n".join(told(slack))


@pytest.mark.parametrize("reply", [Reply(status=429, headers={"Retry-After": "300"}), Reply(status=503), LOST])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("cards", [True, False])
def test_what_was_begun_to_be_told_when_it_got_quiet_waits_as_well(bot_host, slack, reply, count, cards):
    soon = {"begin": "12:11", "end": "14:00", "timezone": "UTC"}
    host = bot_host(events=ALL, digest="10m", quiet=soon, cards=cards)
    for number in range(count):
        host.tasks.add(f"Task {number}")
    host.deliver()
    slack.server.script(reply)
    host.clock.advance(10 * MINUTE)
    host.deliver()
    before = len(slack.workspace.messages())
    pass_time(host, 100 * MINUTE)
    assert len(slack.workspace.messages()) == before

    pass_time(host, HOUR)
    assert [sum(f"Task {number}" in text for text in told(slack)) for number in range(count)] == [
        1 + (cards and count == 1)
    ] * count
