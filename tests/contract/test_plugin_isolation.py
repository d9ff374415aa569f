"""Many sick plugins and a healthy one, installed side by side: each is judged alone, and none harms another."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from base64 import b64encode
from types import SimpleNamespace
from urllib.parse import quote, quote_plus

import pytest
from tests.projects import make_project

SECRET = 'xoxb/p@ss word+"é"/42'  # noqa: S105 - a made-up one

WELL = """
from pathlib import Path
import tm
class Settings(tm.PluginSettings):
    file: str
@tm.hookimpl
def on_event(event, hub):
    with Path(hub.settings.file).open("a") as file:
        file.write(f"{event.type} {event.task.title}\\n")
"""
HOOK = "import tm\n@tm.hookimpl\ndef on_event(event, hub):\n    {}\n"

# name: module's source, state, words of the reason
SICK = {
    "raises_at_import": ("raise RuntimeError('half installed')", "load error", "RuntimeError: half installed"),
    "exits_at_import": ("import sys; sys.exit(3)", "load error", "SystemExit: 3"),
    "interrupts_at_import": ("raise KeyboardInterrupt", "load error", "It cannot be examined (KeyboardInterrupt)"),
    "syntax": ("def on_event(:", "load error", "SyntaxError"),
    "lacks_a_library": ("import no_such_library", "load error", "No module named 'no_such_library'"),
    "leaks_at_import": (
        "import os; raise OSError('bad token ' + os.environ['TM_PLUGINS__LEAKS_AT_IMPORT__TOKEN'])",
        "load error",
        "OSError: bad token ***",
    ),
    "no_hooks": ("def on_event(event, hub): pass", "hook error", "no hook marked with @tm.hookimpl"),
    "misspelled": (
        "import tm\n@tm.hookimpl\ndef on_compleet(event, hub): pass",
        "hook error",
        "There is no hook 'on_compleet'. Did you mean on_complete?",
    ),
    "invented": (
        "import tm\n@tm.hookimpl\ndef zzz(event): pass",
        "hook error",
        "There is no hook 'zzz'. Hooks: on_create,",
    ),
    "unknown_argument": (
        "import tm\n@tm.hookimpl\ndef on_event(event, hub, nonsense): pass",
        "hook error",
        "nonsense",
    ),
    "keyword_only": (
        "import tm\n@tm.hookimpl\ndef on_event(event, *, hub): pass",
        "hook error",
        "Its on_event has keyword-only arguments",
    ),
    "wrapper": (
        "import tm\n@tm.hookimpl(wrapper=True)\ndef on_event(event, hub):\n    return (yield)",
        "hook error",
        "Its on_event is a wrapper",
    ),
    "asynchronous": (
        "import tm\n@tm.hookimpl\nasync def on_event(event, hub): pass",
        "hook error",
        "Its on_event is async",
    ),
    "lazy": (HOOK.format("yield 1"), "hook error", "Its on_event yields"),
    "a_class": (
        "import tm\nclass Plugin:\n    @tm.hookimpl\n    def on_event(self, event): pass",
        "hook error",
        "It is the class Plugin",
    ),
    "touchy": (
        "class Touchy:\n    def __getattr__(self, name): raise RuntimeError('no')\nplugin = Touchy()",
        "load error",
        "It cannot be examined (RuntimeError)",
    ),
    "future": ("TM_API = 99\n" + HOOK.format("pass"), "API mismatch", "plugin API 99; this tm has 1"),
    "bad_settings": (
        HOOK.format("pass") + "class Settings(tm.PluginSettings):\n    port: int = 1\n",
        "config error",
        "tm.toml:",
    ),
    "lacks_a_setting": (
        HOOK.format("pass") + "class Settings(tm.PluginSettings):\n    channel: str\n",
        "config error",
        "TM_PLUGINS__LACKS_A_SETTING__CHANNEL",
    ),
    "misspelled_setting": (
        HOOK.format("pass") + "class Settings(tm.PluginSettings):\n    channel: str = ''\n",
        "config error",
        "chanel is not a setting; did you mean channel?",
    ),
    "foreign_settings": (
        HOOK.format("pass") + "from pydantic import BaseModel\nclass Settings(BaseModel):\n    pass\n",
        "config error",
        "derived from tm.PluginSettings",
    ),
    "redefines": (
        HOOK.format("pass") + "class Settings(tm.PluginSettings):\n    concurrency: str = 'many'\n",
        "config error",
        "Its Settings give concurrency another meaning",
    ),
    "validator_breaks": (
        HOOK.format("pass")
        + "from pydantic import SecretStr, field_validator\n"
        + "class Settings(tm.PluginSettings):\n    token: SecretStr\n    @field_validator('token')\n"
        + "    def check(cls, value): raise RuntimeError(value.get_secret_value())\n",
        "config error",
        "Its Settings raised RuntimeError",
    ),
    "validator_leaks": (
        HOOK.format("pass")
        + "from pydantic import SecretStr, field_validator\n"
        + "class Settings(tm.PluginSettings):\n    token: SecretStr\n    @field_validator('token')\n"
        + "    def check(cls, value): raise ValueError('is not ' + value.get_secret_value())\n",
        "config error",
        "is not ***",
    ),
    "redirected": (
        HOOK.format("pass")
        + "from typing import Annotated\nfrom pydantic import SecretStr\n"
        + "class Settings(tm.PluginSettings):\n    token: SecretStr\n"
        + "    base_url: Annotated[str, tm.ReceivesSecret] = 'https://api.example.com/'\n",
        "untrusted",
        "sets base_url, and with that where secrets go",
    ),
    "raises": (HOOK.format("raise ValueError('boom')"), "active", None),
    "exits": (HOOK.format("import sys; sys.exit(3)"), "active", None),
    "gossips": (HOOK.format("import os; raise ValueError(os.environ['TM_PLUGINS__LEAKS__TOKEN'])"), "active", None),
    "cannot_be_told": (
        "class Mute(BaseException):\n    def __str__(self): raise SystemExit\n" + HOOK.format("raise Mute"),
        "active",
        None,
    ),
    "has_no_shape": (
        HOOK.format("raise ValueError('boom')")
        + "class Settings(tm.PluginSettings):\n    def __repr__(self): raise RuntimeError('no')\n",
        "active",
        None,
    ),
    "changes_its_settings": (
        "import tm\nclass Settings(tm.PluginSettings):\n"
        "    def __getattribute__(self, name):\n"
        "        value = super().__getattribute__(name)\n"
        "        return 'many' if name in ('concurrency', 'on_dead', 'max_age') and asked() else value\n"
        "def asked(count=[0]):\n    count[0] += 1\n    return count[0] > 20\n"
        "@tm.hookimpl\ndef on_event(event, hub):\n    raise ValueError('boom')\n",
        "active",
        None,
    ),
    "has_no_class": (
        "class Nobody(type):\n    @property\n    def __name__(cls): raise SystemExit\n"
        "class Odd(Exception, metaclass=Nobody):\n    def __str__(self): return Words('odd')\n"
        "class Words(str):\n    def strip(self): raise SystemExit\n" + HOOK.format("raise Odd"),
        "active",
        None,
    ),
    "deafens": (
        "import logging\n"
        + HOOK.format(
            "logging.disable(logging.CRITICAL); logging.setLogRecordFactory(None); "
            "logging.getLogger('tm').handlers.clear(); logging.getLogger().handlers.clear(); raise ValueError('boom')"
        ),
        "active",
        None,
    ),
    "gossips_aloud": (
        "import logging, os, threading, warnings\n"
        "def tell(): raise ValueError(SECRET)\n"
        "SECRET = os.environ['TM_PLUGINS__LEAKS__TOKEN']\n"
        + HOOK.format(
            "logging.getLogger('a.library').error('%d', SECRET); warnings.warn(SECRET); "
            "thread = threading.Thread(target=tell); thread.start(); thread.join(); "
            "raise type(SECRET, (Exception,), {})('boom')"
        ),
        "active",
        None,
    ),
    "leaks": (
        "import json, tm\nfrom base64 import b64encode\nfrom urllib.parse import quote, quote_plus\n"
        "from pydantic import SecretStr\n"
        "class Settings(tm.PluginSettings):\n    token: SecretStr\n"
        "@tm.hookimpl\ndef on_event(event, hub):\n"
        "    secret = hub.settings.token.get_secret_value()\n"
        "    forms = [secret, quote(secret), quote(secret, safe=''), quote_plus(secret)]\n"
        "    forms += [json.dumps({'token': secret})]\n"
        "    forms += [b64encode(f'{user}{secret}'.encode()).decode() for user in ('', 'u:', 'us:')]\n"
        "    hub.log.warning('forms %s', ' '.join(forms), extra={'token': forms})\n"
        "    try:\n        raise KeyError(secret)\n"
        "    except KeyError as error:\n        raise tm.OutcomeUnknown(' '.join(forms)) from error\n",
        "active",
        None,
    ),
}
TABLES = """
[plugins.well]
[plugins.wel]
[plugins.zebra]
[plugins.nameless]
[plugins.installed_twice]
[plugins.contested]
[plugins.bad_settings]
port = "many"
[plugins.misspelled_setting]
chanel = "C1"
[plugins.redirected]
base_url = "https://evil.example.org/"
"""


def install(site, name, *, source=None, value=None, owner=None, is_named=True):
    """A package in a folder of packages, as pip leaves one behind."""
    module = value or f"iso_{name}"
    if source is not None:
        (site / f"{module.partition(':')[0]}.py").write_text(source, encoding="utf-8")
    owner = owner or f"tm-hub-iso-{name}"
    info = site / f"{owner.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(f"[tm.plugins]\n{name} = {module}\n")
    if is_named:
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {owner}\nVersion: 1.0\n")


def fill(site):
    objects = {"a_class": "iso_a_class:Plugin", "touchy": "iso_touchy:plugin"}
    for name, (source, _, _) in SICK.items():
        install(site, name, source=source, value=objects.get(name))
    install(site, "well", source=WELL)
    install(site, "nameless", source=HOOK.format("pass"), is_named=False)
    install(site, "installed_twice", source=HOOK.format("pass"))
    install(site, "installed_twice", owner="editable-copy")
    install(site, "contested", value="iso_well", owner="tm-hub-first")
    install(site, "contested", value="iso_raises", owner="tm-hub-second")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One task added and everything delivered, by real commands; what they said and what the store holds."""
    home = tmp_path_factory.mktemp("isolation")
    site, project = home / "site", home / "project"
    site.mkdir()
    make_project(project, home=home)
    fill(site)
    told = home / "told.txt"
    needs_a_table = "".join(f"[plugins.{name}]\n" for name in SICK if f"[plugins.{name}]" not in TABLES)
    (project / "tm.toml").write_text(TABLES + needs_a_table)
    secrets = {f"TM_PLUGINS__{name.upper()}__TOKEN": SECRET for name in SICK if "oken" in SICK[name][0]}
    environ = {
        "HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(site), "TM_DELIVERY": "worker",
        "TM_PLUGINS__WELL__FILE": str(told), "PYTHONIOENCODING": "utf-8", **secrets,
    }  # fmt: skip
    commands = [["add", "Ship it"], ["deliver"], ["plugins"], ["delivery", "list"]]
    ended = [
        subprocess.run(
            [sys.executable, "-m", "tm", *words], env=environ, cwd=project, capture_output=True, text=True, timeout=60
        )
        for words in commands
    ]
    with sqlite3.connect(project / ".tm" / "tm.db") as store:
        stored = "\n".join(store.iterdump())
        plugins = {row[0]: row[1:] for row in store.execute("select name, state, state_reason from plugin")}
        deliveries = dict(store.execute("select plugin, state from delivery"))
    store.close()
    said = "".join(each.stdout + each.stderr for each in ended)
    log = "".join(file.read_text() for file in (project / ".tm").glob("*.log*"))
    return SimpleNamespace(
        ended=dict(zip([words[0] for words in commands], ended, strict=True)),
        told=told.read_text() if told.exists() else "",
        plugins=plugins,
        deliveries=deliveries,
        log=log,
        everything=stored + said + log,
    )


def test_a_healthy_plugin_is_told_whoever_is_sick_beside_it(run):
    assert run.told == "task.created Ship it\n"
    assert run.deliveries["well"] == "delivered"


def test_a_command_does_not_even_notice(run):
    assert run.ended["add"].returncode == 0
    assert run.ended["add"].stderr == ""


def test_the_worker_ends_well(run):
    assert run.ended["deliver"].returncode == 0
    assert "Traceback" not in run.ended["deliver"].stderr


@pytest.mark.parametrize("name", SICK)
def test_a_sick_plugin_is_in_its_own_state_with_its_own_reason(run, name):
    _, state, words = SICK[name]
    found, reason = run.plugins[name]

    assert found == state
    assert words is None or words in reason


@pytest.mark.parametrize("name", SICK)
def test_a_sick_plugin_is_still_owed_what_it_could_not_be_told(run, name):
    assert run.deliveries[name] == "pending"


def test_an_unknown_plugin_is_missing_and_the_nearest_name_is_offered(run):
    assert run.plugins["wel"][0] == "missing"
    assert run.plugins["wel"][1].endswith("Did you mean well?")


def test_an_unknown_plugin_like_no_other_is_missing_and_the_names_there_are_are_listed(run):
    assert run.plugins["zebra"][0] == "missing"
    assert "Installed: " in run.plugins["zebra"][1]


def test_a_name_that_two_packages_claim_is_refused_with_both_their_names(run):
    assert run.plugins["contested"] == (
        "load error",
        "Several packages provide the plugin 'contested': tm-hub-first, tm-hub-second. Uninstall all but one.",
    )


def test_one_package_installed_twice_is_one_plugin(run):
    assert run.plugins["installed_twice"] == ("active", None)
    assert run.deliveries["installed_twice"] == "delivered"


def test_a_package_without_a_name_is_a_plugin_all_the_same(run):
    assert run.plugins["nameless"] == ("active", None)


def test_a_plugin_that_silences_logging_does_not_silence_the_worker(run):
    for name in ("raises", "deafens", "gossips_aloud", "well"):
        assert f"plugin={name} " in run.log, name


def test_every_state_is_shown_to_people(run):
    shown = run.ended["plugins"].stdout

    for name, (state, _) in run.plugins.items():
        assert any(name in line and state in line for line in shown.splitlines()), name


def secret_forms():
    yield SECRET
    yield quote(SECRET)
    yield quote(SECRET, safe="")
    yield quote_plus(SECRET)
    yield json.dumps(SECRET)[1:-1]
    yield repr(SECRET)[1:-1]
    for user in ("", "u:", "us:"):
        whole = b64encode(f"{user}{SECRET}".encode()).decode()
        inside = whole[-(-len(user) * 8 // 6) : len((user + SECRET).encode()) * 8 // 6]
        yield from (inside[at : at + 6] for at in range(len(inside) - 5))


def test_a_secret_is_nowhere_in_the_store_the_log_and_what_was_said(run):
    assert "***" in run.everything
    for form in secret_forms():
        assert form not in run.everything
