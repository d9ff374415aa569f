"""The stand-in knows a valid Atlassian document from one that is not, and its text."""

import pytest

from tm_jira.standin import documents


def doc(*content, **more):
    return {"type": "doc", "version": 1, "content": list(content), **more}


def node(kind, *content, **attrs):
    return {"type": kind, **({"content": list(content)} if content else {}), **({"attrs": attrs} if attrs else {})}


def text(words="x", *marks, **link):
    marked = [{"type": mark, **({"attrs": link} if mark == "link" else {})} for mark in marks]
    return {"type": "text", "text": words, **({"marks": marked} if marked else {})}


def p(*content):
    return node("paragraph", *content)


VALID = [
    doc(),
    doc(node("paragraph")),
    doc({"type": "paragraph", "content": []}),
    doc(p(text("a"), node("hardBreak"), text("b", "strong", "em", "strike", "underline"))),
    doc(p(text("a", "code", "link", href="https://x"), text("b", "link", href="https://x"))),
    doc(node("heading", text(), level=6)),
    doc(node("bulletList", node("listItem", p(text()), node("orderedList", node("listItem", p(text())))))),
    doc(node("orderedList", node("listItem", p()), order=3)),
    doc(node("codeBlock", text("x = 1"), language="python")),
    doc(node("codeBlock")),
    doc(node("blockquote", p(text()))),
    doc(node("rule")),
    doc(p(node("mention", id="712020:a", text="@Alice"), node("emoji", shortName=":x:"))),
    doc(p(node("inlineCard", url="https://x"), node("date", timestamp="1"), node("status", text="x", color="red"))),
    doc(node("table", node("tableRow", node("tableHeader", p(text())), node("tableCell", p())))),
    doc(node("panel", p(text()), panelType="info")),
    doc(node("mediaSingle", node("media", type="file", id="1", collection=""), layout="center")),
    doc(node("taskList", node("taskItem", text(), localId="a", state="TODO"), localId="b")),
    doc(node("expand", p(text()), title="more")),
]
INVALID = [
    ("Hi", "not text"),
    (None, "not text"),
    ([], "not text"),
    ({}, "outermost"),
    (p(text()), "outermost"),
    ({**doc(), "version": 2}, "outermost"),
    ({**doc(), "version": True}, "outermost"),
    ({"type": "doc", "version": 1}, "no content"),
    (doc(p(text(""))), "must have text"),
    (doc(p({"type": "text"})), "must have text"),
    (doc(text()), "may not stand in doc"),
    (doc(p(p(text()))), "may not stand in paragraph"),
    (doc(node("poem")), "may not stand in doc"),
    (doc("Hi"), "no object"),
    (doc({"content": []}), "no object"),
    (doc(node("bulletList")), "bulletList is empty"),
    (doc(node("bulletList", node("listItem"))), "listItem is empty"),
    (doc(node("bulletList", node("listItem", text()))), "text may not stand in listItem"),
    (doc(node("bulletList", p(text()))), "may not stand in bulletList"),
    (doc(node("bulletList", node("listItem", node("bulletList", node("listItem", p()))))), "begins with"),
    (doc(node("codeBlock", text("x", "strong"))), "has marks"),
    (doc(node("codeBlock", node("hardBreak"))), "may not stand in codeBlock"),
    (doc(node("codeBlock", text(), language=1)), "wrong language"),
    (doc(node("codeBlock", text(), colour="red")), "wrong colour"),
    (doc(p(text("x", "code", "strong"))), "marked otherwise"),
    (doc(p(text("x", "strong", "strong"))), "twice"),
    (doc(p(text("x", "shiny"))), "marked shiny"),
    (doc(p(text("x", "link"))), "href"),
    (doc(p({"type": "text", "text": "x", "marks": "strong"})), "no list"),
    (doc(p({"type": "text", "text": "x", "colour": "red"})), "unknown key"),
    (doc({"type": "paragraph", "text": "x"}), "only text nodes"),
    (doc({"type": "paragraph", "version": 1}), "only doc has"),
    (doc({"type": "paragraph", "content": "x"}), "no list"),
    (doc({"type": "paragraph", "attrs": "x"}), "no object"),
    (doc({"type": "rule", "content": []}), "has content"),
    (doc(node("heading", text())), "valid level"),
    (doc(node("heading", text(), level=7)), "valid level"),
    (doc(p(node("mention", text="@Alice"))), "valid id"),
    (doc(p(node("inlineCard"))), "needs a url"),
    (doc(node("panel", p(text()))), "valid panelType"),
    (doc(node("table")), "table is empty"),
    (doc(node("blockquote", node("heading", text(), level=1))), "may not stand in blockquote"),
    (doc(node("taskList", node("taskItem", text(), localId="a", state="OPEN"), localId="b")), "valid state"),
    (doc(colour="red"), "unknown key"),
]


@pytest.mark.parametrize("document", VALID)
def test_what_the_format_allows_is_valid(document):
    assert documents.problem(document) is None


@pytest.mark.parametrize(("document", "words"), INVALID)
def test_what_it_does_not_allow_is_told(document, words):
    assert words in documents.problem(document)


@pytest.mark.parametrize("words", ["", "a", "a\nb", "a\n\nb\n", "\n", "\n\n\n", " a "])
def test_any_text_makes_a_valid_document_and_comes_back(words):
    document = documents.of_text(words)

    assert documents.problem(document) is None
    assert documents.markup(document) == words


@pytest.mark.parametrize(
    ("content", "markup"),
    [
        ([node("heading", text("Title"), level=2), p(text("a"), node("hardBreak"), text("b"))], "h2. Title\n\na\nb"),
        ([p(text("a", "strong"), text("b", "em"), text("c", "code"))], "*a*_b_{{c}}"),
        ([p(text("here", "link", href="https://x"), text("b", "strike"))], "[here|https://x]-b-"),
        (
            [node("bulletList", node("listItem", p(text("a")), node("orderedList", node("listItem", p(text("b"))))))],
            "* a\n*# b",
        ),
        ([node("codeBlock", text("x"), language="python"), node("rule")], "{code:python}\nx\n{code}\n\n----"),
        ([node("blockquote", p(text("a")))], "{quote}\na\n{quote}"),
        ([node("panel", p(text("a")), panelType="info")], "{panel}\na\n{panel}"),
        ([node("table", node("tableRow", node("tableCell", p(text("a"))), node("tableCell", p(text("b")))))], "|a|b|"),
        ([p(node("mention", id="1", text="@A"), node("emoji", shortName=":x:"))], "[~accountid:1]:x:"),
        ([node("mediaSingle", node("media", type="file", id="1", alt="cat.png"))], "!cat.png!"),
        ([p(node("inlineCard", url="https://x"))], "[https://x|smart-link]"),
    ],
)
def test_a_document_reads_as_wiki_markup(content, markup):
    assert documents.problem(doc(*content)) is None
    assert documents.markup(doc(*content)) == markup


def test_the_length_of_a_document_is_that_of_its_text():
    assert documents.length(doc(p(text("abc"), node("hardBreak"), text("de", "strong")))) == 5
