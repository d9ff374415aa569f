"""A description that holds more than plain text is read, and never overwritten unless a person says so."""

import json

import pytest
from tests.plugins.jira.meantime import pull, undelivered

from tm_jira import adf, wiki

TEXT = "See the plan"


def paragraph(*content):
    return {"type": "paragraph", "content": list(content)}


def words(text, **more):
    return {"type": "text", "text": text, **more}


IMAGE = {"type": "media", "attrs": {"type": "file", "id": "1", "collection": "c"}}
CELL = {"type": "tableCell", "content": [paragraph(words("cell"))]}
NODES = {
    "image": {"type": "mediaSingle", "content": [IMAGE]},
    "table": {"type": "table", "content": [{"type": "tableRow", "content": [CELL]}]},
    "mention": paragraph({"type": "mention", "attrs": {"id": "712020:b0b", "text": "@Bob"}}),
    "panel": {"type": "panel", "attrs": {"panelType": "info"}, "content": [paragraph(words("Note"))]},
    "tasks": {
        "type": "taskList",
        "attrs": {"localId": "1"},
        "content": [{"type": "taskItem", "attrs": {"localId": "2", "state": "TODO"}, "content": [words("buy milk")]}],
    },
    "bold": paragraph(words("strong", marks=[{"type": "strong"}])),
    "link": paragraph(words("here", marks=[{"type": "link", "attrs": {"href": "https://example.com"}}])),
    "list": {"type": "bulletList", "content": [{"type": "listItem", "content": [paragraph(words("one"))]}]},
    "unknown": {"type": "expand", "attrs": {"title": "More"}, "content": [paragraph(words("deep"))]},
}  # fmt: skip
MARKUP = {
    "image": "!plan.png!",
    "table": "||a||b||\n|1|2|",
    "mention": "[~bob]",
    "panel": "{panel}\nNote\n{panel}",
    "tasks": "{color:red}red{color}",
    "bold": "*strong*",
    "link": "[here|https://example.com]",
    "list": "* one",
    "unknown": "{code:java}\nint a;\n{code}",
}


@pytest.fixture(params=sorted(NODES))
def rich(request, site):
    """A description with one such thing in it."""
    if site.data_center:
        return f"{TEXT}\n\n{MARKUP[request.param]}"
    return {"type": "doc", "version": 1, "content": [paragraph(words(TEXT)), NODES[request.param]]}


def description(site):
    return site.issue("PROJ-1").fields["description"]


@pytest.fixture(params=["both", "tm", "jira"])
def leads(request):
    return request.param


def imported(open_host, jira, **settings):
    host = open_host(jira, import_jql="project = PROJ", **settings)
    pull(host)
    [link] = host.hub("jira").links.all()
    return host, link.task_id


def test_what_nobody_edits_is_never_written(open_host, jira, site, rich, leads):
    site.add(summary="Old", description=rich)
    before = description(site)
    host, task_id = imported(open_host, jira, fields={"description": leads, "title": "both"})
    host.tasks.update(task_id, title="New")
    for _ in range(3):
        pull(host)
    site.edit("PROJ-1", environment="Linux")
    pull(host)
    written = [each.body for each in site.writes if "properties" not in each.path]

    assert TEXT in host.tasks.get(task_id).description
    assert description(site) == before
    assert [list(each["fields"]) for each in written] == [["summary"]]
    assert host.conflicts() == []


@pytest.mark.parametrize("keep", ["ours", "theirs"])
def test_an_edit_here_of_what_cannot_be_written_back_waits_for_a_person(open_host, jira, site, rich, keep):
    site.add(summary="Old", description=rich)
    before = description(site)
    host, task_id = imported(open_host, jira, fields={"description": "both"})
    host.tasks.update(task_id, description="Mine")
    for _ in range(3):
        pull(host)
    [conflict] = host.conflicts()
    assert description(site) == before

    host.decide(conflict, keep)
    host.deliver()
    pull(host)
    [lost] = host.lost_values()
    assert (description(site) == before) == (keep == "theirs")
    assert (host.tasks.get(task_id).description == "Mine") == (keep == "ours")
    kept = json.loads(lost.lost)
    assert (kept == "Mine") == (keep == "theirs")
    assert keep == "theirs" or (wiki.text(kept) if site.data_center else adf.text(kept)) == json.loads(conflict.theirs)
    assert host.conflicts() == []


def test_what_somebody_adds_in_jira_to_our_own_text_is_not_overwritten(open_host, jira, site, rich):
    host = open_host(jira)
    task = host.tasks.add("Ship it", description=TEXT)
    host.deliver()
    site.edit("PROJ-1", description=rich)
    before = description(site)
    pull(host)
    host.tasks.update(task.id, description="Mine")
    host.deliver()
    pull(host)

    assert description(site) == before
    assert [each.field for each in host.conflicts()] == ["description"]
    assert host.tasks.get(task.id).description == "Mine"
    assert undelivered(host) == []


@pytest.mark.parametrize("policy", ["tm", "jira"])
def test_no_policy_overwrites_it_either(open_host, jira, site, rich, policy):
    host = open_host(jira, conflict=policy, fields={"description": "both"})
    task = host.tasks.add("Ship it", description=TEXT)
    host.deliver()
    site.edit("PROJ-1", description=rich)
    before = description(site)
    host.tasks.update(task.id, description="Mine")
    pull(host)
    pull(host)

    assert description(site) == before
    values = [host.tasks.get(task.id).description, *(json.loads(each.lost) for each in host.lost_values())]
    assert "Mine" in values


# plain text of ours goes there and comes back as it was


@pytest.mark.parametrize(
    "text",
    [
        "One\n\nTwo\nThree",
        "* no list\n# no heading\n{code} [link|x] !img.png! ~x~ _y_ *z* -w-",
        "- a\n- b",
        "| a | b |",
        "h1. no heading",
        "  indented\n\ttab",
        "https://example.com/a_b_c?d=e&f=g",
        "C:\\dir\\file {x} [y] \\\\",
        "&amp; <b> &nbsp;",
        "Task Orchestrator ID: not this one",
        "👩‍👩‍👧 שלום",
        "a" * 30_000,
        "a" * 40_000,
        "ü" * 25_000,
        "x\n" * 5_000 + "x",
    ],
)
@pytest.mark.parametrize("leads", ["tm", "both"])
def test_a_plain_text_of_ours_is_written_once_and_stays_as_it_is(open_host, jira, site, text, leads):
    host = open_host(jira, fields={"description": leads, "title": "both"})
    task = host.tasks.add("Ship it", description=text)
    host.deliver()
    before, writes = description(site), len(site.writes)
    for number in range(3):
        site.edit("PROJ-1", summary=f"Ship it {number}")
        pull(host)

    assert host.tasks.get(task.id).description == text
    assert host.tasks.get(task.id).title == "Ship it 2"
    assert description(site) == before
    assert len(site.writes) == writes
    assert host.conflicts() == []


@pytest.mark.parametrize("leads", ["tm", "both"])
def test_a_description_of_ours_that_is_changed_again_and_again_names_its_task_once(open_host, jira, site, leads):
    host = open_host(jira, fields={"description": leads})
    task = host.tasks.add("Ship it", description="Zero")
    host.deliver()
    for text in ("One", None, "Two"):
        host.tasks.update(task.id, description=text)
        host.deliver()
        pull(host)

    shown = json.dumps(description(site))
    assert shown.count(task.id) == 1
    assert "Two" in shown
    assert host.tasks.get(task.id).description == "Two"
    assert [each.path for each in site.writes if not each.changed] == []


def test_what_jira_s_editor_makes_of_our_text_without_a_word_changed_is_no_change(open_host, jira, site):
    host = open_host(jira, fields={"description": "both"})
    task = host.tasks.add("Ship it", description="One\n\nTwo")
    host.deliver()
    if site.data_center:
        site.edit("PROJ-1", description=description(site).replace("\n", "\r\n") + "\r\n")
    else:
        content = [{**each, "attrs": {"localId": "abc"}} for each in description(site)["content"]]
        site.edit("PROJ-1", description={"type": "doc", "version": 1, "content": content})
    writes = len(site.writes)
    pull(host)
    pull(host)

    assert host.tasks.get(task.id).description == "One\n\nTwo"
    assert len(site.writes) == writes
    assert host.lost_values() == []
