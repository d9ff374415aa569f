"""The stand-in's projects: statuses, the transitions between them, screens and issue types.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-get
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CATEGORIES: dict[str, dict[str, Any]] = {
    "new": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "indeterminate": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
    "done": {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
}
PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")
RESOLUTIONS = ("Done", "Won't Do", "Duplicate", "Cannot Reproduce")
SCREEN = frozenset({
    "project", "issuetype", "summary", "description", "environment", "priority", "labels", "assignee", "reporter",
    "duedate", "timetracking", "parent", "components", "fixVersions", "customfield_10010", "customfield_10011",
    "customfield_10012",
})  # fmt: skip
_USUAL = (
    ("To Do", "new"),
    ("In Progress", "indeterminate"),
    ("In Review", "indeterminate"),
    ("Blocked", "indeterminate"),
    ("Done", "done"),
    ("Cancelled", "done"),
)


@dataclass
class Status:
    """A status of a project; `json` is how the API shows it, one object for every issue: a new name is seen at once."""

    id: str
    name: str
    category: str
    api: str = ""
    json: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        category = CATEGORIES[self.category]
        self.json |= {
            "self": f"{self.api}/status/{self.id}",
            "description": "",
            "name": self.name,
            "id": self.id,
            "statusCategory": {"self": f"{self.api}/statuscategory/{category['id']}", **category},
        }

    def renamed(self, name: str) -> None:
        """Bear another name from now on."""
        self.name = self.json["name"] = name


@dataclass
class Transition:
    """A way to the status named `to`: from one status, from those listed, or from any (`origin` None).

    `required` names the fields it asks for, each with the names it allows (empty: any value). With `has_screen` the
    project's fields may be set on the way. `shows_to` False leaves `to` out of what the API tells.
    """

    id: str
    name: str
    to: str
    origin: str | tuple[str, ...] | None = None
    required: dict[str, list[str]] = field(default_factory=dict)
    has_screen: bool = False
    shows_to: bool = True

    def starts_at(self, status: str) -> bool:
        """Whether it can be taken from a status."""
        return self.origin is None or status in _names(self.origin)


def _names(origin: str | tuple[str, ...]) -> tuple[str, ...]:
    return (origin,) if isinstance(origin, str) else tuple(origin)


class Project:
    """A project: what its issues can be, become, and show.

    `screen` holds the ids of the fields one may set; take one away and setting it is refused. `sets_resolution` tells
    whether what gets done is given a resolution, and loses it again. `required` holds the ids a new issue must
    have. `default_assignee` is
    the accountId that gets issues nobody is named for, or None.
    """

    def __init__(self, key: str, name: str, *, number: int = 0, api: str = "") -> None:
        self.key, self.name, self.id = key, name, str(10_000 + number)
        self._api = api
        self.sets_resolution = True
        self.required: set[str] = {"project", "issuetype", "summary"}
        self.issue_types: list[dict[str, Any]] = [
            {"id": "10001", "name": "Task", "subtask": False},
            {"id": "10002", "name": "Bug", "subtask": False},
            {"id": "10003", "name": "Story", "subtask": False},
            {"id": "10004", "name": "Epic", "subtask": False},
            {"id": "10005", "name": "Sub-task", "subtask": True},
        ]
        self.statuses = [Status(str(10_000 + at), name, category, api) for at, (name, category) in enumerate(_USUAL)]
        self.transitions: list[Transition] = []
        self.screen: set[str] = set(SCREEN)
        self.default_assignee: str | None = None
        self.workflow(None)

    def workflow(self, transitions: Iterable[Transition | Mapping[str, Any]] | None) -> None:
        """Replace the transitions; None gives one from any status to each.

        A mapping has name and to; and, if wanted, id, from (a name, several, or None for any), required, has_screen
        and shows_to.
        """
        if transitions is None:
            transitions = [{"name": each.name, "to": each.name} for each in self.statuses]
        self.transitions = [_transition(each, at) for at, each in enumerate(transitions)]

    def status(self, name: str) -> Status:
        """The status of that name or id. Raises KeyError if there is none."""
        for each in self.statuses:
            if name == each.id or each.name.casefold() == name.casefold():
                return each
        raise KeyError(f"Project {self.key} has no status {name!r}.")

    def add_status(self, name: str, category: str) -> Status:
        """Add a status (category new, indeterminate or done) and a transition to it from any."""
        added = Status(str(10_000 + len(self.statuses)), name, category, self._api)
        self.statuses.append(added)
        self.transitions.append(_transition({"name": name, "to": name}, len(self.transitions)))
        return added

    def rename_status(self, name: str, fresh: str) -> None:
        """Give a status another name; transitions and issues follow."""
        self.status(name).renamed(fresh)
        for each in self.transitions:
            each.to = fresh if each.to == name else each.to
            if each.origin is not None:
                each.origin = tuple(fresh if origin == name else origin for origin in _names(each.origin))

    def issue_type(self, name_or_id: str) -> dict[str, Any] | None:
        """The issue type of that name or id."""
        known = (each for each in self.issue_types if name_or_id == each["id"])
        named = (each for each in self.issue_types if name_or_id.casefold() == each["name"].casefold())
        return next(known, None) or next(named, None)

    @property
    def json(self) -> dict[str, Any]:
        """The project as it stands in an issue."""
        return {
            "self": f"{self._api}/project/{self.id}",
            "id": self.id,
            "key": self.key,
            "name": self.name,
            "projectTypeKey": "software",
            "simplified": False,
        }

    def type_json(self, issue_type: dict[str, Any]) -> dict[str, Any]:
        """One of its issue types as the API shows it."""
        shown = {"self": f"{self._api}/issuetype/{issue_type['id']}", "description": "", **issue_type}
        return {**shown, "hierarchyLevel": -1 if issue_type["subtask"] else int(issue_type["name"] == "Epic")}

    def transitions_from(self, status: str) -> list[Transition]:
        """What can be done with an issue in a status."""
        return [each for each in self.transitions if each.starts_at(status)]


def _transition(told: Transition | Mapping[str, Any], at: int) -> Transition:
    if isinstance(told, Transition):
        return told
    known = {name: value for name, value in told.items() if name != "from"}
    origin = told.get("from")
    return Transition(
        **{
            "id": str(11 + 10 * at),
            "origin": tuple(origin) if isinstance(origin, list) else origin,
            **known,
        }
    )
