"""Links: which task is which object outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.values import Value

if TYPE_CHECKING:
    from typing import Any

    from tm.store.protocol import Database

OF_TASK = """
select plugin, instance, kind, task_id, outside_id, key, url, title, detail, state, base, exclusive
from link where task_id = ? order by linked_at, plugin, kind, outside_id"""
# without statistics SQLite takes the beginning of the primary key, which nearly all links of a plugin share
OF_OBJECT = """
select plugin, instance, kind, task_id, outside_id, key, url, title, detail, state, base, exclusive
from link indexed by link_by_object
where plugin = ? and instance = ? and kind = ? and outside_id = ? order by task_id"""
OF_PLUGIN = """
select plugin, instance, kind, task_id, outside_id, key, url, title, detail, state, base, exclusive
from link where plugin = ? order by task_id, kind, outside_id"""
IS_LINKED = "select 1 from link where plugin = ? and task_id = ? limit 1"
SAVE = """
insert into link
  (plugin, instance, kind, task_id, outside_id, key, url, title, detail, state, base, exclusive, linked_at)
values (:plugin, :instance, :kind, :task_id, :outside_id, :key, :url, :title, :detail, :state, :base, :exclusive, :at)
on conflict (plugin, instance, kind, task_id, outside_id) do update set key = excluded.key, url = excluded.url,
  title = excluded.title, detail = excluded.detail, state = excluded.state, base = excluded.base,
  exclusive = excluded.exclusive"""
TAKEN_BY = """
select task_id, outside_id from link
where exclusive = 1 and plugin = :plugin and instance = :instance and kind = :kind
  and task_id = :task_id and outside_id <> :outside_id
union all
select task_id, outside_id from link
where exclusive = 1 and plugin = :plugin and instance = :instance and kind = :kind
  and outside_id = :outside_id and task_id <> :task_id"""
SUPERSEDED = "superseded"
DELETE = """
delete from link where plugin = ? and instance = ? and kind = ? and task_id = ? and outside_id = ?"""


class Link(Value):
    """A task tied to an outside object.

    `instance` names the outside system (a site, a repository), `kind` the sort of object (issue, branch,
    commit), `outside_id` its unchanging id, `key` what people call it (`PROJ-123`). `detail`, `state` and
    `base` are the plugin's own (JSON text or words); people see kind, title, url and detail. An `exclusive`
    link is one per task and one per outside object within plugin, instance and kind; its key stands for the task
    where people list tasks. A link whose state is SUPERSEDED is kept, but not shown to people.
    """

    plugin: str
    instance: str
    kind: str
    task_id: str
    outside_id: str
    key: str | None = None
    url: str | None = None
    title: str | None = None
    detail: str | None = None
    state: str | None = None
    base: str | None = None
    exclusive: bool = False

    def identity(self) -> dict[str, str | None]:
        """What names the outside object, for the event of the task's deletion."""
        return {name: getattr(self, name) for name in ("plugin", "instance", "kind", "outside_id", "key", "url")}


COLUMNS = (
    "plugin", "instance", "kind", "task_id", "outside_id", "key", "url", "title", "detail", "state", "base",
    "exclusive",
)  # fmt: skip


class Links:
    """The links of a store. Writes belong inside a transaction of the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_task(self, task_id: str) -> list[Link]:
        """Every link of a task, oldest first, whoever made it."""
        return [link_of(row) for row in self._database.execute(OF_TASK, (task_id,))]

    def of_object(self, *, plugin: str, instance: str, kind: str, outside_id: str) -> list[Link]:
        """The links to one outside object."""
        return [link_of(row) for row in self._database.execute(OF_OBJECT, (plugin, instance, kind, outside_id))]

    def of_same_object(self, link: Link) -> list[Link]:
        """The links to the object that another link leads to."""
        return self.of_object(plugin=link.plugin, instance=link.instance, kind=link.kind, outside_id=link.outside_id)

    def of_plugin(self, plugin: str) -> list[Link]:
        """Every link a plugin made."""
        return [link_of(row) for row in self._database.execute(OF_PLUGIN, (plugin,))]

    def is_linked(self, plugin: str, task_id: str) -> bool:
        """Whether the plugin has any link to the task."""
        return self._database.execute(IS_LINKED, (plugin, task_id)).fetchone() is not None

    def taken_by(self, link: Link) -> tuple[str, str] | None:
        """The (task id, outside id) of an exclusive link that stands in the way of this one, or None."""
        row: tuple[str, str] | None = self._database.execute(TAKEN_BY, columns_of(link)).fetchone()
        return row

    def save(self, link: Link, *, at: str) -> None:
        """Make a link, or renew what is known of an existing one."""
        self._database.execute(SAVE, {**columns_of(link), "at": at})

    def delete(self, link: Link) -> bool:
        """Forget a link; False if it was not there."""
        done = self._database.execute(DELETE, (link.plugin, link.instance, link.kind, link.task_id, link.outside_id))
        return done.rowcount == 1


def columns_of(link: Link) -> dict[str, Any]:
    """The link as parameters."""
    return {name: getattr(link, name) for name in COLUMNS}


def link_of(row: Any) -> Link:
    """A link from a row in the order of COLUMNS."""
    fields = dict(zip(COLUMNS, row, strict=True))
    return Link(**{**fields, "exclusive": bool(fields["exclusive"])})
