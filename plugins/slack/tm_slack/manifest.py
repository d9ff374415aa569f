"""The app that a workspace installs: its manifest, with the scopes that are used and no other. Pure.

https://docs.slack.dev/reference/app-manifest
"""

from __future__ import annotations

from typing import Any

SCOPES = {
    "channels:history": "to look whether a notice of unknown fate is there before it is repeated, in public channels",
    "chat:write": "to post notices and change cards",
    "chat:write.public": "to post in public channels nobody invited the app to",
    "groups:history": "the same look in private channels",
    "im:history": "the same look in direct messages",
    "users:read": "what users:read.email asks for",
    "users:read.email": "to mention people by their e-mail address",
}
# without these nothing can be told; the others make it better
NEEDED = ("chat:write",)


def manifest(*, name: str = "tm") -> dict[str, Any]:
    """The manifest as JSON for *Create New App → From a manifest*; `name` has at most 35 characters."""
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": name,
            "description": "Tells channels what happens to tasks, and keeps a card for each of them.",
            "background_color": "#2c2d30",
        },
        "features": {"bot_user": {"display_name": name, "always_online": False}},
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }
