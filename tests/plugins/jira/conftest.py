"""A stand-in for Jira, hosts with the plugin in it, and what people do on both sides."""

import pytest
from tests.plugins.jira.meantime import Busy

import tm_jira
from tm.testing import FakeClock, Host
from tm_jira import standin

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock():
    """The one clock of the hosts and of Jira."""
    return FakeClock()


@pytest.fixture(params=["cloud", "data center"])
def jira(request, clock):
    with Busy(now=clock.now, data_center=request.param == "data center") as jira:
        yield jira


@pytest.fixture
def cloud(clock):
    with standin.StandIn(now=clock.now) as jira:
        yield jira


@pytest.fixture
def site(jira):
    return jira.site


@pytest.fixture
def open_host(tmp_path, clock):
    """Hosts with the Jira plugin and a listener; keywords are settings of the plugin."""
    opened = []

    def make(jira, *, core=None, people=None, others=None, **settings):
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        table = {name: value for name, value in {**jira.settings, **settings}.items() if value is not None}
        plugins = {"jira": tm_jira, **(others or {})}
        core = {"timezone": "UTC", **(core or {})}
        host = Host(folder, plugins=plugins, settings={"jira": table}, core=core, people=people, clock=clock)
        opened.append(host)
        return host

    yield make
    for host in opened:
        host.close()


@pytest.fixture
def host(open_host, jira):
    return open_host(jira)


@pytest.fixture
def no_write_in_vain(jira):
    """Nothing that was written changed nothing."""
    yield

    assert [each for each in jira.site.writes if not each.changed] == []


@pytest.fixture
def workflow(jira):
    """Replaces the workflow of the project PROJ."""

    def use(*transitions):
        jira.site.projects["PROJ"].workflow(transitions)

    return use


@pytest.fixture
def in_project(open_host, jira):
    """A host whose only project has these keys more, and a task whose issue is there."""

    def make(**table):
        host = open_host(jira, projects=[{"project": "PROJ", **table}])
        task = host.tasks.add("Ship it")
        host.deliver()
        return host, task

    return make


@pytest.fixture
def made(host, jira):
    """A task whose issue is there, and the issue's key."""

    def make(title="Ship it", **fields):
        task = host.tasks.add(title, **fields)
        host.deliver()
        return task.id, jira.site.issues[-1].key

    return make
