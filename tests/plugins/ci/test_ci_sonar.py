"""SonarQube's gate: asked until the analysis is worked out, and never passed for want of an answer."""

from datetime import timedelta

import httpx
import pytest
import respx
from tests.plugins.ci.conftest import GITHUB

from tm.testing import FakeClock, Reply, ScriptedServer
from tm_ci.readers import sonar
from tm_ci.readers.reading import Unreadable

SERVER = "https://sonar.example.com"
TOKEN = "squ_made_up"  # noqa: S105 - made up
REPORT = f"projectKey=app\nserverUrl={SERVER}\nceTaskId=AX1\nceTaskUrl={SERVER}/api/ce/task?id=AX1\n".encode()
DONE = {"task": {"status": "SUCCESS", "analysisId": "AN1"}}


def ask(report=REPORT, *, waits=None):
    with httpx.Client() as client:
        return sonar.Sonar(client, wait=(waits if waits is not None else []).append, patience=6).gate(
            sonar.read(report)
        )


def status(word, *conditions):
    return {"projectStatus": {"status": word, "conditions": list(conditions)}}


@pytest.mark.parametrize(
    ("word", "gate"), [("OK", "passed"), ("WARN", "warn"), ("ERROR", "failed"), ("NONE", None), ("?", None)]
)
@respx.mock
def test_the_gate_s_words_are_mapped_and_no_gate_is_unknown(word, gate):
    respx.get(f"{SERVER}/api/ce/task", params={"id": "AX1"}).respond(json=DONE)
    respx.get(f"{SERVER}/api/qualitygates/project_status", params={"analysisId": "AN1"}).respond(json=status(word))

    assert ask()["sonar_quality_gate"] == gate


@respx.mock
def test_conditions_are_measured_too():
    good = {"metricKey": "new_coverage", "actualValue": "84.9", "errorThreshold": "85", "comparator": "LT"}
    odd = [{"metricKey": "a b", "actualValue": "1"}, {"metricKey": "x", "actualValue": "NaN"}, 7]
    respx.get(f"{SERVER}/api/ce/task").respond(json=DONE)
    respx.get(f"{SERVER}/api/qualitygates/project_status").respond(json=status("ERROR", good, *odd))

    assert ask() == {"sonar_quality_gate": "failed", "sonar_new_coverage": 84.9, "sonar_x": None}


@respx.mock
def test_an_analysis_under_way_is_waited_for():
    waits = []
    under_way = [httpx.Response(200, json={"task": {"status": word}}) for word in ("PENDING", "IN_PROGRESS")]
    respx.get(f"{SERVER}/api/ce/task").mock(side_effect=[*under_way, httpx.Response(200, json=DONE)])
    respx.get(f"{SERVER}/api/qualitygates/project_status").respond(json=status("OK"))

    assert ask(waits=waits)["sonar_quality_gate"] == "passed"
    assert waits == [sonar.PAUSE, sonar.PAUSE]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, json={"task": {"status": "FAILED"}}), "ended as FAILED"),
        (httpx.Response(200, json={"task": {"status": "CANCELED"}}), "ended as CANCELED"),
        (httpx.Response(200, json={"task": {"status": "PENDING"}}), "in time"),
        (httpx.Response(200, json=[]), "no JSON object"),
        (httpx.Response(200, text="<html>"), "cannot be asked"),
        (httpx.Response(401), "sonar_token"),
        (httpx.Response(502), "502"),
        (httpx.ConnectError("no route"), "cannot be asked"),
        (httpx.ReadTimeout("slow"), "cannot be asked"),
    ],
)
@respx.mock
def test_without_an_answer_the_gate_is_unknown_with_the_reason(answer, said):
    respx.get(f"{SERVER}/api/ce/task").mock(side_effect=[answer] * 3)

    with pytest.raises(Unreadable, match=said):
        ask()


@respx.mock
def test_all_answers_together_take_no_longer_than_the_patience():
    clock = FakeClock()

    def answer(_request):
        clock.advance(timedelta(seconds=7))
        return httpx.Response(200, json={"task": {"status": "PENDING"}})

    asked = respx.get(f"{SERVER}/api/ce/task").mock(side_effect=answer)
    with httpx.Client() as client, pytest.raises(Unreadable, match="in time"):
        sonar.Sonar(client, wait=lambda _: None, patience=10, monotonic=clock.monotonic).gate(sonar.read(REPORT))

    assert asked.call_count == 2


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"projectKey=app",
        b"serverUrl=ftp://x\nceTaskId=1",
        b"\xff\x00",
        b"serverUrl=https://ann:pw123@sonar.example.com\nceTaskId=1",
    ],
)
def test_a_scanner_that_handed_nothing_in_is_unknown(report):
    with pytest.raises(Unreadable) as refused:
        sonar.read(report)

    assert "pw123" not in str(refused.value)


@pytest.fixture
def server():
    with ScriptedServer() as server:
        yield server


def measure(machine, server, **environ):
    machine.write("report-task.txt", f"serverUrl={server.url}\nceTaskId=AX1\n")
    keys = {f"TM_PLUGINS__CI__{name}": value for name, value in environ.items()}
    return machine.run("ci", "measure", "report-task.txt", environ={**GITHUB, **keys})


def test_the_token_goes_to_the_server_of_the_settings(machine, server):
    server.script(Reply(body=DONE), Reply(body=status("OK")))
    done = measure(machine, server, SONAR_TOKEN=TOKEN, SONAR_URL=server.url)

    assert "sonar_quality_gate = passed" in done.stderr
    assert {each.headers["authorization"] for each in server.requests} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("url", [None, "https://sonar.example.com"])
def test_a_report_cannot_send_the_token_elsewhere(machine, server, url):
    done = measure(machine, server, SONAR_TOKEN=TOKEN, **({"SONAR_URL": url} if url else {}))

    assert "sonar_quality_gate: report-task.txt" in done.stderr
    assert "sonar_url" in done.stderr
    assert server.requests == []


@pytest.mark.parametrize("fault", ["drop", "reset", "short", "garbage"])
def test_a_server_that_breaks_off_makes_the_gate_unknown(machine, server, fault):
    server.script(Reply(body=DONE), Reply(body=status("OK"), fault=fault))
    done = measure(machine, server)

    assert done.returncode == 0
    assert "? sonar_quality_gate" in done.stderr


def test_a_server_that_answers_drop_by_drop_is_not_waited_for_either(machine, server):
    server.script(Reply(body=DONE, fault="drip", delay=timedelta(milliseconds=200)))
    done = measure(machine, server, SONAR_WAIT="1s")

    assert "? sonar_quality_gate: report-task.txt: SonarQube's analysis did not end in time" in done.stderr


def test_a_token_of_odd_signs_is_refused_in_a_sentence(machine, server):
    done = measure(machine, server, SONAR_TOKEN="tökén", SONAR_URL=server.url)  # noqa: S106 - made up

    assert done.returncode == 2
    assert "must be one word, as SonarQube shows it" in done.stderr
    assert "tökén" not in done.stderr


def test_a_slow_server_is_not_waited_for_beyond_the_settings(machine, server):
    server.script(Reply(body={"task": {"status": "PENDING"}}, delay=timedelta(milliseconds=10)))
    done = measure(machine, server, SONAR_WAIT="1s")

    assert "did not end in time" in done.stderr
