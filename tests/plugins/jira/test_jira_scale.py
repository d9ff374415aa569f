"""Thousands of linked tasks: a look at Jira and what it brings cost what has changed, not what there is."""

import json
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tm.testing import FakeClock
from tm_jira import standin

CHANGES = 50
CHILD = Path(__file__).with_name("scale_child.py")
# a child is billed for the memory of whoever starts it, so a small one does
LAUNCHER = [sys.executable, "-S", "-E", "-c", "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"]


def measured(folder, *, links, data_center):
    """What a look and its deliveries took after so many changes on either side, and whether all arrived."""
    folder.mkdir()
    clock = FakeClock()
    with standin.StandIn(now=clock.now, data_center=data_center) as jira:
        for number in range(links):
            jira.site.add(summary=f"Issue {number}", status="To Do")
        clock.advance(timedelta(days=2))
        settings = json.dumps({**jira.settings, "import_jql": "project = PROJ"})
        command = [*LAUNCHER, sys.executable, str(CHILD), str(folder), settings, str(CHANGES)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            imported = json.loads(child.stdout.readline())
            before = len(jira.server.requests)
            clock.advance(timedelta(minutes=15))
            for issue in jira.site.issues[-CHANGES:]:
                jira.site.move(issue.key, "In Progress")
            said, _ = child.communicate("go on\n", timeout=120)
        there = Counter(issue.status for issue in jira.site.issues)
        comments = sum(len(issue.comments) for issue in jira.site.issues)
        return {**imported, **json.loads(said), "done": there["Done"], "comments": comments}, [
            f"{each.method} {each.path.partition('?')[0]}" for each in jira.server.requests[before:]
        ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("few", "many", "data_center"), [(2500, 5000, False), (250, 500, True)], ids=["cloud", "data center"]
)
def test_a_look_costs_what_has_changed_and_not_what_is_linked(tmp_path, few, many, data_center):
    first, asked_first = measured(tmp_path / "few", links=few, data_center=data_center)
    found, asked = measured(tmp_path / "many", links=many, data_center=data_center)

    assert (first["linked"], found["linked"]) == (few, many)
    for each in (first, found):
        assert (each["done"], each["comments"], each["started"], each["left"]) == (CHANGES, CHANGES, CHANGES, 0)
    assert abs(len(asked) - len(asked_first)) <= 2
    assert len(asked) <= 12 * CHANGES + 30
    assert found["megabytes"] < 150
