"""`tm ci …`: what a pipeline's steps call. None of them needs a hub."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Annotated

import typer

import tm
from tm_ci import asking, kinds
from tm_ci.contexts import LOCAL
from tm_ci.finishing import Ending, end_run, read_files
from tm_ci.gathering import Reader, gather, rules_for
from tm_ci.job import say
from tm_ci.outcome import headline, results_of
from tm_ci.showing import show_end, show_found, to_outputs
from tm_ci.surroundings import gate_asker, job_here, message_of

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Measure what a pipeline wrote; judge tasks by it.")

Run = Annotated[str | None, typer.Option("--run", help="The run file; else in the job's own folder.", metavar="FILE")]
Leg = Annotated[str | None, typer.Option(help="Which leg of a matrix this is.", metavar="NAME")]
Strict = Annotated[bool, typer.Option("--strict", help="Fail when there is a hub and it cannot be told.")]
Criterion = Annotated[
    list[str] | None, typer.Option("--criterion", help='Such as "code_coverage >= 85".', metavar="EXPRESSION")
]
Criteria = Annotated[str | None, typer.Option(help="The same as JSON; @FILE or - reads it.", metavar="JSON")]
Rules = Annotated[
    list[str] | None, typer.Option("--rule", help="NAME=min, max, sum, last or same.", metavar="NAME=RULE")
]
Globs = list[str] | None
COMMIT = "commit"


@app.command("start")
def start_run(
    title: Annotated[str | None, typer.Argument(help="The task's title; else the workflow and its commit.")] = None,
    *,
    criterion: Criterion = None,
    criteria: Criteria = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="Judge this task instead of one of the run's own; commit: the one that message or branch name.",
            metavar="ID|commit",
        ),
    ] = None,
    run: Run = None,
    strict: Strict = False,
) -> int:
    """Begin a run: what it is judged by, and in a hub its task."""
    job = job_here(run_file=run, is_strict=strict, begins=True)
    asked = asking.criteria_of(criterion or (), criteria)
    if task == COMMIT:
        task = asking.task_of_commit(job, message_of(job.context.commit))
    of_task = job.criteria_of(task) if task else ()
    line = job.start(
        title=asking.one_line(title or job.context.title),
        criteria=(*(of_task or ()), *asked),
        is_hiding=of_task is None,
        task=task,
        context=asking.context_text(job.context),
    )
    job.begin()
    recorded = job.tell(job.write([line]), task=task)
    to_outputs({"run-file": str(job.file), "task-id": recorded.task_id if recorded else ""})
    if recorded:
        sys.stdout.write(f"{recorded.task_id}\n")
    say(f"✓ run begun, {len(line.data['criteria'])} criteria: {job.file}")
    return 0


@app.command("step")
def note_step(  # noqa: PLR0913 - the words of a command
    name: Annotated[str, typer.Argument(help="What the step is called.")],
    command: Annotated[
        list[str] | None, typer.Argument(help="After --: a command to run; how it ends is measured.")
    ] = None,
    *,
    status: Annotated[str | None, typer.Option(help="started, passed, failed, skipped, cancelled.")] = None,
    note: Annotated[str | None, typer.Option(help="What to say about it.", metavar="TEXT")] = None,
    run: Run = None,
    leg: Leg = None,
    strict: Strict = False,
) -> int:
    """Note a step, or run one and note how it ended; its exit code is that of the command."""
    job = job_here(run_file=run, leg=leg, is_strict=strict)
    if command and status:
        raise tm.UsageError("A command says by its exit code how it ended; leave --status out, or the command.")
    clock = tm.Clock()
    begun = clock.monotonic()
    code = _ran(command) if command else None
    lines = [job.step(name, status=asking.status_of(status, code), note=note)]
    if code is not None:
        lines += job.values(asking.how_it_ended(name, code=code, seconds=clock.monotonic() - begun))
    job.tell(job.write(lines))
    return code or 0


@app.command("measure")
def measure_files(  # noqa: PLR0913 - the words of a command
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="A task's id, if a hub's task is meant; then reports: paths and globs.", metavar="[ID] [FILES]"
        ),
    ] = None,
    *,
    junit: Annotated[Globs, typer.Option(help="JUnit, xUnit, Surefire.", metavar="GLOB")] = None,
    coverage: Annotated[Globs, typer.Option(help="coverage.py, Cobertura, lcov, Istanbul.", metavar="GLOB")] = None,
    sarif: Annotated[Globs, typer.Option(help="SARIF.", metavar="GLOB")] = None,
    npm_audit: Annotated[Globs, typer.Option(help="npm audit --json.", metavar="GLOB")] = None,
    pip_audit: Annotated[Globs, typer.Option(help="pip-audit --format json.", metavar="GLOB")] = None,
    sonar: Annotated[Globs, typer.Option(help="SonarQube's report-task.txt.", metavar="GLOB")] = None,
    exit_code: Annotated[Globs, typer.Option(help="How a command ended.", metavar="NAME=N")] = None,
    count: Annotated[Globs, typer.Option(help="Files and their bytes.", metavar="NAME=GLOB")] = None,
    value: Annotated[Globs, typer.Option(help="Any other value.", metavar="NAME=VALUE")] = None,
    rule: Rules = None,
    run: Run = None,
    leg: Leg = None,
    strict: Strict = False,
) -> int:
    """Measure reports; told nothing, those that `files` of the settings names."""
    job = job_here(run_file=run, leg=leg, is_strict=strict)
    task, files = asking.task_and_files(words or [])
    by_kind = zip(kinds.NAMES, (junit, coverage, sarif, npm_audit, pip_audit, sonar), strict=True)
    asked = asking.asked(
        files, dict(by_kind), exit_codes=exit_code, counts=count, values=value, default=job.settings.files
    )
    rules = {**job.settings.rules, **asking.rules_of(rule or ())}
    job = job.ruled(rules)
    reader = Reader(
        gate=gate_asker(job.settings),
        rule_of=rules_for(rules, job.settings.names),
        commits=frozenset(filter(None, (job.context.commit, job.context.checkout))),
        since=job.began_at(),
    )
    found = gather(asked, reader)
    lines = [line for each in found for line in job.values(each)]
    show_found(found, lines)
    lines += job.steps_of(found)
    if task is None or job.context.system != LOCAL:
        lines = job.write(lines)
    if task is None:
        job.tell(lines)
    elif job.context.system != LOCAL and not tm.has_hub("ci"):
        say(f"{task} was taken for a task's id, and there is no hub to tell; for a file of that name write ./{task}")
    else:
        asking.measured_for(job, lines, task=task)
    return 0


@app.command("finish")
def finish_run(  # noqa: PLR0913 - the words of a command
    files: Annotated[
        list[str] | None, typer.Argument(help="The run files of all jobs, and globs of them.", metavar="FILES")
    ] = None,
    *,
    results: Annotated[str, typer.Option(help="What the jobs came to: success, failure, cancelled …")] = "",
    criterion: Criterion = None,
    criteria: Criteria = None,
    rule: Rules = None,
    commit: Annotated[str | None, typer.Option(help="The commit to judge; else the run's own.", metavar="SHA")] = None,
    complete: Annotated[bool, typer.Option(help="Complete the task when the gates hold.")] = True,
    quality: Annotated[int | None, typer.Option(help="Rate the completed task, 1 to 5.", metavar="N")] = None,
    timeliness: Annotated[int | None, typer.Option(help="The same for its time.", metavar="N")] = None,
    note: Annotated[str | None, typer.Option(help="The rating's note.", metavar="TEXT")] = None,
    summary: Annotated[str | None, typer.Option(help="Write the table as Markdown there, too.", metavar="FILE")] = None,
    format: Annotated[str, typer.Option(help="text, or json on stdout.")] = "text",
    run: Run = None,
    strict: Strict = False,
) -> int:
    """Judge a run by all its files, tell the hub if there is one, and exit 5 unless every gate holds."""
    tm.choice(format, of="format", among=("text", "json"))
    job = job_here(run_file=run, is_strict=strict)
    rating = {"quality": quality, "timeliness": timeliness, "note": note}
    ending = Ending(
        results=results_of(results),
        criteria=asking.criteria_of(criterion or (), criteria),
        rules={**job.settings.rules, **asking.rules_of(rule or ())},
        commit=commit,
        completes=complete,
        rating={name: each for name, each in rating.items() if each is not None},
    )
    job.files = files or job.files
    lines, troubles = read_files(job.files)
    end = end_run(job, lines, troubles, ending=ending)
    show_end(end, headline(end.outcome, title=end.title, commit=job.context.commit), summary=summary)
    if format == "json":
        sys.stdout.write(json.dumps(end.as_json(), ensure_ascii=False) + "\n")
    return 0 if end.outcome.is_passed or end.is_excused else tm.CriteriaNotMet.exit_code


def _ran(command: list[str]) -> int:
    sys.stdout.flush()
    try:
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - the words that were typed, no shell
    except OSError as error:
        say(f"{command[0][:80]} cannot be run: {error.strerror}.")
        return 127
    return code if code >= 0 else 128 - code
