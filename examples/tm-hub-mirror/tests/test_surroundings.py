"""What the mirror shows to tm itself: its doctor, its commands, its stand-in."""

from __future__ import annotations

import tm_mirror
from tm_mirror import standin
from tm_mirror.commands import app
from typer.testing import CliRunner

from tm.testing import Host


def test_the_doctor_says_how_many_tasks_have_a_file(desk):
    desk.mirrored()
    desk.mirrored("Another")

    [finding] = desk.host.check("mirror")
    assert finding.level == "ok"
    assert "2 tasks" in finding.message


def test_the_doctor_makes_no_folder(desk):
    [finding] = desk.host.check("mirror")

    assert "not made yet" in finding.message
    assert not desk.folder.exists()


def test_both_commands_have_help():
    shown = CliRunner().invoke(app, ["--help"]).output

    assert "status" in shown
    assert "pull" in shown


def test_the_stand_in_tells_every_version_of_a_file_newest_last(tmp_path):
    with (
        standin.open() as stand_in,
        Host(tmp_path, plugins={"mirror": tm_mirror}, settings={"mirror": stand_in.settings}) as host,
    ):
        task = host.tasks.add("Ship the parser")
        host.deliver()
        assert len(stand_in.received) == 1
        host.tasks.complete(task.id)
        host.deliver()

        assert stand_in.received == [
            f"{task.id}.json: Ship the parser (pending)",
            f"{task.id}.json: Ship the parser (completed)",
        ]
    assert not stand_in.folder.exists()
