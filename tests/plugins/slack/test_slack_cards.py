"""With a token: one card per task and channel, its events in its thread, whatever Slack does in between."""

from datetime import timedelta

import pytest

from tm.store.ledger import Ledger
from tm.testing import Reply, ScriptedServer
from tm_slack.standin import CHANNEL, reading

LATER = timedelta(minutes=2)
ALL = ["created", "progress", "blocked", "completed", "urgent"]


@pytest.fixture
def host(bot_host):
    return bot_host(events=ALL)


def deliver(host, *, times=1):
    """Passes, minutes apart."""
    for _ in range(times):
        host.deliver()
        host.clock.advance(LATER)


def roots(slack, channel=CHANNEL):
    return slack.workspace.roots(channel)


def thread(slack, channel=CHANNEL):
    """First lines of what stands in the thread of the channel's only card."""
    [root] = roots(slack, channel)
    return [reading(each).splitlines()[0] for each in slack.workspace.thread(channel, root["ts"])]


def live(host):
    task = host.tasks.add("Ship the parser", assignee="alice")
    host.tasks.progress(task.id, "half way")
    host.tasks.block(task.id, "waiting for the API key")
    host.tasks.unblock(task.id)
    host.tasks.complete(task.id, summary="done")
    host.tasks.feedback(task.id, quality=4)
    return task


STORY = [
    "🆕 Task created: Ship the parser",
    "📝 Progress: Ship the parser",
    "🚫 Task blocked: Ship the parser",
    "🎉 Task completed: Ship the parser",
    "⭐ Task rated: Ship the parser",
]


def test_a_task_has_one_card_with_its_events_in_the_thread_in_their_order(host, slack):
    live(host)
    deliver(host)

    assert thread(slack) == STORY
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}


def test_the_card_shows_how_the_task_is_now(host, slack):
    task = host.tasks.add("Ship the parser", assignee="alice", priority="high")
    deliver(host)
    before = reading(roots(slack)[0])
    host.tasks.block(task.id, "waiting for the API key")
    deliver(host)
    [card] = roots(slack)

    assert "Status: ⚪ Pending" in before
    assert reading(card).splitlines() == [
        "Ship the parser",
        "Status: 🚫 Blocked",
        "Assignee: alice",
        "Priority: high",
        "Reason: waiting for the API key",
        task.id,
    ]
    assert card["attachments"][0]["color"] == "#DAA038"


def test_many_events_at_once_paint_the_card_once(host, slack):
    live(host)
    deliver(host)

    assert slack.workspace.calls.count("chat.update") == 0
    assert "Status: ✅ Completed" in reading(roots(slack)[0])


def test_an_older_event_never_repaints_a_newer_card(host, slack):
    task = live(host)
    deliver(host)
    old = next(event for event in host.events() if event.type == "task.progressed")
    host.plugins["slack"].hooks["on_progress"](event=old, hub=host.hub("slack"))

    assert "Status: ✅ Completed" in reading(roots(slack)[0])
    assert slack.workspace.calls.count("chat.update") == 0
    assert task.id in reading(roots(slack)[0])


def test_links_of_every_plugin_stand_on_the_card(bot_host, slack):
    host = bot_host(events=["created"])
    task = host.tasks.add("Ship the parser")
    hub = host.hub("slack")
    hub.links.save(
        task.id, kind="issue", outside_id="1", key="PROJ-7", url="https://jira.example.com/PROJ-7", title="Parser"
    )
    hub.links.save(task.id, kind="branch", outside_id="b", key="feature/x", detail="3 files, +10 −2")
    deliver(host)

    assert "branch: feature/x (3 files, +10 −2) · issue: PROJ-7 Parser" in reading(roots(slack)[0])


def test_what_happens_to_a_task_without_a_card_is_not_told_unless_a_rule_says_so(bot_host, slack):
    host = bot_host()
    task = host.tasks.add("Ship the parser")
    host.tasks.progress(task.id, "half way")
    deliver(host)
    assert slack.workspace.messages() == []

    host.tasks.block(task.id, "waiting")
    host.tasks.progress(task.id, "asked again")
    deliver(host)

    assert thread(slack) == ["🚫 Task blocked: Ship the parser", "📝 Progress: Ship the parser"]


def test_the_thread_says_only_what_is_wanted_there(bot_host, slack):
    host = bot_host(thread=["completed"])
    task = host.tasks.add("Ship the parser")
    host.tasks.block(task.id, "waiting")
    host.tasks.progress(task.id, "asked again")
    deliver(host)

    assert thread(slack) == ["🚫 Task blocked: Ship the parser"]


def test_blocked_and_urgent_are_shown_in_the_channel_too_but_not_with_the_card_they_made(host, slack):
    task = host.tasks.add("Ship the parser")
    host.tasks.block(task.id, "waiting")
    host.tasks.unblock(task.id)
    deliver(host)
    [card] = roots(slack)
    shown = [each.get("reply_broadcast", False) for each in slack.workspace.thread(CHANNEL, card["ts"])]

    assert shown == [False, True]


def test_a_task_told_in_two_channels_has_a_card_in_each(bot_host, slack):
    host = bot_host(routes=[
        {"when": "team == web", "channel": "C0WEB", "continue": True},
        {"when": "priority == critical", "channel": "C0URGENT", "events": ["urgent"]},
    ])  # fmt: skip
    host.tasks.add("Ship the parser", team="web", priority="critical")
    deliver(host)

    assert [len(roots(slack, each)) for each in ("C0WEB", "C0URGENT", CHANNEL)] == [1, 1, 0]


def test_without_cards_a_notice_stands_by_itself(bot_host, slack):
    host = bot_host(cards=False, events=ALL)
    live(host)
    deliver(host)

    assert [reading(each).splitlines()[0] for each in roots(slack)] == STORY


# what Slack may do in between


IN_THE_DARK = [
    Reply(fault="drop", is_stored=True),
    Reply(fault="reset", is_stored=True),
    Reply(body="<html>Please log in</html>", is_stored=True),
    Reply(body="", is_stored=True),
    Reply(body={"ok": True}, is_stored=True),
    Reply(body=[1, 2], is_stored=True),
    Reply(body="{}", headers={"Content-Type": "application/json; charset=martian"}, is_stored=True),
    Reply(status=502, body="<html>", is_stored=True),
    Reply(status=302, headers={"Location": "http://127.0.0.1:9/"}, is_stored=True),
    Reply(body={"ok": False, "error": "internal_error"}, is_stored=True),
    Reply(body={"ok": False, "error": "fatal_error"}, is_stored=True),
]


@pytest.mark.parametrize("reply", IN_THE_DARK)
@pytest.mark.parametrize("at", [0, 1])
def test_a_message_whose_answer_was_lost_is_found_and_not_sent_again(host, slack, reply, at):
    host.tasks.add("Ship the parser")
    _script_at(slack, at, reply)
    deliver(host, times=3)

    assert thread(slack) == STORY[:1]
    assert [row.state for row in host.deliveries("slack")] == ["delivered"]


@pytest.mark.parametrize("at", [0, 1])
def test_a_message_that_never_arrived_is_looked_for_twice_and_then_sent(host, slack, at):
    host.tasks.add("Ship the parser")
    _script_at(slack, at, Reply(fault="drop"))
    deliver(host, times=2)
    assert len(slack.workspace.messages()) == at
    deliver(host, times=2)

    assert thread(slack) == STORY[:1]
    assert sum("conversations" in each for each in slack.workspace.calls) == 2


def _script_at(slack, at, reply):
    """Answer like this once so many messages were posted."""
    if at == 0:
        slack.server.script(reply)
        return
    passing, waiting = slack.workspace.answer, [reply]

    def answer(method, request):
        answered = passing(method, request)
        if waiting and slack.workspace.calls.count("chat.postMessage") == at:
            slack.server.script(waiting.pop())
        return answered

    slack.workspace.answer = answer


def test_without_the_scope_to_look_the_settings_decide(bot_host, slack):
    slack.workspace.scopes -= {"channels:history"}
    for ambiguous, state, count in (("hold", "dead", 1), ("resend", "delivered", 2)):
        host = bot_host(cards=False, events=ALL, ambiguous=ambiguous)
        host.tasks.add(f"By {ambiguous}")
        slack.server.script(Reply(fault="drop", is_stored=True))
        deliver(host, times=3)

        [row] = host.deliveries("slack")
        told = [each for each in slack.workspace.messages() if ambiguous in reading(each)]
        assert (row.state, len(told)) == (state, count)
    assert "Repeat" in reading(told[1])


@pytest.mark.parametrize("closed", ["deleted", "edit window"])
def test_a_card_that_is_gone_gives_one_fresh_card(host, slack, closed):
    task = host.tasks.add("Ship the parser")
    deliver(host)
    [lost] = roots(slack)
    if closed == "deleted":
        slack.workspace.delete(CHANNEL, lost["ts"])
    else:
        slack.workspace.closed_to_edits.add(lost["ts"])
    host.tasks.block(task.id, "waiting")
    host.tasks.progress(task.id, "asked again")
    deliver(host)
    [fresh] = [each for each in roots(slack) if each["ts"] != lost["ts"]]

    assert [reading(each).splitlines()[0] for each in slack.workspace.thread(CHANNEL, fresh["ts"])] == [
        "🚫 Task blocked: Ship the parser",
        "📝 Progress: Ship the parser",
    ]
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}


def test_what_finds_the_card_gone_while_others_have_their_turn_is_told_in_the_fresh_one(bot_host, clock, slack):
    host = bot_host(events=["blocked"], pace=1.1)
    task = host.tasks.add("Ship the parser")
    host.tasks.block(task.id, "waiting")
    deliver(host, times=5)
    [lost] = roots(slack)
    slack.workspace.delete(CHANNEL, lost["ts"])
    other = host.tasks.add("Takes the turn")
    host.tasks.block(other.id, "waiting")
    host.tasks.progress(task.id, "asked again")
    deliver(host, times=5)
    fresh = next(each for each in roots(slack) if reading(each).startswith("Ship the parser"))

    assert [reading(each).splitlines()[0] for each in slack.workspace.thread(CHANNEL, fresh["ts"])] == [
        "📝 Progress: Ship the parser"
    ]


def test_cards_that_are_removed_as_fast_as_they_are_made_end_in_a_dead_letter(host, slack):
    task = host.tasks.add("Ship the parser")
    deliver(host)
    passing = slack.workspace.answer

    def answer(method, request):
        if method == "chat.update" or "thread_ts" in str(request.body):
            return Reply(body={"ok": False, "error": "message_not_found"})
        return passing(method, request)

    slack.workspace.answer = answer
    host.tasks.block(task.id, "waiting")
    deliver(host, times=3)

    assert [row.state for row in host.deliveries("slack")][-1] == "dead"
    assert len(roots(slack)) <= 3


@pytest.mark.parametrize("closed", ["gone", "archived"])
def test_a_notice_for_a_closed_channel_goes_to_the_fallback_once_and_says_so(bot_host, slack, closed):
    getattr(slack.workspace, closed).add("C0WEB")
    host = bot_host(channel="C0WEB", fallback="C0ALL")
    task = host.tasks.add("Ship the parser")
    host.tasks.block(task.id, "waiting")
    deliver(host, times=3)

    [told] = slack.workspace.messages("C0ALL")
    assert reading(told).startswith("Meant for <#C0WEB>") or "Meant for" in reading(told)
    assert "Task blocked" in reading(told)
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}


def test_without_a_fallback_it_is_a_dead_letter_that_names_the_channel(bot_host, slack):
    slack.workspace.archived.add("C0WEB")
    host = bot_host(channel="C0WEB")
    task = host.tasks.add("Ship the parser")
    host.tasks.block(task.id, "waiting")
    deliver(host, times=2)
    row = next(row for row in host.deliveries("slack") if row.event_type == "task.blocked")

    assert row.state == "dead"
    assert "C0WEB: it is archived" in row.error


def test_one_closed_channel_keeps_no_other_from_being_told(bot_host, slack):
    slack.workspace.gone.add("C0GONE")
    host = bot_host(routes=[
        {"when": "team == web", "channel": "C0GONE", "continue": True},
        {"when": "team == web", "channel": "C0WEB"},
    ])  # fmt: skip
    task = host.tasks.add("Ship the parser", team="web")
    host.tasks.block(task.id, "waiting")
    deliver(host, times=3)

    assert thread(slack, "C0WEB") == ["🚫 Task blocked: Ship the parser"]
    assert [row.state for row in host.deliveries("slack") if row.event_type == "task.blocked"] == ["dead"]


@pytest.mark.parametrize("word", ["token_revoked", "invalid_auth", "account_inactive", "missing_scope"])
def test_a_token_that_is_refused_pauses_the_plugin_and_burns_nothing(host, slack, word):
    slack.server.script(Reply(body={"ok": False, "error": word, "needed": "chat:write"}))
    host.tasks.add("Ship the parser")
    host.tasks.add("Another")
    deliver(host, times=3)

    assert {(row.state, row.failures) for row in host.deliveries("slack")} == {("pending", 0)}
    assert len(slack.workspace.calls) == 0
    assert host.health("slack").paused


def test_after_a_new_token_everything_owed_is_told(bot_host, slack):
    host = bot_host(events=ALL, token="xoxb-old")  # noqa: S106 - it opens nothing
    live(host)
    deliver(host)
    assert host.health("slack").paused
    host.replace("slack", settings={**slack.as_bot, "events": ALL})
    deliver(host)

    assert thread(slack) == STORY


@pytest.mark.parametrize(
    "word", ["invalid_blocks", "msg_blocks_too_long", "msg_too_long", "invalid_metadata_format", "too_many_attachments"]
)
def test_content_that_slack_refuses_is_sent_once_as_plain_text(bot_host, slack, word):
    host = bot_host(cards=False, events=ALL)
    host.tasks.add("Ship the parser")
    slack.server.script(Reply(body={"ok": False, "error": word}))
    deliver(host)
    [told] = slack.workspace.messages()

    assert (told["text"], "blocks" in told) == ("🆕 Task created: Ship the parser", False)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply(status=429, headers={"Retry-After": "45"}), 45),
        (Reply(status=429, headers={"Retry-After": "1.5"}), 1.5),
        (Reply(status=429), 30),
        (Reply(body={"ok": False, "error": "ratelimited"}, headers={"Retry-After": "9"}), 9),
        (Reply(body={"ok": False, "error": "rate_limited"}), 30),
        (Reply(body={"ok": False, "error": "message_limit_exceeded"}), 3600),
        (Reply(status=503, headers={"Retry-After": "20"}), 20),
        (Reply(body={"ok": False, "error": "service_unavailable"}), 30),
    ],
)
def test_slack_s_word_to_wait_is_kept_in_all_its_forms(host, slack, reply, seconds):
    slack.server.script(reply)
    host.tasks.add("Ship the parser")
    host.deliver()
    [row] = host.deliveries("slack")

    assert row.due_at == host.clock.now() + timedelta(seconds=seconds)
    assert (row.failures, row.may_have_happened) == (0, False)


def test_a_limit_of_one_channel_holds_back_no_other(bot_host, slack):
    host = bot_host(events=ALL, routes=[{"when": "team == web", "channel": "C0WEB"}])
    slack.server.script(Reply(status=429, headers={"Retry-After": "60"}))
    host.tasks.add("For the web", team="web")
    host.tasks.add("For all")
    host.tasks.add("For the web too", team="web")
    host.deliver()

    assert [len(roots(slack, each)) for each in ("C0WEB", CHANNEL)] == [0, 1]
    assert slack.workspace.calls.count("chat.postMessage") == 2
    host.clock.advance(timedelta(seconds=61))
    host.deliver()
    assert len(roots(slack, "C0WEB")) == 2


def test_a_limit_on_changes_holds_back_changes_only(host, slack):
    task = host.tasks.add("Ship the parser")
    deliver(host)
    _script_update(slack, Reply(status=429, headers={"Retry-After": "60"}))
    host.tasks.update(task.id, title="Ship the lexer")
    host.tasks.add("Another")
    host.deliver()

    assert len(roots(slack)) == 2
    assert "Ship the parser" in reading(roots(slack)[0])
    deliver(host, times=2)
    assert "Ship the lexer" in reading(roots(slack)[0])


def _script_update(slack, reply):
    passing, left = slack.workspace.answer, [reply]

    def answer(method, request):
        return left.pop() if method == "chat.update" and left else passing(method, request)

    slack.workspace.answer = answer


def test_no_redirect_gets_the_token(host, slack):
    with ScriptedServer() as elsewhere:
        slack.server.script(Reply(status=302, headers={"Location": elsewhere.url}))
        host.tasks.add("Ship the parser")
        deliver(host)

        assert elsewhere.requests == []


def test_what_was_sent_where_is_kept_with_the_attempt(host, slack):
    host.tasks.add("Ship the parser")
    deliver(host)
    [row] = host.deliveries("slack")
    [attempt] = Ledger(host.database).attempts(row.id)

    assert attempt.note == f"card made in {CHANNEL} · told in its thread ({CHANNEL})"


def test_the_token_shows_in_no_delivery_log_or_store(caplog, host, slack):
    slack.server.script(Reply(fault="drop"), Reply(body={"ok": False, "error": "invalid_auth"}))
    live(host)
    deliver(host, times=3)
    stored = "".join(str(row) for row in host.database.execute("select * from attempt"))

    assert "xoxb" not in caplog.text + stored + str(host.health("slack"))


def test_a_deleted_task_s_card_says_so(host, slack):
    task = host.tasks.add("Ship the parser")
    deliver(host)
    host.tasks.delete(task.id)
    deliver(host)

    assert "Status: 🗑 Deleted" in reading(roots(slack)[0])


def test_a_card_that_was_found_shows_what_the_task_has_become_meanwhile(host, slack):
    task = host.tasks.add("Old title")
    host.tasks.block(task.id, "no key")
    slack.server.script(Reply(fault="drop", is_stored=True))
    host.deliver()
    host.tasks.unblock(task.id)
    host.tasks.update(task.id, title="New title")
    host.tasks.cancel(task.id)
    for _ in range(10):
        host.clock.advance(timedelta(minutes=1))
        host.deliver()

    [root] = slack.workspace.roots(CHANNEL)
    assert "New title" in reading(root)
    assert "Cancelled" in reading(root)
