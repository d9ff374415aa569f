"""What a plugin keeps between calls: state, cursors, health and pulls."""

from __future__ import annotations

import pytest

from tm.store.plugins import Health, PluginRecords

NOW = "2026-11-22T12:00:00.000000Z"

EARLY, NOON, LATE = "2026-11-22T06:00:00.000000Z", "2026-11-22T12:00:00.000000Z", "2026-11-22T18:00:00.000000Z"


def add(database, key, value="1", *, plugin="slack", expires_at=None):
    with database.transaction():
        return PluginRecords(database).add_state(plugin, key, value=value, at=EARLY, expires_at=expires_at)


def replace(database, key, value, *, was, expires_at=None):
    with database.transaction():
        return PluginRecords(database).replace_state("slack", key, value=value, was=was, at=NOON, expires_at=expires_at)


# state


def test_a_free_key_is_taken_once(database):
    answers = [add(database, "thread", '"first"'), add(database, "thread", '"second"')]

    assert answers == [True, False]
    assert PluginRecords(database).get_state("slack", "thread", now=NOW) == '"first"'


def test_a_key_nobody_took_has_no_value(database):
    assert PluginRecords(database).get_state("slack", "thread", now=NOW) is None


def test_the_same_key_of_two_plugins_is_two_keys(database):
    add(database, "thread", "1")
    add(database, "thread", "2", plugin="jira")

    assert PluginRecords(database).get_state("slack", "thread", now=NOW) == "1"
    assert PluginRecords(database).get_state("jira", "thread", now=NOW) == "2"


def test_a_value_is_replaced_only_over_exactly_what_was_there(database):
    add(database, "count", "1")
    answers = [
        replace(database, "count", "2", was="1"),
        replace(database, "count", "3", was="1"),
        replace(database, "nothing", "3", was="1"),
    ]

    assert answers == [True, False, False]
    assert PluginRecords(database).get_state("slack", "count", now=NOW) == "2"
    assert PluginRecords(database).get_state("slack", "nothing", now=NOW) is None


def test_a_deleted_key_is_free_again(database):
    add(database, "thread")
    records = PluginRecords(database)
    with database.transaction():
        answers = [records.delete_state("slack", "thread"), records.delete_state("slack", "thread")]

    assert answers == [True, False]
    assert add(database, "thread", "2")


def test_keys_are_listed_by_prefix_in_order(database):
    for key in ("b:2", "a:10", "a:1", "a", "A:3", "a:é", "a:\U0010fffe"):
        add(database, key, f'"{key}"')
    add(database, "a:other", plugin="jira")
    records = PluginRecords(database)

    assert [key for key, _ in records.list_state("slack", "a:")] == ["a:1", "a:10", "a:é", "a:\U0010fffe"]
    assert len(records.list_state("slack", "")) == 7


@pytest.mark.parametrize("prefix", ["%", "_", "a%", "'", "*"])
def test_a_prefix_is_taken_letter_by_letter(database, prefix):
    add(database, "abc")
    add(database, f"{prefix}x")

    assert [key for key, _ in PluginRecords(database).list_state("slack", prefix)] == [f"{prefix}x"]


def test_only_what_has_expired_is_forgotten(database):
    add(database, "gone", expires_at=EARLY)
    add(database, "stays", expires_at=LATE)
    add(database, "for ever")
    with database.transaction():
        count = PluginRecords(database).expire_state(now=NOON)

    assert count == 1
    assert [key for key, _ in PluginRecords(database).list_state("slack", "")] == ["for ever", "stays"]


def test_replacing_a_value_also_replaces_its_end(database):
    add(database, "short", "1", expires_at=EARLY)
    add(database, "long", "1")
    replace(database, "short", "2", was="1")
    replace(database, "long", "2", was="1", expires_at=EARLY)
    with database.transaction():
        PluginRecords(database).expire_state(now=NOON)

    assert PluginRecords(database).list_state("slack", "") == [("short", "2")]


# cursors


def test_a_cursor_moves_and_belongs_to_one_plugin_and_name(database):
    records = PluginRecords(database)
    with database.transaction():
        records.set_cursor("jira", "default", value="100", at=EARLY)
        records.set_cursor("jira", "default", value="200", at=NOON)
        records.set_cursor("jira", "comments", value="7", at=NOON)

    assert records.get_cursor("jira", "default") == "200"
    assert records.get_cursor("jira", "comments") == "7"
    assert records.get_cursor("slack", "default") is None


# health and pulls


def admit(database, name, *, since_seq=0):
    with database.transaction():
        return PluginRecords(database).admit(name, since_seq=since_seq, at=EARLY)


def test_a_plugin_is_admitted_once_and_keeps_its_first_sight(database):
    answers = [admit(database, "slack", since_seq=7), admit(database, "slack", since_seq=99)]

    assert answers == [True, False]
    assert PluginRecords(database).health() == {"slack": Health(name="slack", since_seq=7, since_at=EARLY)}


def test_every_word_about_a_plugins_health_comes_back_but_its_first_sight_stays(database):
    admit(database, "slack", since_seq=7)
    admit(database, "jira")
    ill = Health(
        name="slack", since_seq=7, since_at=EARLY, open_until=LATE, failures=5, trips=2, paused="needs login",
        paused_at=NOON, state="config error", state_reason="no token", settings_mark="f00d", last_error="401",
        last_error_at=NOON, last_success_at=EARLY,
    )  # fmt: skip
    with database.transaction():
        PluginRecords(database).save_health(ill.with_(since_seq=99, since_at=LATE))
    health = PluginRecords(database).health()

    assert health["slack"] == ill
    assert health["jira"] == Health(name="jira", since_seq=0, since_at=EARLY)


def test_a_failed_pull_keeps_the_time_of_the_last_good_one(database):
    records = PluginRecords(database)
    with database.transaction():
        records.save_pull("jira", pulled_at=EARLY, next_at=NOON, error=None)
        records.save_pull("jira", pulled_at=None, next_at=LATE, error="timed out")

    assert records.pulls() == {"jira": (EARLY, LATE, "timed out")}
