"""Choosing the transition that leads to a status, and what its screen asks for. Touches nothing.

After https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-get:
a transition may ask for fields, and its target may be left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from tm_jira.fields import status_of
from tm_jira.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tm_jira.words import Words


class Move(NamedTuple):
    """A transition to take: its id, what its screen is filled with, and name and id of the status it leads to."""

    id: str
    fields: Mapping[str, Any]
    to: str
    target: str


class NoWay(NamedTuple):
    """Why no transition leads to a status, for people."""

    reason: str


def move_to(
    word: str, offered: Sequence[Mapping[str, Any]], *, words: Words, required: Mapping[str, str]
) -> Move | NoWay:
    """The best transition to a status that says one of our words: the best name, then the fewest questions asked."""
    fitting = []
    for each in offered:
        rank = words.rank(target_of(each), word) if each.get("to") else None
        if rank is not None:
            fitting.append((rank, len(_questions(each)), str(each.get("id")), each))
    if not fitting:
        names = listed(dict.fromkeys(target_of(each)["name"] for each in offered if each.get("to")))
        return NoWay(f"Jira offers no way to {' or '.join(words.statuses[word])}, only to: {names}.")
    ways = [_taken(each[3], required) for each in sorted(fitting, key=lambda each: each[:3])]
    return next((way for way in ways if isinstance(way, Move)), ways[0])


def move_via(stops: Sequence[str], offered: Sequence[Mapping[str, Any]], *, required: Mapping[str, str]) -> Move | None:
    """A transition to the last of some statuses that can be reached now, on the way to one that cannot."""
    ways = (
        _taken(each, required)
        for stop in reversed(stops)
        for each in offered
        if each.get("to") and target_of(each)["name"].casefold() == stop.casefold()
    )
    return next((way for way in ways if isinstance(way, Move)), None)


def target_of(transition: Mapping[str, Any]) -> dict[str, str]:
    """The status a transition leads to, as `theirs` has them."""
    return status_of(transition.get("to"))


def _questions(transition: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The fields that a transition's screen insists on."""
    fields = transition.get("fields")
    asked = fields.items() if isinstance(fields, dict) else ()
    return {
        str(name): field
        for name, field in asked
        if isinstance(field, dict) and field.get("required") and not field.get("hasDefaultValue")
    }


def _taken(transition: Mapping[str, Any], required: Mapping[str, str]) -> Move | NoWay:
    given = {name.casefold(): value for name, value in required.items()}
    fields: dict[str, Any] = {}
    for name, field in _questions(transition).items():
        label = str(field.get("name") or name)
        value = given.get(name.casefold(), given.get(label.casefold()))
        to = target_of(transition)["name"]
        if value is None:
            return NoWay(
                f"The way to {to} needs {label}. Say it under [[plugins.jira.projects]]: "
                f'required = {{ {name} = "…" }}{_offered(field)}'
            )
        answer = _answer(field, value)
        if answer is None:
            return NoWay(f"The way to {to} does not take {value!r} as {label}{_offered(field)}")
        fields[name] = answer
    target = target_of(transition)
    return Move(str(transition.get("id")), fields, target["name"], target["id"])


def _answer(field: Mapping[str, Any], value: str) -> Any:
    """A value in the form its field takes; None if the field does not take it."""
    allowed = field.get("allowedValues")
    kind = str((field.get("schema") or {}).get("type", ""))
    if isinstance(allowed, list):
        chosen = next((each for each in allowed if value.casefold() in _names(each)), None)
        if chosen is None:
            return None
        one = {"id": str(chosen["id"])} if chosen.get("id") else {"name": value}
        return [one] if kind == "array" else one
    if kind == "number":
        try:
            return float(value) if math.isfinite(float(value)) else None
        except ValueError:
            return None
    return [value] if kind == "array" else value


def _names(allowed: Any) -> set[str]:
    if not isinstance(allowed, dict):
        return {str(allowed).casefold()}
    return {str(allowed[key]).casefold() for key in ("name", "value", "id") if allowed.get(key)}


def _offered(field: Mapping[str, Any]) -> str:
    allowed: Iterable[Any] = field.get("allowedValues") or ()
    names = [str(each.get("name") or each.get("value")) for each in allowed if isinstance(each, dict)]
    return f"; there are {listed(names)}." if names else "."
