"""Searches in Jira's language, as people write them and as we make them. Touches nothing.

After https://support.atlassian.com/jira-software-cloud/docs/what-is-advanced-search-in-jira-cloud/.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

OVERLAP = timedelta(minutes=10)
"""How far behind the index of a search may be."""
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)


def unordered(jql: str) -> str:
    """The search, if it is one that more can be added to. Raises ValueError with a clause about what is wrong."""
    bare = _QUOTED.sub('""', jql)
    if _ORDER.search(bare):
        raise ValueError("must be without ORDER BY: tm asks in an order of its own")
    if bare.count("(") != bare.count(")"):
        raise ValueError("has brackets that do not match")
    return jql


def quoted(words: Iterable[str]) -> str:
    """Words as a list in a search."""
    escaped = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return ", ".join(f'"{word}"' for word in escaped)


def updated_since(since: datetime, now: datetime) -> str:
    """The clause for what changed since an instant, with a margin for the lagging index.

    Jira reads times in the account's zone and to the minute, so it is asked for the minutes that have passed.
    """
    minutes = int(max(now - since, timedelta(0)).total_seconds() // 60) + 1 + int(OVERLAP.total_seconds() // 60)
    return f'updated >= "-{minutes}m"'
