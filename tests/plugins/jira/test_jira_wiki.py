"""Plain text goes out as wiki markup that shows it as typed, and comes back the same."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tm_jira import adf, wiki

FOOTER = "Task Orchestrator ID:"
ANYTHING = st.text(st.characters(), max_size=120)
SIGNS = st.text(st.sampled_from("\\{}[]()*_+-^~|#!?&;:/.<>ab1xhq \n"), max_size=60)
MARKUP = r"""
\ \\ { {code} {code:x} {quote} {{ }} [ ] | || * ** _ - -- ---- # h1. bq. (x) (*r) (on) ! !a.png! ?? &amp; &#92; &lt
https://e.example/a_b_c http://e/*a*?a=1&b=_c_&d mailto:a@e.example [~ann] [a|https://e.example] *a* _a_ -a- +a+ ^a^
~a~ a b 1 😀 שלום
"""
PIECES = [*MARKUP.split(), " ", "\n", "\n\n", "\r\n", "\t", "\x00", "\ud83d"]
WORDS = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)
TEXTS = ANYTHING | SIGNS | WORDS


@given(TEXTS)
@example("\\\\server\\share \\{ \\* \\")
@example("http://e.example/\\{a")
@example("*a *b*c* d*")
def test_any_text_comes_back_from_its_markup(text):
    made = wiki.markup(text)

    assert wiki.text(made) == wiki.normalised(text)
    assert wiki.is_plain(made)


@given(TEXTS)
def test_any_markup_is_read_as_normalised_text(markup):
    read = wiki.text(markup)

    assert wiki.normalised(read) == read


@given(TEXTS)
def test_plain_markup_loses_nothing_when_its_text_is_written_back(markup):
    if wiki.is_plain(markup):
        assert wiki.text(wiki.markup(wiki.text(markup))) == wiki.text(markup)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("Nothing to hide: 5 * 3 - 2, a_b_c, e-mail, C:\\dir", "Nothing to hide: 5 * 3 - 2, a_b_c, e-mail, C:\\dir"),
        ("run -v and --dry-run (fast)", "run -v and --dry-run (fast)"),
        ("see https://e.example/a_b?q=*x*&y=_z_!", "see https://e.example/a_b?q=*x*&y=_z_!"),
        ("{code}", "\\{code}"),
        ("[WIP] a[0]", "\\[WIP] a\\[0]"),
        ("h1. no\n bq. no", "h1&#46; no\n bq&#46; no"),
        ("# no\n* no\n- no\n** no\n  - no", "\\# no\n\\* no\n\\- no\n\\** no\n  \\- no"),
        ("| a | b", "\\| a | b"),
        ("----", "\\-\\---"),
        ("*no* _no_ -no- +no+ ^no^ ~no~", "\\*no* \\_no_ \\-no- \\+no+ \\^no^ \\~no~"),
        ("!no.png!", "\\!no.png!"),
        ("f(x) (!) (i)", "f\\(x) \\(!) \\(i)"),
        ("\\\\server\\share \\[a", "&#92;\\server\\share &#92;\\[a"),
        ("&lt; &#92; &x R&D; ??no??", "&amp;lt; &amp;#92; &x R&D; \\??no??"),
        ('"quoted" <b> שלום 😀', '"quoted" <b> שלום 😀'),
        ("one\r\ntwo\n\n\n\nthree  \n", "one\ntwo\n\nthree"),
        ("a\x00\ud83d", "a"),
        ("", ""),
    ],
)
def test_only_what_jira_would_show_otherwise_is_escaped(typed, written):
    assert wiki.markup(typed) == written
    assert wiki.text(written) == wiki.normalised(typed)


@pytest.mark.parametrize(
    ("markup", "read"),
    [
        (None, ""),
        ("h2. Why\r\nbecause", "## Why\nbecause"),
        ("bq. They said", "> They said"),
        ("a\n----\nb", "a\n---\nb"),
        ("* a\n** b\n*# c\n*# d\n* e", "- a\n  - b\n  1. c\n  2. d\n- e"),
        ("# a\n#* b\n# c\nx\n# d", "1. a\n   - b\n2. c\nx\n1. d"),
        ("- a\n-- b", "- a\n-- b"),
        (
            "||Who||What||\n|Ann|[plan|https://e.example]|\n| |b\\|c|",
            "Who | What\nAnn | [plan](https://e.example)\nb|c",
        ),
        ("*bold* _quiet_ -old- +new+ H ~2~ O {{run *it*}}", "**bold** *quiet* ~~old~~ new H 2 O `run *it*`"),
        ("*bold _and quiet_*", "**bold *and quiet***"),
        ("a\\\\b \\\\server\\share", "a\nb \\\\server\\share"),
        ("see [https://e.example/a|https://e.example/a] [mailto:a@e.example]", "see https://e.example/a a@e.example"),
        ("[*the* plan|https://e.example/p|tip]", "[**the** plan](https://e.example/p)"),
        ("[~ann] [~accountid:5b1] [^log.txt] [WIP] [a]b", "@ann @5b1 log.txt [WIP] [a]b"),
        ("a !shot.png|thumbnail! b !c!", "a [media] b !c!"),
        ("{color:red}red{color} {panel:title=T}in{panel}", "red in"),
        ("a {code:python|title=x}\nif *x*:\n    y\n{code} b", "a\n\n```python\nif *x*:\n    y\n```\n\n b"),
        ("{code:title=x|python}y{code}", "```python\ny\n```"),
        ("{noformat}\n{code}\n{noformat}", "```\n{code}\n```"),
        ("{quote}\nh1. A\n\n*b*\n{quote}\nc", "> # A\n>\n> **b**\n\nc"),
        ("{code}never closed", "never closed"),
        ("\\{code}a\\{code} {id}", "{code}a{code} {id}"),
        ("&lt;b&gt; &#92; &nope; &", "<b> \\ &nope; &"),
        ("a\x1b[31m\x00b \ud83d", "a[31mb"),
    ],
)
def test_markup_is_read_as_people_see_it(markup, read):
    assert wiki.text(markup) == read


@pytest.mark.parametrize(
    "plain", [None, "", "a\r\n\r\n\r\nb ", "[WIP] a[0] 5 * 3", "\\{a\\} \\*b\\* &amp;", "x" * 40_000]
)
def test_markup_that_shows_what_is_typed_is_plain(plain):
    assert wiki.is_plain(plain)


@pytest.mark.parametrize(
    "rich",
    [
        *["h1. a", "bq. a", "* a", "- a", "# a", "|a|", "----", "*a*", "{{a}}", "{code}a{code}", "[a|b]", "[~ann]"],
        *[
            "!a.png!",
            "{color:red}a{color}",
            "{jira:X-1}",
            "{status}",
            "{toc}",
            "(x)",
            "??a??",
            "a\\\\b",
            "{quote}a{quote}",
        ],
    ],
)
def test_markup_that_shows_more_is_not(rich):
    assert not wiki.is_plain(rich)
    assert wiki.is_plain(wiki.markup(rich))


@given(st.text(st.sampled_from("ab{😀 \n*"), min_size=1, max_size=80), st.integers(8, 40))
def test_longer_markup_is_cut_with_a_visible_mark(text, limit):
    whole, made = wiki.markup(text), wiki.markup(text, limit=limit)

    assert adf.units(made) <= limit
    assert made == whole or made.endswith("… (cut)")
    assert wiki.normalised(text).startswith(wiki.text(made).removesuffix("… (cut)"))


@pytest.mark.parametrize("text", ["x" * 40_000, "{" * 40_000, "-a " * 14_000, "0123456 😀\n" * 4000])
def test_a_long_text_fills_the_room_there_is(text):
    assert 31_900 < adf.units(wiki.markup(text)) <= 32_000


@pytest.mark.parametrize(
    "sign",
    [
        *["{code:x}", "{quote}", "{noformat", "{{", "[", "[a|", "|", "*a ", "*", "_*-", "!a", "\\", "\\\\a", "&a", "("],
        *["# ", "h1. ", "https://", "https://a&", "?? ", " ", "\n", "* a\n", "{code}{quote}{noformat}"],
    ],
)
def test_long_markup_of_any_sort_is_read_in_time_that_grows_with_its_length(sign):
    long = sign * (40_000 // len(sign))

    assert wiki.normalised(wiki.text(long)) == wiki.text(long)
    assert wiki.is_plain(wiki.markup(long))


# --- the footer


@given(TEXTS)
def test_a_footer_comes_and_goes_after_any_text(text):
    footed = wiki.with_footer(wiki.markup(text), f"{FOOTER} 7f3a0c11")

    assert wiki.is_plain(footed)
    assert wiki.text(footed).endswith(f"{FOOTER} 7f3a0c11")
    assert wiki.without_footer(footed, FOOTER) == wiki.markup(text)


@pytest.mark.parametrize(
    ("found", "left"),
    [
        (f"a\r\n\r\n{FOOTER} 1\r\n\r\n{FOOTER} 2\r\n", "a"),
        (f"*a*\r\nb\r\n{FOOTER} 1", "*a*\nb"),
        (f"{FOOTER} 1\na note below", "a note below"),
        (f"{FOOTER} 1", ""),
    ],
)
def test_the_footer_goes_wherever_people_left_it_at_the_end(found, left):
    assert wiki.without_footer(found, FOOTER) == left


@pytest.mark.parametrize("other", ["", "a\r\n", f"{FOOTER} 1\n\na", f"see {FOOTER} 1"])
def test_markup_without_a_footer_stays_as_it_is(other):
    assert wiki.without_footer(other, FOOTER) == other
    assert wiki.without_footer(other, " ") == other


def test_a_footer_can_stand_alone_and_is_one_line():
    assert wiki.with_footer(None, f"{FOOTER}\n[1]") == f"{FOOTER} \\[1]"
    assert wiki.with_footer("a\n", " ") == "a"
    assert wiki.without_footer(None, FOOTER) == ""
