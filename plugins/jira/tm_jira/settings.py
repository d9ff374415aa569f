"""What `[plugins.jira]` may say, checked when it is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from tm import Duration, PluginSettings, ReceivesSecret, When, http_parts, is_loopback
from tm_jira.searches import unordered
from tm_jira.words import USUAL_PRIORITIES, over

if TYPE_CHECKING:
    from collections.abc import Iterator

Status = Literal["pending", "in_progress", "blocked", "completed", "cancelled"]
Priority = Literal["critical", "high", "medium", "low"]
FieldName = Literal[
    "title", "description", "status", "priority", "assignee", "labels", "deadline", "estimated_hours"
]  # fmt: skip
Leads = Literal["tm", "jira", "both"]
CommentOn = Literal["completed", "blocked", "unblocked", "progress", "context", "reopened", "cancelled"]

LONGEST_TIMEOUT = timedelta(minutes=2)
_PROJECT = re.compile(r"[A-Z][A-Z0-9_]{1,254}")
_EXAMPLE = "https://example.atlassian.net"
_TABLE = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


def _site(text: str) -> str:
    parts = http_parts(text)
    if parts is None or parts.query or parts.fragment or parts.username:
        raise ValueError(f"must be an address like {_EXAMPLE}")
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https:// (or lead to this machine): it is sent the token")
    if "/rest/" in f"{parts.path}/":
        raise ValueError(f"must be the site alone, like {_EXAMPLE}, without /rest/…")
    host = parts.netloc.lower().removesuffix(":443" if parts.scheme == "https" else ":80")
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def _proxy(secret: SecretStr) -> SecretStr:
    parts = http_parts(secret.get_secret_value())
    if parts is None or parts.scheme != "http" or parts.path not in ("", "/") or parts.query:
        raise ValueError("must be an address like http://proxy.example.com:3128")
    return secret


def _word(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be one word, as Atlassian shows it when the token is made")
    return secret


def _key(text: str) -> str:
    if not _PROJECT.fullmatch(text):
        raise ValueError("must be a project's key in capitals, like PROJ")
    return text


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("must be a file that is there, with certificates in PEM")
    return path


def _timeout(length: timedelta) -> timedelta:
    if length > LONGEST_TIMEOUT:
        raise ValueError("must be at most 2m, or other tasks wait too long")
    return length


def _one_or_more(value: object) -> object:
    """`pending = "To Do"` is short for a list of one."""
    if isinstance(value, Mapping):
        return {key: [names] if isinstance(names, str) else names for key, names in value.items()}
    return value


def _named(table: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    seen: dict[str, str] = {}
    for word, names in table.items():
        if not names:
            raise ValueError(f"{word} names nothing; leave it out")
        for name in names:
            if seen.setdefault(name.casefold(), word) != word:
                raise ValueError(f"{name} stands for {seen[name.casefold()]} and for {word}; choose one")
    return table


def _each_named(table: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    nameless = [word for word, names in over(USUAL_PRIORITIES, table).items() if not names]
    if nameless:
        raise ValueError(f"leaves {nameless[0]} without a name of its own; name it as well")
    return table


Names = tuple[Annotated[str, Field(min_length=1, max_length=255)], ...]
Statuses = Annotated[dict[Status, Names], BeforeValidator(_one_or_more), AfterValidator(_named)]
Priorities = Annotated[
    dict[Priority, Names], BeforeValidator(_one_or_more), AfterValidator(_named), AfterValidator(_each_named)
]


class Project(BaseModel):
    """Where tasks of one kind become issues, and in which words."""

    model_config = _TABLE

    when: When | None = None
    """Which tasks, as in `team == platform`; every one if left out."""
    project: Annotated[str, AfterValidator(_key)]
    """The project's key."""
    issue_type: str = Field(default="Task", min_length=1, max_length=255)
    """What kind of issue is made, by its name in the project."""
    statuses: Statuses = Field(default={})
    """Names of Jira statuses for a status of a task, the one to go to first; what is left out goes by its category."""
    priorities: Priorities = Field(default={})
    """Names of Jira priorities for a priority of a task, the one to set first."""
    required: dict[str, str] = Field(default={})
    """What a transition's screen asks for: a field's id or name, and the value's name: { resolution = "Done" }."""
    via: Annotated[Names, Field(max_length=3)] = ()
    """Statuses that may be passed through on the way to one that cannot be reached directly, in order."""


class Settings(PluginSettings):
    """Settings of the Jira plugin."""

    variables: ClassVar[Mapping[str, str]] = {
        "JIRA_BASE_URL": "url",
        "JIRA_USERNAME": "email",
        "JIRA_API_TOKEN": "api_token",
    }
    rivals: ClassVar[Mapping[str, tuple[str, ...]]] = {"email": ("token",), "api_token": ("token",)}

    url: Annotated[str, ReceivesSecret, AfterValidator(_site)]
    """Where the API is: the site, or https://api.atlassian.com/ex/jira/<cloud id> for a scoped token."""
    browse_url: Annotated[str, AfterValidator(_site)] | None = None
    """Where people look at issues, if that is another address than `url`."""
    email: str | None = Field(default=None, min_length=3, max_length=254)
    """Cloud: the account the token belongs to."""
    api_token: Annotated[SecretStr, AfterValidator(_word)] | None = None
    """Cloud: the account's API token, a secret."""
    token: Annotated[SecretStr, AfterValidator(_word)] | None = None
    """Data Center: a personal access token, a secret."""
    webhook_secret: SecretStr | None = None
    """What Jira signs its webhooks with, a secret."""
    former_webhook_secret: SecretStr | None = None
    """The one before, as long as Jira may still use it."""
    projects: tuple[Project, ...] = ()
    """Which tasks become issues, and where; the first that matches counts, and a task that none matches stays here."""
    import_jql: Annotated[str, Field(min_length=1, max_length=5000), AfterValidator(unordered)] | None = None
    """Issues that become tasks, as a search in Jira finds them: `project = OPS AND labels = tm`."""
    fields: dict[FieldName, Leads] = Field(default={})
    """Who says what is in a field: tm, jira or both. Status: both; the others: whoever made the task or issue."""
    conflict: Literal["park", "tm", "jira"] = "park"
    """What becomes of a field that changed on both sides: left to a person, or whose value counts."""
    comments: tuple[CommentOn, ...] = ("completed", "blocked")
    """Which events are told in a comment."""
    read_comments: bool = True
    """Whether comments made in Jira become progress."""
    timeout: Annotated[Duration, AfterValidator(_timeout)] = timedelta(seconds=30)
    """How long Jira may take to answer."""
    proxy: Annotated[SecretStr, ReceivesSecret, AfterValidator(_proxy)] | None = None
    """Proxy for the way to Jira, http://host:port; variables like HTTPS_PROXY are not asked."""
    ca_bundle: Annotated[Path, AfterValidator(_file)] | None = None
    """Certificates to trust in place of the usual ones, a PEM file, for a Data Center with its own."""

    @model_validator(mode="after")
    def _has_one_login(self) -> Settings:
        if problem := next(_faults(self), None):
            raise ValueError(problem)
        return self

    @property
    def site(self) -> str:
        """Where people look at issues; what links to this Jira are kept under."""
        return self.browse_url or self.url

    def rule_for(self, project: str, issue_type: str) -> Project | None:
        """The rule whose words count for issues of a project: the one with their type, else the project's first."""
        fitting = [each for each in self.projects if each.project == project]
        wanted = issue_type.casefold()
        return next((each for each in fitting if each.issue_type.casefold() == wanted), next(iter(fitting), None))

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """Every secret that a webhook may be signed with now."""
        found = (self.webhook_secret, self.former_webhook_secret)
        return tuple(secret.get_secret_value() for secret in found if secret is not None)


def _faults(settings: Settings) -> Iterator[str]:
    if settings.token is not None and settings.api_token is not None:
        yield "has token (Data Center) and api_token (Cloud); take one away"
    if settings.token is None and settings.api_token is None:
        yield (
            "needs api_token with email (Cloud) or token (Data Center); set one with: "
            "tm config secret jira.api_token, or jira.token"
        )
    if settings.api_token is not None and settings.email is None:
        yield "email is missing: with api_token, say which account the token belongs to"
    if settings.browse_url is None and urlsplit(settings.url).hostname == "api.atlassian.com":
        yield f"browse_url is missing: {settings.url} is for programs; say where people look, like {_EXAMPLE}"
    for number, project in enumerate(settings.projects[:-1], start=1):
        if project.when is None:
            yield f"projects: {project.project} (number {number}) has no when, so those after it are never reached"
