"""What `[plugins.slack]` may say, checked when it is loaded."""

from __future__ import annotations

import re
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from tm import Duration, PluginSettings, ReceivesSecret, When
from tm_slack import addresses, slots
from tm_slack.notices import NOTICES, Notice, Word
from tm_slack.quiet import Quiet
from tm_slack.slots import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TIMEOUT, LONGEST_DIGEST = timedelta(minutes=2), timedelta(days=3)
MOST_MENTIONS = 20
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,20}|[UW][A-Z0-9]{2,20}")
_MENTION = re.compile(r"assignee|here|S[A-Z0-9]{2,20}|[UW][A-Z0-9]{2,20}|[a-z][a-z0-9_.-]*")
# what a webhook cannot do, whatever is said about it
_TOKEN_ONLY = ("channel", "cards", "thread", "broadcast", "fallback", "base_url")


def _channel(text: str) -> str:
    if not _CHANNEL.fullmatch(text):
        raise ValueError("must be the id of a channel or member, like C0123ABC (Slack: the channel's details, below)")
    return text


def _mention(text: str) -> str:
    if not _MENTION.fullmatch(text):
        raise ValueError("must be assignee, here, a name of [people], a member's id or a group's, like S0123ABC")
    return text


def _few(mentions: tuple[str, ...]) -> tuple[str, ...]:
    if len(mentions) > MOST_MENTIONS:
        raise ValueError(f"must name at most {MOST_MENTIONS}; a group's id, like S0123ABC, reaches as many as you like")
    return mentions


def _token(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be one word, as Slack shows it: xoxb-…")
    return secret


def _known_notices(templates: object) -> object:
    for name in templates if isinstance(templates, dict) else ():
        if name not in NOTICES:
            near = get_close_matches(str(name), NOTICES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(NOTICES)}"
            raise ValueError(f"has no {str(name)[:40]}; {hint}")
    return templates


def _fitting(templates: dict[Notice, Words]) -> dict[Notice, Words]:
    for notice, words in templates.items():
        for name, source in (("title", words.title), ("text", words.text)):
            try:
                slots.check(source or "", notice)
            except ValueError as error:
                raise ValueError(f"{notice}.{name} {error}") from None
    return templates


def _digest(length: timedelta) -> timedelta:
    if length > LONGEST_DIGEST:
        raise ValueError("must be at most 3d, or nobody remembers what it was about")
    return length


def _timeout(length: timedelta) -> timedelta:
    if length > LONGEST_TIMEOUT:
        raise ValueError("must be at most 2m, or other notices wait too long")
    return length


Channel = Annotated[str, AfterValidator(_channel)]
Mentions = Annotated[tuple[Annotated[str, AfterValidator(_mention)], ...], AfterValidator(_few)]
Templates = Annotated[dict[Notice, Words], BeforeValidator(_known_notices), AfterValidator(_fitting)]
_TABLE = ConfigDict(
    extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True, validate_by_name=False
)


class Route(BaseModel):
    """What is told about some tasks, and where; what it leaves out is as the plugin's own settings say."""

    model_config = _TABLE

    when: When
    """Which tasks, as in `team == platform and priority in [critical, high]`."""
    events: tuple[Word, ...] | None = None
    """What is told about them; nothing if empty."""
    channel: Channel | None = None
    """Where: a channel's id, or a member's for a direct message. Needs a token."""
    mention: Mentions | None = None
    """Who is mentioned in blocked and urgent notices."""
    digest: Annotated[Duration, AfterValidator(_digest)] | None = None
    """Gather notices for so long and send them as one; urgent ones go at once."""
    quiet: Quiet | None = None
    """When nothing but urgent notices is sent."""
    fallback: Channel | None = None
    """Where to send instead when the channel is gone or closed. Needs a token."""
    skip_own: bool | None = None
    """Leave out what the assignee did."""
    goes_on: bool = Field(default=False, alias="continue")
    """Look at the routes after this one as well."""


class Settings(PluginSettings):
    """Settings of the Slack plugin."""

    webhook_url: Annotated[SecretStr, ReceivesSecret, AfterValidator(addresses.webhook_url)] | None = None
    """Address of an incoming webhook, a secret; its channel was fixed when it was made in Slack."""
    token: Annotated[SecretStr, AfterValidator(_token)] | None = None
    """A bot's token (xoxb-…), a secret: cards, threads and as many channels as you like."""
    base_url: Annotated[str, ReceivesSecret, AfterValidator(addresses.base_url)] = addresses.API
    """Where Slack's API is; the token is sent there."""
    channel: Channel | None = None
    """Where notices go by default: a channel's id. With a token."""
    events: tuple[Word, ...] = ("blocked", "completed", "urgent")
    """What is told: created, progress, blocked, completed, urgent."""
    urgent: When = "priority == critical"
    """When a task is urgent; told once, when it becomes so."""
    routes: tuple[Route, ...] = ()
    """Other rules for some tasks; the first that matches counts, and further ones after a `continue = true`."""
    cards: bool = True
    """With a token: one card per task and channel that shows how it is now, with its events in its thread."""
    thread: tuple[Notice, ...] = ("created", "progress", "blocked", "completed", "urgent", "rated")
    """What is told in the thread of a task that has a card, besides what routes tell."""
    broadcast: tuple[Notice, ...] = ("blocked", "urgent")
    """What is shown in the channel as well as in the thread."""
    mention: Mentions = ("assignee",)
    """Who is mentioned in blocked and urgent notices: assignee, here, a name of [people], a member's or group's id."""
    digest: Annotated[Duration, AfterValidator(_digest)] | None = None
    """Gather notices for so long and send them as one; urgent ones go at once."""
    quiet: Quiet | None = None
    """When nothing but urgent notices is sent."""
    fallback: Channel | None = None
    """Where to send instead when a channel is gone or closed. With a token."""
    skip_own: bool = False
    """Leave out what the assignee did."""
    pace: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 1.1
    """Seconds between two messages to one channel; Slack allows one a second. 0: no pace."""
    storm: Annotated[int, Field(ge=0, le=10_000)] = 20
    """When so many wait for one channel, further ones are gathered into one message; 0: never."""
    progress_expires: Duration = timedelta(hours=1)
    """Progress that could not be told for so long is not told at all."""
    templates: Annotated[dict[Notice, Words], BeforeValidator(_known_notices), AfterValidator(_fitting)] = Field(
        default={}
    )
    """Words of your own for a kind of notice."""
    ambiguous: Literal["resend", "hold"] = "resend"
    """After a send that may have arrived and cannot be looked for: send once more, marked as a repeat, or ask."""
    timeout: Annotated[Duration, AfterValidator(_timeout)] = timedelta(seconds=10)
    """How long one call to Slack may take."""
    proxy: Annotated[SecretStr, ReceivesSecret, AfterValidator(addresses.proxy)] | None = None
    """Proxy for the way to Slack, http://host:port; variables like HTTPS_PROXY are not asked."""

    @model_validator(mode="after")
    def _has_one_transport(self) -> Settings:
        if self.webhook_url is None and self.token is None:
            raise ValueError(
                "needs webhook_url or token; set one with: tm config secret slack.webhook_url, or slack.token"
            )
        if self.webhook_url is not None and self.token is not None:
            raise ValueError(
                "has webhook_url and token; take one away, such as: tm config secret slack.webhook_url --forget"
            )
        if problem := next(_beyond_a_webhook(self) if self.token is None else _homeless(self), None):
            raise ValueError(problem)
        return self

    @property
    def has_cards(self) -> bool:
        """Whether tasks have cards."""
        return self.token is not None and self.cards


def _beyond_a_webhook(settings: Settings) -> Iterator[str]:
    for name in _TOKEN_ONLY:
        if name in settings.model_fields_set:
            yield f"{name} needs a token: an incoming webhook {_WHY[name]}"
    for number, route in enumerate(settings.routes, start=1):
        for name in ("channel", "fallback"):
            if getattr(route, name) is not None:
                yield f"routes: route {number}: {name} needs a token: an incoming webhook {_WHY[name]}"


_WHY: dict[str, Any] = {
    "channel": "posts to the one channel it was made for",
    "fallback": "posts to the one channel it was made for",
    "cards": "cannot change what it has posted",
    "thread": "does not learn of a message what a thread needs",
    "broadcast": "does not learn of a message what a thread needs",
    "base_url": "has its own address",
}


def _homeless(settings: Settings) -> Iterator[str]:
    if settings.channel is not None:
        return
    homeless = [n for n, route in enumerate(settings.routes, start=1) if route.channel is None and route.events != ()]
    if homeless:
        yield f"routes: route {homeless[0]} has no channel, and the plugin has none either; set channel"
    if not settings.routes:
        yield "channel is missing: with a token, say where notices go by default, or in every route"
