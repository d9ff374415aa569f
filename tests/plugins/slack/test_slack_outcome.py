"""What each of Slack's answers means for a delivery."""

from datetime import UTC, datetime, timedelta
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected

import pytest

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm_slack.outcome import (
    CardLost,
    DestinationRefused,
    Limited,
    MessageRefused,
    NotConnected,
    ScopeMissing,
    ServerTrouble,
    Unavailable,
    outcome_of,
    outcome_of_call,
    outcome_without_answer,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def outcome(status, body="", retry_after=None):
    return outcome_of(status, body, retry_after=retry_after, now=NOW)


def test_only_ok_means_delivered():
    assert outcome(200, "ok") is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, "rate_limited", RetryLater),
        (503, "service_unavailable", RetryLater),
        (403, "invalid_token", NeedsLogin),
        (404, "no_service", NeedsLogin),
        (404, "no_team", NeedsLogin),
        (403, "action_prohibited", PermanentFailure),
        (404, "channel_not_found", PermanentFailure),
        (410, "channel_is_archived", PermanentFailure),
        (400, "user_not_found", PermanentFailure),
        (400, "invalid_payload", PermanentFailure),
        (400, "invalid_blocks", PermanentFailure),
        (400, "invalid_blocks_format", PermanentFailure),
        (400, "no_text", PermanentFailure),
        (400, "missing_text_or_fallback_or_attachments", PermanentFailure),
        (400, "too_many_attachments", PermanentFailure),
        (500, "rollup_error", ServerTrouble),
        (500, "", ServerTrouble),
        (502, "<html>", ServerTrouble),
        (504, "", ServerTrouble),
        (200, "", OutcomeUnknown),
        (200, "OK", OutcomeUnknown),
        (200, "<html>Please log in</html>", OutcomeUnknown),
        (201, "ok", OutcomeUnknown),
        (301, "", OutcomeUnknown),
        (302, "ok", OutcomeUnknown),
        (307, "", OutcomeUnknown),
        (404, "<html>Not here</html>", OutcomeUnknown),
        (403, "Forbidden by proxy", OutcomeUnknown),
        (408, "", OutcomeUnknown),
        (302, "no_service", OutcomeUnknown),
    ],
)
def test_every_answer_has_its_meaning(status, body, kind):
    found = outcome(status, body)

    assert isinstance(found, kind)
    assert len(str(found)) > 20


MEANT = {
    Limited: ["ratelimited", "rate_limited"],
    RetryLater: [
        "service_unavailable", "team_added_to_org", "org_login_required", "external_channel_migrating",
        "message_limit_exceeded",
    ],
    ScopeMissing: ["missing_scope"],
    NeedsLogin: [
        "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type",
        "app_access_restricted", "accesslimited", "two_factor_setup_required", "ekm_access_denied",
    ],
    DestinationRefused: [
        "channel_not_found", "is_archived", "not_in_channel", "no_permission", "restricted_action",
        "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel", "restricted_action_of_tomorrow", "posting_to_channel_denied",
        "messages_tab_disabled", "team_not_found",
    ],
    MessageRefused: [
        "invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text",
        "too_many_attachments", "attachment_payload_limit_exceeded", "invalid_metadata_format",
        "invalid_metadata_schema", "metadata_too_large", "metadata_must_be_sent_from_app", "markdown_text_conflict",
        "invalid_arguments",
    ],
    CardLost: [
        "message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed", "is_inactive",
        "block_mismatch", "cannot_reply_to_message",
    ],
    ServerTrouble: [
        "internal_error", "fatal_error", "request_timeout", "update_failed", "streaming_state_conflict",
        "a_word_of_tomorrow",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "word"), [(kind, word) for kind, words in MEANT.items() for word in words])
def test_every_word_of_the_web_api_has_its_meaning(kind, word):
    answer = {"ok": False, "error": word, "needed": "chat:write"}
    found = outcome_of_call(200, answer, channel="C0TEAM", retry_after=None, now=NOW)

    assert type(found) is kind
    assert len(str(found)) > 20


@pytest.mark.parametrize(
    "answer", [None, "", "ok", b"\x00", [1], {}, {"ok": True}, {"ok": False}, {"ok": False, "error": "<b>"}, {"ok": 0}]
)
@pytest.mark.parametrize("status", [200, 201, 301, 302, 307, 400, 404])
def test_an_answer_that_is_not_slack_s_leaves_doubt(status, answer):
    found = outcome_of_call(status, answer, channel="C0TEAM", retry_after=None, now=NOW)

    assert type(found) is OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "kind", "is_for_all"),
    [(429, Limited, False), (503, Unavailable, True), (500, ServerTrouble, None), (502, ServerTrouble, None)],
)
def test_a_status_means_the_same_whatever_comes_with_it(status, kind, is_for_all):
    for answer in ({"ok": False, "error": "x"}, "<html>", None):
        found = outcome_of_call(status, answer, channel="C0TEAM", retry_after="7", now=NOW)

        assert type(found) is kind
        assert getattr(found, "whole_plugin", None) is is_for_all


@pytest.mark.parametrize(("status", "body"), [(429, ""), (503, "")])
def test_a_busy_slack_is_left_alone_by_the_whole_plugin(status, body):
    found = outcome(status, body, retry_after="7")

    assert (found.after, found.whole_plugin) == (timedelta(seconds=7), True)


def test_without_a_connection_nothing_was_sent():
    found = outcome_without_answer(NotConnected("[Errno 111] Connection refused"))

    assert isinstance(found, RetryLater)
    assert found.whole_plugin
    assert str(found) == "Slack cannot be reached: [Errno 111] Connection refused"


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(), ConnectionResetError(), BrokenPipeError(), RemoteDisconnected(), IncompleteRead(b"o", 1),
        BadStatusLine("x"), OSError(113, "No route to host"),
    ],
)  # fmt: skip
def test_whatever_breaks_a_connection_leaves_doubt(error):
    assert type(outcome_without_answer(error)) is OutcomeUnknown
