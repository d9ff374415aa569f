"""What plugins offer when a completion is refused: the commands that would supply what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.errors import CriteriaNotMet
from tm.hosting import Hosting

if TYPE_CHECKING:
    from tm.app import Session
    from tm.plugins import Plugin

MOST = 5


def with_offers(session: Session, refused: CriteriaNotMet) -> CriteriaNotMet:
    """The refusal with what the enabled plugins offer; a plugin that cannot say changes nothing of it."""
    if not refused.missing or not session.core.plugins or session.leaves_plugins_alone:
        return refused
    hosting = Hosting(session)
    offers = [line for plugin in hosting.plugins.values() for line in _offers(hosting, plugin, refused)]
    if not offers:
        return refused
    lines = ["Plugins can supply it:", *(f"  {line}" for line in dict.fromkeys(offers))]
    return CriteriaNotMet("\n".join([str(refused), *lines]), task_id=refused.task_id, missing=refused.missing)


def _offers(hosting: Hosting, plugin: Plugin, refused: CriteriaNotMet) -> list[str]:
    if not plugin.is_active or "supply" not in plugin.hooks:
        return []
    hub = hosting.hub(plugin, hosting.session.database, dry_run=True)
    try:
        found = list(plugin.hooks["supply"](task_id=refused.task_id, names=refused.missing, hub=hub))
    except Exception as error:  # a guest's mistake must not hide why the completion was refused
        return [f"(the plugin {plugin.name} could not say: {type(error).__name__})"]
    return [" ".join(hosting.clean(str(line), 500).split()) for line in found[:MOST]]
