"""The words of a command, declared once: the front door and typer both read them."""

from __future__ import annotations

from tm.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tm.app import Session


class Argument(Value):
    """A positional word. `many` takes all that remain; an optional one is None when absent."""

    name: str
    help: str
    is_required: bool = True
    many: bool = False
    metavar: str | None = None


class Option(Value):
    """A `--flag` with or without a value; `kind` is flag, text, int or float; a `many` option gathers a tuple."""

    flag: str
    help: str
    kind: str = "text"
    many: bool = False
    metavar: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The key of its value: `--estimated-hours` is `estimated_hours`."""
        return self.flag[2:].replace("-", "_")

    @property
    def may_be_empty(self) -> bool:
        """Whether "" is an answer: of free text it is, of a name, a time or a number it is an unset variable."""
        return self.metavar == "TEXT"


class Command(Value):
    """One verb: its words, and the function that runs it and returns the exit code."""

    name: str
    help: str
    run: Callable[[Session, Mapping[str, Any]], int]
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    panel: str = "More"
    epilog: str = ""


ID = Argument(name="id", help="The task: its id, 4 or more digits of it, or a linked key such as PROJ-123.")
CHANGING = (
    Option(flag="--by", metavar="WHO", help="Who does this; else TM_ACTOR, git's user.email, or user@host."),
    Option(flag="--key", metavar="KEY", help="Idempotency key: the same command again with it changes nothing."),
    Option(flag="--revision", kind="int", metavar="N", help="Refuse if the task is no longer at this revision."),
    Option(flag="--wait", kind="flag", help="Wait until the plugins were told; exit 6 if one could not be."),
)
FORMAT = Option(
    flag="--format",
    choices=("text", "json"),
    metavar="FORMAT",
    help="text (a table on a terminal, tab-separated in a pipe) or json.",
)
FORMATS = FORMAT.with_(
    choices=("text", "json", "jsonl"),
    help="text (a table on a terminal, tab-separated in a pipe), json, or jsonl (one object a line).",
)
