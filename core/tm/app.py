"""The composition root: settings, store and caller of one command, and the parts a worker is made of."""

from __future__ import annotations

import os

from tm.clock import Clock
from tm.config.core import OFF, load
from tm.config.places import database, find_place
from tm.errors import StoreError
from tm.handover import has_overdue, is_ci, is_worker_free, mode, start_drain
from tm.model import name
from tm.service.work import Caller, Work
from tm.store.sqlite import SqliteDatabase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tm.config.core import CoreSettings
    from tm.config.places import Place


STRANGER = (
    "{folder} is not used: no tm init of yours made it. If it is yours, moved or copied here: tm init --adopt. "
    "If it came with somebody's repository, delete it."
)


ALONE = "TM_NO_PLUGINS is set: no plugin is loaded and nobody is told. Unset it when they may be told again."


class Session:
    """One run of `tm`: where it is, what it is told, and its store.

    `environ` and `cwd` are those of the process; `config` is what `--config` named. `warn` is told, once, what a
    person should know about the place.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        cwd: str,
        *,
        config: str | None = None,
        clock: Clock | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.environ = environ
        self.cwd = cwd
        self.config = config
        self.clock = clock or Clock()
        self._warn = warn
        self._place: Place | None = None
        self._core: CoreSettings | None = None
        self._database: SqliteDatabase | None = None

    def again(self) -> Session:
        """The same run with everything read anew."""
        return Session(self.environ, self.cwd, config=self.config, clock=self.clock)

    @property
    def place(self) -> Place:
        """Where the hub lives."""
        if self._place is None:
            self._place = find_place(self.environ, self.cwd, config=self.config)
            if self._warn is not None:
                for folder in self._place.strangers:
                    self._warn(STRANGER.format(folder=folder))
        return self._place

    @property
    def core(self) -> CoreSettings:
        """The core settings. Raises ConfigError for a wrong key."""
        if self._core is None:
            self._core = load(self.place, self.environ)
        return self._core

    @property
    def path(self) -> str:
        """The store's file."""
        return database(self.place, self.core.database_url)

    def has_store(self) -> bool:
        """Whether the store's file is there. Raises StoreError where nobody can tell."""
        try:
            os.stat(self.path)  # noqa: PTH116 - pathlib is dear
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise StoreError(
                f"The store {self.path} cannot be reached: {error.strerror}. Check the owner and permissions of its "
                "folder, or name another place: TM_DATABASE_URL=…"
            ) from error
        return True

    @property
    def database(self) -> SqliteDatabase:
        """The store, opened at the first statement."""
        if self._database is None:
            self._database = SqliteDatabase(self.path, made=self._tell if self.core.database_url else None)
        return self._database

    def _tell(self, path: str) -> None:
        if self._warn is not None:
            name = "TM_DATABASE_URL" if self.environ.get("TM_DATABASE_URL") else "database_url"
            self._warn(f"There was no store at {path} ({name}); made an empty one.")

    def leave(self) -> None:
        """What is left to do before the process ends without any farewell."""
        if self._database is not None:
            self._database.leave()

    @property
    def actor(self) -> str:
        """Who acts when nobody says: TM_ACTOR, git's user.email, or user@host."""
        if self.core.actor:
            return self.core.actor
        return f"{_user(self.environ)}@{os.uname().nodename}"

    def work(self, values: Mapping[str, Any], *, quiet: bool = False) -> Work:
        """The unit of work of a changing command, with its `--by`, `--key` and `--revision`."""
        actor = name(values["by"], of="actor (--by)") if values.get("by") else self.actor
        caller = Caller(origin="cli", actor=actor, automated=is_ci(self.environ))
        return Work(
            self.database,
            self.clock,
            caller,
            owed_to=self.core.plugins,
            key=values.get("key"),
            revision=values.get("revision"),
            quiet=quiet,
            typed={"deadline": values["deadline"]} if values.get("deadline") else None,
        )

    @property
    def leaves_plugins_alone(self) -> bool:
        """Whether TM_NO_PLUGINS asks this run to load no plugin and tell nobody; what is owed stays owed."""
        return self.environ.get("TM_NO_PLUGINS", "").strip().lower() not in ("", *OFF)

    def hand_over(self) -> None:
        """Start a detached drain where the delivery mode wants one and no worker is alive."""
        is_wanted = mode(self.core.delivery, self.environ) == "background" and not self.leaves_plugins_alone
        if is_wanted and is_worker_free(self.path):
            start_drain(self.drain_words("--linger"), self.environ, is_detached=True)

    def drain_words(self, *more: str) -> list[str]:
        """The arguments that start a drain of this store."""
        config = ["--config", os.path.join(self.cwd, self.config)] if self.config else []  # noqa: PTH118 - pathlib is dear
        return [*config, "deliver", *more]

    def nudge(self) -> None:
        """Before a reading command ends: start a drain when something is overdue and nobody is at it."""
        plugins = self.core.plugins
        if plugins and has_overdue(self.database, plugins, now=_now(self.clock)):
            self.hand_over()


def _user(environ: Mapping[str, str]) -> str:
    if named := environ.get("USER") or environ.get("LOGNAME"):
        return named
    import pwd  # only where the environment is bare: cron, containers

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _now(clock: Clock) -> str:
    from tm.clock import stamp

    return stamp(clock.now())
