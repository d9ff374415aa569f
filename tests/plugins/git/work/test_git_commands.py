"""`tm start`, `tm git log`, `tm git scan` and `tm standup` as a person types them, beside hooks that start `tm`."""

import json
import sys

import pytest


@pytest.fixture
def tm(bare_box):
    """Runs the real command in a repository whose hooks start it as well."""
    bare_box.environ |= {
        "TM_DELIVERY": "worker", "TM_PLUGINS__GIT__ENABLED": "true", "TM_ACTOR": "ada@example.com",
    }  # fmt: skip
    bare_box.put_tm(f'exec "{sys.executable}" -m tm "$@"')
    bare_box.install()

    def run(*words, check=True, **environ):
        return bare_box.run(sys.executable, "-m", "tm", *words, check=check, **environ)

    return run


def test_start_makes_the_branch_and_starts_the_task(tm, bare_box):
    task = tm("add", "Ship the CSV export").stdout.strip()
    done = tm("start", task[:5])

    assert bare_box.git("branch", "--show-current") == f"feature/{task}-ship-the-csv-export"
    assert done.stdout == ""
    assert f"✓ {task} is under way in feature/{task}-ship-the-csv-export." in done.stderr
    shown = json.loads(tm("show", task, "--format", "json").stdout)
    assert shown["status"] == "in_progress"
    assert [each["kind"] for each in shown["links"]] == ["branch"]
    assert len(shown["context"]) == 1


def test_start_again_goes_back_to_the_branch(tm, bare_box):
    task = tm("add", "Ship it").stdout.strip()
    tm("start", task)
    bare_box.git("switch", "-q", "main")
    tm("update", task, "--title", "Another name")
    tm("start", task)

    assert bare_box.git("branch", "--show-current") == f"feature/{task}-ship-it"


def test_start_with_a_title_makes_the_task_and_prints_its_id(tm, bare_box):
    task = tm("start", "Mend the parser").stdout.strip()

    assert bare_box.git("branch", "--show-current") == f"feature/{task}-mend-the-parser"


@pytest.mark.parametrize(("words", "code", "said"), [(("ffff",), 3, "no task"), ((" ",), 2, "Say which task")])
def test_a_start_of_nothing_is_one_sentence(tm, words, code, said):
    done = tm("start", *words, check=False)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_checkout_that_git_refuses_leaves_no_half_of_it(tm, bare_box):
    bare_box.git("branch", "feature")  # a branch of that name leaves no room for feature/…
    done = tm("start", "Mend the parser", check=False)

    assert done.returncode == 1
    assert "The branch cannot be checked out" in done.stderr
    assert tm("list").stdout == ""


def test_log_shows_what_the_hooks_noted_a_moment_ago(tm, bare_box):
    task = tm("start", "Mend the parser").stdout.strip()
    sha = bare_box.commit("Read UTF-16", file="a")
    old = bare_box.commit("Tpyo", file="b")
    bare_box.git("commit", "-q", "--amend", "-m", "Typo")
    found = json.loads(tm("git", "log", task, "--format", "json").stdout)

    assert [each["subject"] for each in found] == ["Read UTF-16", "Typo"]
    assert found[0] == {
        "sha": sha, "subject": "Read UTF-16", "author": "ada@example.com", "at": found[0]["at"],
        "branch": f"feature/{task}-mend-the-parser", "files": 1, "insertions": 1, "deletions": 0,
    }  # fmt: skip
    assert old not in [each["sha"] for each in found]
    assert tm("git", "log", task).stdout.count("\n") == 2
    assert "commit" in tm("show", task).stdout


def test_scan_finds_what_no_hook_told_once_and_silently(tm, bare_box):
    task = tm("add", "Ship it").stdout.strip()
    bare_box.uninstall()
    bare_box.commit(f"Old work (#12)\n\nBody\n\nTask-ID: {task}\n\nCo-authored-by: x <x@example.com>")
    bare_box.git("switch", "-q", "-c", f"feature/{task}-x")
    bare_box.commit("On its branch", file="a")
    dry = tm("git", "scan", "--dry-run")
    done, again = tm("git", "scan"), tm("git", "scan")

    assert "3 commits looked at, 2 would be linked to 1 tasks." in dry.stderr
    assert "3 commits looked at, 2 linked to 1 tasks." in done.stderr
    assert "0 commits looked at, 0 linked to 0 tasks." in again.stderr
    subjects = [each["subject"] for each in json.loads(tm("git", "log", task, "--format", "json").stdout)]
    assert subjects == ["Old work (#12)", "On its branch"]
    assert json.loads(tm("show", task, "--format", "json").stdout)["progress"] == []


def test_a_merge_on_a_host_gives_its_branch_s_commits_and_completes_the_task(tm, bare_box):
    task = tm("add", "Ship it").stdout.strip()
    tm("git", "scan")
    bare_box.uninstall()
    bare_box.git("switch", "-q", "-c", "elsewhere")
    bare_box.commit(f"Without a trailer, fixes {task}", file="a")
    bare_box.commit("Nor this", file="b")
    bare_box.git("switch", "-q", "main")
    bare_box.git("merge", "-q", "--no-ff", "-m", f"Merge pull request #7 from ann/feature/{task}-x", "elsewhere")
    bare_box.git("branch", "-q", "-D", "elsewhere")
    tm("git", "scan")
    subjects = [each["subject"] for each in json.loads(tm("git", "log", task, "--format", "json").stdout)]

    assert subjects == [f"Without a trailer, fixes {task}", "Nor this"]
    assert json.loads(tm("show", task, "--format", "json").stdout)["status"] == "completed"


def test_a_range_that_git_does_not_know_is_one_sentence(tm):
    done, option = tm("git", "scan", "nowhere..main", check=False), tm("git", "scan", "--", "--all", check=False)

    assert (done.returncode, option.returncode) == (2, 2)
    assert "git does not know 'nowhere..main'" in done.stderr


def test_standup_tells_my_changes_and_commits_by_task(tm, bare_box):
    task = tm("start", "Mend the parser").stdout.strip()
    bare_box.commit("Read UTF-16", file="a")
    tm("block", task, "--reason", "no sample files")
    bare_box.git("switch", "-q", "main")
    bare_box.commit("Just because", file="b")
    bare_box.commit("By somebody else", file="c", GIT_AUTHOR_EMAIL="bob@example.com")
    text = tm("standup", "--since", "2h").stdout
    told = json.loads(tm("standup", "--format", "json").stdout)

    assert text.startswith(f"{task} Mend the parser (blocked)\n")
    assert "blocked it: no sample files" in text
    assert text.count("Read UTF-16") == 1
    assert "Just because" in text.split("Without a task")[1]
    assert "By somebody else" not in text
    assert [each["id"] for each in told] == [task, None]


@pytest.mark.parametrize("words", [("start", "x"), ("standup",), ("git", "log", "ffff"), ("git", "scan")])
def test_outside_a_repository_every_command_says_so(tm, bare_box, tmp_path, words):
    (tmp_path / "plain").mkdir()
    done = bare_box.run(sys.executable, "-m", "tm", *words, cwd=tmp_path / "plain", check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert "is in no git repository. Go into one, or: git init" in done.stderr
