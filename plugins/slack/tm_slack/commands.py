"""`tm slack`: try it, look at what would be sent, and the manifest of the app to install."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

import tm
from tm import NeedsLogin, NotFound, OutcomeUnknown, PermanentFailure, RetryLater, UsageError
from tm_slack.manifest import manifest
from tm_slack.notices import NOTICES
from tm_slack.preview import preview
from tm_slack.routes import WEBHOOK, Rule, rule_of
from tm_slack.sending import transport_of
from tm_slack.standin import reading

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Try Slack, see what would be sent, make the app.")
_TROUBLE = (RetryLater, NeedsLogin, PermanentFailure, OutcomeUnknown)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


@app.command("test")
def post_test(
    route: Annotated[
        int | None, typer.Option(help="Only this route, counted from 1; 0: the plugin's own channel.")
    ] = None,
) -> int:
    """Post a test message to every channel the settings name, or to one route's."""
    with tm.open_hub("slack") as hub:
        rules = _rules(hub, route)
        failed = sum(not _tried(hub, rule) for rule in rules)
    return 6 if failed else 0


@app.command("preview")
def preview_message(
    event: Annotated[str, typer.Argument(help=f"One of {', '.join(NOTICES)}.")],
    task: Annotated[str, typer.Option(help="The task's id.", metavar="ID")],
    format: Annotated[str, typer.Option(help="text (as people read it) or json (the payloads).")] = "text",
) -> int:
    """Show what would be sent for a task; nothing is."""
    tm.choice(format, of="format", among=("text", "json"))
    with tm.open_hub("slack", dry_run=True) as hub:
        shown = preview(event, task, hub)
    for remark in shown.remarks:
        _say(remark)
    payloads: Any = [each.payload for each in shown.messages]
    if format == "json":
        sys.stdout.write(json.dumps(payloads, ensure_ascii=False, indent=2) + "\n")
    else:
        parts = (f"→ {each.where}\n{reading(each.payload)}" for each in shown.messages)
        sys.stdout.write("\n\n".join(parts) + "\n")
    return 0


@app.command("manifest")
def app_manifest(
    name: Annotated[str, typer.Option(help="What the app is called, at most 35 characters.")] = "tm",
) -> int:
    """Print the manifest of the app: paste it at api.slack.com/apps, Create New App, From a manifest."""
    if not 1 <= len(name.strip()) <= 35:
        raise UsageError(f"The name must have 1 to 35 characters, not {len(name.strip())}.")
    sys.stdout.write(json.dumps(manifest(name=name.strip()), indent=2) + "\n")
    return 0


def _rules(hub: tm.Hub, route: int | None) -> list[Rule]:
    count = len(hub.settings.routes)
    if route is not None and not 0 <= route <= count:
        raise NotFound(f"There is no route {route}; there are {count}.")
    numbers = range(count + 1) if route is None else [route]
    found: dict[str, Rule] = {}
    for rule in (rule_of(hub.settings, number) for number in numbers):
        if rule.channel:
            found.setdefault(rule.channel, rule)
    if not found:
        raise UsageError("There is no channel to post to. Set one: [plugins.slack] channel")
    return list(found.values())


def _tried(hub: tm.Hub, rule: Rule) -> bool:
    where = "the webhook" if rule.channel == WEBHOOK else rule.channel
    message: dict[str, Any] = {
        "text": f"✅ A test of tm, by {rule.name}. Notices of tasks will look different.",
        "unfurl_links": False,
        "unfurl_media": False,
    }
    transport: Any = transport_of(hub.settings, hub)
    try:
        if rule.channel == WEBHOOK:
            transport.post(message)
        else:
            transport.post(rule.channel, message)
    except _TROUBLE as failure:
        _say(f"✗ {where} ({rule.name}): {failure}")
        return False
    _say(f"✓ {where} ({rule.name}) took the message.")
    return True
