"""Jira's webhooks: who sent one is proved, which issue it is about is read, and one look at that issue is owed.

A body can be out of date when it arrives, and an order is not promised, so nothing of it is used but ids.
Cloud: https://developer.atlassian.com/cloud/jira/platform/webhooks/
Data Center: https://developer.atlassian.com/server/jira/platform/webhooks/
"""

from __future__ import annotations

import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from tm import TmError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tm import Hub

Kind: TypeAlias = Literal["changed", "commented", "deleted", "other"]

# a full description as it is, was and became stays under 0.6 MB with every letter escaped; an issue that is longer,
# by hundreds of comments, is left to the next pull
LIMIT = 1_000_000
REMEMBERED = timedelta(days=2)

_KINDS: Mapping[str, Kind] = {
    "jira:issue_created": "changed",
    "jira:issue_updated": "changed",
    "jira:issue_deleted": "deleted",
    "comment_created": "commented",
    "comment_updated": "commented",
    "comment_deleted": "commented",
}
_SIGNATURE = re.compile(r"sha256=([0-9a-fA-F]{64})")
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ID = re.compile(r"[1-9][0-9]{0,18}")
_KEY = re.compile(r"[A-Z][A-Z0-9_]{0,254}-[1-9][0-9]{0,18}")
_COMMENT = re.compile(r"/rest/api/[a-z0-9.]{1,10}/issue/([1-9][0-9]{0,18})/comment/[1-9][0-9]{0,18}\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_2100 = 4_102_444_800_000
_SET_IT = "set the same secret in tm: tm config secret jira.webhook_secret"


class Refusal(TmError):
    """A request that is not taken, and why; `status` is the HTTP status to answer with."""

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Notice(NamedTuple):
    """What a webhook says, as far as it is used.

    `identifier` is the same for every repeat, plain and short. `kind` is `other` for what tm does not look at; such
    a notice names nothing. `key` and `at` (an aware UTC instant) are for people who read the log.
    """

    identifier: str
    kind: Kind
    issue_id: str | None
    key: str | None
    comment_id: str | None
    at: datetime | None


def read(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str]) -> Notice:
    """Read a request that is to be Jira's; `body` are its bytes as they came.

    One of `secrets` must have signed it: give two while one takes the other's place. Raises Refusal with status
    413 for a body over LIMIT, 401 without a right signature, 400 for what is no webhook; Jira repeats none of these.
    https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks
    """
    if len(body) > LIMIT:
        raise Refusal(
            f"The webhook has {len(body)} bytes; tm reads {LIMIT}. The next pull finds the change.", status=413
        )
    named = {name.lower(): value.strip() for name, value in headers.items()}
    _check_signature(named.get("x-hub-signature", ""), body, secrets=secrets)
    said = _parsed(body)
    identifier = _identifier(named.get("x-atlassian-webhook-identifier", ""), body)
    return _notice(said, identifier=identifier)


def take(notice: Notice, hub: Hub, *, instance: str) -> bool:
    """Durably owe one look at the notice's issue: at its tasks, or at the issue itself if it has none.

    `instance` is the site as links name it. False if nothing is owed by this call: the notice is a repeat, of kind
    `other` or without an issue. That it came and what it owes are stored together, so after a failure in here the
    same notice can be taken again.
    """
    if notice.kind == "other" or notice.issue_id is None:
        return False
    with hub.together():
        if not hub.state.add(f"webhook:{notice.identifier}", notice.kind, expire_after=REMEMBERED):
            return False
        links = hub.links.of_object(notice.issue_id, kind="issue", instance=instance)
        for link in links:
            hub.wake(link.task_id, notice.kind)
        if not links:
            hub.wake_outside(notice.issue_id, "webhook")
    return True


def _check_signature(signature: str, body: bytes, *, secrets: Sequence[str]) -> None:
    if isinstance(secrets, str):  # each of its letters would be a secret
        raise TypeError('secrets is a list of secrets, not one. Example: secrets=["…"]')
    known = [each for each in secrets if each.strip()]
    if not known:
        raise Refusal(
            f"Webhooks are not taken without a secret. Give the webhook one in Jira, and {_SET_IT}", status=401
        )
    if not signature:
        raise Refusal(f"The webhook is not signed. Give it a secret in Jira, and {_SET_IT}", status=401)
    found = _SIGNATURE.fullmatch(signature)
    if found is None:
        raise Refusal("The webhook's X-Hub-Signature is not sha256=… with 64 hex digits, as Jira signs.", status=401)
    given = bytes.fromhex(found[1])
    # every secret is tried, so that the time taken does not tell which one it was
    if not any([hmac.compare_digest(given, _signed(body, each)) for each in known]):
        raise Refusal(
            "The webhook's signature is of another secret, or something on the way changed the body. "
            f"If the secret in Jira is another, {_SET_IT}",
            status=401,
        )


def _signed(body: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode("utf-8", "surrogateescape"), body, "sha256")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body.decode(), object_pairs_hook=_each_once, parse_constant=_refuse_number)
    except (ValueError, RecursionError):  # ValueError covers bytes that are no UTF-8, and endless numbers
        said = None
    if not isinstance(said, dict):
        raise _no_webhook("its body is no JSON object (in Jira, leave “Exclude body” off)")
    return said


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _no_webhook(why: str) -> Refusal:
    return Refusal(f"The request is signed but is no webhook of Jira: {why}.", status=400)


def _identifier(header: str, body: bytes) -> str:
    """A repeat has the same: Jira's own, or what stands for it; the colon keeps the three apart."""
    if not header:
        return f"body:{sha256(body).hexdigest()}"
    if _PLAIN.fullmatch(header):
        return header
    return f"long:{sha256(header.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _notice(said: Mapping[str, Any], *, identifier: str) -> Notice:
    event = said.get("webhookEvent")
    if not isinstance(event, str):
        raise _no_webhook("it has no webhookEvent")
    kind, at = _KINDS.get(event, "other"), _instant(said.get("timestamp"))
    if kind == "other":
        return Notice(identifier, kind, issue_id=None, key=None, comment_id=None, at=at)
    issue, comment = _part(said, "issue"), _part(said, "comment")
    return Notice(
        identifier,
        kind,
        issue_id=_id(issue, "issue") or _issue_of(comment),
        key=_key(issue),
        comment_id=_id(comment, "comment"),
        at=at,
    )


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = said.get(name)
    if part is not None and not isinstance(part, dict):
        raise _no_webhook(f"its {name} is no object")
    return part or {}


def _id(part: Mapping[str, Any], name: str) -> str | None:
    value = part.get("id")
    if value is None:
        return None
    if not isinstance(value, str | int) or not _ID.fullmatch(str(value)):
        raise _no_webhook(f"the id of its {name} is no number of Jira's")
    return str(value)


def _issue_of(comment: Mapping[str, Any]) -> str | None:
    """Data Center names a comment's issue in the comment's own address only, which is read and never called."""
    address = comment.get("self")
    found = _COMMENT.search(address) if isinstance(address, str) else None
    return found[1] if found else None


def _key(issue: Mapping[str, Any]) -> str | None:
    key = issue.get("key")
    return key if isinstance(key, str) and _KEY.fullmatch(key) else None


def _instant(milliseconds: object) -> datetime | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
        return None
    return _EPOCH + timedelta(milliseconds=milliseconds) if 0 < milliseconds < _YEAR_2100 else None
