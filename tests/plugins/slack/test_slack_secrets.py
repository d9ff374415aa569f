"""However a call ends, the token and the webhook's address show nowhere: no log, error, row, screen or process list."""

import logging
import traceback
from datetime import timedelta
from pathlib import Path

import pytest

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm.testing import Reply
from tm_slack.client import Bot, Webhook
from tm_slack.sending import transport_of
from tm_slack.standin import PATH, TOKEN

SECRETS = (TOKEN, PATH)
AWAY = {"Location": "http://127.0.0.1:9/"}
ENDS = {
    "drop": Reply(fault="drop"),
    "reset": Reply(fault="reset"),
    "unread": Reply(fault="unread"),
    "garbage": Reply(fault="garbage"),
    "timeout": Reply(fault="stall"),
    "redirect": Reply(status=302, headers=AWAY),
    "kept redirect": Reply(status=307, headers=AWAY),
    "portal": Reply(body="<html>Please log in</html>"),
    "empty": Reply(body=""),
    "limit": Reply(status=429, headers={"Retry-After": "1"}),
    "limit by word": Reply(body={"ok": False, "error": "ratelimited"}),
    "server": Reply(status=500),
    "unavailable": Reply(status=503),
    "credentials": Reply(body={"ok": False, "error": "invalid_auth"}),
    "webhook's credentials": Reply(status=404, body="no_service"),
    "scope": Reply(body={"ok": False, "error": "missing_scope", "needed": "chat:write"}),
    "closed": Reply(body={"ok": False, "error": "is_archived"}),
    "content": Reply(body={"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": ["no"]}}),
}
# a server that sends back what it was sent
ECHOES = [
    Reply(status=404, body=f"{TOKEN} {PATH}"),
    Reply(body={"ok": False, "error": f"no {TOKEN} {PATH}"}),
    Reply(body={"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [f"{TOKEN} {PATH}"]}}),
]


def shows_none(*texts):
    return not any(secret in text for secret in SECRETS for text in texts)


def stored(folder):
    """All that the store of a folder holds, whatever its table."""
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("tm.db*"))


@pytest.fixture(params=["bot", "webhook"])
def hub_host(request, bot_host, make_host):
    """A host by either transport, impatient."""
    make = bot_host if request.param == "bot" else make_host
    return make(timeout="1s", events=["created", "blocked"])


@pytest.mark.parametrize("end", ENDS)
def test_no_log_and_no_store_holds_a_secret(caplog, capfd, tmp_path, hub_host, slack, end):
    for name in ("", "slack_sdk", "slack_sdk.web.base_client", "slack_sdk.webhook.client", "tm_slack.sdk"):
        caplog.set_level(logging.DEBUG, logger=name)
    slack.server.script(*[ENDS[end]] * 3)
    task = hub_host.tasks.add("Ship the parser")
    hub_host.tasks.block(task.id, "waiting")
    for _ in range(3):
        hub_host.deliver()
        hub_host.clock.advance(timedelta(minutes=2))
    found = [f"{each.message} {each.advice}" for each in hub_host.check("slack")]
    logged = [str(record.__dict__) for record in caplog.records]
    read = capfd.readouterr()

    assert len(slack.server.requests) >= 1 or end == "unread"
    assert shows_none(caplog.text, *logged, *found, read.out, read.err, str(hub_host.health("slack")))
    assert shows_none(stored(tmp_path))
    assert shows_none(*map(str, hub_host.deliveries("slack")))


@pytest.mark.parametrize("end", ENDS)
def test_no_error_holds_a_secret(hub_host, slack, end):
    transport = transport_of(hub_host.plugins["slack"].settings, hub_host.hub("slack"))
    shown = [repr(transport), repr(hub_host.plugins["slack"].settings), str(hub_host.hub("slack").settings)]
    slack.server.script(ENDS[end])
    with pytest.raises((RetryLater, NeedsLogin, PermanentFailure, OutcomeUnknown)) as caught:
        _post(transport)

    assert shows_none(*shown, repr(caught.value), *traceback.format_exception(caught.value))


@pytest.mark.parametrize("reply", ECHOES)
def test_what_slack_sends_back_of_a_secret_is_not_kept(caplog, tmp_path, hub_host, slack, reply):
    slack.server.script(*[reply] * 3)
    task = hub_host.tasks.add("Ship the parser")
    hub_host.tasks.block(task.id, "waiting")
    hub_host.deliver()

    shown = stored(tmp_path) + str(hub_host.deliveries("slack"))
    own = TOKEN if hub_host.plugins["slack"].settings.token else PATH
    assert own not in shown


def _post(transport: Bot | Webhook):
    if isinstance(transport, Bot):
        transport.post("C0TEAM", {"text": "x"})
    else:
        transport.post({"text": "x"})


@pytest.mark.parametrize("by", ["bot", "webhook"])
def test_no_screen_and_no_process_list_shows_a_secret(tm, tmp_path, slack, by):
    """Several notices, each ending in a way of its own; then all that a person may ask for."""
    config = 'timeout = "2s"\nevents = ["created"]\n'
    for number, end in enumerate(("drop", "redirect", "portal", "limit by word", "server", "timeout")):
        tm("add", f"Task {number}", by=by, config=config)
        slack.server.script(ENDS[end])
    worker = tm.start("deliver", by=by, config=config, TM_LOG_LEVEL="debug")
    listed = ""
    while worker.poll() is None:
        listed += command_lines(tmp_path)
    said = "".join(worker.communicate(timeout=60))
    asked = [
        ("delivery", "list"), ("delivery", "list", "--format", "json"), ("delivery", "show", "1"), ("plugins",),
        ("doctor",), ("slack", "test"), ("config", "show"),
    ]  # fmt: skip
    for words in asked:
        done = tm(*words, by=by, config=config)
        said += done.stdout + done.stderr

    assert len(slack.server.requests) >= 5
    assert "-m\0tm\0deliver" in listed
    assert shows_none(said)
    assert shows_none(listed)
    assert shows_none(stored(tmp_path))


def command_lines(folder):
    """The command lines of the processes at work in a folder, as `ps` would show them."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append((process / "cmdline").read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    return "\n".join(found)
