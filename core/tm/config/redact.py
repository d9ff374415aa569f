"""Taking secrets out of a text before it is stored or shown."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "***"

_SHORTEST = 4
_SHORTEST_PATH = 8


class Redactor:
    """Knows the secrets of one plugin, in the forms in which they turn up in errors and log lines.

    Forms: plain, URL-encoded, escaped for JSON, HTML and Python, base64 (both alphabets, also inside a longer
    text such as a Basic header), and the path of a secret address. Secrets of fewer than 4 characters are
    left alone.
    """

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        self._forms = _longest_first(form for form in forms if len(form) >= _SHORTEST)

    @classmethod
    def of_all(cls, redactors: Iterable[Redactor]) -> Redactor:
        """One that knows what all of them know: a plugin's error may hold another plugin's secret."""
        joined = cls(())
        joined._forms = _longest_first({form for each in redactors for form in each._forms})
        return joined

    def clean(self, text: str, limit: int = 2000) -> str:
        """The text with every secret replaced by `***`, cut to at most `limit` characters.

        Halves of characters, as in undecodable file names, become `?`: no store takes them.
        """
        for form in self._forms:
            text = text.replace(form, MASK)
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode("utf-8")
        return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"[:limit]


def _longest_first(forms: Iterable[str]) -> list[str]:
    return sorted(forms, key=lambda form: (-len(form), form))


def _forms(secret: str) -> Iterator[str]:
    for text in (secret, *_paths(secret)):
        yield text
        for safe in ("", "/", "/:"):
            yield quote(text, safe=safe, errors="replace")
            yield _lower_hex(quote(text, safe=safe, errors="replace"))
        yield quote_plus(text, errors="replace")
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield json.dumps(text)[1:-1].replace("/", "\\/")
        yield repr(text)[1:-1]
        yield escape(text)
    yield from _base64(secret.encode("utf-8", "replace"))


def _paths(secret: str) -> Iterator[str]:
    """What of a secret address clients print by itself: the path, without the host."""
    try:
        parts = urlsplit(secret)
    except ValueError:
        return
    if parts.scheme in ("http", "https") and parts.netloc:
        path = secret.partition(parts.netloc)[2].lstrip("/")
        if len(path) >= _SHORTEST_PATH:
            yield path


def _lower_hex(quoted: str) -> str:
    head, *rest = quoted.split("%")
    return head + "".join("%" + part[:2].lower() + part[2:] for part in rest)


def _base64(secret: bytes) -> Iterator[str]:
    """The characters of base64 that only the secret decides, for each of the three ways it can be aligned."""
    for shift in range(3):
        first, last = -(-8 * shift // 6), 8 * (shift + len(secret)) // 6
        padded = b"\0" * shift + secret
        yield b64encode(padded).decode()[first:last]
        yield urlsafe_b64encode(padded).decode()[first:last]
