"""What Slack refuses in a message: its documented limits, as a pure check."""

from __future__ import annotations

from typing import Any

from tm_slack.text import units

BLOCKS, ATTACHMENTS, FIELDS, CONTEXT_ELEMENTS = 50, 100, 10, 10
TEXT, FIELD, HEADER, ALL_TEXTS = 3000, 2000, 150, 13_200

_TEXTLESS = ("actions", "divider", "image", "rich_text", "video")


def refusal(message: Any) -> str | None:
    """The word Slack would refuse a webhook's message with, or None if it would post it."""
    if not isinstance(message, dict):
        return "invalid_payload"
    text, blocks = message.get("text", ""), message.get("blocks", [])
    attachments = message.get("attachments", [])
    if not isinstance(text, str) or not isinstance(blocks, list) or not isinstance(attachments, list):
        return "invalid_payload"
    if not text.strip() and not blocks and not attachments:
        return "no_text"
    if len(attachments) > ATTACHMENTS:
        return "too_many_attachments"
    return _refused_attachments(attachments, text) or _refused_blocks(block_lists(message))


def block_lists(message: dict[str, Any]) -> list[Any]:
    """The message's own blocks, then those of each attachment."""
    parts = [message, *message.get("attachments", [])]
    return [part["blocks"] for part in parts if "blocks" in part]


def texts(block: dict[str, Any]) -> list[dict[str, Any]]:
    """Every text object of a block, in reading order."""
    parts = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
    return [part for part in parts if isinstance(part, dict) and part.get("type") in ("mrkdwn", "plain_text")]


def _refused_attachments(attachments: list[Any], text: str) -> str | None:
    if not all(isinstance(each, dict) for each in attachments):
        return "invalid_payload"
    has_words = text.strip() or all(
        each.get("text") or each.get("fallback") or each.get("blocks") for each in attachments
    )
    return None if has_words else "missing_text_or_fallback_or_attachments"


def _refused_blocks(lists: list[Any]) -> str | None:
    if not all(isinstance(blocks, list) and len(blocks) <= BLOCKS for blocks in lists):
        return "invalid_blocks"
    blocks = [block for blocks in lists for block in blocks]
    if not all(isinstance(block, dict) and _is_legal(block) for block in blocks):
        return "invalid_blocks"
    total = sum(units(text["text"]) for block in blocks for text in texts(block))
    return "invalid_blocks" if total > ALL_TEXTS else None


def _is_legal(block: dict[str, Any]) -> bool:
    match block.get("type"):
        case "section":
            fields = block.get("fields", [])
            has_words = "text" in block or fields
            is_short = len(fields) <= FIELDS and all(_is_text(field, FIELD) for field in fields)
            return bool(has_words) and is_short and ("text" not in block or _is_text(block["text"], TEXT))
        case "header":
            is_plain = block.get("text", {}).get("type") == "plain_text"
            return is_plain and _is_text(block["text"], HEADER)
        case "context":
            elements = block.get("elements", [])
            is_short = 1 <= len(elements) <= CONTEXT_ELEMENTS
            return is_short and all(each.get("type") == "image" or _is_text(each, TEXT) for each in elements)
        case kind:
            return kind in _TEXTLESS


def _is_text(part: Any, limit: int) -> bool:
    is_object = isinstance(part, dict) and part.get("type") in ("mrkdwn", "plain_text")
    return is_object and isinstance(part.get("text"), str) and 1 <= units(part["text"]) <= limit
