"""Words of one's own in notices: templates that fill the title and the text of a notice, never its JSON."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment
from pydantic import AfterValidator, BaseModel, ConfigDict

from tm import PermanentFailure
from tm_slack.text import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template

NAMES = ("task", "event", "data", "url")
LONGEST = 2000
_FINALIZED = 500


def _typed(value: Any) -> str:
    """What an expression puts into a template: literal, so that nothing a person typed pings or links."""
    return "" if value is None else literal(str(value), limit=_FINALIZED)


class _Slots(SandboxedEnvironment):
    """Names, tests, loops and a few filters: a notice is told, not computed."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, _context: object, operator: str, *_operands: object) -> Any:
        raise SecurityError(f"{operator} has no place in a notice")

    def is_safe_callable(self, _called: object) -> bool:
        return False


_ENVIRONMENT = _Slots(undefined=StrictUndefined, finalize=_typed, autoescape=False)
_ENVIRONMENT.globals.clear()
_ENVIRONMENT.filters = {
    name: _ENVIRONMENT.filters[name]
    for name in ("capitalize", "default", "first", "join", "last", "length", "lower", "round", "title", "trim", "upper")
}


_STRANGE = (
    nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block, nodes.Macro, nodes.CallBlock,
)  # fmt: skip


def _template(source: str) -> str:
    if len(source) > LONGEST:
        raise ValueError(f"has {len(source)} characters; at most {LONGEST} are a notice")
    try:
        parsed = _ENVIRONMENT.parse(source)
        asked = meta.find_undeclared_variables(parsed)
        _compiled(source)
    except TemplateSyntaxError as error:
        raise ValueError(f"cannot be read: line {error.lineno}: {error.message}") from None
    except TemplateError as error:
        raise ValueError(f"cannot be read: {error}") from None
    if strange := next(parsed.find_all(_STRANGE), None):
        raise ValueError(f"holds {type(strange).__name__.lower()}, which has no place in a notice")
    if odd := sorted(asked - set(NAMES)):
        raise ValueError(f"asks for {odd[0]!r}; there are {', '.join(NAMES)}")
    return source


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
    """The template with these names filled in. Raises PermanentFailure, naming the template's mistake."""
    try:
        return _compiled(source).render(dict(names)).strip()
    except Exception as error:  # a template may do anything that its names do not bear
        raise PermanentFailure(
            f"The template {source[:60]!r} cannot be filled ({type(error).__name__}: {error}). "
            "Mend it under [plugins.slack.templates], then redeliver."
        ) from None
