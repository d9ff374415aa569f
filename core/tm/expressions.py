"""Expressions over measured values and event fields: parsed once, judged met, unmet or unknown."""

from __future__ import annotations

from itertools import pairwise

from tm.errors import UsageError
from tm.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    _Node: TypeAlias = "Comparison | _Joined | _Always"

MET, UNMET, UNKNOWN = "met", "unmet", "unknown"
MAX_LENGTH, MAX_DEPTH = 1000, 50

_TRUTH = (UNMET, UNKNOWN, MET)
_TOLERANCE, _SHOWN = 1e-9, 100
_ORDERS = {"==": (0,), "!=": (-1, 1), "<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_UNITS = {
    "": ("", 1), "%": ("%", 1), "us": ("s", 1e-6), "ms": ("s", 1e-3), "s": ("s", 1), "m": ("s", 60),
    "h": ("s", 3600), "d": ("s", 86400), "B": ("B", 1), "kB": ("B", 1e3), "MB": ("B", 1e6), "GB": ("B", 1e9),
    "TB": ("B", 1e12), "KiB": ("B", 2**10), "MiB": ("B", 2**20), "GiB": ("B", 2**30), "TiB": ("B", 2**40),
}  # fmt: skip
_KNOWN = " ".join(list(_UNITS)[1:])
_ARITHMETIC: dict[str, Callable[[float, float], list[float]]] = {
    "+": lambda a, b: [a, b], "-": lambda a, b: [a, -b],
    "*": lambda a, b: [a * b], "/": lambda a, b: [a / b if b else float("nan")],
}  # fmt: skip
_SIGNS = {sign: sign for sign in (*_ORDERS, *_ARITHMETIC, *"()[],")} | {"&&": "and", "||": "or", "!": "not"}
_MISTAKES = {
    "=": "==", "===": "==", "!==": "!=", "<>": "!=", "=>": ">=", "=<": "<=", "&": "and", "|": "or",
    "＝": "==", "＝＝": "==", "＜": "<", "＞": ">", "≤": "<=", "≥": ">=", "≠": "!=",
}  # fmt: skip
_WORDS = {"and": "and", "or": "or", "not": "not", "in": "in", "true": "boolean", "false": "boolean"}
_SURPRISES = {
    **dict.fromkeys(_ORDERS, "Comparisons cannot be chained; write 50 < x and x < 100."),
    **dict.fromkeys(_ARITHMETIC, "Arithmetic works between plain numbers only; measure the outcome."),
    "(": "Calls are not supported; measure the outcome under a name of its own.",
    ")": "This ')' closes nothing; remove it or add a '('.",
    ",": "A ',' belongs between the values of a list, as in [a, b]; write numbers without it.",
    "not": "'not' stands before the whole comparison; write not x in [a, b].",
}
_COMPARING = ("=", "<", ">", "&&", "||", "＝", "＜", "＞", "≤", "≥", "≠")
_DIGITS, _LETTERS = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"


class ExpressionError(UsageError):
    """An expression that cannot be read: `sentence` says why, `position` (from 0) where in `source`.

    As text: the sentence, then the expression, then a caret under the place.
    """

    def __init__(self, sentence: str, *, source: str, position: int) -> None:
        start = max(0, min(position - _SHOWN // 2, len(source) - _SHOWN))
        line = "".join(c if c.isprintable() else " " for c in source[start : start + _SHOWN])
        before, after = "…" if start else "", "…" if start + _SHOWN < len(source) else ""
        caret = " " * (len(before) + position - start) + "^"
        super().__init__(f"{sentence}\n  {before}{line}{after}\n  {caret}")
        self.sentence, self.source, self.position = sentence, source, position


class Literal(Value):
    """A value as compared: words in lower case, numbers in percent, seconds, bytes or plain."""

    value: str | bool | float
    unit: str = ""


class Comparison(Value):
    """One name compared: `operator` is one of == != < <= > >= in; `position` is the name's in the source."""

    name: str
    operator: str
    literals: tuple[Literal, ...]
    position: int

    def judge(self, values: Mapping[str, object]) -> str:
        """The verdict on the value of this name; a tuple (labels) matches when any element does."""
        value = values.get(self.name)
        operator = "==" if self.operator == "in" else self.operator
        if isinstance(value, str) and operator in ("==", "!=") and all(type(o.value) is str for o in self.literals):
            is_one = value.casefold() in [one.value for one in self.literals]  # what most ask, of every event
            return MET if is_one == (operator == "==") else UNMET
        if not isinstance(value, tuple):
            return max((_compare(_read(value, like=one), operator, one) for one in self.literals), key=_TRUTH.index)
        if operator not in ("==", "!="):
            return UNKNOWN
        pairs = [(_read(element, like=one), one) for element in value for one in self.literals]
        matches = any(_compare(element, "==", one) == MET for element, one in pairs)
        return MET if matches == (operator == "==") else UNMET


class _Joined(Value):
    word: str
    parts: tuple[_Node, ...]

    def judge(self, values: Mapping[str, object]) -> str:
        ranks = [_TRUTH.index(part.judge(values)) for part in self.parts]
        if self.word == "not":
            return _TRUTH[2 - ranks[0]]
        return _TRUTH[max(ranks) if self.word == "or" else min(ranks)]


class _Always(Value):
    verdict: str

    def judge(self, _values: Mapping[str, object]) -> str:
        return self.verdict


class Expression(Value):
    """A parsed expression: its source, and every comparison of a name in order of appearance."""

    source: str
    root: _Node
    comparisons: tuple[Comparison, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names it reads, each once, in order of appearance."""
        return tuple(dict.fromkeys(one.name for one in self.comparisons))


def parse(source: str) -> Expression:
    """The expression a text stands for. Raises ExpressionError with the place and what to write instead."""
    if len(source) > MAX_LENGTH:
        sentence = f"The expression has {len(source)} characters; shorten it to at most {MAX_LENGTH}."
        raise ExpressionError(sentence, source=source, position=MAX_LENGTH)
    if not source.strip():
        raise ExpressionError("The expression is empty; try coverage >= 85.", source=source, position=0)
    return _Parser(source).whole()


def judge(expression: Expression, values: Mapping[str, object]) -> str:
    """The verdict ("met", "unmet" or "unknown") by the values of the names it reads.

    A value is a str, int, float, bool, None or a tuple of str (labels). Strings like "87", "100%", "50ms" and
    "true" count as what they spell when compared to such; missing, NaN or of another type is unknown.
    """
    return expression.root.judge(values)


def missing(expression: Expression, values: Mapping[str, object]) -> tuple[str, ...]:
    """The names it reads that have no value: absent, None, NaN or infinite."""
    return tuple(name for name in expression.names if _is_missing(values.get(name)))


def check_names(expression: Expression, allowed: Sequence[str]) -> None:
    """Raise ExpressionError at the first name that is not allowed, listing those that are."""
    for one in expression.comparisons:
        if one.name not in allowed:
            sentence = f"The name {one.name!r} is not known here; choose one of {', '.join(allowed)}."
            raise ExpressionError(sentence, source=expression.source, position=one.position)


def is_manual(measurable: str | None) -> bool:
    """Whether only a person can judge this: there is no measurable, or it is prose.

    Prose has no comparing sign and somewhere two words without `and`/`or` between them: "all tests pass",
    "auth/login returns 200", "does not crash". One word, `not broken`, `a and b`, `(a or b) and not c` and
    `x in [a, b]` are expressions; so is everything with a sign such as = < > && ||, well formed or not.
    """
    if measurable is None:
        return True
    if len(measurable) > MAX_LENGTH or any(sign in measurable for sign in _COMPARING):
        return False
    words = measurable.lower().replace("(", " ").replace(")", " ").replace("[", " [ ").split()
    pairs = [pair for pair in pairwise(words) if pair[0] not in ("and", "or", "not", "!")]
    return ("in", "[") not in pairs and any(then not in ("and", "or") for _, then in pairs)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and value - value != 0)


def _read(value: object, *, like: Literal) -> Literal | None:
    if isinstance(value, bool):
        return Literal(value=value)
    if isinstance(value, int | float):
        return _number(value)
    if not isinstance(value, str):
        return None
    if isinstance(like.value, float):
        return _quantity(value.strip())
    if isinstance(like.value, bool):
        word = value.strip().lower()
        return Literal(value=word == "true") if word in ("true", "false") else None
    return Literal(value=value.casefold())


def _number(value: float | str, *, unit: str = "") -> Literal | None:
    base, factor = _UNITS[unit]
    try:
        number = float(value) * factor
    except (OverflowError, ValueError):
        return None
    return None if _is_missing(number) else Literal(value=number, unit=base)


def _quantity(text: str) -> Literal | None:
    digits = text.rstrip("%usmhdkKMGTiB")
    unit = text[len(digits) :]
    # float() also reads "nan", "1_000" and foreign digits; a measurement is plain
    is_plain = unit in _UNITS and not digits.strip(_DIGITS + ".eE+-")
    return _number(digits, unit=unit) if is_plain else None


def _compare(left: Literal | None, operator: str, right: Literal) -> str:
    if left is None or (left.unit and right.unit and left.unit != right.unit):
        return UNKNOWN
    a, b = left.value, right.value
    if isinstance(a, float) and isinstance(b, float):
        order = 0 if abs(a - b) <= _TOLERANCE * max(abs(a), abs(b)) else 1 if a > b else -1
    elif type(a) is type(b) and operator in ("==", "!="):
        order = int(a != b)
    else:
        return UNKNOWN
    return MET if order in _ORDERS[operator] else UNMET


class _Token(Value):
    kind: str
    text: str
    position: int


def _tokens(source: str) -> Iterator[_Token]:
    at = 0
    while at < len(source):
        if source[at].isspace():
            at += 1
            continue
        kind, text = _token(source, at)
        yield _Token(kind=kind, text=text, position=at)
        at += len(text)
    yield _Token(kind="end", text="", position=len(source.rstrip()))


def _token(source: str, at: int) -> tuple[str, str]:
    rest = source[at:]
    if rest[0] in "'\"":
        text, quote, _ = rest[1:].partition(rest[0])
        if not quote:
            raise ExpressionError(f"This quote has no end; add {rest[0]}.", source=source, position=at)
        return "text", quote + text + quote
    word = rest[: len(rest) - len(rest.lstrip(_LETTERS + _DIGITS + ".:/-%"))]
    if rest[0] in _LETTERS:
        word = word.partition("%")[0]
        return _WORDS.get(word.lower(), "name"), word
    is_number = word.lstrip("-.")[:1] in tuple(_DIGITS)
    return ("number", word) if is_number else _sign(source, at)


def _sign(source: str, at: int) -> tuple[str, str]:
    for length in (3, 2, 1):
        sign = source[at : at + length]
        if sign in _SIGNS:
            return _SIGNS[sign], sign
        if sign in _MISTAKES:
            sentence = f"{sign!r} is not an operator here; use {_MISTAKES[sign]!r}."
            raise ExpressionError(sentence, source=source, position=at)
    sentence = f"{source[at]!r} means nothing here; put text in quotes and a unit right behind its number."
    raise ExpressionError(sentence, source=source, position=at)


class _Parser:
    """or < and < not < parentheses or comparison; one method per rule."""

    def __init__(self, source: str) -> None:
        self._comparisons: list[Comparison] = []
        self._source = source
        self._rest = _tokens(source)
        self._next = next(self._rest)
        self._depth = 0

    def _take(self, *kinds: str) -> _Token | None:
        token = self._next
        if token.kind not in kinds:
            return None
        self._next = next(self._rest)
        return token

    def _error(self, sentence: str, at: _Token | None = None) -> ExpressionError:
        return ExpressionError(sentence, source=self._source, position=(at or self._next).position)

    def _surprise(self) -> ExpressionError:
        default = f"An operator such as == or 'and' is missing before {self._next.text!r}."
        return self._error(_SURPRISES.get(self._next.kind, default))

    def whole(self) -> Expression:
        root = self._either()
        if self._next.kind != "end":
            raise self._surprise()
        return Expression(source=self._source, root=root, comparisons=tuple(self._comparisons))

    def _either(self) -> _Node:
        return self._joined("or", lambda: self._joined("and", self._one))

    def _joined(self, word: str, rule: Callable[[], _Node]) -> _Node:
        parts = [rule()]
        while self._take(word):
            parts.append(rule())
        return parts[0] if len(parts) == 1 else _Joined(word=word, parts=tuple(parts))

    def _one(self) -> _Node:
        opening = self._take("not", "(")
        if opening is None:
            return self._comparison()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"This nests deeper than {MAX_DEPTH} levels; write it flatter.", opening)
        node = self._enclosed(opening) if opening.kind == "(" else _Joined(word="not", parts=(self._one(),))
        self._depth -= 1
        return node

    def _enclosed(self, opening: _Token) -> _Node:
        node = self._either()
        if not self._take(")"):
            unclosed = self._error("This '(' is never closed; add a ')'.", opening)
            raise unclosed if self._next.kind == "end" else self._surprise()
        return node

    def _comparison(self) -> _Node:
        first = self._next
        if not self._take("name"):
            return self._mirrored(first, self._literal())
        if self._take("in"):
            return self._compared(first, "in", self._list())
        sign = self._take(*_ORDERS)
        wanted = self._literal() if sign else Literal(value=True)
        return self._compared(first, sign.kind if sign else "==", (wanted,))

    def _mirrored(self, first: _Token, left: Literal) -> _Node:
        sign = self._take(*_ORDERS)
        if sign is None and isinstance(left.value, bool):
            return _Always(verdict=MET if left.value else UNMET)
        if sign is None:
            raise self._error("A value alone says nothing; compare a name, as in coverage >= 85.", first)
        name = self._take("name")
        if name is None:
            return _Always(verdict=_compare(left, sign.kind, self._literal()))
        return self._compared(name, _MIRRORED[sign.kind], (left,))

    def _compared(self, name: _Token, operator: str, literals: tuple[Literal, ...]) -> Comparison:
        one = Comparison(name=name.text, operator=operator, literals=literals, position=name.position)
        self._comparisons.append(one)
        return one

    def _list(self) -> tuple[Literal, ...]:
        self._need("[", "A list stands in square brackets; write in [a, b].")
        literals = [self._literal()]
        while self._take(","):
            literals.append(self._literal())
        self._need("]", "The list goes on with ',' or ends with ']'; write in [a, b].")
        return tuple(literals)

    def _need(self, kind: str, sentence: str) -> None:
        if not self._take(kind):
            raise self._error(sentence)

    def _literal(self) -> Literal:
        token = self._next
        if token.kind == "number":
            return self._sum()
        word = token.text[1:-1] if token.kind == "text" else token.text
        if self._take("text", "name"):
            return Literal(value=word.casefold())
        if self._take("boolean"):
            return Literal(value=word.lower() == "true")
        place = f"before {token.text!r}" if token.text else "at the end"
        raise self._error(f"A name or value is missing {place}; put a reserved word in quotes.")

    def _sum(self) -> Literal:
        start, number = self._next, self._number()
        terms = [float(number.value)]
        while sign := self._take(*_ARITHMETIC):
            right = self._number()
            if number.unit or right.unit:
                raise self._error(_SURPRISES[sign.kind], sign)
            terms[-1:] = _ARITHMETIC[sign.kind](terms[-1], float(right.value))
        total = _number(sum(terms), unit=number.unit)
        if total is None:
            raise self._error("These numbers have no finite outcome; write others.", start)
        return total

    def _number(self) -> Literal:
        token = self._next
        self._need("number", _SURPRISES["+"])
        number = _quantity(token.text)
        if number:
            return number
        sentence = f"{token.text} is no number with a known unit ({_KNOWN}); put text in quotes."
        if token.text.count(".") > 1:
            sentence = f"{token.text} looks like a version, and versions have no order; put it in quotes."
        raise self._error(sentence, token)
