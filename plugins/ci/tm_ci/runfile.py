"""The file a run is written to: appended by every step, handed on as an artifact, read back by the last job."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tm import NotFound, StoreError, stamp
from tm_ci.lines import read_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import IO

    from tm_ci.lines import Line

NAME = "tm-ci.jsonl"


def default_file(environ: Mapping[str, str]) -> Path:
    """Where a job's lines go when nobody says: the runner's own folder for the job, else the workspace.

    GitLab lays the artifacts of all jobs into one folder, so there the job is in the name, which `finish` can name.
    """
    if folder := environ.get("RUNNER_TEMP"):
        return Path(folder, NAME)
    if folder := environ.get("CI_PROJECT_DIR"):
        return Path(folder, f"tm-ci-{environ.get('CI_JOB_NAME_SLUG') or environ.get('CI_JOB_ID', '0')}.jsonl")
    return Path(environ.get("WORKSPACE", ""), NAME)


def append(file: Path, lines: Iterable[Line]) -> list[Line]:
    """Add lines, on lines of their own even after one that was cut off; as they were written. Raises StoreError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+b") as stream:
            writer = _writer(file, stream.seek(0, os.SEEK_END))
            written = _after_each_other([replace(line, writer=writer) for line in lines], lines_there(file))
            text = "".join(line.text + "\n" for line in written)
            broken = b"\n" if _ends_within_a_line(stream) else b""
            stream.write(broken + text.encode("utf-8", "surrogatepass"))
            stream.flush()
            _remember(file, writer, stream.tell())
    except OSError as error:
        raise StoreError(f"{file} cannot be written ({error.strerror}). Name another file: --run FILE") from None
    return written


def _after_each_other(lines: Sequence[Line], before: Sequence[Line]) -> list[Line]:
    """What a writer says later is later, though the machine's clock was set back in between."""
    last = max((line.at for line in before if line.writer == lines[0].writer), default="") if lines else ""
    found = []
    for line in lines:
        at = line.at if line.at > last else stamp(datetime.fromisoformat(last) + timedelta(microseconds=1))
        found.append(replace(line, at=at))
        last = at
    return found


def _writer(file: Path, size: int) -> str:
    """Who writes to a file: a name of its own, kept beside it for as long as nobody else has touched the file.

    So a copy that is handed to two jobs, or one that is put into the place of another, has two writers.
    """
    try:
        found = json.loads(_beside(file).read_text(encoding="ascii"))
        if found["size"] == size:
            return str(found["writer"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return os.urandom(4).hex()


def _remember(file: Path, writer: str, size: int) -> None:
    with contextlib.suppress(OSError):  # then the next step is another writer, and both count
        _beside(file).write_text(json.dumps({"writer": writer, "size": size}), encoding="ascii")


def _beside(file: Path) -> Path:
    return file.with_name(f".{file.name}.writer")


def begin(file: Path) -> None:
    """Forget what an earlier run left in the file: workspaces are kept from build to build. Raises StoreError."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{file} cannot be written ({error.strerror}). Name another file: --run FILE") from None


def lines_of(file: Path) -> tuple[list[Line], list[str]]:
    """The lines of one file and what is damaged in it. Raises NotFound when it is not there."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotFound(
            f"{file} cannot be read ({error.strerror}). Was it handed on from the job that wrote it?"
        ) from None
    lines, damage = read_all(content)
    if not lines and not damage:
        damage = ["it is empty"]
    return lines, [f"{file}: {each}" for each in damage]


def run_of(file: Path) -> str | None:
    """The run that the file is of, or None where it is of none yet."""
    return next((line.run for line in lines_there(file)), None)


def lines_there(file: Path) -> list[Line]:
    """The lines that can be read, none where there is no file yet."""
    try:
        return read_all(file.read_bytes())[0]
    except OSError:
        return []


def _ends_within_a_line(stream: IO[bytes]) -> bool:
    if stream.seek(0, os.SEEK_END) == 0:
        return False
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) != b"\n"
