"""The scripted server answers and fails exactly as a test tells it to, and leaves nothing running."""

import http.client
import socket
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tm.testing import Reply, ScriptedServer

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def server():
    with ScriptedServer() as server:
        yield server


def post(server, body=b"", path="/", timeout=5.0):
    with OPENER.open(server.url + path, data=body, timeout=timeout) as answer:
        return answer.read()


def test_a_request_is_kept_with_its_method_path_headers_and_body(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("PUT", "/a/b?c=d", body=b'{"e": 1}', headers={"X-Tea": "oolong"})
    connection.getresponse().read()
    connection.close()

    [kept] = server.requests
    assert (kept.method, kept.path, kept.headers["x-tea"], kept.body) == ("PUT", "/a/b?c=d", "oolong", b'{"e": 1}')
    assert kept.json == {"e": 1}


def test_the_script_is_used_up_in_order_before_the_answer_function(server):
    server.script(Reply(body="first"), Reply(body="second"))

    assert [post(server), post(server), post(server)] == [b"first", b"second", b""]


def test_the_answer_function_sees_the_request():
    with ScriptedServer(lambda request: Reply(body=request.body[::-1])) as server:
        answer = post(server, b"abc")

    assert answer == b"cba"


def test_a_table_goes_out_as_json(server):
    server.script(Reply(body={"a": [1]}, headers={"X-More": "yes"}))

    with OPENER.open(server.url) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-More"] == "yes"
        assert answer.read() == b'{"a": [1]}'


def test_a_status_is_sent_with_its_own_headers(server):
    server.script(Reply(status=302, headers={"Location": "/elsewhere"}))
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/")
    answer = connection.getresponse()

    assert (answer.status, answer.reason, answer.headers["Location"]) == (302, "Found", "/elsewhere")
    connection.close()


def test_one_connection_serves_many_requests(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    ports = set()
    for _ in range(3):
        connection.request("POST", "/", body=b"x")
        ports.add(connection.sock.getsockname())
        connection.getresponse().read()
    connection.close()

    assert len(server.requests) == 3
    assert len(ports) == 1


def test_chunks_and_expectations_are_understood(server):
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
    first = connection.recv(100)
    connection.sendall(b"3\r\nabc\r\n2;note\r\nde\r\n0\r\n\r\n")
    second = connection.recv(100)
    connection.close()

    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert second.startswith(b"HTTP/1.1 200 OK\r\n")
    assert server.requests[0].body == b"abcde"


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01\n\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"])
def test_what_is_no_whole_request_is_hung_up_on_and_not_kept(server, nonsense):
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(nonsense)
    connection.shutdown(socket.SHUT_WR)
    answer = connection.recv(100)
    connection.close()

    assert answer == b""
    assert server.requests == []


def test_unread_closes_before_the_request_is_read(server):
    server.script(Reply(fault="unread"))
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        post(server)

    assert server.requests == []
    assert post(server) == b""


def test_drop_reads_and_closes(server):
    server.script(Reply(fault="drop"))
    with pytest.raises(http.client.RemoteDisconnected):
        post(server, b"kept")

    assert server.requests[0].body == b"kept"


def test_reset_reads_and_resets(server):
    server.script(Reply(fault="reset"))

    with pytest.raises(ConnectionResetError):
        post(server)


def test_short_sends_half_of_what_it_promised(server):
    server.script(Reply(body="1234", fault="short"))

    with pytest.raises(http.client.IncompleteRead) as caught:
        post(server)

    assert caught.value.partial == b"12"


def test_stall_sends_nothing_until_the_server_closes(server):
    server.script(Reply(fault="stall"))

    with pytest.raises(TimeoutError):
        post(server, timeout=0.05)


def test_drip_sends_byte_by_byte(server):
    server.script(Reply(body="abcd", fault="drip", delay=timedelta(milliseconds=20)))
    start = time.monotonic()
    body = post(server)

    assert body == b"abcd"
    assert time.monotonic() - start >= 0.08


def test_a_delay_comes_before_the_reply(server):
    server.script(Reply(delay=timedelta(milliseconds=50)))
    start = time.monotonic()
    post(server)

    assert time.monotonic() - start >= 0.05


def test_a_stored_reply_lets_the_answer_function_hear_first():
    heard = []
    with ScriptedServer(lambda request: heard.append(request.body) or Reply()) as server:
        server.script(Reply(fault="drop", is_stored=True), Reply(fault="drop"))
        for body in (b"stored", b"lost"):
            with pytest.raises(http.client.RemoteDisconnected):
                post(server, body)

    assert heard == [b"stored"]


def test_what_the_answer_function_raises_comes_out_when_the_server_closes():
    server = ScriptedServer(lambda _: 1 / 0)
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(server)
    caught.value.close()

    with pytest.raises(ZeroDivisionError):
        server.close()


def test_the_answer_function_may_look_at_the_server():
    server = ScriptedServer(lambda _: Reply(body=str(len(server.requests))))
    with server:
        assert post(server) == b"1"


def test_closing_ends_every_thread_and_frees_the_port():
    before = threading.active_count()
    server = ScriptedServer()
    server.script(Reply(fault="stall"), Reply(delay=timedelta(hours=1)))
    kept = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    for connection in kept:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    server.close()
    server.close()

    assert threading.active_count() == before
    ScriptedServer(port=server.port).close()
    for connection in kept:
        connection.close()


def test_sixty_four_clients_at_once_are_served(server):
    def talk(number):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        for _ in range(5):
            connection.request("POST", f"/{number}", body=b"x" * 1000)
            assert connection.getresponse().read() == b""
        connection.close()

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(talk, range(64)))

    assert len(server.requests) == 320
