"""What the stand-in's site keeps of its issues: every change with its time, its history and what is told of it."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from tm_jira.standin import documents
from tm_jira.standin.changes import consequences, is_same, items, moved_items, reading, short
from tm_jira.standin.issues import Issue, jira_time, read_time
from tm_jira.standin.webhooks import Shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tm_jira.standin.site import Site
    from tm_jira.standin.webhooks import Webhook
    from tm_jira.standin.workflow import Project

Json = dict[str, Any]
_EMPTY: Json = {
    "description": None, "environment": None, "labels": [], "assignee": None, "duedate": None, "resolution": None,
    "resolutiondate": None, "timetracking": {}, "timeoriginalestimate": None, "timeestimate": None, "parent": None,
    "components": [], "fixVersions": [], "subtasks": [], "issuelinks": [], "attachment": [], "workratio": -1,
    "customfield_10010": None, "customfield_10011": None, "customfield_10012": None,
}  # fmt: skip
_DONE_BY_EDIT = {"assignee": "issue_assigned", "status": "issue_generic"}


class Archive:
    """Issues by id and key, those gone too; `webhooks` and `received` hold what was told of every change.

    The callers have checked what they hand in, and hold the site's lock.
    """

    def __init__(self, site: Site) -> None:
        self.webhooks: list[Webhook] = []
        self.received: list[str] = []
        self.gone: list[tuple[datetime, Issue]] = []
        self._site = site
        self._shapes = Shapes(site.api, site.catalogue.texts, data_center=site.data_center)
        self._by_id: dict[str, Issue] = {}
        self._by_key: dict[str, Issue] = {}
        self._last: dict[str, int] = {}
        self._issues = self._others = 10_000

    @property
    def issues(self) -> list[Issue]:
        """Every issue there is, oldest first."""
        return list(self._by_id.values())

    def number_from(self, number: int) -> None:
        """Let the ids of what is made from now on be above a number."""
        self._issues = self._others = number

    def find(self, id_or_key: str) -> Issue | None:
        """The issue of that id or key, be the key an old one of it."""
        return self._by_id.get(id_or_key) or self._by_key.get(id_or_key.upper())

    def create(self, project: Project, fields: Json, *, by: Json) -> Issue:
        """A new issue; what is not among `fields` is as in an issue nobody said more of."""
        key, person, stamp = self._fresh_key(project), self._site.people.json(by), self._stamp()
        known: Json = {
            **_EMPTY,
            "project": project.json,
            "status": project.statuses[0].json,
            "priority": self._site.catalogue.priorities[2],
            "creator": person,
            "reporter": person,
            "created": stamp,
            "updated": stamp,
            "statuscategorychangedate": stamp,
        }
        self._issues += 1
        issue = Issue(str(self._issues), key, project.key, known)
        consequences(issue, fields, stamp=stamp, where=(project, self._site.catalogue))
        issue.fields |= fields
        self._by_id[issue.id] = self._by_key[key] = issue
        issue.keep(self._site.time)
        self._tell("jira:issue_created", issue, by=by, issue_event_type_name="issue_created")
        named = f"{issue.status}, {issue.fields['priority']['name']}"
        self.received.append(f'{key} "{issue.fields["summary"]}" created: {named}')
        return issue

    def change(self, issue: Issue, values: Json, *, by: Json) -> bool:
        """Set fields. Nothing happens if all are as they were, unless a status is among them; tells which it was."""
        is_change = any(not is_same(issue.fields.get(name), value) for name, value in values.items())
        if not is_change and "status" not in values:
            return False
        where = (self._site.projects[issue.project], self._site.catalogue)
        consequences(issue, values, stamp=self._stamp(issue), where=where)
        lines = items(issue, values, self._site.catalogue, data_center=self._site.data_center)
        before = dict(issue.fields)
        issue.fields |= values
        entry = self._log(issue, lines, by=by)
        kinds = {_DONE_BY_EDIT.get(each, "issue_updated") for each in values if not is_same(before[each], values[each])}
        kind = "issue_generic" if "status" in values else kinds.pop() if len(kinds) == 1 else "issue_updated"
        self._tell("jira:issue_updated", issue, by=by, issue_event_type_name=kind, changelog=_short(entry))
        self.received.extend(reading(issue.key, values, before))
        return is_change

    def relocate(self, issue: Issue, project: Project, *, by: Json) -> None:
        """Move an issue to another project: another key, the old one still leads to it."""
        key = self._fresh_key(project)
        entry_items = moved_items(issue, project, key)
        self.received.append(f"{issue.key}: moved to {key}")
        issue.old_keys.append(issue.key)
        issue.key, issue.project = key, project.key
        issue.fields |= {"project": project.json, "status": _nearest(project, issue.fields["status"])}
        self._by_key[key] = issue
        entry = self._log(issue, entry_items, by=by)
        self._tell("jira:issue_updated", issue, by=by, issue_event_type_name="issue_moved", changelog=_short(entry))

    def delete(self, issue: Issue, *, by: Json) -> None:
        """Delete an issue for good."""
        # a search that lags behind still shows it
        self.gone.append((self._site.time, issue))
        del self._by_id[issue.id]
        for key in (issue.key, *issue.old_keys):
            del self._by_key[key]
        self._tell("jira:issue_deleted", issue, by=by)
        self.received.append(f"{issue.key}: deleted")

    def add_comment(self, issue: Issue, body: Any, *, by: Json, properties: Json | None = None, **more: Any) -> Json:
        """Add a comment; `more` may hold its visibility."""
        comment_id, person = self._fresh_id(), self._site.people.json(by)
        stamp = issue.fields["updated"] = self._stamp(issue)
        comment: Json = {
            "self": f"{self._site.api}/issue/{issue.id}/comment/{comment_id}",
            "id": comment_id,
            "author": person,
            "body": body,
            "updateAuthor": person,
            "created": stamp,
            "updated": stamp,
            **more,
        }
        issue.comments.append(comment)
        issue.comment_properties[comment_id] = dict(properties or {})
        issue.keep(self._site.time)
        self._tell_comment("created", issue, comment, by=by)
        self.received.append(f"{issue.key}: comment by {by['name']}: {_line(body)}")
        return comment

    def edit_comment(self, issue: Issue, comment: Json, changes: Json, *, by: Json) -> Json:
        """Replace a comment's text or visibility."""
        stamp = issue.fields["updated"] = self._stamp(issue)
        fresh = {**comment, **changes, "updateAuthor": self._site.people.json(by), "updated": stamp}
        issue.comments[issue.comments.index(comment)] = fresh
        issue.keep(self._site.time)
        self._tell_comment("updated", issue, fresh, by=by)
        author = _name(self._site, comment["author"])
        self.received.append(f"{issue.key}: comment by {author} is now: {_line(fresh['body'])}")
        return fresh

    def delete_comment(self, issue: Issue, comment: Json, *, by: Json) -> None:
        """Take a comment away."""
        issue.fields["updated"] = self._stamp(issue)
        issue.comments.remove(comment)
        del issue.comment_properties[comment["id"]]
        issue.keep(self._site.time)
        self._tell_comment("deleted", issue, comment, by=by)
        self.received.append(f"{issue.key}: comment by {_name(self._site, comment['author'])} deleted")

    def link(self, issue: Issue, link: Json, *, by: Json) -> tuple[Json, bool]:
        """Add a remote link, or replace the one with its globalId; tells whether it is a new one."""
        name = link["globalId"]
        old = next((each for each in issue.remote_links if name is not None and each["globalId"] == name), None)
        if old is not None:
            fresh = {**link, "id": old["id"], "self": old["self"]}
            issue.remote_links[issue.remote_links.index(old)] = fresh
            self.touch(issue)
            return fresh, False
        number = int(self._fresh_id())
        fresh = {**link, "id": number, "self": f"{self._site.api}/issue/{issue.id}/remotelink/{number}"}
        issue.remote_links.append(fresh)
        title = link["object"]["title"]
        told = {"from": None, "fromString": None, "to": str(number), "toString": f'This issue links to "{title}"'}
        entry = self._log(issue, [{"field": "RemoteIssueLink", "fieldtype": "jira", **told}], by=by)
        self._tell("jira:issue_updated", issue, by=by, issue_event_type_name="issue_updated", changelog=_short(entry))
        self.received.append(f"{issue.key}: linked to {short(title)} {link['object']['url']}")
        return fresh, True

    def touch(self, issue: Issue) -> None:
        """Move `updated`: later than it was, though the clock stand still."""
        issue.fields["updated"] = self._stamp(issue)
        issue.keep(self._site.time)

    def visible(self, at: datetime | None) -> Iterator[Issue]:
        """The issues a search sees that is up to date as of an instant: those deleted since among them."""
        yield from self._by_id.values()
        if at is not None:
            yield from (issue for gone_at, issue in self.gone if gone_at > at)

    def _log(self, issue: Issue, lines: list[Json], *, by: Json) -> Json:
        self.touch(issue)
        author, created = self._site.people.json(by), issue.fields["updated"]
        entry = {"id": self._fresh_id(), "author": author, "created": created, "items": lines}
        issue.history.append(entry)
        return entry

    def _tell(self, event: str, issue: Issue, *, by: Json, **more: Any) -> None:
        known = {"user": self._site.people.json(by), **more}
        self.webhooks.append(self._shapes.of_issue(event, issue, secret=self._site.webhook_secret, **known))

    def _tell_comment(self, what: str, issue: Issue, comment: Json, *, by: Json) -> None:
        secret = self._site.webhook_secret
        self.webhooks.append(self._shapes.of_comment(f"comment_{what}", issue, comment, secret=secret))
        if self._site.data_center:
            words = {"created": "issue_commented", "updated": "issue_comment_edited"}
            kind = words.get(what, "issue_comment_deleted")
            self._tell("jira:issue_updated", issue, by=by, issue_event_type_name=kind, comment=comment)

    def _stamp(self, issue: Issue | None = None) -> str:
        now = self._site.time.astimezone(UTC)
        now -= timedelta(microseconds=now.microsecond % 1000)
        if issue is not None:
            # a test's clock stands still, and a machine's may be set back; an issue's history may not
            now = max(now, read_time(issue.fields["updated"]) + timedelta(milliseconds=1))
        return jira_time(now)

    def _fresh_key(self, project: Project) -> str:
        self._last[project.key] = self._last.get(project.key, 0) + 1
        return f"{project.key}-{self._last[project.key]}"

    def _fresh_id(self) -> str:
        self._others += 1
        return str(self._others)


def _short(entry: Json) -> Json:
    return {"id": entry["id"], "items": entry["items"]}


def _nearest(project: Project, status: Json) -> Json:
    alike = [each for each in project.statuses if each.name == status["name"]]
    return (alike or project.statuses)[0].json


def _name(site: Site, author: Json) -> str:
    person = site.people.named(author)
    return str(person["name"] if person else author["displayName"])


def _line(body: Any) -> str:
    text = documents.markup(body) if isinstance(body, dict) else body
    return str(text).replace("\n", " ")
