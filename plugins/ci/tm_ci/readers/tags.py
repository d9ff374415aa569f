"""XML read tag by tag, without a tree, entities or anything fetched from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from tm_ci.readers.reading import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Tag:
    """An opening tag: its name without namespace, its attributes, and how deep it stands (the root at 0)."""

    name: str
    attributes: Mapping[str, str]
    depth: int


def tags_of(report: bytes) -> list[Tag]:
    """Every opening tag, in order. Raises Unreadable when the XML is empty, cut off, or declares entities."""
    if not report.strip():
        raise Unreadable("it is empty")
    found: list[Tag] = []
    depth = 0

    def opened(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        found.append(Tag(name=name.rpartition("}")[2], attributes=attributes, depth=depth))
        depth += 1

    def closed(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(report, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable(f"it is no complete XML ({error})") from None
    return found


def _refuse(*_: Any) -> None:
    raise Unreadable("it declares entities, which no report needs")
