"""The map of people: who is who in the tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping


class Person(Value):
    """One entry of `[people.<alias>]`: the same person's names in the tools."""

    alias: str
    email: str | None = None
    slack: str | None = None
    jira: str | None = None


class People:
    """The one map of people, searched by any of their names, without regard to case."""

    def __init__(self, people: Mapping[str, Mapping[str, str]]) -> None:
        self._people = [Person(alias=alias, **fields) for alias, fields in people.items()]

    def find(self, name: str | None) -> Person | None:
        """The person known by this alias, e-mail address or account, or None."""
        wanted = (name or "").lower()
        for person in self._people:
            names = (person.alias, person.email, person.slack, person.jira)
            if wanted and wanted in [each.lower() for each in names if each]:
                return person
        return None
