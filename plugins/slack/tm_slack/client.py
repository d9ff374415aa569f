"""The calls to Slack by its own SDK, sent over our wire: once, following nothing, asking no environment."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from slack_sdk.webhook import WebhookClient, WebhookResponse

if TYPE_CHECKING:
    from urllib.request import Request

    from tm_slack.wire import Wire

# the SDK logs the secret address at DEBUG; a logger of no family cannot be switched on from outside
_SILENT = logging.Logger("tm_slack.sdk", level=logging.CRITICAL + 1)


class Webhook(WebhookClient):
    """An incoming webhook."""

    def __init__(self, url: str, wire: Wire) -> None:
        super().__init__(url, logger=_SILENT, retry_handlers=[])
        self._wire = wire

    def post(self, message: dict[str, Any]) -> WebhookResponse:
        """Send a message and return the answer, whatever its status.

        Raises NotConnected when nothing was sent; OSError and HTTPException leave open whether it was.
        """
        return self.send_dict(message)

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        answer = self._wire.exchange(url, body=req.data, headers=dict(req.header_items()))  # type: ignore[arg-type]  # JSON
        return WebhookResponse(url=url, status_code=answer.status, body=answer.body, headers=answer.headers)
