"""Conflicts of a sync wait for a person's word, and every value that a sync replaces is kept."""

from __future__ import annotations

import json

import pytest
from tests.core.cli.desk import Desk

from tm.sync import NOTHING, Agreed, Conflict, Pull, Push, Rule, plan

CLASH = Conflict("title", "Ours", "Theirs")
MIRROR = """
import tm
from tm.sync import Conflict, Pull

@tm.hookimpl
def on_event(event, hub):
    if event.type == "sync.requested":
        hub.remark(f"decided {hub.conflicts.decided(event.task_id)}")
        steps = [Pull("title", "Theirs", "Ours")]
        hub.conflicts.lose(event.task_id, steps, place="X-1")
        hub.conflicts.record(event.task_id, steps, place="X-1")
    else:
        hub.conflicts.record(event.task_id, [Conflict("title", "Ours", "Theirs")], place="X-1")
"""


@pytest.fixture
def host(open_host, Scribe):
    return open_host(scribe=Scribe(), other=Scribe())


def shown(host):
    return [(each.field, each.ours, each.theirs, each.keep) for each in host.conflicts()]


def test_a_conflict_is_kept_once_and_settled_when_it_is_gone(host):
    task, hub = host.tasks.add("Ours").id, host.hub("scribe")
    for _ in range(2):
        hub.conflicts.record(task, [CLASH], place="X-1")
    assert shown(host) == [("title", '"Ours"', '"Theirs"', None)]

    host.hub("other").conflicts.record(task, [], place="Y-1")
    assert len(shown(host)) == 1
    hub.conflicts.record(task, [Push("title", "Ours")], place="X-1")
    assert shown(host) == []


def test_every_value_that_is_replaced_is_kept_with_what_took_its_place(host):
    task, hub = host.tasks.add("Ours").id, host.hub("scribe")
    hub.conflicts.lose(task, [Push("title", "Ours", "Theirs"), Pull("labels", ["x"], [])], place="X-1")
    hub.conflicts.lose(task, [Push("title", "Ours"), Pull("labels", ["x"], NOTHING)], place="X-1")

    found = host.lost_values()
    assert [(each.field, each.side, each.lost, each.kept) for each in found] == [
        ("labels", "ours", "[]", '["x"]'),
        ("title", "theirs", '"Theirs"', '"Ours"'),
    ]


def test_a_plan_named_again_after_a_crash_is_kept_once_and_the_same_value_lost_again_once_more(host):
    task, hub = host.tasks.add("Ours").id, host.hub("scribe")
    for step in (Push("title", "b", "a"), Push("title", "b", "a"), Push("title", "a", "b"), Push("title", "b", "a")):
        hub.conflicts.lose(task, [step], place="X-1")

    assert [each.lost for each in host.lost_values()] == ['"a"', '"b"', '"a"']


def test_what_is_recorded_goes_with_the_base_or_not_at_all(host):
    task, hub = host.tasks.add("Ours").id, host.hub("scribe")

    def fail():
        with hub.together():
            hub.conflicts.record(task, [CLASH], place="X-1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert shown(host) == []


def test_a_decision_is_about_the_values_a_person_saw(host):
    task, hub = host.tasks.add("Ours").id, host.hub("scribe")
    hub.conflicts.record(task, [CLASH], place="X-1")
    [found] = host.conflicts()
    host.decide(found, keep="theirs")
    assert hub.conflicts.decided(task) == {"title": "theirs"}
    base = {"title": Agreed("Old", "Old")}
    steps = plan(
        base, {"title": "Ours"}, {"title": "Theirs"}, rules={"title": Rule()}, keep=hub.conflicts.decided(task)
    )
    assert steps == [Pull("title", "Theirs", "Ours")]

    hub.conflicts.record(task, [CLASH], place="X-1")
    assert hub.conflicts.decided(task) == {"title": "theirs"}
    hub.conflicts.record(task, [CLASH._replace(theirs="Theirs, changed")], place="X-1")
    assert hub.conflicts.decided(task) == {}


def test_a_deleted_task_has_no_conflicts_and_a_purged_one_no_lost_values(host):
    from tm.service.editing import delete
    from tm.service.work import Caller, Work

    task, hub = host.tasks.add("Ours").id, host.hub("scribe")
    hub.conflicts.record(task, [CLASH], place="X-1")
    hub.conflicts.lose(task, [Push("labels", [], ["x"])], place="X-1")
    delete(Work(host.database, host.clock, Caller(origin="cli", actor="ada"), owed_to=()), task, purge=True)

    assert shown(host) == []
    assert host.lost_values() == []


# at the shell


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    desk.install("mirror", MIRROR)
    desk.write("[plugins.mirror]\n")
    return desk


def test_a_person_sees_a_conflict_and_settles_it(desk):
    task = desk.add("Ours")
    desk.tm("deliver")
    listed = desk.tm("conflicts", "list").stdout
    assert [row.split("\t")[1:7] for row in listed.splitlines() if task in row] == [
        [task, "title", "Ours", "Theirs", "X-1", "mirror"]
    ]

    [found] = desk.json("conflicts", "list", "--task", task[:5])
    assert (found["ours"], found["theirs"], found["keep"]) == ("Ours", "Theirs", None)
    said = desk.tm("conflicts", "resolve", str(found["id"]), "--keep", "there").stderr
    assert said == f"✓ title of {task}: what is there counts; mirror is told.\n"
    desk.tm("deliver")

    assert desk.json("conflicts", "list") == []
    [lost] = desk.json("conflicts", "lost")
    assert (lost["field"], lost["side"], lost["lost"], lost["kept"]) == ("title", "ours", "Ours", "Theirs")
    assert "decided {'title': 'theirs'}" in desk.tm("delivery", "show", "2").stdout
    done = desk.tm("conflicts", "resolve", str(found["id"]), "--keep", "here")
    assert (done.returncode, "is settled since" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("resolve", "7", "--keep", "here"), 3, "There is no conflict 7."),
        (("resolve", "x", "--keep", "here"), 2, "'x' is no conflict."),
        (("resolve", "7"), 2, "Say which side counts."),
        (("resolve", "7", "--keep", "both"), 2, "here"),
        (("list", "--task", "99999999"), 3, "99999999"),
    ],
)
def test_what_cannot_be_settled_is_one_sentence(desk, words, code, said):
    desk.add("Ours")
    done = desk.tm("conflicts", *words)

    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_without_conflicts_the_lists_say_so(desk):
    desk.add("Ours")

    assert desk.tm("conflicts", "list").stdout == ""
    assert json.loads(desk.tm("conflicts", "lost", "--format", "json").stdout) == []


def test_a_store_from_before_there_were_conflicts_gets_them(tmp_path):
    from tm.store.sqlite import SqliteDatabase

    desk = Desk(tmp_path)
    task = desk.add("Ours")
    with SqliteDatabase(str(desk.store)) as database:
        for statement in ("drop table conflict", "drop table lost_value", "pragma user_version = 1"):
            database.execute(statement)

    assert desk.tm("conflicts", "list").returncode == 0
    assert task in desk.tm("list").stdout
