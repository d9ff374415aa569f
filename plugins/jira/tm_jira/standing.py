"""How the sync is doing: how far Jira was read, and what waits for a person. Asks nobody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tm_jira.creating import doubles, in_doubt
from tm_jira.links import FORBIDDEN, FOREIGN, GONE, PARKED, foreign, links_here, orphans
from tm_jira.looking import CHANGES, IMPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tm import Hub

_WORDS: Mapping[str, str] = {
    PARKED: "cannot follow the task; why: tm delivery list --dead",
    GONE: "is gone from Jira; let it go with: tm jira unlink TASK",
    FORBIDDEN: "cannot be seen by this account any more",
    FOREIGN: "carries the mark of another hub, and is left alone",
}


def standing(hub: Hub) -> dict[str, Any]:
    """The figures and names, as `tm jira status --format json` prints them. Instants are UTC, by Jira's clock."""
    links = links_here(hub)
    states: dict[str, list[str]] = {state: [] for state in _WORDS}
    for link in links:
        if link.state in states:
            states[str(link.state)].append(str(link.key))
    return {
        "site": hub.settings.site,
        "linked": len(links),
        "read_until": hub.cursors.get(CHANGES),
        "imported_until": json.loads(hub.cursors.get(IMPORTS) or "{}").get("at"),
        **states,
        "foreign_issues": foreign(hub),
        "in_doubt": in_doubt(hub),
        "doubles": doubles(hub),
        "orphans": orphans(hub),
        "conflicts": hub.conflicts.count(),
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The same for people."""
    yield f"Tasks linked to issues at {found['site']}: {found['linked']}."
    yield (
        f"Read until {found['read_until']}." if found["read_until"] else "Not read yet: tm worker or tm jira sync does."
    )
    for state, words in _WORDS.items():
        if found[state]:
            yield f"{_few(found[state])} {words}."
    for key, other in found["foreign_issues"].items():
        yield f"{key} belongs to the hub {other}; it is not imported, linked or written."
    for task_id, at in found["in_doubt"].items():
        yield (
            f"The issue of {task_id} may or may not have been made at {at}; it is looked for, and sent again after "
            "five minutes. Nothing is to be done."
        )
    for task_id, keys in found["doubles"].items():
        yield f"Task {task_id} has more than one issue; close {_few(keys)} in Jira."
    if found["orphans"]:
        yield f"{_few(found['orphans'])} carries our mark and is no task's; tie it or close it: tm jira link TASK KEY"
    if found["conflicts"]:
        yield f"Conflicts that wait for a person: {found['conflicts']}. See them: tm conflicts list"


def _few(keys: list[str]) -> str:
    return ", ".join(keys[:10]) + (f" and {len(keys) - 10} more" if len(keys) > 10 else "")
