"""Which of our words is which of Jira's in one project: statuses, priorities, labels, days and hours. Touches nothing.

Statuses fall into Jira's three categories, new, indeterminate and done
(https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-workflow-status-categories/).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tm.sync import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from tm_jira.settings import Settings

SUMMARY_LIMIT, LABEL_LIMIT = 255, 255
"""In characters: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/ names both."""
# they make one sign of several, as in families of emoji and in Persian words
_JOINERS = "\u200c\u200d"

_STATUSES: Mapping[str, tuple[str, ...]] = {
    "pending": ("To Do", "Open", "Backlog", "Selected for Development", "New", "Reopened"),
    "in_progress": ("In Progress", "In Development", "Doing"),
    "blocked": ("Blocked", "On Hold", "Impeded", "Waiting"),
    "completed": ("Done", "Closed", "Resolved", "Completed"),
    "cancelled": ("Cancelled", "Canceled", "Won't Do", "Rejected", "Declined", "Abandoned"),
}
_CATEGORIES = {"new": "pending", "indeterminate": "in_progress", "done": "completed"}
USUAL_PRIORITIES: Mapping[str, tuple[str, ...]] = {
    "critical": ("Highest", "Blocker", "Critical"),
    "high": ("High", "Major"),
    "medium": ("Medium",),
    "low": ("Low", "Minor", "Lowest", "Trivial"),
}


class Words(NamedTuple):
    """How one project speaks: for each of our words Jira's names, the one to write first. `zone` gives days."""

    statuses: Mapping[str, tuple[str, ...]]
    priorities: Mapping[str, tuple[str, ...]]
    named: frozenset[str]
    """Our statuses that the settings give names for: not reaching one of these is a failure."""
    zone: tzinfo

    def status_of(self, status: Mapping[str, Any]) -> Any:
        """Our word for one of Jira's statuses, by its name, else by its category; NOTHING if neither says."""
        name = str(status.get("name", "")).casefold()
        for word, names in self.statuses.items():
            if name in [each.casefold() for each in names]:
                return word
        return _CATEGORIES.get(str(status.get("category", "")), NOTHING)

    def rank(self, status: Mapping[str, Any], word: str) -> int | None:
        """How well a status of Jira's says one of our words, 0 best; None if it does not at all."""
        names = [each.casefold() for each in self.statuses[word]]
        name = str(status.get("name", "")).casefold()
        if name in names:
            return names.index(name)
        return len(names) if self.status_of(status) == word else None

    def priority_of(self, name: str | None) -> Any:
        """Our word for a priority of Jira's, or NOTHING."""
        wanted = (name or "").casefold()
        found = (word for word, names in self.priorities.items() if wanted in [each.casefold() for each in names])
        return next(found, NOTHING)

    def priority_name(self, priority: str) -> str:
        """Jira's name for a priority of ours."""
        return self.priorities[priority][0]

    def day_of(self, deadline: str | None) -> str | None:
        """The day of a deadline, in the hub's time zone, as Jira has due dates."""
        if deadline is None:
            return None
        at = datetime.fromisoformat(deadline)
        try:
            return at.astimezone(self.zone).date().isoformat()
        except OverflowError:  # the last hours of the last year there is
            return at.date().isoformat()


def words_of(settings: Settings, project: str, *, issue_type: str, zone: tzinfo) -> Words:
    """The words for issues of a project, by its key and their type; the usual ones where the settings say nothing."""
    own = settings.rule_for(project, issue_type)
    statuses: Mapping[Any, tuple[str, ...]] = own.statuses if own else {}
    priorities: Mapping[Any, tuple[str, ...]] = own.priorities if own else {}
    return Words(
        statuses=over(_STATUSES, statuses),
        priorities=over(USUAL_PRIORITIES, priorities),
        named=frozenset(statuses),
        zone=zone,
    )


def over(usual: Mapping[str, tuple[str, ...]], own: Mapping[Any, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The usual names without those that the settings give to some word, and theirs."""
    taken = {name.casefold() for names in own.values() for name in names}
    left = {word: tuple(name for name in names if name.casefold() not in taken) for word, names in usual.items()}
    return {word: own.get(word) or left[word] for word in usual}


def summary(title: str) -> str:
    """A title as a summary: one line of at most 255 characters, a longer one cut with a mark."""
    line = " ".join(title.split())
    return line if len(line) <= SUMMARY_LIMIT else f"{line[: SUMMARY_LIMIT - 1].rstrip()}…"


def title(text: str | None) -> str:
    """A summary as a title: without signs nobody can see."""
    return " ".join("".join(sign if sign.isprintable() or sign in _JOINERS else " " for sign in text or "").split())


def label(text: str) -> str:
    """A label of ours as Jira takes it: without blanks, at most 255 characters."""
    return "-".join(text.split())[:LABEL_LIMIT]


def seconds(hours: float | None) -> int | None:
    """Hours as Jira keeps an estimate: whole minutes, in seconds."""
    return None if hours is None else round(hours * 60) * 60


def hours(seconds: int | None) -> float | None:
    """An estimate of Jira's in hours."""
    return None if seconds is None else round(seconds / 3600, 4)


def listed(names: Iterable[str]) -> str:
    """Names for a sentence."""
    return ", ".join(names) or "none"
