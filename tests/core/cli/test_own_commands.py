"""What a plugin's own command finds: whether it has a hub, its settings without one, and delivery before it ends."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.core.cli.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

ON = "[plugins.mirror]\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.install("mirror")
    return desk


def command(desk: Desk, code: str, **variables: str) -> str:
    """What a plugin's command that runs this code says."""
    words = [sys.executable, "-c", f"import tm, tm_mirror\n{code}"]
    done = subprocess.run(words, cwd=desk.folder, env=desk.environ(**variables), capture_output=True, text=True)
    return done.stdout + (done.stderr.splitlines()[-1] if done.returncode else "")


def has_hub(desk: Desk, **variables: str) -> str:
    return command(desk, "print(tm.has_hub('mirror'))", **variables).strip()


def test_there_is_no_hub_before_a_store_was_made_and_asking_makes_none(desk: Desk) -> None:
    desk.write(ON)

    assert has_hub(desk) == "False"
    assert not desk.store.exists()


def test_there_is_a_hub_where_the_plugin_is_enabled_or_a_variable_names_the_store(desk: Desk) -> None:
    desk.add("Ship it")
    disabled = has_hub(desk)
    desk.write(ON)

    assert (disabled, has_hub(desk)) == ("False", "True")
    assert has_hub(desk, TM_DATABASE_URL=str(desk.home / "other.db")) == "True"


def test_settings_are_read_without_a_store_and_are_the_defaults_where_nobody_set_them(desk: Desk) -> None:
    code = "print(tm.settings_of('mirror', tm_mirror.Settings).concurrency)"
    default = command(desk, code).strip()
    desk.write(f"{ON}concurrency = 2\n")

    assert (default, command(desk, code).strip()) == ("4", "2")
    assert not desk.store.exists()


def test_settings_that_only_a_person_may_confirm_are_not_read_before(desk: Desk) -> None:
    desk.write(f'{ON}host = "https://elsewhere.example.com"\n')
    said = command(desk, "tm.settings_of('mirror', tm_mirror.Settings)")

    assert "The project's file sets host for mirror. Read it, then confirm: tm config trust" in said


def test_in_ci_what_a_command_changed_is_delivered_before_it_ends(desk: Desk) -> None:
    desk.write(ON)
    code = "with tm.open_hub('mirror') as hub: hub.tasks.add('Ship it')"

    assert command(desk, code, TM_DELIVERY="auto", CI="true") == ""
    assert "0 events are yet to be handed" in desk.tm("doctor").stdout
