"""Workers and commands that die, stop, meet each other, or meet a broken world: nothing acknowledged is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from tests.faults.worker_kit import RIGHT, Folder, broken_import, kill, wait_until

pytestmark = pytest.mark.slow


def test_kill_9_of_random_commands_and_workers_loses_no_acknowledged_change(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    tasks = [folder.add(f"Task {n}") for n in range(5)]
    dice = random.Random(20261122)
    acknowledged: list[str] = []
    stopping = threading.Event()

    def write(number: int) -> None:
        own = random.Random(number)
        for turn in range(12):
            note = f"writer {number} turn {turn}"
            process = folder.start("progress", own.choice(tasks), note)
            try:
                process.communicate(timeout=own.choice([0.02, 0.05, 30, 30]))
            except subprocess.TimeoutExpired:
                kill(process)
            if process.returncode == 0:
                acknowledged.append(note)

    def work() -> None:
        while not stopping.is_set():
            process = folder.start("worker")
            try:
                process.communicate(timeout=dice.uniform(0.5, 2.0))
            except subprocess.TimeoutExpired:
                kill(process)

    worker = threading.Thread(target=work)
    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in [worker, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    stopping.set()
    worker.join()
    folder.drain()
    stored = {str(row[0]) for row in folder.query("select json_extract(data, '$.note') from event")}

    assert len(acknowledged) > 20
    assert set(acknowledged) <= stored
    assert folder.count() == RIGHT


def test_a_remote_side_that_cannot_be_asked_hears_a_repeat_only_where_a_worker_died_during_the_call(
    tmp_path: Path,
) -> None:
    folder = Folder(tmp_path, looks="false", pause=0.2, concurrency=1)
    task = folder.add()
    for n in range(5):
        folder.tm("progress", task, f"note {n}")
    kills = 0
    while kills < 3:
        before = len(folder.effects())
        worker = folder.start("worker")
        wait_until(lambda before=before: len(folder.effects()) > before)
        kill(worker)
        kills += 1
    folder.drain()
    wrong = folder.count()
    reclaimed = folder.query("select sum(reclaims) from delivery")

    assert wrong["repeated"] <= kills
    assert wrong["repeated"] <= int(str(reclaimed[0][0]))
    assert {**wrong, "repeated": 0} == RIGHT


def test_what_a_killed_worker_had_claimed_is_taken_over_at_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path, pause=30)
    folder.add()
    worker = folder.start("worker")
    wait_until(lambda: folder.query("select 1 from delivery where state = 'claimed'"))
    kill(worker)
    started = time.monotonic()
    folder.tm("deliver", TM_PLUGINS__PROBE__PAUSE="0")

    assert time.monotonic() - started < 10
    assert folder.count() == RIGHT


def test_a_stopped_worker_keeps_its_place_and_nobody_delivers_twice(tmp_path: Path) -> None:
    folder = Folder(tmp_path, pause=0.3)
    task = folder.add()
    worker = folder.start("worker")
    wait_until(lambda: folder.effects())
    worker.send_signal(signal.SIGSTOP)
    while folder.tm("progress", task, "while it is stopped").returncode:  # stopped in the middle of a commit
        worker.send_signal(signal.SIGCONT)
        worker.send_signal(signal.SIGSTOP)
    beside = folder.tm("deliver", TM_DELIVERY_WAIT="1")
    worker.send_signal(signal.SIGCONT)
    wait_until(lambda: len(folder.effects()) == 3)
    worker.terminate()
    worker.communicate(timeout=30)

    assert beside.returncode == 0
    assert f"process {worker.pid}" in beside.stderr
    assert folder.count() == RIGHT


def test_no_wake_up_is_lost_when_drains_die_at_random(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    tasks = [folder.add(f"Task {n}") for n in range(4)]
    dice = random.Random(7)
    stopping = threading.Event()

    def hunt() -> None:
        while not stopping.is_set():
            time.sleep(dice.uniform(0.05, 0.3))
            holder = folder.path / ".tm" / "tm.db.worker"
            pid = holder.read_text(encoding="ascii").partition(" ")[0] if holder.exists() else ""
            line = Path(f"/proc/{pid}/cmdline") if pid else None
            if line is not None and line.exists() and b"deliver" in line.read_bytes():
                subprocess.run(["kill", "-9", pid], check=False, capture_output=True)

    def write(number: int) -> None:
        for turn in range(12):
            done = folder.tm("progress", tasks[number % 4], f"{number}/{turn}", TM_DELIVERY="background")
            assert done.returncode == 0, done.stderr

    hunter = threading.Thread(target=hunt)
    writers = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in [hunter, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    stopping.set()
    hunter.join()
    # the next command of anybody, a reading one too, starts a drain if something is overdue
    folder.tm("list", TM_DELIVERY="background")
    wait_until(lambda: folder.count()["missing"] == 0)
    wait_until(lambda: not folder.query("select 1 from delivery where state in ('pending', 'claimed')"))

    assert folder.count() == RIGHT


def test_of_two_drains_at_once_each_effect_happens_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path, pause=0.05)
    for n in range(6):
        folder.add(f"Task {n}")
    drains = [folder.start("deliver") for _ in range(3)]
    codes = [drain.communicate(timeout=60) and drain.returncode for drain in drains]

    assert codes == [0, 0, 0]
    assert len(folder.effects()) == 6
    assert folder.count() == RIGHT


def test_a_plugin_misconfigured_for_an_hour_gets_all_it_was_owed_in_order(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.tm("deliver")
    task = folder.add()
    broken = {"TM_PLUGINS__PROBE__PAUSE": "not a number"}
    folder.tm("deliver", **broken)
    for n in range(3):
        folder.tm("progress", task, f"note {n}")
    said = folder.tm("deliver", **broken)
    state = folder.tm("plugins", "list", **broken)
    while_broken = folder.effects()
    folder.tm("deliver")

    assert while_broken == []
    assert "still owed" in said.stderr
    assert "config error" in state.stdout
    assert "TM_PLUGINS__PROBE__PAUSE" in state.stdout
    assert [kind for *_, kind in folder.effects()] == [
        "task.created", "task.progressed", "task.started", "task.progressed", "task.progressed",
    ]  # fmt: skip
    assert folder.count() == RIGHT


def test_a_plugin_enabled_today_hears_nothing_of_last_week_until_replayed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    without = {"TM_PLUGINS__PROBE__ENABLED": "false"}
    old = folder.tm("add", "Last week", **without).stdout.strip()
    folder.tm("deliver", **without)
    new = folder.add("Today")
    folder.drain()
    before = [task for _, task, *_ in folder.effects()]
    dry = folder.tm("delivery", "replay", "probe", "--since", "7d")
    folder.tm("delivery", "replay", "probe", "--since", "7d", "--yes")
    folder.drain()

    assert before == [new]
    assert "1 events" in dry.stderr
    assert [task for _, task, *_ in folder.effects()] == [new, old]


def test_sigterm_lets_the_call_under_way_end(tmp_path: Path) -> None:
    folder = Folder(tmp_path, pause=0.5)
    folder.add()
    worker = folder.start("worker")
    wait_until(lambda: folder.query("select 1 from delivery where state = 'claimed'"))
    worker.terminate()
    _, log = worker.communicate(timeout=30)

    assert worker.returncode == 0
    assert "stopped" in log
    assert folder.query("select state, reclaims from delivery") == [("delivered", 0)]


def test_a_second_worker_is_refused_with_the_first_one_s_process_id(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first = folder.start("worker")
    wait_until(lambda: (folder.path / ".tm" / "tm.db.worker").exists())
    second = folder.tm("worker", TM_DELIVERY_WAIT="0.2")
    first.terminate()
    first.communicate(timeout=30)

    assert second.returncode == 1
    assert f"process {first.pid}" in second.stderr


def test_wait_names_the_outcome_and_exits_6_when_it_is_still_owed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    good = folder.tm("add", "Good", "--wait", TM_DELIVERY="background")
    bad = folder.tm(
        "add", "Bad", "--wait", TM_DELIVERY="background", TM_PLUGINS__PROBE__REFUSES="true", TM_DELIVERY_WAIT="3"
    )

    assert (good.returncode, bad.returncode) == (0, 6)
    assert "probe: delivered" in good.stderr
    assert "probe: still owed (not now)" in bad.stderr
    assert bad.stdout.strip()


def test_in_ci_a_command_delivers_before_it_ends_and_says_what_will_be_lost(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    ci = {"CI": "true", "TM_DELIVERY": "auto"}
    good = folder.tm("add", "Good", **ci)
    delivered = len(folder.effects())
    bad = folder.tm("add", "Bad", **ci, TM_PLUGINS__PROBE__REFUSES="true", TM_DELIVERY_WAIT="3")

    assert (good.returncode, bad.returncode) == (0, 0)
    assert delivered == 1
    assert "lost with this runner" in bad.stderr
    assert len(bad.stdout.splitlines()) == 1


def test_a_plugin_that_hangs_delays_nobody_else_and_its_drain_ends(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    slow = {
        "TM_PLUGINS__SLOW__FILE": str(tmp_path / "slow"),
        "TM_PLUGINS__SLOW__PAUSE": "3600",
        "TM_PLUGINS__SLOW__CONCURRENCY": "2",
    }
    for n in range(5):
        folder.tm("add", f"Task {n}", **slow)
    worker = folder.start("worker", **slow)
    wait_until(lambda: len(folder.effects()) == 5)
    claimed = folder.query("select count(*) from delivery where plugin = 'slow' and state = 'claimed'")
    kill(worker)
    folder.tm("deliver")

    assert claimed == [(2,)]
    assert folder.query("select count(*) from delivery where plugin = 'slow' and state = 'pending'") == [(5,)]


def test_a_worker_takes_up_changed_settings_by_itself(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    del folder.environ["TM_PLUGINS__PROBE__FILE"]
    config = tmp_path / "tm.toml"
    config.write_text("[plugins.probe]\n", encoding="utf-8")
    folder.add()
    worker = folder.start("worker")
    wait_until(lambda: folder.query("select 1 from delivery"))
    config.write_text(f'[plugins.probe]\nfile = "{folder.effects_file}"\n', encoding="utf-8")
    wait_until(lambda: folder.effects())
    worker.terminate()
    _, log = worker.communicate(timeout=30)

    assert "settings changed" in log
    assert folder.count() == RIGHT


@pytest.mark.parametrize("mode", ["background", "inline"])
def test_waiting_outlasts_a_first_attempt_that_fails(tmp_path: Path, mode: str) -> None:
    folder = Folder(tmp_path, fails=1)
    done = folder.tm("add", "A task", "--wait", TM_DELIVERY=mode, TM_DELIVERY_WAIT="30")

    assert done.returncode == 0, done.stderr
    assert "probe: delivered" in done.stderr


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"DOES": "raise tm.NeedsLogin('the key expired')"}, "needs login: the key expired"),
        ({"PAUSE": "many"}, "config error: TM_PLUGINS__PROBE__PAUSE"),
    ],
)
def test_waiting_ends_at_once_and_says_why_where_nobody_calls_the_plugin(
    tmp_path: Path, setting: dict[str, str], words: str
) -> None:
    folder = Folder(tmp_path)
    wrong = {f"TM_PLUGINS__PROBE__{name}": value for name, value in setting.items()}
    done = folder.tm("add", "A task", "--wait", TM_DELIVERY="background", TM_DELIVERY_WAIT="600", **wrong)
    listed = folder.tm("delivery", "list", "--owed", **wrong)

    assert done.returncode == 6
    assert f"probe: still owed ({words}" in done.stderr
    assert f"probe is not called now: {words}" in listed.stderr


def test_deliver_with_wait_owns_up_to_what_it_left_to_another(tmp_path: Path) -> None:
    folder = Folder(tmp_path, refuses=True)
    folder.add()
    worker = folder.worker()
    wait_until(lambda: folder.query("select 1 from delivery where attempt > 0 and state = 'pending'"))
    left, strict = folder.tm("deliver"), folder.tm("deliver", "--wait", TM_DELIVERY_WAIT="0")
    kill(worker)

    assert left.returncode == 0
    assert "left it to that one" in left.stderr
    assert strict.returncode == 6
    assert "probe: 1 still owed" in strict.stderr


def lingering(folder: Folder) -> None:
    """A drain in the background that waits for a tool which is not ready yet."""
    (folder.path / "tm.toml").write_text("[plugins.probe]\nrefuses = true\n", encoding="utf-8")
    folder.tm("add", "A task", TM_DELIVERY="background")
    wait_until(lambda: folder.query("select 1 from delivery where attempt > 0 and state = 'pending'"))


def test_a_lingering_drain_takes_up_changed_settings(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    lingering(folder)
    (tmp_path / "tm.toml").write_text("[plugins.probe]\nrefuses = false\n", encoding="utf-8")
    wait_until(lambda: folder.effects())

    assert folder.count() == RIGHT


def test_a_lingering_drain_makes_room_for_a_worker(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    lingering(folder)
    worker = folder.start("worker")
    lock = folder.path / ".tm" / "tm.db.worker"
    wait_until(lambda: lock.read_text(encoding="ascii").split() == [str(worker.pid), "worker"])
    worker.terminate()
    worker.communicate(timeout=30)

    assert worker.returncode == 0


def test_settings_that_change_while_a_worker_reads_them_are_taken_up(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    config = tmp_path / "tm.toml"
    config.write_text("[plugins.probe]\nrefuses = true\n", encoding="utf-8")
    broken_import(folder, f"with open({str(config)!r}, 'w') as file: file.write('[plugins.probe]\\n')")
    folder.add()
    worker = folder.worker()
    wait_until(lambda: folder.effects())
    kill(worker)


def test_settings_that_are_wrong_for_a_moment_do_not_end_a_worker(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    config = tmp_path / "tm.toml"
    config.write_text("[plugins.probe]\n", encoding="utf-8")
    worker = folder.worker()
    assert worker.stderr is not None
    assert any("started" in line for line in worker.stderr)
    config.write_text("[plugins.probe\n", encoding="utf-8")
    assert any("settings are wrong" in line for line in worker.stderr)
    config.write_text("[plugins.probe]\n", encoding="utf-8")
    folder.add()
    wait_until(lambda: folder.effects())
    worker.terminate()
    worker.communicate(timeout=30)

    assert worker.returncode == 0
