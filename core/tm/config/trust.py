"""Whether a project's settings file may say where a secret goes and what is run: only if the user agrees."""

from __future__ import annotations

import typing
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from tm.addresses import is_loopback
from tm.config.binding import laid
from tm.config.files import LIMIT, origin_of, write_private
from tm.config.lines import dotted
from tm.config.problems import names_beside
from tm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

    from tm.config.places import Place
    from tm.config.plugin import PluginSettings
    from tm.config.schema import FullSettings


class Sensitive:
    """Marks a setting that a project's file may not change by itself; used through its subclasses."""


class ReceivesSecret(Sensitive):
    """Marks a host or address that is sent a secret, or all that is told, as a webhook's is.

    `base_url: Annotated[str, ReceivesSecret] = "https://…"`: the default is the vendor's own address; the project
    may name that, and any loopback address.
    """


class RunsProgram(Sensitive):
    """Marks a setting that is run as a program: `linter: Annotated[str, RunsProgram] = "lint"`."""


def untrusted_fields(name: str, settings: PluginSettings, full: FullSettings) -> tuple[str, ...]:
    """The settings of a plugin that a project's file sets and the user has not confirmed, as dotted keys.

    Empty means: go ahead. What the user's own file and the environment say is always trusted.
    """
    place = full.place
    if place.config_is_own or place.config_file is None or is_waived(full.environ) or is_confirmed(place):
        return ()
    origins = laid(name, type(settings), full).origins
    redirected = [key for key, field, value in _marked(settings) if not _is_harmless(field, value)]
    read = [key for key in origins if _names_secret_file(type(settings), key)]
    return tuple(key for key in redirected + read if origin_of(origins, key) == place.config_file)


def is_confirmed(place: Place) -> bool:
    """Whether the user has confirmed the project's settings file as it is now."""
    return place.config_file is not None and _digest(place.config_file) in _confirmed(place)


def is_waived(environ: Mapping[str, str]) -> bool:
    """Whether `TM_TRUST=1` confirms every project, as in a CI job that checked the project out itself."""
    return environ.get("TM_TRUST") == "1"


def confirm(place: Place) -> str:
    """Record that the user agrees with the project's settings file as it is now; returns its path.

    Raises ConfigError when there is no such file.
    """
    if place.config_file is None:
        raise ConfigError("There is no tm.toml here to confirm. Go to the project first.")
    confirmed = _confirmed(place)
    confirmed[_digest(place.config_file)] = "".join(c if c.isprintable() else "?" for c in place.config_file)
    lines = [f"{digest}  {path}\n" for digest, path in confirmed.items()]
    write_private(str(_trust_file(place)), "".join(lines))
    return place.config_file


def _trust_file(place: Place) -> Path:
    return Path(place.user_folder, "trust")


def _confirmed(place: Place) -> dict[str, str]:
    file = _trust_file(place)
    try:
        if file.stat().st_mode & 0o22:
            return {}
        lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return {}
    return dict(line.split("  ", 1) for line in lines if "  " in line)


def _digest(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(LIMIT + 1)
    except OSError:
        content = b""
    return sha256(path.encode("utf-8", "surrogateescape") + b"\0" + content).hexdigest()


def _names_secret_file(model: type[BaseModel], key: str) -> bool:
    parts = tuple(key.split("."))
    return parts[-1].endswith("_file") and parts[-1] not in names_beside(model, parts)


def _marked(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str, FieldInfo, Any]]:
    """Every marked field of a model and of the models inside it, with its value."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            inner = getattr(value, name)
            if _marks(field):
                yield dotted((*at, name)), field, inner
            yield from _marked(inner, (*at, name))
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            yield from _marked(inner, (*at, number))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _marked(inner, (*at, str(name)))


def _marks(field: FieldInfo) -> set[type[Sensitive]]:
    """The markers of a field, also those inside `Annotated[str, …] | None`."""
    found = list(field.metadata)
    waiting = [field.annotation]
    while waiting:
        annotation = waiting.pop()
        found += getattr(annotation, "__metadata__", ())
        waiting += typing.get_args(annotation)
    return {each for each in found if isinstance(each, type) and issubclass(each, Sensitive)}


def _is_harmless(field: FieldInfo, value: Any) -> bool:
    if value is None or value == field.default:
        return True
    if RunsProgram in _marks(field):
        return False
    vendor = _server(field.default) if isinstance(field.default, str) else None
    servers = [_server(_plain(each)) for each in (value if isinstance(value, (list, tuple)) else [value])]
    return all(server and (server == vendor or is_loopback(server[1])) for server in servers)


def _plain(value: Any) -> str:
    return str(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _server(address: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port, or None for an address that two programs could read differently."""
    if not address.isascii() or not address.isprintable() or any(sign in address for sign in " \\@"):
        return None
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        return parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return None
