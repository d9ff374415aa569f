"""What the tests of waiting notices share: the passing of time, settings that change, and what Slack shows."""

from datetime import timedelta

from tm.clock import stamp
from tm.service.steering import redeliver as put_back
from tm.testing import Reply
from tm_slack.standin import CHANNEL, reading

ALL = ["created", "progress", "blocked", "completed", "urgent"]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# the clock of the tests starts at noon on a Sunday
QUIET = {"begin": "11:00", "end": "14:00", "timezone": "UTC"}
OTHER = "C0OTHER"
LOST = Reply(fault="drop", is_stored=True)


def told(slack, channel=CHANNEL):
    return [reading(each) for each in slack.workspace.messages(channel)]


def pass_time(host, whole, *, step=MINUTE):
    until = host.clock.now() + whole
    while host.clock.now() < until:
        host.clock.advance(step)
        host.deliver()


def both(first, second):
    """Two routes for every task, one after the other."""
    return [{"when": "status != cancelled", "continue": True, **first}, {"when": "status != cancelled", **second}]


def changed(host, slack, **settings):
    host.replace("slack", settings={**slack.as_bot, "events": ALL, "cards": False, **settings})


def redeliver(host, delivery_id):
    put_back(host.database, [delivery_id], at=stamp(host.clock.now()))


def posts(slack, *replies):
    """Answer posts like this, one after the other, and as ever after that; a stored one is there."""
    passing, left = slack.workspace.answer, list(replies)

    def answer(method, request):
        reply = left.pop(0) if method == "chat.postMessage" and left else None
        answered = passing(method, request) if reply is None or reply.is_stored else Reply()
        return reply or answered

    slack.workspace.answer = answer
