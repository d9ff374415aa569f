"""The stand-in tells of changes by webhook in the shapes of Cloud and of Data Center."""

import hashlib
import hmac

import pytest

from tm_jira.standin import StandIn


@pytest.fixture
def own(clock):
    with StandIn(now=clock.now, data_center=True) as own:
        yield own


def test_what_happens_to_an_issue_is_told(jira, clock):
    jira.site.add()
    jira.site.edit("PROJ-1", assignee="bob")
    jira.site.edit("PROJ-1", summary="b", labels=["x"], by="bob")
    jira.site.move("PROJ-1", "Done")
    jira.site.move_to("PROJ-1", "OTHER")
    jira.site.delete("OTHER-1")

    bodies = [each.json for each in jira.site.webhooks]
    assert [(each["webhookEvent"], each.get("issue_event_type_name")) for each in bodies] == [
        ("jira:issue_created", "issue_created"),
        ("jira:issue_updated", "issue_assigned"),
        ("jira:issue_updated", "issue_updated"),
        ("jira:issue_updated", "issue_generic"),
        ("jira:issue_updated", "issue_moved"),
        ("jira:issue_deleted", None),
    ]
    assert [each["issue"]["key"] for each in bodies] == ["PROJ-1"] * 4 + ["OTHER-1"] * 2
    assert bodies[2]["user"]["displayName"] == "Bob"
    assert [each["field"] for each in bodies[2]["changelog"]["items"]] == ["summary", "labels"]
    assert [each["field"] for each in bodies[4]["changelog"]["items"]] == ["project", "Key"]
    assert bodies[0]["timestamp"] == round(clock.now().timestamp() * 1000)
    assert "changelog" not in bodies[0]


def test_texts_are_told_in_wiki_markup_and_the_state_is_that_of_the_moment(cloud):
    cloud.site.add(description="a\n\nb")
    cloud.site.edit("PROJ-1", description="c")

    first, second = (each.json["issue"]["fields"] for each in cloud.site.webhooks)
    assert (first["description"], second["description"]) == ("a\n\nb", "c")
    assert "comment" not in first


def test_cloud_tells_of_a_comment_without_saying_who(cloud):
    cloud.site.add()
    comment = cloud.site.comment("PROJ-1", "Hi")
    cloud.site.edit_comment("PROJ-1", comment, "Ho")
    cloud.site.delete_comment("PROJ-1", comment)

    bodies = [each.json for each in cloud.site.webhooks[1:]]
    assert [each["webhookEvent"] for each in bodies] == ["comment_created", "comment_updated", "comment_deleted"]
    assert bodies[1]["comment"]["body"] == "Ho"
    assert (bodies[0]["issue"]["id"], set(bodies[0]["issue"]["fields"])) == (
        "10001",
        {"summary", "issuetype", "project", "assignee", "priority", "status"},
    )
    assert not any("user" in each for each in bodies)


def test_data_center_tells_of_a_comment_twice_once_without_the_issue(own):
    own.site.add()
    comment = own.site.comment("PROJ-1", "Hi")
    own.site.edit_comment("PROJ-1", comment, "Ho")
    own.site.delete_comment("PROJ-1", comment)

    bodies = [each.json for each in own.site.webhooks[1:]]
    assert [each.get("issue_event_type_name", each["webhookEvent"]) for each in bodies] == [
        "comment_created",
        "issue_commented",
        "comment_updated",
        "issue_comment_edited",
        "comment_deleted",
        "issue_comment_deleted",
    ]
    assert "issue" not in bodies[0]
    assert "/issue/10001/comment/" in bodies[0]["comment"]["self"]
    assert (bodies[1]["issue"]["key"], bodies[1]["comment"]["body"]) == ("PROJ-1", "Hi")


def test_people_are_named_as_the_site_names_them(cloud, own):
    cloud.site.add()
    own.site.add()

    assert cloud.site.webhooks[0].json["user"]["accountId"] == cloud.site.person("alice")["accountId"]
    assert "name" not in cloud.site.webhooks[0].json["user"]
    assert own.site.webhooks[0].json["user"]["name"] == "alice"
    assert "accountId" not in own.site.webhooks[0].json["user"]


def test_a_webhook_is_signed_if_there_is_a_secret(jira):
    jira.site.add()
    jira.site.webhook_secret = "It's a Secret to Everybody"  # noqa: S105 - everybody's
    jira.site.add()
    plain, signed = jira.site.webhooks

    digest = hmac.new(jira.site.webhook_secret.encode(), signed.body, hashlib.sha256).hexdigest()
    assert "X-Hub-Signature" not in plain.headers
    assert signed.headers["X-Hub-Signature"] == f"sha256={digest}"


def test_a_webhook_sent_again_bears_the_same_identifier(jira):
    jira.site.add()
    jira.site.add()
    first, other = jira.site.webhooks
    again = first.again().again()

    name = "X-Atlassian-Webhook-Identifier"
    assert again.headers[name] == first.headers[name] != other.headers[name]
    assert again.headers["X-Atlassian-Webhook-Retry"] == "2"
    assert "X-Atlassian-Webhook-Retry" not in first.headers
    assert again.body == first.body
