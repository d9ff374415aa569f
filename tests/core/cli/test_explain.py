"""`tm explain` as a person uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.core.cli.desk import LOGIN, MIRROR, Desk

if TYPE_CHECKING:
    from pathlib import Path

TALKATIVE = f"""{MIRROR}
@tm.hookimpl
def explain(event, hub):
    print("noise")
    return [f"It goes to the channel of {{event.task.team}}, because of {{event.data['reason']}}."]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def told(desk: Desk, *words: str, **variables: str) -> dict[str, Any]:
    return {each["plugin"]: each for each in desk.json("explain", *words, **variables)["plugins"]}


def test_it_says_which_hook_would_be_called_and_stores_nothing(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")
    task = desk.add("Ship it")
    before = desk.tm("events").stdout

    done = desk.tm("explain", "blocked", "--task", task)

    assert done.returncode == 0
    assert done.stdout == "mirror\tyes\ton_blocked\tIt has no when, so it hears of every task.\n"
    assert desk.tm("events").stdout == before
    assert desk.json("delivery", "list") == []


def test_the_event_looks_as_it_would_after_the_change(desk: Desk) -> None:
    task = desk.add("Ship it", priority="high")

    event = desk.json("explain", "task.blocked", "--task", task[:4])["event"]

    assert (event["type"], event["task_id"], event["task"]["status"]) == ("task.blocked", task, "blocked")
    assert event["changes"] == {"status": ["pending", "blocked"]}
    assert event["task"]["priority"] == "high"


def test_a_filter_is_answered_with_the_facts_it_was_judged_by(desk: Desk) -> None:
    desk.install("mirror")
    desk.write('[plugins.mirror]\nwhen = "priority == critical and team == web"\n')
    task = desk.add("Ship it", priority="low")

    found = told(desk, "blocked", "--task", task)["mirror"]

    assert (found["told"], found["matches"], found["is_linked"]) == ("no", "unmet", False)
    assert "priority is low, team is unset" in found["why"][0]


def test_a_plugin_without_a_fitting_hook_is_not_told(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")
    task = desk.add("Ship it")

    found = told(desk, "completed", "--task", task)["mirror"]

    assert (found["told"], found["hook"]) == ("no", None)


def test_nothing_is_told_back_to_its_origin(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")
    task = desk.add("Ship it")

    found = told(desk, "blocked", "--task", task, "--origin", "mirror")["mirror"]

    assert found["told"] == "no"
    assert "origin" in found["why"][0]


def test_a_plugin_that_is_not_active_or_paused_is_told_later(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n[plugins.absent]\n")
    task = desk.add("Ship it")
    desk.block(task)
    desk.tm("deliver")

    found = told(desk, "blocked", "--task", task)

    assert (found["absent"]["told"], found["absent"]["state"]) == ("later", "missing")
    assert found["mirror"]["told"] == "later"
    assert "the token is refused" in found["mirror"]["why"][1]


def test_a_plugin_adds_its_own_sentences_from_the_last_such_event(desk: Desk) -> None:
    desk.install("mirror", TALKATIVE)
    desk.write("[plugins.mirror]\n")
    task = desk.add("Ship it", team="web")
    desk.block(task)

    found = told(desk, "blocked", "--task", task)["mirror"]

    assert found["why"][1] == "It goes to the channel of web, because of no key."


def test_an_explanation_that_fails_is_said_without_the_secret(desk: Desk) -> None:
    broken = "\n@tm.hookimpl\ndef explain(event, hub):\n    raise ValueError(hub.settings.token.get_secret_value())\n"
    desk.install("mirror", MIRROR + broken)
    desk.write("[plugins.mirror]\n")
    task = desk.add("Ship it")

    found = told(desk, "blocked", "--task", task, **LOGIN)["mirror"]

    assert found["why"][1] == "Its explain failed: ValueError: ***"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("bloked", "--task", "ID"), 2, "Did you mean blocked?"),
        (("blocked",), 2, "tm explain blocked 7f3a0c11"),
        (("blocked", "--task", "ffffffff"), 3, "no task"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(desk: Desk, words: tuple[str, ...], code: int, sentence: str) -> None:
    task = desk.add("Ship it")

    done = desk.tm("explain", *[task if word == "ID" else word for word in words])

    assert done.returncode == code
    assert sentence in done.stderr


def test_the_task_may_stand_behind_the_event_too(desk: Desk) -> None:
    task = desk.add("Ship it")

    assert desk.json("explain", "blocked", task)["event"]["task_id"] == task
    assert desk.tm("explain", "blocked", task, "--task", task).returncode == 2


def test_a_misspelled_event_is_told_before_a_missing_task(desk: Desk) -> None:
    assert "Did you mean blocked?" in desk.tm("explain", "bloked").stderr
