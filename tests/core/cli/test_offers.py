"""What plugins offer when a completion is refused for want of measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.core.cli.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

OFFERS = """
import tm

@tm.hookimpl
def supply(task_id, names, hub):
    yield f"mirror measure {task_id} {' '.join(names)}"
"""
BROKEN = """
import tm

@tm.hookimpl
def supply(task_id, names, hub):
    raise ValueError("nobody knows")
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def refused(desk: Desk, *words: str, **variables: str) -> str:
    task = desk.tm("add", "Ship it", "--criterion", "coverage >= 85", "--criterion", "Docs are read").stdout.strip()
    done = desk.tm("complete", task, "--validate", *words, **variables)
    assert done.returncode == 5
    return str(done.stderr.replace(task, "ID"))


def test_an_enabled_plugin_s_commands_stand_below_the_refusal(desk: Desk) -> None:
    desk.install("mirror", OFFERS)
    desk.write("[plugins.mirror]\n")

    assert refused(desk).endswith("Plugins can supply it:\n  mirror measure ID coverage\n")


def test_a_plugin_that_raises_hides_no_refusal(desk: Desk) -> None:
    desk.install("mirror", BROKEN)
    desk.write("[plugins.mirror]\n")
    said = refused(desk)

    assert "Cannot complete task ID: 2 of 2 criteria not met." in said
    assert "the plugin mirror could not say: ValueError" in said


def test_with_plugins_left_alone_none_is_asked(desk: Desk) -> None:
    desk.install("mirror", OFFERS)
    desk.write("[plugins.mirror]\n")

    assert "Plugins can supply it" not in refused(desk, TM_NO_PLUGINS="1")
