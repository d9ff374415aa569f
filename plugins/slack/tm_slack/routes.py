"""Where an event is told and as what: the plugin's own settings, and the routes over them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tm import matches
from tm_slack.notices import NOTICES, notice_for
from tm_slack.quiet import AnyOf, Quiet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from tm import Event, People
    from tm_slack.notices import Notice
    from tm_slack.quiet import Hours
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
    quiet: Hours | None
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


def send_to(channel: str, notice: Notice, event: Event, *, settings: Settings, people: People) -> Send:
    """By which rule a notice is told in a channel; by the plugin's own if none tells it there (any more)."""
    found = [each for each in sends_for(event, settings, people) if each.rule.channel == channel]
    own = Send(notice, rule_of(settings)._replace(channel=channel), is_urgent=False)
    return found[0]._replace(notice=notice) if found else own


def channels_of(settings: Settings) -> dict[str, list[str]]:
    """Every channel the settings name, with the names of the rules that do."""
    found: dict[str, list[str]] = {}
    for rule in _rules(settings):
        for channel in filter(None, (rule.channel, rule.fallback)):
            found.setdefault(channel, []).append(rule.name)
    return found


def quiet_of(channel: str, settings: Settings) -> Hours | None:
    """The quiet hours of a channel, whatever is told there: those of every rule that leads to it."""
    several = tuple(rule.quiet for rule in _rules(settings) if rule.channel == channel and rule.quiet)
    return AnyOf(several) if several else None


def is_told_in_thread(event: Event, channel: str, settings: Settings, *, people: People) -> bool:
    """Whether an event may be told in the thread of a card there: no rule for that channel, or else none at all,
    wants silence about it.
    """
    is_own, rules = is_own_act(event, people), rules_for(event, settings)
    here = [rule for rule in rules if rule.channel == channel] or rules
    return any(rule.events and not (rule.skip_own and is_own) for rule in here)


def is_urgent(notice: Notice, event: Event, settings: Settings) -> bool:
    """Whether a notice waits for nothing but its lane."""
    return notice == "urgent" or (notice == "blocked" and matches(settings.urgent, event))


def why(event: Event, settings: Settings, people: People) -> Iterator[str]:
    """Which rules decide and what each comes to, in sentences."""
    if settings.routes and rules_for(event, settings)[0].number == 0:
        yield "No route matches."
    taken: set[str] = set()
    for rule in rules_for(event, settings):
        send = _send(event, rule, settings=settings, people=people)
        if send is None:
            is_own = notice_for(event, rule.events, urgent=settings.urgent) is not None and is_own_act(event, people)
            yield f"By {rule.name}: {_silence(rule, is_own=is_own)}"
        else:
            yield f"By {rule.name}: {_told(send, is_first=rule.channel not in taken)}"
            taken.add(rule.channel)
    if settings.has_cards:
        yield "A card the task already has in a channel is brought up to date in any case."
        yield f"In its thread it is {_in_threads(event, settings, people)}"


def is_own_act(event: Event, people: People) -> bool:
    """Whether the task's assignee did it."""
    return is_same_person(event.task.assignee, event.actor, people)


def is_same_person(one: str | None, other: str, people: People) -> bool:
    """Whether two names are one person's."""
    person = people.find(one)
    return one == other or (person is not None and person == people.find(other))


def waits(send: Send) -> Iterator[str]:
    """What a notice waits for, in words."""
    if send.rule.digest and not send.is_urgent:
        yield "gathered into one message"
    if isinstance(quiet := send.rule.quiet, Quiet) and not send.is_urgent:
        yield f"not between {quiet.begin} and {quiet.end} ({quiet.timezone})"


def _in_threads(event: Event, settings: Settings, people: People) -> str:
    notice = notice_for(event, NOTICES, urgent=settings.urgent)
    if notice is None or notice not in settings.thread:
        return "not told (thread)."
    if not is_told_in_thread(event, "", settings, people=people):
        return "not told either."
    return f"told as {notice}, after quiet hours if the channel has some."


def _silence(rule: Rule, *, is_own: bool) -> str:
    if rule.skip_own and is_own:
        return "not told, because the assignee did it (skip_own)."
    told = ", ".join(rule.events)
    return f"not told; {told} {'is' if len(rule.events) == 1 else 'are'}." if told else "not told; it tells of nothing."


def _told(send: Send, *, is_first: bool) -> str:
    rule = send.rule
    if not is_first:
        return f"not told again in {rule.channel}."
    parts = [f"told as {send.notice}", "by the webhook" if rule.channel == WEBHOOK else f"in {rule.channel}"]
    return f"{', '.join((*parts, *waits(send)))}."


def _send(event: Event, rule: Rule, *, settings: Settings, people: People) -> Send | None:
    notice = notice_for(event, rule.events, urgent=settings.urgent)
    if notice is None or not rule.channel or (rule.skip_own and is_own_act(event, people)):
        return None
    return Send(notice, rule, is_urgent(notice, event, settings))


def _rules(settings: Settings) -> Iterator[Rule]:
    for number in (*range(1, len(settings.routes) + 1), 0):
        yield rule_of(settings, number)


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
