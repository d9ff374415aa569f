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
