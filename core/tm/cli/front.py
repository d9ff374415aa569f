"""The front door of the hot verbs: parses their plain forms from the declared words and declines everything else."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tm.cli.spec import Command, Option


def parse(command: Command, words: Sequence[str]) -> dict[str, Any] | None:
    """The values of a plain command line, or None to let typer parse (and explain) it.

    Declined are unknown options, missing or malformed values, `--help`, and a wrong number of words.
    """
    options = {option.flag: option for option in command.options}
    values: dict[str, Any] = {
        option.name: () if option.many else (False if option.kind == "flag" else None) for option in command.options
    }
    placed: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            placed.extend(rest)
        elif word[:1] != "-" or word == "-":
            placed.append(word)
        elif not _take(options, values, word=word, rest=rest):
            return None
    return _place(command, values, placed)


def _take(options: dict[str, Option], values: dict[str, Any], *, word: str, rest: Any) -> bool:
    flag, equals, attached = word.partition("=")
    option = options.get(flag)
    if option is None or (option.kind == "flag" and equals):
        return False
    if option.kind == "flag":
        values[option.name] = True
        return True
    text = attached if equals else next(rest, None)
    value = None if text is None else _value(option, text)
    if value is None:
        return False
    values[option.name] = (*values[option.name], value) if option.many else value
    return True


def _value(option: Option, text: str) -> Any:
    if option.choices:
        return text if text in option.choices else None
    if option.kind == "text":
        return text if text or option.may_be_empty else None
    try:
        return int(text) if option.kind == "int" else float(text)
    except ValueError:
        return None


def _place(command: Command, values: dict[str, Any], placed: list[str]) -> dict[str, Any] | None:
    for argument in command.arguments:
        if argument.many:
            values[argument.name], placed = tuple(placed), []
            if argument.is_required and not values[argument.name]:
                return None
        elif placed:
            values[argument.name] = placed.pop(0)
        elif argument.is_required:
            return None
        else:
            values[argument.name] = None
    return None if placed else values
