"""A stand-in for the folder: a temporary one that tells what people would see in it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from tm_mirror.record import parse


class StandIn:
    """A folder of its own until `close`; `settings` belong under `[plugins.mirror]`."""

    def __init__(self) -> None:
        self._home = TemporaryDirectory(prefix="tm-mirror-")
        self.folder = Path(self._home.name)
        self.settings = {"folder": self._home.name}
        self._seen: dict[str, bytes] = {}
        self._received: list[str] = []

    @property
    def received(self) -> list[str]:
        """One line per version of a file, as far as somebody looked, newest last."""
        found = {path: path.read_bytes() for path in self.folder.glob("[!.]*.json")}
        for path, content in sorted(found.items(), key=lambda each: each[0].stat().st_mtime_ns):
            if self._seen.get(path.name) != content:
                self._seen[path.name] = content
                said = parse(content)
                self._received.append(f"{path.name}: {said['title']} ({said['status']})")
        return list(self._received)

    def close(self) -> None:
        """Remove the folder."""
        self._home.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open(port: int = 0) -> StandIn:
    """A stand-in with an empty folder; a folder needs no port."""
    return StandIn()
