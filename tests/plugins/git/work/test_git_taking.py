"""What becomes of commits: linked to their tasks, noted once, wherever git moves them."""

import json
import shutil
import time

import pytest

from tm import StoreError
from tm_git.commits import these
from tm_git.intake import take
from tm_git.linking import Linking, story_of
from tm_git.scan import scan
from tm_git.spool import Entry
from tm_git.taking import handle

ID = "deadbeef"


def rebase(work, tmp_path, *edits):
    """Rebase on main with the list of commits changed by these words of sed, and take what the hooks noted."""
    editor = tmp_path / "editor"
    words = " ".join(f"-e '{each}'" for each in edits)
    editor.write_text(f'#!/bin/sh\nsed -i {words} "$1"\n')
    editor.chmod(0o755)
    work.box.git("rebase", "-q", "-i", "main", GIT_SEQUENCE_EDITOR=str(editor))
    work.take()


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
    rebase(work, tmp_path, "1d", "3s/^pick/fixup/")

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


class FullDisk:
    """A hub in whose store nothing can be written any more."""

    def __init__(self, hub):
        self._hub = hub

    def __getattr__(self, name):
        return getattr(self._hub, name)

    @property
    def tasks(self):
        return self

    def find(self, task_id):
        return self._hub.tasks.find(task_id)

    def acting_for(self, _actor):
        return self

    def progress(self, *_, **__):
        raise StoreError("The disk of the store is full.")


def test_a_store_that_cannot_be_used_costs_no_note(work):
    task = work.task()
    work.on_branch(task)
    work.take()
    work.box.commit("One")
    with pytest.raises(StoreError):
        take(work.box.repo, FullDisk(work.hub))
    work.take()

    assert work.commits(task) == ["One"]
    assert len(work.notes(task)) == 1


@pytest.mark.parametrize("moved", [("switch", "-q", "main"), ("switch", "-q", "-c", "x"), ("switch", "-q", "--detach")])
def test_a_commit_is_noted_however_head_moves_before_it_is_taken(work, moved):
    work.box.commit("Before")
    task = work.task()
    branch = work.on_branch(task)
    work.box.commit("One")
    work.box.git(*moved)
    work.box.git("switch", "-q", branch)
    work.take()

    assert len(work.notes(task)) == 1
    assert work.host.tasks.get(task).status == "in_progress"


@pytest.mark.parametrize("words", [("--ff-only",), ("--no-ff", "-m", "Merged")])
def test_a_merge_completes_though_head_moves_on_before_it_is_taken(work, words):
    work.box.commit("Before")
    task = work.task()
    branch = work.on_branch(task)
    work.box.commit(f"Work, fixes {task}")
    work.box.git("switch", "-q", "main")
    work.box.git("merge", "-q", *words, branch)
    work.box.git("switch", "-q", "-c", "next")
    work.take()

    assert work.host.tasks.get(task).status == "completed"


def test_a_fixup_of_another_task_s_commit_takes_its_link_along(work, tmp_path):
    work.box.commit("Before")
    one, other = work.task("One"), work.task("Other")
    branch = work.on_branch(one)
    work.box.commit("First", file="a")
    work.box.commit(f"Second\n\nTask-ID: {other}", file="b")
    work.take()
    rebase(work, tmp_path, "2s/^pick/fixup/")

    assert work.commits(one) == work.commits(other) == ["First"]
    [link] = [each for each in work.hub.links.mine(one, kind="commit") if each.state == "live"]
    assert story_of(link)["branch"] == branch


def test_a_commit_that_was_reset_away_is_gone_when_the_next_one_comes(work):
    work.box.commit("Before")
    task = work.task()
    work.on_branch(task)
    work.box.commit("One")
    work.take()
    work.box.git("reset", "-q", "--hard", "HEAD~")
    work.box.commit("Two")
    work.take()

    assert [each.title for each in work.hub.links.of_task(task) if each.kind == "commit"] == ["Two"]


def test_a_picked_commit_belongs_to_the_task_it_made(make_work):
    work = make_work(create_on=["feat"])
    work.box.commit("Before")
    work.box.git("switch", "-q", "-c", "x")
    sha = work.box.commit("feat: export", file="a")
    work.take()
    work.box.git("switch", "-q", "main")
    work.box.commit("Meanwhile", file="b")
    work.box.git("cherry-pick", sha)
    work.take()
    [task] = {each.task_id for each in work.hub.links.all()}

    assert len(work.commits(task)) == 2


def test_an_id_in_capitals_is_the_same_id(work):
    task = work.task()
    work.box.commit(f"One\n\nTask-ID: {task.upper()}")
    work.take()

    assert work.commits(task) == ["One"]


def test_a_shallow_clone_that_shares_the_hub_is_the_same_repository(work, tmp_path):
    task = work.task()
    work.box.commit("Before")
    work.on_branch(task)
    for subject in ("One", "Two", "Three"):
        work.box.commit(subject)
    work.take()
    source = f"file://{work.box.folder}"
    work.box.git("clone", "-q", "--depth", "2", source, str(tmp_path / "shallow"))
    clone = work.box.another(tmp_path / "shallow")
    scan(clone.repo, work.hub)

    assert len({each.instance for each in work.hub.links.mine(task)}) == 1
    assert work.commits(task) == ["One", "Two", "Three"]


def test_another_repository_at_the_same_place_is_another_one(work):
    task = work.task()
    work.box.commit(f"One\n\nTask-ID: {task}")
    work.take()
    shutil.rmtree(work.box.folder / ".git")
    work.box.git("init", "-q", "-b", "main")
    work.box.git("commit", "-q", "--allow-empty", "-m", f"Other\n\nTask-ID: {task}", "--date=2020-01-01T00:00:00Z")
    scan(work.box.repo, work.hub)

    assert work.commits(task) == ["Other"]
    assert len({each.instance for each in work.hub.links.mine(task)}) == 2


@pytest.mark.parametrize("is_told", [True, False])
def test_a_commit_of_its_branch_s_task_completes_it_where_it_names_none(work, is_told):
    silent = [] if is_told else ["-c", "core.hooksPath=/dev/null"]
    work.box.commit("Before")
    task = work.task()
    scan(work.box.repo, work.hub)
    branch = work.on_branch(task)
    (work.box.folder / "a").write_text("a")
    work.box.git("add", "--all")
    work.box.git(*silent, "commit", "-q", "--no-verify", "-m", "One\n\nTask-Status: done")
    scan(work.box.repo, work.hub)
    work.take()
    work.box.git("switch", "-q", "main")
    work.box.git(*silent, "merge", "-q", "--no-ff", "-m", "Merged", branch)
    work.take()
    scan(work.box.repo, work.hub)

    assert work.host.tasks.get(task).status == "completed"


def test_a_merge_that_a_person_finishes_completes_as_well(work):
    work.box.commit("Before")
    task = work.task()
    branch = work.on_branch(task)
    work.box.commit(f"Work, fixes {task}", file="a")
    work.box.git("switch", "-q", "main")
    work.box.git("merge", "-q", "--no-ff", "--no-commit", branch)
    work.box.git("commit", "-q", "--no-edit")
    work.take()

    assert work.host.tasks.get(task).status == "completed"


def test_a_commit_that_is_gone_from_the_default_branch_completes_nothing(work):
    task = work.task()
    work.box.commit("Before")
    work.box.commit(f"Work, fixes {task}")
    work.box.git("reset", "-q", "--hard", "HEAD~")
    work.take()

    assert work.host.tasks.get(task).is_open


def test_what_was_fixed_up_into_another_task_s_commit_stays_tied_through_further_rewrites(work, tmp_path):
    work.box.commit("Before")
    one, other = work.task("One"), work.task("Other")
    work.on_branch(one)
    work.box.commit("First", file="a")
    work.box.commit(f"Second\n\nTask-ID: {other}", file="b")
    work.take()
    rebase(work, tmp_path, "2s/^pick/fixup/")
    work.box.git("commit", "-q", "--amend", "-m", f"Renamed\n\nTask-ID: {one}")
    work.take()
    work.box.git("switch", "-q", "main")
    work.box.commit("Meanwhile", file="c")
    work.box.git("switch", "-q", "-")
    work.box.git("rebase", "-q", "main")
    work.take()

    assert work.commits(one) == work.commits(other) == ["Renamed"]


def test_a_revert_as_hosts_make_it_completes_nothing(work):
    task = work.task()
    work.box.commit(f'Revert "Fixes {task}: rows (#12)" (#13)\n\nReverts acme/app#12')
    work.take()

    assert work.host.tasks.get(task).is_open


def test_a_remote_of_another_name_has_the_default_branch_as_well(work, tmp_path):
    task = work.task()
    work.box.commit("Before")
    work.box.git("branch", "-m", "main", "trunk")
    work.box.git("clone", "-q", "--bare", ".", str(tmp_path / "remote"))
    work.box.git("clone", "-q", "-o", "upstream", str(tmp_path / "remote"), str(tmp_path / "clone"))
    clone = work.box.another(tmp_path / "clone")
    scan(clone.repo, work.hub)
    clone.git("commit", "-q", "--allow-empty", "-m", f"Work, fixes {task}")
    scan(clone.repo, work.hub)

    assert work.host.tasks.get(task).status == "completed"
