"""What a project's settings file says that needs the user's word: hosts that get secrets, programs, the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm.config import trust
from tm.config.lines import dotted, where
from tm.config.plugin import bind
from tm.config.schema import full
from tm.diagnosis.effective import Setting
from tm.diagnosis.roster import settings_model
from tm.errors import ConfigError

if TYPE_CHECKING:
    from tm.app import Session
    from tm.config.schema import FullSettings


def sensitive_settings(session: Session) -> tuple[list[Setting], list[str]]:
    """The project's settings that nobody has confirmed, and the names of plugins whose settings cannot be read.

    Works while an unconfirmed `database_url` makes every other command refuse. Raises ConfigError when the
    core's keys are wrong otherwise.
    """
    environ = {name: text for name, text in session.environ.items() if name != "TM_TRUST"}
    found = full(session.place, {**environ, "TM_TRUST": "1"}).with_(environ=environ)
    settings, unread = _store(session, found), []
    for name in found.core.plugins:
        keys = _untrusted(name, found)
        if keys is None:
            unread.append(name)
        settings += [_setting(found, name, key=key) for key in keys or ()]
    return settings, unread


def _store(session: Session, found: FullSettings) -> list[Setting]:
    place, url = session.place, found.core.database_url
    if url is None or found.origins.get("database_url") != place.config_file or trust.is_confirmed(place):
        return []
    if place.config_is_own:
        return []
    return [Setting(key="database_url", value=url, origin=where(str(place.config_file), "database_url"))]


def _untrusted(name: str, found: FullSettings) -> tuple[str, ...] | None:
    model = settings_model(name)
    try:
        return None if model is None else trust.untrusted_fields(name, bind(name, model, found), found)
    except ConfigError:
        return None
    except Exception:  # a validator of the plugin may raise anything
        return None


def _setting(found: FullSettings, name: str, *, key: str) -> Setting:
    whole = f"{dotted(('plugins', name))}.{key}"
    value: Any = found.plugins[name]
    for part in key.split("."):
        value = value[int(part)] if isinstance(value, list) else value.get(part)
    return Setting(key=whole, value=value, origin=where(str(found.place.config_file), whole))
