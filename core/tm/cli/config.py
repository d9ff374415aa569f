"""`tm config …`: check, show and trust what the hub is told; keep secrets."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tm.cli.spec import FORMAT, Argument, Command, Option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tm.app import Session


def _later(name: str) -> Callable[[Session, Mapping[str, Any]], int]:
    """A function of tm.cli.configuring, which every other command can do without."""

    def run(session: Session, values: Mapping[str, Any]) -> int:
        code: int = getattr(import_module("tm.cli.configuring"), name)(session, values)
        return code

    return run


COMMANDS = (
    Command(
        name="check",
        help="Check every key of the settings files and variables, the plugins' too.",
        run=_later("run_check"),
        options=(FORMAT,),
        epilog="Exit code: 0 if nothing is wrong, else 2. Warnings do not count.",
    ),
    Command(
        name="show",
        help="Print every setting in force, secrets as ***.",
        run=_later("run_show"),
        options=(
            Option(flag="--origin", kind="flag", help="And the file and line or variable it comes from."),
            FORMAT,
        ),
    ),
    Command(
        name="secret",
        help="Keep a secret, read from standard input, apart from the settings files.",
        run=_later("run_secret"),
        arguments=(Argument(name="name", metavar="PLUGIN.KEY", help="Such as my_plugin.token."),),
        options=(Option(flag="--forget", kind="flag", help="Take it out of where it is kept."),),
    ),
    Command(
        name="trust",
        help="Confirm that the project's tm.toml may say where secrets go and what is run.",
        run=_later("run_trust"),
        options=(Option(flag="--show", kind="flag", help="Only print what would be confirmed."),),
    ),
    Command(name="schema", help="Print the JSON Schema of tm.toml, for editors.", run=_later("run_schema")),
)
