"""Links: unique on all five names, exclusive ones also per task and per outside object."""

from __future__ import annotations

import pytest

from tm.errors import StoreError
from tm.store.links import Link, Links

AT, LATER = "2026-11-22T12:00:00.000000Z", "2026-11-23T12:00:00.000000Z"
ONE, TWO = "11111111", "22222222"


def a_link(**fields):
    return Link(
        **{"plugin": "jira", "instance": "site", "kind": "issue", "task_id": ONE, "outside_id": "10001", **fields}
    )


def save(database, *links, at=AT):
    with database.transaction():
        for link in links:
            Links(database).save(link, at=at)


def test_every_field_of_a_link_comes_back(database):
    full = a_link(
        key="PROJ-1", url="https://jira.example/PROJ-1", title="Ship it", detail="3 files", state="open",
        base='{"status":"To Do"}', exclusive=True,
    )  # fmt: skip
    save(database, full)

    assert Links(database).of_task(ONE) == [full]


def test_saving_a_link_again_renews_what_is_known_of_it(database):
    save(database, a_link(key="PROJ-1", url="https://old", detail="old"))
    save(database, a_link(key="MOVED-7", url="https://new"))

    assert Links(database).of_task(ONE) == [a_link(key="MOVED-7", url="https://new")]


@pytest.mark.parametrize(
    "other",
    [{"plugin": "git"}, {"instance": "other"}, {"kind": "epic"}, {"task_id": TWO}, {"outside_id": "10002"}],
)
def test_links_that_differ_in_any_of_the_five_names_stand_side_by_side(database, other):
    save(database, a_link(), a_link(**other))
    links = Links(database)

    assert len(links.of_task(ONE) + links.of_task(TWO)) == 2


def test_the_links_of_a_task_come_oldest_first_whoever_made_them(database):
    save(database, a_link(plugin="zulip", outside_id="1"), at=AT)
    save(database, a_link(plugin="git", outside_id="2"), at=LATER)

    assert [each.plugin for each in Links(database).of_task(ONE)] == ["zulip", "git"]


def test_an_outside_object_knows_its_tasks(database):
    save(database, a_link(task_id=TWO), a_link(), a_link(kind="epic"))
    found = Links(database).of_object(plugin="jira", instance="site", kind="issue", outside_id="10001")

    assert [each.task_id for each in found] == [ONE, TWO]


def test_a_plugin_sees_its_own_links_only(database):
    save(database, a_link(), a_link(plugin="git"))
    links = Links(database)

    assert links.of_plugin("git") == [a_link(plugin="git")]
    assert links.is_linked("git", ONE)
    assert not links.is_linked("git", TWO)
    assert not links.is_linked("slack", ONE)


def test_a_deleted_link_is_gone_and_deleting_it_again_says_so(database):
    save(database, a_link(), a_link(outside_id="10002"))
    links = Links(database)
    with database.transaction():
        answers = [links.delete(a_link()), links.delete(a_link())]

    assert answers == [True, False]
    assert [each.outside_id for each in links.of_task(ONE)] == ["10002"]


# exclusive links


@pytest.mark.parametrize("other", [{"task_id": TWO}, {"outside_id": "10002"}])
def test_a_second_exclusive_link_of_the_task_or_to_the_object_is_refused(database, other):
    save(database, a_link(exclusive=True))
    rival = a_link(exclusive=True, **other)

    assert Links(database).taken_by(rival) == (ONE, "10001")
    with pytest.raises(StoreError):
        save(database, rival)


@pytest.mark.parametrize("other", [{"plugin": "git"}, {"instance": "other"}, {"kind": "epic"}])
def test_exclusive_means_within_one_plugin_instance_and_kind(database, other):
    save(database, a_link(exclusive=True))
    neighbour = a_link(exclusive=True, **other)

    assert Links(database).taken_by(neighbour) is None
    save(database, neighbour)


def test_an_exclusive_link_is_not_in_its_own_way(database):
    save(database, a_link(exclusive=True))

    assert Links(database).taken_by(a_link(exclusive=True)) is None
    save(database, a_link(exclusive=True, title="renewed"))


def test_a_shared_link_bars_nobody(database):
    save(database, a_link(), a_link(task_id=TWO), a_link(outside_id="10002"))

    assert Links(database).taken_by(a_link(task_id=TWO, exclusive=True)) is None
