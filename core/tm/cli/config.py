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
from tm.config.problems import suggestion
from tm.config.schema import full
from tm.effective import settings_of_core, settings_of_plugin
from tm.errors import ConfigError, UsageError
from tm.handover import is_worker_free, mode
from tm.roster import settings_model
from tm.schemas import schema_of_installed
from tm.sensitive import sensitive_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session
    from tm.effective import Setting

WRONG = 2


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
            each.key: {"value": each.value, "origin": each.origin} if has_origin else each.value
            for each in settings
        }
        out(json.dumps(found, ensure_ascii=False))
        return
    heads = ("key", "value", "origin") if has_origin else ("key", "value")
    rows(heads, [(each.key, _text(each.value), each.origin)[: len(heads)] for each in settings])


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
