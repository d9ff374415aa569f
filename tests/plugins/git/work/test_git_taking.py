"""What becomes of commits: linked to their tasks, noted once, wherever git moves them."""

import json
import time

import pytest

from tm_git.commits import these
from tm_git.linking import Linking, story_of
from tm_git.scan import scan
from tm_git.spool import Entry
from tm_git.taking import handle

ID = "deadbeef"


def test_a_commit_on_a_task_s_branch_is_linked_and_noted_once(work):
    task = work.task()
    branch = work.on_branch(task)
    sha = work.box.commit("Stream the rows")
    work.take()
    work.take()
    [link] = work.hub.links.mine(task, kind="commit")

    assert (link.outside_id, link.key, link.title) == (sha, sha[:9], "Stream the rows")
    assert link.detail == f"{branch}, 1 file, +1 −0"
    assert work.notes(task) == [f"{sha[:9]} Stream the rows (1 file, +1 −0, {branch})"]
    assert work.host.tasks.get(task).status == "in_progress"
    assert work.host.events()[-1].actor == "ada@example.com"


def test_the_same_notes_again_change_nothing(work):
    task = work.task()
    branch = work.on_branch(task)
    sha = work.box.commit("Stream the rows")
    entries = [Entry("commit", 1.0, str(work.box.folder), (sha, branch))] * 3
    handle(entries, work.box.repo, work.hub)
    before = len(work.host.events())
    handle(entries, work.box.repo, work.hub)

    assert len(work.host.events()) == before
    assert len(work.notes(task)) == 1


def test_several_tasks_are_named_by_trailers_and_an_unknown_one_is_remarked(work):
    one, other = work.task("One"), work.task("Other")
    sha = work.box.commit(f"Both\n\nTask-ID: {one}\nTask-ID: {other}\nTask-ID: {ID}")

    assert work.take() == [f"{sha[:9]} names task {ID}, which is not here. See the ids: tm list"]
    assert work.commits(one) == work.commits(other) == ["Both"]


def test_the_branch_is_linked_once_and_told_in_the_context(work):
    task = work.task()
    branch = work.on_branch(task)
    work.box.git("switch", "-q", "main")
    work.box.git("switch", "-q", branch)
    work.take()
    [link] = work.hub.links.mine(task, kind="branch")

    assert link.title == branch
    assert work.context(task) == [f"Work goes on in branch {branch}."]


@pytest.mark.parametrize("has_new_content", [False, True])
def test_an_amended_commit_replaces_the_first_without_another_note(work, has_new_content):
    task = work.task()
    work.on_branch(task)
    work.box.commit("Frist")
    work.take()
    if has_new_content:
        (work.box.folder / "more").write_text("more\n")
        work.box.git("add", "--all")
    work.box.git("commit", "--amend", "-m", "First")
    work.take()

    assert work.commits(task) == ["First"]
    assert len(work.notes(task)) == 1


def test_a_rebase_moves_the_links_and_notes_nothing_again(work):
    task = work.task()
    branch = work.on_branch(task)
    for number in range(3):
        work.box.commit(f"Step {number}", file=f"file{number}")
    work.take()
    work.box.git("switch", "-q", "main")
    work.box.commit("Meanwhile", file="other")
    work.box.git("switch", "-q", branch)
    work.box.git("rebase", "-q", "main")
    work.take()

    assert work.commits(task) == ["Step 0", "Step 1", "Step 2"]
    assert len(work.notes(task)) == 3


def test_what_an_interactive_rebase_drops_squashes_and_rewords_is_followed(work, tmp_path):
    task = work.task()
    work.on_branch(task)
    for number in range(4):
        work.box.commit(f"Step {number}", file=f"file{number}")
    work.take()
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i -e '1d' -e '3s/^pick/fixup/' \"$1\"\n")
    editor.chmod(0o755)
    work.box.git("rebase", "-q", "-i", "main", GIT_SEQUENCE_EDITOR=str(editor))
    work.take()

    assert work.commits(task) == ["Step 1", "Step 3"]
    assert len(work.notes(task)) == 4


def test_a_cherry_pick_is_a_commit_of_its_own_and_no_news(work):
    task = work.task()
    branch = work.on_branch(task)
    work.box.commit("Hot fix")
    work.take()
    work.box.git("switch", "-q", "main")
    work.box.commit("Meanwhile", file="other")
    work.box.git("cherry-pick", branch)
    work.take()

    assert work.commits(task) == ["Hot fix", "Hot fix"]
    assert len(work.notes(task)) == 1


def test_a_revert_is_told_and_completes_nothing(work):
    task = work.task()
    work.box.commit(f"Stream rows\n\nTask-ID: {task}")
    work.take()
    work.box.git("revert", "--no-edit", "HEAD")
    work.take()

    assert "took back" in work.context(task)[0]
    assert work.host.tasks.get(task).status == "in_progress"


def test_a_commit_completes_its_task_when_it_is_on_the_default_branch(work):
    task = work.task()
    branch = work.on_branch(task)
    work.box.commit(f"Done\n\nfixes {task}")
    work.take()
    before = work.host.tasks.get(task).status
    work.box.git("switch", "-q", "main")
    work.box.git("merge", "-q", "--no-ff", "-m", "Merge it", branch)
    work.take()
    done = work.host.tasks.get(task)

    assert (before, done.status) == ("in_progress", "completed")
    assert "Done" in done.completion_summary


def test_a_completion_that_is_not_earned_is_refused_and_noted_once(work):
    from tm import Criterion

    task = work.task(criteria=(Criterion(criterion="Coverage", measurable="code_coverage >= 85"),))
    work.box.commit(f"Done\n\nTask-ID: {task}\nTask-Status: done")
    work.take()
    work.take()

    assert work.host.tasks.get(task).status == "in_progress"
    [said] = [each for each in work.context(task) if "not completed" in each]
    assert "on main" in said


def test_a_squash_merge_carries_its_tasks_to_the_default_branch(work):
    task = work.task()
    branch = work.on_branch(task)
    work.box.commit("One", file="a")
    work.box.commit("Two", file="b")
    work.take()
    work.box.git("switch", "-q", "main")
    work.box.git("merge", "-q", "--squash", branch)
    work.box.git("commit", "-q", "-m", "All of it")
    work.take()

    assert sorted(work.commits(task)) == ["All of it", "One", "Two"]


def test_a_conventional_commit_without_a_task_makes_one_from_the_template_once(make_work):
    templates = {"feature": {"criteria": ["code_coverage >= 85"], "priority": "high"}}
    work = make_work(templates, create_on=["feat"], create_template="feature")
    sha = work.box.commit("feat(csv)!: stream the rows")
    work.box.commit("fix: a slip", file="other")
    work.take()
    handle([Entry("commit", 1.0, str(work.box.folder), (sha, "main"))], work.box.repo, work.hub)
    [made] = [each for each in work.host.events() if each.type == "task.created"]
    task = work.host.tasks.get(made.task_id)

    assert (task.title, task.priority, len(task.criteria)) == ("stream the rows", "high", 1)
    assert work.commits(task.id) == ["feat(csv)!: stream the rows"]
    work.box.git("commit", "--amend", "-m", "fix: another slip")
    work.take()
    assert len([each for each in work.host.events() if each.type == "task.created"]) == 1


def test_without_that_setting_commits_make_no_task(work):
    work.box.commit("feat: stream the rows")

    assert work.take() == []
    assert work.host.events() == []


def test_what_happens_in_a_linked_work_tree_is_understood_from_any_other(work, tmp_path):
    task = work.task()
    work.box.git("worktree", "add", "-q", "-b", f"feature/{task}-x", str(tmp_path / "linked tree"))
    linked = work.box.another(tmp_path / "linked tree")
    linked.commit("Frist")
    (linked.folder / "more").write_text("more\n")
    linked.git("add", "--all")
    linked.git("commit", "-q", "--amend", "-m", "First")
    work.take()

    assert work.commits(task) == ["First"]
    assert len(work.notes(task)) == 1


def test_a_clone_that_shares_the_store_takes_nothing_from_the_other(work, tmp_path):
    task = work.task()
    work.on_branch(task)
    work.box.commit("Not pushed yet")
    work.take()
    work.box.git(
        "clone", "-q", "--no-local", "--single-branch", "-b", "main", str(work.box.folder), str(tmp_path / "clone")
    )
    clone = work.box.another(tmp_path / "clone")
    scan(clone.repo, work.hub)
    Linking(clone.repo, work.hub).refresh([task])

    assert work.commits(task) == ["Not pushed yet"]


def test_a_lost_list_of_rewrites_is_made_up_for_by_looking(work):
    task = work.task()
    work.on_branch(task)
    work.box.commit("First", file="a")
    work.take()
    work.box.git("-c", "core.hooksPath=/dev/null", "commit", "--amend", "-m", "Renamed")
    handle([Entry("rewrite", time.time(), str(work.box.folder), ("amend",))], work.box.repo, work.hub)

    assert work.commits(task) == ["Renamed"]
    assert len(work.notes(task)) == 1


def test_commits_are_read_with_odd_messages_files_and_dates(box):
    (box.folder / "tab\tand\nline").write_text("x\n")
    (box.folder / "binary").write_bytes(bytes(range(256)))
    box.git("add", "--all")
    box.git("commit", "-q", "-m", "Sübject\x1e with\x01 controls\n\nbody\n\nTask-ID: a,b\n", "--date=@1000 +0530")
    commit = these(box.repo, [box.sha()])[box.sha()]

    assert commit.at == "1970-01-01T00:16:40Z"
    assert (commit.files, commit.insertions) == (2, 1)
    assert commit.subject.startswith("Sübject")


def test_what_a_link_keeps_is_json_that_survives_strange_authors(work):
    task = work.task()
    work.box.commit(f"x\n\nTask-ID: {task}", GIT_AUTHOR_EMAIL='we"ird\\@example.com')
    work.take()
    [link] = Linking(work.box.repo, work.hub).links(task)

    assert json.loads(link.base) == story_of(link)
    assert story_of(link)["author"] == 'we"ird\\@example.com'
