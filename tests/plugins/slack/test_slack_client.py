"""The real SDK against a scripted server: one request per call, to the one address, and no secret in sight."""

import contextlib
import logging
import threading
import traceback
from datetime import timedelta
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected

import pytest

from tm.clock import Clock
from tm.testing import FakeClock, Reply, ScriptedServer
from tm_slack.client import Webhook
from tm_slack.outcome import NotConnected
from tm_slack.wire import ANSWER_LIMIT, Wire

PATH = "/services/T000/B000/SECRET"
MESSAGE = {"text": "naïve 😀"}


@pytest.fixture
def server():
    with ScriptedServer(lambda _: Reply(body="ok")) as server:
        yield server


@pytest.fixture
def webhook(server):
    return hook(server.url + PATH)


def hook(url, *, timeout=5.0, proxy=None):
    return Raw(url, Wire(timeout=timedelta(seconds=timeout), proxy=proxy, monotonic=Clock().monotonic), now=Clock().now)


class Raw(Webhook):
    """The webhook's client as far as the SDK goes: what came back, or what broke."""

    def post(self, message):
        return self.send_dict(message)


def test_a_message_is_posted_as_json_to_the_whole_address(webhook, server):
    answer = webhook.post(MESSAGE)

    [request] = server.requests
    assert (answer.status_code, answer.body) == (200, "ok")
    assert (request.method, request.path, request.json) == ("POST", PATH, MESSAGE)
    assert request.headers["content-type"] == "application/json;charset=utf-8"


@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 500, 503])
def test_a_refusal_is_an_answer_with_its_body_and_headers(webhook, server, status):
    server.script(Reply(status=status, body="why", headers={"Retry-After": "7"}))
    answer = webhook.post(MESSAGE)

    assert (answer.status_code, answer.body, answer.headers["Retry-After"]) == (status, "why", "7")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_anywhere(webhook, server, status):
    with ScriptedServer() as elsewhere:
        server.script(Reply(status=status, headers={"Location": elsewhere.url + PATH}))
        answer = webhook.post(MESSAGE)

        assert answer.status_code == status
        assert elsewhere.requests == []
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(fault="drop"), RemoteDisconnected),
        (Reply(fault="drop", is_stored=True), RemoteDisconnected),
        (Reply(fault="reset"), ConnectionResetError),
        (Reply(fault="short", body="ok"), IncompleteRead),
        (Reply(fault="short", body="ok" * 2), IncompleteRead),
    ],
)
def test_a_broken_connection_is_not_tried_again_by_itself(webhook, server, reply, error):
    server.script(reply)
    with pytest.raises(error):
        webhook.post(MESSAGE)

    assert len(server.requests) == 1


def test_a_server_that_hangs_up_before_reading_leaves_doubt(webhook, server):
    server.script(Reply(fault="unread"))

    with pytest.raises((OSError, HTTPException)):
        webhook.post(MESSAGE)


def test_a_stalled_call_ends_at_the_timeout(server):
    server.script(Reply(fault="stall"))

    with pytest.raises(TimeoutError):
        hook(server.url + PATH, timeout=0.05).post(MESSAGE)


@pytest.mark.parametrize("fault", ["drip", "trickle"])
def test_an_answer_that_trickles_in_ends_at_the_timeout(server, fault):
    server.script(Reply(fault=fault, body="o" * 100, delay=timedelta(milliseconds=30)))

    with pytest.raises(TimeoutError):
        hook(server.url + PATH, timeout=0.1).post(MESSAGE)


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/html; charset=martian"}, {"Content-Type": "text/html; charset=utf-16"}]
)
def test_the_charset_of_an_answer_does_not_matter(webhook, server, headers):
    server.script(Reply(body="ok", headers=headers))

    assert webhook.post(MESSAGE).body == "ok"


def test_an_answer_that_is_no_http_leaves_doubt(webhook, server):
    server.script(Reply(fault="garbage"))

    with pytest.raises(BadStatusLine):
        webhook.post(MESSAGE)


def test_of_a_long_answer_only_the_beginning_is_read(webhook, server):
    server.script(Reply(body="<html>" * 200_000))

    assert len(webhook.post(MESSAGE).body) == ANSWER_LIMIT


def test_a_closed_port_means_that_nothing_was_sent(server):
    server.close()

    with pytest.raises(NotConnected, match="refused"):
        hook(server.url + PATH).post(MESSAGE)


def test_a_failed_tls_handshake_means_that_nothing_was_sent(server):
    server.script(Reply(fault="unread"))

    with pytest.raises(NotConnected):
        hook(server.url.replace("http:", "https:") + PATH).post(MESSAGE)


def test_proxies_of_the_environment_are_not_asked(monkeypatch, webhook, server):
    with ScriptedServer() as proxy:
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        webhook.post(MESSAGE)

        assert proxy.requests == []
        assert len(server.requests) == 1


def test_a_configured_proxy_learns_the_host_only():
    with ScriptedServer() as proxy:
        proxy.script(Reply(status=407))
        through = proxy.url.replace("http://", "http://me:p%40ss@")
        with pytest.raises(NotConnected, match="407"):
            hook("https://hooks.slack.com" + PATH, proxy=through).post(MESSAGE)

        [request] = proxy.requests
        assert (request.method, request.path, request.body) == ("CONNECT", "hooks.slack.com:443", b"")
        assert request.headers["proxy-authorization"] == "Basic bWU6cEBzcw=="
        assert "SECRET" not in str(request.headers)


@pytest.mark.parametrize("fault", ["garbage", "drop", "trickle", "stall"])
def test_a_proxy_that_fails_means_that_nothing_was_sent(fault):
    with ScriptedServer() as proxy:
        proxy.script(Reply(fault=fault, delay=timedelta(milliseconds=30)))
        with pytest.raises(NotConnected):
            hook("https://hooks.slack.com" + PATH, proxy=proxy.url, timeout=0.2).post(MESSAGE)


def test_messages_one_after_the_other_share_a_connection(webhook, server):
    for number in range(3):
        webhook.post({"text": str(number)})

    assert [request.json["text"] for request in server.requests] == ["0", "1", "2"]
    assert server.connections == 1


@pytest.mark.parametrize(
    "first",
    [
        Reply(body="ok", headers={"Connection": "close"}),
        Reply(body="x" * (ANSWER_LIMIT + 1)),
        Reply(fault="drop"),
        Reply(fault="short", body="ok"),
        Reply(fault="stall"),
        Reply(fault="garbage"),
    ],
)
def test_a_connection_that_may_not_be_sound_is_not_used_again(server, first):
    server.script(first)
    webhook = hook(server.url + PATH, timeout=0.5)
    with contextlib.suppress(OSError, HTTPException):
        webhook.post(MESSAGE)

    assert webhook.post(MESSAGE).body == "ok"
    assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_leaves_no_doubt(server):
    clock = FakeClock()
    webhook = Raw(
        server.url + PATH, Wire(timeout=timedelta(seconds=5), proxy=None, monotonic=clock.monotonic), now=clock.now
    )
    webhook.post(MESSAGE)
    clock.advance(timedelta(seconds=3))

    assert webhook.post(MESSAGE).body == "ok"
    assert server.connections == 2


def test_every_thread_has_connections_of_its_own(webhook, server):
    for _ in range(2):
        thread = threading.Thread(target=webhook.post, args=(MESSAGE,))
        thread.start()
        thread.join(10)

    assert server.connections == 2


def test_a_webhook_on_this_machine_needs_no_proxy(server):
    answer = hook(server.url + PATH, proxy="http://127.0.0.1:9").post(MESSAGE)

    assert answer.body == "ok"


@pytest.mark.parametrize("reply", [Reply(body="ok"), Reply(status=404, body="no_service"), Reply(fault="drop")])
def test_the_address_shows_in_no_log_traceback_or_repr(caplog, webhook, server, reply):
    caplog.set_level(logging.DEBUG)
    for name in ("slack_sdk", "slack_sdk.webhook.client", "tm_slack.sdk", "http.client"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.script(reply)
    shown = repr(webhook)
    try:
        shown += repr(webhook.post(MESSAGE))
    except RemoteDisconnected as error:
        shown += "".join(traceback.format_exception(error))

    assert "SECRET" not in shown + caplog.text
