"""The exporter and the weekly report of the requested document run unchanged, and their numbers are the store's."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from tests.journey.conftest import Workplace, become_repository, install_scripts, require_document

from tm.testing import Reply, ScriptedServer

pytestmark = pytest.mark.slow
require_document()

NUMBERS = {
    "tasks_total": 6,
    'tasks_by_status{status="pending"}': 1,
    'tasks_by_status{status="in_progress"}': 1,
    'tasks_by_status{status="completed"}': 3,
    'tasks_by_status{status="blocked"}': 1,
    "quality_score": 4.5,
    "timeliness_score": 2.5,
    "estimation_accuracy": 87.5,
}


def complete(team, title, *, assignee, ratings, hours=(), **variables):
    """Add, complete and rate a task; `hours` are estimated and actual."""
    estimated = ("--estimated-hours", hours[0]) if hours else ()
    actual = ("--actual-hours", hours[1]) if hours else ()
    task_id = team.told("add", title, "--assignee", assignee, *estimated, **variables)
    team.told("complete", task_id, *actual, **variables)
    team.told("feedback", task_id, "--quality", ratings[0], "--timeliness", ratings[1], **variables)


@pytest.fixture(scope="module")
def team(document, tmp_path_factory):
    """A repository whose team has six tasks: three completed, one of them rated by CI, which counts for nothing."""
    team = install_scripts(become_repository(Workplace(tmp_path_factory.mktemp("team"))), document)
    complete(team, "Parse dates", assignee="ada", ratings="54", hours=("4", "4"))
    complete(team, "Parse times", assignee="bob", ratings="41", hours=("4", "3"))
    complete(team, "Build 42", assignee="ci-system", ratings="11", CI="true")
    team.told("add", "Parse weeks")
    team.told("progress", team.told("add", "Parse months"), "begun")
    team.told("block", team.told("add", "Parse years"), "--reason", "no calendar")
    return team


@pytest.fixture
def exporter(team):
    """The exporter's text, while this test alone has the files it writes, which are left as they were."""
    script = (team.folder / "scripts/prometheus-exporter.sh").read_text(encoding="utf-8")
    files = [Path(name) for name in set(re.findall(r"(/tmp/[\w.]+)", script))]
    with (Path(tempfile.gettempdir()) / f"tm-journey-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(os.access(file, os.W_OK) for file in files if file.exists()):
            pytest.skip(f"somebody else's exporter has {', '.join(map(str, files))}")
        kept = {file: file.read_bytes() if file.exists() else None for file in files}
        yield script
        for file, content in kept.items():
            file.unlink(missing_ok=True)
            if content is not None:
                file.write_bytes(content)


def gauges(text):
    """The samples of an exposition by name, without the prefix all of them have; the clock's is left out."""
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("task_orchestrator_"))
    del samples["task_orchestrator_last_update_timestamp"]
    return {name.removeprefix("task_orchestrator_"): float(value) for name, value in samples.items()}


@pytest.mark.usefixtures("exporter")
def test_the_exporter_prints_the_numbers_of_the_store(team):
    answer = team.shell("bash scripts/prometheus-exporter.sh")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert gauges(answer.stdout) == NUMBERS


def skip_unless_it_can_listen(team, port):
    if "-q" not in team.shell("nc -h 2>&1").stdout:
        pytest.skip("the exporter's daemon needs an nc that knows -q")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            pytest.skip(f"somebody listens on port {port}, which the exporter has fixed")


def test_the_exporters_daemon_answers_a_scrape_with_the_numbers_of_the_store(team, exporter):
    port = int(re.findall(r"METRICS_PORT=(\d+)", exporter)[0])
    skip_unless_it_can_listen(team, port)
    nothing = subprocess.DEVNULL
    daemon = subprocess.Popen(
        ["bash", "scripts/prometheus-exporter.sh", "daemon"],
        cwd=team.folder,
        env=team.environ,
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        start_new_session=True,
    )
    try:
        scrape = team.shell(f"curl --silent --retry 30 --retry-delay 1 --retry-connrefused 127.0.0.1:{port}/metrics")
    finally:
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()

    assert scrape.returncode == 0, scrape.stderr
    assert gauges(scrape.stdout) == NUMBERS


@pytest.fixture
def report(team):
    """Runs the weekly report: what it said, and the file it wrote."""
    if team.shell("date -d yesterday").returncode != 0:
        pytest.skip("the report needs the date of GNU")

    def run(*words, **variables):
        answer = team.run(["bash", "scripts/weekly-report.sh", *words], **variables)
        file = re.search("Weekly report generated: (.+)", answer.stdout)
        assert file, answer.stderr
        return answer, (team.folder / file[1]).read_text(encoding="utf-8")

    return run


def test_the_weekly_report_has_the_numbers_of_the_week(report):
    answer, text = report()

    assert (answer.returncode, answer.stderr) == (0, "")
    said = {
        name: value.strip() for name, value in re.findall(r"^- (?:\*\*)?([\w -]+?):(?:\*\*)? (.+)$", text, re.MULTILINE)
    }
    assert said["Tasks Completed"] == "3"
    assert [said[f"Average {name} Score"] for name in ("Quality", "Timeliness")] == ["4.5/5", "2.5/5"]
    assert said["Estimation Accuracy"] == "87.5%"
    assert [said[status] for status in ("Pending", "In Progress", "Completed", "Blocked")] == ["1", "1", "3", "1"]
    # of all that was rated, whoever rated it
    assert "2/3 (66%)" in text
    assert [said[name][-2] for name in ("ada", "bob", "ci-system")] == ["5", "4", "1"]
    assert ("Timeline Management" in said, "Quality Improvement Needed" in said) == (True, False)


def test_the_weekly_report_goes_out_by_mail_as_it_was_written(team, report):
    team.add_program("mail", 'printf "%s\\n" "$@" > mail.words; cat > mail.text')
    answer, text = report("--email")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert "team@company.com" in (team.folder / "mail.words").read_text(encoding="utf-8")
    assert (team.folder / "mail.text").read_text(encoding="utf-8") == text


def test_the_weekly_report_is_written_although_its_slack_summary_is_lost(report):
    with ScriptedServer(lambda _: Reply(body="ok")) as slack:
        answer, text = report("--slack", SLACK_WEBHOOK_URL=f"{slack.url}/services/T/B/x")

    assert "Completed: 3" in text
    # `local` outside a function: the script refuses its own summary, so an empty text is what it posts
    assert "local: can only be used in a function" in answer.stderr
    [request] = slack.requests
    [attachment] = json.loads(request.body)["attachments"]
    assert (attachment["color"], attachment["blocks"][0]["text"]["text"]) == ("good", "")
