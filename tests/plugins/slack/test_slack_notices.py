"""Which events are told, and as what."""

import pytest

from tm.people import People
from tm_slack.routes import sends_for
from tm_slack.settings import Settings

URL = "https://hooks.slack.com/services/T000/B000/XXXX"
ALL = ("created", "progress", "blocked", "completed", "urgent")


def settings(**table):
    return Settings(webhook_url=URL, **table)


def notice_for(event, wanted):
    """What the event is told as, by the one rule it falls under."""
    told = [send.notice for send in sends_for(event, wanted, People({}))]
    return told[0] if told else None


def test_by_default_blocked_and_completed_are_told(make_event):
    kinds = ["created", "progressed", "blocked", "unblocked", "completed", "reopened", "updated", "deleted"]
    told = {kind: notice_for(make_event(kind), settings()) for kind in kinds}

    assert {kind: notice for kind, notice in told.items() if notice} == {"blocked": "blocked", "completed": "completed"}


def test_created_and_progress_are_told_when_asked_for(make_event):
    wanted = settings(events=["created", "progress"])
    told = [notice_for(make_event(kind), wanted) for kind in ("created", "progressed", "blocked")]

    assert told == ["created", "progress", None]


def test_a_rating_is_told_after_a_told_completion(make_event):
    told = [notice_for(make_event("rated"), settings(events=events)) for events in (["completed"], ["blocked"])]

    assert told == ["rated", None]


def test_a_task_created_urgent_is_told_once_as_urgent(make_event):
    event = make_event("created", priority="critical")

    assert notice_for(event, settings(events=ALL)) == "urgent"
    assert notice_for(event, settings(events=["created"])) == "created"


def test_a_task_is_urgent_when_it_becomes_so_and_not_again(make_event):
    became = make_event("updated", priority="critical", changes={"priority": ["high", "critical"]})
    was_already = make_event("updated", priority="critical", changes={"title": ["a", "b"]})

    assert notice_for(became, settings()) == "urgent"
    assert notice_for(was_already, settings()) is None


def test_a_blocked_urgent_task_is_told_as_blocked(make_event):
    event = make_event("blocked", priority="critical", status="blocked", changes={"status": ["pending", "blocked"]})
    wanted = settings(urgent="priority == critical and status == blocked", events=["blocked", "urgent"])
    unwanted = wanted.model_copy(update={"events": ("urgent",)})

    assert notice_for(event, wanted) == "blocked"
    assert notice_for(event, unwanted) == "urgent"


def test_urgency_can_hang_on_a_label_or_on_the_event(make_event):
    labelled = make_event("updated", labels=["db", "outage"], changes={"labels": [["db"], ["db", "outage"]]})
    reopened = make_event("reopened", priority="high")

    assert notice_for(labelled, settings(urgent="label == outage")) == "urgent"
    assert notice_for(reopened, settings(urgent="event == reopened and priority == high")) == "urgent"


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_task_that_is_over_is_not_urgent(make_event, status):
    event = make_event("updated", status=status, priority="critical", changes={"priority": ["low", "critical"]})

    assert notice_for(event, settings()) is None


def test_the_first_route_that_matches_counts(make_event):
    routes = [
        {"when": "team == platform", "events": ["progress"]},
        {"when": "team in [platform, web]", "events": []},
    ]
    told = {
        (team, kind): notice_for(make_event(kind, team=team), settings(routes=routes))
        for team in ("platform", "web", None)
        for kind in ("progressed", "blocked")
    }

    assert {case for case, notice in told.items() if notice} == {("platform", "progressed"), (None, "blocked")}
