"""Every plugin there is, enabled or only installed: its state, what it is owed, and the end of a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm.app import ALONE
from tm.config.plugin import PluginSettings
from tm.diagnosis.pauses import pause_of
from tm.packages import installed
from tm.plugins import DISABLED, GROUP, MISSING, Plugin
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from importlib.metadata import EntryPoint

    from tm.store.ledger import Standing


class Entry(Value):
    """One plugin as `tm plugins` shows it; `reason` says why it is not active and what to do.

    `last_error` is told while something is owed or dead. Instants are stamps.
    """

    name: str
    state: str
    reason: str
    version: str
    owed: int = 0
    dead: int = 0
    last_success_at: str | None = None
    last_error: str | None = None


def roster(
    plugins: Mapping[str, Plugin], *, enabled: Iterable[str], standings: Sequence[Standing], now: str
) -> list[Entry]:
    """The enabled plugins, the installed ones, and those that are still owed something, by name.

    `plugins` are the ones loaded: all enabled ones, or none when plugins are to be left alone.
    """
    found, known, wanted = installed(GROUP), {each.plugin: each for each in standings}, set(enabled)
    owed = {each.plugin for each in standings if each.owed or each.dead}
    entries = []
    for name in sorted({*wanted, *found, *owed}):
        standing = known.get(name)
        if name in wanted:
            state, reason = _state_of_enabled(name, plugins.get(name), standing, now=now)
        else:
            state, reason = _state_of_other(name, is_installed=name in found)
        entries.append(_entry(name, state, reason, standing=standing, version=version_of(found.get(name, []))))
    return entries


def _entry(name: str, state: str, reason: str, *, standing: Standing | None, version: str) -> Entry:
    entry = Entry(name=name, state=state, reason=reason, version=version)
    if standing is None:
        return entry
    return entry.with_(
        owed=standing.owed,
        dead=standing.dead,
        last_success_at=standing.last_success_at,
        last_error=standing.last_error if standing.owed or standing.dead else None,
    )


def _state_of_enabled(name: str, plugin: Plugin | None, standing: Standing | None, *, now: str) -> tuple[str, str]:
    if plugin is None:
        return DISABLED, ALONE
    if not plugin.is_active or standing is None:
        return plugin.state, plugin.reason
    return pause_of(standing, now=now) or (plugin.state, plugin.reason)


def _state_of_other(name: str, *, is_installed: bool) -> tuple[str, str]:
    if is_installed:
        return DISABLED, f"enable: [plugins.{name}]"
    return MISSING, f"Not enabled any more. Enable it: [plugins.{name}], or: tm delivery drop --plugin {name}"


def version_of(entries: Sequence[EntryPoint]) -> str:
    """The distributions behind entry points, with their versions."""
    return ", ".join(sorted({f"{entry.dist.name} {entry.dist.version}" for entry in entries if entry.dist}))


def module_of(name: str) -> Any:
    """The module or object an installed plugin is, or None if it cannot be imported."""
    entries = installed(GROUP).get(name, [])
    try:
        return entries[0].load() if entries else None
    except KeyboardInterrupt:
        raise
    except BaseException:  # a plugin's import may even call sys.exit; its state says so elsewhere
        return None


def settings_model(name: str) -> type[PluginSettings] | None:
    """What an installed plugin's section may hold, or None if that cannot be found out."""
    module = module_of(name)
    model = getattr(module, "Settings", PluginSettings)
    is_right = module is not None and isinstance(model, type) and issubclass(model, PluginSettings)
    return model if is_right else None


def installed_models() -> tuple[dict[str, type[PluginSettings]], list[str]]:
    """The settings of every installed plugin by name, and the names of those that cannot be found out."""
    models = {name: settings_model(name) for name in sorted(installed(GROUP))}
    right = {name: model for name, model in models.items() if model is not None and _has_schema(model)}
    return right, [name for name in models if name not in right]


def _has_schema(model: type[PluginSettings]) -> bool:
    try:
        model.model_json_schema()
    except Exception:  # pydantic raises several kinds for types it cannot describe
        return False
    return True
