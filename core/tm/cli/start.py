"""From arguments to an exit code: the front door for hot verbs, typer for the rest, one sentence for errors."""

from __future__ import annotations

import gc
import os
import sys

from tm.errors import NOT_DELIVERED, Outcome, TmError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from tm.cli.spec import Command

BUG = 70
_OF_OUTPUT = (5, 28)  # a device that fails, or is full
UNAVAILABLE = 4
HOT = {
    "progress": "progress.COMMAND", "add": "add.COMMAND", "show": "show.COMMAND", "list": "listing.COMMAND",
    "context": "context.COMMAND", "block": "block.COMMAND", "complete": "complete.COMMAND",
    "feedback": "feedback.COMMAND", "measure": "measure.COMMAND", "import": "transfer.IMPORT",
    "export": "transfer.EXPORT",
}  # fmt: skip


def run(words: Sequence[str]) -> NoReturn:
    """Run a command line and end the process, quickly: the store needs no farewell, the drain tidies up."""
    gc.disable()
    _mind_streams()
    code = answer(words)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = code or 141
    except OSError as error:
        code = _complain_of(error)
    os._exit(code)


def _mind_streams() -> None:
    """Streams that are closed, or that cannot say every character, must not end a command."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - until the end
            os.dup2(getattr(sys, name).fileno(), number)
        elif stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="backslashreplace")


def _complain_of(error: Exception) -> int:
    """What was asked for could not be written: the disk or device of stdout, not the store's."""
    os.write(2, f"tm: the output cannot be written: {getattr(error, 'strerror', error)}.\n".encode())
    return UNAVAILABLE


def answer(words: Sequence[str]) -> int:
    """Run a command line and return its exit code; every expected error is one sentence on stderr."""
    try:
        return _run_hot(words) if words and words[0] in HOT else _run_typer(words)
    except (TmError, Outcome) as error:  # an Outcome: a plugin's own command met what its hooks would report
        from tm.cli.say import say

        say(f"tm: {error or type(error).__name__}")
        return error.exit_code if isinstance(error, TmError) else NOT_DELIVERED
    except KeyboardInterrupt:
        sys.stderr.write("tm: interrupted.\n")
        return 130
    except BrokenPipeError:
        return 141
    except Exception as error:  # the last door
        is_output = isinstance(error, OSError) and error.filename is None and error.errno in _OF_OUTPUT
        return _complain_of(error) if is_output else _confess(error)


def _run_hot(words: Sequence[str]) -> int:
    from tm.cli.front import parse

    command = _hot_command(words[0])
    values = parse(command, words[1:])
    if values is None:
        return _run_typer(words)
    from tm.app import Session

    session = Session(os.environ, here(), warn=_warn)
    code = command.run(session, values)
    if os.isatty(2) and session.core.plugins:
        from tm.cli.remind import is_time, remind  # a person is watching, so it may cost a little

        if is_time(session):
            remind(session)
    session.leave()
    return code


def _warn(text: str) -> None:
    from tm.cli.say import say  # seldom there is something to warn of

    say(text)


def here() -> str:
    """The current folder. Raises UsageError where it was deleted meanwhile."""
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib is dear
    except FileNotFoundError:
        raise UsageError("The current folder does not exist any more. Change to another one: cd") from None


def _hot_command(verb: str) -> Command:
    module, _, name = HOT[verb].partition(".")
    command: Command = getattr(__import__(f"tm.cli.{module}", fromlist=[name]), name)
    return command


def _run_typer(words: Sequence[str]) -> int:
    gc.enable()
    from tm.cli.full import run_words

    return run_words(words)


def _confess(error: Exception) -> int:
    if os.environ.get("TM_DEBUG"):
        raise error
    import traceback

    where = traceback.extract_tb(error.__traceback__)[-1]
    sys.stderr.write(
        f"tm: this is a bug in tm: {type(error).__name__} at {where.filename.rpartition('/')[2]}:{where.lineno}. "
        "Nothing more was stored. Please report it; TM_DEBUG=1 shows the whole trace.\n"
    )
    return BUG
