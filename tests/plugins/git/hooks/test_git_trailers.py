"""Trailers that the hooks add to messages, and the messages they leave alone."""

import subprocess

import pytest

TASK, OTHER, KEY = "1a2b3c4d", "5e6f7a8b", "PROJ-123"
HELP = "\n\n# Please enter the commit message\n"


@pytest.fixture
def task_box(box):
    """Stands on a task's branch."""
    box.git("switch", "-q", "-c", f"feature/{TASK}-ship-the-parser")
    return box


@pytest.fixture
def editor(tmp_path):
    """Makes an editor that runs these lines of sh on the file `$1`."""

    def make(lines):
        path = tmp_path / "editor"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return str(path)

    return make


def edited(box, lines, editor, *words, check=True):
    (box.folder / "file").write_text(lines)
    return box.run("git", "commit", "-a", *words, check=check, GIT_EDITOR=editor(lines))


@pytest.mark.parametrize(
    ("branch", "task", "key"),
    [
        (f"feature/{TASK}-ship-it", [TASK], []),
        (f"feature/{TASK}", [TASK], []),
        (f"{TASK}/ship-it", [TASK], []),
        (f"{TASK}/PROJ-7", [TASK], ["PROJ-7"]),
        (f"feature/{TASK}-PROJ-123-ship-it", [TASK], [KEY]),
        (f"feature/{TASK}-PROJ-123", [TASK], [KEY]),
        (f"feature/{TASK}-A1_B-9-x", [TASK], ["A1_B-9"]),
        (f"feature/{TASK}-proj-123-x", [TASK], []),
        (f"feature/{TASK}-P-1-x", [TASK], []),
        (f"feature/{TASK}-PROJ-x", [TASK], []),
        (f"feature/{TASK}-PROJ", [TASK], []),
        (f"feature/{TASK.upper()}-x", [], []),
        (f"feature/{TASK}9-x", [], []),
        ("feature/1a2b3c4-x", [], []),
        (f"fix/{TASK}-x", [], []),
        (f"x/{TASK}/y", [], []),
        ("main2", [], []),
    ],
)
def test_the_branch_says_which_task_and_key(box, branch, task, key):
    box.git("switch", "-q", "-c", branch)
    box.commit("subject")

    assert (box.trailers(), box.trailers(key="Refs")) == (task, key)


MESSAGES = [
    "subject\n",
    "subject",
    "feat: subject\n",
    "Signed-off-by: Ada <ada@example.com>\n",
    "Task: x\n",
    "(cherry picked from commit 123)\n",
    "subject\r\n",
    "ünï\n",
    "%s \\n\n",
    "subject\n\nbody\n",
    "subject\n\nbody\n\nSee: http://x\n",
    "subject\n\nbody\nTask-ID: not a block\n",
    "subject\n\nabove\n---\nbelow\n",
    "subject\r\n\r\nbody\r\n",
    "subject\n\n#12 is a line\n",
]


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("branch", [f"feature/{TASK}-x", f"feature/{TASK}-PROJ-123-x"])
def test_a_message_becomes_what_git_itself_makes_of_it(box, message, branch, tmp_path):
    box.git("switch", "-q", "-c", branch)
    file = tmp_path / "message"
    file.write_text(message, newline="")
    box.run(str(box.hooks / "prepare-commit-msg"), str(file), "message", GIT_EDITOR=":")
    words = ["--trailer", f"Task-ID: {TASK}", *(["--trailer", f"Refs: {KEY}"] if "PROJ" in branch else [])]
    command = ["git", "-c", "core.commentChar=\x01", "interpret-trailers", "--no-divider", *words]
    made = subprocess.run(command, input=message.encode(), env=box.environ, capture_output=True, check=True).stdout

    assert file.read_bytes() == made


@pytest.mark.parametrize("message", [each for each in MESSAGES if "Task" not in each])
def test_the_trailer_is_one_by_git_s_rules_and_the_subject_stays(task_box, message, tmp_path):
    file = tmp_path / "message"
    file.write_text(message, newline="")
    task_box.git("commit", "--allow-empty", "-F", str(file))

    assert task_box.trailers() == [TASK]
    assert task_box.git("log", "-1", "--format=%s").strip() == message.splitlines()[0].strip()


def test_a_line_of_dashes_does_not_push_the_trailer_up(task_box):
    task_box.commit("subject\n\nabove\n\n---\n\nbelow")

    assert task_box.message().endswith(f"below\n\nTask-ID: {TASK}")


def test_a_trailer_is_never_added_twice(task_box):
    task_box.commit("subject")
    task_box.git("commit", "--amend", "--no-edit")
    task_box.git("commit", "--amend", "-m", f"again\n\ntask-id: {TASK}")

    assert task_box.message() == f"again\n\ntask-id: {TASK}"


def test_somebody_s_own_trailer_wins_and_a_reference_is_kept(box):
    box.git("switch", "-q", "-c", f"feature/{TASK}-PROJ-123-x")
    box.commit(f"subject\n\nTask-ID: {OTHER}\nRefs: ABC-1")

    assert (box.trailers(), box.trailers(key="Refs")) == ([OTHER], ["ABC-1", KEY])


@pytest.mark.parametrize("sign", ["fixup", "squash", "amend", "reword"])
def test_messages_for_autosquash_are_left_alone(task_box, sign):
    task_box.git("commit", "--allow-empty", "-m", "subject", TM_SKIP_HOOKS="1")
    (task_box.folder / "file").write_text(sign)
    option = {"squash": ["--squash=HEAD"], "fixup": ["--fixup=HEAD"]}.get(sign, [f"--fixup={sign}:HEAD"])
    task_box.git(
        "commit", *([] if sign == "reword" else ["-a"]), *option, *(["-m", "more"] if sign == "squash" else [])
    )

    assert "Task-ID" not in task_box.message()
    assert "!" in task_box.message().splitlines()[0]


def test_a_commit_by_editor_gets_its_trailer_when_it_was_written(task_box, editor):
    edited(task_box, 'sed -i "1i written" "$1"', editor)

    assert task_box.message() == f"written\n\nTask-ID: {TASK}"


@pytest.mark.parametrize("words", [(), ("-v",), ("--cleanup=scissors",), ("-v", "--cleanup=scissors")])
@pytest.mark.parametrize("mark", [None, ";", "auto"])
def test_a_message_that_stays_empty_is_aborted(task_box, editor, words, mark):
    before = task_box.sha()
    if mark:
        task_box.git("config", "core.commentChar", mark)
    done = edited(task_box, "true", editor, *words, check=False)

    assert done.returncode == 1
    assert "empty commit message" in done.stderr
    assert task_box.sha() == before


@pytest.mark.parametrize("words", [(), ("-v",), ("--cleanup=scissors",), ("-v", "--cleanup=scissors")])
@pytest.mark.parametrize("mark", [None, ";", "auto"])
def test_a_message_written_among_comments_and_a_diff_gets_one_trailer(task_box, editor, words, mark):
    if mark:
        task_box.git("config", "core.commentChar", mark)
    edited(task_box, 'sed -i "1i written\\n\\nbody" "$1"', editor, *words)

    assert task_box.message() == f"written\n\nbody\n\nTask-ID: {TASK}"


def test_lines_that_begin_with_a_hash_stay_text_where_git_chose_another_sign(task_box, editor):
    task_box.git("config", "core.commentChar", "auto")
    (task_box.folder / "file").write_text("x")
    task_box.git("commit", "-a", "-e", "-m", "#12 is fixed", "-m", "#13 too", GIT_EDITOR=editor("true"))

    assert task_box.message() == f"#12 is fixed\n\n#13 too\n\nTask-ID: {TASK}"


def test_an_empty_message_without_editor_is_still_refused(task_box):
    done = task_box.run("git", "commit", "--allow-empty", "-m", "", check=False)

    assert done.returncode == 1
    assert task_box.run("git", "commit", "--allow-empty", "--allow-empty-message", "-m", "").returncode == 0
    assert task_box.message() == ""


def test_a_message_of_comments_that_is_to_be_cleaned_stays_empty(task_box):
    done = task_box.run("git", "commit", "--allow-empty", "--cleanup=strip", "-m", "# nothing", check=False)

    assert done.returncode == 1


def test_a_message_kept_verbatim_is_kept(task_box, editor):
    done = edited(task_box, "true", editor, "--cleanup=verbatim", check=False)

    assert done.returncode == 0  # git takes what it put there itself for a message
    assert "Task-ID" not in task_box.message()


def test_a_template_that_is_left_as_it_is_is_aborted_and_one_filled_in_gets_its_trailer(task_box, editor, tmp_path):
    template = tmp_path / "template"
    template.write_text("Why:\n\nHow:\n")
    task_box.git("config", "commit.template", str(template))
    refused = edited(task_box, "true", editor, check=False)
    edited(task_box, 'sed -i "s/^Why:/Why: because/" "$1"', editor)

    assert (refused.returncode, "did not edit" in refused.stderr) == (1, True)
    assert task_box.trailers() == [TASK]


def test_a_trailer_that_was_taken_out_in_the_editor_stays_out(task_box, editor):
    task_box.commit("subject")
    edited(task_box, 'sed -i "/^Task-ID/d" "$1"', editor, "--amend")

    assert task_box.trailers() == []


def test_merges_cherry_picks_reverts_and_rebases_get_no_trailer_of_the_branch(task_box):
    box = task_box
    box.git("switch", "-q", "main")
    pick = box.commit("pick me", file="picked")
    box.git("switch", "-q", "-c", "side", "HEAD~1")
    box.commit("side", file="side")
    box.git("switch", "-q", "-")
    box.git("switch", "-q", f"feature/{TASK}-ship-the-parser")
    box.git("cherry-pick", pick)
    picked = box.message()
    box.git("revert", "--no-edit", "HEAD")
    reverted = box.message()
    box.git("revert", "--edit", "HEAD")
    again = box.message()
    box.git("merge", "--no-ff", "-m", "join", "side")
    merged = box.message()
    box.git("rebase", "--force-rebase", "main")

    assert [text for text in (picked, reverted, again, merged) if "Task-ID" in text] == []
    assert "Task-ID" not in box.git("log", "--format=%B")


def test_a_conflicting_merge_and_pick_that_are_committed_by_hand_get_none(task_box):
    box = task_box
    box.git("commit", "--allow-empty", "-m", "mine", TM_SKIP_HOOKS="1")
    (box.folder / "file").write_text("ours")
    box.git("commit", "-a", "-m", "ours", TM_SKIP_HOOKS="1")
    box.git("switch", "-q", "main")
    theirs = box.commit("theirs")
    box.git("switch", "-q", "-")
    for words in (("merge", "main"), ("cherry-pick", theirs)):
        before = box.sha()
        box.git(*words, check=False)
        (box.folder / "file").write_text("both")
        box.git("add", "file")
        box.git("commit", "--no-edit")
        assert "Task-ID" not in box.message(), words
        box.git("reset", "--hard", before)


def test_a_squash_brings_the_tasks_of_its_commits_in_one_block(box):
    box.git("switch", "-q", "-c", "topic")
    for number, task in enumerate((TASK, OTHER, TASK)):
        box.commit(f"c{number}\n\nbody\n\nTask-ID: {task}", file=f"f{number}")
    box.git("switch", "-q", "main")
    box.git("merge", "--squash", "topic")
    box.git("commit", "--no-edit")
    by_editor = box.trailers()
    box.git("reset", "--hard", "HEAD~1")
    box.git("merge", "--squash", "topic")
    box.git("commit", "-m", "all of it")

    assert sorted(by_editor) == sorted(box.trailers()) == [TASK, OTHER]
    assert box.message().splitlines()[0] == "all of it"


def test_a_squash_of_commits_without_a_task_gets_none_from_the_branch(task_box):
    task_box.git("switch", "-q", "-c", "side")
    task_box.commit("s", file="s")
    task_box.git("switch", "-q", "-")
    task_box.git("merge", "--squash", "side")
    task_box.git("commit", "--no-edit")

    assert task_box.trailers() == []


def test_a_linked_work_tree_uses_its_own_branch(box, tmp_path):
    tree = box.another(tmp_path / "tree")
    box.git("worktree", "add", "-b", f"feature/{TASK}-x", str(tree.folder))
    tree.commit("subject")
    box.commit("on main")

    assert (tree.trailers(), box.trailers()) == ([TASK], [])


def test_hooks_can_be_skipped(task_box):
    task_box.notes()
    task_box.commit("subject", TM_SKIP_HOOKS="1")

    assert (task_box.trailers(), task_box.notes()) == ([], [])


def test_without_trailers_messages_are_left_alone(make_sandbox):
    box = make_sandbox()
    box.install(trailers=False)
    box.git("switch", "-q", "-c", f"feature/{TASK}-x")
    box.commit("subject")

    assert box.trailers() == []
    assert [note[0] for note in box.notes()] == ["checkout", "commit"]


def test_a_subject_that_begins_with_an_issue_s_number_is_a_message(task_box):
    task_box.git("commit", "-q", "--allow-empty", "-m", "#12 fix the export")

    assert task_box.message() == f"#12 fix the export\n\nTask-ID: {TASK}"


def test_a_whole_line_in_the_body_names_the_task_as_well(task_box):
    task_box.git("commit", "-q", "--allow-empty", "-m", f"Subject\n\nTask-ID: {TASK}\n\nMore words.")

    assert task_box.message().count(TASK) == 1
