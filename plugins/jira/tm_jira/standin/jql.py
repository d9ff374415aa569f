"""The part of JQL the stand-in understands; everything else it refuses, as Jira refuses what it does not understand.

https://support.atlassian.com/jira-software-cloud/docs/jql-fields/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tm_jira.standin.jql_fields import BadQuery, clause, order_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tm_jira.standin.issues import Version
    from tm_jira.standin.site import Site

MOST_ORDERS = 7
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<sign>!=|>=|<=|!~|[=<>~(),])|(?P<word>[^\s"'()=!<>~,]+))""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\", " ": " "}
_RESERVED = re.compile(r"[+.;?|*/%^$#@\[\]{}&!\\]")
_KEYWORDS = {"and", "or", "not", "in", "is", "empty", "null", "order", "by", "asc", "desc", "was", "changed"}


@dataclass(frozen=True)
class Query:
    """A query read: which issues it matches, by what they are sorted, and whether it restricts anything."""

    matches: Callable[[Version], bool]
    orders: tuple[tuple[Callable[[Version], Any], bool], ...]
    is_bounded: bool

    def sort(self, found: list[Version]) -> list[Version]:
        """The issues in the order asked for, the oldest first where that leaves it open."""
        for key, is_descending in reversed(self.orders):
            found = sorted(found, key=key, reverse=is_descending)
        return found


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str

    @property
    def keyword(self) -> str:
        lower = self.text.lower()
        return lower if self.kind == "sign" or (self.kind == "word" and lower in _KEYWORDS) else ""


def parse(text: str, site: Site) -> Query:
    """Read a query. Raises BadQuery with Jira's sentence for what it does not take."""
    return _Parser(list(_tokens(text)), site).query()


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadQuery(f"Error in the JQL Query: The quoted string '{text[at:].strip()}' has not been completed.")
        kind = str(match.lastgroup)
        found.append(_Token(kind, _unquoted(match[kind]) if kind == "text" else _plain(match[kind], kind)))
        at = match.end()
    return found


def _plain(word: str, kind: str) -> str:
    # unquoted, a key or a label with such a character is an error, not another value
    if kind == "word" and (odd := _RESERVED.search(word)):
        raise BadQuery(
            f"Error in the JQL Query: The character '{odd[0]}' is a reserved JQL character. "
            "You must enclose it in a string or use the escape."
        )
    return word


def _unquoted(quoted: str) -> str:
    def meant(match: re.Match[str]) -> str:
        if len(match[1]) > 1:
            return chr(int(match[1][1:], 16))
        if match[1] not in _ESCAPED:
            raise BadQuery(f"Error in the JQL Query: '\\{match[1]}' is an illegal JQL escape sequence.")
        return _ESCAPED[match[1]]

    return _ESCAPE.sub(meant, quoted[1:-1])


class _Parser:
    def __init__(self, tokens: list[_Token], site: Site) -> None:
        self._tokens, self._site, self._at = tokens, site, 0

    def query(self) -> Query:
        is_bounded = bool(self._tokens) and self._next() != "order"
        matches = self._either() if is_bounded else lambda _: True
        orders = self._orders() if self._next() == "order" else [order_of("id", is_descending=True)]
        if self._at < len(self._tokens):
            raise self._unexpected()
        return Query(matches, tuple(orders), is_bounded)

    def _either(self) -> Callable[[Version], bool]:
        test = self._all()
        while self._takes("or"):
            test = _any(test, self._all())
        return test

    def _all(self) -> Callable[[Version], bool]:
        test = self._one()
        while self._takes("and"):
            test = _both(test, self._one())
        return test

    def _one(self) -> Callable[[Version], bool]:
        if self._takes("("):
            inner = self._either()
            self._needs(")")
            return inner
        name = self._value()
        operator = self._operator()
        return clause(name, operator, values=self._values(operator), site=self._site)

    def _operator(self) -> str:
        if self._takes("not"):
            self._needs("in")
            return "not in"
        if self._takes("is"):
            return "is not" if self._takes("not") else "is"
        word = self._next()
        if word not in ("=", "!=", ">=", "<=", ">", "<", "~", "in"):
            raise self._unexpected()
        self._at += 1
        return word

    def _values(self, operator: str) -> list[str | None]:
        if operator not in ("in", "not in"):
            return [self._operand()]
        self._needs("(")
        values = [self._operand()]
        while self._takes(","):
            values.append(self._operand())
        self._needs(")")
        return values

    def _operand(self) -> str | None:
        """A value; None for EMPTY, a function's name with its parentheses."""
        if self._takes("empty") or self._takes("null"):
            return None
        is_word = self._at < len(self._tokens) and self._tokens[self._at].kind == "word"
        value = self._value()
        if is_word and self._takes("("):
            self._needs(")")
            return f"{value}()"
        return value

    def _orders(self) -> list[tuple[Callable[[Version], Any], bool]]:
        self._needs("order")
        self._needs("by")
        orders = [self._order()]
        while self._takes(","):
            orders.append(self._order())
        if len(orders) > MOST_ORDERS:
            raise BadQuery(f"The maximum number of fields in the ORDER BY clause is {MOST_ORDERS}.")
        return orders

    def _order(self) -> tuple[Callable[[Version], Any], bool]:
        name = self._value()
        if self._takes("asc"):
            return order_of(name, is_descending=False)
        return order_of(name, is_descending=True if self._takes("desc") else None)

    def _value(self) -> str:
        if self._at >= len(self._tokens) or self._next():
            raise self._unexpected()
        self._at += 1
        return self._tokens[self._at - 1].text

    def _next(self) -> str:
        return self._tokens[self._at].keyword if self._at < len(self._tokens) else ""

    def _takes(self, word: str) -> bool:
        taken = self._next() == word
        self._at += taken
        return taken

    def _needs(self, word: str) -> None:
        if not self._takes(word):
            raise self._unexpected()

    def _unexpected(self) -> BadQuery:
        if self._at >= len(self._tokens):
            return BadQuery("Error in the JQL Query: Unexpected end of the query.")
        return BadQuery(f"Error in the JQL Query: '{self._tokens[self._at].text}' was not expected here.")


def _any(one: Callable[[Version], bool], other: Callable[[Version], bool]) -> Callable[[Version], bool]:
    return lambda version: one(version) or other(version)


def _both(one: Callable[[Version], bool], other: Callable[[Version], bool]) -> Callable[[Version], bool]:
    return lambda version: one(version) and other(version)
