"""The JSON of a task, as scripts read it: the names and their order, golden."""

from __future__ import annotations

import json

from tm.events import Event, Snapshot
from tm.model import Criterion, Task
from tm.store.dependencies import Dependencies
from tm.store.events import Events
from tm.store.links import Link, Links
from tm.store.listing import Listing
from tm.store.measurements import Measurements
from tm.store.tasks import Tasks

AT, LATER = "2026-11-22T12:00:00.000000Z", "2026-11-23T12:00:00.000000Z"
ID = "0a1b2c3d"
FULL = Task(
    id=ID, title='Ship the "pärser"', description="Two\nlines", status="completed", priority="high",
    assignee="alice@example.com", team="platform", labels=("ui", "api"), deadline=LATER, estimated_hours=4.0,
    actual_hours=0.5,
    criteria=(
        Criterion(criterion="Covered", measurable="coverage >= 85", verdict="met"),
        Criterion(criterion="Alice has read it", manual="unmet", verdict="unmet"),
    ),
    feedback_quality=5, feedback_timeliness=4, feedback_note="well done", completion_summary="It works",
    revision=9, created_at=AT, started_at=AT, updated_at=LATER, completed_at=LATER,
)  # fmt: skip
HEAD = (
    '{"id":"0a1b2c3d","title":"Ship the \\"pärser\\"","description":"Two\\nlines","status":"completed",'
    '"priority":"high","assignee":"alice@example.com","team":"platform","labels":["api","ui"],'
    '"criteria":[{"criterion":"Covered","measurable":"coverage >= 85","verdict":"met"},'
    '{"criterion":"Alice has read it","measurable":null,"verdict":"unmet"}],'
    '"measurements":{"coverage":87.5,"passed":true,"review":"approved"},"depends_on":["11111111","22222222"],'
    '"deadline":"2026-11-23T12:00:00.000000Z","estimated_hours":4.0,"actual_hours":0.5,"feedback_quality":5,'
    '"feedback_timeliness":4,"feedback_note":"well done","completion_summary":"It works","blocked_reason":null,'
    '"links":[{"plugin":"git","kind":"branch","key":null,"url":null,"title":"feature/x","detail":"3 files"},'
    '{"plugin":"jira","kind":"issue","key":"PROJ-1","url":"https://jira/PROJ-1","title":null,"detail":null}],'
)
LOGS = (
    '"progress":[{"at":"2026-11-22T12:00:00.000000Z","actor":"bob","origin":"cli","note":"half","percent":50},'
    '{"at":"2026-11-23T12:00:00.000000Z","actor":"bob","origin":"jira","note":"late note","percent":null}],'
    '"context":[{"at":"2026-11-22T12:00:00.000000Z","actor":"bob","origin":"cli","text":"staging is at v12"}],'
)
TAIL = (
    '"revision":9,"created_at":"2026-11-22T12:00:00.000000Z","started_at":"2026-11-22T12:00:00.000000Z",'
    '"updated_at":"2026-11-23T12:00:00.000000Z","completed_at":"2026-11-23T12:00:00.000000Z"}'
)
BARE = (
    '{"id":"ffffffff","title":"Bare","description":null,"status":"pending","priority":"medium","assignee":null,'
    '"team":null,"labels":[],"criteria":[],"measurements":{},"depends_on":[],"deadline":null,'
    '"estimated_hours":null,"actual_hours":null,"feedback_quality":null,"feedback_timeliness":null,'
    '"feedback_note":null,"completion_summary":null,"blocked_reason":null,"links":[],%s"revision":1,'
    '"created_at":"2026-11-22T12:00:00.000000Z","started_at":null,"updated_at":"2026-11-22T12:00:00.000000Z",'
    '"completed_at":null}'
)


def happened(database, kind, revision, data, *, at=AT, origin="cli"):
    Events(database).record(
        Event(
            id=f"e{revision}", type=kind, task_id=ID, revision=revision, origin=origin, actor="bob", at=at,
            task=Snapshot(title="x", status="pending", priority="low"), data=data,
        )
    )  # fmt: skip


def fill(database):
    with database.transaction():
        Tasks(database).insert(FULL)
        for name, value in (("review", "approved"), ("coverage", 87.5), ("passed", True)):
            Measurements(database).save(ID, name, value, source=None, at=AT, origin="cli", actor="bob")
        for target in ("22222222", "11111111"):
            Dependencies(database).add(ID, target)
        branch = Link(plugin="git", instance="", kind="branch", task_id=ID, outside_id="feature/x")
        issue = Link(plugin="jira", instance="", kind="issue", task_id=ID, outside_id="1", key="PROJ-1")
        Links(database).save(issue.with_(url="https://jira/PROJ-1"), at=LATER)
        Links(database).save(branch.with_(title="feature/x", detail="3 files", base="private"), at=AT)
        happened(database, "task.created", 1, {})
        happened(database, "task.progressed", 2, {"note": "half", "percent": 50})
        happened(database, "task.context_added", 3, {"text": "staging is at v12"})
        happened(database, "task.noted", 4, {"note": "late note"}, at=LATER, origin="jira")


def keep_bare(database):
    with database.transaction():
        bare = Task(id="ffffffff", title="Bare", revision=1, created_at=AT, updated_at=AT)
        Tasks(database).insert(bare)


def test_show_prints_every_field_in_its_place_with_the_two_logs(database):
    fill(database)

    assert Listing(database).show_json(ID) == HEAD + LOGS + TAIL


def test_list_prints_the_same_fields_without_the_logs(database):
    fill(database)

    assert list(Listing(database).json({}, sort="created", limit=None)) == [HEAD + TAIL]


def test_what_is_unset_is_null_and_what_is_many_is_empty(database):
    keep_bare(database)
    listing = Listing(database)

    assert listing.show_json("ffffffff") == BARE % '"progress":[],"context":[],'
    assert list(listing.json({}, sort="created", limit=None)) == [BARE % ""]


def test_any_text_stays_valid_json_on_one_line(database):
    nasty = 'a"b\\c\nd\te\r\x01\x7f\u2028é🚀</script>'
    task = Task(id=ID, title=nasty, description=nasty, labels=(nasty.split("\n")[0],), revision=1)
    with database.transaction():
        Tasks(database).insert(task)
        Measurements(database).save(ID, "text", nasty, source=None, at=AT, origin="cli", actor="bob")
    text = Listing(database).show_json(ID)
    shown = json.loads(text)

    assert "\n" not in text
    assert (shown["title"], shown["description"], shown["measurements"]) == (nasty, nasty, {"text": nasty})


def test_the_logs_of_one_task_hold_nothing_of_another(database):
    fill(database)
    keep_bare(database)

    assert json.loads(Listing(database).show_json("ffffffff"))["progress"] == []
