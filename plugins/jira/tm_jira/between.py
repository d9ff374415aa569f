"""What others wrote in the moment between a look at an issue and our own write. Touches nothing.

Jira has no conditional writes; its history tells afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm.sync import Push
from tm_jira import adf, wiki
from tm_jira.fields import FOOTER, NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tm_jira.fields import Issue


def last_change(issue: Issue) -> int:
    """The number of the newest change in an issue's history; numbers grow."""
    return max((_number(each) for each in issue.history), default=0)


def changes_since(issue: Issue, change: int) -> list[Mapping[str, Any]]:
    """The changes in an issue's history after the one with that number, oldest first."""
    return [each for each in issue.history if _number(each) > change]


def crossed(
    changes: Iterable[Mapping[str, Any]],
    writes: Mapping[str, Any],
    *,
    is_me: Callable[[Mapping[str, Any]], bool],
) -> tuple[list[Push], frozenset[str]]:
    """What our writes overwrote unseen, as pushes that lost it, and the fields that somebody wrote after we did.

    `writes` are our values by field (of a status, the ids it was moved to). `is_me` tells our account by an author;
    it is asked only where there is more than one change of a field. People may use that very account, so that it
    takes our value to be our change.
    """
    changes = list(changes)
    lost: list[Push] = []
    overruled: set[str] = set()
    for field, value in writes.items():
        found = [(each, item) for each in changes for item in each.get("items") or () if is_of(item, field)]
        if field == "labels" or len(found) < 2:
            continue
        is_mine = [is_me(each.get("author") or {}) for each, _ in found]
        is_ours = [
            mine and (_says(item, field, value) or (field == "description" and sum(is_mine) == 1))
            for mine, (_, item) in zip(is_mine, found, strict=True)
        ]
        last = max((at for at, ours in enumerate(is_ours) if ours), default=-1)
        others = (item for at, (_, item) in enumerate(found) if at < last and not is_ours[at])
        lost += [Push(field, value, item.get("toString")) for item in others]
        if last < len(found) - 1:
            overruled.add(field)
    return lost, frozenset(overruled)


def is_of(item: Mapping[str, Any], field: str) -> bool:
    """Whether a line of a history is about one of our fields."""
    return NAMES[field] in (item.get("fieldId"), item.get("field"))


def _says(item: Mapping[str, Any], field: str, value: Any) -> bool:
    """Whether a change is one to this value; of a description a history keeps another form."""
    if field == "description":
        said, sent = wiki.text(item.get("toString")), value if isinstance(value, str) else adf.text(value)
        return said.startswith(sent or FOOTER) or said == sent
    if field == "status":
        return str(item.get("to")) in value
    wanted = "" if value is None else str(value)
    return wanted in (str(item.get("to") or ""), str(item.get("toString") or ""))


def _number(history: Mapping[str, Any]) -> int:
    number = str(history.get("id", ""))
    return int(number) if number.isdigit() else 0
