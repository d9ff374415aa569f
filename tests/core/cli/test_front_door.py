"""The two parsers of the hot verbs read every command line alike, or the quick one declines."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from tm.cli import add, block, complete, context, feedback, listing, measure, progress, show, transfer
from tm.cli.front import parse
from tm.cli.full import mount
from tm.cli.spec import Command
from tm.cli.start import HOT

COMMANDS = [
    *[each.COMMAND for each in (progress, add, show, listing, context, block, complete, feedback, measure)],
    transfer.IMPORT,
    transfer.EXPORT,
]
WORDS = st.one_of(
    st.sampled_from(["7f3a0c11", "text", "", "-", "--", "-5", "-x", "\n# Title", "a=b", "0.5", "1e3", "met", "--help"]),
    st.text(alphabet="abc01 -=\n", max_size=6),
)


class Recorder:
    """The same commands on a typer application, running nothing."""

    def __init__(self) -> None:
        self.values: dict[str, Any] | None = None
        application = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
        application.callback()(lambda: None)
        for command in COMMANDS:
            mount(application, command.with_(run=self.record))
        self.command = typer.main.get_command(application)

    def record(self, _session: Any, values: Any) -> int:
        self.values = dict(values)
        return 0

    def parse(self, verb: str, words: list[str]) -> dict[str, Any] | None:
        self.values = None
        try:
            self.command.main(args=[verb, *words], prog_name="tm", standalone_mode=False)
        except (typer.Exit, typer.Abort, typer.BadParameter.__base__, SystemExit):  # type: ignore[misc]
            return None
        return self.values


RECORDER = Recorder()


def option_words(command: Command) -> st.SearchStrategy[list[str]]:
    def one(option: Any) -> st.SearchStrategy[list[str]]:
        value = st.sampled_from(option.choices) if option.choices else WORDS
        if option.kind == "flag":
            return st.just([option.flag])
        return st.one_of(value.map(lambda v: [option.flag, v]), value.map(lambda v: [f"{option.flag}={v}"]))

    return st.sampled_from(command.options).flatmap(one) if command.options else st.just([])


@st.composite
def command_lines(draw: Any) -> tuple[Command, list[str]]:
    command = draw(st.sampled_from(COMMANDS))
    parts = draw(st.lists(st.one_of(WORDS.map(lambda w: [w]), option_words(command)), max_size=6))
    return command, [word for part in parts for word in part]


@settings(max_examples=300, deadline=None)
@given(command_lines())
def test_what_the_front_door_accepts_typer_reads_the_same(line: tuple[Command, list[str]]) -> None:
    command, words = line
    quick = parse(command, words)
    if quick is None:
        return

    assert RECORDER.parse(command.name, words) == quick


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("progress", ["7f3a0c11", "did it", "--percent", "50", "--by=ada", "--wait"]),
        ("add", ["Title", "--label", "a", "--label", "b", "--estimated-hours", "0.5", "--criteria", "[\n {}\n]"]),
        ("complete", ["7f3a", "--validate", "--actual-hours", "0.3", "--summary", "\n# Done\n- all"]),
        ("list", ["--status", "pending", "--format", "json", "--limit", "50"]),
        ("measure", ["7f3a", "a=1", "b=x y", "--source", "ci"]),
        ("context", ["7f3a", "--shared", "\n# Notes\n"]),
    ],
)
def test_the_front_door_takes_the_plain_forms_and_typer_agrees(verb: str, words: list[str]) -> None:
    command = next(each for each in COMMANDS if each.name == verb)
    quick = parse(command, words)

    assert quick is not None
    assert RECORDER.parse(verb, words) == quick


@pytest.mark.parametrize(
    "words",
    [["--help"], ["a", "b", "--unknown"], ["a"], [], ["a", "b", "c"], ["a", "b", "--percent"],
     ["a", "b", "--percent", "x"], ["a", "b", "--wait=1"], ["a", "b", "-h"]],
)  # fmt: skip
def test_the_front_door_declines_what_is_not_plain(words: list[str]) -> None:
    assert parse(progress.COMMAND, words) is None


def test_every_hot_verb_has_a_command_of_that_name() -> None:
    assert sorted(HOT) == sorted(each.name for each in COMMANDS)
