"""An issue on the stand-in's site: what it is now, what it was, and how the API shows it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def jira_time(at: datetime) -> str:
    """An instant as Jira writes it; in UTC such texts sort as the instants do."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}{at:%z}"


def read_time(text: str) -> datetime:
    """The instant Jira wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)


@dataclass
class Version:
    """An issue as it stood from `at` on; searches that lag behind see one of these."""

    at: datetime
    id: str
    key: str
    project: str
    fields: Json
    properties: Json
    comments: list[Json]


@dataclass
class Issue:
    """An issue: `fields` as the API shows them, `comments` too; `history` holds its changes, oldest first."""

    id: str
    key: str
    project: str
    fields: Json
    comments: list[Json] = field(default_factory=list)
    properties: Json = field(default_factory=dict)
    comment_properties: dict[str, Json] = field(default_factory=dict)
    remote_links: list[Json] = field(default_factory=list)
    history: list[Json] = field(default_factory=list)
    old_keys: list[str] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list, repr=False)

    @property
    def number(self) -> int:
        """The id as a number: issues made later have greater ones."""
        return int(self.id)

    @property
    def status(self) -> str:
        """The name of its status."""
        return str(self.fields["status"]["name"])

    @property
    def is_done(self) -> bool:
        """Whether its status is of the category done."""
        return bool(self.fields["status"]["statusCategory"]["key"] == "done")

    def keep(self, at: datetime) -> None:
        """Note what it is now as its version from `at` on."""
        self.versions.append(
            Version(at, self.id, self.key, self.project, copy(self.fields), copy(self.properties), copy(self.comments))
        )

    def version(self, at: datetime | None) -> Version | None:
        """What it was at an instant, None if it was not yet; with no instant, what it is."""
        if at is None:
            return self.versions[-1]
        return next((each for each in reversed(self.versions) if each.at <= at), None)


@dataclass(frozen=True)
class Write:
    """A write of the API that was accepted; `changed` False if afterwards all was as before."""

    method: str
    path: str
    body: Any
    issue_id: str
    changed: bool
