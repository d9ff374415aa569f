"""Who is mentioned: by the map of people, by e-mail address, by id; never by what was typed."""

from datetime import timedelta

import pytest

from tm.testing import Reply
from tm_slack.standin import CHANNEL

ALICE = {"id": "U0ALICE", "name": "alice"}


def told(host, slack, *, assignee="alice@example.com", priority="medium"):
    """What the channel gets when a task of somebody is blocked."""
    task = host.tasks.add("Ship the parser", assignee=assignee, priority=priority)
    host.tasks.block(task.id, "waiting")
    host.deliver()
    return str([each for each in slack.workspace.messages() if "Task blocked" in str(each)][-1])


def test_a_known_assignee_is_mentioned(make_host, slack):
    host = make_host(people={"alice": {"email": "alice@example.com", "slack": "U012AB"}})
    task = host.tasks.add("Ship the parser", assignee="alice@example.com")
    host.tasks.block(task.id, "waiting")
    host.deliver()

    assert "<@U012AB>" in str(slack.messages)


@pytest.mark.parametrize("member", ["!channel", "U1> <!here", "u012ab", "C012AB", "", "Ü12"])
def test_only_a_member_id_is_mentioned(make_host, slack, member):
    host = make_host(people={"alice": {"slack": member}})
    task = host.tasks.add("Ship the parser", assignee="alice")
    host.tasks.block(task.id, "waiting")
    host.deliver()

    assert "<@" not in str(slack.messages)
    assert "<!" not in str(slack.messages)


def test_an_assignee_is_looked_up_by_e_mail_address_once_a_day(bot_host, slack):
    slack.workspace.members["alice@example.com"] = ALICE
    host = bot_host()

    assert "<@U0ALICE>" in told(host, slack)
    assert "<@U0ALICE>" in told(host, slack)
    assert slack.workspace.calls.count("users.lookupByEmail") == 1
    host.clock.advance(timedelta(hours=25))
    assert "<@U0ALICE>" in told(host, slack)
    assert slack.workspace.calls.count("users.lookupByEmail") == 2


def test_somebody_slack_does_not_know_is_named_and_asked_for_again_after_an_hour(bot_host, slack):
    host = bot_host()
    for _ in range(2):
        assert "<@" not in told(host, slack)
    assert slack.workspace.calls.count("users.lookupByEmail") == 1

    host.clock.advance(timedelta(hours=2))
    slack.workspace.members["alice@example.com"] = ALICE
    assert "<@U0ALICE>" in told(host, slack)


def test_somebody_who_left_is_not_mentioned(bot_host, slack):
    slack.workspace.members["alice@example.com"] = {**ALICE, "deleted": True}

    assert "<@" not in told(bot_host(), slack)


@pytest.mark.parametrize("trouble", ["scope", "rate", "broken"])
def test_a_look_up_that_fails_fails_no_notice(bot_host, slack, trouble):
    if trouble == "scope":
        slack.workspace.scopes -= {"users.read.email", "users:read.email"}
    passing = slack.workspace.answer

    def answer(method, request):
        if method == "users.lookupByEmail" and trouble != "scope":
            return Reply(status=429) if trouble == "rate" else Reply(fault="drop")
        return passing(method, request)

    slack.workspace.answer = answer

    assert "Task blocked" in told(bot_host(), slack)


def test_nobody_is_mentioned_for_an_act_of_their_own(bot_host, slack):
    slack.workspace.members["tester@example.com"] = ALICE
    host = bot_host()

    assert "<@" not in told(host, slack, assignee="tester")


def test_groups_people_and_everybody_here_are_mentioned_where_the_settings_say_so(make_host, slack):
    people = {"bob": {"slack": "U034CD"}}
    for priority, here in (("medium", False), ("critical", True)):
        host = make_host(
            webhook_url=None, **{**slack.as_bot, "mention": ["S0TEAM", "bob", "U0EVE", "here"]}, people=people
        )
        shown = told(host, slack, priority=priority)

        assert all(each in shown for each in ("<!subteam^S0TEAM>", "<@U034CD>", "<@U0EVE>"))
        assert ("<!here>" in shown) == here


def test_nothing_typed_mentions_anybody(bot_host, slack):
    host = bot_host(events=["created", "progress", "blocked", "completed", "urgent"])
    evil = "<!channel> <@U1> <!subteam^S1> @here"
    task = host.tasks.add(evil, assignee=evil, priority="critical")
    host.tasks.progress(task.id, evil)
    host.tasks.block(task.id, evil)
    host.tasks.complete(task.id, summary=evil)
    host.tasks.feedback(task.id, quality=1, note=evil)
    host.deliver()
    everything = str(slack.workspace.messages(CHANNEL))

    assert not any(sign in everything for sign in ("<!channel", "<@", "<!sub", "<!here"))
