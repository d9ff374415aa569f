"""A task tied to an outside object: made in one go, and its end is told to whoever tied it."""

from __future__ import annotations

import types
from datetime import timedelta
from pathlib import Path

import pytest

import tm
from tm.testing import Host


def plugin(seen: list[tuple[str, object]]) -> types.ModuleType:
    module = types.ModuleType("mirror")

    @tm.hookimpl
    def on_event(event: tm.Event) -> None:
        seen.append((event.type, event.data.get("links")))

    module.on_event = on_event  # type: ignore[attr-defined]
    return module


def test_a_task_and_its_link_are_made_in_one_transaction_and_only_once(tmp_path: Path) -> None:
    with Host(tmp_path, plugins={"mirror": plugin([])}) as host:
        hub = host.hub("mirror")
        link = {"kind": "file", "outside_id": "f-1", "key": "one.json", "exclusive": True}
        first = hub.tasks.add("From outside", link=link)
        second = hub.tasks.add("From outside, edited meanwhile", link=link)

        assert second.id == first.id
        assert [each.key for each in hub.links.of_task(first.id)] == ["one.json"]
        assert len(host.events()) == 1


def test_the_deletion_of_a_linked_task_is_told_whatever_when_says_with_what_it_was_tied_to(tmp_path: Path) -> None:
    seen: list[tuple[str, object]] = []
    settings = {"mirror": {"when": "priority == critical"}}
    with Host(tmp_path, plugins={"mirror": plugin(seen)}, settings=settings) as host:
        task = host.tasks.add("Quiet")
        host.hub("mirror").links.save(task.id, kind="file", outside_id="f-1", key="one.json")
        host.tasks.delete(task.id)
        host.deliver()

        tied = {"plugin": "mirror", "instance": "", "kind": "file", "outside_id": "f-1", "key": "one.json", "url": None}
        assert ("task.deleted", [tied]) in seen


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", 5), ("assignee", 7), ("labels", "abc"), ("deadline", 5), ("deadline", "garbage"),
     ("description", "\ud800"), ("estimated_hours", True), ("priority", ["high"])],
)  # fmt: skip
def test_a_plugin_that_sends_nonsense_is_told_so_and_nothing_is_stored(
    tmp_path: Path, field: str, value: object
) -> None:
    with Host(tmp_path, plugins={"mirror": plugin([])}) as host:
        task = host.tasks.add("A task")
        with pytest.raises(tm.UsageError):
            host.hub("mirror").tasks.update(task.id, **{field: value})

        assert host.tasks.get(task.id).revision == 1


def test_a_plugin_s_deadline_is_read_like_a_person_s(tmp_path: Path) -> None:
    with Host(tmp_path, plugins={"mirror": plugin([])}, core={"timezone": "Europe/Berlin"}) as host:
        task = host.hub("mirror").tasks.add("Due", deadline="2026-12-24")

        assert task.deadline == "2026-12-24T22:59:59.000000Z"


def test_a_relative_deadline_repeated_the_day_after_is_the_same_change(tmp_path: Path) -> None:
    with Host(tmp_path, plugins={"mirror": plugin([])}) as host:
        tasks = host.hub("mirror").tasks
        first = tasks.add("Due", deadline="tomorrow", key="K")
        host.clock.advance(timedelta(days=1))
        again = tasks.add("Due", deadline="tomorrow", key="K")

        assert again == first
