"""What `tm doctor` hears about Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm import Finding
from tm_slack.marks import PREFIX
from tm_slack.outcome import MessageRefused
from tm_slack.sending import post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Hub


def findings(hub: Hub) -> Iterator[Finding]:
    """Try the webhook with an empty message, which Slack refuses without posting; count what is in doubt."""
    yield _reached(hub)
    unsettled = sum(mark["word"] != "sent" for mark in hub.state.list(PREFIX).values())
    if unsettled:
        yield Finding(
            level="warning",
            message=f"Nobody knows whether Slack posted {unsettled} notices.",
            advice="See tm delivery list --dead; redeliver what is missing in the channel.",
        )


def _reached(hub: Hub) -> Finding:
    failure = post({"text": ""}, hub)
    if isinstance(failure, MessageRefused):
        return Finding(level="ok", message="Slack knows the webhook.")
    return Finding(
        level="error",
        message=str(failure or "Something took an empty message, which Slack refuses."),
        advice="Set the webhook's address as Slack shows it: tm config secret slack.webhook_url",
    )
