"""Measurements that say where each comes from, and names that were looked for in vain."""

import pytest

import tm
from tm.testing import Host


@pytest.fixture
def tasks(tmp_path):
    with Host(tmp_path, plugins={}) as host:
        yield host.tasks


def test_every_name_keeps_where_it_comes_from(tasks):
    task = tasks.add("Ship it")
    tasks.measure(task.id, {"coverage": 85, "issues": 0}, source="by hand", sources={"coverage": "coverage.xml"})

    assert tasks.measurements(task.id) == {"coverage": (85, "coverage.xml"), "issues": (0, "by hand")}


def test_a_name_looked_for_in_vain_takes_the_place_of_its_old_value(tasks):
    task = tasks.add("Ship it", criteria=(tm.criterion("coverage >= 85"),))
    tasks.measure(task.id, {"coverage": 90})
    tasks.measure(task.id, {"coverage": None}, sources={"coverage": "coverage.xml: it is empty"})

    assert [each.verdict for each in tasks.get(task.id).criteria] == ["unknown"]
    with pytest.raises(tm.CriteriaNotMet) as refused:
        tasks.complete(task.id, validate=True)
    assert (refused.value.task_id, refused.value.missing) == (task.id, ("coverage",))
