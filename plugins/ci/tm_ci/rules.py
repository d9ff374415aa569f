"""How several values of one name become one: of several files, matrix legs and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tm_ci.readers.reading import Reading

    Value: TypeAlias = int | float | str | bool | None

Rule: TypeAlias = Literal["min", "max", "sum", "last", "same"]
RULES: tuple[str, ...] = get_args(Rule)

_WORST: tuple[tuple[str, str], ...] = (
    ("_coverage", "min"), ("_rate", "min"), ("_exit_code", "max"), ("_count", "sum"), ("_bytes", "sum"),
    ("_seconds", "max"),
)  # fmt: skip
_ADDED = ("test_failures", "test_skipped")


def default_rule(name: str) -> str:
    """The rule of a name nobody gave one: the worst for what has a worst, the sum of counts, else all must agree."""
    if name in _ADDED or (name.startswith("security_") and "_rate" not in name):
        return "sum"
    return next((rule for ending, rule in _WORST if name.endswith(ending)), "same")


def combined(values: Sequence[Value], rule: str) -> tuple[Value, str]:
    """One value for many, oldest first, and why it is unknown if it is; one unknown part makes the whole unknown."""
    if not values:
        return None, "nothing was measured"
    if any(_is_unknown(each) for each in values):
        return None, "a part of it is unknown"
    numbers = [each for each in values if isinstance(each, int | float) and not isinstance(each, bool)]
    if rule == "last" or (rule != "sum" and _agree(values)) or len(values) == 1:
        return values[-1], ""
    if rule in _JOINED and len(numbers) == len(values):
        return _JOINED[rule](numbers), ""
    if _agree(values):  # words that are to be added: the same word
        return values[-1], ""
    shown = ", ".join(str(each)[:40] for each in values[:5])
    return None, f"its parts disagree ({shown}); say how to join them with a rule: min, max, sum or last"


_JOINED: dict[str, Callable[[list[int | float]], int | float]] = {"min": min, "max": max, "sum": sum}


def _agree(values: Sequence[Value]) -> bool:
    return all(type(each) is type(values[0]) and each == values[0] for each in values)


def _is_unknown(value: Value) -> bool:
    return value is None or (isinstance(value, float) and value - value != 0)


def renamed(reading: Reading, names: dict[str, str]) -> Reading:
    """The values under the names that the settings give them."""
    return {names.get(name, name): value for name, value in reading.items()}
