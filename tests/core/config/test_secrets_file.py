"""Secrets in a file of their own."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm.config.places import Place, find_place
from tm.config.secrets import forget, read, tracked_by_git, write
from tm.errors import ConfigError, UsageError


@pytest.fixture
def place(repository, environ) -> Place:
    return find_place(environ, str(repository))


def test_nothing_written_means_no_secrets(place):
    assert read(place) == {}


def test_a_secret_is_kept_in_a_file_that_only_the_user_can_read(place, repository):
    path = write(place, "my_plugin.token", "xo-1\n")
    write(place, "my_plugin.webhook", "https://hooks.example.com/?a=\"b\"&c='d'\\")
    write(place, "other.token", "é\x7f\t\u2028x")
    write(place, "my_plugin.token", "xo-2")

    file = repository / ".git" / "tm" / "secrets.toml"
    assert path == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert read(place) == {
        "my_plugin": {"token": "xo-2", "webhook": "https://hooks.example.com/?a=\"b\"&c='d'\\"},
        "other": {"token": "é\x7f\t\u2028x"},
    }


@given(value=st.text(min_size=1).filter(lambda text: text.strip()))
def test_any_text_comes_back_as_it_was_but_for_space_around_it(tmp_path_factory, value):
    folder = str(tmp_path_factory.getbasetemp() / "secrets")
    place = find_place({"HOME": folder, "XDG_DATA_HOME": folder}, "/")

    path = write(place, "my_plugin.token", value)

    assert read(place)["my_plugin"]["token"] == value.strip()
    assert tomllib.loads(Path(path).read_text(encoding="utf-8"))["my_plugin"]["token"] == value.strip()


def test_secrets_beside_the_store_win_over_those_in_the_users_folder(place, home):
    mine = home / ".config" / "tm" / "secrets.toml"
    mine.parent.mkdir(parents=True)
    mine.touch(mode=0o600)
    mine.write_text('[my_plugin]\ntoken = "user"\nemail = "user"\n')
    write(place, "my_plugin.token", "store")

    assert read(place) == {"my_plugin": {"token": "store", "email": "user"}}


@pytest.mark.parametrize(
    "name", ["token", "my_plugin", "My.token", "my_plugin.", ".token", "a.b.c", "a.b c", "web.token"]
)
def test_a_name_that_is_not_plugin_and_key_is_refused(place, name):
    with pytest.raises(UsageError, match=r"write PLUGIN\.KEY, for example my_plugin\.token"):
        write(place, name, "x")


def test_a_secret_is_forgotten_wherever_it_stands_and_the_others_are_kept(place, home):
    write(place, "my_plugin.token", "t0ken")
    write(place, "my_plugin.other", "kept")
    (home / ".config" / "tm").mkdir(parents=True)
    write(place.with_(folder=place.user_folder), "my_plugin.token", "older")

    assert len(forget(place, "my_plugin.token")) == 2
    assert read(place) == {"my_plugin": {"other": "kept"}}
    assert forget(place, "my_plugin.token") == []


def test_an_empty_secret_is_refused(place):
    with pytest.raises(UsageError, match=r"The secret my_plugin\.token is empty"):
        write(place, "my_plugin.token", " \n")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_open_to_others_is_refused_with_the_remedy(place, repository, mode):
    path = write(place, "my_plugin.token", "hush-hush")
    (repository / ".git" / "tm" / "secrets.toml").chmod(mode)

    with pytest.raises(ConfigError, match=f"Run: chmod 600 {path}"):
        read(place)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[my_plugin]\ntoken = ["hush"]\n', r"secrets\.toml:2: my_plugin\.token must be a text in quotes"),
        ('token = "hush"\n', r"secrets\.toml:1: token belongs under its plugin's name: \[my_plugin\]"),
        ("[my_plugin]\ntoken = hush\n", r"secrets\.toml:2: this is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named_without_the_secret(place, repository, text, said):
    write(place, "my_plugin.token", "x")
    (repository / ".git" / "tm" / "secrets.toml").write_text(text)

    with pytest.raises(ConfigError, match=said) as refused:
        read(place)

    assert "hush" not in str(refused.value)


def test_a_tracked_file_is_known_as_such(repository, git):
    for name in ("tracked.toml", "untracked.toml"):
        (repository / name).write_text("")
    git(repository, "add", "tracked.toml")

    assert tracked_by_git(str(repository / "tracked.toml"))
    assert not tracked_by_git(str(repository / "untracked.toml"))
    assert not tracked_by_git(str(repository / "*.toml"))


def test_outside_of_repositories_nothing_is_tracked(tmp_path, monkeypatch, repository):
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    (tmp_path / "tm.toml").write_text("")

    assert not tracked_by_git(str(tmp_path / "tm.toml"))
