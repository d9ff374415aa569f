"""`tm delivery show` for a person: plain words; for programs the fields as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.core.cli.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

FAILING = "import tm\n@tm.hookimpl\ndef on_event(event, hub):\n    raise ValueError('who knows')\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_delivery_that_may_have_happened_says_so_in_plain_words(desk: Desk) -> None:
    desk.install("mirror", FAILING)
    desk.write("[plugins.mirror]\n")
    desk.add("Ship it")
    desk.tm("deliver")

    shown = desk.tm("delivery", "show", "1").stdout.splitlines()
    fields = desk.json("delivery", "show", "1")

    assert {"may have happened\tyes", "holds back later ones\tyes", "attempts\t1"} <= set(shown)
    assert shown[-1].split("\t")[3] == "may have happened"
    assert (fields["unknown"], fields["holds"], fields["attempts"][0]["outcome"]) == (True, True, "unknown")


LATER = """
import datetime, tm
@tm.hookimpl
def on_blocked(event, hub):
    pass
@tm.hookimpl
def on_create(event, hub):
    if event.task.title == "dead":
        raise tm.PermanentFailure("It is dead.")
    if event.task.title == "later":
        raise tm.RetryLater("It is early.", after=datetime.timedelta(hours=1))
    hub.remark("told in C0TEAM")
"""


def test_the_list_says_what_a_delivery_waits_for(desk: Desk) -> None:
    desk.install("mirror", LATER)
    desk.write("[plugins.mirror]\n")
    task = desk.add("later")
    desk.tm("deliver")
    desk.block(task)
    desk.tm("deliver")

    rows = [row.split("\t") for row in desk.tm("delivery", "list").stdout.splitlines()]
    fields = desk.json("delivery", "show", "2")
    assert [(row[2], row[-1]) for row in rows if row[0].isdigit()] == [
        ("task.blocked", "delivery 1 goes first"),
        ("task.created", "It is early."),
    ]
    assert fields["held_by"] == 1


def test_the_reason_for_what_is_owed_is_not_that_of_a_dead_letter(desk: Desk) -> None:
    desk.install("mirror", LATER)
    desk.write("[plugins.mirror]\n")
    desk.add("later")
    desk.add("dead")
    said = desk.tm("deliver").stderr
    doctor = desk.tm("doctor").stdout
    status = desk.tm("delivery", "status").stdout

    assert "1 still owed (It is early.)" in said
    assert "1 deliveries are owed" in doctor
    assert "The last attempt: It is early." in doctor
    assert "1 dead letters; the last one's reason: It is dead." in doctor
    assert status.rstrip().endswith("It is early.")


def test_waiting_for_a_delivery_says_what_the_plugin_did(desk: Desk) -> None:
    desk.install("mirror", LATER)
    desk.write("[plugins.mirror]\n")
    said = desk.tm("add", "Ship it", "--wait", TM_DELIVERY="background", TM_DELIVERY_WAIT="30").stderr

    assert "mirror: delivered (told in C0TEAM) — tm delivery show 1" in said
