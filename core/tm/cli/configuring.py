"""What `tm config …` does; loaded only when it is called, because settings are dear to import."""

from __future__ import annotations

import getpass
import json
import sys
from typing import TYPE_CHECKING, Any

from pydantic import SecretBytes, SecretStr

from tm.cli.findings import show as show_findings
from tm.cli.say import out, rows, say
from tm.config import secrets, trust
from tm.config.jsonschema import json_schema
from tm.config.plugin import fault_of_secret
from tm.config.problems import mentions, settings_of, suggestion
from tm.config.schema import full
from tm.diagnosis.audit import audit, open_hosting
from tm.diagnosis.effective import settings_of_core, settings_of_plugin
from tm.diagnosis.roster import installed_models, settings_model
from tm.diagnosis.sensitive import sensitive_settings
from tm.errors import ConfigError, NotFound, UsageError
from tm.handover import mode
from tm.packages import installed
from tm.plugins import GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session
    from tm.config.plugin import PluginSettings
    from tm.diagnosis.effective import Setting

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
    """Keep a secret that comes on standard input in secrets.toml beside the store, if the plugin could use it."""
    name = values["name"]
    plugin, key = secrets.named(name)
    if values["forget"]:
        return _forget(session, name)
    model = _model_with(plugin, key)
    place = full(session.place, session.environ).place
    text = _typed(name)
    if model and text.strip() and (fault := fault_of_secret(model, key, text.strip())):
        raise UsageError(f"{plugin}.{fault.rstrip('.')}. Nothing was stored.")
    try:
        path = secrets.write(place, name, text)
    except OSError as error:
        raise ConfigError(f"{name} cannot be kept in {place.folder}: {error.strerror}.") from error
    say(f"✓ {name} is kept in {path}, for you alone.")
    if plugin not in session.core.plugins:
        say(f"The plugin is not enabled yet. Enable it: [plugins.{plugin}] in tm.toml")
    _go_on(session)
    return 0


def _forget(session: Session, name: str) -> int:
    place = full(session.place, session.environ).place
    try:
        paths = secrets.forget(place, name)
    except OSError as error:
        raise ConfigError(f"{name} cannot be taken out of {error.filename}: {error.strerror}.") from error
    if not paths:
        raise NotFound(f"There is no secret {name[:60]} beside the store or in your folder.")
    say(f"✓ {name} is forgotten; it stood in {' and '.join(paths)}.")
    _go_on(session)
    return 0


def _model_with(plugin: str, key: str) -> type[PluginSettings] | None:
    """The settings with that secret among them; None where an installed plugin's cannot be found out."""
    if plugin not in (known := installed(GROUP)):
        raise NotFound(f"No installed package provides the plugin {plugin[:60]!r}{suggestion(plugin, known)}")
    model = settings_model(plugin)
    if model is None:
        return None
    fields = settings_of(model)
    secret = [name for name, field in fields.items() if mentions(field.annotation, (SecretStr, SecretBytes))]
    if key in fields and key not in secret:
        raise UsageError(f"{plugin}.{key} is no secret; set it in tm.toml under [plugins.{plugin}]")
    if key not in secret:
        raise UsageError(f"{plugin} has no secret {key[:60]}{suggestion(key, secret)}")
    return model


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
    """Let what waited for this go out now; a living worker sees by itself that its settings changed."""
    is_background = mode(session.core.delivery, session.environ) == "background"
    if is_background and session.core.plugins and session.has_store():
        session.hand_over()


def run_schema(_session: Session, _values: Mapping[str, Any]) -> int:
    """Print the JSON Schema of tm.toml with the settings of every installed plugin."""
    models, left_out = installed_models()
    out(json.dumps(json_schema(models), ensure_ascii=False, indent=2))
    for name in left_out:
        say(f"plugins.{name} may say anything: its settings cannot be found out. See why: tm doctor {name}")
    return 0
