"""Every setting in force: its key, its value without secrets, and the file and line or variable it comes from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, SecretBytes, SecretStr

from tm.config.core import KEYS
from tm.config.files import origin_of
from tm.config.lines import dotted, where
from tm.config.plugin import provenance
from tm.config.redact import MASK
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm.app import Session
    from tm.config.schema import FullSettings
    from tm.plugins import Plugin

Place = tuple[str | int, ...]

DEFAULT = "default"
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


class Setting(Value):
    """One key as tm.toml would write it; `value` is fit for JSON."""

    key: str
    value: Any
    origin: str


def settings_of_core(session: Session, full: FullSettings) -> Iterator[Setting]:
    """The core's keys, who acts, people and templates."""
    for key in KEYS:
        yield Setting(key=key, value=getattr(full.core, key), origin=_spot(full.origins.get(key), key))
    yield Setting(key="actor", value=session.actor, origin=_origin_of_actor(session))
    for place, value in _leaves(full.people, ("people",)):
        yield _from_files(place, value, full)
    for name, template in full.templates.items():
        for place, value in _leaves(template.model_dump(exclude_unset=True), ("templates", name)):
            yield _from_files(place, value, full)


def settings_of_plugin(plugin: Plugin, full: FullSettings) -> Iterator[Setting]:
    """Everything an active plugin is told."""
    origins = provenance(plugin.name, type(plugin.settings), full)
    for place, value in _leaves(plugin.settings, ()):
        whole = dotted(("plugins", plugin.name, *place))
        yield Setting(key=whole, value=value, origin=_spot(origin_of(origins, dotted(place)), whole))


def written(length: timedelta) -> str:
    """A duration as people write it in a settings file: 5m, 1h30m, 7d."""
    left, text = int(length.total_seconds()), ""
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _from_files(place: Place, value: Any, full: FullSettings) -> Setting:
    key = dotted(place)
    return Setting(key=key, value=value, origin=_spot(origin_of(full.origins, key), key))


def _origin_of_actor(session: Session) -> str:
    if session.environ.get("TM_ACTOR"):
        return "TM_ACTOR"
    return "git's user.email" if session.core.actor else DEFAULT


def _spot(origin: str | None, key: str) -> str:
    if origin is None:
        return DEFAULT
    return where(origin, key) if "/" in origin else origin


def _leaves(value: Any, at: Place) -> Iterator[tuple[Place, Any]]:
    parts = _parts(value)
    if parts is None:
        yield at, _plain(value)
        return
    for key, inner in parts:
        yield from _leaves(inner, (*at, key))


def _parts(value: Any) -> list[tuple[str | int, Any]] | None:
    """What a value is made of, if it is a table or a list of tables; None for what is shown as one value."""
    if isinstance(value, BaseModel):
        return [(field.alias or name, getattr(value, name)) for name, field in type(value).model_fields.items()]
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, (list, tuple)) and any(isinstance(each, (BaseModel, dict)) for each in value):
        return list(enumerate(value))
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, (SecretStr, SecretBytes)):
        return MASK
    if isinstance(value, timedelta):
        return written(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
