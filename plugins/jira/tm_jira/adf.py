"""Plain text as an Atlassian document and back; what plain text cannot hold is noticed, not lost.

The format: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import count, groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Node = dict[str, Any]

CUT = "… (cut)"

# deeper than anybody nests by hand, and far from what Python's stack bears
_DEEPEST = 60
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF])
_CLEAN = _CONTROLS | str.maketrans("\n\t\r\u2028\u2029", "\n\t\n\n\n")
# what Jira writes out although it goes without saying
_DEFAULTS = {"order": 1, "colspan": 1, "rowspan": 1}
_INLINE = {
    "text", "hardBreak", "mention", "emoji", "date", "status", "inlineCard", "placeholder", "mediaInline",
    "inlineExtension",
}  # fmt: skip
_SIGNS = {"code": "`", "strong": "**", "em": "*", "strike": "~~"}


def cleaned(text: str) -> str:
    """A text that can be sent and shown: one kind of line end, no control characters, no half characters."""
    whole = text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return whole.replace("\r\n", "\n").translate(_CLEAN)


def normalised(text: str) -> str:
    """A text as `document` keeps it: cleaned, no blanks at line ends, single blank lines between paragraphs only."""
    lines = "\n".join(line.rstrip() for line in cleaned(text).split("\n"))
    return re.sub("\n{3,}", "\n\n", lines).strip("\n")


def units(text: str) -> int:
    """The length of a text in UTF-16 code units, the larger of the ways in which it may be counted."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def cut(text: str, limit: int) -> str:
    """A cleaned text within `limit` units; a visible mark stands for what was cut."""
    if units(text) <= limit:
        return text
    kept = text.encode("utf-16-le")[: 2 * max(0, limit - len(CUT))].decode("utf-16-le", "ignore")
    return kept.rstrip() + CUT


def document(text: str, *, limit: int = 32_000) -> Node:
    """A valid document of plain text: blank lines part paragraphs, a line end is a hard break.

    `text(document(t)) == normalised(t)`, unless more than `limit` units were cut, visibly.
    """
    return _plain(cut(normalised(text), limit))


def _plain(normal: str) -> Node:
    paragraphs = [_paragraph(each.split("\n")) for each in normal.split("\n\n")] if normal else []
    return _doc(paragraphs)


def _doc(content: list[Any]) -> Node:
    return {"type": "doc", "version": 1, "content": content}


def _paragraph(lines: list[str]) -> Node:
    return {"type": "paragraph", "content": _joined([[{"type": "text", "text": line}] for line in lines])}


def text(doc: object) -> str:
    """What people read in a document, in a Markdown-like form, normalised. Never raises, whatever stands there."""
    return normalised(_reading(canonical(doc)["content"]))


def is_plain(doc: object) -> bool:
    """Whether a document holds nothing but what `document(text(doc))` would give back."""
    return canonical(doc) == _plain(text(doc))


def canonical(doc: object) -> Node:
    """The same document without what Jira adds or drops by itself, for comparing.

    Documents that people cannot tell apart are equal in this form; empty paragraphs count as nothing.
    """
    blocks = _tidied(_content(doc), inside="doc", depth=0)
    return _doc([part for block in blocks for part in _parted(block)])


def with_footer(doc: object, line: str) -> Node:
    """The document with a last paragraph of its own that holds exactly this line."""
    said = " ".join(normalised(line).split("\n"))
    return _doc([*_content(doc), *([_paragraph([said])] if said else [])])


def without_footer(doc: object, line_start: str) -> Node:
    """The document without its last paragraphs that start so; everything else stays as it is.

    Where somebody joined the line to the last paragraph by a hard break, only the line goes.
    """
    content, start = _content(doc), " ".join(line_start.split())
    while start and (less := _one_footer_less(content, start)) is not None:
        content = less
    return _doc(content)


def _one_footer_less(content: list[Any], start: str) -> list[Any] | None:
    """What is left without the lines of the last paragraph that start so, or None if it has none."""
    for place in range(len(content) - 1, -1, -1):
        block = content[place]
        if not isinstance(block, dict) or block.get("type") != "paragraph":
            return None
        lines = _lines(_tidied(block.get("content"), inside="paragraph", depth=1))
        kept = [line for line in lines if not " ".join(_words(*line).split()).startswith(start)]
        if len(kept) < len(lines):
            rest = _joined(kept)
            return [*content[:place], *([{**block, "content": rest}] if rest else [])]
        if any(lines):
            return None
    return None


def _content(doc: object) -> list[Any]:
    """The blocks of whatever stands where a document should."""
    if isinstance(doc, str):
        doc = _plain(normalised(doc))
    if not isinstance(doc, dict):
        return []
    if doc.get("type") not in (None, "doc"):
        return [doc]
    content = doc.get("content")
    return content if isinstance(content, list) else []


def _tidied(nodes: object, *, inside: str, depth: int) -> list[Node]:
    there = [tidy for each in nodes if (tidy := _tidy(each, depth))] if isinstance(nodes, list) else []
    if inside == "codeBlock":
        return _merged(there)
    if any(each["type"] in ("text", "hardBreak") for each in there):
        return _joined(_lines(there))
    return there


def _tidy(node: object, depth: int) -> Node:
    """A node as people tell it from others; empty if there is nothing to see."""
    if isinstance(node, str):
        return _text_node(node, [])
    if not isinstance(node, dict):
        return {}
    kind = node.get("type")
    if kind == "hardBreak":
        return {"type": "hardBreak"}
    if kind == "text":
        return _text_node(_string(node.get("text")), _marks(node.get("marks")))
    if depth > _DEEPEST:
        return _text_node(_words(node), [])
    name = kind if isinstance(kind, str) and kind else "unknown"
    tidy = {
        "attrs": _attrs(node.get("attrs")),
        "content": _tidied(node.get("content"), inside=name, depth=depth + 1),
        "marks": _marks(node.get("marks")),
        "text": cleaned(_string(node.get("text"))),
    }
    return {"type": name} | {key: value for key, value in tidy.items() if value}


def _text_node(said: str, marks: list[Node]) -> Node:
    clean = cleaned(said)
    if not clean:
        return {}
    return {"type": "text", "text": clean} | ({"marks": marks} if marks else {})


def _marks(marks: object) -> list[Node]:
    tidy = [
        {"type": each["type"]} | ({"attrs": attrs} if (attrs := _attrs(each.get("attrs"))) else {})
        for each in (marks if isinstance(marks, list) else [])
        if isinstance(each, dict) and isinstance(each.get("type"), str)
    ]
    return sorted(tidy, key=lambda mark: json.dumps(mark, sort_keys=True, default=str))


def _attrs(attrs: object) -> Node:
    if not isinstance(attrs, dict):
        return {}
    copied = {str(key): _copied(value, depth=0) for key, value in attrs.items() if key != "localId"}
    return {key: value for key, value in copied.items() if value not in (None, "", [], {}, _DEFAULTS.get(key))}


def _copied(value: object, *, depth: int) -> Any:
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        return {str(key): _copied(each, depth=depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_copied(each, depth=depth + 1) for each in value]
    return cleaned(value) if isinstance(value, str) else value


def _lines(nodes: Iterable[Node]) -> list[list[Node]]:
    """What stands in a paragraph, line by line, each without blanks at its end."""
    lines: list[list[Node]] = [[]]
    for node in nodes:
        if node["type"] == "hardBreak":
            lines.append([])
        elif node["type"] != "text":
            lines[-1].append(node)
        else:
            first, *others = [{**node, "text": each} for each in node["text"].split("\n")]
            lines[-1].append(first)
            lines += [[each] for each in others]
    return [_trimmed(_merged(line)) for line in lines]


def _merged(nodes: list[Node]) -> list[Node]:
    """The nodes with neighbouring texts of the same looks made one."""
    merged: list[Node] = []
    for looks, run in groupby(nodes, key=lambda node: node.get("marks", []) if node["type"] == "text" else None):
        each = list(run)
        if looks is None:
            merged += each
        elif said := "".join(node["text"] for node in each):
            merged.append({**each[0], "text": said})
    return merged


def _trimmed(line: list[Node]) -> list[Node]:
    while line and line[-1]["type"] == "text":
        if kept := line[-1]["text"].rstrip():
            return [*line[:-1], {**line[-1], "text": kept}]
        line = line[:-1]
    return line


def _joined(lines: list[list[Node]]) -> list[Node]:
    """Lines with hard breaks between them, and none around them."""
    said = [place for place, line in enumerate(lines) if line]
    content: list[Node] = []
    for line in lines[said[0] : said[-1] + 1] if said else []:
        content += [{"type": "hardBreak"}, *line]
    return content[1:]


def _parted(block: Node) -> list[Node]:
    """A paragraph parted where people see a blank line; any other block as it is."""
    if block["type"] != "paragraph":
        return [block]
    runs = groupby(_lines(block.get("content", [])), key=bool)
    return [{**block, "content": _joined(list(lines))} for is_said, lines in runs if is_said]


def _reading(nodes: list[Node], *, between: str = "\n\n") -> str:
    """Blocks apart from each other, what stands within a line together."""
    parts: list[str] = []
    for is_inline, run in groupby(nodes, key=lambda node: node["type"] in _INLINE):
        said = [_read(node) for node in run]
        parts += ["".join(said)] if is_inline else said
    return between.join(part for part in parts if part)


def _read(node: Node) -> str:
    return _READERS.get(node["type"], _any)(node)


def _any(node: Node) -> str:
    """The title or words of a node and what it holds, be its kind known or not."""
    linked = {"attrs": node.get("attrs", {}).get("data")}
    own = node.get("text") or _attr(node, "text", "title", "shortName", "url") or _attr(linked, "url", "name")
    parts = [own, _reading(node.get("content", []))]
    return "\n\n".join(part for part in parts if part)


def _attr(node: Node, *names: str) -> str:
    attrs = node.get("attrs")
    found = (_string(attrs.get(name)) for name in names) if isinstance(attrs, dict) else ()
    return next((said for said in found if said), "")


def _string(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _words(*nodes: object) -> str:
    """The bare words of nodes, however deep they lie."""
    found, waiting = [], list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            found.append(_string(node))
            continue
        found.append("\n" if node.get("type") == "hardBreak" else _string(node.get("text")))
        content = node.get("content")
        waiting += reversed(content) if isinstance(content, list) else []
    return "".join(found)


def _line_of(node: Node) -> str:
    return "".join(_read(each) for each in node.get("content", []))


def _marked(node: Node) -> str:
    said = node["text"]
    core = said.strip()
    if not core or "marks" not in node:
        return str(said)
    shown, address = core, ""
    for mark in node["marks"]:
        sign = _SIGNS.get(mark["type"], "")
        shown = f"{sign}{shown}{sign}"
        address = _attr(mark, "href") if mark["type"] == "link" else address
    if address and address.removeprefix("mailto:").rstrip("/") != core.rstrip("/"):
        shown = f"[{shown}]({address})"
    return str(said).replace(core, shown, 1)


def _heading(node: Node) -> str:
    level = node.get("attrs", {}).get("level")
    signs = "#" * min(max(level, 1), 6) if isinstance(level, int) else "#"
    return f"{signs} {' '.join(_line_of(node).split())}"


def _list(node: Node) -> str:
    order = node.get("attrs", {}).get("order")
    numbers = count(order if isinstance(order, int) else 1)
    items = node.get("content", [])
    return "\n".join(_hung(_item(each), _bullet(each, node["type"], numbers)) for each in items)


def _item(node: Node) -> str:
    return _reading(node.get("content", []), between="\n") if node["type"].endswith("Item") else _read(node)


def _bullet(item: Node, kind: str, numbers: Iterator[int]) -> str:
    if item["type"].endswith("List"):
        return "  "
    if item["type"] == "taskItem":
        return "- [x] " if _attr(item, "state") == "DONE" else "- [ ] "
    return f"{next(numbers)}. " if kind == "orderedList" else "- "


def _hung(said: str, bullet: str) -> str:
    return bullet + said.replace("\n", "\n" + " " * len(bullet))


def fenced(code: str, language: str) -> str:
    """Code between fences that do not occur in it."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", code))])
    return f"{fence}{language}\n{code}\n{fence}"


def quoted(said: str) -> str:
    """A reading with each line marked as somebody else's words."""
    return "> " + said.replace("\n", "\n> ")


def _table(node: Node) -> str:
    rows = [row.get("content", []) for row in node.get("content", [])]
    return "\n".join(" | ".join(" ".join(_read(cell).split()) for cell in row) for row in rows)


def _mention(node: Node) -> str:
    return "@" + (_attr(node, "text", "id") or "someone").removeprefix("@")


def _date(node: Node) -> str:
    stamp = _attr(node, "timestamp")
    try:
        return datetime.fromtimestamp(int(stamp) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return stamp


_READERS: dict[str, Callable[[Node], str]] = {
    "text": _marked,
    "hardBreak": lambda _: "\n",
    "paragraph": _line_of,
    "heading": _heading,
    "bulletList": _list,
    "orderedList": _list,
    "taskList": _list,
    "decisionList": _list,
    "codeBlock": lambda node: fenced(_words(*node.get("content", [])), _attr(node, "language")),
    "blockquote": lambda node: quoted(_reading(node.get("content", []))),
    "rule": lambda _: "---",
    "table": _table,
    "media": lambda _: "[media]",
    "mediaInline": lambda _: "[media]",
    "mention": _mention,
    "date": _date,
}
