"""What Slack, the way to it and people do to a bot's messages: each is told once, and nothing else is held up."""

from datetime import timedelta

import pytest

from tm.testing import Reply, ScriptedServer
from tm_slack.message import REPEAT
from tm_slack.standin import CHANNEL, TOKEN, reading

LATER = timedelta(minutes=2)
ALL = ["created", "progress", "blocked", "completed", "urgent"]
LIMITS = [
    Reply(status=429, headers={"Retry-After": "7"}),
    Reply(status=429, body={"ok": False, "error": "ratelimited"}, headers={"Retry-After": "7"}),
    Reply(body={"ok": False, "error": "ratelimited"}),
    Reply(body={"ok": False, "error": "rate_limited"}),
    Reply(status=503, headers={"Retry-After": "7"}),
]


def deliver(host, *, times=1):
    """Passes, minutes apart."""
    for _ in range(times):
        host.deliver()
        host.clock.advance(LATER)


def told(slack, channel=CHANNEL):
    """First lines of what stands in a channel, cards included."""
    return [reading(each).splitlines()[0] for each in slack.workspace.messages(channel)]


def instead(slack, wanted, *replies):
    """Answer calls of this method like this, one after the other; the rest as ever. None: as ever, too."""
    passing, left = slack.workspace.answer, list(replies)

    def answer(method, request):
        reply = left.pop(0) if method == wanted and left else None
        if reply is None or reply.is_stored:
            answered = passing(method, request)
        else:
            slack.workspace.calls.append(method)
        return reply or answered

    slack.workspace.answer = answer


def states(host):
    return [row.state for row in host.deliveries("slack")]


# refused for the rate, and posted all the same or not


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("is_stored", [True, False])
@pytest.mark.parametrize("at", [0, 1])
def test_what_was_refused_for_its_rate_is_there_once(bot_host, slack, limit, is_stored, at):
    host = bot_host(events=ALL)
    instead(slack, "chat.postMessage", *[None] * at, limit.with_(is_stored=is_stored))
    host.tasks.add("Ship the parser")
    deliver(host, times=3)

    assert told(slack) == ["Ship the parser", "🆕 Task created: Ship the parser"]
    assert states(host) == ["delivered"]


@pytest.mark.parametrize("scopes", [set(), {"channels:history"}])
def test_what_was_refused_for_its_rate_is_no_repeat_where_nobody_can_look(bot_host, slack, scopes):
    slack.workspace.scopes -= scopes
    host = bot_host(events=ALL, cards=False, ambiguous="hold")
    slack.server.script(LIMITS[0])
    host.tasks.add("Ship the parser")
    deliver(host, times=2)

    assert told(slack) == ["🆕 Task created: Ship the parser"]
    assert states(host) == ["delivered"]


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_digest_refused_for_its_rate_is_there_once(bot_host, slack, is_stored):
    host = bot_host(events=ALL, cards=False, digest="1m")
    slack.server.script(LIMITS[0].with_(is_stored=is_stored))
    for number in range(3):
        host.tasks.add(f"Task {number}")
    deliver(host, times=4)

    assert told(slack) == ["📋 3 notices"]


def test_progress_refused_for_its_rate_that_is_old_by_then_is_not_told(bot_host, slack):
    host = bot_host(events=["progress"], cards=False)
    task = host.tasks.add("Ship the parser")
    slack.server.script(LIMITS[0])
    host.tasks.progress(task.id, "half way")
    deliver(host)
    host.clock.advance(timedelta(hours=2))
    deliver(host)

    assert told(slack) == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 1),
        ("7", 7),
        ("1.5", 1.5),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120),
        ("86400", 86_400),
        (None, 30),
        ("soon", 30),
    ],
)
@pytest.mark.parametrize("form", ["status", "word"])
def test_every_form_of_a_limit_holds_back_its_channel_and_no_other(bot_host, slack, header, seconds, form):
    host = bot_host(events=ALL, routes=[{"when": "team == web", "channel": "C0WEB"}])
    status, body = (429, b"") if form == "status" else (200, {"ok": False, "error": "ratelimited"})
    slack.server.script(Reply(status=status, body=body, headers={"Retry-After": header} if header else {}))
    for number, team in enumerate(["web", "web", "ops"]):
        host.tasks.add(f"Task {number}", team=team)
    host.deliver()
    due = [row.due_at - host.clock.now() for row in host.deliveries("slack") if row.state == "pending"]

    assert due == [timedelta(seconds=seconds)] * 2
    assert told(slack, "C0WEB") == []
    assert len(told(slack)) == 2
    assert len(slack.server.requests) == 3


# limits of other methods


def test_a_limit_on_changes_holds_back_no_reply(bot_host, slack):
    host = bot_host(events=ALL)
    task = host.tasks.add("Ship the parser")
    deliver(host)
    instead(slack, "chat.update", Reply(status=429, headers={"Retry-After": "60"}))
    host.tasks.block(task.id, "waiting")
    host.deliver()
    before = told(slack)
    deliver(host, times=2)

    assert before == ["Ship the parser", "🆕 Task created: Ship the parser", "🚫 Task blocked: Ship the parser"]
    assert told(slack) == before
    assert "Status: 🚫 Blocked" in reading(slack.workspace.roots(CHANNEL)[0])
    assert slack.workspace.calls.count("chat.update") == 2


def test_a_limit_on_look_ups_stops_look_ups_only_and_for_as_long_as_it_says(bot_host, slack):
    slack.workspace.members["alice@example.com"] = {"id": "U0ALICE"}
    host = bot_host(cards=False)
    instead(slack, "users.lookupByEmail", Reply(status=429, headers={"Retry-After": "60"}))
    for number in range(3):
        task = host.tasks.add(f"Task {number}", assignee="alice@example.com")
        host.tasks.block(task.id, "waiting")
        host.deliver()
        host.clock.advance(timedelta(seconds=25))

    assert slack.workspace.calls.count("users.lookupByEmail") == 1
    assert len(told(slack)) == 3
    host.clock.advance(timedelta(seconds=30))
    task = host.tasks.add("Task 3", assignee="alice@example.com")
    host.tasks.block(task.id, "waiting")
    host.deliver()
    assert "<@U0ALICE>" in str(slack.workspace.messages()[-1])


def test_a_limit_on_history_holds_back_what_is_looked_for_and_nothing_else(bot_host, slack):
    host = bot_host(events=ALL, cards=False)
    instead(slack, "conversations.history", Reply(status=429, headers={"Retry-After": "300"}))
    slack.server.script(*[Reply(fault="drop", is_stored=True)] * 2)
    host.tasks.add("Lost 1")
    host.tasks.add("Lost 2")
    deliver(host, times=2)
    host.tasks.add("Later")
    deliver(host)

    assert slack.workspace.calls.count("conversations.history") == 1
    assert states(host) == ["pending", "pending", "delivered"]
    deliver(host, times=3)
    assert told(slack) == [f"🆕 Task created: {title}" for title in ("Lost 1", "Lost 2", "Later")]
    assert set(states(host)) == {"delivered"}


def test_the_workspace_s_quota_stops_everything_for_an_hour(bot_host, slack):
    host = bot_host(events=ALL, cards=False, routes=[{"when": "team == web", "channel": "C0WEB"}])
    slack.server.script(Reply(body={"ok": False, "error": "message_limit_exceeded"}))
    host.tasks.add("Ship the parser")
    host.tasks.add("For the web", team="web")
    deliver(host, times=29)
    assert len(slack.server.requests) == 1

    deliver(host, times=2)
    assert set(states(host)) == {"delivered"}


# answers lost, and what may stand in the way of looking


@pytest.mark.parametrize("reply", [Reply(fault="drop"), Reply(status=500), Reply(body={"ok": False, "error": "x_y"})])
def test_a_change_of_unknown_fate_leaves_no_doubt_about_the_reply(bot_host, slack, reply):
    slack.workspace.scopes -= {"channels:history"}
    host = bot_host(events=ALL, ambiguous="hold")
    task = host.tasks.add("Ship the parser")
    deliver(host)
    slack.server.script(reply)
    host.tasks.block(task.id, "waiting")
    deliver(host, times=2)

    assert told(slack)[1:] == ["🆕 Task created: Ship the parser", "🚫 Task blocked: Ship the parser"]
    assert "Status: 🚫 Blocked" in reading(slack.workspace.roots(CHANNEL)[0])
    assert set(states(host)) == {"delivered"}


@pytest.mark.parametrize("fault", ["stall", "short", "trickle", "garbage", "unread"])
@pytest.mark.parametrize("is_stored", [True, False])
def test_whatever_breaks_the_answer_the_message_is_there_once(bot_host, slack, fault, is_stored):
    host = bot_host(events=ALL, cards=False, timeout="1s")
    slack.server.script(Reply(fault=fault, is_stored=is_stored, delay=timedelta(milliseconds=30)))
    host.tasks.add("Ship the parser")
    deliver(host, times=4)

    assert told(slack) == ["🆕 Task created: Ship the parser"]
    assert states(host) == ["delivered"]


@pytest.mark.parametrize(
    "answer", [{"ok": True}, {"ok": True, "channel": CHANNEL, "ts": 17.5}, {"ok": True, "ts": "1"}]
)
def test_an_answer_that_names_no_message_is_none(bot_host, slack, answer):
    host = bot_host(events=ALL, cards=False)
    slack.server.script(Reply(body=answer, is_stored=True))
    host.tasks.add("Ship the parser")
    host.deliver()
    [row] = host.deliveries("slack")
    deliver(host, times=2)

    assert (row.state, row.may_have_happened) == ("pending", True)
    assert told(slack) == ["🆕 Task created: Ship the parser"]


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_clock_that_differs_from_slack_s_hides_no_message(make_host, clock, minutes):
    from tm_slack import standin

    with standin.StandIn(now=lambda: clock.now() + timedelta(minutes=minutes)) as slack:
        host = make_host(webhook_url=None, **{**slack.as_bot, "events": ALL, "cards": False})
        slack.server.script(Reply(fault="drop", is_stored=True))
        host.tasks.add("Ship the parser")
        deliver(host, times=3)

        assert told(slack) == ["🆕 Task created: Ship the parser"]


@pytest.mark.parametrize(("ambiguous", "state", "count"), [("hold", "dead", 1), ("resend", "delivered", 2)])
def test_a_message_too_far_back_to_be_looked_for_is_left_to_the_settings(bot_host, slack, ambiguous, state, count):
    slack.workspace.page = 1
    host = bot_host(cards=False, ambiguous=ambiguous)
    task = host.tasks.add("Ship the parser")
    host.tasks.block(task.id, "waiting")
    slack.server.script(Reply(fault="drop", is_stored=True))
    host.deliver()
    for number in range(12):
        other = host.tasks.add(f"Other {number}")
        host.tasks.block(other.id, "waiting")
    deliver(host, times=2)

    [row] = [row for row in host.deliveries("slack") if row.task_id == task.id and row.event_type == "task.blocked"]
    found = [each for each in slack.workspace.messages() if "Ship the parser" in reading(each)]
    assert row.state == state
    assert [REPEAT in reading(each) for each in found] == [False, True][:count]


def test_where_the_app_may_post_but_not_read_the_settings_decide(bot_host, slack):
    slack.workspace.not_joined.add(CHANNEL)
    host = bot_host(events=ALL, cards=False, ambiguous="hold")
    slack.server.script(Reply(fault="drop", is_stored=True))
    host.tasks.add("Ship the parser")
    deliver(host, times=3)

    assert states(host) == ["dead"]
    assert told(slack) == ["🆕 Task created: Ship the parser"]


# where it goes


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("at", range(3))
def test_no_redirect_of_any_call_takes_the_token_along(bot_host, slack, status, at):
    host = bot_host(events=ALL)
    with ScriptedServer() as elsewhere:
        away = Reply(status=status, headers={"Location": f"{elsewhere.url}/api/chat.postMessage"})
        task = host.tasks.add("Ship the parser")
        for method in ("chat.postMessage", "chat.update", "conversations.replies")[at:]:
            instead(slack, method, away)
        deliver(host, times=2)
        host.tasks.block(task.id, "waiting")
        instead(slack, "chat.postMessage", Reply(fault="drop"))
        deliver(host, times=5)
        host.check("slack")

        assert elsewhere.requests == []
        assert len(told(slack)) == 3


def test_a_bot_asks_no_proxy_of_the_environment(monkeypatch, bot_host, slack):
    with ScriptedServer() as proxy:
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        host = bot_host(events=ALL)
        host.tasks.add("Ship the parser")
        deliver(host)

        assert proxy.requests == []
        assert states(host) == ["delivered"]


def test_a_configured_proxy_learns_slack_s_host_and_no_token(bot_host):
    with ScriptedServer() as proxy:
        proxy.script(*[Reply(status=502)] * 3)
        host = bot_host(events=ALL, base_url="https://slack.com/api/", proxy=proxy.url)
        host.tasks.add("Ship the parser")
        deliver(host)

        [request] = proxy.requests
        assert (request.method, request.path) == ("CONNECT", "slack.com:443")
        assert TOKEN not in str(request)
        assert [(row.state, row.may_have_happened) for row in host.deliveries("slack")] == [("pending", False)]


def test_a_person_s_card_is_painted_where_slack_put_it(bot_host, slack):
    host = bot_host(channel="U0ALICE", events=ALL)
    task = host.tasks.add("Ship the parser")
    deliver(host)
    host.tasks.block(task.id, "waiting")
    instead(slack, "chat.postMessage", Reply(fault="drop", is_stored=True))
    deliver(host, times=3)

    assert told(slack, "D0ALICE")[1:] == ["🆕 Task created: Ship the parser", "🚫 Task blocked: Ship the parser"]
    assert "Status: 🚫 Blocked" in reading(slack.workspace.roots("D0ALICE")[0])


@pytest.mark.parametrize("word", ["restricted_action", "restricted_action_something_new", "not_in_channel"])
def test_a_channel_that_is_restricted_in_whatever_way_sends_it_to_the_fallback(bot_host, slack, word):
    host = bot_host(events=ALL, cards=False, fallback="C0ALL")
    slack.server.script(Reply(body={"ok": False, "error": word}))
    host.tasks.add("Ship the parser")
    deliver(host)

    assert told(slack, "C0ALL")[0].startswith("Meant for")
    assert states(host) == ["delivered"]


def test_a_fallback_that_is_closed_too_ends_in_a_dead_letter(bot_host, slack):
    slack.workspace.archived |= {CHANNEL, "C0ALL"}
    host = bot_host(events=ALL, fallback="C0ALL")
    host.tasks.add("Ship the parser")
    deliver(host, times=3)

    assert states(host) == ["dead"]
    assert slack.workspace.calls.count("chat.postMessage") == 2


# what becomes of cards


@pytest.mark.parametrize("word", ["message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"])
def test_a_card_that_cannot_be_changed_any_more_gives_one_fresh_card(bot_host, slack, word):
    """A reinstalled app may not change what it posted before."""
    host = bot_host(events=ALL)
    task = host.tasks.add("Ship the parser")
    deliver(host)
    instead(slack, "chat.update", Reply(body={"ok": False, "error": word}))
    host.tasks.block(task.id, "waiting")
    deliver(host, times=3)
    host.tasks.unblock(task.id)
    deliver(host)
    [_, fresh] = slack.workspace.roots(CHANNEL)

    assert reading(fresh).splitlines()[1] != "Status: 🚫 Blocked"
    assert [reading(each).splitlines()[0] for each in slack.workspace.thread(CHANNEL, fresh["ts"])] == [
        "🚫 Task blocked: Ship the parser"
    ]


def test_a_card_that_is_gone_is_noticed_by_the_reply_too(bot_host, slack):
    host = bot_host(events=ALL)
    task = host.tasks.add("Ship the parser")
    deliver(host)
    [lost] = slack.workspace.roots(CHANNEL)
    slack.workspace.delete(CHANNEL, lost["ts"])
    for reply in slack.workspace.thread(CHANNEL, lost["ts"]):
        slack.workspace.delete(CHANNEL, reply["ts"])
    host.tasks.progress(task.id, "the card looks as before")
    host.tasks.progress(task.id, "and again")
    deliver(host, times=3)

    assert told(slack) == ["Ship the parser", *["📝 Progress: Ship the parser"] * 2]
    assert len(slack.workspace.roots(CHANNEL)) == 1


def test_a_channel_that_was_archived_and_restored_goes_on_with_its_card(bot_host, slack):
    host = bot_host(events=ALL)
    task = host.tasks.add("Ship the parser")
    deliver(host)
    slack.workspace.archived.add(CHANNEL)
    host.tasks.block(task.id, "waiting")
    deliver(host, times=3)
    slack.workspace.archived.clear()
    host.tasks.unblock(task.id)
    host.tasks.complete(task.id)
    deliver(host, times=3)

    [root] = slack.workspace.roots(CHANNEL)
    assert states(host)[1] == "dead"
    assert "Status: ✅ Completed" in reading(root)
    assert told(slack)[1:] == ["🆕 Task created: Ship the parser", "🎉 Task completed: Ship the parser"]


def test_a_task_completed_reopened_and_completed_again_has_one_card_that_is_right(bot_host, slack):
    host = bot_host(events=ALL)
    task = host.tasks.add("Ship the parser")
    shown = []
    for step in (host.tasks.complete, host.tasks.reopen, host.tasks.complete):
        step(task.id)
        deliver(host)
        shown.append(reading(slack.workspace.roots(CHANNEL)[0]).splitlines()[1])

    assert shown[0] == shown[2] == "Status: ✅ Completed"
    assert shown[1] != shown[0]
    assert len(slack.workspace.roots(CHANNEL)) == 1
    assert told(slack).count("🎉 Task completed: Ship the parser") == 2


def test_a_late_older_event_is_told_but_repaints_nothing(bot_host, slack):
    host = bot_host(events=ALL)
    task = host.tasks.add("Ship the parser")
    deliver(host)
    host.tasks.progress(task.id, "40 %")
    host.tasks.complete(task.id)
    slack.server.script(Reply(status=503))
    deliver(host, times=3)

    assert "Status: ✅ Completed" in reading(slack.workspace.roots(CHANNEL)[0])
    assert told(slack)[2:] == ["📝 Progress: Ship the parser", "🎉 Task completed: Ship the parser"]


# logins in between


BOTH = [
    {"when": "team == web", "channel": "C0WEB", "continue": True},
    {"when": "team == web", "channel": "C0ALL"},
]


def log_in(host, slack, **settings):
    """Set a new token, as a person does hours later."""
    host.clock.advance(timedelta(hours=3))
    slack.workspace.token = "xoxb-new"  # noqa: S105 - it opens nothing
    host.replace("slack", settings={**slack.as_bot, **settings, "token": slack.workspace.token})
    deliver(host, times=4)


@pytest.mark.parametrize("cards", [True, False])
def test_what_was_told_in_one_channel_is_not_told_again_when_another_wanted_a_login(bot_host, slack, cards):
    settings = {"events": ALL, "routes": BOTH, "cards": cards}
    host = bot_host(**settings)
    first = [None, None] if cards else [None]
    instead(slack, "chat.postMessage", *first, *[Reply(body={"ok": False, "error": "token_revoked"})] * 2)
    host.tasks.add("Ship the parser", team="web")
    deliver(host, times=2)
    assert host.health("slack").paused
    log_in(host, slack, **settings)

    expected = [*["Ship the parser"] * cards, "🆕 Task created: Ship the parser"]
    assert [told(slack, each) for each in ("C0WEB", "C0ALL")] == [expected, expected]
    assert states(host) == ["delivered"]


def test_a_doubt_outlives_another_channel_s_login(bot_host, slack):
    settings = {"events": ALL, "routes": BOTH, "cards": False}
    host = bot_host(**settings)
    revoked = Reply(body={"ok": False, "error": "token_revoked"})
    instead(slack, "chat.postMessage", Reply(fault="drop", is_stored=True), revoked)
    host.tasks.add("Ship the parser", team="web")
    host.deliver()
    slack.workspace.token = None
    deliver(host, times=2)
    assert host.health("slack").paused
    log_in(host, slack, **settings)

    assert [len(told(slack, each)) for each in ("C0WEB", "C0ALL")] == [1, 1]


@pytest.mark.parametrize("minutes", [0, 45])
@pytest.mark.parametrize("looks", [0, 1])
def test_what_was_lost_before_the_token_was_revoked_is_found_with_the_next_one(bot_host, slack, minutes, looks):
    settings = {"events": ALL, "cards": False}
    host = bot_host(**settings)
    slack.server.script(Reply(fault="drop", is_stored=True))
    host.tasks.add("Ship the parser")
    host.deliver()
    host.clock.advance(timedelta(minutes=minutes))
    nothing = Reply(body={"ok": True, "messages": [], "response_metadata": {"next_cursor": ""}})
    instead(slack, "conversations.history", *[nothing] * looks, Reply(body={"ok": False, "error": "token_revoked"}))
    deliver(host, times=3)
    assert host.health("slack").paused
    log_in(host, slack, **settings)

    assert told(slack) == ["🆕 Task created: Ship the parser"]
    assert states(host) == ["delivered"]
