"""Which hook of git leaves which note, with real git: the matrix of everything people do."""

import os

import pytest

ZEROS = "0" * 40


def kinds(notes):
    return [note[0] for note in notes]


def test_a_commit_leaves_its_sha_and_branch(box):
    sha = box.commit("a")

    assert box.notes() == [("commit", sha, "main")]


def test_a_commit_without_verification_is_noted_too(box):
    sha = box.commit("a", "--no-verify")

    assert box.notes() == [("commit", sha, "main")]


def test_a_partial_commit_is_noted_and_leaves_the_index_as_it_was(box):
    box.commit("a", file="one")
    (box.folder / "one").write_text("1")
    (box.folder / "two").write_text("2")
    box.git("add", "two")
    box.notes()
    box.git("commit", "-m", "only one", "one")

    assert box.notes() == [("commit", box.sha(), "main")]
    assert box.git("diff", "--cached", "--name-only") == "two"


@pytest.mark.parametrize("words", [("--amend", "--no-edit"), ("--amend", "-m", "b")])
def test_an_amend_leaves_the_commit_and_the_pair(box, words):
    old = box.commit("a")
    box.notes()
    box.git("commit", *words, "--date", "2026-11-01T00:00:00")

    assert box.notes() == [("commit", box.sha(), "main"), ("rewrite", "amend", old, box.sha())]


def test_a_commit_with_another_s_message_is_no_rewrite(box):
    box.git("commit", "--allow-empty", "-C", "HEAD")

    assert box.notes() == [("commit", box.sha(), "main")]


def forked(box):
    """Two commits on `topic`, one on `main`; stands on topic."""
    box.git("switch", "-q", "-c", "topic")
    pair = [box.commit("t1", file="t1"), box.commit("t2", file="t2")]
    box.git("switch", "-q", "main")
    box.commit("m1", file="m1")
    box.git("switch", "-q", "topic")
    box.notes()
    return pair


def test_a_rebase_leaves_its_detached_commits_and_all_pairs_at_the_end(box):
    old = forked(box)
    box.git("rebase", "main")
    notes = box.notes()
    pairs = [note for note in notes if note[0] == "rewrite"]

    assert kinds(notes) == ["checkout", "commit", "commit", "rewrite", "rewrite"]
    assert [note[2] for note in notes if note[0] == "commit"] == ["", ""]
    assert [pair[1:] for pair in pairs] == [("rebase", old[0], box.sha("HEAD~1")), ("rebase", old[1], box.sha())]


def test_a_rebase_by_patches_leaves_no_commit_but_the_pairs(box):
    old = forked(box)
    box.git("rebase", "--apply", "main")
    notes = box.notes()

    assert kinds(notes) == ["checkout", "rewrite", "rewrite"]
    assert [note[2] for note in notes[1:]] == old


def test_an_aborted_rebase_leaves_no_pair(box):
    forked(box)
    (box.folder / "m1").write_text("conflict")
    box.git("add", "m1")
    box.git("commit", "-m", "conflicts")
    box.notes()
    box.git("rebase", "main", check=False)
    box.git("rebase", "--abort")

    assert "rewrite" not in kinds(box.notes())


def test_a_cherry_pick_and_a_revert_leave_commits(box):
    old = forked(box)
    box.git("switch", "-q", "main")
    box.notes()
    box.git("cherry-pick", old[0])
    box.git("revert", "--no-edit", "HEAD")

    assert box.notes() == [("commit", box.sha("HEAD~1"), "main"), ("commit", box.sha(), "main")]


def test_a_merge_leaves_a_merge_and_no_commit(box):
    forked(box)
    box.git("switch", "-q", "main")
    box.notes()
    box.git("merge", "--no-ff", "-m", "join", "topic")

    assert box.notes() == [("merge", "0", box.sha(), "main")]


def test_a_fast_forward_leaves_a_merge(box):
    box.git("switch", "-q", "-c", "topic")
    box.commit("t1")
    box.git("switch", "-q", "main")
    box.notes()
    box.git("merge", "topic")

    assert box.notes() == [("merge", "0", box.sha("topic"), "main")]


def test_a_squash_leaves_a_merge_and_then_an_ordinary_commit(box):
    forked(box)
    box.git("switch", "-q", "main")
    before = box.sha()
    box.notes()
    box.git("merge", "--squash", "topic")
    box.git("commit", "-m", "all of it")

    assert box.notes() == [("merge", "1", before, "main"), ("commit", box.sha(), "main")]


def test_a_fresh_branch_an_old_one_and_files_are_told_apart(box):
    here = box.sha()
    box.git("switch", "-c", "topic")
    sha = box.commit("t1")
    box.git("switch", "main")
    box.git("checkout", "HEAD", "file")
    box.git("checkout", "--detach", sha)

    assert [note for note in box.notes() if note[0] == "checkout"] == [
        ("checkout", here, here, "1", "topic"),
        ("checkout", sha, here, "1", "main"),
        ("checkout", here, here, "0", "main"),
        ("checkout", here, sha, "1", ""),
    ]


def test_a_new_work_tree_leaves_a_checkout_from_nothing_with_its_folder(box, tmp_path):
    from tm_git.spooled import Spool

    tree = tmp_path / "other tree"
    box.git("worktree", "add", "-b", "topic", str(tree))
    [entry] = Spool(box.room).read().entries

    assert entry.words == (ZEROS, box.sha(), "1", "topic")
    assert entry.folder == str(tree)


def test_a_clone_of_a_repository_with_hooks_leaves_nothing(box, tmp_path):
    box.git("clone", "-q", str(box.folder), str(tmp_path / "clone"))

    assert box.notes() == []
    assert not box.another(tmp_path / "clone").room.exists()


def test_stash_reset_branch_and_fetch_leave_nothing(box):
    box.commit("a")
    (box.folder / "file").write_text("changed")
    box.notes()
    box.git("stash")
    box.git("stash", "pop")
    box.git("reset", "--hard", "HEAD~1")
    box.git("branch", "-f", "side")
    box.git("fetch", ".", "main:copy")

    assert box.notes() == []


def test_patches_that_are_applied_leave_nothing(box):
    box.commit("a")
    patch = box.git("format-patch", "-1", "--stdout") + "\n"
    box.git("reset", "-q", "--hard", "HEAD~1")
    box.notes()
    box.git("am", text=patch)

    assert box.notes() == []


def test_an_interactive_rebase_that_drops_squashes_and_rewords_leaves_the_pairs_that_git_knows(box):
    shas = [box.commit(f"c{n}", file=f"f{n}") for n in range(4)]
    box.notes()
    script = "s/^pick \\(.* c1\\)$/drop \\1/;s/^pick \\(.* c2\\)$/squash \\1/;s/^pick \\(.* c3\\)$/reword \\1/"
    box.git("rebase", "-i", "HEAD~4", GIT_SEQUENCE_EDITOR=f"sed -i '{script}'")
    pairs = [note[2:] for note in box.notes() if note[:2] == ("rewrite", "rebase")]

    assert {old: box.message(new) for old, new in pairs}.keys() == {shas[0], shas[2], shas[3]}


def test_thirty_commits_are_rebased_with_one_take_at_the_end(box, tmp_path):
    box.environ["TM_SKIP_HOOKS"] = "1"
    box.git("switch", "-q", "-c", "topic")
    for n in range(30):
        box.commit(f"c{n}", file=f"f{n}")
    box.git("switch", "-q", "main")
    box.commit("m")
    box.git("switch", "-q", "topic")
    del box.environ["TM_SKIP_HOOKS"]
    counter = tmp_path / "takes"
    box.put_tm(f"echo take >>'{counter}'")
    box.git("rebase", "main")
    box.run("sh", "-c", f"until [ -s '{counter}' ]; do sleep 0.01; done")

    assert counter.read_text().split() == ["take"]
    assert len([note for note in box.notes() if note[0] == "rewrite"]) == 30


@pytest.mark.parametrize("name", ["with space", "quo'te\"", "new\nline", "t\tab", "ünï", "-dash", "back\\slash", "tm1"])
def test_any_folder_can_hold_the_repository(make_sandbox, name):
    from tm_git.spooled import Spool

    box = make_sandbox(name)
    box.install()
    sha = box.commit("a")
    batch = Spool(box.room).read()

    assert batch.garbage == 0
    assert [(each.folder, each.words) for each in batch.entries] == [(str(box.folder), (sha, "main"))]


@pytest.mark.parametrize("branch", ["feature/a'b\"c", "ü/ñ", "a&b;c", "$(id)", "tm1", "x%sy"])
def test_any_branch_can_be_committed_on(box, branch):
    box.git("switch", "-q", "-c", branch)
    box.notes()
    sha = box.commit("a")

    assert box.notes() == [("commit", sha, branch)]


def test_a_linked_work_tree_and_a_submodule_have_their_own_branch_and_folder(box, make_sandbox, tmp_path):
    tree = box.another(tmp_path / "tree")
    box.git("worktree", "add", "-b", "topic", str(tree.folder))
    outer = make_sandbox("outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", str(box.folder), "sub")
    sub = outer.another(outer.folder / "sub")
    sub.install()
    box.notes()
    sha, inner = tree.commit("t"), sub.commit("s")

    assert box.notes() == [("commit", sha, "topic")]
    assert sub.notes() == [("commit", inner, "main")]


def test_a_commit_from_a_subfolder_and_one_with_explicit_folders_are_noted(box):
    (box.folder / "deep").mkdir()
    box.git("commit", "--allow-empty", "-m", "a", cwd=box.folder / "deep")
    first = box.sha()
    box.git("commit", "--allow-empty", "-m", "b", GIT_DIR=str(box.folder / ".git"))
    box.git("--git-dir", ".git", "--work-tree", ".", "commit", "--allow-empty", "-m", "c")

    assert box.notes() == [("commit", sha, "main") for sha in (first, box.sha("HEAD~1"), box.sha())]


def test_a_bare_repository_notes_its_work_trees(make_sandbox, box, tmp_path):
    bare = make_sandbox("bare.git", "--bare", has_commit=False)
    bare.git("fetch", "-q", str(box.folder), "main:main")
    bare.install()
    tree = bare.another(tmp_path / "tree")
    bare.git("worktree", "add", "-q", str(tree.folder), "main")
    sha = tree.commit("a")

    assert bare.notes() == [("checkout", ZEROS, bare.sha("main~1"), "1", "main"), ("commit", sha, "main")]


def test_sixteen_writers_leave_whole_notes(box):
    many = "for n in 1 2 3 4 5 6 7 8 9 10; do .git/hooks/post-checkout a b 1; done"
    together = " & ".join(f"({many})" for _ in range(16)) + " & wait"
    box.run("sh", "-c", together, TM_SKIP_HOOKS=None, PATH=os.environ["PATH"])

    assert box.notes() == [("checkout", "a", "b", "1", "main")] * 160
