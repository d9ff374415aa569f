"""Which task is which issue, what both said when they last agreed, and what must not be tied."""

from __future__ import annotations

import json
import re
from secrets import token_hex
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import tm
from tm.sync import Agreed, agreed_from, agreed_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Hub, Link
    from tm_jira.fields import Born, Issue

KIND = "issue"
PARKED, GONE, FORBIDDEN, FOREIGN = "parked", "gone", "forbidden", "foreign"
_APART_TASK, _APART_ISSUE, _FOREIGN, _ORPHAN = "apart-task:", "apart-issue:", "foreign:", "orphan:"


class Record(NamedTuple):
    """What is kept with a link.

    `born` says where the thing was made first. `agreed` is the base, `updated` Jira's own text of when the issue had
    changed last when all of it, comments too, was seen; comments up to `since` are history. `fresh` holds what was sent
    with the creation of an issue that was not looked at since: {"ours": …, "sent": …, "digest": …}. `sending` is, by
    field, what was about to be written when a write began that may not have come back, {"sent": …, "ours": …} (of a
    status the ids on the way, and whether the last one is where it goes), and `looked` the number of the change in its
    history that was the last before. `taking` is the same for what was about to be taken
    over here, {"value": …, "theirs": …}. `refused` is what our side said of fields that Jira does not take, `undone`
    how often the same value of ours was written, because it did not stay there, {"ours": …, "times": …, "turns":
    …, "since": …}, `barred` why the issue cannot follow its task.
    """

    born: Born
    agreed: Mapping[str, Agreed]
    updated: str = ""
    since: str = ""
    fresh: Mapping[str, Any] | None = None
    sending: Mapping[str, Any] = MappingProxyType({})
    looked: int = 0
    taking: Mapping[str, Any] = MappingProxyType({})
    refused: Mapping[str, Any] = MappingProxyType({})
    undone: Mapping[str, Any] = MappingProxyType({})
    barred: str = ""


def record_of(link: Link) -> Record:
    """What is kept with a link."""
    kept: dict[str, Any] = json.loads(link.base or "{}")
    return Record(
        born="there" if kept.get("born") == "there" else "here",
        agreed=agreed_from(json.dumps(kept.get("agreed") or {})),
        updated=kept.get("updated", ""),
        since=kept.get("since", ""),
        fresh=kept.get("fresh"),
        sending=kept.get("sending", {}),
        looked=kept.get("looked", 0),
        taking=kept.get("taking", {}),
        refused=kept.get("refused", {}),
        undone=kept.get("undone", {}),
        barred=kept.get("barred", ""),
    )


def _text(record: Record) -> str:
    kept = {**record._asdict(), "agreed": json.loads(agreed_text(record.agreed))}
    tables = {name: dict(value) for name, value in kept.items() if isinstance(value, MappingProxyType)}
    return json.dumps({name: value for name, value in (kept | tables).items() if value}, ensure_ascii=False)


def link_of(task_id: str, hub: Hub) -> Link | None:
    """The link of a task to its issue in this Jira, or None."""
    mine = (link for link in hub.links.mine(task_id, kind=KIND) if link.instance == hub.settings.site)
    return next(mine, None)


def links_here(hub: Hub) -> list[Link]:
    """Every link to an issue of this Jira."""
    return [link for link in _every(hub) if link.instance == hub.settings.site]


def links_to_look_at(hub: Hub) -> list[Link]:
    """The same. Raises PermanentFailure while links are kept under another address: those would be imported again."""
    links = _every(hub)
    other = min({link.instance for link in links} - {hub.settings.site}, default=None)
    if other is not None:
        raise tm.PermanentFailure(
            f"Issues are tied at {other}, and the settings say {hub.settings.site}. If that is the same Jira, set "
            f"browse_url = {other!r}; else: tm jira unlink, one by one."
        )
    return links


def _every(hub: Hub) -> list[Link]:
    return [link for link in hub.links.all() if link.kind == KIND]


def project_of(link: Link) -> str:
    """The key of the project an issue was in when it was seen last."""
    return str(link.key).rpartition("-")[0]


def link_to(issue_id: str, hub: Hub) -> Link | None:
    """The link of an issue to its task, or None."""
    return next(iter(hub.links.of_object(issue_id, kind=KIND, instance=hub.settings.site)), None)


def described(issue: Issue, record: Record, hub: Hub) -> dict[str, Any]:
    """The fields of a link to an issue, as `hub.links.save` and `hub.tasks.add` take them."""
    return {
        "kind": KIND,
        "instance": hub.settings.site,
        "outside_id": issue.id,
        "key": issue.key,
        "url": address_of(issue.key, hub),
        "title": None,
        "detail": issue.issue_type or None,
        "base": _text(record),
        "exclusive": True,
    }


def address_of(key: str, hub: Hub) -> str:
    """Where people look at an issue."""
    return f"{hub.settings.site}/browse/{key}"


def tie_to(task_id: str, issue: Issue, record: Record, *, hub: Hub) -> None:
    """Note that the issue is the task's from now on, and what both say. Raises Refused when one of them is tied."""
    hub.links.save(task_id, **described(issue, record, hub))


def save_unseen(task_id: str, issue_id: str, key: str, *, record: Record, hub: Hub) -> None:
    """Note that an issue is the task's that cannot be read; should it be readable one day, it is looked at."""
    hub.links.save(
        task_id,
        kind=KIND,
        instance=hub.settings.site,
        outside_id=issue_id,
        key=key,
        url=address_of(key, hub),
        base=_text(record),
        exclusive=True,
        state=GONE,
    )


def keep(task_id: str, issue: Issue, record: Record, *, hub: Hub, state: str | None = None) -> None:
    """Note what a task and its issue say; not if somebody took them apart meanwhile."""
    with hub.together():
        link = link_of(task_id, hub)
        fields = {**described(issue, record, hub), "state": state}
        if link is not None and any(getattr(link, name) != value for name, value in fields.items()):
            hub.links.save(task_id, **fields)


def note_seen(task_id: str, issue: Issue, hub: Hub) -> None:
    """Note that all there is to see of the issue, as it was then, was seen."""
    link = link_of(task_id, hub)
    if link is not None:
        keep(task_id, issue, record_of(link)._replace(updated=issue.updated), hub=hub, state=link.state)


def set_state(link: Link, state: str | None, hub: Hub) -> None:
    """Note how a link is doing, without a look at its issue."""
    with hub.together():
        now = link_of(link.task_id, hub)
        if now is None or now.outside_id != link.outside_id or now.state == state:
            return  # somebody took them apart meanwhile
        names = ("kind", "instance", "outside_id", "key", "url", "title", "detail", "base", "exclusive")
        hub.links.save(link.task_id, **{name: getattr(now, name) for name in names}, state=state)


def hub_id(hub: Hub) -> str:
    """What names this hub in the marks on its issues; made once for each store."""
    if hub.state.get("hub") is None:
        hub.state.add("hub", {"id": token_hex(8)})
    return str(hub.state.get("hub")["id"])


def mark_for(task_id: str, hub: Hub, *, token: str = "") -> dict[str, str]:
    """The mark that says which task of which hub an issue is."""
    return {"hub": hub_id(hub), "task": task_id, **({"token": token} if token else {})}


def is_foreign(mark: Mapping[str, Any] | None, hub: Hub) -> bool:
    """Whether an issue belongs to another hub."""
    return bool(mark and mark.get("hub")) and mark.get("hub") != (hub.state.get("hub") or {}).get("id")  # type: ignore[union-attr]


# what must not be tied


def note_foreign(issue: Issue, hub: Hub) -> None:
    """Keep, for `tm jira status`, that an issue belongs to another hub."""
    named = str((issue.mark or {}).get("hub", ""))
    other = named if re.fullmatch("[0-9a-f]{1,32}", named) else "?"
    hub.state.add(f"{_FOREIGN}{issue.id}", {"key": issue.key, "hub": other})


def note_orphan(issue: Issue, hub: Hub) -> None:
    """Keep, for `tm jira status`, that an issue carries our mark and its task has no use for it."""
    hub.state.add(f"{_ORPHAN}{issue.id}", issue.key)


def orphans(hub: Hub) -> list[str]:
    """The issues that carry our mark and are no task's."""
    return sorted(hub.state.list(_ORPHAN).values())


def foreign(hub: Hub) -> dict[str, str]:
    """The issues found that belong to other hubs: key to hub."""
    return {each["key"]: each["hub"] for each in hub.state.list(_FOREIGN).values()}


def part(task_id: str, issue_id: str, hub: Hub, *, key: str) -> None:
    """Note that a person took task and issue apart, or deleted the task: neither is tied by itself again."""
    hub.state.add(f"{_APART_TASK}{task_id}", {"key": key})
    hub.state.add(f"{_APART_ISSUE}{issue_id}", {"key": key})


def rejoin(task_id: str, issue_id: str, hub: Hub) -> None:
    """Forget that they were taken apart."""
    hub.state.delete(f"{_APART_TASK}{task_id}")
    hub.state.delete(f"{_APART_ISSUE}{issue_id}")


def is_task_apart(task_id: str, hub: Hub) -> bool:
    """Whether a person wants this task to have no issue."""
    return hub.state.get(f"{_APART_TASK}{task_id}") is not None


def is_issue_apart(issue_id: str, hub: Hub) -> bool:
    """Whether a person wants this issue to have no task."""
    return hub.state.get(f"{_APART_ISSUE}{issue_id}") is not None
