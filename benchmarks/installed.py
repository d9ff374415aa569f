"""The program that is measured: a wheel of this checkout in a clean virtual environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".bench"
PYTHON = WORK / "venv" / "bin" / "python"
TM = WORK / "venv" / "bin" / "tm"
_QUIET = ["-qq", "--disable-pip-version-check"]


def install() -> None:
    """Build the wheel and install it, compiled, into `.bench/venv`; what it depends on stays between runs.

    Editable installs, setuptools' `.pth` file, launchers of an old pip and missing `.pyc` files would be
    measured instead of `tm`.
    """
    WORK.mkdir(exist_ok=True)
    if not PYTHON.exists():
        _run([sys.executable, "-m", "venv", str(WORK / "venv")])
        _pip("install", "--upgrade", "pip>=24")
        _pip("uninstall", "--yes", "setuptools")
    wheels = WORK / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    _pip("wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT))
    (wheel,) = wheels.glob("*.whl")
    _pip("install", str(wheel), "httpx>=0.28,<1")  # what a delivery is compared with
    _pip("install", "--no-deps", "--force-reinstall", str(wheel))


def _pip(*words: str) -> None:
    _run([str(PYTHON), "-m", "pip", words[0], *_QUIET, *words[1:]])


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, cwd=WORK)
