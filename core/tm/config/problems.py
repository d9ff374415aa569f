"""One sentence out of what pydantic found wrong: where, which key, what, and the nearest real name."""

from __future__ import annotations

import re
import typing
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tm.config.lines import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

_SUBJECT = re.compile(r"^(?:Value error, |(?:Input|String|List|Tuple|Dictionary) (?=should ))")
_QUOTED = re.compile(r"'([^']*)'")
_TABLE = re.compile(r"a valid dictionary(?: or instance of \w+)?")


def first_problem(error: ValidationError, model: type[BaseModel]) -> tuple[tuple[str | int, ...], str]:
    """The place and the sentence, without a full stop, of the first mistake; never the value itself."""
    return problems(error, model)[0]


def problems(error: ValidationError, model: type[BaseModel]) -> list[tuple[tuple[str | int, ...], str]]:
    """The same of every mistake."""
    found = error.errors(include_url=False, include_context=False)
    # what is there and wrong goes first: a key that is missing may be the misspelled one
    found.sort(key=lambda each: each["type"] == "missing")
    return [_problem(each, model) for each in found]


def _problem(problem: ErrorDetails, model: type[BaseModel]) -> tuple[tuple[str | int, ...], str]:
    place = tuple(part for part in problem["loc"] if part != "[key]")
    key = dotted(place)
    if problem["type"] == "extra_forbidden":
        return place, f"{key} is not a setting{suggestion(str(place[-1]), names_beside(model, place))}"
    if problem["type"] == "missing":
        return place, f"{key} is missing"
    reason = _TABLE.sub("a table", _SUBJECT.sub("", problem["msg"]))
    if problem["type"] in ("tuple_type", "list_type"):
        field = field_at(model, place)
        of_tables = (
            "; its tables are written with two brackets: [[…]]" if field and model_inside(field.annotation) else ""
        )
        reason = f"should be a list{of_tables}"
    if problem["type"] == "literal_error":
        reason += _nearest_word(problem)
    return place, f"{key} {reason}" if key else reason


def _nearest_word(problem: ErrorDetails) -> str:
    near = get_close_matches(str(problem["input"])[:60], _QUOTED.findall(problem["msg"]), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` with the nearest of the known names, else the list of them; empty without any."""
    names = {each.lower(): each for each in sorted(known)}
    nearest = get_close_matches(name.lower(), names, n=1)
    if nearest:
        return f"; did you mean {names[nearest[0]]}?"
    return f"; there are {', '.join(names.values())}" if names else ""


def model_inside(annotation: Any) -> type[BaseModel] | None:
    """The first model named in a type, through lists, tables, options and annotations."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (model_inside(each) for each in typing.get_args(annotation))
    return next((model for model in inner if model), None)


def mentions(annotation: Any, wanted: tuple[type, ...]) -> bool:
    """Whether a type is, or is made of, one of the wanted classes."""
    if isinstance(annotation, type) and issubclass(annotation, wanted):
        return True
    return any(mentions(each, wanted) for each in typing.get_args(annotation))


def settings_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the names that people write: one that Python keeps for itself has an alias."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def field_at(model: type[BaseModel], place: Iterable[str | int]) -> FieldInfo | None:
    """The innermost field of a model, or of the models inside it, that a place passes through."""
    found: FieldInfo | None = None
    current: type[BaseModel] | None = model
    for part in place:
        field = settings_of(current).get(str(part)) if current else None
        if field:
            found, current = field, model_inside(field.annotation)
    return found


def names_beside(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """The real names of settings where the last part of a place stands; none inside a free table."""
    field = field_at(model, place[:-1])
    inner = model_inside(field.annotation) if field else model
    return list(settings_of(inner)) if inner else []
