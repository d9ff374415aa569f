"""What the tests of pushing share: answers that get lost, the passing of time, and what Jira was asked."""

import re
from datetime import timedelta

from tm.clock import stamp
from tm.service.steering import redeliver as put_back
from tm.store.ledger import Ledger
from tm.testing import FakeClock, Reply
from tm_jira import adf

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LOST = Reply(fault="drop", is_stored=True)
NEVER_CAME = Reply(fault="drop")


START = {"name": "Start", "to": "In Progress", "from": "To Do"}
"""The first transition of the workflows in these tests."""


def status(jira):
    return jira.site.issues[0].status


def bring(host, task, word):
    """The task gets a status, and its issue hears of it."""
    host.tasks.bring(task.id, word, reason="because")
    host.deliver()


def pass_time(host, whole=10 * MINUTE, *, step=timedelta(seconds=5)):
    """Let a worker work for that long."""
    until = host.clock.now() + whole
    host.deliver()
    while host.clock.now() < until:
        host.clock.advance(step)
        host.deliver()


def states(host):
    return [row.state for row in host.deliveries("jira")]


def sentences(host):
    """What is said of the deliveries that were not delivered."""
    return [row.error for row in host.deliveries("jira") if row.state != "delivered"]


def remarks(host):
    """What `tm delivery show` tells of every attempt that had something to say."""
    ids = [row.id for row in host.deliveries("jira")]
    return [each.note for row in ids for each in Ledger(host.database).attempts(row) if each.note]


def put_back_the_dead(host):
    """`tm delivery retry` for every dead letter."""
    dead = [row.id for row in host.deliveries("jira") if row.state == "dead"]
    put_back(host.database, dead, at=stamp(host.clock.now()))


def asked(jira, method, path, *, since=0):
    """How often Jira was asked so; `path` is searched in the whole path."""
    found = jira.server.requests[since:]
    return len([each for each in found if each.method == method and re.search(path, each.path.partition("?")[0])])


def creations(jira):
    return asked(jira, "POST", r"/\d/issue$")


def transitions(jira):
    return asked(jira, "POST", r"/transitions$")


def writes(jira, *, since=0):
    """Every request that is to change something."""
    found = jira.server.requests[since:]
    return [f"{each.method} {each.path}" for each in found if each.method != "GET" and "bulkfetch" not in each.path]


def reading(body):
    """What people read in a description or comment, on Cloud or Data Center."""
    return body if isinstance(body, str) else adf.text(body)


def is_one_pair(host, jira, task):
    """Whether the task is tied to the only issue there is, and says so once."""
    [issue] = jira.site.issues
    [link] = host.hub("jira").links.all()
    told = [each for each in host.events() if each.type == "task.context_added" and "Jira issue" in each.data["text"]]
    return (link.task_id, link.outside_id, link.key) == (task.id, issue.id, issue.key) and len(told) == 1


class Death(KeyboardInterrupt):
    """A worker that is killed."""


class MortalClock(FakeClock):
    """Kills whoever looks at it for the n-th time: before anything is sent, after an answer, before a commit …"""

    def __init__(self, jiras):
        super().__init__()
        self.looks = None
        self._jiras = jiras

    def now(self):
        if self.looks is not None:
            self.looks -= 1
            if self.looks < 0:
                self.looks = None
                raise Death
        return super().now()

    def turn(self, by):
        """Turn Jira's as well."""
        for each in (self, self._jiras):
            each.advance(by)


def dies_on_the_way(host, *, after, step=timedelta(seconds=30)):
    """Let a worker deliver all there is; it is killed at its n-th look at the clock. False if it needed fewer."""
    host.clock.looks, has_died = after, False
    for _ in range(60):
        try:
            host.deliver()
        except Death:
            has_died = True
            host.restart()
        if not Ledger(host.database).unfanned()[0] and set(states(host)) == {"delivered"}:
            break
        host.clock.turn(step)
    host.clock.looks = None
    return has_died
