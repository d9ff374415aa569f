"""What waits while the settings change, under two rules of one channel, and for those whom it concerns."""

import pytest
from tests.plugins.slack.waiting import ALL, HOUR, LOST, MINUTE, OTHER, QUIET, both, changed, pass_time, redeliver, told

import tm_slack
from tm.testing import Host, Reply
from tm_slack.standin import CHANNEL, reading

# settings that change while something waits


def ROUTED(**routes):
    return [{"when": f"label == {label}", "channel": channel, "digest": "30m"} for label, channel in routes.items()]


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
