"""The variables tm reads, in one place, and a word about those that look like a slip of the pen."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from tm.config.core import PLUGIN_PREFIX, is_plugin_name

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = {
    "TM_TEAM": "default team of new tasks",
    "TM_TIMEZONE": "time zone of deadlines and periods, an IANA name",
    "TM_TASK_URL": "link put in notices; {id} stands for the task's id",
    "TM_DELIVERY": "who delivers what a command caused: auto, background, inline or worker",
    "TM_DELIVERY_WAIT": "seconds an inline delivery may keep its command waiting",
    "TM_DATABASE_URL": "where the store is, when not in the usual place",
    "TM_CONFIG": "the hub's settings file, in place of the tm.toml found by itself",
    "TM_ACTOR": "who asks, in place of git's user.email",
    "TM_TRUST": "1 confirms the project's settings file, for CI",
    "TM_NO_PLUGINS": "1 loads no plugin and tells nobody; what is owed stays owed",
    "TM_LOG": "what the worker's log looks like: text or json",
    "TM_DEBUG": "1 shows the whole trace of a bug in tm",
}


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each `TM_*` variable that tm does not read. Warnings: other programs set such names."""
    return [_sentence(name) for name in sorted(environ) if name.startswith("TM_") and not _is_known(name)]


def _is_known(name: str) -> bool:
    plugin, separator, key = name.removeprefix(PLUGIN_PREFIX).partition("__")
    if name.startswith(PLUGIN_PREFIX):
        return bool(separator and key) and is_plugin_name(plugin.lower())
    return name in VARIABLES


def _sentence(name: str) -> str:
    if name.startswith(PLUGIN_PREFIX):
        return f"{name} sets nothing: write {PLUGIN_PREFIX}<NAME>__<KEY> with a plugin's name and key."
    nearest = get_close_matches(name, VARIABLES, n=1, cutoff=0.75)
    advice = f"did you mean {nearest[0]}?" if nearest else "it may belong to another program."
    return f"{name} is no variable of tm; {advice}"
