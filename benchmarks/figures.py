"""What a benchmark says: one line a figure, with its goal and whether it is met."""

from __future__ import annotations

_WIDTH = 66


def report(what: str, figure: float, *, at_most: float | None = None, at_least: float | None = None) -> None:
    """Print a ratio and its goal; without a goal the figure is there to be read."""
    if at_most is not None:
        _line(what, f"{figure:.3g}x", goal=f"<= {at_most:g}x", is_met=figure <= at_most)
    elif at_least is not None:
        _line(what, f"{figure:.3g}x", goal=f">= {at_least:g}x", is_met=figure >= at_least)
    else:
        _line(what, f"{figure:.3g}x", goal="", is_met=None)


def report_absolute(what: str, figure: float, *, unit: str, at_most: float = 0, at_least: float = 0) -> None:
    """Print a figure that has no other side: milliseconds, changes a second."""
    shown = f"{figure:.3g} {unit}" if figure < 1000 else f"{figure:,.0f} {unit}"
    if at_most:
        _line(what, shown, goal=f"<= {at_most:g} {unit}", is_met=figure <= at_most)
    elif at_least:
        _line(what, shown, goal=f">= {at_least:,.0f} {unit}", is_met=figure >= at_least)
    else:
        _line(what, shown, goal="", is_met=None)


def skipped(what: str, why: str) -> None:
    """Say what was not measured, and why."""
    print(f"  {what:<{_WIDTH}} skipped: {why}", flush=True)


def heading(text: str) -> None:
    """The title of a section."""
    print(f"\n{text}", flush=True)


def median(values: list[float]) -> float:
    """The middle one; of an even number the lower of the two."""
    return quantile(values, 0.5)


def quantile(values: list[float], part: float) -> float:
    """The value that `part` (0 to 1) of all lie at or below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(part * len(ordered)) - 1))]


def _line(what: str, figure: str, *, goal: str, is_met: bool | None) -> None:
    verdict = {True: "ok", False: "MISSED", None: ""}[is_met]
    print(f"  {what:<{_WIDTH}} {figure:>14}  {goal:<16} {verdict}".rstrip(), flush=True)
