"""What the documents promise: every command and code block in them runs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.projects import make_project

from tm.app import Session
from tm.config.schema import full
from tm.config.variables import VARIABLES
from tm.hooks import __dict__ as hook_names

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# file: (\S+)\n")
# proved elsewhere: the packaging tests install, `make` targets are checked by name here
ELSEWHERE = ("pip install", "make ")


def blocks_of(path: Path) -> Iterator[tuple[str, str]]:
    for indent, language, body in BLOCK.findall(path.read_text(encoding="utf-8")):
        yield language, "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))


def blocks(kind: str) -> Iterator[tuple[Path, str]]:
    for path in DOCUMENTS:
        yield from ((path, body) for language, body in blocks_of(path) if language == kind)


def environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "TM_DELIVERY": "worker",
        "TM_DELIVERY_WAIT": "0",
        "LANG": "C.UTF-8",
    }


def script_of(path: Path) -> str:
    """What a reader who follows the page does: its commands, and its files where it shows them."""
    steps = []
    for language, body in blocks_of(path):
        if language == "sh":
            lines = [line for line in body.splitlines() if line.strip() and not line.strip().startswith(ELSEWHERE)]
            # a notice cannot be delivered here: nobody listens, so --wait ends with 6 and the script goes on
            steps += [line.replace(" --wait", " --wait || test $? = 6") for line in lines]
        elif language == "toml" and body.startswith("# tm.toml\n"):
            steps.append(f"cat > tm.toml <<'END'\n{body}END")
    return "\n".join(steps)


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if script_of(path)], ids=lambda path: path.name)
def test_every_shell_block_of_a_document_runs_in_order_in_an_empty_folder(path: Path, tmp_path: Path) -> None:
    script = script_of(path)
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)

    said, code = run_alone(["bash", "-eu", "-c", script], tmp_path)

    assert code == 0, f"{script}\n{said}"


def run_alone(words: list[str], folder: Path) -> tuple[str, int]:
    """What a program says, and its code; nothing that it started outlives it."""
    with (folder / "said.txt").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            words, cwd=folder, env=environment(folder), stdout=said, stderr=said, start_new_session=True
        )
        try:
            code = process.wait(timeout=120)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        said.seek(0)
        return said.read(), code


@pytest.mark.parametrize(("path", "body"), list(blocks("toml")), ids=lambda value: getattr(value, "name", ""))
def test_every_settings_block_is_accepted(path: Path, body: str, tmp_path: Path) -> None:
    table = tomllib.loads(body)
    if "build-system" in table:
        return
    make_project(tmp_path, home=tmp_path)
    (tmp_path / "tm.toml").write_text(body, encoding="utf-8")
    is_bot = "channel" in table.get("plugins", {}).get("slack", {})
    secret = {"TOKEN": "xoxb-0-0-example"} if is_bot else {"WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/X0"}
    environ = {**environment(tmp_path), **{f"TM_PLUGINS__SLACK__{name}": value for name, value in secret.items()}}
    if "jira" in table.get("plugins", {}):
        environ |= {"TM_PLUGINS__JIRA__API_TOKEN": "example", "TM_TRUST": "1"}

    done = subprocess.run(["tm", "config", "check"], cwd=tmp_path, env=environ, capture_output=True, text=True)

    assert done.returncode == 0, f"{path.name}\n{done.stdout}{done.stderr}"


def test_the_plugin_that_the_guide_writes_passes_its_own_tests(tmp_path: Path) -> None:
    named = [(name[1], body) for _, body in blocks("python") if (name := NAMED.match(body))]
    assert len(named) == 2
    for name, body in named:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(body, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env={**environment(tmp_path), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


@pytest.mark.parametrize("body", [body for _, body in blocks("python") if not NAMED.match(body)])
def test_every_other_python_block_runs(body: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", body], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr


def test_every_make_target_a_document_names_exists() -> None:
    named = {
        match
        for path in DOCUMENTS
        for match in re.findall(r"(?:^ *|`)make (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert {"demo", "test", "check"} <= named
    assert named <= targets


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = []
    for path in [*DOCUMENTS, ROOT / "CHANGELOG.md"]:
        for target in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
            if not target.startswith("http") and not (path.parent / target).exists():
                broken.append(f"{path.name}: {target}")

    assert broken == []


def test_every_hook_is_documented() -> None:
    guide = (ROOT / "docs/write-a-plugin.md").read_text(encoding="utf-8")
    hooks = [name for name, each in hook_names.items() if hasattr(each, "tm_spec")]

    assert len(hooks) == 9
    assert [name for name in hooks if f"`{name}(" not in guide] == []


def test_every_variable_is_documented() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")

    assert [name for name in VARIABLES if f"`{name}`" not in page] == []


def test_every_verb_is_documented_by_its_help(tmp_path: Path) -> None:
    done = subprocess.run(["tm", "--help"], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True)
    from tm.cli.verbs import COMMANDS, GROUPS

    assert [name for name in [*(each.name for each in COMMANDS), *GROUPS] if f" {name} " not in done.stdout] == []
    assert [each.name for each in COMMANDS if not each.help] == []


def example(tmp_path: Path) -> Session:
    make_project(tmp_path, home=tmp_path)
    shutil.copy(ROOT / "config.example.toml", tmp_path / "tm.toml")
    return Session({"HOME": str(tmp_path)}, str(tmp_path))


def test_the_example_configuration_shows_every_key_and_no_other(tmp_path: Path) -> None:
    import tm_ci
    import tm_git
    import tm_jira
    from tm.config.schema import HubFile, PersonTable, Template
    from tm_jira.settings import Project
    from tm_slack import Settings
    from tm_slack.quiet import Quiet
    from tm_slack.settings import Route
    from tm_slack.slots import Words

    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    settings = full(*(lambda session: (session.place, session.environ))(example(tmp_path)))
    models = (
        HubFile,
        Template,
        PersonTable,
        Settings,
        Route,
        Quiet,
        Words,
        tm_git.Settings,
        tm_ci.Settings,
        tm_jira.Settings,
        Project,
    )
    keys = [field.alias or name for model in models for name, field in model.model_fields.items()]

    assert [
        key
        for key in keys
        if not re.search(rf"^(# )?(\[+\w*\.?)?{key}(_file)?\b|[{{,] {key} = |\.{key}\b|\[{key}", text, re.M)
    ] == []
    assert settings.core.team == "platform"


def test_the_example_configuration_is_accepted_by_the_plugin_s_own_settings(tmp_path: Path) -> None:
    import tm_jira
    from tm.config.plugin import bind
    from tm_ci import Settings as CiSettings
    from tm_slack import Settings

    secret = tmp_path / "token"
    secret.write_text("xoxb-0-0-example\n", encoding="utf-8")
    proxy = tmp_path / "proxy"
    proxy.write_text("http://proxy.example.com:3128\n", encoding="utf-8")
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    make_project(tmp_path, home=tmp_path)
    (tmp_path / "tm.toml").write_text(
        text.replace("/run/secrets/slack_token", str(secret)).replace("/run/secrets/proxy", str(proxy)),
        encoding="utf-8",
    )
    session = Session({"HOME": str(tmp_path)}, str(tmp_path))

    token = {"TM_PLUGINS__JIRA__API_TOKEN": "example"}
    jira = bind("jira", tm_jira.Settings, full(session.place, {**session.environ, **token}))
    assert jira.projects[0].via == ("In Progress", "In Review")
    bound = bind("slack", Settings, full(session.place, session.environ))
    assert bind("ci", CiSettings, full(session.place, session.environ)).on_cancel == "note"

    assert bound.routes[0].events == ("created", "progress", "blocked", "completed", "urgent")


def test_the_systemd_unit_names_a_command_that_exists() -> None:
    unit = (ROOT / "examples/tm-worker.service").read_text(encoding="utf-8")

    assert "ExecStart=%h/.local/bin/tm worker\n" in unit
    assert os.access(Path(sys.executable).parent / "tm", os.X_OK)
