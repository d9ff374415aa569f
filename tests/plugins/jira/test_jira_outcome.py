"""What every answer of Jira means for a delivery, alone."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

import tm
from tm_jira.outcome import (
    Crossed,
    Forbidden,
    Limited,
    NotThere,
    Refused,
    ServerTrouble,
    outcome_of,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECONDS = timedelta(seconds=1)


def outcome(status, body="", **headers):
    named = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    text = body if isinstance(body, str) else json.dumps(body)
    return outcome_of(status, named, text, what="changing issue 10001", now=NOW)


def date_in(seconds):
    return format_datetime(NOW + seconds * SECONDS, usegmt=True)


# by status


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_an_answer_that_went_well_is_no_failure(status):
    assert outcome(status) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, tm.NeedsLogin),
        (403, Forbidden),
        (404, NotThere),
        (405, Refused),
        (408, ServerTrouble),
        (409, Crossed),
        (410, Refused),
        (413, Refused),
        (415, Refused),
        (422, Refused),
        (429, Limited),
        (500, ServerTrouble),
        (501, ServerTrouble),
        (502, ServerTrouble),
        (503, ServerTrouble),
        (504, ServerTrouble),
        (599, ServerTrouble),
        (301, ServerTrouble),
        (302, ServerTrouble),
        (303, ServerTrouble),
        (307, ServerTrouble),
        (308, ServerTrouble),
    ],
)
def test_every_status_has_its_meaning(status, kind):
    assert type(outcome(status)) is kind


@pytest.mark.parametrize(
    ("kind", "means"),
    [
        (Refused, tm.PermanentFailure),
        (Forbidden, tm.PermanentFailure),
        (NotThere, tm.PermanentFailure),
        (Limited, tm.RetryLater),
        (Crossed, tm.RetryLater),
        (ServerTrouble, tm.OutcomeUnknown),
    ],
)
def test_every_meaning_is_one_that_the_core_knows(kind, means):
    assert issubclass(kind, means)


@given(status=st.integers(300, 999), body=st.text(max_size=50), header=st.text(max_size=20))
def test_any_other_answer_is_some_failure_with_a_sentence(status, body, header):
    failure = outcome(status, body, Retry_After=header, RateLimit_Reason=header, X_RateLimit_Reset=header)

    assert isinstance(failure, (tm.RetryLater, tm.PermanentFailure, tm.OutcomeUnknown, tm.NeedsLogin))
    assert "changing issue 10001" in str(failure) or isinstance(failure, tm.NeedsLogin)


def test_the_sentence_says_what_was_being_done():
    for status in (400, 403, 404, 409, 410, 429, 302, 500):
        assert "changing issue 10001" in str(outcome(status))


# what Jira says


def test_errors_of_fields_are_kept_and_told():
    body = {"errorMessages": ["It is wrong."], "errors": {"summary": "Too long.", "priority": "Not there."}}
    failure = outcome(400, body)

    assert failure.fields == {"summary": "Too long.", "priority": "Not there."}
    assert "It is wrong.; summary: Too long.; priority: Not there." in str(failure)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>Oops</html>",
        "[]",
        "null",
        "{",
        '"text"',
        {"errors": None, "errorMessages": None},
        {"errors": [], "errorMessages": {}},
        {"errors": "all", "errorMessages": 7},
        "[" * 100_000,
        '{"errors": NaN}',
    ],
)
def test_an_answer_that_says_nothing_readable_is_told_by_its_status(body):
    failure = outcome(400, body)

    assert failure.fields == {}
    assert str(failure) == "Jira refuses it when changing issue 10001 (status 400)."


def test_what_jira_says_is_cut_and_cleaned_of_signs_nobody_can_see():
    said = str(outcome(403, {"errorMessages": ["a\x1b[31mb\nc\u202e" + "x" * 1000]}))

    assert said.isprintable()
    assert len(said) < 400


# credentials


def test_refused_credentials_ask_for_a_new_token():
    assert "tm config secret jira.api_token" in str(outcome(401))


def test_a_captcha_asks_for_a_log_in_in_a_browser():
    failure = outcome(403, X_Authentication_Denied_Reason="CAPTCHA_CHALLENGE; login-url=https://jira.example.com/login")

    assert isinstance(failure, tm.NeedsLogin)
    assert "browser" in str(failure)


def test_another_denial_is_about_the_credentials_too():
    assert isinstance(outcome(403, X_Authentication_Denied_Reason="AUTHENTICATION_DENIED"), tm.NeedsLogin)


# limits


@pytest.mark.parametrize(
    ("reason", "is_everything"),
    [
        ("jira-quota-global-based", True),
        ("jira-quota-tenant-based", True),
        ("jira-burst-based", False),
        ("jira-per-issue-on-write", False),
        ("something-new", False),
        ("", False),
    ],
)
def test_only_a_quota_stops_the_whole_plugin(reason, is_everything):
    failure = outcome(429, Retry_After="1847", RateLimit_Reason=reason)

    assert failure.whole_plugin is is_everything
    assert failure.after == 1847 * SECONDS
    assert reason in str(failure)


def test_a_limit_without_a_reason_holds_up_one_delivery_for_half_a_minute():
    failure = outcome(429)

    assert (failure.after, failure.whole_plugin) == (30 * SECONDS, False)


@pytest.mark.parametrize(
    ("reset", "wait"),
    [
        ("2026-11-22T12:30:47Z", 1847),
        ("2026-11-22T12:30:47+00:00", 1847),
        ("2026-11-22T13:30:47+01:00", 1847),
        ("2026-11-22T12:30:47", 1847),
        ("2026-11-22T11:00:00Z", 30),
        ("soon", 30),
        ("", 30),
        ("2036-11-22T12:00:00Z", 86_400),
    ],
)
def test_a_quota_is_waited_for_until_it_is_filled_again(reset, wait):
    failure = outcome(429, RateLimit_Reason="jira-quota-tenant-based", X_RateLimit_Reset=reset)

    assert failure.after == wait * SECONDS


def test_the_longer_of_two_waits_counts_for_a_quota():
    told = {"RateLimit_Reason": "jira-quota-global-based", "X_RateLimit_Reset": "2026-11-22T12:00:10Z"}

    assert outcome(429, Retry_After="1847", **told).after == 1847 * SECONDS


# Retry-After
