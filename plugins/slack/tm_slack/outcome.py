"""What an answer of Slack's webhook means: delivered, later, never, or nobody knows."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater

WITHOUT_ADVICE = timedelta(seconds=30)
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=24)

_CONTENT = (
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_payload",
    "missing_text_or_fallback_or_attachments",
    "no_text",
    "too_many_attachments",
)
_URL = ("invalid_token", "no_service", "no_team")
_CHANNEL = {
    "action_prohibited": "an administrator forbids it to be posted to",
    "channel_is_archived": "it is archived",
    "channel_not_found": "it is gone",
    "user_not_found": "the person it belongs to is gone",
}


class NotConnected(Exception):
    """No connection to Slack came about, so nothing was sent; the text says why."""


class MessageRefused(PermanentFailure):
    """Slack knows the webhook and refuses what the message says."""


class ServerTrouble(OutcomeUnknown):
    """Slack answered that it failed, which it may have done after posting."""


def outcome_of(status: int, body: str, *, retry_after: str | None, now: datetime) -> Exception | None:
    """What one answer means: None is delivered, anything else is to be raised.

    `retry_after` is the header of that name, `now` an aware instant to read a date in it against. Only what
    Slack documents is called refused; any other answer is OutcomeUnknown, ServerTrouble from status 500 on.
    """
    if status == 200 and body == "ok":
        return None
    if status == 429:
        wait = read_retry_after(retry_after, now=now)
        return RetryLater("Slack asks to slow down (429).", after=wait, whole_plugin=True)
    if status == 503:
        wait = read_retry_after(retry_after, now=now)
        return RetryLater("Slack is unavailable (503).", after=wait, whole_plugin=True)
    if status >= 500:
        return ServerTrouble(f"Slack failed with status {status}; the notice may have been posted all the same.")
    if 400 <= status < 500:
        refused = _refused(body)
        if refused:
            return refused
    return OutcomeUnknown(
        f"The answer, status {status}, is not Slack's. Look for a proxy or a portal between here and Slack."
    )


def outcome_without_answer(error: Exception) -> Exception:
    """What a call without an answer means."""
    if isinstance(error, NotConnected):
        return RetryLater(f"Slack cannot be reached: {error}", after=WITHOUT_ADVICE, whole_plugin=True)
    return OutcomeUnknown(
        f"The connection to Slack broke before its answer ({type(error).__name__}); "
        "the notice may have been posted all the same."
    )


def read_retry_after(text: str | None, *, now: datetime) -> timedelta:
    """How long to wait by a Retry-After header: seconds, with a fraction, or a date.

    Never under a second nor over 24 hours; 30 seconds if nothing readable is said.
    """
    seconds = _seconds(text or "", now)
    if seconds is None or not math.isfinite(seconds):
        return WITHOUT_ADVICE
    return timedelta(seconds=min(max(seconds, SHORTEST.total_seconds()), LONGEST.total_seconds()))


def _seconds(text: str, now: datetime) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(text)
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError):
        return None


def _refused(word: str) -> Exception | None:
    if word in _URL:
        return NeedsLogin(
            f"Slack does not know this webhook ({word}). Make another in Slack and set it as "
            "TM_PLUGINS__SLACK__WEBHOOK_URL, or: tm config secret slack.webhook_url"
        )
    if word in _CHANNEL:
        return PermanentFailure(
            f"Slack cannot post to the webhook's channel: {_CHANNEL[word]} ({word}). "
            "Mend that, or set a webhook of another channel; then redeliver this notice."
        )
    if word in _CONTENT:
        return MessageRefused(f"Slack refuses the message itself ({word}), a fault of tm. Please report it.")
    return None
