"""One call to Jira, sent once by the package `jira`, following nothing, and what becomes of it.

The package retries, follows redirects and waits for ever unless told otherwise (https://github.com/pycontribs/jira);
this is the one room that touches its private session to forbid that.
"""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from jira import JIRA, JIRAError

from tm import OutcomeUnknown, RetryLater
from tm_jira.outcome import ServerTrouble, Unreachable, elsewhere, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tm_jira.settings import Settings

CONNECT_SECONDS = 5.0
ANSWER_LIMIT = 100_000
# what the package and `requests` raise where no answer came
_BROKEN = (requests.RequestException, JIRAError, OSError, ValueError, RecursionError)
# what the package's own questions raise besides, for an answer that is none
_STRANGE = (LookupError, AttributeError, TypeError)
_NEVER_SENT = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


class Wire:
    """The way to one Jira with one account's credentials. `now` tells an aware instant.

    Every method raises NeedsLogin, RetryLater, PermanentFailure or OutcomeUnknown, by what came back; what only asks is
    never in doubt, so it raises RetryLater instead.
    """

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._host = urlsplit(settings.url).netloc
        options: dict[str, Any] = {"rest_api_version": "2" if settings.token else "3", "check_update": False}
        if settings.ca_bundle is not None:
            options["verify"] = str(settings.ca_bundle)
        self.jira: Any = _Quiet(
            server=settings.url,
            options=options,
            timeout=(CONNECT_SECONDS, settings.timeout.total_seconds()),
            max_retries=0,
            get_server_info=False,
            logging=False,
            **_login(settings),
        )
        self._session = self.jira._session
        self._session.max_redirects = 0
        self._session.trust_env = False
        if settings.proxy is not None:
            self._session.proxies = {"https": settings.proxy.get_secret_value()}

    def close(self) -> None:
        """Close its connections."""
        self.jira.close()

    def table(self, method: str, path: str, **call: Any) -> Mapping[str, Any]:
        """The JSON object that a call answers with; `what` is being done, for people, `params` and `body` are sent."""
        said = self.json(method, path, **call)
        if not isinstance(said, dict):
            raise _strange(call["what"], is_read=_is_read(method, call))
        return said

    def tables(self, path: str, **call: Any) -> list[Mapping[str, Any]]:
        """The list of objects that a question is answered with."""
        return tables(self.json("GET", path, **call))

    def json(self, method: str, path: str, **call: Any) -> Any:
        """Whatever JSON a call answers with."""
        answer = self.send(method, path, **call)
        try:
            return answer.json()
        except (ValueError, RecursionError):
            raise _strange(call["what"], is_read=_is_read(method, call)) from None

    def asked(self, question: Callable[[], Any], *, what: str) -> Any:
        """What one of the package's own questions gives."""
        try:
            return self._judged(question, what=what, is_read=True)
        except _STRANGE:
            raise _strange(what, is_read=True) from None

    def send(self, method: str, path: str, *, what: str, **call: Any) -> requests.Response:
        """The answer to a call that went well. With `is_read` a POST only asks."""
        is_read = _is_read(method, call)
        body, params = call.get("body"), call.get("params")
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        url = self.jira._get_url(path)

        def sent() -> requests.Response:
            answer: requests.Response = self._session.request(
                method, url, params=params, data=data, allow_redirects=False
            )
            return answer

        answer: requests.Response = self._judged(sent, what=what, is_read=is_read)
        failure = outcome_of(answer.status_code, answer.headers, "", what=what, now=self._now())
        if failure is None and answer.content.lstrip()[:1] == b"<":
            failure = _strange(what, is_read=is_read)
        if failure is not None:  # a redirect is an answer like any other to the package
            raise _harmless(failure) if is_read else failure
        return answer

    def _judged(self, call: Callable[[], Any], *, what: str, is_read: bool) -> Any:
        try:
            return call()
        except _BROKEN as error:
            answer = error.response if isinstance(error, JIRAError) else None
            if isinstance(answer, requests.Response):
                text = answer.content[:ANSWER_LIMIT].decode("utf-8", "replace")
                failure = outcome_of(answer.status_code, answer.headers, text, what=what, now=self._now())
                failure = failure or _strange(what, is_read=is_read)
            else:
                failure = _without_answer(error, what=what, host=self._host)
        raise _harmless(failure) if is_read else failure


class _Quiet(JIRA):
    """The package's client, without the search for a library that guesses types of files."""

    def _try_magic(self) -> None:
        self._magic = None


def tables(said: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; none of what is no list."""
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def dated(answer: requests.Response) -> datetime | None:
    """When the other side says it answered, aware, or None."""
    try:
        return parsedate_to_datetime(answer.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None


def _login(settings: Settings) -> dict[str, Any]:
    if settings.token is not None:
        return {"token_auth": settings.token.get_secret_value()}
    secret = settings.api_token.get_secret_value() if settings.api_token else ""
    return {"basic_auth": (settings.email or "", secret)}


def _is_read(method: str, call: Mapping[str, Any]) -> bool:
    return method == "GET" or bool(call.get("is_read"))


def _harmless(failure: Exception) -> Exception:
    """The failure of a question: nothing can have happened by it."""
    after = getattr(failure, "after", None)
    return RetryLater(str(failure), after=after) if isinstance(failure, OutcomeUnknown) else failure


def _without_answer(error: Exception, *, what: str, host: str) -> Exception:
    if isinstance(error, requests.TooManyRedirects):
        return elsewhere(what)
    if isinstance(error, requests.ConnectTimeout) or _was_never_sent(error):
        return Unreachable(f"Jira at {host} cannot be reached ({type(error).__name__}) when {what}.", whole_plugin=True)
    if isinstance(error, (requests.exceptions.SSLError, requests.exceptions.ProxyError)):
        return Unreachable(
            f"The way to Jira at {host} cannot be trusted or found ({type(error).__name__}) when {what}. "
            "Look at proxy and ca_bundle.",
            whole_plugin=True,
        )
    return ServerTrouble(f"The connection to Jira at {host} broke ({type(error).__name__}) when {what}.")


def _was_never_sent(error: BaseException) -> bool:
    """Whether no connection was made at all, as far down as the reasons go."""
    seen: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting:
        each = waiting.pop()
        if type(each).__name__ in _NEVER_SENT:
            return True
        seen.append(each)
        inner = [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
        waiting += [one for one in inner if isinstance(one, BaseException) and one not in seen]
    return False


def _strange(what: str, *, is_read: bool) -> Exception:
    text = f"What came back when {what} is not Jira's. Look for a proxy or a log-in page between here and Jira."
    return Unreachable(text) if is_read else ServerTrouble(text)
