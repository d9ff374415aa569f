"""What a person does about a failure that `tm doctor` met, by its kind. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm import NeedsLogin, OutcomeUnknown, RetryLater
from tm_slack.outcome import DestinationRefused, Limited, ScopeMissing, ServerTrouble, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

_APP = "At api.slack.com/apps, in your app"
INVITE = "Invite the app (/invite in the channel), or set another channel."


def advice_for(failure: Exception, *, host: str, by_webhook: bool) -> str:
    """What to do next; `host` is the one that was to be reached."""
    for kind, said in _BY_KIND:
        if isinstance(failure, kind):
            return said(failure, host, by_webhook)
    return "Please report it."


def how_to_add(name: str) -> str:
    """How the app gets a scope of this name."""
    return (
        f"{_APP}, OAuth & Permissions, add {name} and install the app anew; tm slack manifest has every scope that "
        "is used."
    )


def _network(_failure: Exception, host: str, _by_webhook: bool) -> str:
    return (
        f"See whether this machine reaches {host}: the network, its names, a firewall. If the way leads through a "
        "proxy, set it as [plugins.slack] proxy; variables like HTTPS_PROXY are not asked."
    )


def _patience(_failure: Exception, _host: str, _by_webhook: bool) -> str:
    return "Look again in a while; what is owed waits and is not lost."


def _their_trouble(_failure: Exception, _host: str, _by_webhook: bool) -> str:
    return "That is Slack's own trouble, see slack-status.com. Look again later; what is owed waits and is not lost."


def _scope(failure: Exception, _host: str, _by_webhook: bool) -> str:
    return how_to_add(failure.needed if isinstance(failure, ScopeMissing) else "")


def _secret(_failure: Exception, _host: str, by_webhook: bool) -> str:
    if by_webhook:
        return f"{_APP}, Incoming Webhooks, add a new one, copy its URL, then: tm config secret slack.webhook_url"
    return (
        f"{_APP}, OAuth & Permissions, install the app (anew), copy the Bot User OAuth Token (xoxb-…), then: "
        "tm config secret slack.token"
    )


def _channel(_failure: Exception, _host: str, by_webhook: bool) -> str:
    if by_webhook:
        return (
            "Open the channel again, or make a webhook for another one and set its address: "
            "tm config secret slack.webhook_url"
        )
    return INVITE


def _stranger(_failure: Exception, host: str, by_webhook: bool) -> str:
    key = "slack.webhook_url" if by_webhook else "[plugins.slack] base_url"
    return (
        f"Something else than Slack may answer for {host}: look for a proxy, or a portal that wants a login, and for "
        f"a wrong address in {key}. Then look again."
    )


_BY_KIND: tuple[tuple[type[Exception], Callable[[Exception, str, bool], str]], ...] = (
    (Unreachable, _network),
    (Limited, _patience),
    (RetryLater, _their_trouble),
    (ScopeMissing, _scope),
    (NeedsLogin, _secret),
    (DestinationRefused, _channel),
    (ServerTrouble, _their_trouble),
    (OutcomeUnknown, _stranger),
)
