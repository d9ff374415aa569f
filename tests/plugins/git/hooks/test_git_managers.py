"""pre-commit, lefthook, husky and git-lfs, the real ones, before and after our hooks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tm_git import managers, scripts
from tm_git.checkup import report

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "examples" / "git-hooks"
TASK = "1a2b3c4d"
BIN = Path(sys.executable).parent
STAGES = [word for event in scripts.EVENTS for word in ("-t", event)]


def states(box):
    return {each.event: (each.state, each.by) for each in report(box.repo, trailers=True).hooks}


def journey(box):
    """What people do, on a task's branch; the moments that were noted and the trailers of the last commit."""
    box.notes()
    box.git("switch", "-q", "-c", f"feature/{TASK}-x")
    box.commit("a")
    box.git("commit", "--amend", "--no-edit", "-q")
    box.git("switch", "-q", "main")
    box.git("merge", "--no-ff", "-q", "-m", "join", "-")
    return [note[0] for note in box.notes()], box.trailers("HEAD^2")


WHOLE = (["checkout", "commit", "commit", "rewrite", "checkout", "merge"], [TASK])


@pytest.fixture
def managed(bare_box, tmp_path):
    """A repository for managers, which find their programs and keep their caches in places of their own."""
    bare_box.environ["PATH"] = f"{BIN}:{bare_box.environ['PATH']}"
    bare_box.environ["PRE_COMMIT_HOME"] = str(tmp_path / "pre-commit")
    return bare_box


# ---- pre-commit ------------------------------------------------------------------------------------------------------

LOCAL = """repos:
- repo: local
  hooks:
  - {id: own, name: own, entry: sh -c 'echo own >>own.log', language: system, always_run: true, pass_filenames: false}
"""


@pytest.fixture
def pre_commit(managed):
    (managed.folder / ".pre-commit-config.yaml").write_text(
        LOCAL.replace("always_run", "stages: [manual, post-commit], always_run")
    )
    (managed.folder / ".gitignore").write_text("own.log\n")
    managed.git("add", "-A")
    managed.git("commit", "-m", "settings")
    return managed


def test_hooks_that_pre_commit_puts_aside_go_on(pre_commit):
    pre_commit.install()
    pre_commit.run("pre-commit", "install", *STAGES)
    moments, trailers = journey(pre_commit)

    assert (moments, trailers) == WHOLE
    assert (pre_commit.folder / "own.log").exists()
    assert states(pre_commit)["post-commit"] == ("installed", "pre-commit")
    assert states(pre_commit)["post-rewrite"] == ("without list", "pre-commit")


def test_hooks_beside_pre_commit_s_live_through_its_next_installation(pre_commit):
    pre_commit.run("pre-commit", "install", "-t", "post-commit")
    theirs = (pre_commit.hooks / "post-commit").read_bytes()
    pre_commit.install()
    pre_commit.run("pre-commit", "install", "-t", "post-commit")
    moments, trailers = journey(pre_commit)

    assert (moments, trailers) == WHOLE
    assert (pre_commit.hooks / "post-commit").read_bytes() == theirs
    pre_commit.uninstall()
    assert not (pre_commit.hooks / "post-commit.legacy").exists()
    assert (pre_commit.hooks / "post-commit").read_bytes() == theirs


def test_a_rewrite_by_way_of_pre_commit_comes_without_its_list(pre_commit):
    pre_commit.install()
    pre_commit.run("pre-commit", "install", "-t", "post-rewrite")
    pre_commit.commit("a")
    pre_commit.notes()
    pre_commit.git("commit", "--amend", "--no-edit")

    assert ("rewrite", "amend") in pre_commit.notes()


def test_pre_commit_uninstalled_leaves_our_hooks_in_place(pre_commit):
    pre_commit.install()
    pre_commit.run("pre-commit", "install", "-t", "post-commit")
    pre_commit.run("pre-commit", "uninstall", "-t", "post-commit")

    assert states(pre_commit)["post-commit"] == ("installed", "git")


def test_the_hooks_that_this_repository_offers_pre_commit_work(managed, tmp_path, make_sandbox):
    offered = make_sandbox("offered", has_commit=False)
    script = offered.folder / "plugins" / "git" / "tm_git" / "hook.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "plugins" / "git" / "tm_git" / "hook.sh", script)
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", offered.folder)
    offered.commit("hooks")
    ids = "".join(f"  - id: tm-{event}\n" for event in scripts.EVENTS)
    (managed.folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {offered.folder}\n  rev: {offered.sha()}\n  hooks:\n{ids}"
    )
    managed.git("add", "-A")
    managed.git("commit", "-m", "settings")
    managed.environ["PATH"] = f"{managed.home / 'bin'}:{managed.environ['PATH']}"
    managed.run("pre-commit", "install", *STAGES)
    managed.install()  # nothing is noted twice
    moments, trailers = journey(managed)

    assert (moments, trailers) == WHOLE
    assert states(managed)["post-commit"] == ("installed", "pre-commit")


def test_the_offer_is_a_valid_manifest_and_its_script_can_be_run(managed):
    managed.run("pre-commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"))

    assert os.access(ROOT / "plugins" / "git" / "tm_git" / "hook.sh", os.X_OK)


# ---- lefthook --------------------------------------------------------------------------------------------------------

OWN_JOB = "pre-commit:\n  jobs:\n    - {name: own, run: echo own >>own.log}\n"


@pytest.fixture
def lefthook(managed):
    managed.environ |= {"LEFTHOOK_QUIET": "meta,summary", "NO_COLOR": "1"}
    (managed.folder / ".gitignore").write_text("own.log\nlefthook.yml\n")
    return managed


def test_with_lefthook_s_jobs_from_the_example_everything_is_noted(lefthook):
    (lefthook.folder / "lefthook.yml").write_text((EXAMPLES / "lefthook.yml").read_text() + OWN_JOB)
    lefthook.run("lefthook", "install")
    plan = lefthook.install()
    moments, trailers = journey(lefthook)

    assert plan.advice == []
    assert (moments, trailers) == WHOLE
    assert set(states(lefthook).values()) == {("installed", "lefthook")}
    assert (lefthook.folder / "own.log").exists()


def test_the_list_of_a_rewrite_comes_through_lefthook(lefthook):
    (lefthook.folder / "lefthook.yml").write_text((EXAMPLES / "lefthook.yml").read_text())
    lefthook.run("lefthook", "install")
    lefthook.install()
    old = lefthook.commit("a")
    lefthook.git("commit", "--amend", "-m", "b")

    assert ("rewrite", "amend", old, lefthook.sha()) in lefthook.notes()


def test_where_lefthook_keeps_a_hook_the_lines_to_add_are_given_and_nothing_is_touched(lefthook):
    (lefthook.folder / "lefthook.yml").write_text(OWN_JOB.replace("pre-commit", "post-commit"))
    lefthook.run("lefthook", "install")
    before = (lefthook.hooks / "post-commit").read_bytes()
    plan = lefthook.install()

    assert [managers.lefthook_job("post-commit") in advice for advice in plan.advice] == [True]
    assert (lefthook.hooks / "post-commit").read_bytes() == before
    assert states(lefthook)["post-commit"] == ("replaced", "lefthook")
    assert states(lefthook)["post-merge"] == ("installed", "git")


def test_hooks_that_lefthook_has_put_aside_are_said_to_be_replaced_and_are_taken_out(lefthook):
    lefthook.install()
    (lefthook.folder / "lefthook.yml").write_text(OWN_JOB.replace("pre-commit", "post-commit"))
    lefthook.run("lefthook", "install")
    seen = states(lefthook)["post-commit"]
    lefthook.uninstall()

    assert seen == ("replaced", "lefthook")
    assert not (lefthook.hooks / "post-commit.old").exists()


def test_the_example_for_lefthook_is_what_install_prints():
    text = (EXAMPLES / "lefthook.yml").read_text()

    assert [event for event in scripts.EVENTS if managers.lefthook_job(event) not in text] == []


# ---- husky -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def husky_package(tmp_path_factory):
    """husky from npm, or the reason why it cannot be had."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, so husky cannot be tried")
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000", "husky@9.1.7"]
    done = subprocess.run(
        [*command, "--prefix", str(folder)], cwd=folder, env={**os.environ, "HOME": str(folder)}, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"husky cannot be had from npm: {done.stderr.splitlines()[:1]}")
    return folder / "node_modules" / "husky"


@pytest.fixture
def husky(managed, husky_package):
    (managed.folder / ".husky").mkdir()
    (managed.folder / ".husky" / "pre-commit").write_text("echo own >>own.log\n")
    (managed.folder / ".gitignore").write_text("own.log\n")
    managed.run("node", str(husky_package / "bin.js"))
    assert managed.git("config", "core.hooksPath") == ".husky/_"
    return managed


def keep(box):
    """Commit the files of husky, which leave the work tree with their branch."""
    box.git("add", "-A")
    box.git("commit", "-m", "hooks")


def test_hooks_go_into_husky_s_files_and_live_through_its_next_installation(husky, husky_package):
    (husky.folder / ".husky" / "post-commit").write_text("echo own-post >>own.log\n")
    husky.install()
    husky.run("node", str(husky_package / "bin.js"))
    keep(husky)
    moments, trailers = journey(husky)

    assert (moments, trailers) == WHOLE
    assert set(states(husky).values()) == {("installed", "husky")}
    assert "own-post" in (husky.folder / "own.log").read_text()
    husky.uninstall()
    assert (husky.folder / ".husky" / "post-commit").read_text() == "echo own-post >>own.log\n"
    assert not (husky.folder / ".husky" / "post-merge").exists()


def test_husky_that_comes_later_shadows_the_hooks_until_they_are_installed_again(managed, husky_package):
    managed.install()
    managed.run("node", str(husky_package / "bin.js"))
    seen = set(states(managed).values())
    managed.install()

    assert seen == {("shadowed", "husky")}
    assert set(states(managed).values()) == {("installed", "husky")}
    managed.uninstall()
    assert not [path for path in (managed.folder / ".git" / "hooks").iterdir() if path.suffix != ".sample"]


def test_the_lines_for_husky_s_files_from_the_examples_work(husky):
    husky.install()
    for path in (EXAMPLES / "husky").iterdir():
        shutil.copy(path, husky.folder / ".husky" / path.name)
    keep(husky)

    assert {path.name for path in (EXAMPLES / "husky").iterdir()} == set(scripts.EVENTS)
    assert journey(husky) == WHOLE


# ---- git-lfs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def lfs(managed):
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not installed, so it cannot be tried")
    managed.git("lfs", "install", "--local")
    return managed


def test_git_lfs_hooks_and_ours_both_run_and_come_apart_again(lfs):
    before = {path.name: path.read_bytes() for path in lfs.hooks.iterdir()}
    lfs.install()
    lfs.git("lfs", "track", "*.bin")
    (lfs.folder / "big.bin").write_bytes(b"x" * 1000)
    moments, trailers = journey(lfs)

    assert (moments, trailers) == WHOLE
    assert lfs.git("lfs", "ls-files", "--name-only") == "big.bin"
    lfs.uninstall()
    assert {path.name: path.read_bytes() for path in lfs.hooks.iterdir()} == before


def test_git_lfs_that_comes_later_refuses_and_its_manual_way_keeps_both(managed):
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not installed, so it cannot be tried")
    managed.install()
    done = managed.run("git", "lfs", "install", "--local", check=False)
    for event in ("post-commit", "post-checkout", "post-merge"):
        with (managed.hooks / event).open("a") as file:
            file.write(f'git lfs {event} "$@"\n')

    assert done.returncode == 2
    assert journey(managed) == WHOLE
    assert states(managed)["post-commit"] == ("installed", "git")
