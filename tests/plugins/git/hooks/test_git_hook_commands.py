"""`tm git install`, `uninstall`, `status` and `take` as a person types them, and `tm doctor git`."""

import json
import sys

import pytest

from tm_git import scripts


@pytest.fixture
def project(bare_box):
    """A repository with a hub in which the git plugin is enabled."""
    (bare_box.folder / "tm.toml").write_text('delivery = "worker"\n[plugins.git]\n')
    return bare_box


@pytest.fixture
def tm(project):
    def run(*words, box=project, **more):
        return box.run(sys.executable, "-m", "tm", *words, check=False, **more)

    return run


def hooks(done):
    return {each["event"]: each["state"] for each in json.loads(done.stdout)["hooks"]}


def test_install_says_each_change_and_a_second_one_that_there_is_none(tm, project):
    first, second = tm("git", "install"), tm("git", "install")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert len(first.stdout.splitlines()) == 1 + len(scripts.EVENTS)
    assert all(line.startswith("write ") for line in first.stdout.splitlines())
    assert second.stdout == "Everything is installed; nothing to change.\n"
    recorded = scripts.recorded_tm((project.room / "hook").read_bytes())
    assert recorded is not None
    assert recorded.endswith("/bin/tm")


@pytest.mark.parametrize("words", [("install",), ("uninstall",)])
def test_a_dry_run_prints_every_change_and_makes_none(tm, project, words):
    if words == ("uninstall",):
        tm("git", "install")
    before = sorted(project.hooks.iterdir())
    done = tm("git", *words, "--dry-run")

    assert all(line.startswith("would ") for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) == 1 + len(scripts.EVENTS)
    assert sorted(project.hooks.iterdir()) == before


def test_uninstall_leaves_nothing_and_says_so_when_there_was_nothing(tm, project):
    before = sorted(project.folder.rglob("*"))
    tm("git", "install")
    first, second = tm("git", "uninstall"), tm("git", "uninstall")
    left = [path for path in project.folder.rglob("*") if path not in before]

    assert (first.returncode, second.stdout) == (0, "There is nothing of tm.\n")
    assert [path for path in left if "/.git/tm" not in str(path) or "tm-git" in str(path)] == []


def test_uninstall_takes_what_waits_first(tm, project):
    tm("git", "install")
    project.install(project.home / "bin" / "tm")
    project.commit("a")
    done = tm("git", "uninstall")

    assert done.stderr == ""
    assert not project.room.exists()


def test_notes_that_cannot_be_taken_outlive_an_uninstall(tm, project):
    project.install(project.home / "bin" / "tm")
    project.commit("a")
    (project.folder / "tm.toml").write_text("")
    done = tm("git", "uninstall")

    assert "1 notes of the hooks could not be taken" in done.stderr
    assert len(project.notes()) == 1


def test_hooks_come_out_where_git_can_run_none_any_more(tm, project):
    tm("git", "install")
    project.git("config", "core.hooksPath", "/dev/null")
    done = tm("git", "uninstall")

    assert done.returncode == 0, done.stderr
    assert not (project.folder / ".git" / "hooks" / "post-commit").exists()


def test_without_the_plugin_s_section_install_says_how_to_enable_it(tm, project):
    (project.folder / "tm.toml").write_text("")
    done = tm("git", "install")

    assert (done.returncode, done.stderr) == (
        2, "tm: The plugin git is not enabled. Enable it: add [plugins.git] to tm.toml\n",
    )  # fmt: skip
    assert not (project.hooks / "post-commit").exists()


def test_outside_of_a_repository_it_is_one_sentence(tm, tmp_path):
    (tmp_path / "nowhere").mkdir()
    done = tm("git", "install", cwd=tmp_path / "nowhere")

    assert done.returncode == 2
    assert "is in no git repository" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_trailers_can_be_switched_off(tm, project):
    (project.folder / "tm.toml").write_text("[plugins.git]\ntrailers = false\n")
    tm("git", "install")

    assert not (project.hooks / "prepare-commit-msg").exists()
    assert set(hooks(tm("git", "status", "--format", "json"))) == set(scripts.NOTING)


def test_status_takes_what_waits_first(tm, project):
    tm("git", "install")
    project.install(project.home / "bin" / "tm")
    project.commit("a")
    found = json.loads(tm("git", "status", "--format", "json").stdout)

    assert (found["waiting"], found["trouble"]) == (0, None)


def test_status_names_each_way_in_which_a_hook_does_not_run(tm, project):
    fresh = hooks(tm("git", "status", "--format", "json"))
    tm("git", "install")
    path = {event: project.hooks / event for event in scripts.EVENTS}
    path["post-commit"].write_text("#!/bin/sh\necho other\n")
    path["post-merge"].unlink()
    path["post-checkout"].chmod(0o644)
    path["commit-msg"].write_bytes(path["commit-msg"].read_bytes().replace(b"# Tells", b"# Told"))
    found = hooks(tm("git", "status", "--format", "json"))
    project.git("config", "core.hooksPath", ".githooks")
    elsewhere = hooks(tm("git", "status", "--format", "json"))

    assert set(fresh.values()) == {"not installed"}
    assert found == {
        "post-commit": "replaced", "post-merge": "missing", "post-checkout": "not executable", "commit-msg": "stale",
        "post-rewrite": "installed", "prepare-commit-msg": "installed",
    }  # fmt: skip
    assert elsewhere["post-rewrite"] == "shadowed"


def test_status_for_people_says_what_to_do(tm, project):
    tm("git", "install")
    (project.hooks / "post-merge").unlink()
    text = tm("git", "status").stdout

    assert "post-merge: missing: the hook of tm is gone. Run: tm git install\n" in text
    assert "post-commit: installed.\n" in text
    assert text.endswith("0 notes of the hooks wait.\n")


def test_doctor_says_the_same_and_that_tm_cannot_be_found(tm, project):
    project.install("/nowhere/tm")
    path = ":".join(each for each in project.environ["PATH"].split(":") if "venv" not in each)
    done = tm("doctor", "git", "--format", "json", PATH=path)
    found = {each["message"]: each["level"] for each in json.loads(done.stdout)}

    assert found["post-commit: installed."] == "ok"
    assert [level for message, level in found.items() if "/nowhere/tm" in message] == ["error"]


def test_doctor_outside_of_a_repository_has_nothing_to_look_at(tm, tmp_path, project):
    (tmp_path / "nowhere").mkdir()
    config = str(project.folder / "tm.toml")
    done = tm("doctor", "git", "--format", "json", cwd=tmp_path / "nowhere", TM_CONFIG=config)

    assert "no git repository" in done.stdout, done.stderr


def test_doctor_says_that_git_can_run_no_hook_here(tm, project):
    project.git("config", "core.hooksPath", "/dev/null")
    done = tm("doctor", "git")

    assert "is no folder" in done.stdout


def test_an_unknown_format_is_refused_in_a_sentence(tm):
    done = tm("git", "status", "--format", "yaml")

    assert (done.returncode, done.stdout) == (2, "")
    assert "Choose one of: text, json." in done.stderr


def test_take_is_not_shown_in_the_help(tm):
    text = tm("git", "--help").stdout

    assert "install" in text
    assert "│ take " not in text
    assert tm("git", "take").returncode == 0
