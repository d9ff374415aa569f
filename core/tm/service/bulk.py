"""Adding many tasks at once: every entry is checked before the store is locked, all are stored or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm import model
from tm.clock import stamp
from tm.errors import UsageError
from tm.model import Task
from tm.service.dependencies import waiting
from tm.service.drafts import UNSET
from tm.service.work import event_id
from tm.store.spool import FULL, PLAIN, Spool, fresh_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tm.service.drafts import Rules
    from tm.service.entries import Source
    from tm.service.work import Work

AT_ONCE = 1000


def add_all(work: Work, source: Source, rules: Rules, *, dry_run: bool = False) -> int:
    """Add the tasks of a source and return how many there are; with `dry_run` only look for mistakes.

    Each gets one `task.created` event, kept out of the outbox if `work.quiet`. Raises UsageError for the first
    mistake, naming its place in the source; nothing is stored then.
    """
    spool = Spool(work.database)
    count = _fill(work, spool, source, rules)
    spool.close()
    _refuse_cycle(spool, source)

    def change() -> str:
        _settle(spool, source)
        if count and not dry_run:
            _store(work, spool, count)
        return ""

    work.once("import", (), change)
    return count


def _fill(work: Work, spool: Spool, source: Source, rules: Rules) -> int:
    rows: dict[bool, list[tuple[Any, ...]]] = {True: [], False: []}
    ids, count, line = fresh_ids(), 0, 1
    check = rules.check
    try:
        for line, entry in source.entries():
            count += 1
            is_plain, fields = check(entry)
            rows[is_plain].append(row)
    ...
