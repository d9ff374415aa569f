"""What may stand in a settings file outside the plugins' own tables, and the sentence for what may not."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError

from tm.config import trust
from tm.config.core import KEYS, OFF, RULES, is_plugin_name, load
from tm.config.files import merged, origin_of
from tm.config.lines import dotted, where
from tm.config.places import database, settled
from tm.config.problems import problems
from tm.criteria import MAX_CRITERIA, from_expression
from tm.errors import ConfigError, UsageError
from tm.times import zone
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tm.config.core import CoreSettings
    from tm.config.files import Merged
    from tm.config.places import Place

EXAMPLES = {
    "team": 'team = "platform"',
    "timezone": 'timezone = "Europe/Berlin"',
    "task_url": 'task_url = "https://tasks.example.com/tasks/{id}"',
    "delivery": 'delivery = "inline"',
    "delivery_wait": "delivery_wait = 10",
    "database_url": 'database_url = "sqlite:////srv/team/tm.db"',
    "templates": '[templates.feature] with criteria = ["coverage >= 85"]',
    "people": '[people.alice] with email = "alice@example.com"',
    "plugins": "[plugins.my_plugin] with the keys of that plugin",
}


def _obeys(key: str) -> Callable[[Any], Any]:
    is_right, wrong, _ = RULES[key]

    def checked(value: object) -> object:
        if not is_right(str(value)):
            raise ValueError(wrong)
        return value

    return checked


def _zone_name(name: str) -> str:
    try:
        zone(name)
    except ConfigError as error:
        raise ValueError(f"is wrong: {error}") from None
    return name


def _plugin_name(name: str) -> str:
    if not is_plugin_name(name):
        raise ValueError("cannot be a plugin's name: use lower-case letters, digits and single underscores")
    return name


def _readable(text: str) -> str:
    try:
        from_expression(text)
    except UsageError as error:
        raise ValueError(f"cannot be read: {getattr(error, 'sentence', error)}") from None
    return text


Text = Annotated[str, Field(min_length=1)]
Expression = Annotated[Text, AfterValidator(_readable)]
PluginName = Annotated[str, AfterValidator(_plugin_name)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


class Template(_Table):
    """What `tm add --template` fills in where the command line says nothing."""

    criteria: Annotated[tuple[Expression, ...], Field(max_length=MAX_CRITERIA)] = ()
    """Criteria of the task, as `--criterion` takes them."""
    description: Text | None = None
    """Description of the task."""
    priority: Literal["low", "medium", "high", "critical"] | None = None
    """Priority of the task."""
    labels: tuple[Text, ...] = ()
    """Labels of the task."""
    estimated_hours: Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)] | None = None
    """Estimated hours of the task."""


def fields_of_template(templates: Mapping[str, Template], name: str) -> dict[str, Any]:
    """The fields that `[templates.NAME]` sets, criteria read. Raises UsageError naming the nearest template."""
    if name not in templates:
        near = get_close_matches(name, templates, n=1)
        known = f"Did you mean {near[0]}?" if near else f"Templates: {', '.join(sorted(templates)) or 'none'}."
        raise UsageError(f"There is no template {name[:60]!r}. {known}")
    fields = templates[name].model_dump(exclude_none=True)
    return {**fields, "criteria": tuple(from_expression(each) for each in fields["criteria"])}


class PersonTable(_Table):
    """One person's names in the tools."""

    email: Text | None = None
    """E-mail address."""
    slack: Text | None = None
    """Member id in Slack."""
    jira: Text | None = None
    """Account id or user name in Jira."""


class HubFile(_Table):
    """Settings of a hub."""

    team: Text | None = None
    """Default team of new tasks (TM_TEAM)."""
    timezone: Annotated[str, AfterValidator(_zone_name)] | None = None
    """Time zone of deadlines and periods, an IANA name; the machine's when unset (TM_TIMEZONE)."""
    task_url: Annotated[str, AfterValidator(_obeys("task_url"))] | None = None
    """Link put in notices; {id} stands for the task's id (TM_TASK_URL)."""
    delivery: Literal["auto", "background", "inline", "worker"] | None = None
    """Who delivers what a command caused (TM_DELIVERY)."""
    delivery_wait: Annotated[float, Strict(), AfterValidator(_obeys("delivery_wait"))] | None = None
    """Seconds an inline delivery may keep its command waiting (TM_DELIVERY_WAIT)."""
    database_url: Text | None = None
    """Where the store is, when not in the usual place (TM_DATABASE_URL)."""
    templates: dict[str, Template] = {}
    """Templates of tasks by name."""
    people: dict[str, PersonTable] = {}
    """People by alias."""
    plugins: dict[PluginName, dict[str, Any]] = {}
    """Settings of plugins by name; a plugin with a table here is enabled."""


class FullSettings(Value):
    """Everything the files and core variables say.

    `place` is where the store really is, `database_url` followed. `plugins` holds each plugin's table as it
    stands in the files. `origins` maps a dotted key to the file its value stands in, or to the variable that
    replaces it.
    """

    place: Place
    environ: Mapping[str, str]
    core: CoreSettings
    templates: Mapping[str, Template] = {}
    people: Mapping[str, Mapping[str, str]] = {}
    plugins: Mapping[str, Mapping[str, Any]] = {}
    origins: Mapping[str, str] = {}

    def __repr__(self) -> str:
        """Without what may be secret: variables and the plugins' tables."""
        return f"FullSettings(place={self.place!r}, core={self.core!r})"

    def plugin_origins(self, name: str) -> dict[str, str]:
        """The origins of one plugin's table, by its own keys."""
        prefix = dotted(("plugins", name)) + "."
        return {key.removeprefix(prefix): path for key, path in self.origins.items() if key.startswith(prefix)}


def full(place: Place, environ: Mapping[str, str]) -> FullSettings:
    """All settings of a hub, the plugins' tables not yet judged. Raises ConfigError for a wrong core key."""
    core = load(place, environ)
    found = merged(place)
    file = _checked(place, found)
    overlaid = {key: f"TM_{key.upper()}" for key in KEYS if environ.get(f"TM_{key.upper()}")}
    return FullSettings(
        place=settled(place, core.database_url),
        environ=environ,
        core=core,
        templates=file.templates,
        people={alias: person.model_dump(exclude_none=True) for alias, person in file.people.items()},
        plugins=file.plugins,
        origins={**found.origins, **overlaid},
    )


def core_values(place: Place, environ: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """The files' part of the core settings as text, and whether it may be remembered.

    Raises ConfigError when a core key is wrong or a project's file points the store elsewhere.
    """
    found = merged(place)
    file = _checked(place, found)
    values = {key: str(value) for key in KEYS if (value := getattr(file, key)) is not None}
    disabled = [name for name, table in file.plugins.items() if str(table.get("enabled")).lower() in OFF]
    values["plugins"] = " ".join(sorted(file.plugins))
    values["disabled"] = " ".join(sorted(disabled))
    return values, _may_be_remembered(place, environ, found=found)


def _checked(place: Place, found: Merged) -> HubFile:
    try:
        file = HubFile.model_validate(found.values)
    except ValidationError as error:
        first, *further = (_sentence(found, key, said) for key, said in problems(error, HubFile))
        raise ConfigError(first, further=tuple(further)) from None
    try:
        database(place, file.database_url)
    except ConfigError as error:
        raise ConfigError(f"{_where(found, 'database_url')}: {error}") from None
    return file


def _sentence(found: Merged, key: tuple[str | int, ...], said: str) -> str:
    example = EXAMPLES.get(str(key[0])) if key else None
    advice = f". Example: {example}" if example and not said.endswith("?") else ""
    return f"{_where(found, dotted(key))}: {said.rstrip('.')}{advice}"


def _where(found: Merged, key: str) -> str:
    path = origin_of(found.origins, key)
    return where(path, key) if path else key


def _may_be_remembered(place: Place, environ: Mapping[str, str], *, found: Merged) -> bool:
    url = found.values.get("database_url")
    if place.config_is_own or found.origins.get("database_url") != place.config_file:
        return True
    path = database(place, url)
    if trust.is_confirmed(place):
        return True
    if not environ.get("TM_DATABASE_URL") and not trust.is_waived(environ):
        raise ConfigError(
            f"{_where(found, 'database_url')}: the project's file puts the store at {path}, where a repository could "
            "bring a store and plugin secrets of its own. If that is right, say so once: tm config trust"
        )
    return False
