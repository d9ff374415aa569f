"""The real `tm` in a folder of its own, whose hub is tied to a stand-in for Jira."""

import json
import os
import subprocess
import sys

from tests.projects import make_project

ACCOUNT = {"email": "EMAIL", "api_token": "API_TOKEN", "token": "TOKEN"}


class Command:
    """Runs `tm` with words as a person types them; nothing is delivered until `deliver`."""

    def __init__(self, folder, jira, *, config=""):
        make_project(folder, home=folder)
        self.folder, self.config = folder, config
        known = {"URL": jira.settings["url"]}
        known |= {ACCOUNT[key]: value for key, value in jira.settings.items() if key in ACCOUNT}
        self.environ = {f"TM_PLUGINS__JIRA__{name}": value for name, value in known.items()}

    def __call__(self, *words, config=None, **environ):
        table = '[[plugins.jira.projects]]\nproject = "PROJ"\n'
        text = f"[plugins.jira]\n{self.config if config is None else config}\n{table}"
        (self.folder / "tm.toml").write_text(text, encoding="utf-8")
        known = {"HOME": str(self.folder), "TM_DELIVERY": "worker", "TM_ACTOR": "bob", **self.environ, **environ}
        known = {name: value for name, value in {**os.environ, **known}.items() if value is not None}
        return subprocess.run(
            [sys.executable, "-m", "tm", *words], cwd=self.folder, env=known, capture_output=True, text=True, timeout=60
        )

    def add(self, title, *words):
        """A task whose issue is there; its id."""
        task = self("add", title, *words).stdout.strip()
        self.deliver()
        return task

    def deliver(self):
        """Deliver what is due."""
        return self("deliver")

    def shown(self, task):
        """The task as `tm show` tells it."""
        return json.loads(self("show", task, "--format", "json").stdout)

    def read(self, *words, **how):
        """What a command prints as JSON."""
        return json.loads(self(*words, "--format", "json", **how).stdout)


def sentence(done):
    """What a command that failed says on stderr: one sentence or a few, no traceback; nothing on stdout."""
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.strip()
