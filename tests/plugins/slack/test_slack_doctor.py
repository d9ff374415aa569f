"""What `tm doctor slack` finds without posting, and that its advice fits the kind of failure."""

from datetime import timedelta

import pytest

from tm.testing import Reply
from tm_slack.manifest import SCOPES
from tm_slack.standin import CHANNEL

WEBHOOK_ANEW = "Incoming Webhooks, add a new one, copy its URL, then: tm config secret slack.webhook_url"
INSTALL_ANEW = "install the app (anew), copy the Bot User OAuth Token (xoxb-…), then: tm config secret slack.token"
STRANGER = "look for a proxy, or a portal that wants a login"
THEIRS = "That is Slack's own trouble"
PATIENCE = "Look again in a while"
OPEN_AGAIN = "Open the channel again, or make a webhook for another one"


def no(word, **more):
    return Reply(body={"ok": False, "error": word, **more})


def found(host):
    return {each.message: each for each in host.check("slack")}


# by webhook


def test_a_known_webhook_is_found_without_posting(host, slack):
    [finding] = host.check("slack")

    assert (finding.level, finding.message) == ("ok", "Slack knows the webhook.")
    assert "tm slack test" in finding.advice
    assert slack.messages == []


@pytest.mark.parametrize(
    ("reply", "said", "advice"),
    [
        (Reply(status=404, body="no_service"), "Slack does not know this webhook (no_service).", WEBHOOK_ANEW),
        (Reply(status=404, body="no_team"), "Slack does not know this webhook (no_team).", WEBHOOK_ANEW),
        (Reply(status=403, body="invalid_token"), "Slack does not know this webhook (invalid_token).", WEBHOOK_ANEW),
        (Reply(status=410, body="channel_is_archived"), "it is archived (channel_is_archived).", OPEN_AGAIN),
        (Reply(status=404, body="channel_not_found"), "(channel_not_found).", OPEN_AGAIN),
        (Reply(status=403, body="action_prohibited"), "an administrator forbids it", OPEN_AGAIN),
        (Reply(body="<html>"), "is not Slack's", STRANGER),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:9/"}), "is not Slack's", STRANGER),
        (Reply(fault="drop"), "broke before its answer", STRANGER),
        (Reply(body="ok"), "took an empty message", "as Slack shows it: tm config secret slack.webhook_url"),
        (Reply(status=429), "asks to slow down", PATIENCE),
        (Reply(status=503), "is unavailable", THEIRS),
        (Reply(status=500, body="rollup_error"), "failed with status 500", THEIRS),
    ],
)
def test_what_is_wrong_with_the_webhook_is_said_and_what_to_do(host, slack, reply, said, advice):
    slack.server.script(reply)
    [finding] = host.check("slack")

    assert finding.level == "error"
    assert said in finding.message
    assert advice in finding.advice
    assert "redeliver" not in finding.message


@pytest.mark.parametrize("by", ["webhook", "bot"])
def test_a_slack_out_of_reach_is_a_matter_of_the_network(make_host, bot_host, slack, by):
    host = make_host() if by == "webhook" else bot_host()
    slack.close()
    [finding] = host.check("slack")

    assert finding.level == "error"
    assert "Slack cannot be reached" in finding.message
    assert "See whether this machine reaches 127.0.0.1" in finding.advice
    assert "[plugins.slack] proxy; variables like HTTPS_PROXY are not asked" in finding.advice
    assert "secret" not in finding.advice


# with a token


@pytest.mark.parametrize(
    ("reply", "said", "advice"),
    [
        (no("invalid_auth"), "does not know this token (invalid_auth)", INSTALL_ANEW),
        (no("token_revoked"), "does not know this token (token_revoked)", INSTALL_ANEW),
        (no("account_inactive"), "(account_inactive)", INSTALL_ANEW),
        (no("missing_scope", needed="chat:write"), "lacks the scope chat:write", "add chat:write and install the app"),
        (Reply(status=429, headers={"Retry-After": "7"}), "asks to slow down", PATIENCE),
        (no("ratelimited"), "asks to slow down", PATIENCE),
        (no("service_unavailable"), "is unavailable", THEIRS),
        (Reply(status=502, body="<html>"), "failed with status 502", THEIRS),
        (no("internal_error"), "internal_error", THEIRS),
        (Reply(body="<html>Please log in</html>"), "is not Slack's", STRANGER),
        (Reply(fault="reset"), "broke before its answer", STRANGER),
    ],
)
def test_what_is_wrong_with_the_token_is_said_and_what_to_do(bot_host, slack, reply, said, advice):
    slack.server.script(reply)
    [finding] = bot_host().check("slack")

    assert finding.level == "error"
    assert said in finding.message
    assert advice in finding.advice


@pytest.mark.parametrize("missing", SCOPES)
def test_a_scope_that_lacks_is_named_with_the_way_to_it(bot_host, slack, missing):
    slack.workspace.scopes.discard(missing)
    told = found(bot_host())
    [finding] = [each for message, each in told.items() if message.startswith(f"The token lacks the scope {missing}:")]

    assert finding.level == ("error" if missing == "chat:write" else "warning")
    assert f"add {missing} and install the app anew; tm slack manifest has every scope" in finding.advice


def test_where_history_may_not_be_read_the_channel_can_only_be_tried(bot_host, slack):
    slack.workspace.scopes.discard("channels:history")
    told = found(bot_host())
    [finding] = [each for message, each in told.items() if message.startswith(f"{CHANNEL} (")]

    assert finding.level == "warning"
    assert "nor can lost notices be looked for: the token lacks channels:history" in finding.message
    assert "Meanwhile: tm slack test" in finding.advice


def test_a_channel_that_is_not_there_wants_an_invitation_or_another_id(bot_host, slack):
    slack.workspace.gone.add("C0GONE")
    told = found(bot_host(fallback="C0GONE"))
    [finding] = [each for message, each in told.items() if message.startswith("C0GONE (the plugin's own settings): ")]

    assert finding.level == "error"
    assert "it is gone, or the app was not invited (channel_not_found)." in finding.message
    assert "Invite the app (/invite in the channel), or set another channel." in finding.advice
    assert "redeliver" not in finding.message


def test_a_public_channel_without_the_app_in_it_takes_messages_all_the_same(bot_host, slack):
    slack.workspace.not_joined.add(CHANNEL)
    host = bot_host(cards=False)
    [finding] = [each for message, each in found(host).items() if message.startswith(f"{CHANNEL} (")]
    task = host.tasks.add("Ship the parser")
    host.tasks.block(task.id, "waiting")
    host.deliver()

    assert finding.level == "warning"
    assert "it may post, and cannot look for lost notices" in finding.message
    assert finding.advice == "Invite the app: /invite in the channel."
    assert len(slack.workspace.messages(CHANNEL)) == 1


def test_a_channel_without_the_app_in_it_takes_nothing_where_the_scope_lacks(bot_host, slack):
    slack.workspace.not_joined.add(CHANNEL)
    slack.workspace.scopes.discard("chat:write.public")
    [finding] = [each for message, each in found(bot_host()).items() if message.startswith(f"{CHANNEL} (")]

    assert finding.level == "error"
    assert "the app was not invited to it (not_in_channel)" in finding.message
    assert "/invite" in finding.advice
    assert "Public channels need no invitation with chat:write.public." in finding.advice


@pytest.mark.parametrize(
    ("reply", "level", "advice"),
    [
        (Reply(status=429), "warning", PATIENCE),
        (Reply(fault="drop"), "warning", STRANGER),
        (Reply(status=500), "warning", THEIRS),
        (no("token_revoked"), "warning", INSTALL_ANEW),
    ],
)
def test_what_goes_wrong_while_a_channel_is_looked_at_has_its_own_advice(bot_host, slack, reply, level, advice):
    passing = slack.workspace.answer
    slack.workspace.answer = lambda method, request: (
        reply if method == "conversations.history" else passing(method, request)
    )
    [finding] = [each for message, each in found(bot_host()).items() if message.startswith(f"{CHANNEL} (")]

    assert finding.level == level
    assert advice in finding.advice


def test_a_person_is_not_looked_at_and_nothing_is_posted(bot_host, slack):
    host = bot_host(channel="U0ALICE", routes=[{"when": "team == web", "channel": "C0WEB"}])

    assert found(host)["U0ALICE (the plugin's own settings) is a person; direct messages are not looked at."]
    assert found(host)["C0WEB (route 1) is there."].level == "ok"
    assert slack.workspace.messages() == []


# quiet hours, and what is in doubt


@pytest.mark.parametrize(("end", "told"), [("13:00", "until 2026-11-22 13:00 UTC"), ("11:00", "it is not quiet now")])
def test_quiet_hours_are_said_with_how_it_is_now(make_host, end, told):
    quiet = {"begin": "10:00", "end": end, "timezone": "UTC"}
    host = make_host(routes=[{"when": "team == web", "quiet": quiet}])

    [message] = [each for each in found(host) if each.startswith("Quiet hours of route 1")]
    assert told in message


@pytest.mark.parametrize(
    ("delivery", "rule", "is_said"),
    [
        ("background", {"digest": "30m"}, True),
        ("background", {"quiet": {"begin": "20:00", "end": "08:00", "timezone": "UTC"}}, True),
        ("background", {}, False),
        ("worker", {"digest": "30m"}, False),
        ("inline", {"digest": "30m"}, False),
    ],
)
def test_who_tells_what_is_put_off_is_asked(make_host, delivery, rule, is_said):
    host = make_host(core={"delivery": delivery}, **rule)
    said = [finding for finding in host.check("slack") if "while a worker runs" in finding.message]

    assert [finding.level for finding in said] == ["warning"] * is_said


def test_people_to_mention_whom_nobody_knows_are_named(bot_host, make_host):
    people = {"alice": {"email": "alice@example.com"}, "bob": {"slack": "U0BOB"}, "eve": {"jira": "1"}}
    mention = ["assignee", "U0X", "S0X", "alice", "bob", "eve", "alcie"]
    by_token = " ".join(found(bot_host(people=people, mention=mention)))
    by_webhook = " ".join(found(make_host(people=people, mention=mention)))

    assert "mention names alcie, whom [people] does not know" in by_token
    assert "mention names eve, who has no Slack id" in by_token
    assert by_token.count("mention names") == 2
    assert "mention names alice, who has no Slack id" in by_webhook
    assert by_webhook.count("mention names") == 3


def test_notices_that_are_left_to_a_person_are_counted(make_host, slack):
    host, levels = make_host(), []
    task = host.tasks.add("Ship the parser")
    host.tasks.block(task.id, "waiting")
    for _ in range(2):
        slack.server.script(Reply(fault="drop"))
        host.deliver()
        levels.append([finding.level for finding in host.check("slack")])
        host.clock.advance(timedelta(minutes=2))

    assert levels == [["ok"], ["ok", "warning"]]
