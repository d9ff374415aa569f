"""Where an event is told and as what: the plugin's own settings, and the routes over them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tm import matches
from tm_slack.notices import notice_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from tm import Event, People
    from tm_slack.notices import Notice
    from tm_slack.quiet import Quiet
    from tm_slack.settings import Route, Settings

WEBHOOK = "webhook"


class Rule(NamedTuple):
    """What is told, where and how; `number` is the route's, 0 stands for the plugin's own settings.

    `channel` is WEBHOOK with that transport, empty where nothing says where.
    """

    number: int
    events: tuple[str, ...]
    channel: str
    mention: tuple[str, ...]
    digest: timedelta | None
    quiet: Quiet | None
    fallback: str | None
    skip_own: bool

    @property
    def name(self) -> str:
        """The rule as people call it."""
        return f"route {self.number}" if self.number else "the plugin's own settings"


class Send(NamedTuple):
    """One notice of an event on its way by one rule; `is_urgent` ones wait for nothing but their lane."""

    notice: Notice
    rule: Rule
    is_urgent: bool


def rule_of(settings: Settings, number: int = 0) -> Rule:
    """The plugin's own rule, or that of a route by its number from 1. Raises IndexError."""
    return _resolved(number, settings.routes[number - 1], settings) if number else _resolved(0, None, settings)


def rules_for(event: Event, settings: Settings) -> list[Rule]:
    """The rules an event falls under: the routes that match, as far as they go on, else the plugin's own."""
    found = []
    for number, route in enumerate(settings.routes, start=1):
        if matches(route.when, event):
            found.append(_resolved(number, route, settings))
            if not route.goes_on:
                break
    return found or [rule_of(settings)]


def sends_for(event: Event, settings: Settings, people: People) -> list[Send]:
    """What is told of an event, once per channel: of two rules for one channel the first counts."""
    sends: dict[str, Send] = {}
    for rule in rules_for(event, settings):
        send = _send(event, rule, settings=settings, people=people)
        if send is not None:
            sends.setdefault(rule.channel, send)
    return list(sends.values())


def why(event: Event, settings: Settings, people: People) -> Iterator[str]:
    """Which rules decide and what each comes to, in sentences."""
    if settings.routes and rules_for(event, settings)[0].number == 0:
        yield "No route matches."
    taken: set[str] = set()
    for rule in rules_for(event, settings):
        send = _send(event, rule, settings=settings, people=people)
        is_told = notice_for(event, rule.events, urgent=settings.urgent) is not None
        is_own = is_told and rule.skip_own and is_own_act(event, people)
        yield f"By {rule.name}: {_outcome(send, rule, is_own=is_own, taken=taken)}"
        if send:
            taken.add(rule.channel)
    if settings.has_cards:
        yield "A card the task already has in a channel is brought up to date in any case."


def is_own_act(event: Event, people: People) -> bool:
    """Whether the task's assignee did it."""
    person, actor = people.find(event.task.assignee), people.find(event.actor)
    return event.task.assignee == event.actor or (person is not None and person == actor)


def _outcome(send: Send | None, rule: Rule, *, is_own: bool, taken: set[str]) -> str:
    words = ", ".join(rule.events) or "nothing"
    if send is None:
        if is_own:
            return "not told, because the assignee did it (skip_own)."
        return f"not told; {words} {'is' if len(rule.events) < 2 else 'are'}."
    if rule.channel in taken:
        return f"not told again in {rule.channel}."
    parts = [f"told as {send.notice}", "by the webhook" if rule.channel == WEBHOOK else f"in {rule.channel}"]
    if rule.digest and not send.is_urgent:
        parts.append("gathered into one message")
    if rule.quiet and not send.is_urgent:
        parts.append(f"not between {rule.quiet.begin} and {rule.quiet.end} ({rule.quiet.timezone})")
    return f"{', '.join(parts)}."


def _send(event: Event, rule: Rule, *, settings: Settings, people: People) -> Send | None:
    notice = notice_for(event, rule.events, urgent=settings.urgent)
    if notice is None or not rule.channel or (rule.skip_own and is_own_act(event, people)):
        return None
    is_urgent = notice == "urgent" or (notice == "blocked" and matches(settings.urgent, event))
    return Send(notice, rule, is_urgent)


def _resolved(number: int, route: Route | None, settings: Settings) -> Rule:
    def said(name: str) -> object:
        own = getattr(route, name, None)
        return getattr(settings, name) if own is None else own

    channel = WEBHOOK if settings.token is None else said("channel") or ""
    return Rule(
        number,
        said("events"),  # type: ignore[arg-type]  # the models have it so
        str(channel),
        said("mention"),  # type: ignore[arg-type]
        said("digest"),  # type: ignore[arg-type]
        said("quiet"),  # type: ignore[arg-type]
        said("fallback"),  # type: ignore[arg-type]
        bool(said("skip_own")),
    )
