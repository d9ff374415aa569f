"""The rule of a two-way sync, alone: field by field, which side moves, and which value loses. Touches nothing.

`ours` are a task's fields, `theirs` those of the object outside, each in the words of its own side; `base` is what both
said when they last agreed. After Benjamin Pierce's *What's in Unison?*: a side that did not change since then follows
the one that did, and two that changed differently are a conflict.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Side = Literal["ours", "theirs"]


class _Nothing:
    """No value at all, which is something else than an empty one."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = _Nothing()
"""What `Push.lost` and `Pull.lost` say when no value is lost, and `Rule.read` for a value we have no word for."""


class Agreed(NamedTuple):
    """What each side said of a field when both last agreed, in its own words."""

    ours: Any
    theirs: Any


def _same(value: Any) -> Any:
    return value


def _never(_value: Any) -> bool:
    return False


class Rule(NamedTuple):
    """How one field is kept in step.

    `leads` says whose field it is: a change on the other side of one that is `ours` or `theirs` loses; `both` follows
    whoever changed. `policy` settles what both changed: `park` leaves it to a person. `read` puts their value into our
    words (NOTHING if there is none for it), `write` ours into theirs; where several of their values are one of ours,
    none is ever replaced by its neighbour. `is_opaque` says that their value holds more than ours could give back, so
    that it is not overwritten. With `is_set` the value is a list merged by element, and `read` and `write` are for
    one element; the side that leads sees to its own elements, and the other one may have more.
    """

    leads: Literal["both", "ours", "theirs"] = "both"
    policy: Literal["park", "ours", "theirs"] = "park"
    read: Callable[[Any], Any] = _same
    write: Callable[[Any], Any] = _same
    is_opaque: Callable[[Any], bool] = _never
    is_set: bool = False


class Push(NamedTuple):
    """Their side is to get `value`, in their words, and loses what it said, unless `lost` is NOTHING."""

    field: str
    value: Any
    lost: Any = NOTHING


class Pull(NamedTuple):
    """Our side is to get `value`, in our words, and loses what it said, unless `lost` is NOTHING."""

    field: str
    value: Any
    lost: Any = NOTHING


class Conflict(NamedTuple):
    """Both sides changed the field, or the other one cannot be overwritten: a person has to say which one counts."""

    field: str
    ours: Any
    theirs: Any


class Agree(NamedTuple):
    """Nothing moves: both mean the same by now, and the base is to say so."""

    field: str
    ours: Any
    theirs: Any


Step: TypeAlias = Push | Pull | Conflict | Agree


def plan(
    base: Mapping[str, Agreed],
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    *,
    rules: Mapping[str, Rule],
    keep: Mapping[str, Side] = {},
) -> list[Step]:
    """Decide, field by field, in order of their names, which side moves.

    A field that has no rule, or that one side does not have at all, is left alone. `keep` is a person's word on
    fields in conflict, and counts for these only. Carried out, a plan leaves nothing to do: the next one is empty.
    """
    steps: list[Step] = []
    for field in sorted({*ours} & {*theirs} & {*rules}):
        sides = _Sides(field, rules[field], base.get(field), ours[field], theirs[field])
        steps += sides.steps(keep.get(field))
    return steps


def agreed_text(base: Mapping[str, Agreed]) -> str:
    """A base as text for `hub.links.save`."""
    return json.dumps({field: [each.ours, each.theirs] for field, each in base.items()}, ensure_ascii=False)


def agreed_from(text: str | None) -> dict[str, Agreed]:
    """The base that a text stands for; empty for none."""
    return {field: Agreed(*pair) for field, pair in json.loads(text or "{}").items()}


class _Sides(NamedTuple):
    """One field on both sides."""

    field: str
    rule: Rule
    base: Agreed | None
    ours: Any
    theirs: Any

    def steps(self, keep: Side | None) -> list[Step]:
        if self.base == (self.ours, self.theirs):
            return []
        if self._are_alike():
            return [Agree(self.field, self.ours, self.theirs)]
        return self._first(keep) if self.base is None else self._moved(self.base, keep)

    def _moved(self, base: Agreed, keep: Side | None) -> list[Step]:
        """Two sides that agreed once: who changed is followed, as far as the field is theirs to change."""
        is_ours_changed, is_theirs_changed = self.ours != base.ours, self.theirs != base.theirs
        if self.rule.is_set:
            return self._merged(base)
        if self.rule.leads == "both" and is_ours_changed and is_theirs_changed:
            return self._settled(keep)
        if self.rule.leads == "ours" or (self.rule.leads == "both" and is_ours_changed):
            return self._pushed(is_theirs_changed, keep=keep)
        # what only our side could hold goes with the change, although nobody changed it
        return self._pulled(is_ours_changed or self.rule.read(base.theirs) not in (base.ours, NOTHING))

    def _are_alike(self) -> bool:
        if self.rule.is_set:
            return sorted(map(self.rule.write, self.ours)) == sorted(self.theirs)
        return bool(self.rule.read(self.theirs) == self.ours or self.rule.write(self.ours) == self.theirs)

    def _first(self, keep: Side | None) -> list[Step]:
        """Two sides that never agreed: the one that says something counts, or the one that leads."""
        if self.rule.is_set:
            return self._merged(Agreed([], []))
        if self.rule.leads == "ours" or (self.rule.leads == "both" and self.theirs in _EMPTY):
            return self._pushed(self.theirs not in _EMPTY, keep=keep)
        if self.rule.leads == "theirs" or self.ours in _EMPTY:
            return self._pulled(self.ours not in _EMPTY)
        return self._settled(keep)

    def _settled(self, keep: Side | None) -> list[Step]:
        match keep or self.rule.policy:
            case "ours":
                return self._pushed(True, keep=keep)
            case "theirs":
                return self._pulled(True)
        return [Conflict(self.field, self.ours, self.theirs)]

    def _pushed(self, is_lost: bool, *, keep: Side | None) -> list[Step]:
        if self.rule.is_opaque(self.theirs) and keep != "ours":
            return self._pulled(True) if keep == "theirs" else [Conflict(self.field, self.ours, self.theirs)]
        is_gone = is_lost or self.rule.is_opaque(self.theirs)
        return [Push(self.field, self.rule.write(self.ours), self.theirs if is_gone else NOTHING)]

    def _pulled(self, is_lost: bool) -> list[Step]:
        value = self.rule.read(self.theirs)
        if value is NOTHING:
            return [Agree(self.field, self.ours, self.theirs)]  # they said what we have no word for: ours stays
        return [Pull(self.field, value, self.ours if is_lost else NOTHING)]

    def _merged(self, base: Agreed) -> list[Step]:
        """A set merged by element, compared in their words: what either side added or took away, if it is its to do."""
        here = {self.rule.write(each): each for each in self.ours}
        taken_away_here, taken_away_there = set[Any](), set[Any]()
        if self.rule.leads != "theirs":
            taken_away_here = {self.rule.write(each) for each in base.ours} - here.keys()
        if self.rule.leads != "ours":
            taken_away_there = set(base.theirs) - set(self.theirs)
        added_there = [each for each in self.theirs if each not in here and each not in taken_away_here]
        new = [word for word in map(self.rule.read, added_there) if word is not NOTHING]
        ours = _each_once([*(each for word, each in here.items() if word not in taken_away_there), *new])
        theirs = [each for each in self.theirs if each not in taken_away_here]
        theirs = _each_once([*theirs, *(word for word in here if word not in taken_away_there)])
        steps: list[Step] = [] if ours == self.ours or self.rule.leads == "ours" else [Pull(self.field, ours)]
        steps += [] if theirs == self.theirs or self.rule.leads == "theirs" else [Push(self.field, theirs)]
        return steps or [Agree(self.field, self.ours, self.theirs)]


_EMPTY: tuple[Any, ...] = (None, "", [])


def _each_once(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
