"""Run by the measured interpreter inside a hub without a store: `-P -m benchmarks.inside_jira COUNT CHANGES ROUNDS`.

It brings in COUNT issues, then in each round completes CHANGES / 2 tasks here while as many issues move there, looks at
Jira and delivers; beside each stands a bare loop of the same client with the same requests. Last it plans for all.
Prints JSON: figures by name, each a list.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from benchmarks.loops import deliver, send
from benchmarks.tracker import Call, JiraProcess
from tm.app import Session
from tm.hosting import Hosting
from tm.service.completion import complete
from tm_jira.backfill import backfill
from tm_jira.client import Site, site_of
from tm_jira.fields import WANTED, issue_of
from tm_jira.links import links_here, record_of
from tm_jira.pair import view_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tm import Hub

JQL = "project = PROJ"


def main(*, count: int, changes: int, rounds: int) -> None:
    """Measure; the first round of passes warms up and does not count."""
    with JiraProcess() as jira:
        known = {"URL": jira.settings["url"], "EMAIL": jira.settings["email"], "API_TOKEN": jira.settings["api_token"]}
        os.environ.update({f"TM_PLUGINS__JIRA__{name}": value for name, value in known.items()})
        hosting = Hosting(Session(os.environ, os.getcwd()))  # noqa: PTH109 - as the command line does
        hub = hosting.hub(hosting.plugins["jira"], hosting.session.database)
        jira.add(count)
        found = defaultdict(list, _brought_in(hub))
        assert len(links_here(hub)) == count
        jira.calls()
        for number in range(rounds + 1):
            for name, value in _pass(hosting, jira, number=number, changes=changes // 2).items():
                found[name] += [value] if number else []
        found["megabytes"] = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]
        found["plan"] = [_planned(hub, each) for each in (0, 1)]
    print(json.dumps(found))


def _timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _brought_in(hub: Hub) -> dict[str, list[float]]:
    """Every issue made a task, beside a loop that reads the same pages."""
    site = _site(hub)
    site.account()
    pages = site.search(f"({JQL}) ORDER BY created ASC", fields=WANTED)
    bare = _timed(lambda: deque(pages, maxlen=0))
    took = _timed(lambda: backfill(JQL, hub=hub, site=site, is_dry=False, say=print))
    return {"backfill": [took], "backfill bare": [bare]}


def _planned(hub: Hub, changed: int) -> float:
    """Seconds that the steps of all pairs take: of those at rest, or with one field changed in each."""
    site, views = _site(hub), []
    for link in links_here(hub):
        task, record = hub.tasks.get(link.task_id), record_of(link)
        raw = {"id": link.outside_id, "key": link.key, "fields": {"project": {"key": "PROJ"}}}
        said = {name: each.theirs for name, each in record.agreed.items()}
        said |= {"title": f"{task.title}, changed"} if changed else {}
        views.append(view_of(task, issue_of(raw, is_cloud=True)._replace(theirs=said), record, hub=hub, site=site))
    steps: list[Any] = []
    took = _timed(lambda: [steps.extend(view.steps(hub.settings, keep={})) for view in views])
    assert len(steps) == changed * len(views)
    return took


def _pass(hosting: Hosting, jira: JiraProcess, *, number: int, changes: int) -> dict[str, float]:
    """A look at Jira and all that it and our own changes bring, and looks that find nothing, beside bare loops."""
    plugin, session = hosting.plugins["jira"], hosting.session
    links = links_here(hosting.hub(plugin, session.database))
    ours, theirs = (links[(2 * number + side) * changes :][:changes] for side in (0, 1))
    for link in ours:
        complete(session.work({}), link.task_id, summary="it is at sea")
    jira.move([str(link.key) for link in theirs], "In Progress")
    took = _timed(lambda: hosting.pull(plugin, session.database)) + deliver(hosting)
    calls = jira.calls()
    idle = _timed(lambda: hosting.pull(plugin, session.database))
    looks = jira.calls()
    assert len([each for each in calls if each.path.endswith("/transitions") and each.method == "POST"]) == changes
    threads = plugin.settings.concurrency
    bare = [send(calls, lambda call: _repeat(call, hosting), threads=each) for each in (1, threads)]
    bare_look = send(looks, lambda call: _repeat(call, hosting), threads=1)
    jira.calls()
    return {
        "pass": took,
        "requests": len(calls),
        "pass bare": bare[0],
        "pass bare threads": bare[1],
        "look": idle,
        "look requests": len(looks),
        "look bare": bare_look,
    }


def _repeat(call: Call, hosting: Hosting) -> None:
    """The same request once more, by the plugin's own client, with nothing around it."""
    settings, parts = hosting.plugins["jira"].settings, urlsplit(call.path)
    body = json.loads(call.body) if call.body else None
    wire = site_of(settings, now=hosting.session.clock.now)._wire
    wire.send(call.method, parts.path, what="repeating", params=parse_qsl(parts.query), body=body)


def _site(hub: Hub) -> Site:
    return site_of(hub.settings, now=hub.clock.now)


if __name__ == "__main__":
    main(count=int(sys.argv[1]), changes=int(sys.argv[2]), rounds=int(sys.argv[3]))
