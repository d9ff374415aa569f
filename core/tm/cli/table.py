"""Tables for people, drawn to the width of the terminal."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tm.cli.say import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TOGETHER = 500
_COLOURS = {
    "pending": "cyan", "in_progress": "blue", "blocked": "yellow", "completed": "green", "cancelled": "dim",
    "critical": "bold red", "high": "red", "dead": "red", "active": "green", "delivered": "green",
}  # fmt: skip


def show(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> int:
    """Draw a table on stdout; words that name a status or priority get their colour. Returns how many rows it has.

    A long one comes in tables of TOGETHER rows each, the first ones at once.
    """
    console, waiting, count = Console(file=sys.stdout), iter(lines), 0
    while part := list(islice(waiting, TOGETHER)):
        console.print(_table(heads, part))
        count += len(part)
    return count


def _table(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for line in lines:
        table.add_row(*[_cell(one_line(cell)) for cell in line])
    return table


def _cell(text: str) -> Text:
    return Text(text, style=_COLOURS.get(text, ""))
