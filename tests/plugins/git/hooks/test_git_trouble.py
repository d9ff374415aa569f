"""Whatever is wrong with tm, its store or the disk: git commits, at once, and says one line at most."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tm_git.spooled import Spool

TM = Path(sys.executable).with_name("tm")
SOON = 1.0


@pytest.fixture
def timed(box):
    """Commits on a task's branch; fails if that takes a second, and returns what was printed."""
    box.git("switch", "-q", "-c", "feature/1a2b3c4d-x", TM_SKIP_HOOKS="1")
    wait_for(lambda: not (box.room / "taker").exists() or not (box.room / "taker").read_text())

    def commit(**environ):
        (box.folder / "file").write_text(str(time.monotonic()))
        box.git("add", "file")
        start = time.monotonic()
        done = box.run("git", "commit", "-q", "-m", "subject", **environ)
        took = time.monotonic() - start
        assert took < SOON, f"{took} s"
        return done.stdout + done.stderr

    return commit


def wait_for(claim, seconds=30):
    until = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_nothing_is_said_when_all_is_well(timed):
    assert timed() == ""


def test_a_tm_that_hangs_delays_nobody_and_is_started_once(box, timed, tmp_path):
    starts = tmp_path / "starts"
    box.put_tm(f"echo $$ >>'{starts}'; exec sleep 60")
    said = [timed() for _ in range(4)]
    wait_for(starts.exists)
    pids = starts.read_text().split()
    for pid in pids:
        os.kill(int(pid), 9)

    assert said == [""] * 4
    assert len(pids) <= 2
    assert len(box.notes()) >= 4


def test_a_tm_that_fails_or_is_killed_leaves_the_next_hook_to_start_another(box, timed, tmp_path):
    starts = tmp_path / "starts"
    for text in ("exit 70", "kill -9 $$"):
        box.put_tm(f"echo x >>'{starts}'; {text}")
        starts.write_text("")
        for number in range(1, 3):
            timed()
            wait_for(lambda number=number: len(starts.read_text()) == 2 * number)
            wait_for(lambda: not (box.room / "taker").read_text())


def test_a_tm_that_is_gone_is_looked_for_in_path_and_else_told_in_one_line(box, timed, tmp_path):
    (box.home / "bin" / "tm").unlink()
    places = [Path(each) for each in box.environ["PATH"].split(":") if not (Path(each) / "tm").exists()]
    path = ":".join(map(str, places))
    said = timed(PATH=path)
    found = tmp_path / "bin"
    found.mkdir()
    (found / "tm").write_text(f"#!/bin/sh\ntouch '{tmp_path}/came'\n")
    (found / "tm").chmod(0o755)
    silent = timed(PATH=f"{found}:{path}")
    wait_for((tmp_path / "came").exists)

    assert said.count("\n") == 1
    assert said.startswith("tm git: there is no tm ")
    assert silent == ""


@pytest.mark.parametrize("what", ["nothing", "spool", "folder", "full", "hook"])
def test_a_disk_that_refuses_everything_stops_no_commit(box, timed, what):
    spool = box.room / "spool"
    if what == "spool":
        spool.unlink(missing_ok=True)
        spool.mkdir()
    elif what == "full":
        spool.unlink(missing_ok=True)
        spool.symlink_to("/dev/full")
    elif what == "folder":
        box.room.rename(box.room.with_name("elsewhere"))
    elif what == "hook":
        (box.room / "hook").write_bytes(b"\0\1 not sh at all ((")

    assert timed() == "" or what == "hook"
    assert box.trailers() == ([] if what in ("folder", "hook") else ["1a2b3c4d"])


def test_a_full_spool_of_a_year_delays_nobody(box, timed):
    with (box.room / "spool").open("ab") as file:
        file.write(b"\0~tm1\0001\0/x\0commit\0" + b"a" * 60 + b"\0main\0\n\0" * 1)
        file.truncate(200_000_000)

    assert timed() == ""


def test_variables_of_git_reach_no_take(box, timed, tmp_path):
    seen = tmp_path / "seen"
    box.put_tm(f"env >'{seen}.part'; mv '{seen}.part' '{seen}'; ls -l /proc/self/fd >'{tmp_path}/files'")
    timed(GIT_DIR=str(box.folder / ".git"), GIT_WORK_TREE=str(box.folder))
    wait_for((tmp_path / "files").exists)
    variables = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    local = set(box.git("rev-parse", "--local-env-vars").split())

    assert variables & local == set()
    assert not variables & {"GIT_EDITOR", "GIT_AUTHOR_DATE", "GIT_EXEC_PATH"}


def test_a_take_holds_no_stream_of_git_open(box, timed):
    box.put_tm("exec sleep 60")
    said = timed()  # a held pipe would keep the run waiting
    wait_for(lambda: (box.room / "taker").exists() and (box.room / "taker").read_text().strip())
    session = int((box.room / "taker").read_text())
    leads = os.getpgid(session) == session
    os.killpg(os.getpgid(session), signal.SIGKILL) if leads else os.kill(session, signal.SIGKILL)

    assert said == ""
    assert leads == (shutil.which("setsid") is not None)


def test_every_hook_is_silent_with_nothing_at_all_in_the_environment(box):
    for event in ("post-commit", "post-checkout", "post-merge", "post-rewrite", "prepare-commit-msg", "commit-msg"):
        path = box.hooks / event
        done = subprocess.run(["env", "-i", str(path), "a", "b", "1"], cwd=box.folder, capture_output=True, input=b"")
        assert (done.returncode, done.stderr, done.stdout) == (0, b"", b""), event


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "bash -eu", "sh -eu", "busybox sh"])
def test_every_shell_runs_the_lines(box, shell, tmp_path):
    name = shell.split()[0]
    if not any((Path(each) / name).exists() for each in os.environ["PATH"].split(":")):
        pytest.skip(f"{name} is not installed")
    for event in ("post-commit", "post-checkout", "post-merge", "post-rewrite", "prepare-commit-msg", "commit-msg"):
        words = {"post-checkout": ["a", "b", "1"], "post-merge": ["0"], "post-rewrite": ["amend"]}.get(event, ["msg"])
        box.run(*shell.split(), str(box.hooks / event), *words, text="old new\n")

    assert [note[0] for note in box.notes()] == ["commit", "checkout", "merge", "rewrite"]


def project(box, config=""):
    (box.folder / "tm.toml").write_text(f'delivery = "worker"\n[plugins.git]\n{config}')
    (box.folder / ".gitignore").write_text("tm.toml\n.gitignore\n")


def test_the_real_tm_takes_in_the_background_what_a_commit_noted(box, timed):
    project(box)
    box.install(TM)
    timed()
    spool = Spool(box.room)
    wait_for(lambda: (box.room / "cursor").exists() and spool.waiting() == 0)

    assert "names task 1a2b3c4d, which is not here" in timed()


def test_no_call_to_take_is_lost_in_a_flurry_of_commits(box, timed):
    project(box)
    box.install(TM)
    for number in range(12):
        timed()
        time.sleep(0.03 * (number % 4))
    spool = Spool(box.room)

    wait_for(lambda: (box.room / "cursor").exists() and spool.waiting() == 0)


def test_a_locked_store_delays_no_commit_and_loses_nothing(box, timed):
    project(box)
    box.install(TM)
    box.run(str(TM), "add", "x")
    store = sqlite3.connect(box.folder / ".git" / "tm" / "tm.db", isolation_level=None)
    store.execute("begin exclusive")
    said = timed()
    store.execute("rollback")
    store.close()
    box.run(str(TM), "git", "take")

    assert said == ""
    assert Spool(box.room).waiting() == 0


def test_a_plugin_that_is_not_enabled_keeps_the_notes(box, timed):
    box.install(TM)
    timed()
    wait_for((box.room / "taker").exists)
    wait_for(lambda: not (box.room / "taker").read_text())

    assert Spool(box.room).waiting() >= 1


def test_a_remark_of_a_take_is_said_once_by_the_next_hook(box, timed):
    Spool(box.room).leave_remark("There is no task 1a2b3c4d.\n\x1b[31mred")

    assert timed() == "tm git: There is no task 1a2b3c4d.  [31mred\n"
    assert timed() == ""


def test_outside_of_a_repository_the_program_makes_nothing(tmp_path):
    program = Path(__file__).parents[4] / "plugins" / "git" / "tm_git" / "hook.sh"
    (tmp_path / "nowhere").mkdir()
    done = subprocess.run([str(program), "post-commit"], cwd=tmp_path / "nowhere", capture_output=True, check=True)

    assert done.stderr == b""
    assert not Path("/tm-git").exists()


def test_two_reasons_to_speak_make_one_line(box, timed):
    (box.home / "bin" / "tm").unlink()
    places = [each for each in box.environ["PATH"].split(":") if not (Path(each) / "tm").exists()]
    Spool(box.room).leave_remark("There is no task 1a2b3c4d.")

    assert timed(PATH=":".join(places)) == "tm git: There is no task 1a2b3c4d.\n"


@pytest.mark.parametrize("shell", ["sh -eu", "bash -eu"])
def test_a_strict_shell_without_a_list_or_a_repository_goes_on_after_the_lines(box, shell, tmp_path):
    (tmp_path / "nowhere").mkdir()
    for event in ("post-commit", "post-rewrite"):
        path = tmp_path / event
        path.write_bytes((box.hooks / event).read_bytes() + b"echo went on\n")
        done = box.run("sh", "-c", f"exec {shell} '{path}' amend </dev/null", cwd=tmp_path / "nowhere")

        assert (done.stdout, done.stderr) == ("went on\n", "")
