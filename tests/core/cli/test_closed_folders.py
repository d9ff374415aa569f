"""Folders that the user may not look into: a sentence and an exit code, never another store or a bug."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.core.cli.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# root may look everywhere; without these two powers it is a user like any other
POWERLESS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
VERBS = [
    "add x", "list", "show 12345678", "plugins", "config show", "config secret slack.webhook_url", "delivery status",
    "events", "deliver", "worker", "init",
]  # fmt: skip


@pytest.fixture
def before() -> tuple[str, ...]:
    """What stands before a command that is to have no more powers than a user."""
    if os.geteuid() != 0:
        return ()
    with contextlib.suppress(OSError):
        if subprocess.run([*POWERLESS, "true"], capture_output=True, check=False).returncode == 0:
            return POWERLESS
    pytest.skip("root looks into every folder, and setpriv cannot keep it from that here")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@contextlib.contextmanager
def closed(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0)
    try:
        yield folder
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("name", [".local/share/tm", ".config"])
def test_a_closed_folder_is_a_sentence_for_every_verb_and_a_finding_for_those_that_look(
    desk: Desk, before: tuple[str, ...], name: str
) -> None:
    (desk.folder / ".tm").rename(desk.folder / "elsewhere")
    with closed(desk.home / name) as folder:
        found = [desk.tm(*verb.split(), before=before, stdin="secret") for verb in VERBS]
        doctor, check = desk.tm("doctor", before=before), desk.tm("config", "check", before=before)

    assert {done.returncode for done in found} <= {2, 4}
    assert all(done.stderr.startswith("tm: ") and str(folder) in done.stderr for done in found)
    assert all(done.stderr.count("\n") == 1 and not done.stdout for done in found)
    assert (doctor.returncode, check.returncode) == (1, 2)
    assert all(done.stdout.startswith("error\tconfig\tCannot look for ") for done in (doctor, check))
    assert not (desk.folder / ".tm").exists()


@pytest.mark.parametrize("name", ["work/.tm", "home/.local/share/tm"])
def test_a_store_that_may_be_one_s_own_is_never_left_for_another(
    desk: Desk, before: tuple[str, ...], tmp_path: Path, name: str
) -> None:
    with closed(tmp_path / name) as folder:
        done, doctor = desk.tm("add", "Ship it", before=before), desk.tm("doctor", before=before)

    assert (done.returncode, done.stdout, doctor.returncode) == (2, "", 1)
    assert f"ls -ld {folder}" in done.stderr
    assert "tm init" not in done.stderr


def test_secrets_that_cannot_be_looked_for_are_a_finding(desk: Desk, before: tuple[str, ...], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/closed/tm.db"
    with closed(tmp_path / "closed"):
        check, doctor = (
            desk.tm(*words, before=before, TM_DATABASE_URL=url) for words in (["config", "check"], ["doctor"])
        )

    assert (check.returncode, doctor.returncode) == (2, 1)
    assert "closed" in check.stdout
