"""What a project's settings file may do without the user's word."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, HttpUrl, SecretStr
from tests.projects import make_project

from tm.config.core import load
from tm.config.places import find_place
from tm.config.plugin import PluginSettings, bind
from tm.config.schema import full
from tm.config.trust import ReceivesSecret, RunsProgram, confirm, is_confirmed, untrusted_fields
from tm.errors import ConfigError


class Route(BaseModel):
    """One route with a host of its own."""

    host: Annotated[str, ReceivesSecret] | None = None
    webhook: Annotated[SecretStr, ReceivesSecret] | None = None
    key: SecretStr | None = None


class Settings(PluginSettings):
    """Settings of an imaginary plugin."""

    token: SecretStr | None = None
    base_url: Annotated[str, ReceivesSecret] = "https://chat.example.com/api/"
    mirrors: Annotated[tuple[str, ...], ReceivesSecret] = ()
    server: Annotated[HttpUrl | None, ReceivesSecret] = None
    linter: Annotated[str, RunsProgram] = "lint"
    routes: tuple[Route, ...] = ()
    channel: str = ""


@pytest.fixture
def untrusted(repository, environ):
    """The untrusted settings of the plugin `chat`, given its table and more variables."""

    def judge(table: str, **variables: str) -> tuple[str, ...]:
        (repository / "tm.toml").write_text(f"[plugins.chat]\n{table}")
        surroundings = environ | variables
        found = full(find_place(surroundings, str(repository)), surroundings)
        return untrusted_fields("chat", bind("chat", Settings, found), found)

    return judge


@pytest.mark.parametrize(
    "table",
    [
        "channel = 'C1'",
        "token = 'held by the project itself'",
        "base_url = 'https://chat.example.com/api/'",
        "base_url = 'https://chat.example.com/other'",
        "base_url = 'https://CHAT.example.com'",
        "base_url = 'http://localhost:8080/'",
        "base_url = 'http://127.0.0.1:1/x'",
        "base_url = 'http://127.9.9.9'",
        "base_url = 'http://[::1]:1/x'",
        "base_url = 'localhost:25'",
        "mirrors = ['http://localhost:1', 'http://[::1]:2']",
        "server = 'http://localhost/'",
        "linter = 'lint'",
        "[[plugins.chat.routes]]\nhost = 'localhost'",
        "[[plugins.chat.routes]]\nwebhook = 'http://127.0.0.1:8/hook'",
    ],
)
def test_a_project_may_set_what_harms_nobody(untrusted, table):
    assert untrusted(table) == ()


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("base_url = 'https://evil.example/'", ("base_url",)),
        ("base_url = 'http://chat.example.com/api/'", ("base_url",)),
        ("base_url = 'https://chat.example.com:444/api/'", ("base_url",)),
        ("base_url = 'https://chat.example.com.evil.example/'", ("base_url",)),
        ("base_url = 'https://chat.example.com@evil.example/'", ("base_url",)),
        ("base_url = 'http://localhost.evil.example/'", ("base_url",)),
        ("base_url = 'http://localhost@evil.example/'", ("base_url",)),
        ("base_url = 'http://127.0.0.1\\@evil.example/'", ("base_url",)),
        ("base_url = 'http://evil.example\\.localhost/'", ("base_url",)),
        ("base_url = 'http://127.1/'", ("base_url",)),
        ("base_url = 'http://[broken'", ("base_url",)),
        ('base_url = "http://localhost\\t.evil.example/"', ("base_url",)),
        ("mirrors = ['http://localhost:1', 'http://evil.example']", ("mirrors",)),
        ("server = 'https://evil.example/'", ("server",)),
        ("linter = './evil'", ("linter",)),
        ("linter = 'localhost'", ("linter",)),
        ("routes = [{}, {host = 'evil.example'}]", ("routes.1.host",)),
        ("routes = [{webhook = 'https://evil.example/hook'}]", ("routes.0.webhook",)),
        ("base_url = 'https://evil.example'\nlinter = 'x'", ("base_url", "linter")),
    ],
)
def test_a_project_may_not_redirect_a_secret_or_run_a_program(untrusted, table, fields):
    assert untrusted(table) == fields


def test_a_project_may_not_name_a_file_of_the_users_as_the_secret(untrusted, home):
    (home / "key").write_text("private")

    assert untrusted(f"token_file = '{home}/key'") == ("token_file",)
    assert untrusted(f"routes = [{{key_file = '{home}/key'}}]") == ("routes.0.key_file",)
    assert untrusted("token_file = '/none'", TM_PLUGINS__CHAT__TOKEN_FILE=f"{home}/key") == ()


def test_what_a_variable_sets_is_the_users_word(untrusted):
    assert untrusted("base_url = 'https://evil.example'", TM_PLUGINS__CHAT__BASE_URL="https://good.example") == ()
    assert untrusted("", TM_PLUGINS__CHAT__LINTER="mine") == ()


def test_what_the_users_own_file_sets_is_the_users_word(untrusted, home):
    user = home / ".config" / "tm" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text("[plugins.chat]\nbase_url = 'https://good.example'\n")

    assert untrusted("channel = 'C1'") == ()
    assert untrusted("base_url = 'https://evil.example'") == ("base_url",)


def test_a_file_the_user_names_is_the_users_word(untrusted, repository):
    assert untrusted("base_url = 'https://good.example'", TM_CONFIG=str(repository / "tm.toml")) == ()


def test_a_confirmed_file_is_trusted_until_it_changes(untrusted, repository, environ, home):
    table = "base_url = 'https://good.example'"
    assert untrusted(table) == ("base_url",)

    path = confirm(find_place(environ, str(repository)))

    assert path == f"{repository}/tm.toml"
    assert untrusted(table) == ()
    assert untrusted(table + "\nchannel = 'C2'") == ("base_url",)
    assert untrusted(table) == ()
    assert (home / ".config" / "tm" / "trust").stat().st_mode & 0o777 == 0o600


def test_trust_holds_for_the_path_and_no_other(repository, environ, home):
    other = home / "other"
    make_project(other, home=home)
    for folder in (repository, other):
        (folder / "tm.toml").write_text("team = 'x'\n")

    confirm(find_place(environ, str(repository)))

    assert is_confirmed(find_place(environ, str(repository)))
    assert not is_confirmed(find_place(environ, str(other)))


def test_several_projects_can_be_confirmed_one_after_the_other(repository, environ, home):
    other = home / "other"
    make_project(other, home=home)
    for folder in (repository, other, repository):
        (folder / "tm.toml").write_text("team = 'x'\n")
        confirm(find_place(environ, str(folder)))

    assert is_confirmed(find_place(environ, str(repository)))
    assert is_confirmed(find_place(environ, str(other)))
    assert len((home / ".config" / "tm" / "trust").read_text().splitlines()) == 2


def test_a_trust_file_that_others_can_write_confirms_nothing(repository, environ, home):
    (repository / "tm.toml").write_text("team = 'x'\n")
    confirm(find_place(environ, str(repository)))
    (home / ".config" / "tm" / "trust").chmod(0o666)

    assert not is_confirmed(find_place(environ, str(repository)))


def test_in_ci_one_variable_confirms_the_project(untrusted):
    assert untrusted("linter = './mine'", TM_TRUST="1") == ()
    assert untrusted("linter = './mine'", TM_TRUST="0") == ("linter",)


def test_without_a_settings_file_there_is_nothing_to_confirm(home, environ):
    with pytest.raises(ConfigError, match=r"There is no tm\.toml here to confirm"):
        confirm(find_place(environ, str(home)))


@pytest.mark.parametrize(
    "url", ["/etc/cron.d/tm", "sqlite:////etc/cron.d/tm", "../tm.db", "link/tm.db", "data/tm.db", ".git/tm/other.db"]
)
def test_a_project_may_not_say_by_itself_where_the_store_is(repository, environ, home, url):
    (repository / "link").symlink_to(home)
    (repository / "tm.toml").write_text(f'database_url = "{url}"\n')

    with pytest.raises(ConfigError, match=r"tm\.toml:1: the project's file puts the store at .* tm config trust"):
        load(find_place(environ, str(repository)), environ)


def test_a_store_that_a_project_names_is_used_once_the_user_agrees(repository, environ, home):
    (repository / ".git" / "tm").mkdir()
    (repository / "tm.toml").write_text(f'database_url = "{home}/tm.db"\n')
    place = find_place(environ, str(repository))
    overruled = environ | {"TM_DATABASE_URL": "tm.db"}

    assert load(place, environ | {"TM_TRUST": "1"}).database_url == f"{home}/tm.db"
    assert load(find_place(overruled, str(repository)), overruled).database_url == "tm.db"
    with pytest.raises(ConfigError, match="tm config trust"):
        load(place, environ)

    confirm(place)
    assert load(place, environ).database_url == f"{home}/tm.db"

    (home / ".config" / "tm" / "trust").unlink()
    with pytest.raises(ConfigError, match="tm config trust"):
        load(place, environ)
