"""Reading settings files and merging them, and writing the small private ones."""

from __future__ import annotations

import os
import re
import stat
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tm.config.core import mark
from tm.config.lines import dotted
from tm.config.places import CONFIG_NAME, refuse_hidden
from tm.errors import ConfigError
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tm.config.places import Place

LIMIT = 1024 * 1024

_TOO_DEEP = "the tables and lists are nested too deeply. Make them flatter."
# reading a key of n parts takes n² steps; a real one has a handful
_MANY_PARTS = re.compile(r"""(?:^|[\[{,])[\t ]*(?:[\w\-\t "']+\.){50}""", re.MULTILINE)
_AT_LINE = re.compile(r" \(at line (\d+), column (\d+)\)$")


class Merged(Value):
    """The hub's file over the user's. `origins` says for each dotted key which file its value stands in."""

    values: Mapping[str, Any]
    origins: Mapping[str, str]


def merged(place: Place) -> Merged:
    """Both settings files as one; tables merge key by key, everything else replaces.

    Raises ConfigError when a file cannot be read or looked for, or is not TOML.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for looked_for in (place.user_file, place.config_file or str(Path(place.folder, CONFIG_NAME))):
        refuse_hidden(looked_for)
    for path in (place.user_file, place.config_file):
        if path and mark(path):
            try:
                lay_over(values, read_toml(path), origins=origins, where=path)
            except RecursionError:
                raise ConfigError(f"{path}: {_TOO_DEEP}") from None
    return Merged(values=values, origins=origins)


def origin_of(origins: Mapping[str, str], key: str) -> str | None:
    """Where a dotted key comes from, as noted for itself, for what it is part of, or for its parts."""
    whole = key
    while whole not in origins and "." in whole:
        whole = whole.rpartition(".")[0]
    if whole in origins:
        return origins[whole]
    return next((path for name, path in origins.items() if name.startswith(key + ".")), None)


def lay_over(
    below: dict[str, Any],
    above: Mapping[str, Any],
    *,
    origins: dict[str, str],
    where: str,
    at: tuple[str, ...] = (),
) -> None:
    """Put the values of `above` over `below`, in place, and note `where` each came from."""
    for key, value in above.items():
        path = (*at, key)
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            lay_over(below[key], value, origins=origins, where=where, at=path)
            continue
        if key in below:
            _forget(origins, dotted(path))
        origins.update(dict.fromkeys((dotted(leaf) for leaf in _leaves(value, path)), where))
        below[key] = _copied(value)


def read_toml(path: str, *, private: bool = False) -> dict[str, Any]:
    """The tables of a TOML file. Raises ConfigError like `read_text`, and for a syntax error at its line."""
    text = read_text(path, private=private)
    if deep := _MANY_PARTS.search(text):
        raise ConfigError(f"{path}:{text.count(chr(10), 0, deep.start()) + 1}: {_TOO_DEEP}")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{path}: {_TOO_DEEP}") from None
    except ValueError as error:
        reason = str(error)
        found = _AT_LINE.search(reason)
        line, column = (int(found[1]), f" (column {found[2]})") if found else (text.count("\n") + 1, "")
        sentence = _AT_LINE.sub("", reason).removesuffix(" (at end of document)")
        raise ConfigError(f"{path}:{line}: this is not TOML: {sentence}{column}. Mend the line.") from None


def read_text(path: str, *, private: bool = False) -> str:
    """The text of a small file.

    Raises ConfigError when it cannot be read, is no file, is larger than 1 MiB or is not UTF-8; with
    `private` also when anybody but the current user may read it.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name cannot be right"
        raise ConfigError(f"Cannot read {path}: {reason}. Check that it exists and is yours.") from None
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"{path} is not a file; put a text file there or name another.")
        if private:
            _refuse_shared(path, found)
        content = os.read(file, LIMIT + 1)
    finally:
        os.close(file)
    if len(content) > LIMIT:
        raise ConfigError(f"{path} is larger than 1 MiB. Shorten it or name another.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: this is not UTF-8. Save the file as UTF-8.") from None


def _refuse_shared(path: str, found: os.stat_result) -> None:
    if found.st_mode & 0o77:
        raise ConfigError(f"{path} holds secrets and is open to others. Run: chmod 600 {path}")
    if os.geteuid() not in (0, found.st_uid) and found.st_uid != 0:
        raise ConfigError(f"{path} holds secrets and belongs to another user. Write one of your own.")


def write_private(path: str, text: str) -> None:
    """Replace a file in one step by one that only the user can read; its folder is made if need be.

    Raises OSError when the disk says no; then the old file is untouched.
    """
    folder = Path(path).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file, name = tempfile.mkstemp(prefix=f".{Path(path).name}.", dir=folder)
    try:
        with os.fdopen(file, "wb") as opened:
            opened.write(text.encode("utf-8", "surrogatepass"))
            opened.flush()
            os.fsync(file)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _forget(origins: dict[str, str], key: str) -> None:
    for lost in [name for name in origins if (name + ".").startswith(key + ".")]:
        del origins[lost]


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not isinstance(value, dict) or not value:
        yield path
        return
    for key, inner in value.items():
        yield from _leaves(inner, (*path, key))


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value
