"""The log of workers and drains: events with fields, as text or JSON, secrets replaced."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any

from tm.clock import stamp
from tm.errors import ConfigError
from tm.recorder import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

FORMATS = ("text", "json")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_FILE_LIMIT, _FILES = 1_000_000, 3
LONGEST_LINE = 20_000


def _as_it_is(line: str, _limit: int) -> str:
    return line


def open_log(
    environ: Mapping[str, str],
    *,
    now: Callable[[], datetime],
    file: str | None = None,
    clean: Callable[[str, int], str] = _as_it_is,
) -> logging.Logger:
    """The host's own log, writing to stderr or to a rotated file; what plugins and libraries say goes there as well.

    `TM_LOG` chooses text or json. Every line passes `clean(line, limit)`. Raises ConfigError for another format.
    """
    chosen = environ.get("TM_LOG") or "text"
    if chosen not in FORMATS:
        raise ConfigError(f"TM_LOG must be text or json, not {chosen[:40]!r}. Example: TM_LOG=json tm worker")
    writer: logging.Handler = _private_file(file) if file else _Stderr()
    writer.setFormatter(_Lines(is_json=chosen == "json", now=now, clean=clean))
    _collect_no_more_than_is_written()
    root = logging.getLogger()  # what libraries warn of passes the same redactors
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(writer)
    root.setLevel(logging.WARNING)
    logging.getLogger("tm").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    threading.excepthook = _tell_of_thread
    return _HostLog(writer)


class _HostLog(logging.Logger):
    """The host's own log: nothing a plugin does to the logging of its process reaches it."""

    def __init__(self, writer: logging.Handler) -> None:
        super().__init__("tm", logging.INFO)
        self._writer = writer

    def _log(self, level: int, msg: object, args: Any, *_: Any, extra: Any = None, **__: Any) -> None:
        """Make a record of logging's own class, whatever the process makes records of."""
        record = logging.LogRecord(self.name, level, "", 0, msg, args, None)
        record.__dict__.update(extra or {})
        self.handle(record)

    def handle(self, record: logging.LogRecord) -> None:
        """Write a line, or go without."""
        with contextlib.suppress(Exception):
            self._writer.emit(record)


class _Careful(logging.StreamHandler[Any]):
    """A writer that says of a line it cannot make only whose it was: its arguments may be secrets."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Write that a line was lost."""
        with contextlib.suppress(Exception):
            lost = logging.LogRecord(record.name, logging.WARNING, "", 0, "log line lost", None, None)
            lost.__dict__["logger"] = record.name
            self.stream.write(self.format(lost) + self.terminator)


class _Stderr(_Careful):
    """Writes to stderr."""


class _RotatedFile(_Careful, RotatingFileHandler):
    """Writes to a file that never grows large."""


def _tell_of_thread(failed: threading.ExceptHookArgs) -> None:
    """A plugin's own thread ended badly: a line, not a raw trace with all that was in its hands."""
    error = words_of(failed.exc_value) if failed.exc_value else failed.exc_type.__name__
    logging.getLogger("tm.thread").error("thread failed", extra={"error": error})


def _collect_no_more_than_is_written() -> None:
    """No line names a source file, thread or process, and finding them out is half the cost of a line.

    https://docs.python.org/3/howto/logging.html#optimization
    """
    logging._srcfile = None  # documented there
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _private_file(path: str) -> logging.Handler:
    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    return _RotatedFile(path, maxBytes=_FILE_LIMIT, backupCount=_FILES, encoding="utf-8")


class _Lines(logging.Formatter):
    """One line per record: when, what, and its fields."""

    def __init__(self, *, is_json: bool, now: Callable[[], datetime], clean: Callable[[str, int], str]) -> None:
        super().__init__()
        self._is_json = is_json
        self._now = now
        self._clean = clean

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, with every secret replaced."""
        fields = {name: value for name, value in record.__dict__.items() if name not in _STANDARD and value is not None}
        line = self._json(record, fields) if self._is_json else self._text(record, fields)
        return self._clean(line, LONGEST_LINE)

    def _json(self, record: logging.LogRecord, fields: Mapping[str, Any]) -> str:
        head = {"at": stamp(self._now()), "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps({**head, **fields}, ensure_ascii=False, default=str)

    def _text(self, record: logging.LogRecord, fields: Mapping[str, Any]) -> str:
        pairs = " ".join([f"{name}={_quoted(value)}" for name, value in fields.items()])
        said = record.getMessage()
        said = said if said.isprintable() else json.dumps(said, ensure_ascii=False)
        return f"{stamp(self._now())} {record.levelname.lower():7} {said} {pairs}".rstrip()


def _quoted(value: Any) -> str:
    text = str(value)
    return text if text and text.isprintable() and " " not in text else json.dumps(text, ensure_ascii=False)
