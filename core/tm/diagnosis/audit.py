"""What is wrong with the configuration: core keys, each plugin's section alone, variables, secrets on show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretBytes, SecretStr

from tm.app import ALONE
from tm.config import secrets
from tm.config.core import mark
from tm.config.files import origin_of
from tm.config.lines import dotted, where
from tm.config.problems import mentions, model_inside
from tm.config.variables import unknown_variables
from tm.diagnosis.roster import settings_model
from tm.errors import ConfigError
from tm.hosting import Hosting
from tm.hub import Finding
from tm.logs import open_log
from tm.plugins import DISABLED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from tm.app import Session
    from tm.config.schema import FullSettings
    from tm.plugins import Plugin

About = tuple[str, Finding]

_SECRETS = (SecretStr, SecretBytes)


def audit(session: Session, *, only: str | None = None) -> tuple[Hosting | None, list[About]]:
    """Judge the configuration; the plugins it loaded, or None if the core's own keys are wrong, and the findings.

    `only` names the one plugin to look at. Each finding comes with what it is about. From here on what plugins
    log goes to stderr without their secrets.
    """
    found = [
        ("variables", Finding(level="warning", message=sentence, advice="Rename or unset it if it is meant for tm."))
        for sentence in ([] if only else unknown_variables(session.environ))
    ]
    try:
        hosting = open_hosting(session, only=only)
        open_log(session.environ, now=session.clock.now, clean=hosting.clean)
    except ConfigError as error:
        wrong = [Finding(level="error", message=sentence) for sentence in (str(error), *error.further)]
        return None, [*(("config", each) for each in wrong), *found]
    return hosting, [*_findings(hosting), *found]


def open_hosting(session: Session, *, only: str | None = None) -> Hosting:
    """The enabled plugins of a hub, loaded (or only one); none where they are left alone. Raises ConfigError."""
    names = () if session.leaves_plugins_alone else session.core.plugins
    return Hosting(session, names=tuple(name for name in names if only in (None, name)))


def _findings(hosting: Hosting) -> Iterator[About]:
    full = hosting.full
    files = ", ".join(sorted({path for path in full.origins.values() if "/" in path}))
    yield "config", Finding(level="ok", message=f"The core's keys are right ({files or 'no file says anything'}).")
    if hosting.session.leaves_plugins_alone:
        message, _, advice = ALONE.partition(". ")
        yield "config", Finding(level="warning", message=f"{message}.", advice=advice)
    for finding in _secret_files(full):
        yield "secrets", finding
    for name, plugin in hosting.plugins.items():
        yield name, state_of(plugin)
        for finding in _on_show(name, full):
            yield name, finding


def state_of(plugin: Plugin) -> Finding:
    """A plugin's state as a finding. That it is active says nothing of pauses, which the store knows."""
    if plugin.is_active:
        origin = f" ({plugin.distribution})" if plugin.distribution else ""
        return Finding(level="ok", message=f"Its settings are right{origin}.")
    level = "warning" if plugin.state == DISABLED else "error"
    return Finding(level=level, message=f"{plugin.state}: {plugin.reason}")  # type: ignore[arg-type]  # a literal


def _secret_files(full: FullSettings) -> Iterator[Finding]:
    try:
        secrets.read(full.place)
    except ConfigError as error:
        yield Finding(level="error", message=str(error))
    for folder in (full.place.folder, full.place.user_folder):
        path = str(Path(folder, secrets.FILE_NAME))
        if mark(path) and secrets.tracked_by_git(path):
            yield Finding(
                level="error",
                message=f"git tracks {path}, which holds secrets.",
                advice=f"git rm --cached {path}, ignore it, and replace the secrets: the history has them.",
            )


def _on_show(name: str, full: FullSettings) -> Iterator[Finding]:
    """Secrets of one plugin that stand in a file git tracks."""
    model, table = settings_model(name), full.plugins.get(name, {})
    for key, pointed in _secret_keys(table, model) if model else ():
        origin = origin_of(full.plugin_origins(name), key)
        if origin is None:
            continue
        path = str(Path(origin).parent / pointed) if pointed else origin
        if secrets.tracked_by_git(path):
            spot = where(origin, f"plugins.{name}.{key}")
            advice = f"tm config secret {name}.{key.removesuffix('_file')}"
            yield Finding(
                level="error",
                message=f"{spot}: {key} is a secret, and git tracks {path}.",
                advice=f"Take it out, get a new one (the history has the old) and keep that apart: {advice}",
            )


def _secret_keys(
    table: Mapping[str, Any], model: type[BaseModel], at: tuple[str | int, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Every secret in a table as its dotted key, with the file it names if it names one."""
    for key, value in table.items():
        field, beside = model.model_fields.get(key), model.model_fields.get(key.removesuffix("_file"))
        if field is None:
            if beside and mentions(beside.annotation, _SECRETS):
                yield dotted((*at, key)), str(value)
        elif inner := model_inside(field.annotation):
            for place, each in _tables(value, (*at, key)):
                yield from _secret_keys(each, inner, place)
        elif mentions(field.annotation, _SECRETS):
            yield dotted((*at, key)), ""


def _tables(value: Any, at: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    if isinstance(value, dict):
        yield at, value
    elif isinstance(value, list):
        yield from (((*at, n), each) for n, each in enumerate(value) if isinstance(each, dict))
