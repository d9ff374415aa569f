"""What the stand-in's queries can ask of an issue: fields, their values, times, texts, and what sorts them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tm_jira.standin import documents
from tm_jira.standin.issues import jira_time
from tm_jira.standin.workflow import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tm_jira.standin.issues import Version
    from tm_jira.standin.site import Site

_RELATIVE = re.compile(r"([+-]?)(\d+)([wdhm])")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
_FORMATS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_SHAPE = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}(?: \d{1,2}:\d\d)?")
_LISTED = ("=", "!=", "in", "not in", "is", "is not")


class BadQuery(ValueError):
    """A query Jira would refuse, in its words."""


def clause(name: str, operator: str, *, values: list[str | None], site: Site) -> Callable[[Version], bool]:
    """The test of one clause. Raises BadQuery where Jira does."""
    field = _ALIASES.get(name.lower(), name.lower())
    if field in ("created", "updated"):
        return _time(field, operator, bound=_bound(field, values[0], site))
    if field in ("text", "summary", "description", "comment"):
        return _text(field, operator, phrase=values[0])
    if field not in _VALUES:
        raise BadQuery(f"Field '{name}' does not exist or you do not have permission to view it.")
    if operator not in _LISTED or (operator.startswith("is") and values != [None]):
        raise BadQuery(f"The operator '{operator}' is not supported by the '{field}' field.")
    return _listed(field, operator, values=values, site=site)


def _listed(field: str, operator: str, *, values: list[str | None], site: Site) -> Callable[[Version], bool]:
    read, known = _VALUES[field]
    wanted = {each for value in values if value is not None for each in known(value, site)}
    is_among = operator in ("=", "in", "is")
    if field == "labels":
        return _labelled(wanted, is_among=is_among, takes_empty=None in values)
    if is_among:
        chosen = {*wanted, None} if None in values else wanted
        return lambda version: read(version) in chosen
    refused = {*wanted, None}  # what is empty is not unequal either
    return lambda version: read(version) not in refused


def _labelled(wanted: set[str], *, is_among: bool, takes_empty: bool) -> Callable[[Version], bool]:
    if is_among:
        return lambda version: (
            not wanted.isdisjoint(version.fields["labels"]) or (takes_empty and not version.fields["labels"])
        )
    return lambda version: bool(version.fields["labels"]) and wanted.isdisjoint(version.fields["labels"])


def _time(field: str, operator: str, *, bound: str) -> Callable[[Version], bool]:
    match operator:
        case ">=":
            return lambda version: bool(version.fields[field] >= bound)
        case ">":
            return lambda version: bool(version.fields[field] > bound)
        case "<=":
            return lambda version: bool(version.fields[field] <= bound)
        case "<":
            return lambda version: bool(version.fields[field] < bound)
    raise BadQuery(f"The operator '{operator}' is not supported by the '{field}' field.")


def _bound(field: str, value: str | None, site: Site) -> str:
    """The instant meant, as issues have it: to the minute, and read in the account's time zone."""
    text = value or ""
    if relative := _RELATIVE.fullmatch(text):
        span = timedelta(**{_UNITS[relative[3]]: int(relative[2])})
        at = site.time + (-span if relative[1] == "-" else span)
        # to the minute: what happened in the minute named is found, what happened later in it too
        return jira_time(at.replace(second=0, microsecond=0))
    for pattern in _FORMATS if _SHAPE.fullmatch(text) else ():
        try:
            at = datetime.strptime(text, pattern).replace(tzinfo=ZoneInfo(site.account_zone))
        except ValueError:
            continue
        return jira_time(at.astimezone(UTC))
    raise BadQuery(
        f"Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _text(field: str, operator: str, *, phrase: str | None) -> Callable[[Version], bool]:
    if operator != "~" or not phrase:
        raise BadQuery(f"The operator '{operator}' is not supported by the '{field}' field.")
    words = re.findall(r"\w+", phrase.casefold())

    def matches(version: Version) -> bool:
        read = set(re.findall(r"\w+", _words(version, field).casefold()))
        return all(word in read for word in words)

    return matches


def _words(version: Version, field: str) -> str:
    fields = version.fields
    comments = [each["body"] for each in version.comments]
    known = {"summary": [fields["summary"]], "description": [fields["description"]], "comment": comments}
    texts = known.get(field, [fields["summary"], fields["description"], fields["environment"], *comments])
    return " ".join(str(documents.markup(each) if isinstance(each, dict) else each or "") for each in texts)


def _unknown(value: str, field: str) -> BadQuery:
    return BadQuery(f"The value '{value}' does not exist for the field '{field}'.")


def _projects(value: str, site: Site) -> list[str]:
    lower = value.lower()
    found = [each.key for each in site.projects.values() if lower in (each.key.lower(), each.name.lower(), each.id)]
    if not found or (site.names_hidden_projects and not any(site.is_open(each) for each in found)):
        raise _unknown(value, "project")
    return found


def _statuses(value: str, site: Site) -> list[str]:
    known = [each for project in site.projects.values() for each in project.statuses]
    found = [each.id for each in known if value.casefold() in (each.name.casefold(), each.id)]
    if not found:
        raise _unknown(value, "status")
    return found


def _categories(value: str, site: Site) -> list[str]:
    lower = value.lower()
    found = [key for key, each in CATEGORIES.items() if lower in (key, each["name"].lower(), str(each["id"]))]
    if not found:
        raise _unknown(value, "statusCategory")
    return found


def _types(value: str, site: Site) -> list[str]:
    found = [type_["id"] for project in site.projects.values() if (type_ := project.issue_type(value))]
    if not found:
        raise _unknown(value, "issuetype")
    return found


def _priorities(value: str, site: Site) -> list[str]:
    known = site.catalogue.priorities
    found = [each["id"] for each in known if value.casefold() in (each["name"].casefold(), each["id"])]
    if not found:
        raise _unknown(value, "priority")
    return found


def _people(value: str, site: Site) -> list[str]:
    if value.lower() == "currentuser()":
        person: dict[str, Any] | None = site.bot
    else:
        person = site.people.find(value)
    if person is None:
        raise _unknown(value, "assignee")
    return [person["name" if site.data_center else "accountId"]]


def _issues(value: str, site: Site) -> list[str]:
    found = site.archive.find(value)
    if found is None or not site.is_open(found.project):
        if value.isdecimal():
            raise BadQuery(f"A value with ID '{value}' does not exist for the field 'id'.")
        raise BadQuery(f"An issue with key '{value}' does not exist for field 'key'.")
    return [found.id]


def _labels(value: str, _: Site) -> list[str]:
    return [value]


def _person_of(field: str) -> Callable[[Version], str | None]:
    def read(version: Version) -> str | None:
        person = version.fields[field]
        return (person.get("accountId") or person["name"]) if person else None

    return read


def _id_of(field: str) -> Callable[[Version], str | None]:
    return lambda version: str(version.fields[field]["id"])


_VALUES: dict[str, tuple[Callable[[Version], str | None], Callable[[str, Site], list[str]]]] = {
    "project": (lambda version: version.project, _projects),
    "status": (_id_of("status"), _statuses),
    "statuscategory": (lambda version: str(version.fields["status"]["statusCategory"]["key"]), _categories),
    "issuetype": (_id_of("issuetype"), _types),
    "priority": (_id_of("priority"), _priorities),
    "labels": (lambda _: None, _labels),
    "assignee": (_person_of("assignee"), _people),
    "reporter": (_person_of("reporter"), _people),
    "creator": (_person_of("creator"), _people),
    "key": (lambda version: version.id, _issues),
}
_ALIASES = {"id": "key", "issue": "key", "issuekey": "key", "type": "issuetype"}

_ORDERS: dict[str, tuple[Callable[[Version], Any], bool]] = {
    "created": (lambda version: version.fields["created"], True),
    "updated": (lambda version: version.fields["updated"], True),
    "duedate": (lambda version: version.fields["duedate"] or "9999", True),
    "priority": (lambda version: -int(version.fields["priority"]["id"]), True),
    "key": (lambda version: (version.project, int(version.key.rpartition("-")[2])), True),
    "id": (lambda version: int(version.id), True),
    "status": (lambda version: version.fields["status"]["id"], False),
    "summary": (lambda version: version.fields["summary"].casefold(), False),
    "project": (lambda version: version.project, False),
    "issuetype": (lambda version: version.fields["issuetype"]["name"], False),
    "assignee": (lambda version: (version.fields["assignee"] or {"displayName": "~"})["displayName"], False),
}


def order_of(name: str, *, is_descending: bool | None) -> tuple[Callable[[Version], Any], bool]:
    """What sorts by a field, and whether downwards: where nothing is said, dates, keys and priorities go downwards."""
    field = {"issuekey": "key", "type": "issuetype", "due": "duedate"}.get(name.lower(), name.lower())
    if field not in _ORDERS:
        raise BadQuery(f"Not able to sort using field '{name}'.")
    key, usual = _ORDERS[field]
    return key, usual if is_descending is None else is_descending
