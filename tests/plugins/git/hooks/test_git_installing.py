"""Hooks go in beside whatever is there and come out again without a trace."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tm import Refused
from tm_git import scripts

KEEPS_RUNNING = '#!/bin/sh\necho "own $*" >>"$HOME/own"\ncat >>"$HOME/own"\nexit 0\n'
OWN_HOOKS = {
    "sh": KEEPS_RUNNING,
    "sh -e": KEEPS_RUNNING.replace("sh\n", "sh -e\n", 1),
    "bash": KEEPS_RUNNING.replace("/bin/sh", "/usr/bin/env bash"),
    "bash -eu": KEEPS_RUNNING.replace("/bin/sh", "/usr/bin/env -S bash -eu"),
    "no first line": KEEPS_RUNNING.removeprefix("#!/bin/sh\n"),
    "no last newline": KEEPS_RUNNING.rstrip("\n"),
    "exec": "#!/bin/sh\nexec tee -a \"$HOME/own\" \"$*\"\n".replace(' "$*"', ""),
    "python": f"#!{sys.executable}\nimport os, sys\n"
    "open(os.environ['HOME'] + '/own', 'a').write('own ' + ' '.join(sys.argv[1:]) + '\\n' + sys.stdin.read())\n",
    "perl": "#!/usr/bin/perl\nopen F, '>>', \"$ENV{HOME}/own\"; print F \"own @ARGV\\n\", <STDIN>;\n",
    "only a first line": "#!/bin/sh\n",
    "empty": "",
}  # fmt: skip


def picture(folder: Path) -> dict[str, tuple[str, int, str]]:
    """Every file below a folder with its content, permissions, or where it points."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = ("link", 0, str(path.readlink()))
        elif path.is_file():
            text = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path)] = ("file", path.stat().st_mode & 0o7777, text)
    return found


def own(box):
    path = box.home / "own"
    return path.read_text() if path.exists() else ""


def test_every_event_has_a_file_of_at_most_ten_lines_between_markers(box):
    for event in scripts.EVENTS:
        lines = (box.hooks / event).read_text().splitlines()
        begin, end = lines.index("# >>> tm git >>>"), lines.index("# <<< tm git <<<")

        assert end - begin - 1 <= 10
        assert os.access(box.hooks / event, os.X_OK)


@pytest.mark.parametrize("own_hook", [None, *OWN_HOOKS], ids=str)
def test_a_second_install_changes_no_byte(make_sandbox, own_hook):
    box = make_sandbox()
    if own_hook:
        box.write_hook("post-commit", OWN_HOOKS[own_hook])
    box.install()
    before = picture(box.folder)
    plan = box.install()

    assert (plan.changes, plan.advice) == ([], [])
    assert picture(box.folder) == before


@pytest.mark.parametrize("kind", OWN_HOOKS)
@pytest.mark.parametrize("event", scripts.EVENTS)
def test_uninstall_brings_every_file_back_byte_for_byte(bare_box, kind, event):
    bare_box.write_hook(event, OWN_HOOKS[kind], mode=0o750)
    before = picture(bare_box.folder)
    bare_box.install()
    assert picture(bare_box.folder) != before
    bare_box.uninstall()

    assert picture(bare_box.folder) == before


@pytest.mark.parametrize("kind", [each for each in OWN_HOOKS if each not in ("only a first line", "empty")])
def test_a_hook_that_was_there_still_gets_its_words_and_git_s_list(bare_box, kind):
    for event in ("post-commit", "post-rewrite"):
        bare_box.write_hook(event, OWN_HOOKS[kind])
    bare_box.install()
    old = bare_box.commit("a")
    bare_box.git("commit", "--amend", "-m", "b")

    assert f"{old} {bare_box.sha()}\n" in own(bare_box)
    assert ("own amend\n" in own(bare_box)) == (kind != "exec")
    assert [note[0] for note in bare_box.notes()] == ["commit", "commit", "rewrite"]


def test_a_long_list_reaches_both(bare_box):
    bare_box.write_hook("post-rewrite", OWN_HOOKS["sh"])
    bare_box.install()
    text = "".join(f"{n:040x} {n + 1:040x}\n" for n in range(3000))
    bare_box.run(str(bare_box.hooks / "post-rewrite"), "rebase", text=text)

    assert own(bare_box) == "own rebase\n" + text
    assert len(bare_box.notes()) == 3000


def test_an_empty_list_stays_empty_for_the_next_reader(bare_box):
    bare_box.write_hook("post-rewrite", OWN_HOOKS["sh"])
    bare_box.install()
    bare_box.run(str(bare_box.hooks / "post-rewrite"), "rebase", text="")

    assert own(bare_box) == "own rebase\n"
    assert bare_box.notes() == [("rewrite", "rebase")]


def test_a_hook_that_refuses_goes_on_refusing(bare_box):
    bare_box.write_hook("commit-msg", "#!/bin/sh\nexit 1\n")
    bare_box.write_hook("prepare-commit-msg", "#!/usr/bin/perl\nexit 0;\n")
    bare_box.install()

    assert bare_box.run("git", "commit", "--allow-empty", "-m", "x", check=False).returncode == 1


def test_a_hook_that_was_switched_off_stays_off(bare_box):
    bare_box.write_hook("post-commit", OWN_HOOKS["sh"], mode=0o644)
    before = picture(bare_box.folder)
    bare_box.install()
    bare_box.commit("a")
    noted = bare_box.notes()
    bare_box.uninstall()

    assert (own(bare_box), len(noted)) == ("", 1)
    assert (
        picture(bare_box.folder / ".git/hooks").items()
        == {key: value for key, value in before.items() if "/.git/hooks/" in key}.items()
    )


def test_a_hook_that_points_into_the_work_tree_is_not_written_through(bare_box):
    script = bare_box.folder / "script.sh"
    script.write_text(OWN_HOOKS["sh"])
    script.chmod(0o755)
    (bare_box.hooks / "post-commit").symlink_to("../../script.sh")
    bare_box.install()
    bare_box.git("commit", "--allow-empty", "-m", "a", text="")
    bare_box.uninstall()

    assert script.read_text() == OWN_HOOKS["sh"]
    assert "own" in own(bare_box)
    assert str((bare_box.hooks / "post-commit").readlink()) == "../../script.sh"


def test_lines_of_an_older_version_are_brought_up_to_date(box):
    path = box.hooks / "post-commit"
    today = path.read_bytes()
    path.write_bytes(today.replace(b"/bin/sh", b"/bin/sh").replace(b"# Tells tm", b"# Told tm"))
    (box.room / "hook").write_text("#!/bin/sh\ntm='/old/tm'\n")
    box.install()

    assert path.read_bytes() == today
    assert scripts.recorded_tm((box.room / "hook").read_bytes()) == str(box.home / "bin" / "tm")


def test_lines_that_lost_their_end_are_left_to_a_person(box):
    path = box.hooks / "post-commit"
    path.write_bytes(path.read_bytes().replace(scripts.END, b"") + b"echo mine\n")

    with pytest.raises(Refused, match="lost their end"):
        box.install()
    with pytest.raises(Refused, match="lost their end"):
        box.uninstall()


@pytest.mark.parametrize("path", ["/x/tm", "/with space/tm", "/quo'te/tm", "/new\nline/tm", '/d"q$x`y\\/tm', "/ü/tm"])
def test_any_path_of_tm_survives_being_written_down(path):
    assert scripts.recorded_tm(scripts.program(path)) == path
    done = subprocess.run(
        ["sh", "-c", f'{re.split(b"(?m)^set ", scripts.program(path))[0].decode()}\nprintf %s "$tm"'],
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == path


def test_a_linked_work_tree_shares_the_hooks(box, tmp_path):
    tree = box.another(tmp_path / "tree")
    box.git("worktree", "add", "-q", str(tree.folder))

    assert tree.install().changes == []
    assert tree.room == box.room


def test_a_hooks_path_inside_the_repository_is_followed_however_it_is_written(make_sandbox):
    for number, written in enumerate(("hooks of ours", "ABSOLUTE", "~/HOME")):
        box = make_sandbox(f"repo{number}" if written != "~/HOME" else "home/inside")
        path = {"ABSOLUTE": str(box.folder / "abs"), "~/HOME": "~/inside/.hooks"}.get(written, written)
        box.git("config", "core.hooksPath", path)
        box.write_hook("post-commit", '#!/bin/sh\ntouch "$HOME/ran"\n')
        before = picture(box.hooks)
        box.install()
        box.commit("a")

        assert len(box.notes()) == 1, path
        assert (box.home / "ran").exists()
        box.uninstall()
        assert picture(box.hooks) == before


def test_a_relative_hooks_path_in_a_linked_work_tree_is_that_tree_s_own(bare_box, tmp_path):
    bare_box.git("config", "core.hooksPath", ".githooks")
    tree = bare_box.another(tmp_path / "tree")
    bare_box.git("worktree", "add", "-q", "-b", "topic", str(tree.folder))
    tree.install()
    sha = tree.commit("a")

    assert (tree.folder / ".githooks" / "post-commit").exists()
    assert tree.notes() == [("commit", sha, "topic")]


@pytest.mark.parametrize("scope", ["--local", "--global"])
def test_a_hooks_path_outside_is_refused_unless_it_is_wanted(make_sandbox, tmp_path, scope):
    box = make_sandbox()
    box.environ["GIT_CONFIG_GLOBAL"] = str(tmp_path / "gitconfig")
    box.git("config", scope, "core.hooksPath", str(tmp_path / "everybody's"))
    with pytest.raises(Refused, match="--follow-hooks-path"):
        box.install()
    assert not (tmp_path / "everybody's").exists()
    box.install(follows=True)
    sha = box.commit("a")
    other = make_sandbox("other", has_commit=False)
    other.environ["GIT_CONFIG_GLOBAL"] = str(tmp_path / "gitconfig")
    other.commit("a")

    assert box.notes() == [("commit", sha, "main")]
    assert not other.room.exists()
    assert len(box.uninstall().advice) == len(scripts.EVENTS)
    box.uninstall(follows=True)
    assert list((tmp_path / "everybody's").iterdir()) == []


@pytest.mark.parametrize(("path", "said"), [("", "is empty"), ("/dev/null", "no folder")])
def test_a_hooks_path_that_leads_nowhere_is_one_sentence(bare_box, path, said):
    bare_box.git("config", "core.hooksPath", path)

    with pytest.raises(Refused, match=said):
        bare_box.install()


def test_a_hooks_folder_that_cannot_be_written_is_one_sentence(bare_box):
    bare_box.hooks.rename(bare_box.hooks.with_name("was"))
    bare_box.hooks.symlink_to("/proc/self/net")  # not even root writes there

    with pytest.raises(Refused, match=r"Cannot write .* \(.+\)\. Mend that"):
        bare_box.install(follows=True)


def test_a_kept_file_from_an_earlier_time_is_not_written_over(bare_box):
    bare_box.write_hook("post-commit", OWN_HOOKS["perl"])
    bare_box.write_hook("post-commit.before-tm", "mine")

    with pytest.raises(Refused, match="earlier time"):
        bare_box.install()
    assert (bare_box.hooks / "post-commit.before-tm").read_text() == "mine"


def test_a_repository_without_a_hooks_folder_gets_one(make_sandbox):
    box = make_sandbox("plain", "--template=")
    box.install()
    sha = box.commit("a")

    assert box.notes() == [("commit", sha, "main")]


def test_a_git_folder_that_lies_apart_is_found_by_its_pointer(make_sandbox, tmp_path):
    box = make_sandbox("tree", "--separate-git-dir", str(tmp_path / "the git folder"))
    box.install()
    box.git("switch", "-q", "-c", "feature/1a2b3c4d-x")
    box.notes()
    sha = box.commit("a")

    assert box.notes() == [("commit", sha, "feature/1a2b3c4d-x")]
    assert box.trailers() == ["1a2b3c4d"]


def test_without_trailers_the_message_hooks_go_again(box):
    box.install(trailers=False)

    assert not (box.hooks / "prepare-commit-msg").exists()
    assert (box.hooks / "post-commit").exists()


def test_the_scripts_please_shellcheck(box, tmp_path):
    files = [*(box.hooks / event for event in scripts.EVENTS), box.room / "hook"]
    wrapped = tmp_path / "wrapped"
    wrapped.write_bytes(scripts.wrapper("post-rewrite"))
    if not any((Path(each) / "shellcheck").exists() for each in os.environ["PATH"].split(":")):
        pytest.skip("shellcheck is not installed")
    done = box.run("shellcheck", "--shell=sh", *map(str, files), str(wrapped), check=False)

    assert done.stdout == ""
