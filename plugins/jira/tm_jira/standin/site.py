"""The stand-in's Jira site: its projects, people and issues, and what people do there."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from functools import wraps
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tm import Clock
from tm_jira.standin.archive import Archive
from tm_jira.standin.fields import Catalogue, Scene, kept
from tm_jira.standin.issues import Issue, Write
from tm_jira.standin.people import People
from tm_jira.standin.workflow import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tm_jira.standin.webhooks import Webhook

EMAIL = "bot@example.com"
BOT = "tm"
PERMISSIONS = (
    "BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES", "ASSIGN_ISSUES", "ASSIGNABLE_USER",
    "RESOLVE_ISSUES", "SCHEDULE_ISSUES", "LINK_ISSUES", "MOVE_ISSUES", "DELETE_ISSUES", "MODIFY_REPORTER",
    "ADD_COMMENTS", "EDIT_OWN_COMMENTS", "EDIT_ALL_COMMENTS", "DELETE_OWN_COMMENTS", "DELETE_ALL_COMMENTS",
    "ADMINISTER_PROJECTS", "ADMINISTER",
)  # fmt: skip
_NOT_OURS = {"EDIT_ALL_COMMENTS", "DELETE_ALL_COMMENTS", "ADMINISTER_PROJECTS", "ADMINISTER", "MODIFY_REPORTER"}
_BY_NAME = {"priority", "resolution", "issuetype"}
_BY_PERSON = {"assignee", "reporter"}
_WINDOWS = ((20, timedelta(seconds=2)), (100, timedelta(seconds=30)))

_Method = TypeVar("_Method", bound="Callable[..., Any]")


def _locked(method: _Method) -> _Method:
    @wraps(method)
    def alone(self: Site, *args: Any, **kwargs: Any) -> Any:
        with self.lock:
            return method(self, *args, **kwargs)

    return cast("_Method", alone)


class Site:
    """A Jira site. What its methods do is done by people: screens, workflows and permissions do not hold them back.

    `search_lag` is how far searches are behind; `is_anonymous` opens it to those who are not logged in. `limits`
    set to True holds writes to one issue to 20 in 2 s and 100 in 30 s. `page_cap` is the most issues a page of a
    search has that shows more than ids and keys. `clock_skew` is how far the server's clock is ahead of `now`. With
    `touching` False, properties leave `updated` alone. With `names_hidden_projects` a search that names a project we
    may not browse is refused, instead of finding nothing. `writes` are the requests of the API that were accepted.
    """

    def __init__(self, url: str, *, now: Callable[[], datetime] | None = None, data_center: bool = False) -> None:
        self.lock = RLock()
        self.url, self.data_center = url, data_center
        self.api = f"{url}/rest/api/{2 if data_center else 3}"
        self.search_lag = self.clock_skew = timedelta(0)
        self.is_anonymous = self.limits = self.names_hidden_projects = False
        self.touching = True
        self.page_cap = 100
        self.webhook_secret: str | None = None
        self.writes: list[Write] = []
        self.held = set(PERMISSIONS) - _NOT_OURS
        self.denied: str | None = None
        self.catalogue = Catalogue(self.api)
        self.people = People(self.api, data_center=data_center)
        self.projects: dict[str, Project] = {}
        self._now = now or Clock().now
        self._forbidden: set[str] = set()
        self._recent: dict[str, deque[datetime]] = {}
        self.archive = Archive(self)
        self._settle()

    def _settle(self) -> None:
        self.add_project("PROJ", "Project")
        self.add_project("OTHER", "Other project")
        self.people.add("712020:a11ce", "alice", emailAddress="alice@example.com")
        self.people.add("712020:b0b", "bob", emailAddress="bob@example.com")
        self.people.add("712020:b07", BOT, emailAddress=EMAIL, displayName=BOT)

    @property
    def time(self) -> datetime:
        """The server's time."""
        return self._now().astimezone(UTC) + self.clock_skew

    @property
    def account_zone(self) -> str:
        """The time zone of our account: dates in JQL without a zone are read in it, and times are written in it."""
        return self.people.zone

    @account_zone.setter
    def account_zone(self, name: str) -> None:
        """Have our account live elsewhere."""
        self.people.zone = name

    @property
    def bot(self) -> dict[str, Any]:
        """Our own account."""
        return self.person(BOT)

    @property
    def issues(self) -> list[Issue]:
        """Every issue, oldest first."""
        with self.lock:
            return self.archive.issues

    @property
    def webhooks(self) -> list[Webhook]:
        """Every webhook so far, oldest first."""
        with self.lock:
            return list(self.archive.webhooks)

    @property
    def received(self) -> list[str]:
        """What people saw change, a line each, oldest first."""
        with self.lock:
            return list(self.archive.received)

    @_locked
    def issue(self, id_or_key: str) -> Issue:
        """The issue of that id or key, old keys too. Raises KeyError if there is none."""
        found = self.archive.find(id_or_key)
        if found is None:
            raise KeyError(id_or_key)
        return found

    @_locked
    def person(self, word: str) -> dict[str, Any]:
        """The account of that accountId or name. Raises KeyError if there is none."""
        found = self.people.find(word)
        if found is None:
            raise KeyError(word)
        return found

    @_locked
    def add_project(self, key: str, name: str) -> Project:
        """Add a project with the usual workflow."""
        self.projects[key] = Project(key, name, number=len(self.projects), api=self.api)
        return self.projects[key]

    @_locked
    def add_person(
        self,
        account_id: str,
        name: str,
        email: str | None = None,
        *,
        is_assignable: bool = True,
        is_active: bool = True,
    ) -> dict[str, Any]:
        """Add an account; without an e-mail address it hides it."""
        if not is_assignable:
            self.people.unassignable.add(account_id)
        return self.people.add(account_id, name, emailAddress=email, active=is_active)

    @_locked
    def add(
        self,
        project: str = "PROJ",
        summary: str = "Ship it",
        *,
        by: str = "alice",
        issue_type: str = "Task",
        **fields: Any,
    ) -> Issue:
        """Somebody creates an issue; `fields` are those `edit` takes, and a status by name."""
        place = self.projects[project]
        told = {"summary": summary, "issuetype": issue_type, **fields}
        status = {"status": place.status(told.pop("status")).json} if "status" in told else {}
        return self.archive.create(place, {**self._kept(place, told), **status}, by=self.person(by))

    @_locked
    def edit(self, key: str, *, by: str = "alice", **fields: Any) -> None:
        """Somebody sets fields: as the API has them, or priorities by name, people by accountId or name."""
        issue = self.issue(key)
        values = self._kept(self.projects[issue.project], fields, was=issue.fields)
        self.archive.change(issue, values, by=self.person(by))

    @_locked
    def move(self, key: str, status: str, *, by: str = "alice") -> None:
        """Somebody gives an issue a status, by its name, whatever the workflow allows."""
        issue = self.issue(key)
        found = self.projects[issue.project].status(status)
        self.archive.change(issue, {"status": found.json}, by=self.person(by))

    @_locked
    def comment(
        self,
        key: str,
        text: Any,
        *,
        by: str = "alice",
        visibility: dict[str, str] | None = None,
        is_internal: bool = False,
    ) -> str:
        """Somebody comments, with a text or a document; gives the comment's id."""
        more: dict[str, Any] = {"visibility": visibility} if visibility else {}
        more |= {} if self.data_center else {"jsdPublic": not is_internal}
        body = self._body(text)
        return str(self.archive.add_comment(self.issue(key), body, by=self.person(by), **more)["id"])

    @_locked
    def edit_comment(self, key: str, comment_id: str, text: Any, *, by: str = "alice") -> None:
        """Somebody changes a comment. Raises KeyError if there is none of that id."""
        issue = self.issue(key)
        comment = self.find_comment(issue, comment_id)
        self.archive.edit_comment(issue, comment, {"body": self._body(text)}, by=self.person(by))

    @_locked
    def delete_comment(self, key: str, comment_id: str, *, by: str = "alice") -> None:
        """Somebody deletes a comment. Raises KeyError if there is none of that id."""
        issue = self.issue(key)
        self.archive.delete_comment(issue, self.find_comment(issue, comment_id), by=self.person(by))

    @_locked
    def delete(self, key: str, *, by: str = "alice") -> None:
        """Somebody deletes an issue."""
        self.archive.delete(self.issue(key), by=self.person(by))

    @_locked
    def move_to(self, key: str, project: str, *, by: str = "alice") -> str:
        """Somebody moves an issue to another project; gives its key there."""
        issue = self.issue(key)
        self.archive.relocate(issue, self.projects[project], by=self.person(by))
        return issue.key

    def find_comment(self, issue: Issue, comment_id: str) -> dict[str, Any]:
        """The comment of that id. Raises KeyError if there is none."""
        for each in issue.comments:
            if each["id"] == comment_id:
                return each
        raise KeyError(comment_id)

    @_locked
    def forbid(self, project: str) -> None:
        """Our account may browse a project no more."""
        self._forbidden.add(project)

    @_locked
    def allow(self, project: str) -> None:
        """Our account may browse a project again."""
        self._forbidden.discard(project)

    def is_open(self, project: str) -> bool:
        """Whether our account may browse a project."""
        return project in self.projects and project not in self._forbidden and "BROWSE_PROJECTS" in self.held

    @_locked
    def withhold(self, permission: str) -> None:
        """Take one permission from our account."""
        self.held.remove(permission)

    @_locked
    def grant(self, permission: str) -> None:
        """Give our account a permission, one of PERMISSIONS."""
        self.held.add(PERMISSIONS[PERMISSIONS.index(permission)])

    @_locked
    def revoke(self, *, captcha: bool = False) -> None:
        """Our credentials work no more; with `captcha`, Jira wants a log-in in a browser first."""
        self.denied = "captcha" if captcha else "revoked"

    @_locked
    def restore(self) -> None:
        """Our credentials work again."""
        self.denied = None

    @_locked
    def wait_for(self, issue_id: str) -> timedelta | None:
        """How long an issue takes no more writes; None, and the write is counted, if it takes one."""
        recent, now = self._recent.setdefault(issue_id, deque(maxlen=100)), self.time
        for count, window in _WINDOWS if self.limits else ():
            if len(recent) >= count and now - recent[-count] < window:
                return window - (now - recent[-count])
        recent.append(now)
        return None

    def _kept(self, project: Project, told: dict[str, Any], *, was: dict[str, Any] | None = None) -> dict[str, Any]:
        version = 2 if self.data_center else 3
        scene = Scene(project, self.people, version, self.catalogue, data_center=self.data_center, is_person=True)
        values = {}
        for name, value in told.items():
            scene.was = (was or {}).get(name)
            values[name] = kept(name, self._long(name, value), scene)
        return values

    def _long(self, name: str, value: Any) -> Any:
        """What people choose by name, as the API has it."""
        if not isinstance(value, str) or name not in _BY_NAME | _BY_PERSON:
            return value
        if name in _BY_NAME:
            return {"name": value}
        person = self.person(value)
        return {"name": person["name"]} if self.data_center else {"accountId": person["accountId"]}

    def _body(self, text: Any) -> Any:
        place = next(iter(self.projects.values()))
        return self._kept(place, {"description": text})["description"]
