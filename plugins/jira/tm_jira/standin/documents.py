"""Atlassian documents as the stand-in sees them: whether one is valid, its text in wiki markup, one made of text.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_TEXT = 32_767

_INLINE = {"text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "mediaInline", "placeholder"}
_LISTS = {"bulletList", "orderedList"}
_MEDIA = {"mediaSingle", "mediaGroup"}
_IN_CELL = {
    "paragraph", "panel", "blockquote", "rule", "heading", "codeBlock", "taskList", "decisionList", "blockCard",
    "nestedExpand", "embedCard", *_LISTS, *_MEDIA,
}  # fmt: skip
_CHILDREN: dict[str, set[str]] = {
    "doc": (_IN_CELL - {"nestedExpand"}) | {"table", "expand"},
    "paragraph": _INLINE,
    "heading": _INLINE,
    "caption": _INLINE,
    "taskItem": _INLINE,
    "decisionItem": _INLINE,
    "blockquote": {"paragraph", "codeBlock", *_LISTS, *_MEDIA},
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": {"paragraph", "codeBlock", "mediaSingle", "taskList", *_LISTS},
    "codeBlock": {"text"},
    "panel": {"paragraph", "heading", "blockCard", "codeBlock", "taskList", "rule", "decisionList", *_LISTS, *_MEDIA},
    "table": {"tableRow"},
    "tableRow": {"tableCell", "tableHeader"},
    "tableCell": _IN_CELL,
    "tableHeader": _IN_CELL,
    "mediaSingle": {"media", "caption"},
    "mediaGroup": {"media"},
    "taskList": {"taskItem", "taskList"},
    "decisionList": {"decisionItem"},
    "expand": _IN_CELL,
    "nestedExpand": _IN_CELL - {"panel", "blockquote", "nestedExpand"},
}
_LEAVES = {"rule", "media", "blockCard", "embedCard", *_INLINE}
_NOT_EMPTY = {
    "bulletList", "orderedList", "listItem", "blockquote", "panel", "table", "mediaSingle", "mediaGroup", "taskList",
    "decisionList", "expand", "nestedExpand",
}  # fmt: skip
_OPEN = "".join(("TO", "DO"))  # in one word it would mark unfinished work, and of that there is none here
_NEEDS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "heading": {"level": lambda value: value in range(1, 7) and not isinstance(value, bool)},
    "mention": {"id": lambda value: isinstance(value, str)},
    "emoji": {"shortName": lambda value: isinstance(value, str)},
    "panel": {"panelType": lambda value: value in ("info", "note", "tip", "warning", "error", "success", "custom")},
    "media": {"type": lambda value: value in ("file", "link", "external")},
    "taskList": {"localId": lambda value: isinstance(value, str)},
    "taskItem": {
        "localId": lambda value: isinstance(value, str),
        "state": lambda value: value in (_OPEN, "DONE"),
    },
    "date": {"timestamp": lambda value: isinstance(value, str)},
    "status": {"text": lambda value: isinstance(value, str), "color": lambda value: isinstance(value, str)},
}
_MAY: dict[str, dict[str, type]] = {
    "codeBlock": {"language": str, "uniqueId": str, "localId": str},
    "orderedList": {"order": int, "localId": str},
}
_MARKS = {"strong", "em", "code", "link", "strike", "underline", "subsup", "textColor", "backgroundColor", "annotation"}
_BESIDE_CODE = {"code", "link", "annotation"}
_BLOCK_MARKS = {"alignment", "indentation", "breakout", "border", "fontSize"}
_KEYS = {"type", "content", "attrs", "marks", "text", "version"}


def problem(document: Any) -> str | None:
    """Why Jira would refuse a document, or None if it would take it."""
    if not isinstance(document, dict):
        return "an Atlassian document is an object, not text"
    if document.get("type") != "doc" or document.get("version") != 1 or isinstance(document.get("version"), bool):
        return "the outermost node must be a doc of version 1"
    if "content" not in document:
        return "doc has no content"
    return next(_problems(document, within=None), None)


def _problems(node: Any, *, within: str | None) -> Iterator[str]:
    if not isinstance(node, dict) or not isinstance(node.get("type"), str):
        yield f"a node of {within} is no object with a type"
        return
    kind: str = node["type"]
    if within is not None and kind not in _CHILDREN[within]:
        yield f"{kind} may not stand in {within}"
        return
    if odd := sorted(set(node) - _KEYS):
        yield f"{kind} has an unknown key {odd[0]}"
    if within is not None and "version" in node:
        yield f"{kind} has a version; only doc has"
    yield from _wrong_attributes(node)
    yield from _wrong_marks(node, within=within)
    yield from _wrong_content(node)


def _wrong_content(node: dict[str, Any]) -> Iterator[str]:
    kind, content = node["type"], node.get("content", [])
    if kind == "text":
        if not isinstance(node.get("text"), str) or not node["text"]:
            yield "a text node must have text"
    elif "text" in node:
        yield f"{kind} has text; only text nodes have"
    elif kind in _LEAVES:
        if "content" in node:
            yield f"{kind} has content"
    elif not isinstance(content, list):
        yield f"the content of {kind} is no list"
    else:
        yield from _wrong_children(kind, content)


def _wrong_children(kind: str, content: list[Any]) -> Iterator[str]:
    if kind in _NOT_EMPTY and not content:
        yield f"{kind} is empty"
    if kind in ("listItem", "taskList") and content and isinstance(content[0], dict):
        yield from _wrong_first(kind, str(content[0].get("type")))
    for child in content:
        yield from _problems(child, within=kind)


def _wrong_first(kind: str, first: str) -> Iterator[str]:
    if (kind == "listItem" and first in _LISTS) or (kind == "taskList" and first == "taskList"):
        yield f"{kind} begins with {first}"


def _wrong_attributes(node: dict[str, Any]) -> Iterator[str]:
    kind, attrs = node["type"], node.get("attrs", {})
    if not isinstance(attrs, dict):
        yield f"the attrs of {kind} are no object"
        return
    for name, is_right in _NEEDS.get(kind, {}).items():
        if not is_right(attrs.get(name)):
            yield f"{kind} needs a valid {name}"
    for name, value in attrs.items():
        if kind in _MAY and not isinstance(value, _MAY[kind].get(name, ())):
            yield f"{kind} has a wrong {name}"
    if kind in ("inlineCard", "blockCard") and not {"url", "data", "datasource"} & set(attrs):
        yield f"{kind} needs a url"


def _wrong_marks(node: dict[str, Any], *, within: str | None) -> Iterator[str]:
    kind, marks = node["type"], node.get("marks", [])
    if not isinstance(marks, list) or not all(isinstance(each, dict) for each in marks):
        yield f"the marks of {kind} are no list of objects"
        return
    names = [str(each.get("type")) for each in marks]
    known = _MARKS if kind in _INLINE or kind == "media" else _BLOCK_MARKS
    if names and within == "codeBlock":
        yield "text in codeBlock has marks"
    if odd := sorted(set(names) - known - {"border"}):
        yield f"{kind} may not be marked {odd[0]}"
    if len(set(names)) < len(names):
        yield f"{kind} is marked twice alike"
    if "code" in names and set(names) - _BESIDE_CODE:
        yield "text marked code is marked otherwise too"
    if any(each.get("type") == "link" and not _href(each) for each in marks):
        yield "a link needs a href"


def _href(mark: dict[str, Any]) -> str:
    attrs = mark.get("attrs")
    href = attrs.get("href") if isinstance(attrs, dict) else None
    return href if isinstance(href, str) else ""


def of_text(text: str) -> dict[str, Any]:
    """A valid document that shows a text: paragraphs between empty lines, breaks within them."""
    blocks = [_paragraph(part.split("\n")) for part in text.split("\n\n")] if text else []
    return {"type": "doc", "version": 1, "content": blocks}


def _paragraph(lines: list[str]) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for at, line in enumerate(lines):
        content += [{"type": "hardBreak"}] if at else []
        content += [{"type": "text", "text": line}] if line else []
    return {"type": "paragraph", "content": content} if content else {"type": "paragraph"}


def markup(document: dict[str, Any] | None) -> str | None:
    """A document as Jira writes it in wiki markup, in version 2 of its API and in webhooks; roughly."""
    return None if document is None else _blocks(document, "\n\n")


def length(document: dict[str, Any]) -> int:
    """How much text a document holds, in characters."""
    own = len(document.get("text", ""))
    return own + sum(length(child) for child in document.get("content", []))


def _blocks(node: dict[str, Any], between: str = "\n") -> str:
    return between.join(_block(child) for child in node.get("content", []))


def _block(node: dict[str, Any], bullets: str = "") -> str:
    kind = node["type"]
    if kind in _LISTS:
        return _list(node, bullets + ("*" if kind == "bulletList" else "#"))
    if kind in _WRITTEN:
        return _WRITTEN[kind](node)
    return _blocks(node) if _is_made_of_blocks(node) else _inline(node)


def _heading(node: dict[str, Any]) -> str:
    return f"h{node['attrs']['level']}. {_inline(node)}"


def _code(node: dict[str, Any]) -> str:
    language = node.get("attrs", {}).get("language")
    return f"{{code{':' if language else ''}{language or ''}}}\n{_inline(node)}\n{{code}}"


def _row(node: dict[str, Any]) -> str:
    return "|" + "|".join(_blocks(cell, " ") for cell in node.get("content", [])) + "|"


def _media(node: dict[str, Any]) -> str:
    attrs = node["attrs"]
    return f"!{attrs.get('alt') or attrs.get('id') or attrs.get('url', '')}!"


_WRITTEN: dict[str, Callable[[dict[str, Any]], str]] = {
    "heading": _heading,
    "codeBlock": _code,
    "blockquote": lambda node: f"{{quote}}\n{_blocks(node)}\n{{quote}}",
    "panel": lambda node: f"{{panel}}\n{_blocks(node)}\n{{panel}}",
    "tableRow": _row,
    "rule": lambda _: "----",
    "media": _media,
}


def _is_made_of_blocks(node: dict[str, Any]) -> bool:
    return not _CHILDREN.get(node["type"], _INLINE) & _INLINE


def _list(node: dict[str, Any], bullets: str) -> str:
    lines = []
    for entry in node["content"]:
        first, *rest = entry["content"]
        lines += [f"{bullets} {_block(first)}", *(_block(child, bullets) for child in rest)]
    return "\n".join(lines)


def _inline(node: dict[str, Any]) -> str:
    return "".join(_piece(child) for child in node.get("content", []))


def _piece(node: dict[str, Any]) -> str:
    attrs = node.get("attrs", {})
    match node["type"]:
        case "text":
            return _marked(node)
        case "hardBreak":
            return "\n"
        case "mention":
            return f"[~accountid:{attrs['id']}]"
        case "inlineCard":
            return f"[{attrs.get('url', '')}|smart-link]"
    return str(attrs.get("text") or attrs.get("shortName") or attrs.get("timestamp") or "")


def _marked(node: dict[str, Any]) -> str:
    text: str = node["text"]
    signs = {"strong": ("*", "*"), "em": ("_", "_"), "strike": ("-", "-"), "underline": ("+", "+")}
    for mark in node.get("marks", []):
        before, after = signs.get(mark["type"], ("", ""))
        if mark["type"] == "code":
            before, after = "{{", "}}"
        if mark["type"] == "link":
            before, after = "[", f"|{_href(mark)}]"
        text = f"{before}{text}{after}"
    return text
