"""Who is mentioned in a notice: by the map of people, by e-mail address, never by anything in a task's text."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm_slack.lanes import Lanes
from tm_slack.message import PINGS
from tm_slack.routes import is_own_act, is_same_person

if TYPE_CHECKING:
    from tm import Event, Hub
    from tm_slack.client import Bot
    from tm_slack.routes import Send

PREFIX = "email:"
FOUND_FOR, MISSED_FOR, IN_TROUBLE_FOR = timedelta(hours=24), timedelta(hours=1), timedelta(minutes=1)


def mentions(send: Send, event: Event, hub: Hub, *, bot: Bot | None) -> str:
    """The entities to put into a blocked or urgent notice; nobody is told of an act of their own."""
    if send.notice not in PINGS:
        return ""
    found = [_entity(each, event, hub, bot=bot) for each in send.rule.mention if each != "here" or send.is_urgent]
    return " ".join(dict.fromkeys(filter(None, found)))


def _entity(wanted: str, event: Event, hub: Hub, *, bot: Bot | None) -> str:
    if wanted == "here":
        return "<!here>"
    if wanted[0] == "S" and _is_id(wanted):
        return f"<!subteam^{wanted}>"
    if wanted == "assignee":
        member = None if is_own_act(event, hub.people) else member_of(event.task.assignee, hub, bot)
    elif is_same_person(wanted, event.actor, hub.people):
        member = None
    else:
        member = wanted if _is_member_id(wanted) else member_of(wanted, hub, bot)
    return f"<@{member}>" if member else ""


def member_of(name: str | None, hub: Hub, bot: Bot | None) -> str | None:
    """A person's member id: by `[people]`, else by their e-mail address; None if nobody knows."""
    person = hub.people.find(name)
    if person is not None and person.slack:
        return person.slack if _is_member_id(person.slack) else None
    email = (person.email if person else None) or name or ""
    return None if bot is None or not _is_address(email) else _looked_up(email.lower(), hub, bot)


def _looked_up(email: str, hub: Hub, bot: Bot) -> str | None:
    known = hub.state.get(PREFIX + email)
    if known is not None:
        return known["member"] or None
    try:
        with Lanes(hub, pace=0, most=0).limited("users.lookupByEmail"):
            member = _member(bot.member(email).get("user"))
    except PermanentFailure:  # nobody has that address
        member = None
    except (RetryLater, NeedsLogin, OutcomeUnknown) as error:  # a name does as well
        hub.log.warning("member not looked up", extra={"reason": str(error)})
        hub.state.add(PREFIX + email, {"member": ""}, expire_after=IN_TROUBLE_FOR)
        return None
    kept_for = FOUND_FOR if member else MISSED_FOR
    hub.state.add(PREFIX + email, {"member": member or ""}, expire_after=kept_for)
    return member


def _member(user: Any) -> str | None:
    is_there = isinstance(user, dict) and not user.get("deleted") and _is_member_id(str(user.get("id") or ""))
    return str(user["id"]) if is_there else None


def _is_address(text: str) -> bool:
    return "@" in text and text.isascii() and text.isprintable() and " " not in text and len(text) <= 200


def _is_member_id(text: str) -> bool:
    return _is_id(text) and text[0] in "UW"


def _is_id(text: str) -> bool:
    return text.isascii() and text.isalnum() and text.isupper() and len(text) > 2
