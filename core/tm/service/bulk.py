"""Adding many tasks at once, or a whole store: everything is stored, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm.errors import UsageError
from tm.model import Task
from tm.service.dependencies import waiting
from tm.store.spool import FULL, PLAIN_FIELDS, UNSET, Spool, fresh_event_ids, fresh_ids
from tm.store.transfer import restore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tm.service.drafts import Rules
    from tm.service.entries import Source
    from tm.service.work import Work

AT_ONCE = 1000


def add_all(work: Work, source: Source, rules: Rules, *, dry_run: bool = False) -> int:
    """Add the tasks of a source and return how many there are; with `dry_run` only look for mistakes.

    Every entry is checked before the store is locked. Each task gets one `task.created` event, which stays out
    of the outbox if `work.quiet`. Raises UsageError for the first mistake, naming its place in the source.
    """
    spool = Spool(work.database)
    count = _fill(work, spool, source, rules=rules)
    spool.close()
    _refuse_cycle(spool, source)

    def change() -> str:
        _settle(spool, source)
        if count and not dry_run:
            _store(work, spool, count)
        return ""

    work.once("import", (), change)
    if rules.left_out:
        work.remarks.append(
            f"Left out, because only a whole export (tm export --all) keeps them: {', '.join(sorted(rules.left_out))}."
        )
    return count


def restore_all(work: Work, source: Source, *, dry_run: bool = False) -> dict[str, int]:
    """Fill an empty store with a whole export; how many rows each table got. With `dry_run` nothing is kept.

    Raises Refused when the store is in use, UsageError naming the line of a mistake.
    """
    with work.database.transaction():
        work.database.execute("savepoint trial")
        counts = restore(work.database, source.lines())
        if dry_run:
            work.database.execute("rollback to trial")
    return counts


def _fill(work: Work, spool: Spool, source: Source, *, rules: Rules) -> int:
    plain: list[tuple[Any, ...]] = []
    full: list[tuple[Any, ...]] = []
    n, fresh = 0, zip(fresh_ids(), fresh_event_ids(work.clock.now().timestamp()), strict=True)
    for n, ((line, entry), ids) in enumerate(zip(source.entries(), fresh, strict=False), start=1):
        try:
            is_plain, fields = rules.check(entry)
        except UsageError as error:
            raise UsageError(f"{source.where(n, line)}: {error}") from None
        if is_plain:
            plain.append((n, line, *ids, *map(fields.get, PLAIN_FIELDS, UNSET)))
        else:
            full.append(_full_row(fields, (n, line, *ids)))
        if len(plain) + len(full) >= AT_ONCE:
            spool.add(plain, full)
            plain, full = [], []
    spool.add(plain, full)
    return n


def _full_row(fields: dict[str, Any], place: tuple[int, int, str, str]) -> tuple[Any, ...]:
    n, line, task_id, event_id = place
    own = {"n": n, "line": line, "event_id": event_id, "given": int("id" in fields)}
    row = {"id": task_id, "priority": "medium", "labels": "[]", **fields, **own}
    return tuple([row.get(column) for column in FULL])


def _refuse_cycle(spool: Spool, source: Source) -> None:
    circle = cycle(spool.inner_dependencies())
    if circle:
        where = source.where(*spool.place(circle[0]))
        raise UsageError(f"{where}: depends_on goes in a circle: {' waits for '.join([*circle, circle[0]])}.")


def cycle(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Ids that wait for each other in a circle, or nothing; a pair is an id and one it waits for."""
    pairs = list(pairs)
    left: dict[str, int] = {}
    waiters: dict[str, list[str]] = {}
    for waiter, target in pairs:
        left[waiter] = left.get(waiter, 0) + 1
        waiters.setdefault(target, []).append(waiter)
    free = [target for target in waiters if target not in left]
    while free:
        for waiter in waiters.get(free.pop(), ()):
            left[waiter] -= 1
            if not left[waiter]:
                free.append(waiter)
    onward = {waiter: target for waiter, target in pairs if left[waiter] and left.get(target)}
    walked: dict[str, None] = {}
    here = next(iter(onward), None)
    while here is not None and here not in walked:
        walked[here] = None
        here = onward[here]
    path = list(walked)
    return path[path.index(here) :] if here is not None else []


def _settle(spool: Spool, source: Source) -> None:
    """Refuse ids that are not free and dependencies that are not there; let wait who must."""
    if twin := spool.twice():
        n, line, task_id, other = twin
        raise UsageError(f"{source.where(n, line)}: the id {task_id} is that of line {other:,} already.")
    if taken := spool.taken():
        n, line, task_id, is_there = taken
        why = "there is a task {} already" if is_there else "the id {} was a deleted task's and is never used again"
        raise UsageError(f"{source.where(n, line)}: {why.format(task_id)}; leave the id out to get a fresh one.")
    if missing := spool.missing():
        n, line, target = missing
        raise UsageError(
            f"{source.where(n, line)}: depends_on names {target}, which is neither in the file nor in the store."
        )
    spool.rename_taken()
    spool.block([_waiting(each) for each in spool.waiting()])


def _waiting(row: tuple[int, str, str, str, list[str]]) -> tuple[str, str | None, str | None, int]:
    n, task_id, status, blocked_from, open_ids = row
    task = waiting(Task(id=task_id, title="", status=status, blocked_from=blocked_from or None), open_ids)
    return task.status, task.blocked_from, task.blocked_reason, n


def _store(work: Work, spool: Spool, count: int) -> None:
    last = spool.store(
        {
            "now": work.now,
            "origin": work.caller.origin,
            "actor": work.caller.actor,
            "owed_to": ",".join(work.owed_to),
            "fanned_out_at": work.now if work.quiet else None,
        }
    )
    work.recorded.extend(range(last - count + 1, last + 1))
