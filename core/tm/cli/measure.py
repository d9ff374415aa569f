"""`tm measure`: record values that criteria are judged by, or a person's word on a manual one."""

from __future__ import annotations

from tm.cli.spec import CHANGING, ID, Argument, Command, Option
from tm.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tm.app import Session


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Record the values or the verdict and confirm it on stderr."""
    from tm.cli.after import deliver
    from tm.cli.say import confirm
    from tm.service.measuring import decide, measure

    work = session.work(values)
    words = values["values"]
    if values["criterion"] is not None:
        task_id = decide(work, values["id"], number=values["criterion"], verdict=_verdict(words))
    else:
        task_id = measure(work, values["id"], _pairs(words), source=values["source"])
    confirm(work, f"{task_id} measured.")
    return deliver(session, work, values)


def _verdict(words: tuple[str, ...]) -> str:
    if len(words) != 1 or words[0] not in ("met", "unmet"):
        raise UsageError("Say met or unmet. Example: tm measure 7f3a0c11 --criterion 2 met")
    return words[0]


def _pairs(words: tuple[str, ...]) -> dict[str, Any]:
    from tm.service.measuring import typed

    pairs = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"{word[:60]!r} is no name=value. Example: tm measure 7f3a0c11 code_coverage=87.5")
        pairs[name.strip()] = typed(value)
    return pairs


COMMAND = Command(
    name="measure",
    help="Record measurements (name=value …), or decide a manual criterion (--criterion N met|unmet).",
    panel="Daily",
    run=run,
    arguments=(ID, Argument(name="values", many=True, help="name=value, or met / unmet with --criterion.")),
    options=(
        Option(flag="--criterion", kind="int", metavar="N", help="Decide the manual criterion with this number."),
        Option(flag="--source", metavar="WHERE", help="Where the values come from: a tool, a report, a URL."),
        *CHANGING,
    ),
)
