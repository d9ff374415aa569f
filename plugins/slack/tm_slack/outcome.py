"""What an answer of Slack's means, of a webhook or of its Web API: done, later, never, or nobody knows. Pure.

Webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
Web API: https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm import retry_after as read_retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

WITHOUT_ADVICE, QUOTA_PAUSE = timedelta(seconds=30), timedelta(hours=1)

RATE = frozenset({"ratelimited", "rate_limited"})
TRANSIENT = frozenset({"service_unavailable", "team_added_to_org", "org_login_required", "external_channel_migrating"})
QUOTA = frozenset({"message_limit_exceeded"})
SCOPE = frozenset({"missing_scope"})
CREDENTIALS = frozenset(
    {
        "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
        "not_allowed_token_type", "app_access_restricted", "accesslimited", "two_factor_setup_required",
        "ekm_access_denied", "no_service", "no_team", "invalid_token",
    }
)  # fmt: skip
DESTINATION = {
    "channel_not_found": "it is gone, or the app was not invited",
    "is_archived": "it is archived",
    "channel_is_archived": "it is archived",
    "not_in_channel": "the app was not invited to it",
    "no_permission": "the app may not post there",
    "restricted_action_read_only_channel": "it is read-only",
    "restricted_action_thread_only_channel": "it takes threads only",
    "restricted_action_thread_locked": "its threads are locked",
    "restricted_action_non_threadable_channel": "it takes no threads",
    "posting_to_channel_denied": "posting there is denied",
    "action_prohibited": "an administrator forbids it to be posted to",
    "messages_tab_disabled": "the person's messages tab is switched off",
    "team_not_found": "its workspace is gone",
    "user_not_found": "the person it belongs to is gone",
    "cannot_reply_to_message": "that message takes no replies",
}
RESTRICTED = "an administrator restricts who may post there"
CONTENT = frozenset(
    {
        "invalid_blocks", "invalid_blocks_format", "invalid_payload", "missing_text_or_fallback_or_attachments",
        "no_text", "too_many_attachments", "msg_too_long", "msg_blocks_too_long", "metadata_too_large",
        "attachment_payload_limit_exceeded", "invalid_metadata_format", "invalid_metadata_schema",
        "invalid_metadata_filter_keys", "metadata_must_be_sent_from_app", "markdown_text_conflict",
        "invalid_arguments",
    }
)  # fmt: skip
NOBODY = frozenset({"users_not_found"})
LOST = frozenset(
    {
        "message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed", "is_inactive",
        "block_mismatch", "cannot_reply_to_message",
    }
)  # fmt: skip


class NotConnected(Exception):
    """No connection to Slack came about, so nothing was sent; the text says why."""


class Unreachable(RetryLater):
    """There was no connection, so the whole plugin waits."""


class Limited(RetryLater):
    """Slack asks to slow down: for one channel or method, or with a webhook altogether."""


class Unavailable(RetryLater):
    """Slack, or what stands before it, says that it is unavailable; it may have posted all the same."""


class MessageRefused(PermanentFailure):
    """Slack refuses what the message says."""


class DestinationRefused(PermanentFailure):
    """Slack takes nothing for that channel: `what` in a sentence, `word` is Slack's own for why."""

    def __init__(self, what: str, *, word: str) -> None:
        super().__init__(f"{what} Mend that, or set another channel; then redeliver this notice.")
        self.what = what
        self.word = word


class CardLost(PermanentFailure):
    """The message that was to be changed, or replied to, is gone or closed."""


class ScopeMissing(NeedsLogin):
    """The token may not do this; `needed` is the scope."""

    def __init__(self, reason: str, *, needed: str) -> None:
        super().__init__(reason)
        self.needed = needed


class ServerTrouble(OutcomeUnknown):
    """Slack answered that it failed, which it may have done after posting."""


def outcome_of(status: int, body: str, *, retry_after: str | None, now: datetime) -> Exception | None:
    """What a webhook's answer means: None is delivered, anything else is to be raised.

    `retry_after` is the header of that name, `now` an aware instant to read a date in it against. Only what
    Slack documents is called refused; any other answer is OutcomeUnknown, ServerTrouble from status 500 on.
    """
    if status == 200 and body == "ok":
        return None
    if status < 400:
        return _strange(status)
    by_status = _by_status(status, retry_after=retry_after, now=now, whole_plugin=True)
    return by_status or _refused(body, where="the webhook's channel", by_webhook=True) or _strange(status)


def outcome_of_call(status: int, answer: object, *, channel: str, retry_after: str | None, now: datetime) -> Exception:
    """What an answer of the Web API that is no success means.

    `channel` is the one it was about. A limit is the channel's or the method's alone, so nothing else waits.
    """
    word = str(answer.get("error", "")) if isinstance(answer, dict) else ""
    if word in RATE or status == 429:
        return Limited("Slack asks to slow down.", after=read_retry_after(retry_after, now=now))
    if by_status := _by_status(status, retry_after=retry_after, now=now, whole_plugin=True):
        return by_status
    is_slacks = isinstance(answer, dict) and answer.get("ok") is False and word.replace("_", "").isalnum()
    if status != 200 or not isinstance(answer, dict) or not is_slacks:
        return _strange(status)
    return _by_word(word, answer, channel=channel)


def _by_word(word: str, answer: Mapping[str, Any], *, channel: str) -> Exception:
    if word in SCOPE:
        needed = str(answer.get("needed") or "another scope")
        return ScopeMissing(
            f"The token lacks the scope {needed}. Add it to the app and install it anew.", needed=needed
        )
    if word in NOBODY:
        return PermanentFailure(f"Slack knows nobody of that address ({word}).")
    if word in QUOTA:
        return RetryLater("Slack's message limit of the workspace is reached.", after=QUOTA_PAUSE, whole_plugin=True)
    if word in TRANSIENT:
        return RetryLater(f"Slack is unavailable ({word}).", after=WITHOUT_ADVICE, whole_plugin=True)
    refused = _refused(word, where=channel, by_webhook=False, told=_told(answer))
    return refused or ServerTrouble(f"Slack answered {word}; it may have posted all the same.")


def outcome_without_answer(error: Exception) -> Exception:
    """What a call without an answer means."""
    if isinstance(error, NotConnected):
        return Unreachable(f"Slack cannot be reached: {error}", after=WITHOUT_ADVICE, whole_plugin=True)
    return OutcomeUnknown(
        f"The connection to Slack broke before its answer ({type(error).__name__}); "
        "the notice may have been posted all the same."
    )


def _by_status(status: int, *, retry_after: str | None, now: datetime, whole_plugin: bool) -> Exception | None:
    if status == 429:
        wait = read_retry_after(retry_after, now=now)
        return Limited("Slack asks to slow down (429).", after=wait, whole_plugin=whole_plugin)
    if status == 503:
        wait = read_retry_after(retry_after, now=now)
        return Unavailable("Slack is unavailable (503).", after=wait, whole_plugin=whole_plugin)
    if status >= 500:
        return ServerTrouble(f"Slack failed with status {status}; the notice may have been posted all the same.")
    return None


def _refused(word: str, *, where: str, by_webhook: bool, told: str = "") -> Exception | None:
    if word in LOST and not by_webhook:
        return CardLost(f"The message in {where} cannot be changed or replied to any more ({word}).")
    if word in CREDENTIALS:
        what = "webhook" if by_webhook else "token"
        key = "webhook_url" if by_webhook else "token"
        return NeedsLogin(
            f"Slack does not know this {what} ({word}). Make another in Slack and set it as "
            f"TM_PLUGINS__SLACK__{key.upper()}, or: tm config secret slack.{key}"
        )
    if why := DESTINATION.get(word, RESTRICTED if word.startswith("restricted_action") else ""):
        return DestinationRefused(f"Slack takes nothing for {where}: {why} ({word}).", word=word)
    if word in CONTENT:
        return MessageRefused(f"Slack refuses the message itself ({word}{told}), a fault of tm. Please report it.")
    return None


def _told(answer: Mapping[str, Any]) -> str:
    told = answer.get("response_metadata")
    messages = told.get("messages") if isinstance(told, dict) else None
    return f": {'; '.join(map(str, messages))[:300]}" if isinstance(messages, list) and messages else ""


def _strange(status: int) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The answer, status {status}, is not Slack's. Look for a proxy or a portal between here and Slack."
    )
