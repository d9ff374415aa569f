"""A task and an issue field by field, each in its own words, and how each field is kept in step. Touches nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tm.sync import NOTHING, Rule
from tm_jira import adf, wiki
from tm_jira.words import hours, label, seconds, summary, title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

    from tm import Task
    from tm_jira.settings import Settings
    from tm_jira.words import Words

Born = Literal["here", "there"]

FOOTER = "Task Orchestrator ID:"
UNKNOWN = "unknown"
"""What an assignee is written as whom Jira does not know; it is never sent."""
NAME_LIMIT = 200
NAMES: Mapping[str, str] = {
    "title": "summary",
    "description": "description",
    "status": "status",
    "priority": "priority",
    "assignee": "assignee",
    "labels": "labels",
    "deadline": "duedate",
    "estimated_hours": "timeoriginalestimate",
}
"""Our fields and the ids of Jira's."""
_KINDS: Mapping[str, Any] = {
    "title": str,
    "description": (),
    "status": (),
    "priority": dict,
    "assignee": dict | None,
    "labels": list,
    "deadline": str | None,
    "estimated_hours": int | None,
}
WANTED = (*NAMES.values(), "project", "issuetype", "updated", "created")
_LEADS: Mapping[str, Any] = {"tm": "ours", "jira": "theirs", "both": "both"}
_POLICIES: Mapping[str, Any] = {"park": "park", "tm": "ours", "jira": "theirs"}


class Issue(NamedTuple):
    """An issue as it was read. `updated` and `created` are Jira's own texts; `mark` is what a hub put on it."""

    id: str
    key: str
    project: str
    issue_type: str
    updated: str
    created: str
    theirs: Mapping[str, Any]
    mark: Mapping[str, Any] | None
    history: tuple[Mapping[str, Any], ...]
    """Its changes, oldest first, as Jira lists them."""
    raw_assignee: Mapping[str, Any]


def issue_of(raw: Mapping[str, Any], *, is_cloud: bool) -> Issue:
    """An issue out of Jira's JSON; what it does not say is empty."""
    fields: Mapping[str, Any] = raw["fields"] if isinstance(raw.get("fields"), dict) else {}
    assignee = fields.get("assignee")
    mark = (raw.get("properties") or {}).get("tm.task")
    histories = (raw.get("changelog") or {}).get("histories") or ()
    return Issue(
        id=str(raw.get("id", "")),
        key=str(raw.get("key", "")),
        project=str((fields.get("project") or {}).get("key", "")),
        issue_type=str((fields.get("issuetype") or {}).get("name", "")),
        updated=str(fields.get("updated") or ""),
        created=str(fields.get("created") or ""),
        theirs=_theirs(fields, mark if isinstance(mark, dict) else None, is_cloud=is_cloud),
        mark=mark if isinstance(mark, dict) else None,
        history=tuple(sorted((each for each in histories if isinstance(each, dict)), key=_age)),
        raw_assignee=assignee if isinstance(assignee, dict) else {},
    )


def _age(history: Mapping[str, Any]) -> tuple[float, int]:
    number, at = str(history.get("id", "")), instant(history.get("created"))
    return at.timestamp() if at else 0.0, int(number) if number.isdigit() else 0


def instant(text: Any) -> datetime | None:
    """An instant as Jira writes it, with the offset of the account's time zone; None for anything else."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _theirs(fields: Mapping[str, Any], mark: Mapping[str, Any] | None, *, is_cloud: bool) -> dict[str, Any]:
    """What the issue says, as far as it has the field: one that is not there, or is no value, says nothing.

    The line that names the task is no part of a description, wherever it stands.
    """
    said = {ours: fields[theirs] for ours, theirs in NAMES.items() if theirs in fields}
    theirs = {name: value for name, value in said.items() if isinstance(value, _KINDS[name])}
    theirs["status"] = status_of(fields.get("status"))
    if "assignee" in theirs:
        theirs["assignee"] = account_of(theirs["assignee"] or {}, is_cloud=is_cloud)
    if "labels" in theirs:
        theirs["labels"] = [each for each in theirs["labels"] if isinstance(each, str)]
    if "description" in said and (is_cloud or isinstance(said["description"], str | None)):
        text = _text_of(is_cloud)
        footer = footer_of(str(mark["task"])) if mark and mark.get("task") else None
        description = text.without_footer(said["description"], footer) if footer else said["description"]
        theirs["description"] = adf.canonical(_without_line(description, footer)) if is_cloud else description
    name = theirs.pop("priority", {}).get("name")
    # an empty priority is a field that the project has not
    return theirs if not isinstance(name, str) else {**theirs, "priority": name}


def _without_line(document: Any, line: str | None) -> Any:
    """A document without the paragraphs that hold just this line."""
    content = document.get("content") if isinstance(document, dict) and line else None
    if not isinstance(content, list):
        return document
    return {**document, "content": [each for each in content if adf.text({"content": [each]}) != line]}


def status_of(raw: Any) -> dict[str, str]:
    """A status of Jira's as `theirs` has it."""
    status: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    category = status.get("statusCategory")
    return {
        "id": str(status.get("id") or ""),
        "name": str(status.get("name") or ""),
        "category": str((category if isinstance(category, dict) else {}).get("key") or ""),
    }


def account_of(user: Mapping[str, Any], *, is_cloud: bool) -> str | None:
    """What names a person to this Jira: the account id, or the name on Data Center."""
    found = user.get("accountId") if is_cloud else user.get("name") or user.get("key")
    return str(found) if found else None


def ours_of(task: Task) -> dict[str, Any]:
    """What the task says."""
    return {**{name: getattr(task, name) for name in NAMES}, "labels": list(task.labels)}


class Translation(NamedTuple):
    """All that turns the words of one side into those of the other, for one task and issue.

    `accounts` are people's accounts by the names tasks use, `people` those names by account.
    """

    words: Words
    is_cloud: bool
    accounts: Mapping[str, str]
    people: Mapping[str, str]

    def rules(self, settings: Settings, *, born: Born) -> dict[str, Rule]:
        """How each field is kept in step: as the settings say, else its maker leads, and status is both's."""
        usual = "tm" if born == "here" else "jira"
        policy = _POLICIES[settings.conflict]
        rules = {}
        for name in NAMES:
            leads = settings.fields.get(name, "both" if name == "status" else usual)  # type: ignore[call-overload]  # its names
            read, write = self._ways()[name]
            is_opaque = self.is_opaque if name == "description" else _never
            rules[name] = Rule(_LEADS[leads], policy, read, write, is_opaque, name == "labels")
        return rules

    def is_opaque(self, description: Any) -> bool:
        """Whether a description holds more than plain text could give back."""
        return not _text_of(self.is_cloud).is_plain(description)

    def reading(self, description: Any) -> str:
        """A description of Jira's as people read it."""
        found: str = _text_of(self.is_cloud).text(description)
        return found

    def written(self, text: str | None) -> Any:
        """A description of ours in Jira's form."""
        if self.is_cloud:
            return adf.canonical(adf.document(text or ""))
        return wiki.markup(text or "") or None

    def _ways(self) -> dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]:
        words, text = self.words, _text_of(self.is_cloud)
        return {
            "title": (lambda theirs: title(theirs) or NOTHING, summary),
            "description": (lambda theirs: text.text(theirs) or None, self.written),
            "status": (words.status_of, lambda ours: {"to": ours}),
            "priority": (words.priority_of, words.priority_name),
            "assignee": (
                lambda account: self.people.get(account, NOTHING) if account else None,
                lambda name: self.accounts.get(name, {UNKNOWN: name}) if name else None,
            ),
            "labels": (lambda each: each if each == title(each) and 0 < len(each) <= NAME_LIMIT else NOTHING, label),
            "deadline": (lambda day: day, words.day_of),
            "estimated_hours": (hours, seconds),
        }


def sent(
    values: Mapping[str, Any], *, is_cloud: bool, footer: str | None, before: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values in Jira's words as the `fields` and the `update` of a request; a status goes another way.

    `footer` is a last line for a description, `before` what the issue says now: labels are sent as what is added and
    taken away, so that nobody else's are touched.
    """
    fields: dict[str, Any] = {}
    update: dict[str, Any] = {}
    for name, value in values.items():
        match name:
            case "labels":
                update["labels"] = list(_operations(before.get("labels") or [], value))
            case "description":
                fields["description"] = _text_of(is_cloud).with_footer(value, footer) if footer else value
            case "assignee":
                fields["assignee"] = {"accountId" if is_cloud else "name": value} if value else None
            case "priority":
                fields["priority"] = {"name": value}
            case "estimated_hours":
                fields["timetracking"] = {"originalEstimate": f"{(value or 0) // 60}m"}
            case "title" | "deadline":
                fields[NAMES[name]] = value
    return fields, update


def _operations(before: Iterable[str], after: Iterable[str]) -> Iterable[dict[str, str]]:
    was, will = list(before), list(after)
    yield from ({"remove": each} for each in was if each not in will)
    yield from ({"add": each} for each in will if each not in was)


def field_of(jira_field: str) -> str | None:
    """Our field for one of Jira's, as errors and histories name it."""
    wanted = "timeoriginalestimate" if jira_field.startswith("timetracking") else jira_field
    return next((ours for ours, theirs in NAMES.items() if theirs == wanted), None)


def footer_of(task_id: str) -> str:
    """The line of a description that names the task."""
    return f"{FOOTER} {task_id}"


def _text_of(is_cloud: bool) -> ModuleType:
    return adf if is_cloud else wiki


def _never(_value: Any) -> bool:
    return False
