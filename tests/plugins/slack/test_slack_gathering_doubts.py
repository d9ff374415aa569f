"""What waits amid faults: in doubt, refused and made all the same, with more than one gathering under way."""

import pytest
from tests.plugins.slack.waiting import ALL, HOUR, LOST, MINUTE, OTHER, QUIET, both, changed, pass_time, posts, told

from tm.testing import Reply
from tm_slack.standin import CHANNEL, reading


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
