"""A stand-in for Slack, a host with the plugin in it, and events made by hand."""

import os
import subprocess
import sys

import pytest
from tests.projects import make_project

import tm_slack
from tm.events import Event, Snapshot
from tm.people import People
from tm.testing import FakeClock, Host
from tm_slack import standin

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def no_mistakes_of_ours(caplog):
    """What nobody scripted must not go wrong."""
    yield
    assert not [each for each in caplog.records if "RuntimeError" in str(each.__dict__.get("error", ""))]


@pytest.fixture
def clock():
    """The one clock of the hosts and of Slack."""
    return FakeClock()


@pytest.fixture
def slack(clock):
    with standin.StandIn(now=clock.now) as slack:
        yield slack


@pytest.fixture
def make_host(tmp_path, slack, clock):
    """Hosts with the Slack plugin; keywords are settings of it, `core` and `people` those of the host."""
    opened = []

    def make(*, core=None, people=None, **settings):
        table = {**slack.settings, **settings}
        table = {name: value for name, value in table.items() if value is not None}
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        known = {"slack": table}
        host = Host(folder, plugins={"slack": tm_slack}, settings=known, core=core, people=people, clock=clock)
        opened.append(host)
        return host

    yield make
    for host in opened:
        host.close()


@pytest.fixture
def bot_host(make_host, slack):
    """The same with a token instead of the webhook."""

    def make(**settings):
        return make_host(webhook_url=None, **{**slack.as_bot, **settings})

    return make


@pytest.fixture
def host(make_host):
    return make_host(core={"task_url": "https://tasks.example.com/tasks/{id}"})


@pytest.fixture
def tm(tmp_path, slack):
    """Runs the real command in a hub that tells the stand-in as a bot, or by webhook; `start` only starts it."""
    make_project(tmp_path, home=tmp_path)

    def start(*words, by="bot", config="", **environ):
        (tmp_path / "tm.toml").write_text(f"[plugins.slack]\npace = 0\n{config}", encoding="utf-8")
        token = {"TOKEN": slack.workspace.token, "BASE_URL": slack.as_bot["base_url"], "CHANNEL": standin.CHANNEL}
        secret = token if by == "bot" else {"WEBHOOK_URL": slack.server.url + standin.PATH}
        known = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TM_DELIVERY": "worker", "TM_ACTOR": "bob"}
        known |= {f"TM_PLUGINS__SLACK__{name}": value for name, value in secret.items()}
        return subprocess.Popen(
            [sys.executable, "-m", "tm", *words],
            cwd=tmp_path, env={**os.environ, **known, **environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def run(*words, **how):
        process = start(*words, **how)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    run.start = start
    return run


@pytest.fixture(scope="session")
def make_event():
    """Events by the second half of their type; keywords are the task's fields or the event's own."""

    def make(kind, *, data=None, changes=None, actor="bob", origin="cli", **task):
        snapshot = {"title": "Ship the parser", "status": "in_progress", "priority": "medium", **task}
        return Event(
            id="018f-1", type=f"task.{kind}", task_id="7f3a0c11", revision=1, origin=origin, actor=actor,
            at="2026-11-22T12:00:00.000000Z", task=Snapshot(**snapshot), data=data or {}, changes=changes or {},
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def people():
    return People({"alice": {"email": "alice@example.com", "slack": "U012AB"}, "bob": {"slack": "U034CD"}})
