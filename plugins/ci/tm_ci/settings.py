"""What `[plugins.ci]` may say."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from tm import Duration, PluginSettings, ReceivesSecret, UsageError, check_measurement
from tm_ci.rules import Rule

LONGEST_WAIT = timedelta(hours=1)


def _name(text: str) -> str:
    try:
        check_measurement(text, 0)
    except UsageError as error:
        raise ValueError(str(error)) from None
    return text


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")) or any(sign in text for sign in " ?#@"):
        raise ValueError("must be an http or https address without user, query or fragment")
    return text.rstrip("/")


def _token(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be one word, as SonarQube shows it")
    return secret


def _patience(length: timedelta) -> timedelta:
    if length > LONGEST_WAIT:
        raise ValueError("must be at most 1h; a job should not wait longer")
    return length


Name = Annotated[str, AfterValidator(_name)]


class Settings(PluginSettings):
    """Settings of the CI plugin."""

    files: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """What `tm ci measure` reads when it is told nothing: paths and globs, `kind:path` where the name is no help."""
    rules: dict[Name, Rule] = Field(default={})
    """How values of one name from several files, matrix legs and jobs become one: min, max, sum, last, same."""
    names: dict[Name, Name] = Field(default={})
    """Other names for what is measured, as in `code_coverage = "coverage"`."""
    on_failure: Literal["block", "note"] = "block"
    """What becomes of a task whose run failed or was refused: blocked, with the reason, or noted only."""
    on_cancel: Literal["block", "note"] = "note"
    """What becomes of a task whose run was cancelled."""
    sonar_url: Annotated[str, ReceivesSecret, AfterValidator(_url)] | None = None
    """Where SonarQube is; the token is sent nowhere else."""
    sonar_token: Annotated[SecretStr, AfterValidator(_token)] | None = None
    """A token that may read the project, a secret."""
    sonar_wait: Annotated[Duration, AfterValidator(_patience)] = timedelta(minutes=5)
    """How long to wait until SonarQube has worked an analysis out."""
