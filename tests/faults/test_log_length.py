"""Commands that nobody stands beside, one after another, must not let the write-ahead log grow."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_log_stays_short_although_no_command_says_farewell(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TM_DELIVERY": "worker"}
    subprocess.run([sys.executable, "-m", "tm", "init"], cwd=tmp_path, env=environ, check=True, capture_output=True)
    sizes = []
    for n in range(60):
        words = ["add", f"Task {n}", "--description", "x" * 20_000]
        subprocess.run([sys.executable, "-m", "tm", *words], cwd=tmp_path, env=environ, check=True, capture_output=True)
        log = tmp_path / ".tm" / "tm.db-wal"
        sizes.append(log.stat().st_size if log.exists() else 0)

    assert max(sizes) < 1_500_000
    assert sum(earlier > later for earlier, later in pairwise(sizes)) >= 1
