"""What people read in an Atlassian document survives the way to plain text, and plain text survives the way back."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tm_jira import adf

FOOTER = "Task Orchestrator ID:"
ANYTHING = st.text(st.characters(), max_size=120)
SPICY = st.text(st.sampled_from("\n\n\r\t \u00a0\u2028\x00\x85😀\ud83d\ude00אb#-*"), max_size=60)
TEXTS = ANYTHING | SPICY


# --- a validator of what Jira takes, small but strict


BLOCKS = {
    "paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule", "panel", "table",
    "mediaSingle", "mediaGroup", "taskList", "decisionList", "expand", "blockCard",
}  # fmt: skip
INLINE = {"text", "hardBreak", "mention", "emoji", "date", "status", "inlineCard"}
HOLDS = {
    "doc": BLOCKS,
    "paragraph": INLINE,
    "heading": INLINE,
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": {"paragraph", "bulletList", "orderedList", "codeBlock"},
    "codeBlock": {"text"},
    "blockquote": {"paragraph", "bulletList", "orderedList", "codeBlock"},
    "panel": BLOCKS - {"panel", "table", "expand", "blockquote"},
}


def is_valid(doc):
    is_doc = isinstance(doc, dict) and doc.get("type") == "doc" and doc.get("version") == 1
    return is_doc and isinstance(doc.get("content"), list) and holds_valid_nodes(doc)


def holds_valid_nodes(node):
    children = node.get("content", [])
    return all(is_valid_node(child, inside=node["type"]) for child in children)


def is_valid_node(node, *, inside):
    if not isinstance(node, dict) or (inside in HOLDS and node.get("type") not in HOLDS[inside]):
        return False
    if node["type"] == "text":
        marks = [mark["type"] for mark in node.get("marks", [])]
        is_code_alone = "code" not in marks or set(marks) <= {"code", "link"}
        return bool(node.get("text")) and is_code_alone and not (marks and inside == "codeBlock")
    return holds_valid_nodes(node)


def doc(*content):
    return {"type": "doc", "version": 1, "content": list(content)}


def block(kind, *content, **attrs):
    return {"type": kind} | ({"attrs": attrs} if attrs else {}) | ({"content": list(content)} if content else {})


def said(text, *marks, **attrs):
    looks = [{"type": mark} | ({"attrs": attrs} if attrs else {}) for mark in marks]
    return {"type": "text", "text": text} | ({"marks": looks} if looks else {})


def p(*content):
    return block("paragraph", *[said(each) if isinstance(each, str) else each for each in content])


BREAK = {"type": "hardBreak"}


@pytest.mark.parametrize(
    "refused",
    [
        "a plain string",
        None,
        {"type": "doc", "version": 2, "content": []},
        doc(p("")),
        doc(block("codeBlock", said("x", "strong"))),
        doc(p(said("x", "code", "strong"))),
        doc(block("bulletList", block("listItem", said("bare")))),
        doc(said("bare")),
    ],
)
def test_the_validator_refuses_what_jira_refuses(refused):
    assert not is_valid(refused)


@pytest.mark.parametrize("taken", [doc(), doc(block("paragraph")), doc(block("bulletList", block("listItem", p("x"))))])
def test_the_validator_takes_what_jira_takes(taken):
    assert is_valid(taken)


# --- plain text and back


@given(TEXTS)
@example("\ud83d\x00\ude00")
@example("\r\x00\n")
@example("\u00a0\n\u00a0a\u00a0")
def test_any_text_becomes_a_valid_document_and_comes_back(text):
    made = adf.document(text)

    assert is_valid(made)
    assert adf.text(made) == adf.normalised(text)
    assert adf.is_plain(made)
    assert adf.canonical(made) == made


@given(TEXTS)
def test_a_normalised_text_stays_as_it_is(text):
    normal = adf.normalised(text)

    assert adf.normalised(normal) == normal


@given(TEXTS)
def test_a_normalised_text_can_be_sent_and_has_no_control_characters(text):
    normal = adf.normalised(text)

    assert normal.encode().decode() == normal
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]|\n\n\n|[ \t]\n", normal)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("one\n \n\n\ntwo", "one\n\ntwo"),
        ("\n\none  \n", "one"),
        ("  indented\tby  hand", "  indented\tby  hand"),
        ("a\x00b\x1bc\x85d\x7f\ufffe", "abcd"),
        ("\ud83d\ude00 \ud83d!", "😀 !"),
        ("שלום\u200f «עולם» 👩‍💻", "שלום\u200f «עולם» 👩‍💻"),
        (" \n\t\n", ""),
    ],
)
def test_a_text_is_kept_as_people_see_it(typed, kept):
    assert adf.normalised(typed) == kept


def test_blank_lines_part_paragraphs_and_a_line_end_is_a_hard_break():
    made = adf.document('one\n"two" \\ <b>\n\nthree')

    assert made == doc(p("one", BREAK, '"two" \\ <b>'), p("three"))


@pytest.mark.parametrize("nothing", ["", "\n", " \x00\n"])
def test_no_text_is_an_empty_document(nothing):
    assert adf.document(nothing) == doc()


def test_an_address_stays_plain_text():
    assert adf.document("see https://e.example/a_b") == doc(p("see https://e.example/a_b"))


@given(st.text(st.sampled_from("a😀 \n"), min_size=1, max_size=80), st.integers(8, 40))
def test_a_longer_text_is_cut_with_a_visible_mark(text, limit):
    whole, shown = adf.normalised(text), adf.text(adf.document(text, limit=limit))

    assert adf.units(shown) <= limit
    assert shown == whole or whole.startswith(shown.removesuffix("… (cut)"))
    assert (shown == whole) == (adf.units(whole) <= limit)


def test_a_note_of_40_kilobytes_is_cut_below_what_jira_takes():
    made = adf.document("0123456 😀\n" * 4000)

    assert is_valid(made)
    assert adf.text(made).endswith("… (cut)")
    assert 31_900 < adf.units(adf.text(made)) <= 32_000


def test_a_line_of_300_signs_stays_one_line():
    assert adf.document("x" * 300) == doc(p("x" * 300))


# --- reading


def item(*content):
    return block("listItem", *content)


def cell(*content):
    return block("tableCell", *content)


def link(label, address):
    return said(label, "link", href=address)


@pytest.mark.parametrize(
    ("node", "read"),
    [
        (p("one", BREAK, "two"), "one\ntwo"),
        (block("heading", said("Why"), level=2), "## Why"),
        (block("heading", said("Why"), BREAK, said("not"), level=9), "###### Why not"),
        (block("heading", said("Why"), level="x"), "# Why"),
        (block("bulletList", item(p("a")), item(p("b"), p("c"))), "- a\n- b\n  c"),
        (block("bulletList", item(p("a"), block("bulletList", item(p("b"))))), "- a\n  - b"),
        (block("orderedList", item(p("a"), block("bulletList", item(p("b")))), item(p("c"))), "1. a\n   - b\n2. c"),
        (block("orderedList", item(p("a")), item(p("b")), order=9), "9. a\n10. b"),
        (block("bulletList", block("bulletList", item(p("a"))), said("bare")), "  - a\n- bare"),
        (
            block(
                "taskList",
                block("taskItem", said("a"), localId="1", state="DONE"),
                block("taskItem", said("b"), localId="2", state="TODO"),
                block("taskList", block("taskItem", said("c"), localId="4", state="TODO"), localId="3"),
                localId="0",
            ),
            "- [x] a\n- [ ] b\n  - [ ] c",
        ),
        (block("decisionList", block("decisionItem", said("Go"), state="DECIDED")), "- Go"),
        (block("codeBlock", said("if x:\n    y  \n"), language="python"), "```python\nif x:\n    y\n\n```"),
        (block("codeBlock", said("```\nx\n```")), "````\n```\nx\n```\n````"),
        (block("codeBlock"), "```\n\n```"),
        (block("blockquote", p("a", BREAK, "b"), p("c")), "> a\n> b\n>\n> c"),
        (block("rule"), "---"),
        (block("panel", p("a"), p("b"), panelType="info"), "a\n\nb"),
        (block("expand", p("a"), title="More"), "More\n\na"),
        (block("layoutSection", block("layoutColumn", p("a")), block("layoutColumn", p("b"))), "a\n\nb"),
        (
            block(
                "table",
                block("tableRow", block("tableHeader", p("Who")), block("tableHeader", p("What"))),
                block("tableRow", cell(p("Ann")), cell(p("this", BREAK, "and"), p("that"))),
                block("tableRow", cell(block("paragraph")), cell(p("b"))),
            ),
            "Who | What\nAnn | this and that\n | b",
        ),
        (block("mediaSingle", block("media", id="1", type="file"), block("caption", said("Plan"))), "[media]\n\nPlan"),
        (block("mediaGroup", block("media", id="1", type="file")), "[media]"),
        (p("see ", block("mediaInline", id="1")), "see [media]"),
        (p("ask ", block("mention", id="5b1", text="@Ann"), " now"), "ask @Ann now"),
        (p(block("mention", id="5b1", text="Ann")), "@Ann"),
        (p(block("mention", id="5b1")), "@5b1"),
        (p(block("mention")), "@someone"),
        (p("ok ", block("emoji", shortName=":tada:", text="🎉"), block("emoji", shortName=":x:")), "ok 🎉:x:"),
        (p(block("status", text="In review", color="blue")), "In review"),
        (p(block("date", timestamp="1798070400000")), "2026-12-24"),
        (p(block("date", timestamp="soon")), "soon"),
        (p(block("date", timestamp="9" * 400)), "9" * 400),
        (p("see ", block("inlineCard", url="https://e.example/1")), "see https://e.example/1"),
        (p(block("inlineCard", data={"url": "https://e.example/2"})), "https://e.example/2"),
        (block("blockCard", url="https://e.example/3"), "https://e.example/3"),
        (block("embedCard", url="https://e.example/4"), "https://e.example/4"),
        (p(block("placeholder", text="Say more")), "Say more"),
        (block("extension", extensionKey="toc", text="Contents"), "Contents"),
        (block("bodiedExtension", p("inner"), extensionKey="x"), "inner"),
        (p("a ", said("bold ", "strong"), said("run", "code"), " ", said("old", "strike")), "a **bold** `run` ~~old~~"),
        (p(said("quiet", "em"), said("H", "subsup"), said(" ", "strong"), "x"), "*quiet*H x"),
        (p("see ", link("the plan", "https://e.example/p"), "."), "see [the plan](https://e.example/p)."),
        (p(link("https://e.example", "https://e.example/")), "https://e.example"),
        (p(link("a@e.example", "mailto:a@e.example")), "a@e.example"),
    ],
)
def test_each_kind_of_node_is_read_as_people_see_it(node, read):
    assert adf.text(doc(p("before"), node, p("after"))) == f"before\n\n{read.strip(chr(10))}\n\nafter"
    assert adf.is_plain(doc(node)) == (node == p("one", BREAK, "two"))


def test_blocks_are_parted_by_a_blank_line():
    assert adf.text(doc(p("a"), block("rule"), block("bulletList", item(p("b"))), p("c"))) == "a\n\n---\n\n- b\n\nc"


@pytest.mark.parametrize(
    ("odd", "read"),
    [
        (None, ""),
        ("one\x00\r\ntwo", "one\ntwo"),
        (7, ""),
        ([], ""),
        ({}, ""),
        ({"type": "doc"}, ""),
        ({"type": "doc", "content": "x"}, ""),
        ({"content": [p("a")]}, "a"),
        (p("alone"), "alone"),
        (doc(None, 7, [], {}, "bare", p("a")), "bare\n\na"),
        (doc({"content": [p("a")]}, {"type": ["x"], "text": "b"}), "a\n\nb"),
        (doc(block("hologram", p("a"), title="T")), "T\n\na"),
        (doc(p("a ", block("newInline", text="b"), " c")), "a b c"),
        (doc({"type": "paragraph", "content": {"type": "text", "text": "x"}}), ""),
        (doc({"type": "paragraph", "attrs": 7, "marks": 7, "content": [said("x") | {"marks": [7, {}, "y"]}]}), "x"),
        (doc(p({"type": "text"}, {"type": "text", "text": None}, {"type": "text", "text": 5})), "5"),
        (doc(p("\x1b[31mred\x00 \ud83d")), "[31mred"),
        (doc(p(block("mention", id=7, text=["x"]))), "@7"),
        (doc(p(block("date", timestamp={}))), ""),
        (doc(block("table", p("no row"), "bare")), "no row"),
        (doc(block("orderedList", item(p("a")), order="x")), "1. a"),
    ],
)
def test_whatever_stands_there_is_read_as_far_as_it_can_be(odd, read):
    assert adf.text(odd) == read


@pytest.mark.parametrize("levels", [70, 1000, 5000])
@pytest.mark.parametrize("kind", ["bulletList", "panel", "paragraph", "hologram"])
def test_however_deep_a_document_nests_its_words_are_read(levels, kind):
    node = p("deep")
    for _ in range(levels):
        node = block(kind, node)
    deep = doc(p("top"), node)

    assert "deep" in adf.text(deep)
    assert "top" in adf.text(adf.without_footer(adf.with_footer(deep, "x"), "x"))
    assert not adf.is_plain(deep)
    assert json.dumps(adf.canonical(deep))
    assert adf.canonical(adf.canonical(deep)) == adf.canonical(deep)


def test_attributes_that_nest_deeply_do_no_harm():
    parameters = "x"
    for _ in range(5000):
        parameters = {"more": [parameters]}

    assert adf.text(doc(block("extension", text="Chart", parameters=parameters))) == "Chart"


def test_a_document_of_a_megabyte_is_read_at_once():
    many = doc(*[p(*[said("x" * 9, "strong"), said(" y"), BREAK] * 50) for _ in range(400)])

    assert len(adf.text(many)) > 200_000


# --- any document at all


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MARKS = st.lists(
    st.sampled_from(["strong", "em", "underline", "strike"]).map(lambda kind: {"type": kind}), max_size=2
) | st.just([{"type": "link", "attrs": {"href": "https://e.example/"}}])
WORDS = st.builds(lambda text, marks: said(text) | ({"marks": marks} if marks else {}), SPICY, MARKS)
INLINES = (
    WORDS | st.just(BREAK) | st.sampled_from([block("mention", id="1", text="@A"), block("emoji", shortName=":x:")])
)
PARAGRAPHS = st.lists(INLINES, max_size=6).map(lambda content: block("paragraph", *content))
TREES = st.recursive(
    PARAGRAPHS | st.just(block("rule")) | SPICY.map(lambda text: block("codeBlock", said(text))),
    lambda inner: st.builds(
        lambda kind, content: block(kind, *content),
        st.sampled_from(["bulletList", "listItem", "panel", "blockquote", "table", "tableRow", "tableCell", "odd"]),
        st.lists(inner | JSON, max_size=4),
    ),
    max_leaves=8,
)
DOCS = st.lists(TREES | PARAGRAPHS, max_size=5).map(lambda content: doc(*content))


@given(DOCS | JSON)
def test_any_document_is_read_as_normalised_text(odd):
    read = adf.text(odd)

    assert adf.normalised(read) == read


@given(DOCS | JSON)
def test_a_canonical_document_stays_as_it_is_and_reads_the_same(odd):
    once = adf.canonical(odd)

    assert adf.canonical(once) == once
    assert adf.text(once) == adf.text(odd)
    assert adf.is_plain(once) == adf.is_plain(odd)


@given(DOCS | JSON)
def test_a_plain_document_comes_back_from_its_text(odd):
    if adf.is_plain(odd):
        assert adf.canonical(adf.document(adf.text(odd))) == adf.canonical(odd)


@given(DOCS)
def test_reading_changes_nothing_in_the_document(given_doc):
    before = json.dumps(given_doc)
    adf.canonical(given_doc)
    adf.without_footer(adf.with_footer(given_doc, FOOTER), FOOTER)

    assert json.dumps(given_doc) == before


def decorated(node, draw):
    """The node as Jira may give it back: with ids, empty lists, and texts in pieces."""
    if node["type"] == "text":
        clean = adf.cleaned(node["text"])
        place = draw(st.integers(0, len(clean)))
        pieces = [{**node, "text": part} for part in (clean[:place], clean[place:]) if part]
        return [{"marks": [], **piece} | {"marks": piece.get("marks", [])[::-1]} for piece in pieces]
    content = [part for child in node.get("content", []) for part in decorated(child, draw)]
    return [{**node, "attrs": {**node.get("attrs", {}), "localId": "a-1"}, "content": content, "marks": []}]


@given(st.lists(PARAGRAPHS | st.just(block("bulletList", item(p("a", "b")))), max_size=4), st.data())
def test_what_jira_adds_by_itself_makes_no_difference(content, data):
    [there] = decorated(doc(*content), data.draw)
    trailing = block("paragraph", localId="z")

    assert adf.canonical({**there, "content": [*there["content"], trailing]}) == adf.canonical(doc(*content))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, doc()),
        (doc(p("a")), doc(p("a"), block("paragraph"), p(" "), p(BREAK))),
        (doc(p("a"), p("b")), doc(p("a"), block("paragraph"), p("b"))),
        (doc(p("a"), p("b")), doc(p("a", BREAK, BREAK, "b"))),
        (doc(p("a", BREAK, "b")), doc(p("a\r\nb", BREAK))),
        (doc(p("ab")), doc(p("a", "\x00", "b "))),
        (doc(p(said("a", "em", "strong"))), doc(p(said("a", "strong", "em")))),
        (doc(block("orderedList", item(p("a")))), doc(block("orderedList", item(p("a")), order=1))),
        (
            doc(p(block("mention", id="1"))),
            doc(p(block("mention", id="1", accessLevel="", userType=None, localId="x"))),
        ),
        (doc(p("a", BREAK, "b")), doc(p("a", BREAK | {"attrs": {"text": "\n"}}, "b"))),
        (doc(block("tableCell", p("a"), colspan=1, rowspan=1, background="")), doc(block("tableCell", p("a")))),
    ],
)
def test_documents_that_people_cannot_tell_apart_are_equal(one, other):
    assert adf.canonical(one) == adf.canonical(other)
    assert adf.text(one) == adf.text(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (doc(p("a")), doc(p(said("a", "strong")))),
        (doc(p("a b")), doc(p("a  b"))),
        (doc(p(link("a", "https://e.example/1"))), doc(p(link("a", "https://e.example/2")))),
        (doc(block("panel", p("a"), panelType="info")), doc(block("panel", p("a"), panelType="error"))),
        (doc(block("media", id="1")), doc(block("media", id="2"))),
        (doc(p("- a")), doc(block("bulletList", item(p("a"))))),
        (doc(block("codeBlock", said("a\n\n\nb"))), doc(block("codeBlock", said("a\n\nb")))),
        (doc(block("taskItem", said("a"), state="DONE")), doc(block("taskItem", said("a"), state="TODO"))),
    ],
)
def test_documents_that_people_can_tell_apart_are_not(one, other):
    assert adf.canonical(one) != adf.canonical(other)


# --- plain or more


@pytest.mark.parametrize(
    "plain",
    [
        None,
        doc(),
        doc(block("paragraph")),
        doc(p("a", BREAK, "b"), block("paragraph", localId="1"), p("# no heading\n- no list")),
        doc(p("x" * 40_000)),
    ],
)
def test_paragraphs_of_bare_text_are_plain(plain):
    assert adf.is_plain(plain)


@pytest.mark.parametrize(
    "rich",
    [
        doc(p("a"), block("mediaSingle", block("media", id="1", type="file"))),
        doc(block("table", block("tableRow", cell(p("a"))))),
        doc(p(block("mention", id="1", text="@Ann"))),
        doc(p(link("https://e.example", "https://e.example"))),
        doc(p("a") | {"marks": [{"type": "alignment", "attrs": {"align": "end"}}]}),
        doc(block("hologram")),
    ],
)
def test_anything_else_holds_more_than_its_text(rich):
    assert not adf.is_plain(rich)


# --- the footer


@given(DOCS)
def test_a_footer_comes_and_goes(given_doc):
    footed = adf.with_footer(given_doc, f"{FOOTER} 7f3a0c11")

    assert adf.text({**footed, "content": footed["content"][-1:]}) == f"{FOOTER} 7f3a0c11"
    assert adf.without_footer(footed, FOOTER) == given_doc


@given(TEXTS)
def test_a_footer_comes_and_goes_after_any_text(text):
    footed = adf.with_footer(adf.document(text), f"{FOOTER} 7f3a0c11")

    assert is_valid(footed)
    assert adf.is_plain(footed)
    assert adf.without_footer(footed, FOOTER) == adf.document(text)


@pytest.mark.parametrize("nothing", [None, "", doc(), {}])
def test_a_footer_can_stand_alone(nothing):
    footed = adf.with_footer(nothing, f"{FOOTER} 1")

    assert footed == doc(p(f"{FOOTER} 1"))
    assert adf.without_footer(footed, FOOTER) == doc()


def test_a_footer_is_one_line():
    assert adf.with_footer(None, f"{FOOTER}\n1\x00") == doc(p(f"{FOOTER} 1"))
    assert adf.with_footer(doc(p("a")), " \n") == doc(p("a"))


@pytest.mark.parametrize(
    ("found", "left"),
    [
        (doc(p("a"), p(f"{FOOTER} 1"), p(f"{FOOTER} 2")), doc(p("a"))),
        (doc(p("a"), p(f"{FOOTER} 1"), block("paragraph"), p(" ")), doc(p("a"))),
        (doc(p("a", BREAK, f"{FOOTER} 1")), doc(p("a"))),
        (doc(p("a", BREAK, BREAK, f"{FOOTER} 1")), doc(p("a"))),
        (doc(p(f"{FOOTER} 1", BREAK, "a note below")), doc(p("a note below"))),
        (doc(p("a"), p(said("Task Orchestrator", "strong"), "\u00a0ID: 1")), doc(p("a"))),
        (doc(p("a"), block("paragraph", said(f"{FOOTER} 1"), localId="7")), doc(p("a"))),
        (doc(block("rule"), p(f"{FOOTER} 1")), doc(block("rule"))),
    ],
)
def test_the_footer_goes_wherever_people_left_it_at_the_end(found, left):
    assert adf.without_footer(found, FOOTER) == left


@pytest.mark.parametrize(
    "other",
    [
        doc(),
        doc(p("a"), block("paragraph", localId="1")),
        doc(p(f"{FOOTER} 1"), p("a")),
        doc(p(f"see {FOOTER} 1")),
        doc(p("a"), block("panel", p(f"{FOOTER} 1"))),
        doc(p("a"), None),
    ],
)
def test_a_document_without_a_footer_stays_as_it_is(other):
    assert adf.without_footer(other, FOOTER) == other
    assert adf.without_footer(other, " ") == other
