"""The rules of a task: every transition, every limit, and the sentence of every refusal."""

from __future__ import annotations

import pytest

from tm import model
from tm.errors import InvalidTransition, UsageError
from tm.model import STATUSES, Task

ALLOWED = {
    ("pending", "in_progress"), ("pending", "blocked"), ("pending", "completed"), ("pending", "cancelled"),
    ("in_progress", "pending"), ("in_progress", "blocked"), ("in_progress", "completed"),
    ("in_progress", "cancelled"),
    ("blocked", "pending"), ("blocked", "completed"), ("blocked", "cancelled"),
    ("completed", "in_progress"), ("cancelled", "in_progress"),
}  # fmt: skip
REFUSED = [(here, there) for here in STATUSES for there in STATUSES if (here, there) not in ALLOWED]


def in_status(status):
    task = Task(id="0a1b2c3d", title="Ship it")
    if status == "blocked":
        return task.with_(status="blocked", blocked_from="pending", blocked_reason="no key", waits=True)
    return task.with_(status=status)


def refusal(call, *arguments, **options):
    with pytest.raises(UsageError) as caught:
        call(*arguments, **options)
    return str(caught.value)


# transitions


@pytest.mark.parametrize(("here", "there"), sorted(ALLOWED))
def test_an_allowed_transition_changes_the_status_and_leaves_the_first_task_alone(here, there):
    task = in_status(here)

    assert task.moved_to(there).status == there
    assert task.status == here


@pytest.mark.parametrize(("here", "there"), REFUSED)
def test_every_other_transition_is_refused_with_what_to_do(here, there):
    expected = {
        "pending": f"Task 0a1b2c3d is pending; it cannot become {there}.",
        "in_progress": f"Task 0a1b2c3d is in_progress; it cannot become {there}.",
        "blocked": (f"Task 0a1b2c3d is blocked; it cannot become {there}. Unblock it first: tm unblock 0a1b2c3d"),
        "completed": (f"Task 0a1b2c3d is completed; it cannot become {there}. Reopen it first: tm reopen 0a1b2c3d"),
        "cancelled": (f"Task 0a1b2c3d is cancelled; it cannot become {there}. Reopen it first: tm reopen 0a1b2c3d"),
    }[here]
    if here == there:
        expected = f"Task 0a1b2c3d is already {there}; nothing was changed."

    with pytest.raises(InvalidTransition) as caught:
        in_status(here).moved_to(there)

    assert str(caught.value) == expected


@pytest.mark.parametrize("source", ["pending", "in_progress"])
def test_a_blocked_task_goes_back_only_to_where_it_came_from(source):
    blocked = in_status(source).moved_to("blocked")
    other = "in_progress" if source == "pending" else "pending"

    assert blocked.blocked_from == source
    assert blocked.moved_to(source).status == source
    with pytest.raises(InvalidTransition, match="Unblock it first"):
        blocked.moved_to(other)


@pytest.mark.parametrize("there", ["pending", "completed", "cancelled"])
def test_leaving_blocked_forgets_why_it_was(there):
    left = in_status("blocked").moved_to(there)

    assert (left.blocked_from, left.blocked_reason, left.waits) == (None, None, False)


@pytest.mark.parametrize(
    ("status", "is_open"),
    [("pending", True), ("in_progress", True), ("blocked", True), ("completed", False), ("cancelled", False)],
)
def test_a_task_is_open_while_work_is_expected(status, is_open):
    assert in_status(status).is_open is is_open


# texts


@pytest.mark.parametrize("text", ["x", "x" * 500, "  Ship the «parser» – now ✓  ", "日本語", "a b"])
def test_a_title_is_one_line_without_its_edges(text):
    assert model.title(text) == text.strip()


def test_a_title_that_cannot_be_is_refused_in_words():
    assert refusal(model.title, " \n ") == 'A task needs a title. Example: tm add "Ship the parser"'
    assert refusal(model.title, "x" * 501) == (
        "The title has 501 characters; at most 500 are kept. Move the rest to --description."
    )


@pytest.mark.parametrize("bad", ["\n", "\t", "\0", "\x1b", "\x7f", "\u202e", "\u2028", "\ud800"], ids=repr)
def test_a_title_holds_nothing_that_could_trick_a_terminal(bad):
    assert refusal(model.title, f"a{bad}b") == (
        f"The title holds the control character {bad!r}; use one line of plain text."
    )


@pytest.mark.parametrize("joined", ["👩\u200d👩\u200d👧 at work", "می\u200cخواهم"])
def test_signs_may_be_joined(joined):
    assert model.title(joined) == joined
    assert model.name(joined, of="label") == joined


def test_a_longer_text_keeps_everything_but_nul_up_to_its_limit():
    assert model.text("\n# Done\x1b\t ", of="note") == "\n# Done\x1b\t "
    assert model.text("x" * 500, of="note", limit=500) == "x" * 500
    assert refusal(model.text, "x" * 501, of="note", limit=500) == (
        "The note has 501 characters; at most 500 are kept."
    )
    assert refusal(model.text, "a\0b", of="note") == "The note holds a NUL character; remove it."


def test_a_name_is_one_line_of_at_most_200_characters():
    assert model.name(" alice ", of="assignee") == "alice"
    assert model.name("x" * 200, of="team") == "x" * 200
    for bad in ("", "  ", "a\nb", "x" * 201):
        assert refusal(model.name, bad, of="label") == (
            f"The label must be one line of 1 to 200 characters, not {bad[:60]!r}."
        )


def test_a_choice_lists_what_there_is():
    assert model.choice("low", of="priority", among=model.PRIORITIES) == "low"
    assert refusal(model.choice, "urgent", of="priority", among=model.PRIORITIES) == (
        "Unknown priority 'urgent'. Choose one of: low, medium, high, critical."
    )


# numbers


@pytest.mark.parametrize("value", [0, 0.25, 4, 999_999.99])
def test_hours_are_any_decimal_from_nought(value):
    assert model.hours(value, of="--actual-hours") == value


@pytest.mark.parametrize(
    ("value", "shown"), [(-0.1, "-0.1"), (1_000_000, "1e+06"), (float("nan"), "nan"), (float("inf"), "inf")]
)
def test_hours_that_cannot_be_are_refused(value, shown):
    assert refusal(model.hours, value, of="--actual-hours") == (
        f"--actual-hours must be 0 or more hours (a decimal like 0.5), not {shown}."
    )


def test_a_rating_is_from_one_to_five():
    assert [model.rating(each, of="quality") for each in (1, 5)] == [1, 5]
    for bad in (0, 6, -1, 3.5):
        assert refusal(model.rating, bad, of="quality") == (
            f"The quality must be a whole number from 1 to 5, not {bad}."
        )
