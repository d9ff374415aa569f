"""The whole command line as a typer application, built from the declared commands and the installed plugins'."""

from __future__ import annotations

import inspect
import os
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup

from tm.app import Session
from tm.cli.say import say
from tm.cli.start import here
from tm.cli.verbs import COMMANDS, GROUPS
from tm.errors import UsageError
from tm.packages import installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.metadata import EntryPoint

    from tm.cli.spec import Argument, Command, Option

PLUGIN_GROUP, PLUGINS = "tm.commands", "tm.plugins"
USAGE = 2
# typer carries its own copy of click since 0.26; this is UsageError in every version
_UsageError: Any = typer.BadParameter.__base__
_TYPES: dict[str, Any] = {"flag": bool, "text": str, "int": int, "float": float}


def run_words(words: Sequence[str]) -> int:
    """Parse and run a command line with typer; the exit code. What typer refuses becomes one sentence."""
    application = typer.main.get_command(_application())
    try:
        code = application.main(args=list(words), prog_name="tm", standalone_mode=False)
    except _UsageError as error:
        where = getattr(getattr(error, "ctx", None), "command_path", "tm")
        if not error.format_message():  # a group called bare has printed its help
            return USAGE
        say(f"tm: {_sentence(error.format_message())} See: {where} --help")
        return USAGE
    except typer.Abort:
        say("tm: interrupted.")
        return 130
    return code if isinstance(code, int) else 0


def _sentence(message: str) -> str:
    if message.startswith("Got unexpected extra argument"):  # one of them may be a secret: none is repeated
        return "There are more words here than the command takes; a text of several words stands in quotes."
    text = " ".join(message.split())
    return text if text.endswith((".", "?", "!", ")")) else f"{text}."


class _Group(TyperGroup):
    """The top level: core verbs first, then one entry per installed plugin, imported only when called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every verb; names of plugins come from package metadata."""
        core = super().list_commands(ctx)
        return [*core, *sorted(name for name in _plugin_entries() if name not in core)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A verb for help and suggestions; a plugin's is not imported for that."""
        found = super().get_command(ctx, cmd_name)
        if found is None and cmd_name in _plugin_entries():
            return TyperCommand(cmd_name, help=_origin(_plugin_entries()[cmd_name]), rich_help_panel="Plugins")
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """A verb about to run: a plugin's is imported now."""
        entries = _plugin_entries()
        if args and args[0] in entries and super().get_command(ctx, args[0]) is None:
            return args[0], _load(args[0], entries[args[0]]), args[1:]
        return super().resolve_command(ctx, args)


class _ListingGroup(TyperGroup):
    """A group that, called bare or with options only, lists: `tm plugins` is `tm plugins list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words, `list` put before them where no verb stands; without such a verb, help."""
        if ctx.resilient_parsing:  # the shell asks what may stand here
            return super().parse_args(ctx, args)
        is_bare = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        words = ["list", *args] if is_bare and "list" in self.commands else args or ["--help"]
        return super().parse_args(ctx, words)


def _plugin_entries() -> dict[str, EntryPoint]:
    return {name: entries[0] for name, entries in installed(PLUGIN_GROUP).items()}


def _origin(entry: EntryPoint) -> str:
    return f"From the package {entry.dist.name if entry.dist else entry.value}."


def _load(name: str, entry: EntryPoint) -> Any:
    from tm.errors import ConfigError

    try:
        return typer.main.get_command(entry.load())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin's import may raise anything, sys.exit included
        raise ConfigError(
            f"tm {name} comes from {entry.value}, which cannot be imported ({type(error).__name__}: {error}). "
            "Reinstall or update that package; every other command works."
        ) from None


def _application() -> typer.Typer:
    application = typer.Typer(
        cls=_Group,
        help="Tasks that tell your tools: one short command changes a task, plugins tell everybody who should know.",
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    application.callback(invoke_without_command=True)(_top)
    for command in COMMANDS:
        mount(application, command)
    for name, (help_text, panel, commands) in GROUPS.items():
        group = typer.Typer(cls=_ListingGroup, help=_escaped(help_text))
        for command in commands:
            mount(group, command)
        application.add_typer(group, name=name, rich_help_panel=panel)
    return application


def _top(
    ctx: typer.Context,
    config: Annotated[str | None, typer.Option(help="Another tm.toml than the hub's own.", metavar="FILE")] = None,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> int:
    ctx.obj = config
    if config:  # a plugin's own command opens its hub by the environment
        os.environ["TM_CONFIG"] = os.path.abspath(config)  # noqa: PTH100
    if show_version:
        print(f"tm-hub {version('tm-hub')}")  # noqa: T201 - the result itself
        raise typer.Exit
    if ctx.invoked_subcommand is not None:
        return 0
    from tm.cli.mine import run

    return run(_session(config), {})


def _session(config: str | None) -> Session:
    return Session(os.environ, here(), config=config, warn=say)


def mount(application: typer.Typer, command: Command) -> None:
    """Add a declared command to a typer application."""
    application.command(
        command.name,
        help=_escaped(command.help),
        epilog=_escaped(command.epilog) or None,
        rich_help_panel=command.panel,
    )(_callback(command))


def _callback(command: Command) -> Callable[..., int]:
    def call(**values: Any) -> int:
        context: Any = values.pop("ctx")
        typed = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        words: list[Argument | Option] = [*command.arguments, *command.options]
        for many in [each.name for each in words if each.many]:
            typed[many] = typed[many] or ()
        _refuse_empty(command, typed)
        session = _session(context.find_root().obj)
        code = command.run(session, typed)
        session.leave()
        return code

    parameters = [_parameter("ctx", typer.Context, inspect.Parameter.empty)]
    parameters += [_argument(each) for each in command.arguments]
    parameters += [_option(each) for each in command.options]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return call


def _refuse_empty(command: Command, values: Mapping[str, Any]) -> None:
    for option in command.options:
        value = values[option.name]
        if not option.may_be_empty and (value == "" or (option.many and "" in value)):
            raise UsageError(f"{option.flag} is empty. Is a shell variable unset? Leave the option out instead.")


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _argument(argument: Argument) -> inspect.Parameter:
    kind: Any = list[str] if argument.many else (str if argument.is_required else str | None)
    info = typer.Argument(
        help=_escaped(argument.help),
        metavar=argument.metavar or argument.name.upper(),
        autocompletion=_COMPLETIONS.get(argument.name),
        show_default=False,
    )
    default = inspect.Parameter.empty if argument.is_required else None
    return _parameter(argument.name, Annotated[kind, info], default)


def _option(option: Option) -> inspect.Parameter:
    kind: Any = Literal[option.choices] if option.choices else _TYPES[option.kind]
    is_flag = option.kind == "flag"
    info = typer.Option(
        option.flag,
        help=_escaped(option.help),
        metavar=None if is_flag else option.metavar,
        autocompletion=_COMPLETIONS.get(option.name),
        show_default=False,
        parser=_PARSERS.get(option.kind),
    )
    if is_flag:
        return _parameter(option.name, Annotated[bool, info], False)
    return _parameter(option.name, Annotated[list[kind] if option.many else (kind | None), info], None)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"{text[:40]!r} is no whole number.") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text[:40]!r} is no number.") from None


_PARSERS: dict[str, Callable[[str], Any]] = {"int": _whole, "float": _number}


def _ids(incomplete: str) -> list[tuple[str, str]]:
    """Open tasks for the shell's completion, newest first."""
    from tm.store.listing import Listing

    session = Session(os.environ, here())
    if not os.path.exists(session.path):  # noqa: PTH110 - completion must not make a store
        return []
    rows = Listing(session.database).cells({"is_open": True}, sort="-created", limit=500)
    return [(row[0], str(row[5])) for row in rows if row[0].startswith(incomplete)]


def _plugins(incomplete: str) -> list[str]:
    """Plugins for the shell's completion: the enabled ones, then what else is installed."""
    names = dict.fromkeys((*Session(os.environ, here()).core.plugins, *sorted(installed(PLUGINS))))
    return [name for name in names if name.startswith(incomplete)]


def _templates(incomplete: str) -> list[str]:
    """Templates for the shell's completion."""
    from tm.config.schema import full

    session = Session(os.environ, here())
    return [name for name in full(session.place, session.environ).templates if name.startswith(incomplete)]


_COMPLETIONS: dict[str, Any] = {
    "id": _ids,
    "plugin": _plugins,
    "task": _ids,
    "template": _templates,
    "depends_on": _ids,
}


def _escaped(text: str) -> str:
    """Help text in which [brackets] are not taken for markup."""
    return text.replace("[", "\\[") if sys.stdout.isatty() or "[" in text else text
