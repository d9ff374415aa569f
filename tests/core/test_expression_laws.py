"""Laws of the expression language: no text crashes it, and a second opinion agrees with every verdict."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from tm.expressions import Expression, ExpressionError, is_manual, judge, parse


def verdict(source: str, **values: object) -> str:
    return judge(parse(source), values)


def attempt(source: str) -> Expression | ExpressionError:
    try:
        return parse(source)
    except ExpressionError as error:
        return error


@given(st.text(max_size=60) | st.text(alphabet="ab01.=<>!&|()[],'\" +-*/%notrdim", max_size=60))
@example("x == '\udcff'")
@example("\0")
def test_no_text_does_worse_than_a_refusal_within_the_text(source):
    is_manual(source)
    outcome = attempt(source)

    if isinstance(outcome, ExpressionError):
        assert 0 <= outcome.position <= len(source)
        assert len(str(outcome).split("\n")) == 3
    else:
        assert judge(outcome, {}) in ("met", "unmet", "unknown")


NUMBERS = st.integers(-3, 3).map(float)
WORDS = st.sampled_from(["red", "green"])
TRUTHS = st.booleans()
NAMES = st.sampled_from(["a", "b", "c"])
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
LEAVES = st.tuples(st.just("compare"), NAMES, SIGNS, NUMBERS | WORDS | TRUTHS)
TREES = st.recursive(
    LEAVES,
    lambda tree: st.tuples(st.sampled_from(["and", "or"]), tree, tree) | st.tuples(st.just("not"), tree),
    max_leaves=8,
)
VALUES = st.dictionaries(NAMES, NUMBERS | WORDS | TRUTHS | st.none())


def written(tree: tuple) -> str:
    match tree:
        case ("compare", name, sign, bool(literal)):
            return f"{name} {sign} {str(literal).lower()}"
        case ("compare", name, sign, literal):
            return f"{name} {sign} {literal}"
        case ("not", inner):
            return f"not ({written(inner)})"
        case (word, left, right):
            return f"({written(left)}) {word} ({written(right)})"
    raise AssertionError(tree)


def worked_out(tree: tuple, values: dict) -> bool | None:
    """The same language over trees, three-valued by None: a second opinion that shares no code."""
    match tree:
        case ("compare", name, sign, literal):
            return compared(values.get(name), sign, literal)
        case ("not", inner):
            outcome = worked_out(inner, values)
            return None if outcome is None else not outcome
        case (word, left, right):
            outcomes = {worked_out(left, values), worked_out(right, values)}
            decisive = word == "or"
            if decisive in outcomes:
                return decisive
            return None if None in outcomes else not decisive
    raise AssertionError(tree)


def compared(value: object, sign: str, literal: object) -> bool | None:
    if type(value) is not type(literal):
        return None
    if sign in ("==", "!="):
        return (value == literal) == (sign == "==")
    if not isinstance(value, float) or not isinstance(literal, float):
        return None
    return {"<": value < literal, "<=": value <= literal, ">": value > literal, ">=": value >= literal}[sign]


def spelled(outcome: bool | None) -> str:
    return {True: "met", False: "unmet", None: "unknown"}[outcome]


@given(TREES, VALUES)
def test_the_verdict_agrees_with_a_second_opinion(tree, values):
    assert judge(parse(written(tree)), values) == spelled(worked_out(tree, values))


@given(TREES, TREES, VALUES)
def test_the_laws_of_three_valued_logic_hold(left, right, values):
    a, b = f"({written(left)})", f"({written(right)})"

    def same(one: str, other: str) -> bool:
        return judge(parse(one), values) == judge(parse(other), values)

    assert same(f"not ({a} and {b})", f"not {a} or not {b}")
    assert same(f"not ({a} or {b})", f"not {a} and not {b}")
    assert same(f"not not {a}", a)
    assert same(f"{a} and {b}", f"{b} and {a}")
    assert same(f"{a} or {a} and {b}", a)
    assert judge(parse(f"false and {a}"), values) == "unmet"
    assert judge(parse(f"true or {a}"), values) == "met"


@given(st.dictionaries(NAMES, NUMBERS, min_size=3), TREES)
def test_one_more_value_never_turns_a_known_verdict(values, tree):
    expression = parse(written(tree))
    for name in values:
        before = judge(expression, {other: values[other] for other in values if other != name})

        assert before in ("unknown", judge(expression, values))


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_of_two_numbers_exactly_one_of_less_equal_greater_is_met(a, b):
    literal = repr(b).replace("e+", "e")
    signs = [sign for sign in ("<", "==", ">") if verdict(f"x {sign} {literal}", x=a) == "met"]

    assert len(signs) == 1
    assert (verdict(f"x <= {literal}", x=a) == "met") == (signs != [">"])
    assert (verdict(f"x >= {literal}", x=a) == "met") == (signs != ["<"])
    assert (verdict(f"x != {literal}", x=a) == "met") == (signs != ["=="])
