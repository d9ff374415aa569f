"""Plain text as the wiki markup of Jira Data Center and back; what plain text cannot hold is noticed.

The notation: https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
"""

from __future__ import annotations

import re
from bisect import bisect
from html import unescape
from typing import TYPE_CHECKING

from tm_jira.adf import cleaned, cut, fenced, normalised, quoted, units

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["is_plain", "markup", "normalised", "text", "with_footer", "without_footer"]

_NO_WORD_BEFORE, _NO_WORD_AFTER = r"(?<![^\W_])", r"(?![^\W_])"
_SIGN = r"[-#*_+?^~|%{}\[\]()!@]"
_ENTITY = r"&(?:\#\d{1,7}|\#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});"
# Jira makes a link of an address before it looks for anything else in it
_URL = rf"{_NO_WORD_BEFORE}https?://(?:[^\s\\{{}}\[\]|&\"<>]|&(?=\w+=))+"
_ICON = r"\((?:[xiyn!?+/-]|\*[rgby]?|on|off)\)"
_LIST = r"(?!-{2,3}\s)[*#-]{1,20}(?=[^\S\n])"
_CITED = rf"{_NO_WORD_BEFORE}\?(?=\?[^\s?\\])"
_MACRO = r"\{(?:code|noformat|quote|color|panel|info|note|tip|warning|expand|anchor|toc)(?::[^}\n]*)?\}"

_LITERALLY = rf"(?P<url>{_URL})|(?P<escaped>(?<!\\)\\{_SIGN})|(?P<entity>(?i:{_ENTITY}))"
_LITERAL = re.compile(_LITERALLY)
_TOKEN = re.compile(
    rf"""{_LITERALLY}
    |(?P<newline>(?<!\\)\\\\(?!\S{{0,300}}\\))
    |(?P<mono>\{{\{{[^{{}}\n]+\}}\}})
    |(?P<macro>{_MACRO})
    |(?P<link>\[[^\[\]\n]+\])
    |(?P<media>{_NO_WORD_BEFORE}!(?=\S)[^!\n|]+\.\w{{2,5}}(?:\|[^!\n]*)?!{_NO_WORD_AFTER})
    |(?P<phrase>{_NO_WORD_BEFORE}(?<!\\)(?P<sign>[*_+^~-])(?=\S)(?:(?!(?P=sign)).)+(?<![\s\\])(?P=sign){_NO_WORD_AFTER})
    """,
    re.VERBOSE,
)
_BLOCK = re.compile(
    r"(?<!\\)\{(?P<kind>code|noformat|quote)(?::(?P<how>[^}\n]*))?\}(?P<said>.*?)(?<!\\)\{(?P=kind)(?::[^}\n]*)?\}",
    re.DOTALL,
)
_ITEM = re.compile(rf"\s*(?P<signs>{_LIST})\s+(?P<said>.*)")
_TITLE = re.compile(r"\s*(?:h(?P<level>[1-6])|bq)\.\s+(?P<said>.*)")
_RULE = re.compile(r"\s*-{4,}\s*")
_CELL = re.compile(r"(?:\[[^\[\]]*\]|\\.|[^|])+")
_MORE = re.compile(rf"^[^\S\n]*{_LIST}|\{{\w|{_ICON}|{_CITED}", re.MULTILINE)

_SPOT = re.compile(
    rf"""(?P<url>{_URL})|[{{\[]|\\(?={_SIGN}|\\)|(?={_ICON})\(|(?i:(?={_ENTITY})&)
    |{_CITED}|{_NO_WORD_BEFORE}(?P<open>[*_+^~!-])(?=\S)""",
    re.VERBOSE,
)
_CLOSER = re.compile(rf"(?<=\S)[*_+^~!-]{_NO_WORD_AFTER}")
_START = re.compile(rf"(?:h[1-6]|bq)(?P<dot>\.)|{_LIST}|-{{4,}}$|\|")
# a backslash can stand for itself only where nothing follows that it would escape
_AS_ENTITY = {"\\": "&#92;", "&": "&amp;", ".": "&#46;"}


def markup(text: str, *, limit: int = 32_000) -> str:
    """Plain text as markup that shows it as typed, within `limit` units; a visible mark stands for what was cut."""
    normal = normalised(text)
    if units(whole := _escaped(normal)) <= limit:
        return whole
    room = bisect(range(limit + 1), limit, key=lambda each: units(_escaped(cut(normal, each)))) - 1
    return _escaped(cut(normal, room))


def text(markup: str | None) -> str:
    """What people read in wiki markup, in a Markdown-like form, normalised. Never raises, whatever stands there."""
    whole, parts, end = cleaned(markup or ""), [], 0
    for block in _BLOCK.finditer(whole):
        parts += [_lines(whole[end : block.start()]), _block(block)]
        end = block.end()
    return normalised("\n\n".join([*parts, _lines(whole[end:])]))


def is_plain(markup: str | None) -> bool:
    """Whether markup shows nothing but what is typed there: writing our text back would lose nothing."""
    whole = cleaned(markup or "")
    typed = normalised(_LITERAL.sub(_shown, whole))
    return text(whole) == typed and not _MORE.search(_LITERAL.sub(r"\\", whole))


def with_footer(markup: str | None, line: str) -> str:
    """The markup with a last paragraph of its own that shows exactly this line."""
    said = _escaped(" ".join(normalised(line).split("\n")))
    return "\n\n".join(part for part in ((markup or "").rstrip(), said) if part)


def without_footer(markup: str | None, line_start: str) -> str:
    """The markup without the lines of its last paragraphs that start so; everything else stays as it is."""
    lines, start = re.split("\r\n|\r|\n", markup or ""), " ".join(line_start.split())
    kept = markup or ""
    while start and (less := _one_footer_less(lines, start)) is not None:
        lines, kept = less, "\n".join(less).rstrip()
    return kept


def _one_footer_less(lines: list[str], start: str) -> list[str] | None:
    """What is left without the lines of the last paragraph that start so, or None if it has none."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    first = end
    while first and lines[first - 1].strip():
        first -= 1
    kept = [line for line in lines[first:end] if not " ".join(text(line).split()).startswith(start)]
    return lines[:first] + kept if len(kept) < end - first else None


def _escaped(normal: str) -> str:
    return "\n".join(_escaped_line(line) for line in normal.split("\n"))


def _escaped_line(line: str) -> str:
    """A line with a backslash or an entity wherever Jira would show something else than what is typed."""
    closers = {found[0]: found.start() for found in _CLOSER.finditer(line)}
    spots = [
        found.start()
        for found in _SPOT.finditer(line)
        if not found["url"] and (not found["open"] or found.start() + 1 < closers.get(found["open"], 0))
    ]
    if start := _START.match(line, len(line) - len(line.lstrip())):
        spots.append(start.start("dot") if start["dot"] else start.start())
    swaps = {spot: _AS_ENTITY.get(line[spot], f"\\{line[spot]}") for spot in spots}
    return "".join(swaps.get(place, sign) for place, sign in enumerate(line)) if swaps else line


def _block(found: re.Match[str]) -> str:
    if found["kind"] == "quote":
        return quoted(normalised(_lines(found["said"])))
    language = next((each for each in (found["how"] or "").split("|") if "=" not in each), "")
    return fenced(found["said"].strip("\n"), language.strip())


def _lines(said: str) -> str:
    shown: list[str] = []
    numbers: dict[str, int] = {}
    for line in said.split("\n"):
        if item := _ITEM.match(line):
            shown.append(_bullet(item["signs"], numbers) + _inline(item["said"]))
        else:
            numbers.clear()
            shown.append(_line(line))
    return "\n".join(shown)


def _bullet(signs: str, numbers: dict[str, int]) -> str:
    """The indented bullet of a list item; `numbers` counts the items of the lists it lies in."""
    for deeper in [each for each in numbers if len(each) > len(signs)]:
        del numbers[deeper]
    numbers[signs] = numbers.get(signs, 0) + 1
    indent = "".join("   " if sign == "#" else "  " for sign in signs[:-1])
    return indent + (f"{numbers[signs]}. " if signs[-1] == "#" else "- ")


def _line(line: str) -> str:
    if title := _TITLE.match(line):
        return f"{'#' * int(title['level']) if title['level'] else '>'} {_inline(title['said'])}"
    if _RULE.fullmatch(line):
        return "---"
    if line.lstrip().startswith("|"):
        return " | ".join(_inline(cell.strip()) for cell in _CELL.findall(line) if cell.strip())
    return _inline(line)


def _inline(said: str) -> str:
    return _TOKEN.sub(_shown, said)


def _shown(found: re.Match[str]) -> str:
    return _SHOWN[found.lastgroup or "url"](found[0])


def _link(said: str) -> str:
    label, *rest = said[1:-1].split("|")
    if label.startswith("~"):
        return "@" + label[1:].removeprefix("accountid:")
    if not rest:
        is_address = re.match(r"\w+://|mailto:", label)
        return label.removeprefix("mailto:") if is_address else label[1:] if label.startswith("^") else said
    shown, address = _inline(label), rest[0].strip()
    is_same = shown.rstrip("/") in ("", address.removeprefix("mailto:").rstrip("/"))
    return address.removeprefix("mailto:") if is_same else f"[{shown}]({address})"


def _phrase(said: str) -> str:
    sign = {"*": "**", "_": "*", "-": "~~"}.get(said[0], "")
    return f"{sign}{_inline(said[1:-1])}{sign}"


_SHOWN: dict[str, Callable[[str], str]] = {
    "url": str,
    "escaped": lambda said: said[1:],
    "entity": unescape,
    "newline": lambda _: "\n",
    "mono": lambda said: f"`{said[2:-2]}`",
    "macro": lambda _: "",
    "link": _link,
    "media": lambda _: "[media]",
    "phrase": _phrase,
}
