"""Each notice says what its readers need, pings nobody by accident, and is one Slack accepts."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from tm.people import People
from tm_slack.limits import block_lists, refusal, texts
from tm_slack.message import REPEAT, Story, alone
from tm_slack.standin import reading
from tm_slack.text import units

KINDS = {
    "created": "created",
    "progress": "progressed",
    "blocked": "blocked",
    "completed": "completed",
    "urgent": "updated",
    "rated": "rated",
}


def compose(notice, event, *, url, people, is_repeat=False, **more):
    return alone(Story(notice, event, people, url=url, hint=REPEAT if is_repeat else "", **more))


NOTICES = st.sampled_from(list(KINDS))
EVIL = '<!channel> <@U1> <https://e.example|x> & "q" \\ *b* `c`\n\x00\ud800 @here :x: ‮שלום 😀'
TYPED = st.text(max_size=80) | st.just(EVIL) | st.sampled_from("&<😀\n").map(lambda char: char * 3000)
URL = "https://tasks.example.com/tasks/7f3a0c11"


def everything(text):
    """Data of every kind of event at once; a notice takes what is its own."""
    rows = [{"verdict": "met"}, {"verdict": "unmet"}]
    own = {"note": text, "reason": text, "summary": text}
    return {**own, "quality": 4, "timeliness": 5, "percent": 40, "verdicts": rows}


@given(notice=NOTICES, typed=TYPED, is_repeat=st.booleans(), url=st.sampled_from([URL, None]) | TYPED)
@settings(deadline=None)
def test_slack_accepts_the_message_whatever_was_typed(make_event, people, notice, typed, is_repeat, url):
    event = make_event(
        KINDS[notice], title=typed, assignee=typed, deadline=typed, priority=typed, actor=typed,
        data=everything(typed),
    )  # fmt: skip
    message = compose(notice, event, url=url, people=people, is_repeat=is_repeat)

    shown = [text["text"] for blocks in block_lists(message) for block in blocks for text in texts(block)]
    assert refusal(message) is None
    assert units(message["text"]) <= 300
    assert sum(map(units, [message["text"], *shown])) <= 12_000
    assert message["attachments"][0]["color"] in ("good", "warning", "danger", "#8D8D8D", "#439FE0")


@given(notice=NOTICES, typed=TYPED)
@settings(deadline=None)
def test_nothing_typed_pings_or_links(make_event, notice, typed):
    nobody = People({})
    event = make_event(KINDS[notice], title=typed, assignee=typed, actor=typed, data=everything(typed))
    message = compose(notice, event, url=URL, people=nobody)

    objects = [text for blocks in block_lists(message) for block in blocks for text in texts(block)]
    marks = [mark for text in objects for mark in re.findall("<[^>]*>?", text["text"])]
    assert marks == [f"<{URL}|View task>"]
    assert all(text["verbatim"] for text in objects)
    assert not re.search("[<>]", message["text"])


@given(notice=NOTICES, typed=TYPED)
@settings(deadline=None)
def test_the_sdk_reads_every_block_as_it_was_meant(make_event, people, notice, typed):
    message = compose(notice, make_event(KINDS[notice], title=typed, data=everything(typed)), url=URL, people=people)

    blocks = [block for blocks in block_lists(message) for block in blocks]
    assert [Block.parse(block).to_dict() for block in blocks] == blocks


def test_a_blocked_task_is_told_with_its_reason(make_event, people):
    event = make_event(
        "blocked", priority="high", assignee="carol", deadline="2026-12-24T22:59:59.000000Z",
        data={"reason": "waiting for the API key\nsince Monday"},
    )  # fmt: skip
    message = compose("blocked", event, url=URL, people=people)

    assert message["text"] == "🚫 Task blocked: Ship the parser"
    assert message["attachments"][0]["color"] == "warning"
    assert reading(message).splitlines() == [
        "🚫 Task blocked: Ship the parser",
        "Assignee: carol",
        "Priority: high",
        "Deadline: 2026-12-24 22:59 UTC",
        "Reason: waiting for the API key",
        "since Monday",
        "7f3a0c11 · by bob · View task",
    ]


def test_a_completed_task_is_told_with_its_summary_and_criteria(make_event, people):
    data = {"summary": "done", "verdicts": [{"verdict": "met"}, {"verdict": "met"}]}
    message = compose("completed", make_event("completed", assignee="carol", data=data), url=None, people=people)

    assert message["attachments"][0]["color"] == "good"
    assert reading(message).splitlines() == [
        "🎉 Task completed: Ship the parser",
        "Assignee: carol",
        "Criteria: 2 of 2 met",
        "Summary: done",
        "7f3a0c11 · by bob",
    ]


def test_a_rating_is_told_with_its_quality(make_event, people):
    message = compose("rated", make_event("rated", data={"quality": 4}), url=None, people=people)

    assert reading(message).splitlines() == [
        "⭐ Task rated: Ship the parser",
        "Quality: 4/5",
        "7f3a0c11 · by bob",
    ]


def test_progress_is_told_with_its_percentage(make_event, people):
    data = {"note": "tests are green", "percent": 0}
    message = compose("progress", make_event("progressed", data=data), url=None, people=people)

    assert "Done: 0 %\nNote: tests are green" in reading(message)


@pytest.mark.parametrize("notice", list(KINDS))
def test_what_is_not_known_is_left_out(make_event, people, notice):
    message = compose(notice, make_event(KINDS[notice]), url=None, people=people)

    assert not re.search("None|null|Assignee|Deadline|Quality|View", str(message))


def test_a_deadline_is_an_instant_that_slack_translates(make_event, people):
    event = make_event("updated", deadline="2026-12-24T22:59:59.000000Z")
    at = int(datetime(2026, 12, 24, 22, 59, 59, tzinfo=UTC).timestamp())

    assert f"<!date^{at}^" in str(compose("urgent", event, url=None, people=people))


def test_a_repeat_says_so_on_top(make_event, people):
    event = make_event("blocked", data={"reason": "x"})
    once, again = (compose("blocked", event, url=URL, people=people, is_repeat=flag) for flag in (False, True))

    assert REPEAT not in reading(once)
    assert reading(again) == f"{REPEAT}\n{reading(once)}"


def test_a_task_whose_title_was_purged_is_still_told(make_event, people):
    message = compose("completed", make_event("completed", title=""), url=None, people=people)

    assert message["text"] == "🎉 Task completed: (untitled)"
