"""`tm plugins` as a person uses it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.cli.desk import LOGIN, Desk

if TYPE_CHECKING:
    from pathlib import Path

FAILING = """
import tm

@tm.hookimpl
def on_event(event, hub):
    raise tm.RetryLater("come back tomorrow", after=__import__("datetime").timedelta(days=1), whole_plugin=True)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def plugins(desk: Desk, **variables: str) -> dict[str, Any]:
    return {each["name"]: each for each in desk.json("plugins", **variables)}


def test_a_bare_plugins_lists_them(desk: Desk) -> None:
    done = desk.tm("plugins")

    assert done.returncode == 0
    assert done.stdout == desk.tm("plugins", "list").stdout
    assert "slack\tdisabled\tenable: [plugins.slack]\ttm-hub " in done.stdout
    assert not desk.store.exists()


def test_every_plugin_has_its_state_and_a_broken_one_hides_no_other(desk: Desk) -> None:
    desk.install("mirror")
    desk.install("broken", "raise SystemExit('bye')")
    desk.write("[plugins.mirror]\n[plugins.broken]\n[plugins.absent]\n")

    found = plugins(desk)

    assert {name: each["state"] for name, each in found.items()} == {
        "absent": "missing",
        "broken": "load error",
        "mirror": "active",
        **dict.fromkeys(("ci", "git", "jira", "slack"), "disabled"),
    }
    assert found["mirror"]["version"] == "tm-hub-mirror 1.2"
    assert "pip install tm-hub-absent" in found["absent"]["reason"]


def test_a_plugin_that_needs_a_login_says_so_and_goes_on_after_resume(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")
    task = desk.add("Ship it")
    desk.block(task)
    desk.tm("deliver")
    paused = plugins(desk)["mirror"]

    done = desk.tm("plugins", "resume", "mirror")
    resumed = plugins(desk)["mirror"]
    desk.tm("deliver", **LOGIN)

    assert (paused["state"], paused["owed"]) == ("needs login", 1)
    assert "tm plugins resume mirror" in paused["reason"]
    assert done.returncode == 0
    assert "needs login: the token is refused" in done.stderr
    assert (resumed["state"], resumed["owed"]) == ("active", 1)
    assert desk.owed("mirror") == 0


def test_resume_opens_a_pause_that_the_plugin_asked_for(desk: Desk) -> None:
    desk.install("mirror", FAILING)
    desk.write("[plugins.mirror]\n")
    desk.add("Ship it")
    desk.tm("deliver")
    paused = plugins(desk)["mirror"]

    desk.tm("plugins", "resume", "mirror")

    assert paused["state"] == "paused"
    assert "come back tomorrow" in paused["reason"]
    assert plugins(desk)["mirror"]["state"] == "active"


def test_resume_starts_a_drain_in_background_mode(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")
    desk.block(desk.add("Ship it"))
    desk.tm("deliver")

    desk.tm("plugins", "resume", "mirror", TM_DELIVERY="background", **LOGIN)
    until = time.monotonic() + 30
    while desk.owed("mirror") and time.monotonic() < until:
        time.sleep(0.05)

    assert desk.owed("mirror") == 0


def test_resuming_an_unknown_plugin_is_not_found(desk: Desk) -> None:
    done = desk.tm("plugins", "resume", "nobody")

    assert done.returncode == 3
    assert "tm plugins" in done.stderr


def test_what_is_owed_to_a_plugin_no_longer_there_is_still_listed(desk: Desk) -> None:
    desk.write("[plugins.absent]\n")
    desk.add("Ship it")
    desk.tm("deliver")
    desk.write("")

    found = plugins(desk)["absent"]

    assert (found["state"], found["owed"]) == ("missing", 1)
    assert "tm delivery drop --plugin absent" in found["reason"]


def test_with_plugins_left_alone_none_is_loaded(desk: Desk) -> None:
    desk.install("mirror", "raise SystemExit('bye')")
    desk.write("[plugins.mirror]\n")

    found = plugins(desk, TM_NO_PLUGINS="1")["mirror"]

    assert found["state"] == "disabled"
    assert "TM_NO_PLUGINS" in found["reason"]
