"""What waits for a digest or for the end of quiet hours: told once, in peace, in the way, and never lost."""

from datetime import timedelta

import pytest

import tm_slack
from tm.testing import Host, Reply
from tm_slack.standin import CHANNEL, reading

ALL = ["created", "progress", "blocked", "completed", "urgent"]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# the clock of the tests starts at noon on a Sunday
QUIET = {"begin": "11:00", "end": "14:00", "timezone": "UTC"}
OTHER = "C0OTHER"
LOST = Reply(fault="drop", is_stored=True)


def told(slack, channel=CHANNEL):
    return [reading(each) for each in slack.workspace.messages(channel)]


def pass_time(host, whole, *, step=MINUTE):
    until = host.clock.now() + whole
    while host.clock.now() < until:
        host.clock.advance(step)
        host.deliver()


def both(first, second):
    """Two routes for every task, one after the other."""
    return [{"when": "status != cancelled", "continue": True, **first}, {"when": "status != cancelled", **second}]


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


# settings that change while something waits


def ROUTED(**routes):
    return [{"when": f"label == {label}", "channel": channel, "digest": "30m"} for label, channel in routes.items()]


def changed(host, slack, **settings):
    host.replace("slack", settings={**slack.as_bot, "events": ALL, "cards": False, **settings})


def test_a_notice_follows_its_route_to_another_channel(bot_host, slack):
    host = bot_host(events=ALL, cards=False, routes=ROUTED(a="C0OLD"))
    host.tasks.add("Ship it", labels=["a"])
    host.deliver()
    changed(host, slack, routes=ROUTED(a="C0NEW"))
    pass_time(host, HOUR)

    assert len(told(slack, "C0NEW")) == 1
    assert told(slack, "C0OLD") == told(slack) == []


def test_of_two_channels_only_the_one_that_changed_is_followed(bot_host, slack):
    host = bot_host(events=ALL, cards=False, routes=both({"channel": "C0OLD", "digest": "30m"}, {"channel": OTHER}))
    host.tasks.add("Ship it")
    host.deliver()
    changed(host, slack, routes=both({"channel": "C0NEW", "digest": "30m"}, {"channel": OTHER}))
    pass_time(host, HOUR)

    assert (len(told(slack, "C0NEW")), len(told(slack, OTHER)), told(slack)) == (1, 1, [])


@pytest.mark.parametrize("settings", [{"routes": [{"when": "label == a", "events": []}]}, {"events": ["blocked"]}])
def test_what_the_settings_want_told_nowhere_any_more_is_not_told(bot_host, slack, settings):
    host = bot_host(events=ALL, cards=False, routes=ROUTED(a="C0OLD"))
    host.tasks.add("Ship it", labels=["a"])
    host.deliver()
    changed(host, slack, **settings)
    pass_time(host, HOUR)

    assert slack.workspace.messages() == []
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}
    assert host.hub("slack").state.list("gathered:") == {}


@pytest.mark.parametrize("count", [1, 2])
def test_a_doubt_is_looked_into_where_it_arose_though_the_channel_has_changed(bot_host, slack, count):
    host = bot_host(events=ALL, cards=False, routes=ROUTED(a="C0OLD"))
    for _ in range(count):
        host.tasks.add("Ship it", labels=["a"])
    host.deliver()
    slack.server.script(LOST)
    pass_time(host, 31 * MINUTE, step=31 * MINUTE)
    changed(host, slack, routes=ROUTED(a="C0NEW"))
    pass_time(host, HOUR)

    assert len(told(slack, "C0OLD")) == len(slack.workspace.messages()) == 1


@pytest.mark.parametrize("after", [{"channel": "C0NEW"}, {"cards": True}])
def test_a_notice_in_doubt_is_looked_for_where_the_settings_of_then_had_it_told(bot_host, slack, after):
    host = bot_host(events=ALL, cards=False)
    slack.server.script(LOST)
    host.tasks.add("Ship it")
    host.deliver()
    changed(host, slack, **after)
    pass_time(host, 20 * MINUTE)

    assert len(slack.workspace.messages()) == 1
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}


@pytest.mark.parametrize("after", [{"channel": "C0NEW"}, {"cards": True}])
def test_what_was_not_told_by_the_settings_of_then_is_told_by_those_of_now(bot_host, slack, after):
    host = bot_host(events=ALL, cards=False)
    slack.server.script(Reply(fault="drop"))
    host.tasks.add("Ship it")
    host.deliver()
    changed(host, slack, **after)
    pass_time(host, 20 * MINUTE)

    assert sum("Task created: Ship it" in text for text in told(slack, after.get("channel", CHANNEL))) == 1


def test_a_late_notice_in_doubt_is_looked_for_though_cards_are_switched_on(bot_host, slack):
    host = bot_host(events=ALL, cards=False, digest="1m")
    host.tasks.add("Ship it")
    host.deliver()
    slack.server.script(LOST)
    pass_time(host, MINUTE)
    changed(host, slack, cards=True, digest="1m")
    pass_time(host, 20 * MINUTE)

    assert len(slack.workspace.messages()) == 1


def test_a_thread_that_waits_is_told_in_the_card_it_is_of(bot_host, slack):
    host = bot_host(routes=both({"channel": "C0WEB", "quiet": QUIET}, {}))
    task = host.tasks.add("Ship it", priority="critical")
    host.deliver()
    host.tasks.progress(task.id, "half way")
    host.deliver()
    host.replace("slack", settings=slack.as_bot)
    pass_time(host, 3 * HOUR, step=10 * MINUTE)

    for channel in ("C0WEB", CHANNEL):
        [root] = slack.workspace.roots(channel)
        assert sum("half way" in reading(each) for each in slack.workspace.thread(channel, root["ts"])) == 1


def test_a_card_that_is_gone_when_its_thread_has_waited_is_made_anew(bot_host, slack):
    host = bot_host(quiet=QUIET)
    task = host.tasks.add("Ship it", priority="critical")
    host.deliver()
    host.tasks.progress(task.id, "half way")
    host.deliver()
    slack.workspace.delete(CHANNEL, slack.workspace.roots(CHANNEL)[0]["ts"])
    pass_time(host, 3 * HOUR, step=10 * MINUTE)

    [root] = slack.workspace.roots(CHANNEL)
    assert "half way" in reading(slack.workspace.thread(CHANNEL, root["ts"])[-1])


# two rules for one channel


def test_a_channel_is_quiet_while_any_of_its_rules_is(bot_host, slack):
    early = {"begin": "11:00", "end": "12:30", "timezone": "UTC"}
    routes = [
        {"when": "label == a", "quiet": early},
        {"when": "label == b", "quiet": QUIET},
    ]
    host = bot_host(routes=routes)
    task = host.tasks.add("Ship it", priority="critical")
    host.deliver()
    host.tasks.progress(task.id, "half way")
    pass_time(host, HOUR)
    [root] = slack.workspace.roots(CHANNEL)
    assert len(slack.workspace.thread(CHANNEL, root["ts"])) == 1

    pass_time(host, 2 * HOUR)
    assert len(slack.workspace.thread(CHANNEL, root["ts"])) == 2


def test_a_digest_does_not_wait_for_the_quiet_hours_of_another_rule(bot_host, slack):
    routes = [{"when": "label == a", "digest": "30m", "quiet": QUIET}, {"when": "label == b", "digest": "30m"}]
    host = bot_host(events=ALL, cards=False, routes=routes)
    host.tasks.add("Quiet", labels=["a"])
    host.deliver()
    host.tasks.add("Free", labels=["b"])
    pass_time(host, HOUR)
    assert [("Free" in text, "Quiet" in text) for text in told(slack)] == [(True, False)]

    pass_time(host, 2 * HOUR)
    assert [("Free" in text, "Quiet" in text) for text in told(slack)] == [(True, False), (False, True)]


def test_nor_for_quiet_hours_that_begin_while_it_waits(bot_host, slack):
    soon = {"begin": "12:10", "end": "16:00", "timezone": "UTC"}
    routes = [{"when": "label == a", "digest": "30m", "quiet": soon}, {"when": "label == b", "digest": "30m"}]
    host = bot_host(events=ALL, cards=False, routes=routes)
    host.tasks.add("Quiet", labels=["a"])
    pass_time(host, 40 * MINUTE)
    host.tasks.add("Free", labels=["b"])
    pass_time(host, 40 * MINUTE)

    assert [("Free" in text, "Quiet" in text) for text in told(slack)] == [(True, False)]


def test_each_notice_of_a_digest_has_its_own_rule_s_fallback(bot_host, slack):
    routes = [
        {"when": "label == a", "fallback": "C0AAA"},
        {"when": "label == b", "fallback": "C0BBB"},
        {"when": "label == c"},
    ]
    host = bot_host(events=ALL, cards=False, digest="30m", routes=routes)
    slack.workspace.archived.add(CHANNEL)
    for label in "abc":
        host.tasks.add(f"Task {label}", labels=[label])
    pass_time(host, HOUR)

    assert [("Task a" in text, "Task b" in text) for text in told(slack, "C0AAA")] == [(True, False)]
    assert [("Task a" in text, "Task b" in text) for text in told(slack, "C0BBB")] == [(False, True)]
    [dead] = [row for row in host.deliveries("slack") if row.state == "dead"]
    slack.workspace.archived.clear()
    redeliver(host, dead.id)
    host.deliver()
    assert [[word in text for word in ("Task a", "Task b", "Task c")] for text in told(slack)] == [[False, False, True]]


def test_a_template_that_cannot_be_filled_spoils_no_digest(bot_host, slack):
    host = bot_host(events=ALL, cards=False, digest="30m", templates={"blocked": {"text": "{{ data.reason | round }}"}})
    task = host.tasks.add("Ship it")
    host.tasks.block(task.id, "no key")
    pass_time(host, HOUR)

    assert "no key" in told(slack)[0]


def test_what_was_posted_though_it_was_refused_for_its_rate_is_not_gathered_when_it_gets_quiet(bot_host, slack):
    soon = {"begin": "12:01", "end": "14:00", "timezone": "UTC"}
    host = bot_host(events=ALL, cards=False, quiet=soon)
    slack.server.script(Reply(status=429, headers={"Retry-After": "90"}, is_stored=True))
    host.tasks.add("Ship it")
    host.deliver()
    pass_time(host, 3 * HOUR)

    assert len(told(slack)) == 1


# whom it concerns


@pytest.mark.parametrize("rule", [{"skip_own": True}, {"routes": [{"when": "team == web", "events": []}]}])
def test_what_is_not_told_is_not_told_in_the_thread_of_a_card_either(bot_host, slack, rule):
    host = bot_host(**rule)
    task = host.tasks.add("Ship it", priority="critical")
    host.deliver()
    host.tasks.update(task.id, team="web", assignee="tester")
    host.tasks.progress(task.id, "half way")
    host.deliver()

    [root] = slack.workspace.roots(CHANNEL)
    assert len(slack.workspace.thread(CHANNEL, root["ts"])) == 1
    assert "In progress" in reading(root)


def test_own_acts_stay_out_of_the_thread_of_their_channel_whatever_other_routes_say(bot_host, slack):
    host = bot_host(routes=both({"channel": "C0WEB", "skip_own": True}, {"channel": OTHER}))
    task = host.tasks.add("Ship it", priority="critical")
    host.deliver()
    host.tasks.update(task.id, assignee="tester")
    host.tasks.progress(task.id, "half way")
    host.deliver()

    threads = {}
    for channel in ("C0WEB", OTHER):
        [root] = slack.workspace.roots(channel)
        threads[channel] = len(slack.workspace.thread(channel, root["ts"]))
    assert threads == {"C0WEB": 1, OTHER: 2}


def test_a_named_person_is_not_mentioned_for_what_they_did(make_host, slack):
    people = {"tester": {"slack": "U0ME"}, "alice": {"slack": "U012AB"}}
    host = make_host(people=people, mention=["tester", "alice", "U0ME"])
    task = host.tasks.add("Ship it")
    host.tasks.block(task.id, "no key")
    host.deliver()

    assert "<@U012AB>" in str(slack.messages[0])
    assert "U0ME" not in str(slack.messages[0])


def test_a_digest_over_three_days_is_refused(tmp_path, slack):
    table = {**slack.settings, "digest": "8d"}
    with Host(tmp_path, plugins={"slack": tm_slack}, settings={"slack": table}) as host:
        assert "digest must be at most 3d" in host.plugins["slack"].reason


@pytest.fixture(autouse=True)
def no_mistakes_of_ours(make_host, caplog):
    """What nobody scripted must not go wrong."""
    yield
    assert not [each for each in caplog.records if "RuntimeError" in str(each.__dict__.get("error", ""))]


def redeliver(host, delivery_id):
    from tm.clock import stamp
    from tm.service.steering import redeliver as put_back

    put_back(host.database, [delivery_id], at=stamp(host.clock.now()))


# what a second trial found


@pytest.mark.parametrize("reply", [Reply(status=429, headers={"Retry-After": "300"}), Reply(fault="drop")])
def test_no_urgent_notice_waits_behind_a_late_one_of_its_task_when_it_gets_quiet(bot_host, slack, reply):
    soon = {"begin": "12:11", "end": "18:00", "timezone": "UTC"}
    host = bot_host(events=ALL, digest="10m", quiet=soon)
    task = host.tasks.add("Ship it")
    host.deliver()
    slack.server.script(reply)
    pass_time(host, 15 * MINUTE)
    host.tasks.update(task.id, priority="critical")
    pass_time(host, 15 * MINUTE)
    assert "🚨 Urgent task: Ship it" in "\n".join(told(slack))

    pass_time(host, 6 * HOUR, step=10 * MINUTE)
    assert sum("Task created: Ship it" in text for text in told(slack)) == 1


def test_a_wake_in_doubt_takes_no_other_notice_for_the_one_it_looks_for(bot_host, slack):
    routes = [
        {"when": "event == created", "continue": True, "channel": CHANNEL, "digest": "10m"},
        {"when": "event == created", "channel": OTHER, "digest": "10m"},
        {"when": "event == blocked", "channel": CHANNEL, "digest": "20m"},
    ]
    host = bot_host(events=ALL, routes=routes)
    task = host.tasks.add("Ship it")
    host.tasks.block(task.id, "no key")
    host.deliver()
    passing, until = slack.workspace.answer, host.clock.now() + 26 * MINUTE

    def answer(method, request):
        is_dropped = method == "chat.postMessage" and OTHER in str(request.body) and host.clock.now() < until
        return Reply(fault="drop") if is_dropped else passing(method, request)

    slack.workspace.answer = answer
    pass_time(host, 2 * HOUR)

    [root] = slack.workspace.roots(CHANNEL)
    thread = "\n".join(map(reading, slack.workspace.thread(CHANNEL, root["ts"])))
    assert "Task created" in thread
    assert "Task blocked" in thread
    assert len(slack.workspace.roots(OTHER)) == 1


def test_a_channel_that_takes_nothing_holds_no_other_s_late_notice(bot_host, slack):
    host = bot_host(events=ALL, digest="10m", routes=both({"channel": "C0AAA"}, {"channel": OTHER}))
    slack.workspace.archived.add("C0AAA")
    task = host.tasks.add("Ship it")
    pass_time(host, HOUR)
    host.tasks.progress(task.id, "half way")
    pass_time(host, HOUR)

    text = "\n".join(told(slack, OTHER))
    assert "Task created: Ship it" in text
    assert "half way" in text


def test_a_card_that_goes_while_its_reply_was_limited_is_made_anew(bot_host, slack):
    host = bot_host()
    task = host.tasks.add("Ship it")
    host.tasks.block(task.id, "one")
    host.deliver()
    host.tasks.unblock(task.id)
    host.tasks.block(task.id, "two")
    host.deliver()
    host.tasks.unblock(task.id)
    host.deliver()
    host.tasks.block(task.id, "three")
    passing, limits = slack.workspace.answer, [1]

    def answer(method, request):
        if method == "chat.postMessage" and limits[0]:
            limits[0] = 0
            return Reply(status=429, headers={"Retry-After": "30"})
        return passing(method, request)

    slack.workspace.answer = answer
    host.deliver()
    slack.workspace.delete(CHANNEL, slack.workspace.roots(CHANNEL)[0]["ts"])
    pass_time(host, 10 * MINUTE)

    assert {row.state for row in host.deliveries("slack")} == {"delivered"}
    [root] = slack.workspace.roots(CHANNEL)
    assert "three" in reading(slack.workspace.thread(CHANNEL, root["ts"])[-1])


@pytest.mark.parametrize("reply", [LOST, Reply(status=500, is_stored=True)])
def test_a_card_whose_change_was_made_though_its_answer_was_lost_is_painted_back(bot_host, slack, reply):
    host = bot_host(events=["created"], broadcast=[])
    task = host.tasks.add("Ship it")
    host.deliver()
    host.tasks.block(task.id, "no key")
    slack.server.script(reply)
    host.deliver()
    host.tasks.unblock(task.id)
    pass_time(host, 10 * MINUTE)

    [root] = slack.workspace.roots(CHANNEL)
    assert "Pending" in reading(root)


def test_hundreds_of_thread_notices_of_a_deleted_task_are_all_told(bot_host, slack):
    host = bot_host(quiet=QUIET)
    task = host.tasks.add("Ship it", priority="critical")
    host.deliver()
    for number in range(510):
        host.tasks.progress(task.id, f"step {number}")
    host.deliver()
    host.clock.advance(2 * HOUR)
    slack.server.script(Reply(status=429, headers={"Retry-After": "60"}))
    host.deliver()
    host.tasks.delete(task.id)
    pass_time(host, HOUR)

    headlines = [text.splitlines()[0] for text in told(slack) if "notices" in text]
    assert headlines == ["📋 500 notices", "📋 10 notices"]
    assert host.hub("slack").state.list("gathered:") == {}


@pytest.mark.parametrize("cards", [True, False])
def test_two_digests_of_the_same_that_now_lead_to_one_channel_are_told_once(bot_host, slack, cards):
    first = both({"channel": "C0AAA", "digest": "10m"}, {"channel": OTHER, "digest": "10m"})
    host = bot_host(events=ALL, cards=cards, routes=first)
    for number in range(2):
        host.tasks.add(f"Task {number}")
    host.deliver()
    changed(host, slack, cards=cards, channel="C0DDD")
    pass_time(host, HOUR)

    assert [text.splitlines()[0] for text in told(slack, "C0DDD")] == ["📋 2 notices"]


def posts(slack, *replies):
    """Answer posts like this, one after the other, and as ever after that; a stored one is there."""
    passing, left = slack.workspace.answer, list(replies)

    def answer(method, request):
        reply = left.pop(0) if method == "chat.postMessage" and left else None
        answered = passing(method, request) if reply is None or reply.is_stored else Reply()
        return reply or answered

    slack.workspace.answer = answer


def test_a_late_notice_found_in_one_channel_stands_for_no_other_channel_s(bot_host, slack):
    host = bot_host(events=ALL, digest="10m", routes=both({"channel": CHANNEL}, {"channel": OTHER}))
    host.tasks.add("Ship it")
    host.deliver()
    host.clock.advance(10 * MINUTE)
    posts(slack, LOST, Reply(fault="drop"), Reply(status=500, is_stored=True))
    host.deliver()
    pass_time(host, 30 * MINUTE)

    for channel in (CHANNEL, OTHER):
        assert sum("Task created: Ship it" in text for text in told(slack, channel)) == 1


@pytest.mark.parametrize("cannot_look", [(), (Reply(status=500),), (Reply(status=500), LOST)])
def test_a_card_that_was_made_though_slack_refused_it_stays_the_task_s_when_it_gets_quiet(bot_host, slack, cannot_look):
    soon = {"begin": "12:11", "end": "14:00", "timezone": "UTC"}
    host = bot_host(events=ALL, digest="10m", quiet=soon)
    task = host.tasks.add("Ship it")
    host.deliver()
    slack.server.script(Reply(status=503, is_stored=True), *cannot_look)
    pass_time(host, HOUR)
    host.tasks.progress(task.id, "half way")
    pass_time(host, 3 * HOUR)

    [card] = [text for text in told(slack) if "Status:" in text]
    assert "In progress" in card
    assert sum("Task created: Ship it" in text for text in told(slack)) == 1


def test_a_card_that_had_no_turn_before_is_made_once_though_slack_refuses_it_and_makes_it(bot_host, slack):
    full = Reply(status=429, headers={"Retry-After": "60"}, is_stored=True)
    host = bot_host(events=["urgent"], routes=both({"channel": OTHER}, {"channel": CHANNEL}))
    posts(slack, full)
    host.tasks.add("First", priority="critical")
    host.deliver()
    posts(slack, LOST)
    host.tasks.add("Ship it", priority="critical")
    host.deliver()
    posts(slack, full, full)
    pass_time(host, HOUR)

    for channel in (OTHER, CHANNEL):
        assert sum("Ship it" in text and "Status:" in text for text in told(slack, channel)) == 1
