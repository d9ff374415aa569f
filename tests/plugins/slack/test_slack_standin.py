"""The stand-in answers like Slack's webhook and keeps what people would read."""

import http.client
import json

import pytest

from tm_slack import standin
from tm_slack.standin import PATH, reading


def section(text="x", **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def fields(count, text="x"):
    return {"type": "section", "fields": [{"type": "mrkdwn", "text": text}] * count}


def context(count, text="x"):
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}] * count}


def header(text, kind="plain_text"):
    return {"type": "header", "text": {"type": kind, "text": text}}


def post(slack, message, path=PATH):
    connection = http.client.HTTPConnection("127.0.0.1", slack.server.port)
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    connection.request("POST", path, body=body)
    answer = connection.getresponse()
    status, text = answer.status, answer.read().decode()
    connection.close()
    return status, text


@pytest.mark.parametrize(
    "message",
    [
        {"text": "hello"},
        {"blocks": [section("😀" * 1500), {"type": "divider"}, header("h" * 150), context(10)]},
        {"blocks": [fields(10, "x" * 1300)]},
        {"blocks": [section()] * 50},
        {"attachments": [{"blocks": [section()]}]},
        {"attachments": [{"fallback": "hello"}] * 100},
        {"blocks": [{"type": "context", "elements": [{"type": "image", "alt_text": "x"}]}]},
    ],
)
def test_a_message_within_the_limits_is_posted(slack, message):
    assert post(slack, message) == (200, "ok")
    assert slack.messages == [message]


@pytest.mark.parametrize(
    ("message", "word"),
    [
        (b"{", "invalid_payload"),
        (b"\xff", "invalid_payload"),
        ([], "invalid_payload"),
        ({"text": 1}, "invalid_payload"),
        ({"text": "x", "attachments": ["x"]}, "invalid_payload"),
        ({}, "no_text"),
        ({"text": " "}, "no_text"),
        ({"attachments": [{"color": "good"}]}, "missing_text_or_fallback_or_attachments"),
        ({"attachments": [{"fallback": "x"}] * 101}, "too_many_attachments"),
        ({"blocks": [section()] * 51}, "invalid_blocks"),
        ({"blocks": [section("")]}, "invalid_blocks"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"blocks": [section("😀" * 1501)]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [fields(11)]}, "invalid_blocks"),
        ({"blocks": [fields(1, "x" * 2001)]}, "invalid_blocks"),
        ({"blocks": [context(0)]}, "invalid_blocks"),
        ({"blocks": [context(11)]}, "invalid_blocks"),
        ({"blocks": [header("h" * 151)]}, "invalid_blocks"),
        ({"blocks": [header("h", "mrkdwn")]}, "invalid_blocks"),
        ({"blocks": [{"type": "poem"}]}, "invalid_blocks"),
        ({"blocks": ["x"]}, "invalid_blocks"),
        ({"text": "x", "attachments": [{"blocks": [section("")]}]}, "invalid_blocks"),
        ({"blocks": [section("x" * 2900)] * 5}, "invalid_blocks"),
    ],
)
def test_a_message_beyond_the_limits_is_refused_with_slacks_word(slack, message, word):
    assert post(slack, message) == (400, word)
    assert slack.messages == []


def test_another_address_is_no_webhook(slack):
    assert post(slack, {"text": "x"}, path="/services/T000/B000/YYYY") == (404, "no_service")


def test_its_settings_lead_to_it_on_the_port_asked_for(slack):
    port = slack.server.port
    slack.close()
    with standin.open(port) as again:
        assert again.settings == {"webhook_url": f"http://127.0.0.1:{port}{PATH}", "pace": 0}


@pytest.mark.parametrize(
    ("message", "read"),
    [
        ({"text": "a &lt;b&gt; &amp;amp; c"}, "a <b> &amp; c"),
        ({"text": "hidden", "blocks": [section("*Bold:* a*b*c")]}, "Bold: a*b*c"),
        ({"text": "shown", "attachments": [{"blocks": [fields(2), context(1)]}]}, "shown\nx\nx\nx"),
        ({"text": "<https://e.example|View> <!date^1^{date}|then>"}, "View then"),
        ({"text": "<@U1> <!channel> <https://e.example>"}, "@U1 @channel https://e.example"),
    ],
)
def test_what_people_read_has_no_marks_left(message, read):
    assert reading(message) == read
