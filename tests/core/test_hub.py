"""What a plugin is lent: its state, cursors and links, the map of people, the link for notices, the numbers."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tm
from tm.criteria import from_expression
from tm.errors import NotFound, Refused, RevisionConflict, UsageError
from tm.people import People

HOUR = timedelta(hours=1)
PEOPLE = {
    "alice": {"email": "Alice@example.com", "slack": "U012AB", "jira": "5b10a"},
    "bob": {"email": "bob@example.com"},
}

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def host(open_host, Scribe):
    return open_host(scribe=Scribe(), other=Scribe(), people=PEOPLE)


@pytest.fixture
def hub(host):
    return host.hub("scribe")


@given(value=documents)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_json_comes_back_as_it_was(hub, value):
    hub.state.delete("key")

    assert hub.state.add("key", value)
    assert hub.state.get("key") == value


def test_a_key_is_added_once(hub):
    assert hub.state.add("thread", "1.1")
    assert not hub.state.add("thread", "2.2")
    assert hub.state.get("thread") == "1.1"


def test_a_key_nobody_added_has_no_value(hub):
    assert hub.state.get("thread") is None
    assert not hub.state.delete("thread")
    assert not hub.state.replace("thread", 2, was=1)


def test_a_value_is_replaced_only_over_what_was_read(hub):
    hub.state.add("card", {"ts": "1.1", "revision": 1})

    assert not hub.state.replace("card", {"revision": 3}, was={"ts": "1.1", "revision": 2})
    assert hub.state.replace("card", {"revision": 2}, was={"revision": 1, "ts": "1.1"})
    assert hub.state.get("card") == {"revision": 2}


def test_state_survives_its_process_and_belongs_to_one_plugin(host):
    host.hub("scribe").state.add("key", 1)
    host.reload()

    assert host.hub("scribe").state.get("key") == 1
    assert host.hub("other").state.get("key") is None


def test_keys_are_listed_by_prefix_in_order(hub):
    for key in ("thread:b", "thread:a", "card:a", "thread;"):
        hub.state.add(key, key.upper())

    assert list(hub.state.list("thread:").items()) == [("thread:a", "THREAD:A"), ("thread:b", "THREAD:B")]
    assert list(hub.state.list()) == ["card:a", "thread:a", "thread:b", "thread;"]


def test_a_deleted_key_is_free_again(hub):
    hub.state.add("key", 1)

    assert hub.state.delete("key")
    assert hub.state.add("key", 2)


def test_a_value_may_be_sixty_four_kibibytes_of_json_and_no_more(hub):
    fits = "é" * ((64 * 1024 - 2) // 2)

    assert hub.state.add("key", fits)
    with pytest.raises(UsageError, match="64 KiB of JSON; this is 65538 bytes"):
        hub.state.add("larger", fits + "é")
    with pytest.raises(UsageError, match="64 KiB"):
        hub.state.replace("key", fits + "é", was=fits)
    assert hub.state.get("key") == fits


def test_a_value_that_asks_the_hub_while_it_is_written_is_no_trouble(hub):
    class Asking(dict):
        def items(self):
            hub.state.add("asked", 1)
            return {"a": 1}.items()

    assert hub.state.add("key", Asking(a=0))
    assert hub.state.replace("key", Asking(a=0), was={"a": 1})
    assert hub.state.get("key") == {"a": 1}
    assert hub.state.get("asked") == 1


def test_a_key_with_an_end_is_forgotten_after_it(hub, host, dispatcher_of):
    hub.state.add("for an hour", 1, expire_after=HOUR)
    hub.state.add("for good", 1)
    host.clock.advance(HOUR - timedelta(seconds=1))
    dispatcher_of(host).prune()
    assert hub.state.get("for an hour") == 1

    host.clock.advance(timedelta(seconds=2))

    assert hub.state.get("for an hour") is None
    assert hub.state.add("for an hour", 2)
    host.clock.advance(timedelta(seconds=1))
    dispatcher_of(host).prune()
    assert list(hub.state.list()) == ["for an hour", "for good"]


def test_what_has_expired_is_swept_away(hub, host, dispatcher_of):
    hub.state.add("for an hour", 1, expire_after=HOUR)
    host.clock.advance(2 * HOUR)
    dispatcher_of(host).prune()

    assert hub.state.list() == {}


def test_what_is_changed_together_is_there_at_once_or_not_at_all(hub, host):
    task = host.tasks.add("Ship it")
    with hub.together():
        hub.state.add("a", 1)
        hub.cursors.set("7")
        hub.links.save(task.id, kind="issue", outside_id="1")
        hub.wake(task.id)
        hub.wake_outside("issue:2")

    def fail():
        with hub.together(), hub.together():
            hub.state.delete("a")
            hub.state.add("b", 1)
            hub.cursors.set("8")
            hub.links.delete(hub.links.mine(task.id)[0])
            hub.wake_outside("issue:3")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert hub.state.list() == {"a": 1}
    assert hub.cursors.get() == "7"
    assert len(hub.links.mine(task.id)) == 1
    assert [row.event_type for row in host.deliveries("scribe")][-2:] == ["sync.requested"] * 2
    assert hub.state.add("b", 2)


def test_an_event_of_the_history_is_found_by_its_id(hub, host):
    host.tasks.add("Ship it")
    [event] = host.events()

    assert hub.event(event.id) == event
    assert hub.event("nothing") is None


@pytest.mark.parametrize(("core", "environ", "said"), [
    ({}, {}, "background"), ({}, {"CI": "true"}, "inline"), ({"delivery": "worker"}, {"CI": "true"}, "worker"),
])  # fmt: skip
def test_a_plugin_knows_who_calls_it(open_host, Scribe, core, environ, said):
    assert open_host(scribe=Scribe(), core=core, environ=environ).hub("scribe").delivery == said


def test_a_cursor_is_moved_and_read_back(hub, host):
    assert hub.cursors.get() is None

    hub.cursors.set("2026-11-22")
    hub.cursors.set("other", name="comments")
    hub.cursors.set("2026-11-23")

    assert (hub.cursors.get(), hub.cursors.get("comments")) == ("2026-11-23", "other")
    assert host.hub("other").cursors.get() is None


def test_a_link_is_made_and_renewed(hub, host):
    task = host.tasks.add("Ship it")
    hub.links.save(task.id, kind="issue", outside_id="10001", instance="acme", key="PROJ-1", state="open")
    link = hub.links.save(task.id, kind="issue", outside_id="10001", instance="acme", key="PROJ-2", title="Ship")

    assert hub.links.of_task(task.id) == hub.links.all() == [link]
    assert (link.plugin, link.key, link.title, link.state) == ("scribe", "PROJ-2", "Ship", None)
    assert hub.links.of_object("10001", kind="issue", instance="acme") == [link]
    assert hub.links.of_object("10001", kind="issue") == []


def test_the_links_of_all_plugins_are_seen_and_only_ones_own_are_ones_own(hub, host):
    task = host.tasks.add("Ship it")
    mine = hub.links.save(task.id, kind="thread", outside_id="1.1")
    branch = host.hub("other").links.save(task.id, kind="branch", outside_id="main")

    assert hub.links.of_task(task.id) == [branch, mine]
    assert hub.links.mine(task.id) == [mine]
    assert hub.links.mine(task.id, kind="card") == []
    assert hub.links.all() == [mine]


def test_a_plugin_cannot_delete_the_link_of_another(hub, host):
    task = host.tasks.add("Ship it")
    theirs = host.hub("other").links.save(task.id, kind="branch", outside_id="main")

    assert not hub.links.delete(theirs)
    assert host.hub("other").links.delete(theirs)
    assert hub.links.of_task(task.id) == []


@pytest.mark.parametrize("task_id", ["00000000", "PROJ-1"])
def test_an_unknown_task_is_not_linked(hub, task_id):
    with pytest.raises(NotFound):
        hub.links.save(task_id, kind="issue", outside_id="10001")


def test_a_task_is_linked_by_its_full_id_only(hub, host):
    task = host.tasks.add("Ship it")

    with pytest.raises((NotFound, UsageError)):
        hub.links.save(task.id[:6], kind="issue", outside_id="10001")


def test_an_exclusive_link_is_one_per_task_and_one_per_object(hub, host):
    first, second = host.tasks.add("First"), host.tasks.add("Second")
    hub.links.save(first.id, kind="issue", outside_id="10001", exclusive=True)

    with pytest.raises(Refused, match=f"issue 10001 cannot be linked to {second.id}: 10001 is linked to {first.id}"):
        hub.links.save(second.id, kind="issue", outside_id="10001", exclusive=True)
    with pytest.raises(Refused, match=f"issue 10002 cannot be linked to {first.id}: 10001 is linked to {first.id}"):
        hub.links.save(first.id, kind="issue", outside_id="10002", exclusive=True)
    assert len(hub.links.all()) == 1


def test_an_exclusive_link_stands_in_nobody_elses_way(hub, host):
    first, second = host.tasks.add("First"), host.tasks.add("Second")
    hub.links.save(first.id, kind="issue", outside_id="10001", exclusive=True)
    hub.links.save(first.id, kind="issue", outside_id="10001", exclusive=True, key="PROJ-1")
    hub.links.save(first.id, kind="epic", outside_id="10001", exclusive=True)
    hub.links.save(second.id, kind="issue", outside_id="10001", instance="elsewhere", exclusive=True)
    host.hub("other").links.save(second.id, kind="issue", outside_id="10001", exclusive=True)

    assert len(hub.links.all()) == 3


def test_plain_links_are_many_to_many(hub, host):
    first, second = host.tasks.add("First"), host.tasks.add("Second")
    for task in (first, second):
        for commit in ("abc", "def"):
            hub.links.save(task.id, kind="commit", outside_id=commit)

    assert len(hub.links.of_object("abc", kind="commit")) == 2
    assert len(hub.links.mine(first.id)) == 2


@pytest.mark.parametrize("name", ["alice", "ALICE", "alice@EXAMPLE.com", "U012AB", "u012ab", "5b10a"])
def test_a_person_is_found_by_any_of_their_names(hub, name):
    assert hub.people.find(name).alias == "alice"


@pytest.mark.parametrize("name", [None, "", "carol", "ali", "bob@example"])
def test_nobody_is_found_by_half_a_name_or_none(hub, name):
    assert hub.people.find(name) is None


def test_a_person_may_be_known_to_some_tools_only():
    bob = People(PEOPLE).find("bob")

    assert (bob.email, bob.slack, bob.jira) == ("bob@example.com", None, None)


def test_the_link_in_notices_is_the_teams_own_page(open_host, Scribe):
    host = open_host(scribe=Scribe(), core={"task_url": "https://tasks.example.com/t/{id}?from=tm"})
    task = host.tasks.add("Ship it")
    host.hub("scribe").links.save(task.id, kind="issue", outside_id="1", url="https://jira.example.com/PROJ-1")

    assert host.hub("scribe").url(task.id) == f"https://tasks.example.com/t/{task.id}?from=tm"


def test_without_such_a_page_it_is_the_first_outside_link_that_has_an_address(hub, host):
    task = host.tasks.add("Ship it")
    assert hub.url(task.id) is None

    hub.links.save(task.id, kind="branch", outside_id="main")
    host.clock.advance(HOUR)
    host.hub("other").links.save(task.id, kind="issue", outside_id="1", url="https://jira.example.com/PROJ-1")
    host.clock.advance(HOUR)
    hub.links.save(task.id, kind="page", outside_id="2", url="https://wiki.example.com/2")

    assert hub.url(task.id) == "https://jira.example.com/PROJ-1"


def test_the_numbers_cover_the_whole_store(hub, host):
    done = host.tasks.add("Done")
    host.tasks.add("Open")
    host.tasks.complete(done.id)
    host.tasks.feedback(done.id, quality=4)
    host.clock.advance(HOUR)
    summary = hub.metrics.summary("7d")

    assert (summary.tasks_created, summary.tasks_completed, summary.average_quality_score) == (2, 1, 4)
    counts = {status: n for status, n in hub.metrics.counts().items() if n}
    assert counts == {"pending": 1, "completed": 1}


def test_a_plugin_knows_whether_anything_outside_may_change(host):
    assert not host.hub("scribe").dry_run
    assert host.hub("scribe", dry_run=True).dry_run


def test_outside_a_delivery_there_is_a_first_attempt_and_every_call_is_a_change_of_its_own(hub, host):
    hub.tasks.add("Same title")
    hub.tasks.add("Same title")

    assert (hub.attempt.number, hub.attempt.may_have_happened) == (1, False)
    assert len(host.events()) == 2


def test_the_plugin_is_the_origin_and_the_person_outside_the_actor(hub, host):
    task = hub.tasks.acting_for("alice").add("From Jira")
    hub.tasks.block(task.id, "no key")
    created, blocked = host.events()

    assert (created.origin, created.actor) == ("scribe", "alice")
    assert (blocked.origin, blocked.actor) == ("scribe", "scribe")


def test_a_plugin_sees_a_task_as_it_is_now_or_that_it_is_gone(hub, host):
    task = host.tasks.add("Ship it")
    assert hub.tasks.get(task.id) == hub.tasks.find(task.id) == task

    hub.tasks.delete(task.id)

    assert hub.tasks.find(task.id) is None
    with pytest.raises(NotFound, match=task.id):
        hub.tasks.get(task.id)


def test_a_change_based_on_an_old_revision_is_refused(hub, host):
    task = host.tasks.add("Ship it")
    host.tasks.update(task.id, title="Ship it today")

    with pytest.raises(RevisionConflict):
        hub.tasks.update(task.id, title="Ship it tomorrow", revision=task.revision)


def test_ratings_by_plugins_stay_out_of_peoples_averages(hub, host):
    task = host.tasks.add("Ship it")
    host.tasks.complete(task.id)
    hub.tasks.feedback(task.id, quality=1)
    host.clock.advance(HOUR)

    assert hub.metrics.summary().tasks_completed == 1
    assert hub.metrics.summary().average_quality_score is None


def test_every_use_case_is_lent(hub, host):
    task = hub.tasks.add("Ship it", criteria=(from_expression("coverage >= 80"),))
    hub.tasks.move(task.id, "in_progress")
    hub.tasks.measure(task.id, {"coverage": 85}, source="ci")
    hub.tasks.context(task.id, "staging is at v12")
    hub.tasks.block(task.id, "no key")
    hub.tasks.unblock(task.id)
    hub.tasks.complete(task.id, validate=True, summary="done")
    hub.tasks.reopen(task.id)
    hub.tasks.cancel(task.id, reason="not needed")

    names = [event.name for event in host.events()]
    assert names == [
        "created", "started", "measured", "context_added", "blocked", "unblocked", "completed", "reopened", "cancelled",
    ]  # fmt: skip


def test_every_name_a_plugin_may_import_is_there():
    for name in tm.__all__:
        assert getattr(tm, name) is not None

    with pytest.raises(AttributeError, match="plugins may use"):
        tm.Dispatcher  # noqa: B018


def test_a_hub_used_on_a_thread_of_the_plugin_s_own_is_refused_in_a_sentence(hub):
    raised = []

    def add():
        try:
            hub.tasks.add("From a thread")
        except tm.TmError as error:
            raised.append(str(error))

    hub.state.add("opened", True)
    thread = threading.Thread(target=add)
    thread.start()
    thread.join(10)

    assert "uses its hub on the thread it was called on" in raised[0]
