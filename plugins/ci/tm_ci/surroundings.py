"""What a command finds around it: settings, the run's variables, the checkout's commit, SonarQube."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tm
from tm_ci import runfile
from tm_ci.contexts import LOCAL, context_of
from tm_ci.job import Job
from tm_ci.readers.reading import Unreadable
from tm_ci.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tm_ci.readers.reading import Reading

_GIT = ("git", "rev-parse", "--verify", "--quiet", "HEAD")


def job_here(*, run_file: str | None, leg: str | None = None, is_strict: bool = False, begins: bool = False) -> Job:
    """This job, by the settings and variables of this process; outside of CI, one of the run in the file."""
    settings = tm.settings_of("ci", Settings)
    context = context_of(os.environ, payload=_payload, head=_head)
    if leg:
        context = replace(context, leg=leg)
    file = Path(run_file) if run_file else runfile.default_file(os.environ)
    if context.system == LOCAL:
        known = None if begins else runfile.run_of(file)
        context = replace(context, run=known or f"{LOCAL}:{os.urandom(8).hex()}")
    return Job(context, settings, file, is_strict=is_strict)


def _payload(path: str) -> Mapping[str, Any]:
    try:
        found = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _head() -> str | None:
    """The commit that is checked out here, or None."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(_GIT, env=environ, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - no shell, no input
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def message_of(commit: str | None) -> str:
    """What the commit says, or what is checked out if nobody knows it; empty where git cannot tell."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    words = ("git", "log", "-1", "--format=%B", commit or "HEAD", "--")
    try:
        done = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - no shell
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def gate_asker(settings: Settings) -> Callable[[bytes], Reading]:
    """A function that asks SonarQube for the gate of an analysis; a token goes to `sonar_url` only."""

    def ask(report: bytes) -> Reading:
        import httpx  # dear, and few pipelines have a SonarQube

        from tm_ci.readers import sonar

        analysis = sonar.read(report)
        token = settings.sonar_token
        if token is not None and settings.sonar_url is None:
            raise Unreadable("sonar_url is not set, so the token is sent nowhere; set it under [plugins.ci]")
        if settings.sonar_url is not None and analysis.server != settings.sonar_url:
            raise Unreadable(f"it names the server {analysis.server[:80]}, not the sonar_url of the settings")
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        with httpx.Client(headers=headers, timeout=10, follow_redirects=False) as client:
            patience = settings.sonar_wait.total_seconds()
            return sonar.Sonar(client, wait=time.sleep, patience=patience).gate(analysis)

    return ask
