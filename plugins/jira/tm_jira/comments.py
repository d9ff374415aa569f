"""Comments: those events that people in Jira are told, each once, and what people there say, each as one note."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import tm
from tm_jira import adf, wiki
from tm_jira.accounts import name_of
from tm_jira.fields import account_of, instant
from tm_jira.links import hub_id
from tm_jira.words import title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tm import Event, Hub, HubTasks
    from tm_jira.client import Site
    from tm_jira.fields import Issue

LIMIT, NOTE_LIMIT = 30_000, 90_000
"""The longest comment that is written, and the longest that becomes a note, in characters; Jira takes 32,767."""
MANY = 100
"""After so many comments that are known as they are, older ones are not looked at: edits of these go unnoticed."""
# a dead letter may be put back after months, and no two clocks agree
_REMEMBERED, _MARGIN = timedelta(days=100), timedelta(days=7)
_TOLD, _NOTE = "told:", "note:"
_LEADS: Mapping[str, tuple[str, str]] = {
    "completed": ("Completed", "summary"),
    "blocked": ("Blocked", "reason"),
    "unblocked": ("No longer blocked", "note"),
    "progressed": ("", "note"),
    "noted": ("", "note"),
    "context_added": ("Context", "text"),
    "reopened": ("Reopened", "reason"),
    "cancelled": ("Cancelled", "reason"),
}
_SETTING = {"progressed": "progress", "noted": "progress", "context_added": "context"}


def words_for(event: Event, hub: Hub) -> str | None:
    """What the issue is told of an event, or None: as the settings ask, never an empty note nor one of a commit."""
    lead, key = _LEADS.get(event.name, ("", ""))
    wanted = _SETTING.get(event.name, event.name)
    said = str(event.data.get(key) or "").strip()
    if wanted not in hub.settings.comments or not said or event.origin == "git":
        return None
    return f"{lead} by {event.actor}: {said}" if lead else f"{event.actor}: {said}"


def tell(event: Event, text: str, issue: Issue, *, hub: Hub, site: Site) -> None:
    """Comment the issue once, whatever crashed: a comment that may be there already is looked for by its mark."""
    key = f"{_TOLD}{event.id}"
    if hub.state.get(key) is not None:
        return
    found = _made_before(event, issue, site) if hub.attempt.may_have_happened else None
    if found is None:
        body = adf.document(text, limit=LIMIT) if site.is_cloud else wiki.markup(text, limit=LIMIT)
        found = site.add_comment(issue.id, body, note={"hub": hub_id(hub), "event": event.id})
        hub.remark(f"Commented {issue.key}.")
    with hub.together():
        hub.state.add(key, found, expire_after=_REMEMBERED)
        hub.state.add(f"{_NOTE}{found}", {"ours": True})


def _made_before(event: Event, issue: Issue, site: Site) -> str | None:
    me, since = site.me, datetime.fromisoformat(event.at) - _MARGIN
    for comment in site.comments(issue.id):
        made_at = instant(comment.get("created"))
        if made_at is not None and made_at < since:
            break
        is_mine = account_of(comment.get("author") or {}, is_cloud=site.is_cloud) == me
        if is_mine and (site.note_of(str(comment["id"])) or {}).get("event") == event.id:
            return str(comment["id"])
    return None


def take(task_id: str, issue: Issue, *, since: str, hub: Hub, site: Site, tasks: HubTasks) -> None:
    """Keep what people said in comments after an instant as progress that starts nothing.

    An edited comment is noted once more; what was deleted in Jira stays; comments for some only are left where they
    are. `since` is Jira's own time, and so is every comment's.
    """
    for comment, known in reversed(list(_news(instant(since), issue, hub=hub, site=site))):
        text = _text(comment)
        if not text or _is_for_some_only(comment):
            continue
        if known is None and _is_ours(comment, site):
            hub.state.add(f"{_NOTE}{comment['id']}", {"ours": True})
            continue
        _note(task_id, comment, text, issue=issue, is_edited=known is not None, hub=hub, site=site, tasks=tasks)
        seen = {"digest": _digest(text)}
        if known is None:
            hub.state.add(f"{_NOTE}{comment['id']}", seen)
        else:
            hub.state.replace(f"{_NOTE}{comment['id']}", seen, was=known)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def _news(
    since: datetime | None, issue: Issue, *, hub: Hub, site: Site
) -> Iterator[tuple[Mapping[str, Any], dict[str, Any] | None]]:
    """The comments that are not known as they are, newest first, each with what is known of it."""
    in_a_row = 0
    for comment in _said_since(since, issue, site):
        known: dict[str, Any] | None = hub.state.get(f"{_NOTE}{comment['id']}")
        if known is not None and (known.get("ours") or known["digest"] == _digest(_text(comment))):
            in_a_row += 1
            if in_a_row >= MANY:
                return
        else:
            in_a_row = 0
            yield comment, known


def _is_ours(comment: Mapping[str, Any], site: Site) -> bool:
    is_mine = account_of(comment.get("author") or {}, is_cloud=site.is_cloud) == site.me
    return is_mine and site.note_of(str(comment["id"])) is not None


def _note(  # noqa: PLR0913 - one comment, named by keyword
    task_id: str,
    comment: Mapping[str, Any],
    text: str,
    *,
    issue: Issue,
    is_edited: bool,
    hub: Hub,
    site: Site,
    tasks: HubTasks,
) -> None:
    author: Mapping[str, Any] = comment.get("author") or {}
    who = name_of(author, hub, is_cloud=site.is_cloud) or "somebody"
    note = f"{title(str(author.get('displayName') or who))} in {issue.key}{', edited' if is_edited else ''}: {text}"
    key = f"jira-comment:{hub.settings.site}:{comment['id']}:{comment.get('updated') or comment.get('created')}"
    # refused: noted by somebody who died right after, when the author had another name; not usable: no words at all
    with suppress(tm.Refused, tm.UsageError):
        tasks.acting_for(who).progress(task_id, note, starts=False, key=key)


def _said_since(since: datetime | None, issue: Issue, site: Site) -> Iterator[Mapping[str, Any]]:
    """The comments made since an instant, newest first."""
    for comment in site.comments(issue.id):
        made_at = instant(comment.get("created"))
        if since is not None and made_at is not None and made_at <= since:
            return
        yield comment


def _text(comment: Mapping[str, Any]) -> str:
    body = comment.get("body")
    text = (wiki.text(body) if isinstance(body, str) else adf.text(body)).strip()
    return text if len(text) <= NOTE_LIMIT else f"{text[:NOTE_LIMIT]} … (cut)"


def _is_for_some_only(comment: Mapping[str, Any]) -> bool:
    return bool(comment.get("visibility")) or comment.get("jsdPublic") is False
