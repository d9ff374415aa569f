"""`tm git install`, `uninstall`, `status`, and `take`, which git's hooks start."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from typing import Annotated

import typer

import tm
from tm_git.changes import make
from tm_git.checkup import report
from tm_git.installing import Plan, own_path, plan_install, plan_uninstall
from tm_git.intake import take, taken
from tm_git.places import room
from tm_git.repo import Repo
from tm_git.spooled import Spool

app = typer.Typer(add_completion=False)
_Follow = Annotated[bool, typer.Option("--follow-hooks-path", help="Also where core.hooksPath leads outside.")]
_Dry = Annotated[bool, typer.Option("--dry-run", help="Print every change; nothing is changed.")]


@app.command("install")
def install_hooks(follow_hooks_path: _Follow = False, dry_run: _Dry = False) -> int:
    """Let git tell tm of commits, branches, merges and rewrites; hooks that are there go on working."""
    repo = Repo.here()
    with tm.open_hub("git") as hub:
        taken(repo, hub)
        trailers = hub.settings.trailers
    plan = plan_install(repo, own_path(), trailers=trailers, follows=follow_hooks_path)
    _carry_out(plan, is_dry=dry_run, otherwise="Everything is installed; nothing to change.")
    return 0


@app.command("uninstall")
def uninstall_hooks(follow_hooks_path: _Follow = False, dry_run: _Dry = False) -> int:
    """Take every line of tm out of git's hooks; each file is then as it was before."""
    repo = Repo.here()
    if not dry_run:
        with contextlib.suppress(tm.TmError), tm.open_hub("git") as hub:  # they come out without a hub as well
            taken(repo, hub)
    _carry_out(plan_uninstall(repo, follows=follow_hooks_path), is_dry=dry_run, otherwise="There is nothing of tm.")
    folder = room(repo)
    if waiting := Spool(folder).waiting():
        _say(f"{waiting} notes of the hooks could not be taken and stay in {folder}. See: tm git status")
    elif not dry_run:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


@app.command("status")
def hooks_status(
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
) -> int:
    """Show which hooks are in place, what keeps the others from running, and what waits to be taken."""
    tm.choice(format, of="format", among=("text", "json"))
    repo = Repo.here()
    with tm.open_hub("git") as hub:
        trouble = _trouble_of_taking(repo, hub)
        found = report(repo, trailers=hub.settings.trailers, trouble=trouble)
    if format == "json":
        sys.stdout.write(json.dumps(found.as_json(), ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(found.as_lines()) + "\n")
    return 0


@app.command("take", hidden=True)
def take_notes(
    quiet: Annotated[bool, typer.Option("--quiet", help="Leave remarks to the next hook.")] = False,
) -> int:
    """Take what git's hooks noted."""
    repo = Repo.here()
    with tm.open_hub("git") as hub:
        if not quiet:
            taken(repo, hub)
        elif remarks := take(repo, hub):
            more = f" ({len(remarks) - 1} more remarks)" if len(remarks) > 1 else ""
            Spool(room(repo)).leave_remark(remarks[0] + more)
    return 0


def _trouble_of_taking(repo: Repo, hub: tm.Hub) -> str:
    try:
        taken(repo, hub)
    except tm.TmError as error:
        return str(error)
    return ""


def _carry_out(plan: Plan, *, is_dry: bool, otherwise: str) -> None:
    for change in plan.changes:
        if not is_dry:
            make(change)
        sys.stdout.write(f"{'would ' if is_dry else ''}{change}\n")
    for advice in plan.advice:
        sys.stdout.write(f"{advice}\n")
    if not plan.changes and not plan.advice:
        sys.stdout.write(f"{otherwise}\n")


def _say(text: str) -> None:
    sys.stderr.write(f"tm git: {text}\n")
