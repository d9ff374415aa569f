"""What plugins do to the process they are guests of: processes they fork, calls that never end."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from tests.faults.worker_kit import RIGHT, Folder, broken_import, ended, kill, wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

CHILD_IS_STOPPED = """
ready, tell = os.pipe()
child = os.fork()
if child == 0:
    os.write(tell, b"!")
    time.sleep(600)
    os._exit(0)
os.read(ready, 1)
os.kill(child, signal.SIGTERM)
open(settings.file + ".child", "w").write(str(os.waitpid(child, 0)[1]))
"""
NEVER_ENDS = "open(settings.file + '.calls', 'a').write('x'); time.sleep(3600)"


def test_a_forked_process_that_comes_back_out_of_its_plugin_ends_there(tmp_path: Path) -> None:
    folder = Folder(tmp_path, does="os.fork()")
    folder.add()
    folder.add("Another")
    done = folder.tm("deliver")  # waits for every process that holds its stdout

    assert done.returncode == 0, done.stderr
    assert folder.query("select state, attempt from delivery") == [("delivered", 1)] * 2
    assert folder.query("select count(*) from attempt") == [(2,)]


def test_a_process_that_a_plugin_forked_minds_a_signal_to_end(tmp_path: Path) -> None:
    folder = Folder(tmp_path, does=CHILD_IS_STOPPED)
    folder.add()
    done = folder.tm("deliver")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "effects.child").read_text() == str(int(signal.SIGTERM))


def other_hangs(folder: Folder) -> tuple[dict[str, str], Path]:
    """Environment in which a second plugin's calls never end, and the file in which it counts them."""
    file = folder.path / "slow"
    slow = {"FILE": str(file), "DOES": NEVER_ENDS, "CONCURRENCY": "1"}
    return {f"TM_PLUGINS__SLOW__{key}": value for key, value in slow.items()}, file.with_suffix(".calls")


def test_a_call_that_never_ends_is_not_made_again_when_settings_change_and_holds_up_nobody(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    slow, calls = other_hangs(folder)
    folder.tm("add", "Hangs", **slow)
    worker = folder.worker(**slow)
    wait_until(calls.exists)
    (tmp_path / "tm.toml").write_text('team = "other"\n', encoding="utf-8")
    folder.tm("add", "After the change", **slow)
    wait_until(lambda: len(folder.effects()) == 2)
    attempts = folder.query("select max(attempt) from delivery where plugin = 'slow'")
    kill(worker)

    assert attempts == [(1,)]
    assert calls.read_text() == "x"
    assert folder.count() == RIGHT


def test_a_drain_with_a_call_that_never_ends_leaves_it_to_the_next_one_when_settings_change(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    slow, calls = other_hangs(folder)
    folder.tm("add", "Hangs", **slow)
    drain = folder.start("deliver", **slow)
    wait_until(calls.exists)
    (tmp_path / "tm.toml").write_text('team = "other"\n', encoding="utf-8")
    drain.communicate(timeout=60)
    left = folder.query("select state, attempt from delivery where plugin = 'slow'")
    folder.tm("deliver")

    assert (left, calls.read_text()) == ([("claimed", 1)], "x")
    assert folder.query("select state from delivery where plugin = 'slow'") == [("pending",)]


def test_a_worker_that_signals_interrupt_all_the_time_still_delivers_and_ends(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    seen = broken_import(
        folder,
        "import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)",
    )
    worker = folder.worker()
    for n in range(100):
        folder.add(f"Task {n}")
        wait_until(lambda told=n + 1: len(folder.effects()) == told)

    assert seen.exists()
    assert ended(worker)[0] == 0
    assert folder.count() == RIGHT
