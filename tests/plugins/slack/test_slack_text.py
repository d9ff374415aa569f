"""Whatever people type, Slack shows it literally and within its limits."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm_slack.text import ELLIPSIS, cut, escape, link, literal, moment, units

ANYTHING = st.text(st.characters(), max_size=200)
SPICY = st.text(st.sampled_from("&<>;amplt😀\u202e\ud800\x00\n \t*ab"), max_size=200)
LIMITS = st.integers(min_value=2, max_value=60)


@given(ANYTHING | SPICY, LIMITS)
def test_typed_text_never_exceeds_its_limit_in_utf16_units(text, limit):
    assert len(literal(text, limit=limit).encode("utf-16-le")) <= 2 * limit


@given(ANYTHING | SPICY, LIMITS)
def test_typed_text_keeps_no_sign_that_slack_obeys(text, limit):
    shown = literal(text, limit=limit)

    assert not re.search("[<>]", shown)
    assert not re.search("&(?!amp;|lt;|gt;)", shown)


@given(ANYTHING | SPICY, LIMITS)
def test_a_cut_leaves_a_beginning_of_the_text_and_an_ellipsis(text, limit):
    whole, shown = literal(text, limit=10_000), literal(text, limit=limit)

    if units(whole) <= limit:
        assert shown == whole
    else:
        assert shown.endswith(ELLIPSIS)
        assert html.unescape(whole).startswith(html.unescape(shown.removesuffix(ELLIPSIS)))


@given(ANYTHING | SPICY)
def test_typed_text_goes_out_without_control_characters_and_lone_surrogates(text):
    shown = literal(text, limit=1000, is_one_line=False)

    assert shown.encode().decode() == shown
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)


@given(st.text("&<>", max_size=20), LIMITS)
def test_no_entity_is_cut_in_half(text, limit):
    assert re.fullmatch("(&(amp|lt|gt);)*…?", cut(escape(text), limit))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("<!channel> <@U1> <https://e|x>", "&lt;!channel&gt; &lt;@U1&gt; &lt;https://e|x&gt;"),
        ("& \"q\" \\ 's'", "&amp; \"q\" \\ 's'"),
        ("&amp;", "&amp;amp;"),
        ("one\r\ntwo\tthree\u2028four", "one two three four"),
        ("a\x00b\x1bc\x85d", "abcd"),
        ("\ud83d\ude00 \ud83d", "😀 \ufffd"),
        ("abc\u202efed", "abcfed"),
        ("שלום 👩‍💻", "שלום 👩‍💻"),
        ("\x00 \n", ""),
    ],
)
def test_typed_text_is_shown_as_typed(typed, shown):
    assert literal(typed, limit=1000) == shown


def test_a_longer_text_keeps_its_lines():
    assert literal(" one\r\ntwo\n", limit=1000, is_one_line=False) == "one\ntwo"


@given(SPICY)
def test_a_link_has_one_address_and_one_label(path):
    shown = link(f"https://tasks.example.com/{path}", label="View task")

    assert shown == "" or re.fullmatch(r"<https://tasks\.example\.com/[^<>| ]*\|View task>", shown)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://t.example.com/?a=1&b=2", "<https://t.example.com/?a=1&amp;b=2|View>"),
        ("http://t.example.com/a|b>c d", "<http://t.example.com/a%7Cb%3Ec%20d|View>"),
        (None, ""),
        ("", ""),
        ("javascript:alert(1)", ""),
        ("tasks.example.com/1", ""),
        ("https://[oops/", ""),
        ("https://t.example.com/\n", ""),
        ("https://t.example.com/" + "x" * 2000, ""),
    ],
)
def test_only_an_http_address_becomes_a_link(url, shown):
    assert link(url, label="View") == shown


def test_an_instant_is_shown_in_each_readers_zone():
    shown = moment("2026-12-24T22:59:59.000000Z")

    assert shown == "<!date^1798153199^{date_short_pretty} at {time}|2026-12-24 22:59 UTC>"


def test_what_is_no_instant_is_shown_literally():
    assert moment("<soon>") == "&lt;soon&gt;"
