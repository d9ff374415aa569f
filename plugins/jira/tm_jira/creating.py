"""Making the one issue of a task: what is about to be sent is on record first, and an answer in doubt is looked for.

Jira knows no idempotency key, and its search lags behind. So the issue carries our mark from its first moment, and
after an answer that never came nothing is sent again before every look for that mark had its time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

import tm
from tm_jira.client import MARK
from tm_jira.fields import field_of, footer_of, sent
from tm_jira.links import link_of, link_to, mark_for
from tm_jira.outcome import Forbidden, NotThere, Refused
from tm_jira.planning import digest_of
from tm_jira.words import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Hub, Task
    from tm_jira.client import Site
    from tm_jira.settings import Project

LOOKS = tuple(timedelta(seconds=each) for each in (2, 5, 15, 60, 180, 300))
"""When to look after a creation in doubt; once the last of them has passed without a find, it is sent again."""
LATER_LOOKS = tuple(timedelta(minutes=each) for each in (15, 120, 1440))
"""When to look whether an issue that was sent for twice is there twice."""
_MARGIN, _MOST_LOOKED_AT = timedelta(days=1), 300
_INTENT, _DOUBLES, _TWICE = "create:", "doubles:", "twice:"
_OPTIONAL = ("priority", "labels", "assignee", "duedate", "timetracking", "timeoriginalestimate", "description")


class Made(NamedTuple):
    """An issue that is there now, with what its task said and what was sent for it, but for the long description."""

    id: str
    key: str
    ours: Mapping[str, Any]
    sent: Mapping[str, Any]
    digest: str

    def fresh(self) -> dict[str, Any]:
        """What is kept with the link until the issue is looked at."""
        return {"ours": dict(self.ours), "sent": dict(self.sent), "digest": self.digest}


def make(
    task: Task, project: Project, *, ours: Mapping[str, Any], values: Mapping[str, Any], hub: Hub, site: Site
) -> Made:
    """Make the issue of a task, or find the one that an earlier try has made.

    `ours` is what the task says, `values` the same in Jira's words. Raises RetryLater while an earlier try is in doubt.
    """
    key = f"{_INTENT}{task.id}"
    known: dict[str, Any] | None = hub.state.get(key)
    if known is None:
        intent = _intent(task, project, ours=ours, values=values, at=tm.stamp(hub.clock.now()))
        if not hub.state.add(key, intent):
            raise tm.RetryLater("Another process is making the issue.", after=LOOKS[0])
        if link_of(task.id, hub) is not None:  # another process was through before the intent was ours
            hub.state.delete(key)
            raise tm.RetryLater("Another process made the issue.", after=LOOKS[0])
    else:
        found = _known(known) or _found(task.id, known, hub=hub, site=site)
        if found is not None:
            return found
        _wait_for_the_index(known, hub)
        projects = list(dict.fromkeys([*known["projects"], project.project]))
        intent = {**known, "sent_at": tm.stamp(hub.clock.now()), "projects": projects}
        if not hub.state.replace(key, intent, was=known):
            raise tm.RetryLater("Another process is making the issue.", after=LOOKS[0])
    return _sent(task, project, intent, values=values, hub=hub, site=site, is_first=known is None)


def _intent(
    task: Task, project: Project, *, ours: Mapping[str, Any], values: Mapping[str, Any], at: str
) -> dict[str, Any]:
    short = [name for name in values if name != "description"]
    return {
        "token": token_hex(8),
        "projects": [project.project],
        "summary": values["title"],
        "sent_at": at,
        "ours": {name: ours[name] for name in short},
        "sent": {name: values[name] for name in short},
        "digest": digest_of(task.description),
    }


def _known(intent: Mapping[str, Any]) -> Made | None:
    """The issue whose making Jira has told us of, if it did."""
    made = intent.get("made")
    return Made(made[0], made[1], intent["ours"], intent["sent"], intent["digest"]) if made else None


def has_intent(task_id: str, hub: Hub) -> bool:
    """Whether an issue of the task was being made when something came in between."""
    return hub.state.get(f"{_INTENT}{task_id}") is not None


def place_of_intent(task_id: str, hub: Hub) -> Project | None:
    """The rule for the project that an issue was being made in, although no rule wants the task any more."""
    projects = hub.state.get(f"{_INTENT}{task_id}")["projects"]
    return next((each for each in hub.settings.projects if each.project in projects), None)


def settle(task_id: str, hub: Hub) -> None:
    """Forget that an issue was being made: its link is there. Belongs in one commit with the link."""
    hub.state.delete(f"{_INTENT}{task_id}")


def in_doubt(hub: Hub) -> dict[str, str]:
    """The tasks whose issue may or may not be there, with when it was sent for (UTC)."""
    return {key.removeprefix(_INTENT): each["sent_at"] for key, each in hub.state.list(_INTENT).items()}


def doubles(hub: Hub) -> dict[str, list[str]]:
    """Issues found beside the one that a task is tied to: task to keys."""
    return {key.removeprefix(_DOUBLES): each for key, each in hub.state.list(_DOUBLES).items()}


def mind_double(task_id: str, intent: Mapping[str, Any], hub: Hub) -> None:
    """Remember that an issue may turn up besides the one the task has; belongs in one commit with that one's link."""
    at = hub.clock.now()
    looks = [tm.stamp(at + later) for later in LATER_LOOKS]
    hub.state.delete(f"{_TWICE}{task_id}")
    hub.state.add(f"{_TWICE}{task_id}", {"intent": dict(intent), "looks": looks})


def look_for_doubles(hub: Hub, *, site: Site) -> None:
    """Look for issues that may have turned up besides the one that their task has; what is found is kept for people."""
    now = tm.stamp(hub.clock.now())
    for key, kept in hub.state.list(_TWICE).items():
        if kept["looks"][0] > now:
            continue
        task_id = key.removeprefix(_TWICE)
        link = link_of(task_id, hub)
        hits = _hits(kept["intent"], hub=hub, site=site)
        others = [each for number, each in hits if link is not None and str(number) != link.outside_id]
        with hub.together():
            if others:
                hub.state.add(f"{_DOUBLES}{task_id}", others)
            hub.state.delete(key)
            if kept["looks"][1:] and not others:
                hub.state.add(key, {**kept, "looks": kept["looks"][1:]})


def intent_of(task_id: str, hub: Hub) -> dict[str, Any] | None:
    """What is kept of an issue that is being made for the task, if one is."""
    intent: dict[str, Any] | None = hub.state.get(f"{_INTENT}{task_id}")
    return intent


def _sent(  # noqa: PLR0913 - one request, named by keyword
    task: Task,
    project: Project,
    intent: Mapping[str, Any],
    *,
    values: Mapping[str, Any],
    hub: Hub,
    site: Site,
    is_first: bool,
) -> Made:
    key, mark = f"{_INTENT}{task.id}", mark_for(task.id, hub, token=intent["token"])
    # what an earlier try was about is what its issue, should it turn up after all, agrees on
    values = {**values, **intent["sent"]}
    dropped: list[str] = []
    try:
        try:
            made = site.create(_fields(task.id, project, values, is_cloud=site.is_cloud), mark=mark)
        except Refused as refusal:
            dropped = _refused_here(refusal, hub)
            values = {name: value for name, value in values.items() if name not in dropped}
            made = site.create(_fields(task.id, project, values, is_cloud=site.is_cloud), mark=mark)
    except (tm.RetryLater, tm.NeedsLogin, Refused, Forbidden, NotThere):
        if is_first:
            hub.state.delete(key)  # certainly not made
        raise
    sent = {name: value for name, value in intent["sent"].items() if name not in dropped}
    if not is_first:
        mind_double(task.id, intent, hub)  # the first try may turn up all the same, once the index has caught up
    hub.state.replace(key, {**intent, "sent": sent, "made": list(made)}, was=intent)
    return Made(made[0], made[1], intent["ours"], sent, intent["digest"])


def _fields(task_id: str, project: Project, values: Mapping[str, Any], *, is_cloud: bool) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if value not in (None, []) or name == "description"}
    fields, update = sent(given, is_cloud=is_cloud, footer=footer_of(task_id), before={})
    if labels := update.get("labels"):
        fields["labels"] = [each["add"] for each in labels]
    return {"project": {"key": project.project}, "issuetype": {"name": project.issue_type}, **fields}


def _refused_here(refusal: Refused, hub: Hub) -> list[str]:
    """The fields that only their screen or rule is against; raises the refusal if there is more to it."""
    odd = refused_fields(refusal)
    if odd is None:
        raise refusal
    hub.remark(f"Jira does not take {listed(odd)} here: {refusal}")
    return odd


def refused_fields(refusal: Refused) -> list[str] | None:
    """Our names of the fields a refusal is about, if an issue can do without all of them; else None."""
    if not refusal.fields or any(not name.startswith(_OPTIONAL) for name in refusal.fields):
        return None
    return [found for name in refusal.fields if (found := field_of(name))]


def _found(task_id: str, intent: Mapping[str, Any], *, hub: Hub, site: Site) -> Made | None:
    """The issue that carries the mark of an earlier try: the oldest, should there be several."""
    hits = _hits(intent, hub=hub, site=site)
    if not hits:
        site.account()  # to a stranger a search shows nothing, which would be no proof
        return None
    (first, key), *others = hits
    if others:
        hub.state.add(f"{_DOUBLES}{task_id}", [each for _, each in others])
        hub.remark(f"Besides {key} there are {listed(each for _, each in others)}; close what is one too many.")
    return Made(str(first), key, intent["ours"], intent["sent"], intent["digest"])


def _hits(intent: Mapping[str, Any], *, hub: Hub, site: Site) -> list[tuple[int, str]]:
    """Number and key of every issue that carries the token of a try, as far as Jira's index knows yet."""
    passed = hub.clock.now() - datetime.fromisoformat(intent["sent_at"])
    # our clock may be set back meanwhile, and Jira's is another; the mark decides, not the time
    minutes = int((max(passed, timedelta(0)) + _MARGIN).total_seconds() // 60)
    projects = ", ".join(f'"{each}"' for each in intent["projects"])
    jql = f'project in ({projects}) AND creator = currentUser() AND created >= "-{minutes}m" ORDER BY created DESC'
    raws = [raw for page in site.search(jql, fields=("summary",)) for raw in page]
    return sorted((int(str(raw["id"])), str(raw["key"])) for raw in _marked(raws, intent, hub=hub, site=site))


def _marked(
    raws: list[Mapping[str, Any]], intent: Mapping[str, Any], *, hub: Hub, site: Site
) -> list[Mapping[str, Any]]:
    """Those of the issues found that carry the token of this try."""
    if site.is_cloud:
        return [raw for raw in raws if _has_token((raw.get("properties") or {}).get(MARK), intent)]
    # the search of Data Center shows no marks: look at each, the likeliest first
    raws = [raw for raw in raws if link_to(str(raw["id"]), hub) is None]
    raws = sorted(raws, key=lambda raw: (raw.get("fields") or {}).get("summary") != intent["summary"])
    return [raw for raw in raws[:_MOST_LOOKED_AT] if _has_token(site.mark(str(raw["id"])), intent)]


def _has_token(mark: Any, intent: Mapping[str, Any]) -> bool:
    return isinstance(mark, dict) and mark.get("token") == intent["token"]


def _wait_for_the_index(intent: Mapping[str, Any], hub: Hub) -> None:
    """Raise RetryLater until every look has had its time."""
    sent_at = datetime.fromisoformat(intent["sent_at"])
    passed = hub.clock.now() - sent_at
    following = next((look for look in LOOKS if look > passed), None)
    if following is not None:
        raise tm.RetryLater(
            "Nobody knows yet whether Jira made the issue; it is looked for again before anything is sent.",
            after=following - passed,
        )
