"""What people do in the stand-in when it runs by itself: one sentence a request, as in `move PROJ-1 to Done`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tm.testing import Reply
from tm_jira.standin import documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from tm.testing import Request
    from tm_jira.standin.site import Site

PATH = "/people"
HELP = (
    "POST one of these to /people: add TITLE · move KEY to STATUS · rename KEY to TITLE · describe KEY as TEXT · "
    "prioritise KEY as PRIORITY · comment KEY: TEXT · delete KEY\n"
)
_SENTENCE = re.compile(r"(?P<verb>\w+) (?P<key>[A-Z][A-Z0-9]*-\d+)(?:(?: to| as|:) (?P<said>.+))?", re.DOTALL)


def heard(site: Site, request: Request) -> Reply | None:
    """What people are told who act or look at /people; None for a request that is no person's.

    A GET gives everything that happened, a line each.
    """
    if request.path != PATH:
        return None
    if request.method == "GET":
        return Reply(body="".join(f"{line}\n" for line in site.received) or HELP)
    before = len(site.received)
    try:
        _do(site, request.body.decode("utf-8", "replace").strip())
    except KeyError as absent:
        named = str(absent.args[0])
        return Reply(status=404, body=f"{named}.\n" if " " in named else f"There is no {named} here.\n")
    except ValueError as wrong:
        return Reply(status=400, body=f"{wrong}. {HELP}")
    return Reply(body="".join(f"{line}\n" for line in site.received[before:]) or "Nothing changed.\n")


def _do(site: Site, sentence: str) -> None:
    verb, _, rest = sentence.partition(" ")
    if verb == "add" and rest:
        site.add(summary=rest)
        return
    match = _SENTENCE.fullmatch(sentence)
    if match is None:
        raise ValueError(f"{sentence[:60]!r} is no sentence this Jira knows")
    key, said = match["key"], match["said"] or ""
    acts: dict[str, Callable[[], object]] = {
        "move": lambda: site.move(key, said),
        "rename": lambda: site.edit(key, summary=said),
        "describe": lambda: site.edit(key, description=said if site.data_center else documents.of_text(said)),
        "prioritise": lambda: site.edit(key, priority=said),
        "comment": lambda: site.comment(key, said),
        "delete": lambda: site.delete(key),
    }
    if match["verb"] not in acts or (not said and match["verb"] != "delete"):
        raise ValueError(f"{sentence[:60]!r} is no sentence this Jira knows")
    acts[match["verb"]]()
