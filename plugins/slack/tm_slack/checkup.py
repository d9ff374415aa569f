"""What `tm doctor` hears about Slack, without posting anything."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tm import Finding, NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm_slack.advice import INVITE, advice_for, how_to_add
from tm_slack.client import Bot, Webhook
from tm_slack.manifest import NEEDED, SCOPES
from tm_slack.marks import PREFIX, UNSETTLED
from tm_slack.outcome import DestinationRefused, MessageRefused, ScopeMissing
from tm_slack.quiet import Quiet
from tm_slack.routes import channels_of, rule_of
from tm_slack.sending import transport_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Hub
    from tm_slack.settings import Settings

_EVERYWHERE = "chat:write.public"
_TROUBLE = (RetryLater, NeedsLogin, PermanentFailure, OutcomeUnknown)


def findings(hub: Hub) -> Iterator[Finding]:
    """Whether Slack knows us and takes messages in every channel, whether it is quiet, and what is in doubt."""
    transport = transport_of(hub.settings, hub)
    if isinstance(transport, Webhook):
        yield _reached(transport)
    else:
        yield from _known(transport, hub.settings)
    yield from _quiet(hub)
    yield from _unknown_people(hub)
    yield from _untended(hub)
    unsettled = sum(
        any(mark["word"] in UNSETTLED for mark in marks.values()) for marks in hub.state.list(PREFIX).values()
    )
    if unsettled:
        yield Finding(
            level="warning",
            message=f"Nobody knows whether Slack posted {unsettled} notices.",
            advice="See tm delivery list --dead; redeliver what is missing in the channel.",
        )


def _reached(webhook: Webhook) -> Finding:
    """An empty message is refused without being posted, by then Slack has looked at the webhook and its channel."""
    try:
        webhook.post({"text": ""})
    except MessageRefused:
        advice = "Whether its channel shows messages is seen by posting one only: tm slack test"
        return Finding(level="ok", message="Slack knows the webhook.", advice=advice)
    except _TROUBLE as failure:
        advice = advice_for(failure, host=_host_of(webhook.url), by_webhook=True)
        return Finding(level="error", message=getattr(failure, "what", str(failure)), advice=advice)
    message = "Something took an empty message, which Slack refuses."
    advice = "Set the webhook's address as Slack shows it: tm config secret slack.webhook_url"
    return Finding(level="error", message=message, advice=advice)


def _known(bot: Bot, settings: Settings) -> Iterator[Finding]:
    host = _host_of(settings.base_url)
    try:
        identity, scopes = bot.identity()
    except _TROUBLE as failure:
        yield Finding(level="error", message=str(failure), advice=advice_for(failure, host=host, by_webhook=False))
        return
    who, team = identity.get("user", "?"), identity.get("team", "?")
    yield Finding(level="ok", message=f"Slack knows the token: {who} in {team}.")
    granted = {each.strip() for each in scopes.split(",") if each.strip()}
    yield from _scoped(granted)
    for channel, names in channels_of(settings).items():
        whose = f"{channel} ({', '.join(dict.fromkeys(names))})"
        yield _open(bot, channel, whose, can_post_anywhere=not granted or _EVERYWHERE in granted, host=host)


def _scoped(granted: set[str]) -> Iterator[Finding]:
    if not granted:
        return
    for scope, why in SCOPES.items():
        if scope not in granted:
            level = "error" if scope in NEEDED else "warning"
            yield Finding(
                level=level,  # type: ignore[arg-type]  # one of its words
                message=f"The token lacks the scope {scope}: {why}.",
                advice=how_to_add(scope),
            )


def _open(bot: Bot, channel: str, whose: str, *, can_post_anywhere: bool, host: str) -> Finding:
    if channel[0] in "UW":
        return Finding(level="ok", message=f"{whose} is a person; direct messages are not looked at.")
    try:
        bot.messages(channel, oldest="9999999999")
    except ScopeMissing as missing:
        message = f"{whose} cannot be looked at, nor can lost notices be looked for: the token lacks {missing.needed}."
        return Finding(
            level="warning", message=message, advice=f"{how_to_add(missing.needed)} Meanwhile: tm slack test"
        )
    except DestinationRefused as refusal:
        if refusal.word == "not_in_channel" and can_post_anywhere:
            message = f"{whose} is there, but the app is not in it: it may post, and cannot look for lost notices."
            return Finding(level="warning", message=message, advice="Invite the app: /invite in the channel.")
        advice = INVITE if can_post_anywhere else f"{INVITE} Public channels need no invitation with {_EVERYWHERE}."
        return Finding(level="error", message=f"{whose}: {refusal.what}", advice=advice)
    except _TROUBLE as failure:
        level = "error" if isinstance(failure, PermanentFailure) else "warning"
        advice = advice_for(failure, host=host, by_webhook=False)
        return Finding(level=level, message=f"{whose}: {failure}", advice=advice)  # type: ignore[arg-type]  # its words
    advice = "Whether it takes messages (it may be archived) is seen by posting one only: tm slack test"
    return Finding(level="ok", message=f"{whose} is there.", advice=advice)


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or "Slack"


def _quiet(hub: Hub) -> Iterator[Finding]:
    now = hub.clock.now()
    for number in range(len(hub.settings.routes) + 1):
        rule = rule_of(hub.settings, number)
        if isinstance(rule.quiet, Quiet) and (number == 0 or hub.settings.routes[number - 1].quiet):
            until = rule.quiet.until(now)
            told = f"it is quiet now, until {until:%Y-%m-%d %H:%M} UTC" if until else "it is not quiet now"
            hours = f"{rule.quiet.begin} to {rule.quiet.end}, {rule.quiet.timezone}"
            yield Finding(level="ok", message=f"Quiet hours of {rule.name} ({hours}): {told}.")


def _unknown_people(hub: Hub) -> Iterator[Finding]:
    """Names to mention that nobody here has."""
    wanted = [name for number in range(len(hub.settings.routes) + 1) for name in rule_of(hub.settings, number).mention]
    for name in dict.fromkeys(wanted):
        if name in ("assignee", "here") or name[0].isupper():
            continue
        person = hub.people.find(name)
        if person is None:
            message = f"mention names {name}, whom [people] does not know, so nobody is mentioned."
            yield Finding(level="warning", message=message, advice=f"Add [people.{name}] with slack or email.")
        elif not person.slack and (not person.email or hub.settings.token is None):
            message = f"mention names {name}, who has no Slack id in [people], so nobody is mentioned."
            yield Finding(level="warning", message=message, advice=f"Set slack under [people.{name}].")


def _untended(hub: Hub) -> Iterator[Finding]:
    """Whether somebody is there to tell what is put off."""
    rules = [rule_of(hub.settings, number) for number in range(len(hub.settings.routes) + 1)]
    if hub.delivery == "background" and any(rule.digest or rule.quiet for rule in rules):
        yield Finding(
            level="warning",
            message="Digests and quiet hours end on time only while a worker runs; else with the next command.",
            advice="Run tm worker, or tm deliver every few minutes from cron.",
        )
