"""Whose account is whose: the people of the settings first, then whoever may be assigned and says their address."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tm_jira.fields import account_of
from tm_jira.words import title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Hub
    from tm_jira.client import Site

REMEMBERED = timedelta(days=1)


def account_for(name: str, *, hub: Hub, site: Site, project: str) -> str | None:
    """The account of the person whom tasks call by that name, or None if nobody is certainly that person.

    An account is taken only where its e-mail address, shown by Jira, is the person's (or, on Data Center, its user
    name): Jira's search goes by beginnings, and may find somebody else (https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-user-search/).
    """
    person = hub.people.find(name)
    if person is not None and person.jira:
        return person.jira
    wanted = (person.email if person is not None and person.email else name).strip()
    key = f"account:{project}:{wanted.casefold()}"
    kept = hub.state.get(key)
    if kept is None:
        kept = {"account": _found(site.assignable(project, wanted), wanted, is_cloud=site.is_cloud)}
        hub.state.add(key, kept, expire_after=REMEMBERED)
    account: str | None = kept["account"]
    return account


def _found(users: list[Mapping[str, Any]], wanted: str, *, is_cloud: bool) -> str | None:
    keys = ("emailAddress",) if "@" in wanted or is_cloud else ("name",)
    fitting = [
        each
        for each in users
        if each.get("active") is not False and wanted.casefold() in [str(each.get(key)).casefold() for key in keys]
    ]
    return account_of(fitting[0], is_cloud=is_cloud) if len(fitting) == 1 else None


def name_of(user: Mapping[str, Any], hub: Hub, *, is_cloud: bool) -> str | None:
    """What tasks call the person behind an account: by [people], else by address or name; None is nobody."""
    account = account_of(user, is_cloud=is_cloud)
    address = str(user.get("emailAddress") or "")
    person = hub.people.find(account) or hub.people.find(address)
    if person is not None:
        return person.email or person.alias
    # everybody chooses how they are called in Jira, be it like somebody here
    called = title(str(user.get("displayName") or ""))[:180]
    return title(address)[:200] or (f"{called} (Jira)" if called else account)
