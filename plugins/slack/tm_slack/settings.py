"""What `[plugins.slack]` may say, checked when it is loaded."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from tm import Duration, PluginSettings, ReceivesSecret, When
from tm_slack.notices import Word

HOST = "hooks.slack.com"
LONGEST_TIMEOUT = timedelta(minutes=2)
_EXAMPLE = f"https://{HOST}/services/T…/B…/…"
_PATH = re.compile(r"/services/[^/]+/[^/]+/[^/]+")


def _webhook_url(secret: SecretStr) -> SecretStr:
    parts = _parts(secret)
    if parts is None:
        raise ValueError(f"must be an address like {_EXAMPLE}")
    if _is_loopback(parts.hostname or ""):
        return secret
    if parts.scheme != "https" or parts.netloc not in (HOST, f"{HOST}:443"):
        raise ValueError(f"must begin with https://{HOST}/ (or lead to this machine); it holds a secret")
    if not _PATH.fullmatch(parts.path) or parts.query or parts.fragment:
        raise ValueError(f"must be the whole address Slack shows for the webhook, like {_EXAMPLE}")
    return secret


def _proxy(secret: SecretStr) -> SecretStr:
    parts = _parts(secret)
    if parts is None or parts.scheme != "http" or parts.path not in ("", "/") or parts.query:
        raise ValueError("must be an address like http://proxy.example.com:3128")
    return secret


def _timeout(length: timedelta) -> timedelta:
    if length > LONGEST_TIMEOUT:
        raise ValueError("must be at most 2m, or other notices wait too long")
    return length


def _parts(secret: SecretStr) -> SplitResult | None:
    """The parts of an http address that every program reads alike."""
    text = secret.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_whole else None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Route(BaseModel):
    """Other events for some tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)

    when: When
    """Which tasks, as in `team == platform and priority in [critical, high]`."""
    events: tuple[Word, ...]
    """What is told about them; nothing if empty."""


class Settings(PluginSettings):
    """Settings of the Slack plugin."""

    webhook_url: Annotated[SecretStr, ReceivesSecret, AfterValidator(_webhook_url)]
    """Address of an incoming webhook, a secret; its channel was fixed when it was made in Slack."""
    events: tuple[Word, ...] = ("blocked", "completed", "urgent")
    """What is told: created, progress, blocked, completed, urgent."""
    urgent: When = "priority == critical"
    """When a task is urgent; told once, when it becomes so."""
    routes: tuple[Route, ...] = ()
    """Other `events` for some tasks; the first route that matches counts."""
    ambiguous: Literal["resend", "hold"] = "resend"
    """After a send that may or may not have arrived: send once more, marked as a repeat, or ask a person."""
    timeout: Annotated[Duration, AfterValidator(_timeout)] = timedelta(seconds=10)
    """How long one call to Slack may take."""
    proxy: Annotated[SecretStr, ReceivesSecret, AfterValidator(_proxy)] | None = None
    """Proxy for the way to Slack, http://host:port; variables like HTTPS_PROXY are not asked."""
