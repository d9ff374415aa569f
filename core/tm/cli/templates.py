"""The rarer inputs of `tm add` and `tm update`: templates and deadlines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm.clock import stamp
from tm.times import deadline, zone

if TYPE_CHECKING:
    from tm.app import Session


def fields_of_template(session: Session, name: str) -> dict[str, Any]:
    """The fields `[templates.NAME]` sets. Raises UsageError naming the nearest template."""
    from tm.config import schema  # pydantic is dear, and most commands use no template

    return schema.fields_of_template(schema.full(session.place, session.environ).templates, name)


def deadline_of(session: Session, text: str) -> str:
    """What was typed as a deadline, as a stamp. Raises UsageError."""
    return stamp(deadline(text, now=session.clock.now(), zone=zone(session.core.timezone)))
