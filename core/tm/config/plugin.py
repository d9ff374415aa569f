"""What every plugin's `Settings` derives from, and how one plugin's settings are bound, alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SecretBytes,
    SecretStr,
    ValidationError,
    WithJsonSchema,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tm.config.binding import laid
from tm.config.problems import problems
from tm.config.redact import Redactor
from tm.errors import ConfigError, UsageError
from tm.events import SYNC_REQUESTED, TYPES
from tm.expressions import Expression, ExpressionError, check_names, parse
from tm.model import PRIORITIES, STATUSES
from tm.times import LONGEST, duration

if TYPE_CHECKING:
    from tm.config.schema import FullSettings

S = TypeVar("S", bound="PluginSettings")

WHEN_NAMES = ("event", "status", "priority", "assignee", "team", "label", "origin", "actor")
_WHEN_WORDS = {
    "event": tuple(each.partition(".")[2] for each in (*TYPES, SYNC_REQUESTED)),
    "status": STATUSES,
    "priority": PRIORITIES,
}


def _expression(source: str) -> str:
    try:
        expression = parse(source)
        check_names(expression, WHEN_NAMES)
        _check_words(expression)
    except ExpressionError as error:
        raise ValueError(f"cannot be read: {error.sentence}") from None
    return source


def _check_words(expression: Expression) -> None:
    """Raise ExpressionError at the first name with words of its own that is compared with another one."""
    for one in expression.comparisons:
        known = _WHEN_WORDS.get(one.name)
        if known is None:
            continue
        if one.operator not in ("==", "!=", "in"):
            sentence = f"{one.name} is a word, not a number: compare it with == or !=, or in [{', '.join(known)}]."
            raise ExpressionError(sentence, source=expression.source, position=one.position)
        odd = next((each.value for each in one.literals if each.value not in known), None)
        if odd is not None:
            sentence = f"{one.name} is never {odd!r}; choose one of {', '.join(known)}."
            raise ExpressionError(sentence, source=expression.source, position=one.position)


def _duration(value: Any) -> timedelta:
    try:
        length = value if isinstance(value, timedelta) else duration(value)
    except (UsageError, AttributeError):
        length = timedelta(0)
    if not timedelta(0) < length <= LONGEST:
        raise ValueError("should be a duration like 90s, 15m, 24h or 7d")
    return length


_WRITTEN = {"type": "string", "examples": ["90s", "15m", "24h"]}

Duration = Annotated[timedelta, BeforeValidator(_duration), WithJsonSchema(_WRITTEN)]
"""A length of time above zero, written like 90s, 15m, 24h or 7d."""

When = Annotated[str, AfterValidator(_expression)]
"""An expression over the event, as in `priority == critical and team == platform`."""


class PluginSettings(BaseSettings):
    """The settings every plugin has; a plugin's `Settings` adds its own.

    Frozen. Made of what is handed in, never of this process's environment or a `.env` file.
    """

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    variables: ClassVar[Mapping[str, str]] = {}
    """Well-known variables of other programs, and the key each gives when nothing else does: {"ACME_URL": "url"}."""

    rivals: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """For a key of `variables` the keys that make its variable somebody else's: {"password": ("token",)}."""

    enabled: bool = True
    """Whether the plugin hears of events; false switches it off without removing its settings."""
    when: When | None = None
    """Only events for which this expression is true; the plugin hears of its linked tasks in any case."""
    on_dead: Literal["block", "skip"] = "skip"
    """After a dead letter: skip it and go on with the task, or block the task's later deliveries."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """How many deliveries may be under way at once."""
    max_age: Duration | None = None
    """When to give up a delivery, counted from its first attempt; about a day when unset."""
    interval: Duration = timedelta(minutes=5)
    """How often the worker lets the plugin look outside."""

    @classmethod
    def settings_customise_sources(  # noqa: PLR0917  # the signature is pydantic-settings'
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but the arguments."""
        return (init_settings,)


def bind(name: str, model: type[S], full: FullSettings) -> S:
    """The settings of one plugin, from its table, its secrets and its variables.

    Raises ConfigError, one sentence without any value, for the first thing that is wrong.
    """
    binding = laid(name, model, full)
    try:
        return model.model_validate(binding.values)
    except ValidationError as error:
        raise ConfigError(binding.sentence(error)) from None


def fault_of_secret(model: type[PluginSettings], key: str, text: str) -> str | None:
    """What is wrong with the text of one secret, whatever else is missing yet; None if nothing can be seen."""
    try:
        model.model_validate({key: text})
    except ValidationError as error:
        found = (sentence for place, sentence in problems(error, model) if place[:1] == (key,))
        sentence = next(found, None)
        return sentence and Redactor([text]).clean(sentence)
    except Exception:  # a validator of the plugin may raise anything
        return None
    return None


def provenance(name: str, model: type[PluginSettings], full: FullSettings) -> dict[str, str]:
    """The variable or file behind each key that somebody set. Raises ConfigError like `bind`."""
    return laid(name, model, full).origins


def base_of(settings: PluginSettings) -> PluginSettings:
    """What every plugin's settings say, as values of the host's own, whatever the plugin does with its.

    Raises ConfigError when the plugin's own model lets one of them be something else.
    """
    values = {}
    for name in PluginSettings.model_fields:
        try:
            values[name] = getattr(PluginSettings.model_validate({name: getattr(settings, name)}), name)
        except ValidationError:
            raise ConfigError(f"Its Settings give {name} another meaning than tm.PluginSettings does.") from None
    return PluginSettings.model_validate(values)


def secret_values(settings: BaseModel) -> tuple[str, ...]:
    """Every secret in the settings as plain text, for the redactor."""
    return tuple(_secrets(settings))


def _secrets(value: Any) -> list[str]:
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, SecretBytes):
        return [value.get_secret_value().decode("utf-8", "replace")]
    if isinstance(value, BaseModel):
        return _secrets([getattr(value, name) for name in type(value).model_fields])
    if isinstance(value, dict):
        return _secrets(list(value.values()))
    if isinstance(value, (list, tuple, set, frozenset)):
        return [secret for each in value for secret in _secrets(each)]
    return []
