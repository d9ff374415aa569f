"""What `tm doctor` hears about Slack, without posting anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm import Finding, NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm_slack.client import Bot, Webhook
from tm_slack.manifest import NEEDED, SCOPES
from tm_slack.marks import PREFIX, UNSETTLED
from tm_slack.outcome import MessageRefused, ScopeMissing
from tm_slack.routes import rule_of
from tm_slack.sending import transport_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Hub
    from tm_slack.settings import Settings

_TROUBLE = (RetryLater, NeedsLogin, PermanentFailure, OutcomeUnknown)


def findings(hub: Hub) -> Iterator[Finding]:
    """Whether Slack knows us and takes messages in every channel, whether it is quiet, and what is in doubt."""
    transport = transport_of(hub.settings, hub)
    if isinstance(transport, Webhook):
        yield _reached(transport)
    else:
        yield from _known(transport, hub.settings)
    yield from _quiet(hub)
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
    """An empty message is refused without being posted."""
    try:
        webhook.post({"text": ""})
    except MessageRefused:
        return Finding(level="ok", message="Slack knows the webhook.")
    except _TROUBLE as failure:
        words = str(failure)
    else:
        words = "Something took an empty message, which Slack refuses."
    advice = "Set the webhook's address as Slack shows it: tm config secret slack.webhook_url"
    return Finding(level="error", message=words, advice=advice)


def _known(bot: Bot, settings: Settings) -> Iterator[Finding]:
    try:
        identity, scopes = bot.identity()
    except _TROUBLE as failure:
        yield Finding(level="error", message=str(failure), advice="Set a bot's token: tm config secret slack.token")
        return
    who, team = identity.get("user", "?"), identity.get("team", "?")
    yield Finding(level="ok", message=f"Slack knows the token: {who} in {team}.")
    yield from _scoped({each.strip() for each in scopes.split(",") if each.strip()})
    for channel, names in _channels(settings).items():
        yield _open(bot, channel, names)


def _scoped(granted: set[str]) -> Iterator[Finding]:
    if not granted:
        return
    for scope, why in SCOPES.items():
        if scope not in granted:
            level = "error" if scope in NEEDED else "warning"
            yield Finding(
                level=level,  # type: ignore[arg-type]  # one of its words
                message=f"The token lacks the scope {scope}: {why}.",
                advice="Add it to the app and install it anew; tm slack manifest has all of them.",
            )


def _channels(settings: Settings) -> dict[str, list[str]]:
    """Every channel the settings name, with the rules that do."""
    found: dict[str, list[str]] = {}
    for number in range(len(settings.routes) + 1):
        rule = rule_of(settings, number)
        for channel in filter(None, (rule.channel, rule.fallback)):
            found.setdefault(channel, []).append(rule.name)
    return found


def _open(bot: Bot, channel: str, names: list[str]) -> Finding:
    whose = f"{channel} ({', '.join(dict.fromkeys(names))})"
    if channel[0] in "UW":
        return Finding(level="ok", message=f"{whose} is a person; direct messages are not looked at.")
    try:
        bot.messages(channel, oldest="9999999999")
    except ScopeMissing as missing:
        message = f"{whose} cannot be looked at: the token lacks {missing.needed}."
        return Finding(level="warning", message=message, advice="Try it for real: tm slack test")
    except PermanentFailure as refusal:
        advice = "Invite the app (/invite in the channel), or set another channel."
        return Finding(level="error", message=f"{whose}: {refusal}", advice=advice)
    except (RetryLater, NeedsLogin, OutcomeUnknown) as failure:
        return Finding(level="warning", message=f"{whose}: {failure}", advice="Try again, or: tm slack test")
    return Finding(level="ok", message=f"{whose} is there.")


def _quiet(hub: Hub) -> Iterator[Finding]:
    now = hub.clock.now()
    for number in range(len(hub.settings.routes) + 1):
        rule = rule_of(hub.settings, number)
        if rule.quiet and (number == 0 or hub.settings.routes[number - 1].quiet):
            until = rule.quiet.until(now)
            told = f"it is quiet now, until {until:%Y-%m-%d %H:%M} UTC" if until else "it is not quiet now"
            hours = f"{rule.quiet.begin} to {rule.quiet.end}, {rule.quiet.timezone}"
            yield Finding(level="ok", message=f"Quiet hours of {rule.name} ({hours}): {told}.")
