"""`tm slack …` as a person types it, `tm doctor slack`, and what `tm delivery show` tells of a notice."""

import json

import pytest

from tm_slack.manifest import SCOPES, manifest
from tm_slack.standin import CHANNEL

EVENTS = ("created", "progress", "blocked", "completed", "urgent", "rated")


def test_a_test_message_goes_to_every_channel_the_settings_name(tm, slack):
    config = '[[plugins.slack.routes]]\nwhen = "team == web"\nchannel = "C0WEB"\n'
    done = tm("slack", "test", config=config)

    assert done.returncode == 0, done.stderr
    assert [len(slack.workspace.messages(each)) for each in (CHANNEL, "C0WEB")] == [1, 1]
    assert "✓ C0WEB (route 1) took the message." in done.stderr


def test_one_route_can_be_tried_and_a_refusal_is_said(tm, slack):
    slack.workspace.archived.add("C0WEB")
    config = '[[plugins.slack.routes]]\nwhen = "team == web"\nchannel = "C0WEB"\n'
    done = tm("slack", "test", "--route", "1", config=config)
    unknown = tm("slack", "test", "--route", "7", config=config)

    assert (done.returncode, unknown.returncode) == (6, 3)
    assert "it is archived" in done.stderr
    assert "There is no route 7; there are 1." in unknown.stderr
    assert slack.workspace.messages() == []


def test_by_webhook_it_is_one_message(tm, slack):
    done = tm("slack", "test", by="webhook")

    assert done.returncode == 0, done.stderr
    assert len(slack.messages) == 1


@pytest.mark.parametrize("event", [*EVENTS, "task.created", "task.progressed", "task.blocked"])
@pytest.mark.parametrize("by", ["bot", "webhook"])
def test_every_notice_can_be_looked_at_and_none_is_sent(tm, slack, event, by):
    task = tm("add", "Ship the parser", by=by).stdout.strip()
    done = tm("slack", "preview", event, "--task", task[:5], "--format", "json", by=by)
    payloads = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert len(payloads) == (2 if by == "bot" else 1)
    assert all("Ship the parser" in json.dumps(each) for each in payloads)
    assert slack.server.requests == []


def test_a_preview_says_on_stderr_what_the_settings_would_not_send(tm):
    task = tm("add", "Ship the parser").stdout.strip()
    told = tm("slack", "preview", "blocked", "--task", task)
    untold = tm("slack", "preview", "progress", "--task", task)

    assert told.stderr == ""
    assert "By these settings nothing of this is sent" in untold.stderr
    assert untold.stdout.startswith(f"→ {CHANNEL}: the task's card")


def test_a_preview_says_on_stderr_what_a_notice_would_wait_for(tm):
    task = tm("add", "Ship the parser").stdout.strip()
    config = 'digest = "30m"\nquiet = {begin = "20:00", end = "08:00", timezone = "Europe/Berlin"}\n'
    calm = tm("slack", "preview", "completed", "--task", task, config=config)
    urgent = tm("slack", "preview", "urgent", "--task", task, config=config)

    assert calm.stderr.startswith(f"In {CHANNEL} it is gathered into one message, not between 20:00 and 08:00")
    assert "gathered" not in urgent.stderr


def test_a_preview_shows_the_card_as_it_would_be_then(tm):
    task = tm("add", "Ship the parser").stdout.strip()

    assert "Status: 🚫 Blocked" in tm("slack", "preview", "blocked", "--task", task).stdout
    assert "Status: ✅ Completed" in tm("slack", "preview", "completed", "--task", task).stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("blocked", "--task", "0000"), 3, "There is no task"),
        (("blokced", "--task", "TASK"), 2, "Did you mean blocked?"),
        (("blocked", "--task", "TASK", "--format", "yaml"), 2, "Choose one of: text, json"),
        (("blocked",), 2, "--task"),
    ],
)
def test_what_cannot_be_looked_at_is_refused_in_a_sentence(tm, words, code, said):
    task = tm("add", "Ship the parser").stdout.strip()
    done = tm("slack", "preview", *(task if word == "TASK" else word for word in words))

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_manifest_is_json_with_the_scopes_that_are_used(tm):
    done = tm("slack", "manifest", "--name", "Tasks")
    found = json.loads(done.stdout)

    assert found["oauth_config"]["scopes"]["bot"] == sorted(SCOPES)
    assert found["display_information"]["name"] == "Tasks"


def test_the_manifest_keeps_slack_s_limits():
    found = manifest(name="x" * 35)

    assert len(found["display_information"]["name"]) <= 35
    assert len(found["display_information"]["description"]) <= 140
    assert len(found["features"]["bot_user"]["display_name"]) <= 80
    assert set(found) == {"_metadata", "display_information", "features", "oauth_config", "settings"}


def test_every_call_that_is_made_has_its_scope_in_the_manifest(slack):
    from tm_slack.workspace import _NEEDS

    assert set(_NEEDS.values()) <= set(SCOPES)


def test_doctor_looks_at_token_scopes_channels_and_quiet_hours(tm, slack):
    slack.workspace.gone.add("C0GONE")
    slack.workspace.scopes -= {"users:read.email"}
    config = (
        'fallback = "C0GONE"\nquiet = {begin = "20:00", end = "08:00", timezone = "Europe/Berlin"}\n'
        '[[plugins.slack.routes]]\nwhen = "team == web"\nchannel = "C0WEB"\n'
    )
    done = tm("doctor", "slack", "--format", "json", config=config)
    found = {each["message"]: each["level"] for each in json.loads(done.stdout)}

    assert found["Slack knows the token: tm in Stand-in."] == "ok"
    assert any("lacks the scope users:read.email" in each for each in found)
    assert found["C0WEB (route 1) is there."] == "ok"
    assert any(each.startswith("C0GONE (") and found[each] == "error" for each in found)
    assert any(each.startswith("Quiet hours of the plugin's own settings (20:00 to 08:00") for each in found)
    assert slack.workspace.messages() == []


def test_a_wrong_token_is_said_by_doctor(tm, slack):
    done = tm("doctor", "slack", TM_PLUGINS__SLACK__TOKEN="xoxb-other")  # noqa: S106 - made up

    assert done.returncode != 0
    assert "does not know this token (invalid_auth)" in done.stdout + done.stderr
    assert "xoxb-other" not in done.stdout + done.stderr


def test_explain_names_the_routes(tm):
    task = tm("add", "Ship the parser", "--team", "web").stdout.strip()
    config = '[[plugins.slack.routes]]\nwhen = "team == web"\nchannel = "C0WEB"\n'
    done = tm("explain", "blocked", "--task", task, config=config)

    assert "By route 1: told as blocked, in C0WEB." in done.stdout


def test_what_was_sent_where_is_shown_with_the_delivery(tm):
    task = tm("add", "Ship the parser").stdout.strip()
    tm("block", task, "--reason", "no key")
    tm("deliver")
    [row] = [row for row in json.loads(tm("delivery", "list", "--format", "json").stdout) if "blocked" in str(row)]
    done = tm("delivery", "show", str(row["id"]))

    assert f"card made in {CHANNEL}" in done.stdout
