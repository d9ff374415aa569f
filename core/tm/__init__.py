"""The public face of tm: what a plugin may import, loaded only when asked for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tm.addresses import http_parts as http_parts
    from tm.addresses import is_loopback as is_loopback
    from tm.clock import Clock as Clock
    from tm.clock import stamp as stamp
    from tm.config.plugin import Duration as Duration
    from tm.config.plugin import PluginSettings as PluginSettings
    from tm.config.plugin import When as When
    from tm.config.trust import ReceivesSecret as ReceivesSecret
    from tm.config.trust import RunsProgram as RunsProgram
    from tm.criteria import Verdict as Verdict
    from tm.criteria import from_expression as criterion
    from tm.criteria import from_json as criteria_from_json
    from tm.criteria import is_met as is_met
    from tm.criteria import table as verdict_table
    from tm.criteria import verdicts as verdicts
    from tm.errors import ConfigError as ConfigError
    from tm.errors import CriteriaNotMet as CriteriaNotMet
    from tm.errors import InvalidTransition as InvalidTransition
    from tm.errors import NeedsLogin as NeedsLogin
    from tm.errors import NotFound as NotFound
    from tm.errors import OutcomeUnknown as OutcomeUnknown
    from tm.errors import PermanentFailure as PermanentFailure
    from tm.errors import Refused as Refused
    from tm.errors import RetryLater as RetryLater
    from tm.errors import RevisionConflict as RevisionConflict
    from tm.errors import StoreError as StoreError
    from tm.errors import TmError as TmError
    from tm.errors import UsageError as UsageError
    from tm.events import Event as Event
    from tm.events import Snapshot as Snapshot
    from tm.filters import matches as matches
    from tm.hooks import hookimpl as hookimpl
    from tm.hosting import has_hub as has_hub
    from tm.hosting import open_hub as open_hub
    from tm.hosting import settings_of as settings_of
    from tm.hub import Attempt as Attempt
    from tm.hub import Finding as Finding
    from tm.hub import Hub as Hub
    from tm.hubtasks import HubTasks as HubTasks
    from tm.model import Criterion as Criterion
    from tm.model import Task as Task
    from tm.model import choice as choice
    from tm.people import People as People
    from tm.retry import retry_after as retry_after
    from tm.service.measuring import check_measurement as check_measurement
    from tm.service.measuring import typed as typed
    from tm.store.links import Link as Link

_HOMES = {
    "http_parts": "tm.addresses",
    "is_loopback": "tm.addresses",
    "Clock": "tm.clock",
    "stamp": "tm.clock",
    "Duration": "tm.config.plugin",
    "PluginSettings": "tm.config.plugin",
    "When": "tm.config.plugin",
    "ReceivesSecret": "tm.config.trust",
    "RunsProgram": "tm.config.trust",
    "Verdict": "tm.criteria",
    "criterion": "tm.criteria:from_expression",
    "criteria_from_json": "tm.criteria:from_json",
    "is_met": "tm.criteria",
    "verdict_table": "tm.criteria:table",
    "verdicts": "tm.criteria",
    "ConfigError": "tm.errors",
    "CriteriaNotMet": "tm.errors",
    "InvalidTransition": "tm.errors",
    "NeedsLogin": "tm.errors",
    "NotFound": "tm.errors",
    "OutcomeUnknown": "tm.errors",
    "PermanentFailure": "tm.errors",
    "Refused": "tm.errors",
    "RetryLater": "tm.errors",
    "RevisionConflict": "tm.errors",
    "StoreError": "tm.errors",
    "TmError": "tm.errors",
    "UsageError": "tm.errors",
    "Event": "tm.events",
    "Snapshot": "tm.events",
    "matches": "tm.filters",
    "hookimpl": "tm.hooks",
    "has_hub": "tm.hosting",
    "open_hub": "tm.hosting",
    "settings_of": "tm.hosting",
    "Attempt": "tm.hub",
    "Finding": "tm.hub",
    "Hub": "tm.hub",
    "HubTasks": "tm.hubtasks",
    "Criterion": "tm.model",
    "Task": "tm.model",
    "choice": "tm.model",
    "People": "tm.people",
    "retry_after": "tm.retry",
    "check_measurement": "tm.service.measuring",
    "typed": "tm.service.measuring",
    "Link": "tm.store.links",
}
__all__ = [
    "Attempt", "Clock", "ConfigError", "CriteriaNotMet", "Criterion", "Duration", "Event", "Finding", "Hub",
    "HubTasks", "InvalidTransition", "Link", "NeedsLogin", "NotFound", "OutcomeUnknown", "People",
    "PermanentFailure", "PluginSettings", "ReceivesSecret", "Refused", "RetryLater", "RevisionConflict",
    "RunsProgram", "Snapshot", "StoreError", "Task", "TmError", "UsageError", "Verdict", "When",
    "check_measurement", "choice", "criteria_from_json", "criterion", "has_hub", "hookimpl", "http_parts",
    "is_loopback", "is_met", "matches",
    "open_hub", "retry_after", "settings_of", "stamp", "typed", "verdict_table", "verdicts",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"tm has no {name!r}; plugins may use: {', '.join(__all__)}")
    from importlib import import_module

    module, _, own_name = _HOMES[name].partition(":")
    return getattr(import_module(module), own_name or name)
