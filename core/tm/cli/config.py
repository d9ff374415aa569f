"""`tm config …`: check, show and trust what the hub is told; keep secrets."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tm.audit import audit, open_hosting
from tm.cli.findings import show as show_findings
from tm.cli.say import out, rows, say
from tm.cli.spec import FORMAT, Argument, Command, Option
from tm.config import secrets, trust
from tm.config.jsonschema import json_schema
from tm.config.problems import suggestion
from tm.config.schema import full
from tm.effective import settings_of_core, settings_of_plugin
from tm.errors import ConfigError, UsageError
from tm.handover import is_worker_free, mode
from tm.roster import installed_models, settings_model
from tm.sensitive import sensitive_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session
    from tm.effective import Setting

WRONG = 2
LONGEST = 64 * 1024


def run_check(session: Session, values: Mapping[str, Any]) -> int:
    """Print what is right and wrong with the configuration; exit 2 if something is wrong."""
    _, found = audit(session)
    return WRONG if show_findings(found, as_json=values["format"] == "json") else 0


def run_show(session: Session, values: Mapping[str, Any]) -> int:
    """Print every setting in force, secrets as ***; exit 2 if a plugin's settings could not be read."""
    hosting = open_hosting(session)
    settings = [*settings_of_core(session, hosting.full)]
    broken = []
    for plugin in hosting.plugins.values():
        if plugin.settings is None:
            broken.append(plugin)
        else:
            settings += settings_of_plugin(plugin, hosting.full)
    _print(settings, has_origin=values["origin"], as_json=values["format"] == "json")
    for plugin in broken:
        say(f"plugins.{plugin.name} is not shown ({plugin.state}): {plugin.reason}")
    return WRONG if broken else 0


def _print(settings: list[Setting], *, has_origin: bool, as_json: bool) -> None:
    if as_json:
        found = {
            each.key: {"value": each.value, "origin": each.origin} if has_origin else each.value for each in settings
        }
        out(json.dumps(found, ensure_ascii=False))
        return
    heads = ("key", "value", "origin") if has_origin else ("key", "value")
    rows(heads, [(each.key, _text(each.value), each.origin)[: len(heads)] for each in settings])


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def run_secret(session: Session, values: Mapping[str, Any]) -> int:
    """Keep a secret that comes on standard input in secrets.toml beside the store."""
    name = values["name"]
    _refuse_unknown(name)
    place = full(session.place, session.environ).place
    try:
        path = secrets.write(place, name, _typed(name))
    except OSError as error:
        raise ConfigError(f"{name} cannot be kept in {place.folder}: {error.strerror}.") from error
    say(f"✓ {name} is kept in {path}, for you alone.")
    plugin = name.partition(".")[0]
    if plugin not in session.core.plugins:
        say(f"The plugin is not enabled yet. Enable it: [plugins.{plugin}] in tm.toml")
    _go_on(session)
    return 0


def _refuse_unknown(name: str) -> None:
    plugin, _, key = name.partition(".")
    model = settings_model(plugin)
    if model is not None and key and key not in model.model_fields:
        raise UsageError(f"{plugin} has no setting {key[:60]}{suggestion(key, model.model_fields)}")


def _typed(name: str) -> str:
    try:
        if sys.stdin.isatty():
            return getpass.getpass(f"{name} (not shown): ")
        return sys.stdin.buffer.read(LONGEST).decode()
    except EOFError:
        return ""
    except UnicodeDecodeError:
        raise UsageError(f"What came for {name} is not UTF-8 text.") from None


def run_trust(session: Session, values: Mapping[str, Any]) -> int:
    """Print what the project's settings file says that needs the user's word, and record that word."""
    place = session.place
    if place.config_file is None:
        raise ConfigError("There is no tm.toml here to confirm. Go to the project first.")
    if place.config_is_own or trust.is_confirmed(place):
        why = "is your own" if place.config_is_own else "is confirmed as it is now"
        say(f"{place.config_file} {why}; there is nothing to do.")
        return 0
    settings, unread = sensitive_settings(session)
    rows(("key", "value", "where"), [(each.key, _text(each.value), each.origin) for each in settings])
    for name in unread:
        say(f"plugins.{name} cannot be read yet; look at its lines yourself. See why: tm config check")
    if values["show"]:
        say(f"To confirm {place.config_file} as it is now: tm config trust")
        return 0
    say(f"✓ You trust {trust.confirm(place)} as it is now; when it changes, you are asked again.")
    _go_on(session)
    return 0


def _go_on(session: Session) -> None:
    """Let what waited for this go out now."""
    if not Path(session.path).exists():
        return
    if not is_worker_free(session.path):
        say("A worker is alive and knows only the old settings: restart it.")
    elif session.core.plugins and mode(session.core.delivery, session.environ) == "background":
        session.hand_over()


def run_schema(_session: Session, _values: Mapping[str, Any]) -> int:
    """Print the JSON Schema of tm.toml with the settings of every installed plugin."""
    models, left_out = installed_models()
    out(json.dumps(json_schema(models), ensure_ascii=False, indent=2))
    for name in left_out:
        say(f"plugins.{name} may say anything: its settings cannot be found out. See why: tm doctor {name}")
    return 0


COMMANDS = (
    Command(
        name="check",
        help="Check every key of the settings files and variables, the plugins' too.",
        run=run_check,
        options=(FORMAT,),
        epilog="Exit code: 0 if nothing is wrong, else 2. Warnings do not count.",
    ),
    Command(
        name="show",
        help="Print every setting in force, secrets as ***.",
        run=run_show,
        options=(
            Option(flag="--origin", kind="flag", help="And the file and line or variable it comes from."),
            FORMAT,
        ),
    ),
    Command(
        name="secret",
        help="Keep a secret, read from standard input, apart from the settings files.",
        run=run_secret,
        arguments=(Argument(name="name", metavar="PLUGIN.KEY", help="Such as slack.webhook_url."),),
    ),
    Command(
        name="trust",
        help="Confirm that the project's tm.toml may say where secrets go and what is run.",
        run=run_trust,
        options=(Option(flag="--show", kind="flag", help="Only print what would be confirmed."),),
    ),
    Command(name="schema", help="Print the JSON Schema of tm.toml, for editors.", run=run_schema),
)
