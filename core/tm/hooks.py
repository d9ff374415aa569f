"""The named moments at which plugins are called, as pluggy specifications."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from tm.events import Event
    from tm.hub import Finding, Hub

hookspec = pluggy.HookspecMarker("tm")
hookimpl = pluggy.HookimplMarker("tm")


@hookspec
def on_create(event: Event, hub: Hub) -> None:
    """A task was created."""


@hookspec
def on_progress(event: Event, hub: Hub) -> None:
    """Somebody noted progress on a task; `event.data["note"]` says what."""


@hookspec
def on_blocked(event: Event, hub: Hub) -> None:
    """A task became blocked; `event.data["reason"]` says why."""


@hookspec
def on_complete(event: Event, hub: Hub) -> None:
    """A task was completed; `event.data` holds the summary and the frozen verdicts."""


@hookspec
def on_event(event: Event, hub: Hub) -> None:
    """Any event for which the plugin has no narrower hook, `sync.requested` included."""


@hookspec
def pull(hub: Hub) -> None:
    """Look outside, save the cursor, wake tasks. Called every `settings.interval` by `tm worker`."""


@hookspec
def explain(event: Event, hub: Hub) -> Iterable[str]:  # type: ignore[empty-body]  # a specification
    """Say, for `tm explain`, what the plugin would make of an event: sentences of where it goes and by which rule.

    Nothing has happened: `event` is imagined, and nothing outside may change.
    """


@hookspec
def supply(task_id: str, names: tuple[str, ...], hub: Hub) -> Iterable[str]:  # type: ignore[empty-body]  # a specification
    """Offer commands that would measure these names, when a completion was refused for want of them.

    Nothing outside may change; a name the plugin does not know is somebody else's.
    """


@hookspec
def check(hub: Hub) -> Iterable[Finding]:  # type: ignore[empty-body]  # a specification
    """Yield findings for `tm doctor`, each with what to do about it."""
