"""Requests from strangers: which are Jira's, what they are about, and the one look that each of them is worth."""

from __future__ import annotations

import hmac
import json
import traceback
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tm
from tm.testing import Host
from tm_jira.inbound import LIMIT, REMEMBERED, Notice, Refusal, read, take

SECRET, NEXT_SECRET = "It's a Secret to Everybody", "Nobody knows this one yet"
SITE = "https://example.atlassian.net"
UPDATED = {
    "timestamp": 1_795_348_800_123,
    "webhookEvent": "jira:issue_updated",
    "issue_event_type_name": "issue_generic",
    "user": {"accountId": "712020:ann"},
    "issue": {
        "id": "10001",
        "self": f"{SITE}/rest/api/2/10001",
        "key": "PROJ-1",
        "fields": {"summary": "Ship it", "description": "h1. Größe", "updated": "2026-11-22T12:00:00.123+0000"},
    },
    "changelog": {"id": "10200", "items": [{"field": "summary", "from": None, "fromString": "Ship", "to": None}]},
}
COMMENTED = {
    "timestamp": 1_795_348_800_123,
    "webhookEvent": "comment_created",
    "comment": {"self": "https://jira.example.com/jira/rest/api/2/issue/10001/comment/20002", "id": "20002"},
}


def signature(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()


def packed(said):
    return said if isinstance(said, bytes) else json.dumps(said).encode()


def read_signed(said, *, secrets=(SECRET,), by=SECRET, **headers):
    body = packed(said)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read({"X-Hub-Signature": signature(body, by), **named}, body, secrets=secrets)


def refusal(headers, body, *secrets):
    with pytest.raises(Refusal) as caught:
        read(headers, body, secrets=secrets)
    return caught.value


def refused(said):
    with pytest.raises(Refusal) as caught:
        read_signed(said)
    return caught.value


def without(said, *names):
    return {name: value for name, value in said.items() if name not in names}


# Who sent it


def test_the_signature_of_jira_s_own_example_is_right():
    sign = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    found = refusal({"X-Hub-Signature": sign}, b"Hello World!", SECRET)

    assert (found.status, "signed but is no webhook" in str(found)) == (400, True)


@pytest.mark.parametrize("name", ["X-Hub-Signature", "x-hub-signature", "X-HUB-SIGNATURE"])
@pytest.mark.parametrize("spell", [str.lower, lambda text: "sha256=" + text[7:].upper(), lambda text: f" {text}\t"])
def test_a_signature_counts_however_its_name_and_its_digits_are_spelt(name, spell):
    body = packed(UPDATED)

    assert read({name: spell(signature(body))}, body, secrets=[SECRET]).issue_id == "10001"


HEX = signature(packed(UPDATED)).removeprefix("sha256=")


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        (None, "is not signed"),
        ("", "is not signed"),
        ("sha1=" + hmac.new(SECRET.encode(), packed(UPDATED), "sha1").hexdigest(), "is not sha256="),
        ("sha1=" + HEX, "is not sha256="),
        ("SHA256=" + HEX, "is not sha256="),
        ("sha-256=" + HEX, "is not sha256="),
        (HEX, "is not sha256="),
        ("sha256=", "is not sha256="),
        ("sha256=" + HEX[:-1], "is not sha256="),
        ("sha256=" + HEX[:-1] + "é", "is not sha256="),
        ("sha256=" + HEX[:-1] + "٣", "is not sha256="),
        ("sha256=" + HEX + "," + HEX, "is not sha256="),
        ("sha256=" + "0" * 64, "of another secret"),
        (signature(packed(UPDATED), NEXT_SECRET), "of another secret"),
        (signature(packed(UPDATED) + b"\n"), "of another secret"),
    ],
)
def test_without_the_right_signature_nothing_is_read(sign, words):
    headers = {} if sign is None else {"X-Hub-Signature": sign}
    found = refusal(headers, packed(UPDATED), SECRET)

    assert (found.status, words in str(found)) == (401, True)


def test_a_body_that_was_written_anew_on_the_way_is_no_longer_signed():
    body = packed(UPDATED)
    anew = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
    found = refusal({"X-Hub-Signature": signature(body)}, anew, SECRET)

    assert (found.status, "something on the way changed the body" in str(found)) == (401, True)


@pytest.mark.parametrize("secrets", [(SECRET, NEXT_SECRET), (NEXT_SECRET, SECRET), ("", SECRET, NEXT_SECRET)])
@pytest.mark.parametrize("by", [SECRET, NEXT_SECRET])
def test_while_a_secret_is_replaced_the_old_and_the_new_one_count(secrets, by):
    assert read_signed(UPDATED, secrets=secrets, by=by).issue_id == "10001"


@pytest.mark.parametrize("secrets", [(), ("",), ("", "  ")])
def test_without_a_secret_nothing_is_taken_and_the_sentence_says_how_to_set_one(secrets):
    body = packed(UPDATED)
    found = refusal({"X-Hub-Signature": signature(body, "")}, body, *secrets)

    assert (found.status, str(found)) == (
        401,
        "Webhooks are not taken without a secret. Give the webhook one in Jira, and set the same secret in tm: "
        "tm config secret jira.webhook_secret",
    )


def test_one_bare_secret_is_a_mistake_of_the_caller_as_each_of_its_letters_would_do():
    with pytest.raises(TypeError, match="a list of secrets"):
        read_signed(UPDATED, secrets=SECRET, by=SECRET[0])


def test_no_refusal_tells_a_secret():
    body = packed(UPDATED)
    signs = [{}, {"X-Hub-Signature": "sha1=0"}, {"X-Hub-Signature": "sha256=" + "0" * 64}]
    found = [refusal(headers, body, SECRET, NEXT_SECRET) for headers in signs]
    found += [refusal({"X-Hub-Signature": signature(text)}, text, SECRET) for text in (b"", b"[]", bytes(LIMIT + 1))]
    told = "".join(["".join(traceback.format_exception(each)) + repr(each) + repr(vars(each)) for each in found])

    assert len({str(each) for each in found}) == 5
    assert SECRET not in told
    assert NEXT_SECRET not in told
    assert signature(body)[7:] not in told


# What it may look like


@pytest.mark.parametrize("sign", ["", "sha256=" + "0" * 64])
def test_fifty_megabytes_are_refused_before_they_are_hashed_or_parsed(sign):
    found = refusal({"X-Hub-Signature": sign}, bytes(50_000_000), SECRET)

    # what is hashed is refused with 401, what is parsed with 400
    assert (found.status, str(found)) == (
        413, "The webhook has 50000000 bytes; tm reads 1000000. The next pull finds the change."
    )  # fmt: skip


def test_a_body_may_be_exactly_as_long_as_the_limit():
    body = packed(UPDATED)

    assert read_signed(body + b" " * (LIMIT - len(body))).issue_id == "10001"
    assert refused(body + b" " * (LIMIT + 1 - len(body))).status == 413


NO_OBJECTS = [
    b"", b"{", b"payload=%7B%7D", b"null", b'"jira:issue_updated"', b"[1]", b"\xff\xfe", "{}".encode("utf-16"),
    b"\xef\xbb\xbf{}", b"[" * 400_000, b'{"a":' * 150_000, b"[" * 100_000 + b"]" * 100_000,
    b'{"webhookEvent": "jira:issue_updated", "timestamp": NaN}',
    b'{"webhookEvent": "jira:issue_updated", "timestamp": -Infinity}',
    b'{"webhookEvent": "jira:issue_updated", "timestamp": ' + b"9" * 5000 + b"}",
    b'{"webhookEvent": "jira:issue_updated", "webhookEvent": "jira:issue_deleted"}',
    b'{"webhookEvent": "jira:issue_updated", "issue": {"id": "1", "id": "2"}}',
]  # fmt: skip


@pytest.mark.parametrize("body", NO_OBJECTS, ids=range(len(NO_OBJECTS)))
def test_what_is_no_json_object_is_refused(body):
    found = refused(body)

    assert (found.status, "no JSON object" in str(found)) == (400, True)


STRANGE_IDS = [
    "PROJ-1", "", "0", "010001", " 10001", "10001\n", "١٠٠٠١", "10001/../10002", "1" * 20, -10001, 10001.0, True,
    ["10001"], {},
]  # fmt: skip
STRANGE = [
    {"webhookEvent": None}, {"webhookEvent": 7}, {"webhookEvent": ["jira:issue_updated"]}, {"issue": []},
    {"issue": "10001"}, {"comment": "hello"}, *({"issue": {"id": each}} for each in STRANGE_IDS),
    *({"comment": {"id": each}} for each in STRANGE_IDS),
]  # fmt: skip


@pytest.mark.parametrize("change", STRANGE, ids=range(len(STRANGE)))
def test_a_shape_that_is_not_jira_s_is_refused(change):
    found = refused({**UPDATED, **change})

    assert (found.status, str(found).startswith("The request is signed but is no webhook of Jira: ")) == (400, True)


def test_a_body_without_an_event_is_refused():
    assert str(refused({"issue": {"id": "10001"}})) == (
        "The request is signed but is no webhook of Jira: it has no webhookEvent."
    )


# What it says


def test_a_change_is_read_whole():
    assert read_signed(UPDATED, X_Atlassian_Webhook_Identifier="f1c0-7") == Notice(
        identifier="f1c0-7",
        kind="changed",
        issue_id="10001",
        key="PROJ-1",
        comment_id=None,
        at=datetime(2026, 11, 22, 12, 0, 0, 123000, tzinfo=UTC),
    )


KINDS = {
    "jira:issue_created": "changed", "jira:issue_updated": "changed", "jira:issue_deleted": "deleted",
    "comment_created": "commented", "comment_updated": "commented", "comment_deleted": "commented",
}  # fmt: skip


@pytest.mark.parametrize(("event", "kind"), KINDS.items())
def test_every_event_that_tm_looks_at_has_its_kind(event, kind):
    found = read_signed({**UPDATED, "webhookEvent": event, "comment": {"id": "20002", "body": "Hi"}})

    assert (found.kind, found.issue_id, found.comment_id) == (kind, "10001", "20002")


@pytest.mark.parametrize("event", ["sprint_started", "jira:worklog_updated", "issuelink_created", "", "\ud800"])
@pytest.mark.parametrize("issue", [{"id": "10001", "key": "PROJ-1"}, {"id": "strange"}, "PROJ-1"])
def test_an_event_that_tm_does_not_look_at_is_taken_and_names_nothing(event, issue):
    found = read_signed({"webhookEvent": event, "issue": issue, "comment": [1]})

    assert found[1:] == ("other", None, None, None, None)


SHAPES = [
    without(UPDATED, "issue_event_type_name", "user", "timestamp"),
    without(UPDATED, "changelog"),
    {**UPDATED, "changelog": {}},
    {**UPDATED, "changelog": {"id": "1", "items": []}},
    {**UPDATED, "changelog": {"items": [{"field": "Rank", "from": "", "to": ""}]}},
    {**UPDATED, "changelog": None, "user": None, "comment": None, "timestamp": None, "issue_event_type_name": None},
    {**UPDATED, "issue": {"id": "10001", "key": "PROJ-1", "fields": None}},
    {**UPDATED, "issue": {"id": "10001", "key": None}},
    {**UPDATED, "issue": {"id": 10001}},
    COMMENTED,
    {**COMMENTED, "issue": None},
    {**COMMENTED, "issue": {"id": None, "key": None}},
    {**COMMENTED, "issue": {"id": "10001", "fields": None}, "comment": {}},
]


@pytest.mark.parametrize("said", SHAPES, ids=range(len(SHAPES)))
def test_the_issue_is_found_in_every_shape_that_jira_sends(said):
    assert read_signed(said).issue_id == "10001"


HOST = "https://jira.example.com"
ADDRESSES = [
    (f"{HOST}/rest/api/2/issue/10001/comment/20002", "10001"),
    (f"{HOST}/jira/rest/api/latest/issue/10001/comment/20002", "10001"),
    (f"{HOST}/rest/api/2/issue/PROJ-1/comment/20002", None),
    (f"{HOST}/rest/api/2/issue/010001/comment/20002", None),
    (f"{HOST}/rest/api/2/issue/10001/comment/20002/../../10002", None),
    (f"{HOST}/rest/api/2/issue/10001/comment/20002\n", None),
    (f"{HOST}/rest/api/2/issue/10001/worklog/20002", None),
    ("/issue/10001/comment/20002", None),
    ("", None),
    (None, None),
    ([f"{HOST}/rest/api/2/issue/10001/comment/20002"], None),
]


@pytest.mark.parametrize(("address", "issue_id"), ADDRESSES, ids=range(len(ADDRESSES)))
def test_a_comment_without_its_issue_names_it_in_its_address(address, issue_id):
    found = read_signed({**COMMENTED, "comment": {"self": address, "id": 20002}})

    assert (found.kind, found.issue_id, found.comment_id) == ("commented", issue_id, "20002")


@pytest.mark.parametrize("key", [None, "", 7, "proj-1", "PROJ-1\x1b[2J", "PROJ-01", "../PROJ-1", {}])
def test_a_key_that_is_none_is_left_out(key):
    found = read_signed({**UPDATED, "issue": {"id": "10001", "key": key}})

    assert (found.issue_id, found.key) == ("10001", None)


@pytest.mark.parametrize("timestamp", [None, 0, -1, 4_102_444_800_000, 10**300, 1e999, 1.5, "1795348800123", True, []])
def test_an_instant_that_cannot_be_is_left_out(timestamp):
    text = packed({**UPDATED, "timestamp": "HERE"}).replace(b'"HERE"', json.dumps(timestamp).encode())

    assert read_signed(text.replace(b"Infinity", b"1e999")).at is None


def test_without_an_identifier_the_body_is_its_own():
    one, again, other = read_signed(UPDATED), read_signed(UPDATED), read_signed(COMMENTED)

    assert one.identifier == again.identifier != other.identifier
    assert one.identifier.startswith("body:")
    assert read_signed(UPDATED, X_Atlassian_Webhook_Identifier="  ").identifier == one.identifier


@pytest.mark.parametrize("name", ["X_Atlassian_Webhook_Identifier", "x_atlassian_webhook_identifier"])
def test_an_identifier_stays_short_and_plain_and_is_nobody_else_s(name):
    plain = read_signed(UPDATED, **{name: "a" * 64}).identifier
    strange = ["a" * 65, "a" * 5000, "a\x1b[2J", "a b", "é", "\ud800", read_signed(UPDATED).identifier]
    found = [read_signed(UPDATED, **{name: each}).identifier for each in strange]

    assert plain == "a" * 64
    assert len({*found, *strange}) == 2 * len(strange)
    assert all(len(each) < 80 and each.isascii() and each.isprintable() for each in found)


WORDS = st.sampled_from(
    [*UPDATED, *UPDATED["issue"], "comment", *COMMENTED["comment"].values(), "comment_created", "jira:issue_deleted"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(WORDS | st.text(), inner))
LOOKALIKES = st.fixed_dictionaries(
    {"webhookEvent": st.just("comment_created")}, optional={"issue": JSON, "comment": JSON, "timestamp": JSON}
)
NAMES = st.sampled_from(["X-Atlassian-Webhook-Identifier", "x-hub-signature", "Content-Type"]) | st.text()


@given(
    st.binary() | JSON.map(packed) | LOOKALIKES.map(packed),
    st.dictionaries(NAMES, st.text(st.characters())),
    st.booleans(),
)
def test_whatever_comes_is_a_notice_or_a_refusal(body, headers, is_signed):
    named = {name: value for name, value in headers.items() if name.lower() != "x-hub-signature" or not is_signed}
    named |= {"X-Hub-Signature": signature(body)} if is_signed else {}
    try:
        found = read(named, body, secrets=[SECRET])
    except Refusal as error:
        assert error.status in ((400,) if is_signed else (401,))
    else:
        assert is_signed
        assert found.issue_id is None or int(found.issue_id) > 0


# What is owed then


class Jira:
    """A plugin that writes down what it is to look at, and its host."""

    Settings = tm.PluginSettings

    def __init__(self, folder):
        self.looks = []
        self.host = Host(folder, plugins={"jira": self})

    @tm.hookimpl
    def on_event(self, event):
        if event.type == "sync.requested":
            self.looks.append((event.task_id or event.data["outside"], event.data["hint"]))

    def link(self, title, *, instance=SITE, exclusive=True):
        task = self.host.tasks.add(title)
        self.host.hub("jira").links.save(
            task.id, kind="issue", outside_id="10001", instance=instance, key="PROJ-1", exclusive=exclusive
        )
        self.host.deliver()
        return task.id

    def take(self, said, identifier="first"):
        notice = read_signed(said, X_Atlassian_Webhook_Identifier=identifier)
        return take(notice, self.host.hub("jira"), instance=SITE)

    def looked(self):
        self.host.deliver()
        looks, self.looks = self.looks, []
        return looks


@pytest.fixture
def jira(tmp_path):
    """The plugin in a host of its own."""
    plugin = Jira(tmp_path)
    yield plugin
    plugin.host.close()


DELETED = {**UPDATED, "webhookEvent": "jira:issue_deleted"}


@pytest.mark.parametrize(("said", "hint"), [(UPDATED, "changed"), (COMMENTED, "commented"), (DELETED, "deleted")])
def test_a_linked_issue_is_one_look_at_its_task(jira, said, hint):
    task_id = jira.link("Ship it")

    assert jira.take(said)
    assert jira.looked() == [(task_id, hint)]
    assert jira.host.tasks.get(task_id).status == "pending"


def test_an_issue_of_two_tasks_is_a_look_at_each(jira):
    first, second = jira.link("Ship it", exclusive=False), jira.link("Announce it", exclusive=False)

    assert jira.take(UPDATED)
    assert sorted(jira.looked()) == sorted([(first, "changed"), (second, "changed")])


def test_an_issue_without_a_task_is_a_look_at_the_issue(jira):
    assert jira.take(UPDATED)
    assert jira.looked() == [("10001", "webhook")]


def test_a_link_to_another_site_s_issue_of_that_number_is_not_this_one(jira):
    jira.link("Ship it", instance="https://other.example.com")

    assert jira.take(UPDATED)
    assert jira.looked() == [("10001", "webhook")]


def test_an_issue_whose_task_was_deleted_is_looked_at_itself(jira):
    jira.host.tasks.delete(jira.link("Ship it"))

    assert jira.take(UPDATED)
    assert jira.looked() == [("10001", "webhook")]


@pytest.mark.parametrize("is_linked", [True, False])
def test_a_repeat_is_not_taken_again(jira, is_linked):
    if is_linked:
        jira.link("Ship it")

    assert jira.take(UPDATED)
    assert len(jira.looked()) == 1
    assert not jira.take(UPDATED)
    assert not jira.take(COMMENTED)  # by the identifier, whatever it says
    assert jira.looked() == []
    assert jira.take(UPDATED, "second")
    assert len(jira.looked()) == 1


def test_a_repeat_is_known_without_an_identifier_too(jira):
    assert jira.take(UPDATED, "")
    assert not jira.take(UPDATED, "")
    assert jira.take({**UPDATED, "timestamp": UPDATED["timestamp"] + 1}, "")


def test_an_identifier_is_forgotten_when_no_repeat_can_come_any_more(jira):
    assert jira.take(UPDATED)
    jira.host.clock.advance(REMEMBERED - timedelta(seconds=1))
    assert not jira.take(UPDATED)
    jira.host.clock.advance(timedelta(seconds=1))

    assert jira.take(UPDATED)


@pytest.mark.parametrize(
    "notice",
    [
        read_signed({"webhookEvent": "sprint_started", "issue": {"id": "10001"}}),
        read_signed({"webhookEvent": "comment_deleted"}),
        read_signed(UPDATED)._replace(kind="other"),
    ],
)
def test_what_is_nothing_to_look_at_leaves_nothing_behind(jira, notice):
    assert not take(notice, jira.host.hub("jira"), instance=SITE)
    assert jira.looked() == []
    assert jira.host.hub("jira").state.list() == {}


def test_what_is_kept_of_a_webhook_is_its_identifier_and_its_kind(jira):
    jira.take(UPDATED)

    assert jira.host.hub("jira").state.list() == {"webhook:first": "changed"}


@pytest.mark.parametrize("is_linked", [True, False])
def test_a_crash_on_the_way_leaves_nothing_so_that_the_repeat_counts(jira, is_linked):
    if is_linked:
        jira.link("Ship it")
    # the look is written after the identifier: a store that refuses it fails in between
    jira.host.database.execute(
        "create trigger refuse before insert on delivery begin select raise(abort, 'disk full'); end"
    )
    with pytest.raises(tm.StoreError):
        jira.take(UPDATED)

    assert jira.host.hub("jira").state.list() == {}
    jira.host.database.execute("drop trigger refuse")
    assert jira.take(UPDATED)
    assert len(jira.looked()) == 1


NEWER = {**UPDATED, "timestamp": UPDATED["timestamp"] + 60_000, "issue": {"id": "10001", "fields": {"summary": "New"}}}


@pytest.mark.parametrize("order", list(permutations([UPDATED, NEWER, COMMENTED, DELETED])), ids=range(24))
def test_the_order_in_which_they_come_changes_nothing(jira, order):
    task_id = jira.link("Ship it")
    for number, said in enumerate(order):
        assert jira.take(said, f"n{number}")

    assert [looked for looked, _ in jira.looked()] == [task_id]
    assert jira.host.tasks.get(task_id).title == "Ship it"
