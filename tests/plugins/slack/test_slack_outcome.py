"""What each of Slack's answers means for a delivery."""

from datetime import UTC, datetime, timedelta
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm_slack.outcome import (
    LONGEST,
    SHORTEST,
    NotConnected,
    ServerTrouble,
    outcome_of,
    outcome_without_answer,
    read_retry_after,
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


@pytest.mark.parametrize(("status", "body"), [(429, ""), (503, "")])
def test_a_busy_slack_is_left_alone_by_the_whole_plugin(status, body):
    found = outcome(status, body, retry_after="7")

    assert (found.after, found.whole_plugin) == (timedelta(seconds=7), True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        ("0", 1),
        ("-5", 1),
        ("1.5", 1.5),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 13:02:00 +0100", 120),
        ("Sun, 22 Nov 2026 12:02:00 -0000", 120),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 1),
        (None, 30),
        ("", 30),
        ("soon", 30),
        ("nan", 30),
        ("inf", 30),
        ("86400", 86_400),
        ("999999999", 86_400),
    ],
)
def test_every_form_of_retry_after_is_understood(header, seconds):
    assert read_retry_after(header, now=NOW) == timedelta(seconds=seconds)


@given(st.text() | st.floats().map(str) | st.datetimes().map("{:%a, %d %b %Y %H:%M:%S GMT}".format))
def test_the_wait_is_bounded_whatever_the_header_says(header):
    assert SHORTEST <= read_retry_after(header, now=NOW) <= LONGEST


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
