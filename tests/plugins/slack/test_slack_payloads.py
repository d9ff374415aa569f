"""Whatever people typed, and wherever: every message keeps Slack's limits, pings nobody and leads nowhere else."""

import json
import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from tm import Link, People, Task
from tm.testing import Reply
from tm_slack.card import card
from tm_slack.digest import digest
from tm_slack.limits import refusal
from tm_slack.message import HEADINGS, REPEAT, Story, alone, reply, summary
from tm_slack.routes import Send
from tm_slack.slots import fill
from tm_slack.standin import CHANNEL
from tm_slack.text import units

OURS = "https://tasks.example.com/tasks/7f3a0c11"
EVIL = (
    "<!channel> <!here> <!everyone> <@U1> <!subteam^S1> <#C1> <https://e.example|x> https://e.example/?a=1&b=2 "
    '@here @channel & "q" \\ *b* _i_ ~s~ `c` &lt;!here&gt; {{ 7 * 7 }}\n\x00\x1b[31m\ud800 :x: ‮שלום 😀'
)
TYPED = (
    st.text(max_size=60)
    | st.text("&<>|@!#^😀\ud800\n \x00a;", max_size=60)
    | st.just(EVIL)
    | st.sampled_from(["&", "<", ">", "😀", "\n", "a", "&amp;", "<!here>", EVIL]).map(
        lambda part: part * (3000 // len(part))
    )
)
ADDRESS = st.just(OURS) | TYPED | TYPED.map(lambda typed: f"https://e.example/{typed}")
MAYBE = st.none() | TYPED
NOTICES = st.sampled_from(list(HEADINGS))
LINKS = st.lists(
    st.builds(
        Link, plugin=st.just("git"), instance=st.just(""), kind=TYPED, task_id=st.just("7f3a0c11"),
        outside_id=TYPED, key=MAYBE, title=MAYBE, detail=MAYBE, url=st.none() | ADDRESS,
    ),
    max_size=8,
)  # fmt: skip
TASKS = st.builds(
    Task, id=TYPED, title=TYPED, assignee=MAYBE, team=MAYBE, deadline=MAYBE, priority=TYPED,
    status=st.sampled_from(["pending", "in_progress", "blocked", "completed", "cancelled"]),
    blocked_reason=MAYBE, completion_summary=MAYBE, feedback_quality=st.none() | st.integers(1, 5),
)  # fmt: skip
MANY = settings(deadline=None, max_examples=100)

ENTITIES = re.compile("&(?!(?:amp|lt|gt);)")
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
MARK = re.compile(
    r"<!date\^-?\d+\^\{date_short_pretty\} at \{time\}\|[-0-9: ]+ UTC>|<https?://[^<>|\s]+\|[^<>]*>"
    r"|<@U[A-Z0-9]+>|<!subteam\^S[A-Z0-9]+>|<!here>(?= <@U0OURS>)|<#C0OURS>"
)


def strings(part):
    """Every string of a payload, wherever it stands."""
    if isinstance(part, str):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else ():
        yield from strings(each)


def objects(part):
    """Every text object of a payload."""
    if isinstance(part, dict):
        if part.get("type") in ("mrkdwn", "plain_text"):
            yield part
        for each in part.values():
            yield from objects(each)
    for each in part if isinstance(part, list) else ():
        yield from objects(each)


def blocks_of(payload):
    return [*payload["blocks"], *(each for part in payload.get("attachments", []) for each in part["blocks"])]


def is_within_limits(payload):
    """Slack's limits as documented, and the house's own, apart from what the stand-in enforces."""
    assert 1 <= units(payload["text"]) <= 300
    assert len(payload["blocks"]) <= 50
    assert len(payload.get("attachments", [])) <= 20
    for block in blocks_of(payload):
        assert len(block.get("fields", [])) <= 10
        assert len(block.get("elements", [])) <= 10
        assert all(1 <= units(each["text"]) <= 2000 for each in block.get("fields", []))
        assert all(1 <= units(each["text"]) <= 3000 for each in block.get("elements", []))
        if "text" in block:
            assert 1 <= units(block["text"]["text"]) <= (150 if block["type"] == "header" else 3000)
    assert sum(units(each["text"]) for each in objects(payload)) + units(payload["text"]) <= 12_000
    assert [Block.parse(block).to_dict() for block in blocks_of(payload)] == blocks_of(payload)
    assert refusal(payload) is None


def gathered(stories):
    """Many notices in one message, each event under a number of its own."""
    rows = [(Send(each.notice, None, False), each.event.with_(seq=seq)) for seq, each in enumerate(stories)]
    return digest(rows, lambda _send, event: stories[event.seq]._replace(event=event), hint=REPEAT)


def is_harmless(payload):
    """Nothing but our own marks; every entity whole, every character one that can be sent."""
    json.dumps(payload, ensure_ascii=False).encode()
    assert all(each["verbatim"] for each in objects(payload) if each["type"] == "mrkdwn")
    assert not any(each["emoji"] for each in objects(payload) if each["type"] == "plain_text")
    for each in strings(payload):
        assert not ENTITIES.search(each)
        assert not CONTROLS.search(each)
        assert not re.search("[<>]", MARK.sub("", each))


def everything(text):
    """Data of every kind of event at once; a notice takes what is its own."""
    rows = [{"verdict": "met"}, {"verdict": text}]
    own = {"note": text, "reason": text, "summary": text}
    return {**own, "quality": text, "timeliness": 5, "percent": text, "verdicts": rows}


@st.composite
def stories(draw, make_event):
    typed, notice = draw(TYPED), draw(NOTICES)
    event = make_event(
        "blocked", title=draw(TYPED), assignee=draw(MAYBE), team=draw(MAYBE), labels=(draw(TYPED),),
        deadline=draw(MAYBE), priority=typed, actor=draw(TYPED), data=everything(draw(TYPED)),
    ).with_(task_id=draw(TYPED))  # fmt: skip
    people = draw(st.just({}) | TYPED.map(lambda name: {name or "x": {"email": event.task.assignee or "x@y"}}))
    return Story(
        notice, event, People(people), url=draw(st.none() | ADDRESS), links=tuple(draw(LINKS)),
        mentions=draw(st.sampled_from(["", " ".join(["<@U0123456789>"] * 20), "<!here> <@U0OURS>"])),
        title=fill("*{{ task.title }}* {{ data.note }} " * 9, filled(event)) if draw(st.booleans()) else "",
        text=fill("{{ data.reason }} {{ task.labels|join }}\n" * 30, filled(event)) if draw(st.booleans()) else "",
        hint=draw(st.sampled_from(["", REPEAT, f"{REPEAT} Meant for <#C0OURS>, which takes nothing."])),
    )  # fmt: skip


def filled(event):
    return {"task": event.task, "event": event, "data": event.data, "url": OURS}


@given(data=st.data())
@MANY
def test_a_notice_by_itself(make_event, data):
    payload = alone(data.draw(stories(make_event)))

    is_within_limits(payload)
    is_harmless(payload)


@given(data=st.data())
@MANY
def test_a_reply_in_a_thread(make_event, data):
    payload = reply(data.draw(stories(make_event)))

    is_within_limits(payload)
    is_harmless(payload)


@given(data=st.data(), task=st.none() | TASKS, url=st.none() | ADDRESS, links=LINKS, is_urgent=st.booleans())
@MANY
def test_a_card(make_event, data, task, url, links, is_urgent):
    story = data.draw(stories(make_event))
    payload = card(story.event, task, people=story.people, links=tuple(links), url=url, is_urgent=is_urgent)

    is_within_limits(payload)
    is_harmless(payload)


@given(data=st.data(), count=st.integers(1, 30))
@MANY
def test_a_digest(make_event, data, count):
    told = [data.draw(stories(make_event)) for _ in range(min(count, 3))]
    payload = gathered([told[seq % len(told)] for seq in range(count)])

    is_within_limits(payload)
    is_harmless(payload)


@given(data=st.data())
@MANY
def test_a_notice_in_plain_words(make_event, data):
    """Nothing marks a top-level text as ours alone, so no mark of any kind may stand in it."""
    story = data.draw(stories(make_event))._replace(title="")
    words = summary(story)

    assert 1 <= units(words) <= 300
    assert not re.search("[<>\n]", words)
    assert not ENTITIES.search(words)
    assert not CONTROLS.search(words)


@pytest.mark.parametrize("char", ["a", "&", '"', "😀"])
@pytest.mark.parametrize("length", [90, 250, 1900, 3000])
def test_the_longest_of_everything_at_once(make_event, char, length):
    """Escaped, one character becomes five; what the address of a page is, somebody typed."""
    long, url = char * 3000, f"https://e.example/{char * length}".replace("😀", "a")
    event = make_event("blocked", title=long, assignee=long, priority=long, actor=long, data=everything(long))
    links = tuple(
        Link(
            plugin="git", instance="", kind=long, task_id="7f3a", outside_id="1", key=long, title=long, detail=long,
            url=url,
        )
        for _ in range(7)
    )  # fmt: skip
    task = Task(id="7f3a", title=long, assignee=long, priority=long, status="blocked", blocked_reason=long)
    story = Story("blocked", event, People({}), url=url, links=links, mentions=" ".join(["<@U0123456789>"] * 20))
    shown = card(event, task, people=People({}), links=links, url=url, is_urgent=True)

    for payload in (alone(story), reply(story), shown, gathered([story] * 30)):
        is_within_limits(payload)
        is_harmless(payload)


def live(host, evil):
    task = host.tasks.add(evil, assignee=evil[:100], team="web", labels=["a<b", "x&y"], priority="critical")
    hub = host.hub("slack")
    hub.links.save(task.id, kind="issue", outside_id="1", key=evil, url="https://e.example/?a=1&b=<x>", title=evil)
    host.tasks.progress(task.id, evil)
    host.tasks.block(task.id, evil)
    host.tasks.complete(task.id, summary=evil)
    host.tasks.feedback(task.id, quality=1, note=evil)
    for _ in range(4):
        host.deliver()
        host.clock.advance(timedelta(minutes=2))
    return task


ALL = ["created", "progress", "blocked", "completed", "urgent"]
SENT = "".join(char for char in EVIL if char.isprintable() and char != "\ud800")


@pytest.mark.parametrize("cards", [True, False])
@pytest.mark.parametrize("is_refused", [False, True])
@pytest.mark.parametrize("digest", [None, "1m"])
def test_what_really_goes_out_is_as_harmless_metadata_included(bot_host, slack, cards, is_refused, digest):
    words = {"title": "{{ task.title }} {{ event.actor }}", "text": "{{ data.reason }}"}
    host = bot_host(cards=cards, events=ALL, digest=digest, templates={"blocked": words})
    if is_refused:
        slack.server.script(Reply(body={"ok": False, "error": "invalid_blocks"}))
    live(host, SENT)

    sent = [json.loads(each.body) for each in slack.server.requests if each.path.endswith(("postMessage", "update"))]
    assert len(sent) >= 2
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}
    for payload in sent:
        is_harmless({name: payload[name] for name in payload if name not in ("channel", "ts", "thread_ts")})
        assert payload["unfurl_links"] is payload["unfurl_media"] is False or "ts" in payload
        assert len(json.dumps(payload.get("metadata", {}))) < 500
        assert SENT[:8] not in json.dumps(payload.get("metadata", {}))


def test_by_webhook_plain_words_are_as_harmless(make_host, slack):
    slack.server.script(Reply(status=400, body="invalid_blocks"))
    host = make_host(events=ALL)
    live(host, SENT)

    assert "blocks" not in slack.messages[0]
    for payload in slack.messages:
        is_harmless(payload)


def test_a_card_s_look_is_refused_once_and_then_painted_in_plain_words(bot_host, slack):
    host = bot_host(events=ALL)
    task = host.tasks.add("Ship the parser")
    host.deliver()
    passing, left = slack.workspace.answer, [Reply(body={"ok": False, "error": "msg_too_long"})]
    slack.workspace.answer = lambda method, request: (
        left.pop() if method == "chat.update" and left else passing(method, request)
    )
    host.tasks.block(task.id, "waiting")
    host.deliver()

    [root] = slack.workspace.roots(CHANNEL)
    assert (root["text"], root["blocks"], root["attachments"]) == ("🚫 Blocked: Ship the parser", [], [])
    assert len(slack.workspace.thread(CHANNEL, root["ts"])) == 2
    assert {row.state for row in host.deliveries("slack")} == {"delivered"}
