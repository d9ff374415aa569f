"""`tm config …` as a person uses it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.core.cli.desk import Desk, levels

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cr3t-of-the-mirror"  # noqa: S105


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_right_configuration_is_ok_per_plugin(desk: Desk) -> None:
    desk.install("mirror")
    desk.write('team = "platform"\n[plugins.mirror]\nwhen = "team == platform"\n')

    done = desk.tm("config", "check")

    assert done.returncode == 0
    assert [line.split("\t")[:2] for line in done.stdout.splitlines()] == [["ok", "config"], ["ok", "mirror"]]


def test_a_wrong_plugin_section_is_named_with_file_and_line_and_the_others_are_still_judged(desk: Desk) -> None:
    desk.install("mirror")
    desk.install("other")
    path = desk.write("[plugins.mirror]\nwhn = 'x'\n[plugins.other]\n")

    done = desk.tm("config", "check")

    assert done.returncode == 2
    assert f"{path}:2" in done.stdout
    assert "did you mean when?" in done.stdout
    assert "ok\tother\tactive" in done.stdout


def test_a_wrong_core_key_is_a_finding_like_any_other(desk: Desk) -> None:
    path = desk.write('tema = "platform"\n')

    done = desk.tm("config", "check")

    assert done.returncode == 2
    assert done.stdout.startswith(f"error\tconfig\t{path}:1")


def test_an_unknown_time_zone_in_a_variable_is_found(desk: Desk) -> None:
    done = desk.tm("config", "check", TM_TIMEZONE="Mars/Olympus")

    assert done.returncode == 2
    assert "Mars/Olympus" in done.stdout


def test_an_unknown_variable_is_a_warning_and_no_refusal(desk: Desk) -> None:
    done = desk.tm("config", "check", TM_TEMA="platform")

    assert done.returncode == 0
    assert "warning\tvariables\tTM_TEMA is no variable of tm; did you mean TM_TEAM?" in done.stdout


def test_a_plugin_that_cannot_be_imported_is_a_finding(desk: Desk) -> None:
    desk.install("mirror", "raise SystemExit('bye')")
    desk.write("[plugins.mirror]\n")

    done = desk.tm("config", "check")

    assert done.returncode == 2
    assert "load error" in done.stdout


@pytest.mark.parametrize(
    "line", [f'token = "{SECRET}"', 'token_file = "token.txt"'], ids=["the secret", "a file with it"]
)
def test_a_secret_that_git_tracks_is_refused_and_not_repeated(desk: Desk, line: str) -> None:
    desk.install("mirror")
    (desk.folder / "token.txt").write_text(SECRET, encoding="utf-8")
    path = desk.write(f"[plugins.mirror]\n{line}\n")
    desk.git("init", "-q")
    before = desk.tm("config", "check", TM_TRUST="1")
    desk.git("add", "tm.toml", "token.txt")

    done = desk.tm("config", "check", TM_TRUST="1")

    assert before.returncode == 0
    assert done.returncode == 2
    assert f"{path}:2" in done.stdout
    assert "tm config secret mirror.token" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_secrets_open_to_others_are_refused(desk: Desk) -> None:
    file = desk.folder / ".tm" / "secrets.toml"
    file.write_text(f'[mirror]\ntoken = "{SECRET}"\n', encoding="utf-8")
    file.chmod(0o644)

    done = desk.tm("config", "check")

    assert done.returncode == 2
    assert f"chmod 600 {file}" in done.stdout


def test_show_tells_where_each_value_comes_from(desk: Desk) -> None:
    desk.install("mirror")
    path = desk.write('team = "platform"\n[people.alice]\nslack = "U1"\n[plugins.mirror]\ninterval = "90s"\n')

    found = desk.json("config", "show", "--origin", TM_PLUGINS__MIRROR__TOKEN=SECRET, TM_DELIVERY="inline")

    assert found["team"] == {"value": "platform", "origin": f"{path}:1"}
    assert found["delivery"] == {"value": "inline", "origin": "TM_DELIVERY"}
    assert found["timezone"] == {"value": None, "origin": "default"}
    assert found["people.alice.slack"] == {"value": "U1", "origin": f"{path}:3"}
    assert found["plugins.mirror.interval"] == {"value": "1m30s", "origin": f"{path}:5"}
    assert found["plugins.mirror.token"] == {"value": "***", "origin": "TM_PLUGINS__MIRROR__TOKEN"}


def test_show_prints_key_and_value_and_says_which_plugin_it_leaves_out(desk: Desk) -> None:
    desk.install("mirror")
    desk.write('team = "platform"\n[plugins.mirror]\nwhn = "x"\n')

    done = desk.tm("config", "show")

    assert done.returncode == 2
    assert "team\tplatform" in done.stdout.splitlines()
    assert "plugins.mirror" not in done.stdout
    assert "plugins.mirror is not shown (config error)" in done.stderr


def test_a_secret_from_standard_input_is_kept_for_the_plugin_and_shown_nowhere(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")

    done = desk.tm("config", "secret", "mirror.token", stdin=f"{SECRET}\n")

    assert done.returncode == 0
    assert SECRET not in done.stdout + done.stderr
    assert (desk.folder / ".tm" / "secrets.toml").stat().st_mode & 0o777 == 0o600
    assert desk.json("config", "show")["plugins.mirror.token"] == "***"
    assert "The token works." in desk.tm("doctor", "mirror").stdout


@pytest.mark.parametrize(
    ("name", "stdin", "sentence"),
    [
        ("mirror.tokn", SECRET, "did you mean token?"),
        ("token", SECRET, "PLUGIN.KEY"),
        ("mirror.token", " \n", "is empty"),
    ],
)
def test_a_secret_that_nobody_could_use_is_refused(desk: Desk, name: str, stdin: str, sentence: str) -> None:
    desk.install("mirror")

    done = desk.tm("config", "secret", name, stdin=stdin)

    assert done.returncode == 2
    assert sentence in done.stderr
    assert not (desk.folder / ".tm" / "secrets.toml").exists()


def state_of_mirror(desk: Desk) -> str:
    return next(str(each["state"]) for each in desk.json("plugins") if each["name"] == "mirror")


def test_trust_shows_what_needs_it_and_makes_the_plugin_active(desk: Desk) -> None:
    desk.install("mirror")
    path = desk.write('[plugins.mirror]\nhost = "https://elsewhere.example.com"\n')
    row = f"plugins.mirror.host\thttps://elsewhere.example.com\t{path}:2\n"

    shown = desk.tm("config", "trust", "--show")
    still = state_of_mirror(desk)
    done = desk.tm("config", "trust")

    assert (shown.returncode, shown.stdout, still) == (0, row, "untrusted")
    assert (done.returncode, done.stdout) == (0, row)
    assert state_of_mirror(desk) == "active"
    assert "there is nothing to do" in desk.tm("config", "trust").stderr


def test_trust_works_while_a_store_outside_the_project_makes_everything_else_refuse(desk: Desk, tmp_path: Path) -> None:
    desk.write(f'database_url = "sqlite:///{tmp_path}/elsewhere.db"\n')
    before = desk.tm("list")

    done = desk.tm("config", "trust")

    assert before.returncode == 2
    assert done.stdout.startswith(f"database_url\tsqlite:///{tmp_path}/elsewhere.db")
    assert desk.tm("list").returncode == 0


def test_trust_without_a_settings_file_says_so(desk: Desk) -> None:
    done = desk.tm("config", "trust")

    assert done.returncode == 2
    assert "no tm.toml" in done.stderr


def test_the_schema_knows_the_installed_plugins(desk: Desk) -> None:
    desk.install("mirror")
    desk.install("broken", "import nothing_of_that_name")

    done = desk.tm("config", "schema")
    schema = json.loads(done.stdout)

    assert {"mirror", "slack"} <= set(schema["properties"]["plugins"]["properties"])
    assert "token_file" in schema["$defs"]["plugin_mirror"]["properties"]
    assert "plugins.broken may say anything" in done.stderr


def test_without_plugins_nothing_of_theirs_is_loaded(desk: Desk) -> None:
    desk.install("mirror", "raise SystemExit('bye')")
    desk.write("[plugins.mirror]\n")

    found = desk.json("config", "check", TM_NO_PLUGINS="1")

    assert levels(found, "mirror") == {}
    assert "warning" in levels(found, "config").values()
