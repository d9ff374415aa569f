"""A worker's place: who holds it, what becomes of it when the store moves, and plugins that end the process."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
from typing import TYPE_CHECKING

import pytest
from tests.faults.worker_kit import RIGHT, Folder, broken_import, ended, kill, wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_process_that_a_plugin_forked_does_not_keep_the_place_of_a_dead_worker(tmp_path: Path) -> None:
    folder = Folder(tmp_path, does="if os.fork() == 0: time.sleep(60); os._exit(0)")
    folder.add()
    worker = folder.worker()
    wait_until(lambda: folder.effects())
    worker.send_signal(signal.SIGKILL)  # its child holds the pipes open: nothing to communicate
    worker.wait()
    for pipe in (worker.stdout, worker.stderr):
        assert pipe
        pipe.close()
    folder.add("Another")
    done = folder.tm("deliver", TM_PLUGINS__PROBE__DOES="", TM_DELIVERY_WAIT="5")

    assert "is delivering" not in done.stderr
    assert len(folder.effects()) == 2


def test_a_plugin_that_kills_its_process_takes_no_other_plugin_s_call_along_twice(tmp_path: Path) -> None:
    folder = Folder(tmp_path, looks="false", pause=0.3)
    killer = {
        "TM_PLUGINS__SLOW__FILE": str(tmp_path / "killer"),
        "TM_PLUGINS__SLOW__DOES": "time.sleep(0.1); os.kill(os.getpid(), signal.SIGKILL)",
    }
    for n in range(3):
        folder.tm("add", f"Task {n}", **killer)
    codes = [folder.tm("deliver", **killer).returncode for _ in range(4)]
    wait_until(lambda: folder.tm("deliver", **killer) and len(folder.effects()) >= 3)

    assert -signal.SIGKILL in codes
    assert folder.query("select max(reclaims) from delivery where plugin = 'probe'") <= [(1,)]
    assert folder.count() == RIGHT


def test_a_worker_leaves_alone_a_store_that_took_the_place_of_its_own(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.add("In the first store")
    worker = folder.worker()
    wait_until(lambda: folder.effects())
    other = {"TM_DATABASE_URL": f"sqlite:///{tmp_path}/other/tm.db"}
    folder.tm("add", "In the second store", **other)
    with contextlib.closing(sqlite3.connect(tmp_path / "other" / "tm.db")) as second:
        second.execute("pragma wal_checkpoint(truncate)")
    for name in ("tm.db-wal", "tm.db-shm"):
        (folder.store.parent / name).unlink()
    (tmp_path / "other" / "tm.db").replace(folder.store)
    folder.add("Acknowledged, in the log of the second store")
    _, log = worker.communicate(timeout=30)
    folder.drain()

    assert worker.returncode == 4
    assert "Another file was put in the place of the store" in log
    assert folder.query("select count(*) from task") == [(2,)]
    assert folder.query("select state from delivery") == [("delivered",)] * 2


def test_a_worker_whose_store_is_gone_says_so_and_makes_no_new_one(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.add()
    worker = folder.worker()
    wait_until(lambda: folder.effects())
    (folder.path / ".tm").rename(tmp_path / "elsewhere")
    _, log = worker.communicate(timeout=30)

    assert worker.returncode == 4
    assert "is gone" in log
    assert not folder.store.exists()


def test_a_worker_whose_lock_was_taken_away_leaves(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    worker = folder.worker()
    (folder.store.parent / "tm.db.worker").unlink()
    _, log = worker.communicate(timeout=30)

    assert worker.returncode == 4
    assert "lock file" in log


def test_a_worker_that_is_told_of_another_store_holds_that_one_s_place_only(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    worker = folder.worker()
    other = {"TM_DATABASE_URL": f"sqlite:///{tmp_path}/other/tm.db"}
    task = folder.tm("add", "In the other store", **other)
    (tmp_path / "tm.toml").write_text(f'database_url = "sqlite:///{tmp_path}/other/tm.db"\n', encoding="utf-8")
    folder.tm("config", "trust")
    wait_until(lambda: folder.effects())
    free = folder.tm("deliver", TM_DATABASE_URL=f"sqlite:///{folder.store}", TM_DELIVERY_WAIT="0.2")
    taken = folder.tm("deliver", TM_DATABASE_URL=other["TM_DATABASE_URL"], TM_DELIVERY_WAIT="0.2")
    code, _ = ended(worker)

    assert (task.returncode, code) == (0, 0)
    assert "is delivering" not in free.stderr
    assert f"process {worker.pid}" in taken.stderr


def test_sigterm_while_a_plugin_is_imported_ends_the_worker_whatever_the_import_catches(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    seen = broken_import(
        folder, "while True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass"
    )
    worker = folder.start("worker")
    wait_until(seen.exists)

    assert ended(worker)[0] == 0


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "SystemExit(0)", "GeneratorExit"])
def test_an_import_that_raises_what_ends_programs_ends_no_drain(tmp_path: Path, raised: str) -> None:
    folder = Folder(tmp_path)
    broken_import(folder, f"raise {raised}")
    folder.add()
    done = folder.tm("deliver")

    assert done.returncode == 0, done.stderr
    assert len(folder.effects()) == 1
    assert "odd: 1 still owed" in done.stderr


def test_ctrl_c_during_an_import_ends_the_command(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    seen = broken_import(folder, "time.sleep(60)")
    folder.add()
    drain = folder.start("deliver")
    wait_until(seen.exists)
    drain.send_signal(signal.SIGINT)
    drain.communicate(timeout=30)

    assert drain.returncode == 130


def test_a_drain_that_crashes_says_so_in_its_log(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.add()
    body = "import tm.worker\n\ndef crash(self, results):\n    raise ZeroDivisionError('on purpose')\n"
    broken_import(folder, body + "\ntm.worker.Worker._turn = crash")
    folder.tm("progress", folder.add(), "half", TM_DELIVERY="background")
    log = folder.store.parent / "tm.log"
    wait_until(lambda: log.exists() and "crashed" in log.read_text(encoding="utf-8"))

    assert "ZeroDivisionError: on purpose" in log.read_text(encoding="utf-8")


def test_a_hung_worker_that_is_killed_delays_the_next_one_s_other_plugins_by_seconds_only(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    slow = {"TM_PLUGINS__SLOW__FILE": str(tmp_path / "slow"), "TM_PLUGINS__SLOW__PAUSE": "3600"}
    folder.tm("add", "Hangs", **slow)
    worker = folder.worker(**slow)
    wait_until(lambda: folder.query("select 1 from delivery where plugin = 'slow' and state = 'claimed'"))
    kill(worker)
    folder.tm("add", "Waits", **slow)
    worker = folder.worker(**slow)
    wait_until(lambda: len(folder.effects()) == 2, seconds=20)
    kill(worker)

    assert folder.count() == RIGHT
