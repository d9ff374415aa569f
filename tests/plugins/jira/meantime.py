"""What the tests of pulling share: the passing of time, and a Jira where somebody acts between two of our requests."""

import re
from datetime import timedelta
from urllib.parse import unquote_plus

import tm
from tm_jira.standin import StandIn

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Busy(StandIn):
    """A Jira in which things happen in the very moment of a request."""

    def __init__(self, **how):
        self._plans = []
        super().__init__(**how)

    def before(self, method, path, act, *, nth=1):
        """Let somebody act right before the nth request like this is carried out.

        `path` is a regular expression, searched in the whole path with its query. A Reply that `act` returns goes
        out instead, and nothing is carried out.
        """
        self._plans.append({"is_before": True, "like": (method, path), "act": act, "left": nth})

    def after(self, method, path, act, *, nth=1):
        """Let somebody act right after the nth request like this was carried out, before anybody hears the answer."""
        self._plans.append({"is_before": False, "like": (method, path), "act": act, "left": nth})

    def _answer(self, request):
        plans = [plan for plan in self._plans if plan["left"] and self._fits(plan, request)]
        for plan in plans:
            plan["left"] -= 1
        now = [plan for plan in plans if not plan["left"]]
        replies = [plan["act"]() for plan in now if plan["is_before"]]
        reply = next((each for each in replies if each is not None), None) or super()._answer(request)
        for plan in now:
            if not plan["is_before"]:
                plan["act"]()
        return reply

    def _fits(self, plan, request):
        method, path = plan["like"]
        return method == request.method and re.search(path, unquote_plus(request.path)) is not None


def pull(host, *, after=MINUTE):
    """A while later the plugin looks at Jira, and does what that brings."""
    host.clock.advance(after)
    host.pull("jira")
    host.deliver()


def wakes(host):
    """How often a task was looked at because Jira said something."""
    return [row for row in host.deliveries("jira") if row.event_type == "sync.requested"]


def undelivered(host):
    """What is still owed or was given up."""
    return [row for row in host.deliveries("jira") if row.state not in ("delivered", "dropped")]


def asked(jira, *, since=0):
    """The requests Jira got, as method and path without its query."""
    return [f"{each.method} {each.path.partition('?')[0]}" for each in jira.server.requests[since:]]


def told(task_id, host, kind):
    """The events of one kind that a task has, oldest first."""
    return [each for each in host.events() if each.task_id == task_id and each.type == f"task.{kind}"]


class Listener:
    """A plugin that keeps what it hears, as one for chats would tell it."""

    def __init__(self):
        self.heard = []

    @tm.hookimpl
    def on_event(self, event, hub):
        """Keep an event."""
        self.heard.append(f"{event.name} by {event.actor}, from {event.origin}")
