"""The addresses a hub's settings give: of a webhook, of Slack's API, of a proxy. Each holds or receives a secret."""

from __future__ import annotations

import re

from pydantic import SecretStr

from tm import http_parts, is_loopback

HOST = "hooks.slack.com"
API = "https://slack.com/api/"
_EXAMPLE = f"https://{HOST}/services/T…/B…/…"
_PATH = re.compile(r"/services/[^/]+/[^/]+/[^/]+")


def webhook_url(secret: SecretStr) -> SecretStr:
    """A webhook's whole address at Slack, or one on this machine. Raises ValueError."""
    parts = http_parts(secret.get_secret_value())
    if parts is None:
        raise ValueError(f"must be an address like {_EXAMPLE}")
    if is_loopback(parts.hostname or ""):
        return secret
    if parts.scheme != "https" or parts.netloc not in (HOST, f"{HOST}:443"):
        raise ValueError(f"must begin with https://{HOST}/ (or lead to this machine); it holds a secret")
    if not _PATH.fullmatch(parts.path) or parts.query or parts.fragment:
        raise ValueError(f"must be the whole address Slack shows for the webhook, like {_EXAMPLE}")
    return secret


def base_url(text: str) -> str:
    """Where the API's methods are, with a slash at the end; http on this machine only. Raises ValueError."""
    parts = http_parts(text)
    if parts is None or parts.query or parts.fragment or parts.username:
        raise ValueError(f"must be an address like {API}")
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https:// (or lead to this machine): it is sent the token")
    return text if text.endswith("/") else f"{text}/"


def proxy(secret: SecretStr) -> SecretStr:
    """A proxy's address. Raises ValueError."""
    parts = http_parts(secret.get_secret_value())
    if parts is None or parts.scheme != "http" or parts.path not in ("", "/") or parts.query:
        raise ValueError("must be an address like http://proxy.example.com:3128")
    return secret
