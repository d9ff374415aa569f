"""A channel's lane: Slack's pace, urgent first, nobody else overtaken; storms and digests become one message."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tm_slack
from tm.testing import Host, Reply
from tm_slack import standin
from tm_slack.lanes import PATIENCE, Lane, ask
from tm_slack.standin import CHANNEL, reading

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PACE = timedelta(seconds=1.1)
ALL = ["created", "progress", "blocked", "completed", "urgent"]


def seconds(number):
    return timedelta(seconds=number)


def told(slack, channel=CHANNEL):
    """The first line of each message, apart from the time it is from when it comes late."""
    return [
        next(each for each in reading(message).splitlines() if " UTC" not in each)
        for message in slack.workspace.messages(channel)
    ]


def run(host, until, *, step=0.1):
    """Let time pass in small steps until this holds."""
    for _ in range(20_000):
        host.deliver()
        if until():
            return
        host.clock.advance(seconds(step))
    raise AssertionError("it never came true")


# the rule


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=60))
def test_turns_keep_the_pace_and_the_order_whoever_asks_when(asked):
    lane, now, went = Lane(NOW), NOW, []
    waiting = {}
    for number, (after, is_urgent) in enumerate(asked):
        waiting[f"{number}"] = (now, is_urgent, number)
        until = now + seconds(after / 10)
        while True:
            due = sorted((at, n, key) for key, (at, _, n) in waiting.items() if at <= until)
            if not due:
                break
            now, n, key = due[0]
            turn = ask(lane, key, now=now, pace=PACE, is_urgent=waiting[key][1])
            lane = turn.lane
            if turn.after is None:
                went.append((now, waiting.pop(key)[1], n))
            else:
                waiting[key] = (now + turn.after, waiting[key][1], n)
        now = until
    times = [at for at, _, _ in went]
    calm = [n for _, is_urgent, n in went if not is_urgent]

    assert all(later - earlier >= PACE for earlier, later in itertools.pairwise(times))
    assert calm == sorted(calm)


def test_who_does_not_come_when_it_is_its_turn_holds_up_nobody_for_long():
    lane = ask(Lane(NOW + PACE), "dropped", now=NOW, pace=PACE).lane
    lane = ask(lane, "next", now=NOW, pace=PACE).lane
    late = NOW + PACE + PATIENCE + seconds(1)

    assert ask(lane, "next", now=late, pace=PACE).after is None


# in a hub


@pytest.fixture
def paced(clock):
    """A stand-in that refuses what comes faster than Slack allows, by the clock of the host."""
    with standin.StandIn(pace=1.0, monotonic=clock.monotonic, now=clock.now) as slack:
        yield slack


@pytest.fixture
def paced_host(tmp_path, paced, clock):
    def make(**settings):
        table = {**paced.as_bot, "pace": 1.1, "cards": False, "events": ALL, **settings}
        return Host(tmp_path, plugins={"slack": tm_slack}, settings={"slack": table}, clock=clock)

    return make


def test_a_channel_gets_its_messages_at_slack_s_pace_in_their_order(paced_host, paced):
    with paced_host() as host:
        for number in range(6):
            host.tasks.add(f"Task {number}")
        start = host.clock.now()
        run(host, lambda: len(told(paced)) == 6)
        took = host.clock.now() - start

    assert told(paced) == [f"🆕 Task created: Task {number}" for number in range(6)]
    assert seconds(5.5) <= took <= seconds(8)
    assert paced.workspace.calls.count("chat.postMessage") == 6


def test_an_urgent_notice_goes_first(paced_host, paced):
    with paced_host() as host:
        for number in range(10):
            host.tasks.add(f"Task {number}")
        host.deliver()
        host.tasks.add("Fire", priority="critical")
        start = host.clock.now()
        run(host, lambda: "🚨 Urgent task: Fire" in told(paced))

        assert host.clock.now() - start <= seconds(2.2)
        run(host, lambda: len(told(paced)) == 11)


def test_a_busy_channel_holds_back_no_other(paced_host, paced):
    with paced_host(routes=[{"when": "team == web", "channel": "C0WEB"}]) as host:
        for number in range(5):
            host.tasks.add(f"Task {number}")
        host.tasks.add("For the web", team="web")
        host.deliver()

    assert told(paced, "C0WEB") == ["🆕 Task created: For the web"]


def test_a_storm_becomes_one_message_with_what_matters_most_on_top(paced_host, paced):
    with paced_host(storm=5) as host:
        for number in range(60):
            host.tasks.add(f"Task {number}")
        task = host.tasks.add("Stuck")
        host.tasks.block(task.id, "no key")
        run(host, lambda: {row.state for row in host.deliveries("slack")} == {"delivered"})

    digest = next(text for text in map(reading, paced.workspace.messages()) if "notices" in text)
    assert len(paced.workspace.messages()) <= 8
    assert digest.splitlines()[2:4] == ["🚫 Task blocked: Stuck", "no key"]
    assert digest.splitlines()[-1].startswith("and 46 more: Task")
    singles = sum("notices" not in text for text in told(paced))
    gathered = sum(int(text.split()[1]) for text in told(paced) if "notices" in text)
    assert singles + gathered == 62


@pytest.mark.parametrize("cards", [False, True])
@pytest.mark.parametrize("storm", [0, 20])
def test_an_urgent_notice_behind_five_hundred_others_leaves_within_two_intervals(paced_host, paced, cards, storm):
    with paced_host(cards=cards, storm=storm) as host:
        for number in range(500):
            host.tasks.add(f"Task {number}")
        for _ in range(30):
            host.deliver()
            host.clock.advance(seconds(0.1))
        host.tasks.add("Fire", priority="critical")
        start = host.clock.now()
        run(host, lambda: "🚨 Urgent task: Fire" in told(paced))

        assert host.clock.now() - start <= seconds(2.2)


def test_slack_s_word_to_wait_stops_the_lane(paced_host, paced):
    paced.server.script(Reply(status=429, headers={"Retry-After": "60"}))
    with paced_host() as host:
        for number in range(3):
            host.tasks.add(f"Task {number}")
        run(host, lambda: host.clock.now() - NOW > seconds(50) or len(told(paced)) == 3)
        assert told(paced) == []
        run(host, lambda: len(told(paced)) == 3)

    assert paced.workspace.calls.count("chat.postMessage") == 3


def test_by_webhook_the_pace_is_the_same(paced, clock, tmp_path):
    table = {**paced.settings, "pace": 1.1, "events": ALL}
    with Host(tmp_path, plugins={"slack": tm_slack}, settings={"slack": table}, clock=clock) as host:
        for number in range(4):
            host.tasks.add(f"Task {number}")
        run(host, lambda: len(paced.messages) == 4)

    assert len(paced.server.requests) == 4


# digests, quiet hours, age


def test_a_digest_gathers_for_its_window_and_urgent_notices_do_not_wait(bot_host, slack):
    host = bot_host(cards=False, events=ALL, digest="15m")
    for number in range(3):
        host.tasks.add(f"Task {number}")
    host.tasks.add("Fire", priority="critical")
    host.deliver()
    assert told(slack) == ["🚨 Urgent task: Fire"]

    host.clock.advance(timedelta(minutes=14))
    host.deliver()
    assert len(told(slack)) == 1

    host.clock.advance(timedelta(minutes=2))
    host.deliver()
    digest = reading(slack.workspace.messages()[-1]).splitlines()
    assert digest[:2] == ["📋 3 notices", "3 created"]
    assert [line for line in digest if "created:" in line] == [f"🆕 Task created: Task {n}" for n in (2, 1, 0)]


@pytest.mark.parametrize("fault", [Reply(fault="drop", is_stored=True), Reply(fault="drop")])
def test_a_digest_whose_answer_was_lost_is_sent_once(bot_host, slack, fault):
    host = bot_host(cards=False, events=ALL, digest="15m")
    for number in range(3):
        host.tasks.add(f"Task {number}")
    host.deliver()
    host.clock.advance(timedelta(minutes=16))
    slack.server.script(fault)
    host.deliver()
    host.tasks.add("One more")
    for _ in range(4):
        host.clock.advance(timedelta(minutes=1))
        host.deliver()
    host.clock.advance(timedelta(minutes=20))
    host.deliver()

    assert told(slack) == ["📋 3 notices", "🆕 Task created: One more"]


def test_in_quiet_hours_only_urgent_notices_are_told_and_the_rest_after(bot_host, slack):
    quiet = {"begin": "12:00", "end": "14:00", "timezone": "UTC"}
    host = bot_host(cards=False, events=ALL, quiet=quiet)
    host.clock.advance(timedelta(hours=12 - host.clock.now().hour + 24, minutes=30))
    host.tasks.add("Calm")
    host.tasks.add("Fire", priority="critical")
    host.deliver()
    assert told(slack) == ["🚨 Urgent task: Fire"]

    host.clock.advance(timedelta(hours=2))
    host.deliver()
    assert told(slack) == ["🚨 Urgent task: Fire", "🆕 Task created: Calm"]


def test_waits_are_as_long_as_they_were_meant_to_be_when_the_clock_is_set_back(paced_host, paced):
    with paced_host() as host:
        host.clock.advance(timedelta(days=1))
        host.tasks.add("Told with the clock a day ahead")
        host.deliver()
        host.clock.advance(timedelta(days=-1))
        host.tasks.add("Told by the right one")
        start = host.clock.now()
        run(host, lambda: len(told(paced)) == 2)

    assert host.clock.now() - start <= seconds(2.2)


def test_progress_that_is_old_by_now_is_not_told_but_everything_else_is(bot_host, slack):
    host = bot_host(cards=False, events=ALL)
    task = host.tasks.add("Ship the parser")
    host.tasks.progress(task.id, "half way")
    host.tasks.block(task.id, "no key")
    host.clock.advance(timedelta(hours=30))
    host.deliver()

    assert told(slack) == ["🆕 Task created: Ship the parser", "🚫 Task blocked: Ship the parser"]
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}
