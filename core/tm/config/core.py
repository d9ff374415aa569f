"""The settings every command needs, from variables over files; the files' part remembered in plain text."""
# ruff: noqa: PTH113, PTH116, PTH118, PTH120  # every command pays for an import; pathlib is dear

from __future__ import annotations

import os
from os.path import dirname, isfile, join

from tm.config.places import home_folder, refuse_hidden
from tm.errors import ConfigError, UsageError
from tm.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tm.config.places import Place

CACHE_NAME = "settings.cache"
CACHE_HEADER = "tm settings 1"
CACHE_END = "end"
PLUGIN_PREFIX = "TM_PLUGINS__"
MODES = ("auto", "background", "inline", "worker")
NO_PLUGINS = ("cli", "api", "web", "tm")
OFF = ("0", "off", "f", "false", "n", "no")
KEYS = ("team", "timezone", "task_url", "delivery", "delivery_wait", "database_url")

_ZONES = "/usr/share/zoneinfo"
_PLAIN_NAME = 100
_LONGEST_CACHE = 65_536
_LONGEST_WAIT = 3600
REDIRECTIONS = ("GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS")


class CoreSettings(Value):
    """What the core itself is told. None means that nobody said.

    `delivery_wait` is in seconds. `plugins` are the names of the enabled plugins, sorted, whatever their
    state. `actor` is `TM_ACTOR`, else git's user.email.
    """

    team: str | None = None
    timezone: str | None = None
    task_url: str | None = None
    delivery: str = "auto"
    delivery_wait: float = 10.0
    database_url: str | None = None
    plugins: tuple[str, ...] = ()
    actor: str | None = None


def is_mode(text: str) -> bool:
    """Whether `delivery` can be that."""
    return text in MODES


def is_wait(text: str) -> bool:
    """Whether `delivery_wait` can be that many seconds."""
    try:
        return 0 <= float(text) <= _LONGEST_WAIT
    except ValueError:
        return False


def is_task_url(text: str) -> bool:
    """Whether `task_url` can be that: http or https, with the place for the id."""
    return (
        text.startswith(("http://", "https://"))
        and "{id}" in text
        and text.isprintable()
        and not any(sign in text for sign in ' <>"\\|')
    )


RULES: dict[str, tuple[Callable[[str], bool], str, str]] = {
    "delivery": (is_mode, "must be auto, background, inline or worker", "inline"),
    "delivery_wait": (is_wait, f"must be a number of seconds from 0 to {_LONGEST_WAIT}", "10"),
    "task_url": (
        is_task_url,
        "must be an http or https address that contains {id}",
        "https://tasks.example.com/tasks/{id}",
    ),
}


def load(place: Place, environ: Mapping[str, str]) -> CoreSettings:
    """The core settings of a hub. An empty variable counts as unset.

    Raises ConfigError, naming the file and line or the variable, when a core key is wrong.
    """
    filed = _filed(place, environ)
    values = {key: _variable(key, environ) or filed.get(key) for key in KEYS}
    return CoreSettings(
        team=values["team"],
        timezone=values["timezone"],
        task_url=values["task_url"],
        delivery=values["delivery"] or CoreSettings.delivery,
        delivery_wait=float(values["delivery_wait"] or CoreSettings.delivery_wait),
        database_url=values["database_url"],
        plugins=_enabled(filed, environ),
        actor=_actor(place, environ, filed=filed.get("actor")),
    )


def is_plugin_name(text: str) -> bool:
    """Whether a plugin may be called that: lower-case words of letters and digits, joined by single `_`."""
    return (
        text.isascii()
        and text == text.lower()
        and text[:1].isalpha()
        and all(word.isalnum() for word in text.split("_"))
        and text not in NO_PLUGINS
    )


def plugin_variables(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Every `TM_PLUGINS__<NAME>__<KEY>` that is not empty, as (variable, plugin, key in lower case)."""
    found = []
    for variable in environ:
        if variable.startswith(PLUGIN_PREFIX) and environ[variable]:
            name, separator, key = variable[len(PLUGIN_PREFIX) :].lower().partition("__")
            if separator and key and is_plugin_name(name):
                found.append((variable, name, key))
    return found


def watched(place: Place, environ: Mapping[str, str]) -> list[str]:
    """The files behind core settings and git's user.email, existing or not, always in this order."""
    system = environ.get("GIT_CONFIG_SYSTEM") or "/etc/gitconfig"
    if environ.get("GIT_CONFIG_NOSYSTEM"):
        system = "no system file: " + environ["GIT_CONFIG_NOSYSTEM"]
    files = [place.config_file or "", place.user_file, join(place.user_folder, "trust"), system]
    if named := environ.get("GIT_CONFIG_GLOBAL"):
        files.append(named)
    else:
        files += [join(dirname(place.user_folder), "git", "config"), join(home_folder(environ), ".gitconfig")]
    if place.common_dir:
        files.append(join(place.common_dir, "config"))
    if place.git_dir:
        files.append(join(place.git_dir, "config.worktree"))
    return files


def mark(path: str) -> str:
    """What tells one version of a file from the next; empty for a file that is not there."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ""
    return f"{found.st_mtime_ns} {found.st_ctime_ns} {found.st_size} {found.st_ino}"


def written(versions: Iterable[tuple[str, str]], values: Mapping[str, str]) -> str:
    """The cache's text: the (path, mark) of every file behind the values, then the values."""
    rows = [("file", path, version) for path, version in versions]
    lines = ["\t".join(map(_escaped, row)) for row in (*rows, *values.items())]
    return "\n".join([CACHE_HEADER, *lines, CACHE_END])


def remembered(text: str, versions: list[tuple[str, str]]) -> dict[str, str] | None:
    """The values in a cache's text, or None when it may not be believed.

    It must begin with exactly these (path, mark) pairs; files it names beyond them are looked at here.
    """
    lines = text.split("\n")
    if lines[0] != CACHE_HEADER or lines[-1] != CACHE_END:
        return None
    rows = [tuple(map(_plain, line.split("\t"))) for line in lines[1:-1]]
    files = [row[1:] for row in rows if row[0] == "file"]
    values = dict(row for row in rows if row[0] != "file" and len(row) == 2)
    if len(files) + len(values) != len(rows) or files[: len(versions)] != versions:
        return None
    if any(len(file) != 2 or mark(file[0]) != file[1] for file in files[len(versions) :]):
        return None
    is_sound = all(rule[0](values[key]) for key, rule in RULES.items() if key in values)
    return values if is_sound else None


def _filed(place: Place, environ: Mapping[str, str]) -> Mapping[str, str]:
    versions = [(path, mark(path)) for path in watched(place, environ)]
    if (place.user_file, "") in versions:
        refuse_hidden(place.user_file)
    if not any(version for _, version in versions):
        return {}
    text = _private_text(join(place.folder, CACHE_NAME))
    values = remembered(text, versions) if text else None
    if values is None:
        from tm.config.cache import refreshed

        values = refreshed(place, environ, versions=versions)
    return values


def _private_text(path: str) -> str | None:
    """A small file that is ours alone, or None."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        found = os.fstat(file)
        if found.st_uid != os.geteuid() or found.st_mode & 0o77 or found.st_size > _LONGEST_CACHE:
            return None
        return os.read(file, _LONGEST_CACHE).decode("utf-8", "surrogatepass")
    except (OSError, ValueError):
        return None
    finally:
        os.close(file)


def _variable(key: str, environ: Mapping[str, str]) -> str | None:
    name = "TM_" + key.upper()
    text = environ.get(name)
    if not text:
        return None
    if key in RULES:
        is_right, wrong, example = RULES[key]
        if not is_right(text):
            raise ConfigError(f"{name} {wrong}. Example: {name}={example}")
    if key == "timezone" and not _is_zone_of_system(text):
        from tm.times import zone  # dear, and few names need it

        try:
            zone(text)
        except ConfigError as error:
            raise ConfigError(f"{name} is wrong: {error}") from None
    return text


def _is_zone_of_system(text: str) -> bool:
    """Whether the system's own database has that zone; its other files have small names."""
    return text == "UTC" or (text[:1].isupper() and ".." not in text and isfile(join(_ZONES, text)))


def _enabled(filed: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str, ...]:
    switched_off = set(filed.get("disabled", "").split())
    names = set(filed.get("plugins", "").split())
    switches = {}
    for variable, name, key in plugin_variables(environ):
        names.add(name)
        if key == "enabled":
            switches[name] = environ[variable].strip().lower() not in OFF
    return tuple(sorted(n for n in names if switches.get(n, n not in switched_off)))


def _actor(place: Place, environ: Mapping[str, str], *, filed: str | None) -> str | None:
    if said := environ.get("TM_ACTOR"):
        if said.isascii() and said.isprintable() and len(said) <= _PLAIN_NAME and said.strip() == said:
            return said
        from tm.model import name  # the rule for all names; few need to be looked at closely

        try:
            return name(said, of="actor in TM_ACTOR")
        except UsageError as error:
            raise ConfigError(str(error)) from None
    if any(name in environ for name in REDIRECTIONS):
        from tm.config.identity import email

        return email(place, environ)[0]
    return filed


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\t", "\t").replace("\\n", "\n") for part in parts)
