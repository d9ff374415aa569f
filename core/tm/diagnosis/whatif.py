"""What would happen: an event as it would look for a task now, and what each plugin would make of it."""

from __future__ import annotations

import contextlib
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tm.diagnosis.isolation import Call
from tm.errors import UsageError
from tm.events import TYPES
from tm.expressions import judge, parse
from tm.filters import facts
from tm.store.links import Links
from tm.store.sqlite import SqliteDatabase
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm.events import Event
    from tm.hosting import Hosting
    from tm.plugins import Plugin
    from tm.store.plugins import Health

YES, NO, LATER = "yes", "no", "later"
EXPLAIN_LIMIT = 20.0


class Explanation(Value):
    """Whether one plugin would be told of an event (`yes`, `no`, `later`), through which hook, and why."""

    plugin: str
    state: str
    told: str
    hook: str | None = None
    when: str | None = None
    matches: str | None = None
    is_linked: bool = False
    why: tuple[str, ...] = ()


def event_type(word: str) -> str:
    """The type a typed word means: `blocked` is `task.blocked`. Raises UsageError with the nearest one."""
    wanted = word if "." in word else f"task.{word}"
    if wanted not in TYPES:
        names = [each.removeprefix("task.") for each in TYPES]
        near = get_close_matches(word.removeprefix("task."), names, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
        raise UsageError(f"There is no event {word[:60]!r}. {hint}")
    return wanted


def explain(event: Event, plugin: Plugin, *, hosting: Hosting, health: Health | None) -> Explanation:
    """What would become of the event at one enabled plugin, judged as the dispatcher does."""
    explanation = Explanation(plugin=plugin.name, state=plugin.state, told=NO)
    if event.origin == plugin.name:
        return explanation.with_(why=("It caused the event itself; nothing is told back to its origin.",))
    if not plugin.is_active:
        return explanation.with_(told=LATER, why=(f"The delivery waits until it is active: {plugin.reason}",))
    hook = next((name for name in (event.hook, "on_event") if name in plugin.hooks), None)
    if hook is None:
        return explanation.with_(why=(f"It has neither {event.hook} nor on_event.",))
    when = plugin.base.when
    matches = None if when is None else judge(parse(when), facts(event))
    is_linked = Links(hosting.session.database).is_linked(plugin.name, event.task_id or "")
    is_wanted = plugin.wants(event, is_linked=is_linked)
    why = [*_filter_words(event, when, matches, is_linked=is_linked)]
    if is_wanted:
        why += [*_pause_words(health, now=event.at), *_own_words(event, plugin, hosting=hosting)]
    return explanation.with_(
        told=NO if not is_wanted else LATER if _is_held(health, now=event.at) else YES,
        hook=hook,
        when=when,
        matches=matches,
        is_linked=is_linked,
        why=tuple(why),
    )


def _filter_words(event: Event, when: str | None, matches: str | None, *, is_linked: bool) -> Iterator[str]:
    if when is None:
        yield "It has no when, so it hears of every task."
        return
    asked = {name: value for name, value in facts(event).items() if name in parse(when).names}
    seen = ", ".join(f"{name} is {_word(value)}" for name, value in asked.items())
    yield f"when = {when}: {matches}{f' ({seen})' if seen else ''}."
    if matches != "met" and is_linked:
        yield "The task is linked to it, so it hears of it in any case."


def _word(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "unset"
    return "unset" if value is None else str(value)


def _is_held(health: Health | None, *, now: str) -> bool:
    return health is not None and bool(health.paused or (health.open_until and health.open_until > now))


def _pause_words(health: Health | None, *, now: str) -> Iterator[str]:
    if health is not None and _is_held(health, now=now):
        yield f"It is paused ({health.paused or f'until {health.open_until}'}); the delivery waits."


def _own_words(event: Event, plugin: Plugin, *, hosting: Hosting) -> list[str]:
    """What the plugin's own `explain` says, if it has one."""
    own = plugin.hooks.get("explain")
    if own is None:
        return []
    with contextlib.redirect_stdout(sys.stderr):  # what a plugin prints is no answer
        call = Call(lambda: _ask(own, event, plugin=plugin, hosting=hosting))
        said, error = call.outcome(seconds=EXPLAIN_LIMIT)
    sentences = [f"Its explain failed: {type(error).__name__}: {error}"] if error else said
    return [plugin.redactor.clean(each) for each in sentences]


def _ask(own: Any, event: Event, *, plugin: Plugin, hosting: Hosting) -> list[str]:
    with SqliteDatabase(hosting.session.path, create=False) as database:
        return [str(each) for each in own(event=event, hub=hosting.hub(plugin, database, event=event))]
