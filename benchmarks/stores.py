"""Stores of many tasks, made once and kept in `.bench/stores`."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from benchmarks.installed import PYTHON, ROOT, WORK

MAKER = Path(__file__).with_name("inside_store.py")


def store_of(count: int) -> Path:
    """A store of `count` tasks and twice as many events; made anew when its maker or the schema has changed."""
    sources = [MAKER, *sorted(ROOT.glob("core/tm/store/migrations/*.sql"))]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
    path = WORK / "stores" / f"{count}-{version}.db"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob(f"{count}-*"):
            old.unlink()
        unfinished = path.with_suffix(".part")
        subprocess.run([str(PYTHON), str(MAKER), str(unfinished), str(count)], check=True)
        unfinished.rename(path)
        Path(f"{unfinished}.lock").unlink(missing_ok=True)
    return path
