"""Sending one notice: told once, or, when nobody knows whether it was, once more as a repeat that says so."""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm_slack.client import Webhook
from tm_slack.marks import SendMark, next_step
from tm_slack.message import compose
from tm_slack.outcome import NotConnected, ServerTrouble, outcome_of, outcome_without_answer
from tm_slack.wire import Wire

if TYPE_CHECKING:
    from tm import Event, Hub
    from tm_slack.notices import Notice

_DOUBT = "Nobody knows whether Slack posted this notice"
_LOOK = "Look into the channel; if the notice is missing there, redeliver this delivery."


def send(notice: Notice, event: Event, hub: Hub) -> None:
    """Post one notice.

    The delivery's claim is the durable mark of a first send: whoever dies during it, the next attempt knows.
    Raises RetryLater, NeedsLogin, PermanentFailure or OutcomeUnknown by what Slack answered.
    """
    if hub.dry_run:
        return
    if hub.attempt.may_have_happened:
        _send_in_doubt(notice, event, hub)
    elif failure := _post_notice(notice, event, hub, is_repeat=False):
        raise failure


def _send_in_doubt(notice: Notice, event: Event, hub: Hub) -> None:
    """Repeat a notice that may be there already, once and marked as a repeat, or hold it for a person.

    A refusal leaves the mark as it was before; doubt about the repeat too ends in PermanentFailure.
    """
    mark = SendMark(hub, event.id)
    step = next_step(mark.word, is_redelivered=mark.is_redelivered, ambiguous=hub.settings.ambiguous)
    if step == "rest":
        return
    if step == "hold":
        mark.settle("sending")
        raise PermanentFailure(f'{_DOUBT}, and ambiguous = "hold" keeps it from being told twice. {_LOOK}')
    if step == "give up":
        raise PermanentFailure(f"{_DOUBT}, nor whether it posted the repeat. {_LOOK}")
    mark.begin("repeating")
    _settle(mark, _post_notice(notice, event, hub, is_repeat=True))


def _post_notice(notice: Notice, event: Event, hub: Hub, *, is_repeat: bool) -> Exception | None:
    url = hub.url(event.task_id or "")
    return post(compose(notice, event, url=url, people=hub.people, is_repeat=is_repeat), hub)


def post(message: dict[str, Any], hub: Hub) -> Exception | None:
    """Call the webhook once and judge what came of it; None means posted."""
    try:
        answer = _webhook(hub).post(message)
    except (NotConnected, OSError, HTTPException) as error:
        return outcome_without_answer(error)
    wait = {name.lower(): value for name, value in answer.headers.items()}.get("retry-after")
    return outcome_of(answer.status_code, answer.body, retry_after=wait, now=hub.clock.now())


def _settle(mark: SendMark, failure: Exception | None) -> None:
    match failure:
        case None:
            mark.settle("sent")
            return
        case RetryLater() | NeedsLogin() | PermanentFailure():
            mark.restore()
        case ServerTrouble():
            mark.settle("sending")
        case OutcomeUnknown():
            raise PermanentFailure(f"{failure} {_DOUBT}, nor whether it posted the repeat. {_LOOK}")
    raise failure


def _webhook(hub: Hub) -> Webhook:
    settings = hub.settings
    proxy = settings.proxy and settings.proxy.get_secret_value()
    wire = Wire(timeout=settings.timeout, proxy=proxy, monotonic=hub.clock.monotonic)
    return Webhook(settings.webhook_url.get_secret_value(), wire)
