"""The rule of a two-way sync, alone: which side of a field moves. Touches nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Push:
    """The file is to get the task's value."""

    field: str
    value: Any


@dataclass(frozen=True)
class Pull:
    """The task is to get the file's value."""

    field: str
    value: Any


@dataclass(frozen=True)
class Conflict:
    """Both sides changed the field since they last agreed."""

    field: str
    ours: Any
    theirs: Any

    def settled(self, winner: Literal["tm", "file"]) -> Push | Pull:
        """The step that gives both sides the winner's value."""
        return Push(self.field, self.ours) if winner == "tm" else Pull(self.field, self.theirs)


def plan(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Push | Pull | Conflict]:
    """Decide, field by field, which side moves. `base` is what both agreed on last; an absent field is None."""
    steps: list[Push | Pull | Conflict] = []
    for field in sorted({*base, *ours, *theirs}):
        was, here, there = base.get(field), ours.get(field), theirs.get(field)
        if here == there:
            continue
        if there == was:
            steps.append(Push(field, here))
        elif here == was:
            steps.append(Pull(field, there))
        else:
            steps.append(Conflict(field, here, there))
    return steps


def settle(steps: Iterable[Push | Pull | Conflict], *, winner: Literal["tm", "file"]) -> list[Push | Pull]:
    """The same steps with every conflict settled for one side."""
    return [step.settled(winner) if isinstance(step, Conflict) else step for step in steps]
