"""Finding, loading and judging plugins, each on its own, so that a broken one harms nobody."""

from __future__ import annotations

import inspect
from contextlib import suppress
from difflib import get_close_matches
from hashlib import scrypt
from typing import TYPE_CHECKING, Any

import pluggy

from tm import hooks
from tm.config.core import plugin_variables
from tm.config.plugin import PluginSettings, base_of, bind, secret_values
from tm.config.redact import Redactor
from tm.config.secrets import read
from tm.config.trust import untrusted_fields
from tm.errors import ConfigError
from tm.filters import matches
from tm.interrupts import watched_keyboard
from tm.packages import installed
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from importlib.metadata import EntryPoint

    from tm.config.schema import FullSettings
    from tm.events import Event

API = 1
GROUP = "tm.plugins"
EVENT_HOOKS = ("on_create", "on_progress", "on_blocked", "on_complete", "on_event")
HOOKS = (*EVENT_HOOKS, "pull", "explain", "supply", "check")
_MAY_YIELD = ("explain", "supply", "check")

ACTIVE, DISABLED, MISSING, UNTRUSTED = "active", "disabled", "missing", "untrusted"
LOAD_ERROR, CONFIG_ERROR, HOOK_ERROR, API_MISMATCH = (
    "load error",
    "config error",
    "hook error",
    "API mismatch",
)


class _Broken(Exception):
    """Why a plugin cannot be active: a state and a sentence."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state = state


class Plugin(Value):
    """A plugin enabled by name, active or not; `reason` says why not and what to do.

    `hooks` maps a hook's name to a callable that takes keyword arguments and passes on those the
    implementation asks for. `settings` is None unless it is active; `base` is what every plugin's settings say, in a
    copy that the plugin does not know.
    """

    name: str
    state: str
    reason: str = ""
    distribution: str = ""
    settings: Any = None
    base: PluginSettings = PluginSettings()
    hooks: Mapping[str, Callable[..., Any]] = {}
    redactor: Any = Redactor(())

    @property
    def is_active(self) -> bool:
        """Whether it can be called."""
        return self.state == ACTIVE

    def settings_mark(self) -> str:
        """What tells one version of the settings from the next; slow on purpose, so that it gives no secret away."""
        try:
            text = repr((self.settings, secret_values(self.settings))).encode("utf-8", "replace")
        except BaseException:  # a plugin's own types may not be printable; then only a person ends its pause
            text = b""
        return scrypt(text, salt=self.name.encode(), n=2**14, r=8, p=1, dklen=8).hex()

    def hook_for(self, event: Event) -> Callable[..., Any] | None:
        """The hook this event goes to, or None if the plugin has none for it."""
        return self.hooks.get(event.hook) or self.hooks.get("on_event")

    def wants(self, event: Event, *, is_linked: bool) -> bool:
        """Whether the plugin is to be told: it has a hook, and its `when` matches or the task is linked to it."""
        if self.hook_for(event) is None:
            return False
        when = self.base.when
        return when is None or is_linked or matches(when, event)


def load(names: Iterable[str], full: FullSettings) -> dict[str, Plugin]:
    """Load the plugins with these names, each in its own state. Never raises for what a plugin does wrong."""
    found = installed(GROUP)
    return together({name: _load_one(name, found.get(name, []), full) for name in names})


def together(plugins: Mapping[str, Plugin]) -> dict[str, Plugin]:
    """The plugins of one hub, each with a redactor that knows the secrets of all: an error may hold any of them."""
    redactor = Redactor.of_all(plugin.redactor for plugin in plugins.values())
    return {name: plugin.with_(redactor=redactor) for name, plugin in plugins.items()}


def adopt(name: str, module: Any, full: FullSettings) -> Plugin:
    """A plugin made of an object at hand instead of an installed package (tests, demos)."""
    return _examined(lambda: _active(name, module, full), Plugin(name=name, state=LOAD_ERROR), full)


def _load_one(name: str, entries: list[EntryPoint], full: FullSettings) -> Plugin:
    blank = Plugin(name=name, state=LOAD_ERROR, distribution=_owner(entries[0]) if entries else "")
    return _examined(lambda: _active(name, _import(name, entries), full), blank, full)


def _examined(examine: Callable[[], Plugin], blank: Plugin, full: FullSettings) -> Plugin:
    """The plugin, or, when it cannot be active or raises anything at all, the blank one with state and reason."""
    with watched_keyboard() as was_interrupted:
        try:
            return examine().with_(distribution=blank.distribution)
        except _Broken as broken:
            state, reason = broken.state, str(broken)
        except BaseException as error:  # a plugin may be any object, with attributes that raise
            if was_interrupted():
                raise
            state, reason = LOAD_ERROR, f"It cannot be examined ({type(error).__name__}). Reinstall or update it."
    told = _told(blank.name, full)
    may_leak = state in (LOAD_ERROR, HOOK_ERROR)
    return blank.with_(state=state, reason=told.clean(reason) if may_leak else reason, redactor=told)


def _told(name: str, full: FullSettings) -> Redactor:
    """What takes a plugin's secrets out of a sentence about it before its settings are known."""
    values: list[str] = []
    for variable, plugin, key in plugin_variables(full.environ):
        if plugin == name and key not in PluginSettings.model_fields:
            values.append(full.environ[variable])
    with suppress(ConfigError):
        values += read(full.place).get(name, {}).values()
    return Redactor(values)


def _owner(entry: EntryPoint) -> str:
    try:
        return str(entry.dist.name) if entry.dist else ""
    except Exception:  # metadata without a name
        return ""


def _import(name: str, entries: list[EntryPoint]) -> Any:
    if not entries:
        known = sorted(installed(GROUP))
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else f" Installed: {', '.join(known) or 'none'}."
        raise _Broken(MISSING, f"No installed package provides the plugin {name!r}: pip install tm-hub-{name}.{hint}")
    if len({entry.value for entry in entries}) > 1:
        owners = ", ".join(sorted(_owner(entry) or entry.value for entry in entries))
        raise _Broken(LOAD_ERROR, f"Several packages provide the plugin {name!r}: {owners}. Uninstall all but one.")
    try:
        return entries[0].load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin's import may even call sys.exit
        raise _Broken(
            LOAD_ERROR,
            f"{entries[0].value} cannot be imported ({type(error).__name__}: {error}). Reinstall or update it.",
        ) from None


def _active(name: str, module: Any, full: FullSettings) -> Plugin:
    _check_api(module)
    found = _hooks_of(name, module)
    settings, base, blamed = _settings(name, getattr(module, "Settings", PluginSettings), full)
    if not base.enabled:
        raise _Broken(DISABLED, f"Its settings say enabled = false. Enable it: [plugins.{name}] enabled = true")
    if blamed:
        raise _Broken(
            UNTRUSTED,
            f"The project's file sets {', '.join(blamed)}, and with that where secrets go, who is told or what is run. "
            "Read it, then confirm: tm config trust",
        )
    return Plugin(
        name=name,
        state=ACTIVE,
        settings=settings,
        base=base,
        hooks=found,
        redactor=Redactor(secret_values(settings)),
    )


def _check_api(module: Any) -> None:
    wanted = getattr(module, "TM_API", API)
    if wanted != API:
        raise _Broken(API_MISMATCH, f"It was written for plugin API {wanted}; this tm has {API}. Update one of them.")


def _settings(name: str, model: Any, full: FullSettings) -> tuple[PluginSettings, PluginSettings, tuple[str, ...]]:
    """The plugin's settings, what every plugin's say, and those that a project set and the user has not confirmed."""
    if not (inspect.isclass(model) and issubclass(model, PluginSettings)):
        raise _Broken(CONFIG_ERROR, "Its Settings is no class derived from tm.PluginSettings.")
    try:
        settings = bind(name, model, full)
        return settings, base_of(settings), untrusted_fields(name, settings, full)
    except ConfigError as error:
        raise _Broken(CONFIG_ERROR, str(error)) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a validator of the plugin may raise anything; its text may hold a secret
        raise _Broken(
            CONFIG_ERROR, f"Its Settings raised {type(error).__name__} while reading the configuration."
        ) from None


def _hooks_of(name: str, module: Any) -> dict[str, Callable[..., Any]]:
    if inspect.isclass(module):
        raise _Broken(HOOK_ERROR, f"It is the class {module.__name__}; register a module or an object made of it.")
    manager = pluggy.PluginManager("tm")
    manager.add_hookspecs(hooks)
    try:
        manager.register(module, name=name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _Broken(HOOK_ERROR, f"Its hooks do not fit: {error}") from None
    found = {}
    for caller in manager.get_hookcallers(module) or []:
        for impl in caller.get_hookimpls():
            found[caller.name] = _checked(caller.name, impl, has_spec=caller.spec is not None)
    if not found:
        raise _Broken(HOOK_ERROR, f"It has no hook marked with @tm.hookimpl. Hooks: {', '.join(HOOKS)}.")
    return found


def _checked(name: str, impl: Any, *, has_spec: bool) -> Callable[..., Any]:
    if not has_spec:
        near = get_close_matches(name, HOOKS, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Hooks: {', '.join(HOOKS)}."
        raise _Broken(HOOK_ERROR, f"There is no hook {name!r}. {hint}")
    if impl.hookwrapper or impl.wrapper:
        raise _Broken(HOOK_ERROR, f"Its {name} is a wrapper; tm calls hooks one by one, so remove wrapper=True.")
    if inspect.iscoroutinefunction(impl.function):
        raise _Broken(HOOK_ERROR, f"Its {name} is async; tm calls hooks in threads, so write it without async.")
    if name not in _MAY_YIELD and (
        inspect.isgeneratorfunction(impl.function) or inspect.isasyncgenfunction(impl.function)
    ):
        raise _Broken(
            HOOK_ERROR, f"Its {name} yields, so calling it runs nothing; only {', '.join(_MAY_YIELD)} may yield."
        )
    kinds = inspect.signature(impl.function).parameters.values()
    if any(each.kind is each.KEYWORD_ONLY for each in kinds):
        raise _Broken(HOOK_ERROR, f"Its {name} has keyword-only arguments; take event and hub as plain ones.")
    names = impl.argnames
    return lambda **lent: impl.function(*[lent[each] for each in names])
