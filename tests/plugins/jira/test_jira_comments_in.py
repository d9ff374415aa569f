"""What people say in Jira's comments becomes progress of the task, each once, and nothing of what we said there."""

import pytest
from tests.plugins.jira.meantime import Listener, pull, told, undelivered

from tm.testing import Reply

COMMENTS = r"issue/[0-9]+/comment"


def notes(task_id, host):
    """What was noted of a task, oldest first."""
    found = [*told(task_id, host, "progressed"), *told(task_id, host, "noted")]
    return [each.data["note"] for each in sorted(found, key=lambda each: each.seq)]


def test_a_comment_becomes_progress_that_starts_nothing(host, site, made):
    task_id, key = made()
    site.comment(key, "I had a look.\n\nIt is odd.", by="alice")
    pull(host)

    assert notes(task_id, host) == ["Alice in PROJ-1: I had a look.\n\nIt is odd."]
    assert host.tasks.get(task_id).status == "pending"
    assert [each.actor for each in told(task_id, host, "noted")] == ["alice@example.com"]


def test_comments_come_in_their_order_and_each_once(host, site, made):
    task_id, key = made()
    for number in range(3):
        site.comment(key, f"Comment {number}", by="bob")
    for _ in range(3):
        pull(host)
    site.comment(key, "Comment 3", by="bob")
    for _ in range(3):
        pull(host)

    assert notes(task_id, host) == [f"Bob in PROJ-1: Comment {number}" for number in range(4)]


def test_more_comments_than_a_page_has_all_come(host, site, made):
    task_id, key = made()
    for number in range(230):
        site.comment(key, f"Comment {number}")
    pull(host)

    assert notes(task_id, host) == [f"Alice in PROJ-1: Comment {number}" for number in range(230)]


def test_an_edited_comment_is_noted_once_more(host, site, made):
    task_id, key = made()
    comment = site.comment(key, "I had a look.")
    pull(host)
    for text in ("I had two looks.", "I had two looks."):
        site.edit_comment(key, comment, text)
        pull(host)
    site.edit_comment(key, comment, "I had a look.")
    pull(host)

    assert [each.removeprefix("Alice in PROJ-1") for each in notes(task_id, host)] == [
        ": I had a look.",
        ", edited: I had two looks.",
        ", edited: I had a look.",
    ]


def test_what_is_deleted_in_jira_stays_here(host, site, made):
    task_id, key = made()
    comment = site.comment(key, "I had a look.")
    pull(host)
    site.delete_comment(key, comment)
    pull(host)

    assert notes(task_id, host) == ["Alice in PROJ-1: I had a look."]
    assert undelivered(host) == []


def test_a_comment_for_some_only_stays_where_it_is(host, site, made):
    task_id, key = made()
    site.comment(key, "Only for us", visibility={"type": "role", "value": "Administrators"})
    site.comment(key, "For the desk", is_internal=True) if not site.data_center else None
    site.comment(key, "For all")
    pull(host)

    assert notes(task_id, host) == ["Alice in PROJ-1: For all"]


@pytest.mark.parametrize("text", [" ", "\n\n"])
def test_an_empty_comment_is_none(host, site, made, text):
    task_id, key = made()
    site.comment(key, text)
    pull(host)

    assert notes(task_id, host) == []
    assert undelivered(host) == []


def test_a_long_comment_comes_whole(host, site, made):
    task_id, key = made()
    text = "Länge " * 5_400
    site.comment(key, text)
    pull(host)

    [note] = notes(task_id, host)
    assert note == f"Alice in PROJ-1: {text.strip()}"


def test_a_rich_comment_is_read_as_people_read_it(host, site, made):
    task_id, key = made()
    cells = [[{"type": "paragraph", "content": [{"type": "text", "text": each}]}] for each in ("a", "b")]
    row = {"type": "tableRow", "content": [{"type": "tableCell", "content": each} for each in cells]}
    mention = {"type": "mention", "attrs": {"id": "712020:b0b", "text": "@Bob"}}
    rich = {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": "See "}, mention]},
            {"type": "table", "content": [row]},
        ],
    }
    site.comment(key, "See [~bob]\n\n|a|b|" if site.data_center else rich)
    pull(host)

    [note] = notes(task_id, host)
    assert note.startswith("Alice in PROJ-1: See ")
    assert "bob" in note.casefold()
    assert "a | b" in note


@pytest.mark.parametrize("text", ["\x1b[31mred\x07", "\x00nul\x00", "a\u202eb", "half \ud83d sign"])
def test_signs_no_text_may_hold_stop_nothing(host, site, made, text):
    task_id, key = made()
    site.comment(key, text)
    site.comment(key, "After it")
    pull(host)

    assert notes(task_id, host)[-1] == "Alice in PROJ-1: After it"
    assert undelivered(host) == []


# what is not news


def test_our_own_comments_do_not_come_back(open_host, jira, site):
    host = open_host(jira, comments=["progress", "completed"])
    task = host.tasks.add("Ship it")
    host.tasks.progress(task.id, "half way")
    host.deliver()
    host.tasks.complete(task.id, summary="It flies")
    host.deliver()
    for _ in range(3):
        pull(host)

    assert len(site.issue("PROJ-1").comments) == 2
    assert notes(task.id, host) == ["half way"]


def test_a_comment_of_ours_whose_answer_was_lost_does_not_come_back(open_host, jira, site):
    host = open_host(jira, comments=["progress"])
    task = host.tasks.add("Ship it")
    host.deliver()
    jira.fault("POST", COMMENTS, Reply(fault="drop", is_stored=True))
    host.tasks.progress(task.id, "half way")
    host.deliver()
    host.pull("jira")
    for _ in range(10):
        pull(host)

    assert notes(task.id, host) == ["half way"]
    assert len(site.issue("PROJ-1").comments) == 1
    assert undelivered(host) == []


def test_what_our_account_says_by_another_way_is_news(host, site, made):
    task_id, key = made()
    site.comment(key, "Built by the pipeline", by="tm")
    pull(host)

    assert notes(task_id, host) == ["tm in PROJ-1: Built by the pipeline"]


@pytest.mark.parametrize("gap", [0, 1])
def test_what_was_said_before_the_task_was_there_is_history(open_host, jira, site, gap):
    host = open_host(jira, import_jql="project = PROJ")
    site.add(summary="Old")
    site.comment("PROJ-1", "Long ago")
    site.comment("PROJ-1", "Just before")
    if gap:
        site.edit("PROJ-1", environment="Linux")
    pull(host)
    site.comment("PROJ-1", "After it")
    pull(host)
    [link] = host.hub("jira").links.all()

    assert notes(link.task_id, host) == ["Alice in PROJ-1: After it"]


def test_comments_are_left_where_they_are_if_the_settings_say_so(open_host, jira, site):
    host = open_host(jira, read_comments=False)
    task = host.tasks.add("Ship it")
    host.deliver()
    site.comment("PROJ-1", "I had a look.")
    pull(host)

    assert notes(task.id, host) == []


def test_others_hear_a_comment_once_and_jira_hears_nothing_back(open_host, jira, site):
    listener = Listener()
    host = open_host(jira, comments=["progress"], others={"listener": listener})
    host.tasks.add("Ship it")
    host.deliver()
    site.comment("PROJ-1", "I had a look.")
    for _ in range(3):
        pull(host)

    assert listener.heard == [
        "created by tester, from cli",
        "context_added by jira, from jira",
        "noted by alice@example.com, from jira",
    ]
    assert len(site.issue("PROJ-1").comments) == 1


def test_a_comment_that_is_announced_twice_is_one_note(host, site, made):
    task_id, key = made()
    site.comment(key, "I had a look.")
    hub = host.hub("jira")
    hub.wake(task_id, "commented")
    host.deliver()
    hub.wake(task_id, "changed")
    host.pull("jira")
    host.deliver()
    pull(host)

    assert notes(task_id, host) == ["Alice in PROJ-1: I had a look."]


# nothing is missed


@pytest.mark.parametrize("reply", [Reply(status=503), Reply(fault="drop"), Reply(status=429), Reply(body="<html>")])
def test_comments_that_could_not_be_read_are_read_later(host, jira, site, made, reply):
    task_id, key = made()
    site.comment(key, "I had a look.")
    jira.fault("GET", COMMENTS, reply)
    for _ in range(3):
        pull(host)

    assert notes(task_id, host) == ["Alice in PROJ-1: I had a look."]
    assert undelivered(host) == []


@pytest.mark.parametrize("told_in_jira", [True, False])
def test_a_comment_made_before_something_of_ours_was_written_comes_all_the_same(open_host, jira, site, told_in_jira):
    host = open_host(jira, comments=["progress"])
    task = host.tasks.add("Ship it")
    host.deliver()
    site.comment("PROJ-1", "I had a look.")
    if told_in_jira:
        host.tasks.progress(task.id, "half way")
    else:
        host.tasks.update(task.id, title="Ship it soon")
    host.deliver()
    pull(host)
    pull(host)

    assert [each for each in notes(task.id, host) if "PROJ-1" in each] == ["Alice in PROJ-1: I had a look."]


@pytest.mark.parametrize(("method", "path"), [("PUT", r"issue/[0-9]+$"), ("GET", COMMENTS)])
def test_a_comment_made_in_the_very_moment_of_another_call_comes(host, jira, site, made, method, path):
    task_id, key = made()
    site.comment(key, "First")
    host.tasks.update(task_id, title="Ship it soon")
    jira.after(method, path, lambda: site.comment(key, "Second") and None)
    pull(host)
    pull(host)
    pull(host)

    assert notes(task_id, host) == ["Alice in PROJ-1: First", "Alice in PROJ-1: Second"]


def test_a_comment_on_a_task_that_is_over_is_a_note(host, site, made):
    task_id, key = made()
    host.tasks.complete(task_id)
    host.deliver()
    pull(host)
    site.comment(key, "Thank you!")
    pull(host)

    assert notes(task_id, host) == ["Alice in PROJ-1: Thank you!"]
    assert host.tasks.get(task_id).status == "completed"
