"""The people of the stand-in's site: who there is, how the API shows them, who may be assigned.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-user-search/
"""

from __future__ import annotations

from typing import Any


class People(dict[str, dict[str, Any]]):
    """Accounts by accountId; `unassignable` holds the accountIds nothing can be assigned to.

    An account with no `emailAddress` hides it.
    """

    def __init__(self, api: str, *, data_center: bool) -> None:
        super().__init__()
        self.unassignable: set[str] = set()
        self.zone = "UTC"
        self._api, self._is_data_center = api, data_center

    def add(self, account_id: str, name: str, **more: Any) -> dict[str, Any]:
        """Add an account; `more` are emailAddress, displayName, active."""
        known = {"accountId": account_id, "name": name, "key": f"JIRAUSER{10_100 + len(self)}", "emailAddress": None}
        self[account_id] = {**known, "displayName": name.title(), "active": True, **more}
        return self[account_id]

    def find(self, word: str) -> dict[str, Any] | None:
        """The account with that accountId, name or key."""
        if word in self:
            return self[word]
        return next((each for each in self.values() if word in (each["name"], each["key"])), None)

    def named(self, value: dict[str, Any]) -> dict[str, Any] | None:
        """The account a value of the API names: by accountId on Cloud, by name or key on Data Center."""
        # neither takes what the other calls people by
        if self._is_data_center:
            name, key = value.get("name"), value.get("key")
            return next((each for each in self.values() if name == each["name"] or key == each["key"]), None)
        return self.get(str(value.get("accountId") or value.get("id")))

    def is_assignable(self, person: dict[str, Any]) -> bool:
        """Whether issues may be assigned to a person."""
        return bool(person["active"]) and person["accountId"] not in self.unassignable

    def json(self, person: dict[str, Any]) -> dict[str, Any]:
        """A person as the API shows one."""
        name = {"name": person["name"], "key": person["key"]}
        account = {"accountId": person["accountId"], "accountType": "atlassian"}
        query = f"username={person['name']}" if self._is_data_center else f"accountId={person['accountId']}"
        shown = {"self": f"{self._api}/user?{query}", **(name if self._is_data_center else account)}
        mail = {"emailAddress": person["emailAddress"]} if person["emailAddress"] else {}
        shown |= {**mail, "displayName": person["displayName"], "active": person["active"], "timeZone": self.zone}
        return shown

    def matching(self, query: str) -> list[dict[str, Any]]:
        """Who may be assigned and has a display name (a word of it) or a visible address beginning so, any case."""
        start = query.casefold()
        return [each for each in self.values() if self.is_assignable(each) and _begins(each, start)]


def _begins(person: dict[str, Any], start: str) -> bool:
    words = [person["displayName"], *person["displayName"].split(), person["emailAddress"] or "", person["name"]]
    return any(word.casefold().startswith(start) for word in words if word)
