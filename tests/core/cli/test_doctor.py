"""`tm doctor` as a person uses it, and its parts that a person cannot bring about."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.cli.desk import LOGIN, MIRROR, Desk, levels

from tm.app import Session
from tm.diagnosis.health import examine
from tm.diagnosis.soundness import sqlite_version, surroundings

if TYPE_CHECKING:
    from pathlib import Path

PULLING = f"{MIRROR}\n@tm.hookimpl\ndef pull(hub):\n    pass\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def checking(body: str) -> str:
    hooks = f"@tm.hookimpl\ndef on_event(event, hub):\n    pass\n@tm.hookimpl\ndef check(hub):\n    {body}\n"
    return f"import tm, time, sys\n{hooks}"


def owed_a_login(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")
    task = desk.add("Ship it")
    desk.block(task)
    desk.tm("deliver")


def test_a_healthy_hub_has_nothing_wrong_and_no_store_is_made(desk: Desk) -> None:
    done = desk.tm("doctor", TM_ACTOR="ada@example.com")

    assert done.returncode == 0
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == {"ok"}
    assert not desk.store.exists()


def test_a_wrong_setting_is_a_finding_and_exit_1(desk: Desk) -> None:
    path = desk.write('tema = "platform"\n')

    done = desk.tm("doctor")

    assert done.returncode == 1
    assert f"error\tconfig\t{path}:1" in done.stdout


def test_nobody_s_name_is_a_warning(desk: Desk) -> None:
    found = desk.json("doctor")

    assert list(levels(found, "actor").values()) == ["warning"]


def test_a_store_open_to_others_is_a_warning_with_the_command_that_mends_it(desk: Desk) -> None:
    desk.add("Ship it")
    desk.store.chmod(0o644)

    advice = [each["advice"] for each in desk.json("doctor") if each["level"] == "warning"]

    assert f"chmod 600 {desk.store}" in advice


def test_a_damaged_store_is_an_error_and_the_rest_is_still_looked_at(desk: Desk) -> None:
    desk.add("Ship it")
    content = bytearray(desk.store.read_bytes())
    content[8192:40960] = b"\xff" * 32768
    desk.store.write_bytes(content)

    done = desk.tm("doctor")

    assert done.returncode == 1
    assert "is damaged" in done.stdout
    assert "recover" in done.stdout
    assert "\tdelivery\t" in done.stdout


def test_another_program_s_database_is_refused_by_name(desk: Desk) -> None:
    connection = sqlite3.connect(desk.store)
    connection.execute("create table theirs (a)")
    connection.close()

    done = desk.tm("doctor")

    assert done.returncode == 1
    assert "another program" in done.stdout


def test_what_a_check_finds_is_told_with_its_advice(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")

    done = desk.tm("doctor", "mirror")

    assert done.returncode == 1
    assert "error\tmirror\tThere is no token.\ttm config secret mirror.token" in done.stdout.splitlines()


def test_checks_that_fail_are_findings_and_harm_no_other(desk: Desk) -> None:
    bodies = {
        "raising": "raise ValueError('no way')",
        "leaving": "sys.exit(3)",
        "waiting": "raise TimeoutError('the server')",
        "talking": "return ['fine']",
        "counting": "return 7",
    }
    for name, body in bodies.items():
        desk.install(name, checking(body))
    desk.install("mirror")
    desk.write("".join(f"[plugins.{name}]\n" for name in [*bodies, "mirror"]))

    found = desk.json("doctor", **LOGIN)
    failed = {name: list(levels(found, name))[-1].removeprefix("Its check failed: ") for name in bodies}

    assert failed == {
        "raising": "ValueError: no way",
        "leaving": "SystemExit: 3",
        "waiting": "TimeoutError: the server",
        "talking": "TypeError: it yields str where tm.Finding is wanted",
        "counting": "TypeError: 'int' object is not iterable",
    }
    assert levels(found, "mirror")["The token works."] == "ok"


def test_what_a_check_prints_does_not_spoil_the_answer(desk: Desk) -> None:
    desk.install("loud", checking("print('noise')"))
    desk.write("[plugins.loud]\n")

    done = desk.tm("doctor", "loud", "--format", "json")

    assert done.stdout.startswith("[")
    assert "noise" in done.stderr


def test_a_check_that_hangs_is_a_finding_after_its_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.install("stuck", checking("time.sleep(600)"))
    desk.write("[plugins.stuck]\n")
    monkeypatch.syspath_prepend(str(desk.site))
    session = Session({"HOME": str(desk.home), "TM_DELIVERY": "worker"}, str(desk.folder))

    found = examine(session, only="stuck", check_limit=timedelta(seconds=0.2))

    assert "Its check did not answer within 0.2 s." in [each.message for _, each in found]


def test_a_good_check_ends_the_pause_for_a_login(desk: Desk) -> None:
    owed_a_login(desk)

    bad = desk.tm("doctor", "mirror")
    good = desk.tm("doctor", "mirror", **LOGIN)
    desk.tm("deliver", **LOGIN)

    assert (bad.returncode, good.returncode) == (1, 0)
    assert "paused: needs login: the token is refused" in bad.stdout
    assert "\tactive" not in bad.stdout
    assert "this pause is over" in good.stdout
    assert desk.owed("mirror") == 0


def test_delivery_left_to_a_worker_that_is_not_there_is_an_error_once_something_is_owed(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")
    desk.add("Ship it")

    assert levels(desk.json("doctor"), "worker") == {"Delivery is left to a worker, and none is alive.": "error"}


def test_a_living_worker_is_named_by_its_process(desk: Desk) -> None:
    desk.add("Ship it")
    held = (
        f"from tm.workerlock import WorkerLock; lock = WorkerLock({str(desk.store)!r}); "
        "lock.take('worker'); print(); input()"
    )

    with subprocess.Popen(
        [sys.executable, "-u", "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        found = levels(desk.json("doctor"), "worker")
        worker.communicate("\n")

    assert found == {f"A worker is alive (process {worker.pid}).": "ok"}


def test_a_dead_letter_is_a_warning_that_says_where_to_look(desk: Desk) -> None:
    desk.install("mirror", checking("return []").replace("pass", "raise tm.PermanentFailure('gone')", 1))
    desk.write("[plugins.mirror]\n")
    desk.add("Ship it")
    desk.tm("deliver")

    found = [each for each in desk.json("doctor") if "dead letters" in each["message"]]

    assert found[0]["level"] == "warning"
    assert "gone" in found[0]["message"]
    assert "tm delivery list --dead --plugin mirror" in found[0]["advice"]


def test_a_pull_that_no_worker_makes_is_a_warning(desk: Desk) -> None:
    desk.install("mirror", PULLING)
    desk.write("[plugins.mirror]\n")
    desk.add("Ship it")
    desk.tm("deliver")

    found = levels(desk.json("doctor"), "mirror")

    assert found["Its pull is overdue (last: never)."] == "warning"


def test_requirements_that_clash_or_are_absent_are_found_without_an_import(desk: Desk) -> None:
    requires = ("pluggy<0.1", "no-such-package-anywhere>=2", 'never; extra == "docs"', "pluggy>=1")
    desk.install("mirror", "raise SystemExit('imported')", requires=requires)

    found = levels(desk.json("doctor"), "mirror")

    assert sorted(found.values()) == ["error", "warning"]
    assert "tm-hub-mirror needs no-such-package-anywhere>=2, which is not installed." in found


@pytest.mark.parametrize(("name", "code"), [("nobody", 3), ("slack", 0)])
def test_one_plugin_can_be_asked_for_by_name(desk: Desk, name: str, code: int) -> None:
    done = desk.tm("doctor", name)

    assert done.returncode == code
    assert ("enable it: [plugins.slack]" in done.stdout.lower()) == (name == "slack")


@pytest.mark.parametrize(
    ("version", "is_fixed"),
    [((3, 40, 1), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 7), True), ((3, 51, 2), False),
     ((3, 51, 3), True), ((3, 53, 0), True)],
)  # fmt: skip
def test_the_wal_reset_race_is_named_for_the_versions_that_have_it(version: Any, is_fixed: bool) -> None:
    finding = sqlite_version(version)

    assert ("race" not in finding.message) == is_fixed


def test_a_network_file_system_is_an_error(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 1 0:1 / / rw - ext4 /dev/a rw\n2 1 0:2 / {tmp_path} rw - nfs4 server:/a rw\n")

    found = list(surroundings(str(tmp_path / "tm" / "tm.db"), mounts=str(mounts)))

    assert [each.level for each in found] == ["error"]
    assert "nfs4" in found[0].message
