"""Secrets kept in a file of their own: secrets.toml, beside the store or in the user's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tm.config.core import is_plugin_name, mark
from tm.config.files import read_toml, write_private
from tm.config.identity import git
from tm.config.lines import dotted, where
from tm.config.places import refuse_hidden
from tm.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.config.places import Place

FILE_NAME = "secrets.toml"


def read(place: Place) -> dict[str, dict[str, str]]:
    """The secrets of every plugin by key; those beside the store win over those in the user's folder.

    Raises ConfigError for a file that others can read, that is not TOML, or that holds anything but texts.
    """
    found: dict[str, dict[str, str]] = {}
    for folder in (place.user_folder, place.folder):
        for name, table in _read(str(Path(folder, FILE_NAME))).items():
            found[name] = found.get(name, {}) | table
    return found


def named(name: str) -> tuple[str, str]:
    """The plugin and the key of `my_plugin.token`. Raises UsageError for another kind of name."""
    plugin, _, key = name.partition(".")
    if not is_plugin_name(plugin) or not key.isidentifier():
        raise UsageError(f"{name[:60]!r} names no secret; write PLUGIN.KEY, for example my_plugin.token")
    return plugin, key


def write(place: Place, name: str, value: str) -> str:
    """Keep a secret in the file beside the store, in place of an earlier one; returns the file's path.

    `name` is the plugin and the key, as in `named`; space around the value is dropped. Raises UsageError
    for another kind of name or an empty value, ConfigError when the file there cannot be read, OSError when
    it cannot be written.
    """
    plugin, key = named(name)
    if not value.strip():
        raise UsageError(f"The secret {name} is empty; send it on standard input.")
    path = str(Path(place.folder, FILE_NAME))
    found = _read(path)
    found.setdefault(plugin, {})[key] = value.strip()
    write_private(path, _toml(found))
    return path


def forget(place: Place, name: str) -> list[str]:
    """Take a secret out of the files that `read` reads; the paths of those it stood in.

    Raises UsageError for a name that is none, ConfigError when a file cannot be read, OSError when it cannot be
    written.
    """
    plugin, key = named(name)
    changed = []
    for folder in (place.folder, place.user_folder):
        path = str(Path(folder, FILE_NAME))
        found = _read(path)
        if found.get(plugin, {}).pop(key, None) is not None:
            write_private(path, _toml({each: table for each, table in found.items() if table}))
            changed.append(path)
    return changed


def tracked_by_git(path: str) -> bool:
    """Whether git tracks a file, so that a secret in it would be published. False without git."""
    folder, name = Path(path).parent, Path(path).name
    # a repository inside a repository may name programs that git would run
    listed = git(
        [
            "-c",
            "safe.bareRepository=explicit",
            "-C",
            str(folder),
            "--literal-pathspecs",
            "ls-files",
            "--error-unmatch",
            "--",
            name,
        ]
    )
    return listed is not None


def _read(path: str) -> dict[str, dict[str, str]]:
    if not mark(path):
        refuse_hidden(path)
        return {}
    tables = read_toml(path, private=True)
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ConfigError(f"{where(path, name)}: {name} belongs under its plugin's name: [my_plugin]")
        for key, value in table.items():
            if not isinstance(value, str):
                spot = dotted((name, key))
                raise ConfigError(f"{where(path, spot)}: {spot} must be a text in quotes.")
    return tables


def _toml(tables: Mapping[str, Mapping[str, str]]) -> str:
    blocks = []
    for name, table in sorted(tables.items()):
        lines = [f"{dotted((key,))} = {_quoted(value)}" for key, value in sorted(table.items())]
        blocks.append("\n".join([f"[{dotted((name,))}]", *lines, ""]))
    return "\n".join(blocks)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
