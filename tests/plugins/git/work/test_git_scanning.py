"""What a scan makes of histories that no hook told: merges, clones, stacked branches, rewritten beginnings."""

from tm_git.commits import roots
from tm_git.linking import Linking
from tm_git.scan import scan

SILENT = ("-c", "core.hooksPath=/dev/null")


def commit(work, subject, *, file=None, trailers=""):
    """A commit that no hook hears of."""
    (work.box.folder / (file or subject)).write_text(subject)
    work.box.git("add", "--all")
    message = f"{subject}\n\n{trailers}" if trailers else subject
    work.box.git(*SILENT, "commit", "-q", "-m", message)


def status(work, task):
    return work.host.tasks.get(task).status


def test_an_intent_seen_on_a_branch_counts_once_the_branch_is_merged(work):
    commit(work, "Before")
    task = work.task()
    scan(work.box.repo, work.hub)
    work.box.git(*SILENT, "switch", "-q", "-c", f"feature/{task}-x")
    commit(work, "Work", trailers=f"Task-ID: {task}\nTask-Status: done")
    scan(work.box.repo, work.hub)
    assert status(work, task) == "pending"

    work.box.git("switch", "-q", "main")
    work.box.git(*SILENT, "merge", "-q", "--ff-only", f"feature/{task}-x")
    scan(work.box.repo, work.hub)
    assert status(work, task) == "completed"


def test_the_default_branch_of_the_settings_is_the_one_that_branches_leave(make_work):
    work = make_work(default_branch="trunk")
    commit(work, "Before")
    work.box.git("switch", "-q", "-c", "trunk")
    commit(work, "Others' work")
    task = work.task()
    work.box.git(*SILENT, "switch", "-q", "-c", f"feature/{task}-x")
    commit(work, "My work")
    scan(work.box.repo, work.hub)

    assert work.commits(task) == ["My work"]


def test_a_main_that_is_behind_its_remote_gives_no_task_the_work_of_others(work, tmp_path):
    commit(work, "Before")
    work.box.git("clone", "-q", "--bare", ".", str(tmp_path / "remote"))
    work.box.git("remote", "add", "origin", str(tmp_path / "remote"))
    commit(work, "Others' work")
    work.box.git("push", "-q", "origin", "main")
    task = work.task()
    work.box.git(*SILENT, "switch", "-q", "-c", f"feature/{task}-x")
    commit(work, "My work")
    work.box.git("branch", "-f", "main", "main~1")
    scan(work.box.repo, work.hub)

    assert work.commits(task) == ["My work"]


def test_of_branches_on_each_other_each_task_has_its_own(work):
    commit(work, "Before")
    lower, upper = sorted((work.task("One"), work.task("Two")))  # the order in which git lists their branches
    for task, subject in ((lower, "One"), (upper, "Two")):
        work.box.git(*SILENT, "switch", "-q", "-c", f"feature/{task}-x")
        commit(work, subject)
    scan(work.box.repo, work.hub)

    assert (work.commits(lower), work.commits(upper)) == (["One"], ["Two"])


def test_a_clone_without_a_main_of_its_own_is_scanned(work, tmp_path):
    commit(work, "Before")
    task = work.task()
    work.box.git(*SILENT, "switch", "-q", "-c", f"feature/{task}-x")
    commit(work, "My work")
    work.box.git("clone", "-q", "-b", f"feature/{task}-x", ".", str(tmp_path / "clone"))
    clone = work.box.another(tmp_path / "clone")
    work.box.git("switch", "-q", "main")
    clone.git("remote", "set-head", "origin", "main")
    scan(clone.repo, work.hub)

    assert [each.title for each in Linking(clone.repo, work.hub).surviving(task)] == ["My work"]


def test_a_repository_stays_the_same_when_its_beginning_is_rewritten(work):
    task = work.task()
    commit(work, "First", trailers=f"Task-ID: {task}")
    scan(work.box.repo, work.hub)
    work.box.git(*SILENT, "commit", "-q", "--amend", "--no-edit", "--date=2020-01-01T00:00:00Z")
    scan(work.box.repo, work.hub)

    assert work.commits(task) == ["First"]
    assert len({link.instance for link in work.hub.links.mine(task)}) == 1


def test_stashes_and_notes_are_no_beginning_of_a_repository(work):
    commit(work, "First")
    before = roots(work.box.repo)
    (work.box.folder / "untracked").write_text("x")
    work.box.git("stash", "-q", "--include-untracked")
    work.box.git("notes", "add", "-m", "a note")

    assert roots(work.box.repo) == before


def test_names_that_end_a_line_elsewhere_are_names(work, tmp_path):
    commit(work, "Before")
    task = work.task()
    work.box.git(*SILENT, "switch", "-q", "-c", f"feature/{task}-a\u2028b")
    commit(work, "My work")
    work.box.git("worktree", "add", "-q", "--detach", str(tmp_path / "a\nHEAD x"))
    scan(work.box.repo, work.hub)

    assert work.commits(task) == ["My work"]
