"""A hub tied to a big Jira, in a process of its own: `scale_child.py FOLDER SETTINGS CHANGES`, settings as JSON.

It makes tasks of all issues there are; told to go on by a line, it completes the first CHANGES of them, looks at Jira
and delivers. After each of the two it prints a line of JSON.
"""

import json
import resource
import sys
from datetime import timedelta
from pathlib import Path

import tm_jira
from tm.testing import FakeClock, Host

DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)


def main(folder, settings, changes):
    clock = FakeClock()
    clock.advance(2 * DAY)
    with Host(
        Path(folder),
        plugins={"jira": tm_jira},
        settings={"jira": json.loads(settings)},
        core={"timezone": "UTC"},
        clock=clock,
    ) as host:
        host.pull("jira")
        links = sorted(host.hub("jira").links.all(), key=lambda link: int(link.outside_id))
        say(linked=len(links))
        sys.stdin.readline()
        clock.advance(QUARTER)
        for link in links[:changes]:
            host.tasks.complete(link.task_id, summary="it is at sea")
        host.pull("jira")
        host.deliver()
        rows = [row.state for row in host.deliveries("jira")]
        told = [event for event in host.events() if event.origin == "jira" and event.type == "task.started"]
        say(
            delivered=rows.count("delivered"),
            left=len(rows) - rows.count("delivered"),
            started=len(told),
            megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )


def say(**figures):
    sys.stdout.write(f"{json.dumps(figures)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
