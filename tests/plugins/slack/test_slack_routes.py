"""Which rules an event falls under, what each makes of it, and how `tm explain` says so."""

import pytest

from tm.people import People
from tm_slack.routes import WEBHOOK, sends_for, why
from tm_slack.settings import Settings

URL = "https://hooks.slack.com/services/T000/B000/XXXX"
NOBODY = People({})


def settings(**table):
    return Settings(token="xoxb-1", **{"channel": "C0TEAM", **table})  # noqa: S106 - it opens nothing


def told(event, wanted, people=NOBODY):
    return [(send.notice, send.rule.channel, send.rule.number) for send in sends_for(event, wanted, people)]


ROUTES = [
    {"when": "team == web", "channel": "C0WEB", "continue": True},
    {"when": "priority == critical", "channel": "C0URGENT"},
    {"when": "team == web", "channel": "C0LAST"},
]


def test_the_first_route_that_matches_counts(make_event):
    event = make_event("blocked", priority="critical")

    assert told(event, settings(routes=ROUTES)) == [("blocked", "C0URGENT", 2)]


def test_a_route_that_goes_on_lets_the_next_one_tell_as_well(make_event):
    event = make_event("blocked", team="web", priority="critical")

    assert told(event, settings(routes=ROUTES)) == [("blocked", "C0WEB", 1), ("blocked", "C0URGENT", 2)]


def test_without_a_matching_route_the_plugin_s_own_settings_count(make_event):
    assert told(make_event("blocked"), settings(routes=ROUTES)) == [("blocked", "C0TEAM", 0)]


def test_two_rules_for_one_channel_tell_it_once(make_event):
    routes = [{"when": "team == web", "continue": True}, {"when": "team == web", "events": ["blocked"]}]

    assert told(make_event("blocked", team="web"), settings(routes=routes)) == [("blocked", "C0TEAM", 1)]


def test_by_webhook_all_rules_are_one_channel(make_event):
    wanted = Settings(webhook_url=URL, routes=[{"when": "team == web", "continue": True}])

    assert told(make_event("blocked", team="web"), wanted) == [("blocked", WEBHOOK, 1)]


@pytest.mark.parametrize(("actor", "count"), [("alice@example.com", 0), ("U012AB", 0), ("bob", 1)])
def test_what_the_assignee_did_can_be_left_out(make_event, people, actor, count):
    event = make_event("blocked", assignee="alice", actor=actor)

    assert len(told(event, settings(skip_own=True), people)) == count


def test_a_route_leaves_out_what_it_does_not_say(make_event):
    wanted = settings(mention=["here"], digest="1h", skip_own=True, routes=[{"when": "team == web", "skip_own": False}])
    [send] = sends_for(make_event("blocked", team="web"), wanted, NOBODY)

    assert (send.rule.mention, send.rule.digest, send.rule.skip_own) == (("here",), wanted.digest, False)


def test_a_blocked_urgent_task_s_notice_is_urgent(make_event):
    calm, urgent = (
        sends_for(make_event("blocked", priority=priority), settings(), NOBODY)[0] for priority in ("high", "critical")
    )

    assert (calm.is_urgent, urgent.is_urgent) == (False, True)


def test_the_rules_are_explained(make_event):
    quiet = {"begin": "20:00", "end": "08:00", "timezone": "Europe/Berlin"}
    wanted = settings(routes=[*ROUTES, {"when": "team == ops", "events": []}], quiet=quiet, digest="15m")

    def said(**fields):
        return list(why(make_event("blocked", **fields), wanted, NOBODY))

    assert said(team="web", priority="critical")[:2] == [
        "By route 1: told as blocked, in C0WEB.",
        "By route 2: told as blocked, in C0URGENT.",
    ]
    assert said()[:2] == [
        "No route matches.",
        "By the plugin's own settings: told as blocked, in C0TEAM, gathered into one message, "
        "not between 20:00 and 08:00 (Europe/Berlin).",
    ]
    assert said(team="ops")[0] == "By route 4: not told; it tells of nothing."
    assert "A card the task already has" in said()[-2]
    assert said()[-1] == "In its thread it is told as blocked, after quiet hours if the channel has some."
    assert said(team="ops")[-1] == "In its thread it is not told either."
