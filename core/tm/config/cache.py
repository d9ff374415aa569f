"""Filling the cache of core settings after a settings file has changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tm.clock import Clock
from tm.config.core import CACHE_NAME, REDIRECTIONS, mark, written
from tm.config.files import write_private
from tm.config.identity import email

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.config.places import Place

# Within one tick of the disk's clock, at most a hundredth of a second, a file may change and keep its mark.
_TICKS = 20_000_000


def refreshed(place: Place, environ: Mapping[str, str], *, versions: list[tuple[str, str]]) -> dict[str, str]:
    """The files' part of the core settings as text, read anew and kept in the store's folder if it exists.

    `versions` are the (path, mark) pairs taken before. Raises ConfigError when a core key is wrong; then
    nothing is kept.
    """
    values: dict[str, str] = {}
    may_be_kept = True
    if place.config_file or mark(place.user_file):
        from tm.config.schema import core_values

        values, may_be_kept = core_values(place, environ)
    address, origin = email(place, {k: v for k, v in environ.items() if k not in REDIRECTIONS})
    if address:
        values["actor"] = address
    known = [path for path, _ in versions]
    included = [(origin, mark(origin))] if origin and origin not in known else []
    if may_be_kept:
        _keep(place.folder, [*versions, *included], values=values)
    return values


def _keep(folder: str, versions: list[tuple[str, str]], *, values: Mapping[str, str]) -> None:
    latest = max(int(version.split()[1]) for _, version in versions if version)
    is_settled = latest < Clock().now().timestamp() * 1_000_000_000 - _TICKS
    if not is_settled or not Path(folder).is_dir():
        return
    try:
        write_private(str(Path(folder, CACHE_NAME)), written(versions, values))
    except OSError:
        return  # a store that cannot be written to is still read
