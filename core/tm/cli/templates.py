"""The rarer inputs of `tm add` and `tm update`: templates and deadlines."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tm.clock import stamp
from tm.criteria import from_expression
from tm.errors import UsageError
from tm.times import deadline, zone

if TYPE_CHECKING:
    from tm.app import Session


def fields_of_template(session: Session, name: str) -> dict[str, Any]:
    """The fields `[templates.NAME]` sets. Raises UsageError naming the nearest template."""
    from tm.config.schema import full  # pydantic is dear, and most commands use no template

    templates = full(session.place, session.environ).templates
    if name not in templates:
        near = get_close_matches(name, templates, n=1)
        known = f"Did you mean {near[0]}?" if near else f"Templates: {', '.join(sorted(templates)) or 'none'}."
        raise UsageError(f"There is no template {name[:60]!r}. {known}")
    fields = templates[name].model_dump(exclude_none=True)
    if "criteria" in fields:
        fields["criteria"] = tuple(from_expression(each) for each in fields["criteria"])
    return fields


def deadline_of(session: Session, text: str) -> str:
    """What was typed as a deadline, as a stamp. Raises UsageError."""
    return stamp(deadline(text, now=session.clock.now(), zone=zone(session.core.timezone)))
