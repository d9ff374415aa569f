"""What an answer of Jira means for a delivery: later, log in, never, or nobody knows. Touches nothing.

Statuses and headers after https://developer.atlassian.com/cloud/jira/platform/rate-limiting/ and
https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater, retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=24)
_TOLD = 300


class NotThere(PermanentFailure):
    """Jira has no such thing, or does not show it to this account (404)."""


class Refused(PermanentFailure):
    """Jira refuses what was sent; `fields` says, by the id of the field, what is wrong with it."""

    def __init__(self, reason: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.fields = dict(fields or {})


class Forbidden(PermanentFailure):
    """The account may not do that (403)."""


class Limited(RetryLater):
    """Jira asks to slow down (429); certainly not done."""


class Crossed(RetryLater):
    """Somebody changed the same issue at the same time (409); certainly not done."""


class Unreachable(RetryLater):
    """Nothing was sent, or nothing but a question."""


class ServerTrouble(OutcomeUnknown):
    """Jira failed (5xx) or the connection broke: it may have happened. `after` is how long Jira asks us to wait."""

    def __init__(self, reason: str, *, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after


def outcome_of(status: int, headers: Mapping[str, str], body: str, *, what: str, now: datetime) -> Exception | None:
    """The failure that an answer stands for, or None if it is none. `what` was being done, for people; `now` is aware.

    Header names are looked up without regard to case by whoever made `headers`.
    """
    if 200 <= status < 300:
        return None
    if status == 429:
        return _limited(headers, what=what, now=now)
    denied = headers.get("X-Authentication-Denied-Reason")
    if status == 401 or (status == 403 and denied):
        return NeedsLogin(_login(status, denied))
    if 300 <= status < 400:
        return elsewhere(what)
    if status >= 500 or status == 408:
        wait = retry_after(headers.get("Retry-After"), now=now) if headers.get("Retry-After") else None
        return ServerTrouble(f"Jira failed with status {status} when {what}.", after=wait)
    return _refused(status, body, what=what)


def elsewhere(what: str) -> ServerTrouble:
    """What a redirect means."""
    return ServerTrouble(
        f"Jira sent us elsewhere when {what}. Look for a proxy or a log-in page between here and Jira, "
        "or another address to set as url."
    )


def _refused(status: int, body: str, *, what: str) -> Exception:
    told, fields = _told(body)
    because = f": {told}" if told else f" (status {status})."
    if status == 404:
        return NotThere(f"Jira has nothing there when {what}{because}")
    if status == 403:
        return Forbidden(f"Jira does not let this account go on when {what}{because}")
    if status == 409:
        return Crossed(f"Somebody changed the same issue when {what}.", after=SHORTEST)
    if status == 410:
        return Refused(f"This Jira no longer has the call used when {what}. Update tm-hub.")
    return Refused(f"Jira refuses it when {what}{because}", fields=fields)


def _limited(headers: Mapping[str, str], *, what: str, now: datetime) -> Exception:
    reason = headers.get("RateLimit-Reason", "")
    wait = retry_after(headers.get("Retry-After"), now=now)
    is_everything = "quota" in reason
    if is_everything:
        wait = max(wait, _until(headers.get("X-RateLimit-Reset"), now))
    return Limited(
        f"Jira asks to slow down when {what} (429{', ' + reason if reason.isascii() and reason else ''}).",
        after=wait,
        whole_plugin=is_everything,
    )


def _until(text: str | None, now: datetime) -> timedelta:
    try:
        at = datetime.fromisoformat(text or "")
        wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return timedelta(0)
    return min(max(wait, timedelta(0)), LONGEST)


def _login(status: int, denied: str | None) -> str:
    if denied and "CAPTCHA" in denied.upper():
        return (
            "Jira wants a captcha after failed log-ins (403). Log in with this account in a browser once, "
            "then: tm deliver"
        )
    return (
        f"Jira refuses the credentials ({status}). Make a new token and set it: tm config secret jira.api_token "
        "(Data Center: jira.token). A scoped token needs url = https://api.atlassian.com/ex/jira/<cloud id>."
    )


def _told(body: str) -> tuple[str, dict[str, str]]:
    """What Jira says in words, and what it says of single fields."""
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "", {}
    if not isinstance(answer, dict):
        return "", {}
    errors = answer.get("errors")
    fields = {str(key): str(text) for key, text in errors.items()} if isinstance(errors, dict) else {}
    messages = answer.get("errorMessages")
    general = [str(each) for each in messages] if isinstance(messages, list) else []
    words = [*general, *(f"{key}: {text}" for key, text in fields.items())]
    told = "".join(sign if sign.isprintable() else " " for sign in "; ".join(words))
    return told[:_TOLD], fields
