"""Words of one's own in notices: templates that fill the title and the text of a notice, never its JSON."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from jinja2 import ChainableUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment
from pydantic import AfterValidator, BaseModel, ConfigDict

from tm import Event, PermanentFailure, Snapshot
from tm_slack.text import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jinja2 import Template

    from tm_slack.notices import Notice

LONGEST = 2000
_FINALIZED, _SEPARATOR, _JOINED = 500, 50, 100
_TASK, _EVENT = tuple(Snapshot.__annotations__), tuple(Event.__annotations__)
DATA: Mapping[Notice, tuple[str, ...]] = {
    "created": (),
    "progress": ("note", "percent"),
    "blocked": ("reason",),
    "completed": ("summary", "validated", "verdicts"),
    "urgent": (),
    "rated": ("quality", "timeliness", "note"),
}
"""What `data` may hold, by the notice."""
_FILTERS = (
    "capitalize", "default", "first", "join", "last", "length", "lower", "round", "title", "trim", "upper",
)  # fmt: skip
# what a notice is made of: whatever loops, calls, computes or keeps something is not among it
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Filter,
    nodes.Test, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Const,
    nodes.Concat, nodes.List, nodes.Tuple, nodes.Keyword,
)  # fmt: skip


def _typed(value: Any) -> str:
    """What an expression puts into a template: literal, so that nothing a person typed pings or links."""
    return "" if value is None else literal(str(value), limit=_FINALIZED)


_ENVIRONMENT = SandboxedEnvironment(undefined=ChainableUndefined, finalize=_typed, autoescape=False)
_ENVIRONMENT.globals.clear()
_ENVIRONMENT.filters = {name: _ENVIRONMENT.filters[name] for name in _FILTERS}


def _join(values: Iterable[Any], separator: str = "") -> str:
    """The first of these, joined: what a template makes stays as long as a notice."""
    return str(separator)[:_SEPARATOR].join(str(each)[:_FINALIZED] for each in islice(values, _JOINED))[:LONGEST]


_ENVIRONMENT.filters["join"] = _join
# a value within <…> would choose whom or what that stands for; the task's page is ours to link to
_WITHIN_A_MARK = re.compile(r"<[^<>]*\{\{(?!-?\s*url\s*-?\}\})")


def _template(source: str) -> str:
    if len(source) > LONGEST:
        raise ValueError(f"has {len(source)} characters; at most {LONGEST} are a notice")
    if _WITHIN_A_MARK.search(source):
        raise ValueError("puts a value into <…>, where it could ping or link; write it outside")
    try:
        parsed = _ENVIRONMENT.parse(source)
        strange = next((each for each in parsed.find_all(nodes.Node) if not isinstance(each, _ALLOWED)), None)
        if strange is not None:
            raise ValueError(f"line {strange.lineno} holds {_named(strange)}, which has no place in a notice")
        _compiled(source)
    except TemplateSyntaxError as error:
        raise ValueError(f"cannot be read: line {error.lineno}: {error.message}") from None
    except TemplateError as error:
        raise ValueError(f"cannot be read: {error}") from None
    return source


def _named(node: nodes.Node) -> str:
    kinds = {"For": "a loop", "Assign": "set", "AssignBlock": "set", "Call": "a call", "With": "with"}
    name = type(node).__name__
    return kinds.get(name, "arithmetic" if isinstance(node, nodes.BinExpr | nodes.UnaryExpr) else name.lower())


def check(source: str, notice: Notice) -> None:
    """Raise ValueError at the first name of a template that this notice has nothing for."""
    known: dict[str, Any] = {
        "task": dict.fromkeys(_TASK),
        "data": dict.fromkeys(DATA[notice]),
        "url": None,
        "event": {**dict.fromkeys(_EVENT), "task": dict.fromkeys(_TASK), "data": dict.fromkeys(DATA[notice])},
    }
    for path in _paths(_ENVIRONMENT.parse(source)):
        _check(path, known)


def _check(path: tuple[str, ...], known: Any) -> None:
    for at, name in enumerate(path):
        if known is None:
            raise ValueError(f"asks for {'.'.join(path)!r}, but {'.'.join(path[:at])} has no parts")
        if name not in known:
            near = get_close_matches(name, known, n=1)
            there = ".".join(path[:at])
            has = (
                f"{there} has {', '.join(known) or 'nothing in this notice'}"
                if there
                else f"there are {', '.join(known)}"
            )
            raise ValueError(f"asks for {'.'.join(path)!r}; {f'did you mean {near[0]}?' if near else has}")
        known = known[name]


def _paths(node: nodes.Node) -> Iterator[tuple[str, ...]]:
    """Every dotted name in a template, the longest forms only."""
    path = _path(node)
    if path is not None:
        yield path
        return
    if isinstance(node, nodes.Getattr):
        raise ValueError("asks for more of a text or a filter's outcome than there is")
    for child in node.iter_child_nodes():
        yield from _paths(child)


def _path(node: nodes.Node) -> tuple[str, ...] | None:
    match node:
        case nodes.Name():
            return (node.name,)
        case nodes.Getattr():
            before, name = _path(node.node), node.attr
        case nodes.Getitem(arg=nodes.Const(value=str())):
            before, name = _path(node.node), node.arg.value  # type: ignore[attr-defined]  # a constant
        case _:
            return None
    return None if before is None else (*before, name)


Text = Annotated[str, AfterValidator(_template)]


class Words(BaseModel):
    """Templates (Jinja2) for the words of one kind of notice."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)

    title: Text | None = None
    """First line of the notice, in place of ours; `{{ task.title }}`, `{{ event.actor }}`, `{{ data.reason }}`."""
    text: Text | None = None
    """A paragraph below the facts, in place of the reason, note or summary."""


@lru_cache(100)
def _compiled(source: str) -> Template:
    return _ENVIRONMENT.from_string(source)


def fill(source: str, names: Mapping[str, Any]) -> str:
    """The template with these names filled in; what is not there is empty.

    Raises PermanentFailure, naming the template's mistake.
    """
    try:
        return _compiled(source).render(dict(names)).strip()
    except Exception as error:  # a filter may not bear what it is given
        raise PermanentFailure(
            f"The template {source[:60]!r} cannot be filled ({type(error).__name__}: {error}). "
            "Mend it under [plugins.slack.templates], then redeliver."
        ) from None
