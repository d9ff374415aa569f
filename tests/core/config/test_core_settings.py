"""The settings every command needs, and the cache of their files' part."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm.config.core import (
    CACHE_NAME,
    CoreSettings,
    is_plugin_name,
    load,
    remembered,
    watched,
    written,
)
from tm.config.places import find_place
from tm.errors import ConfigError

TEXTS = st.text(st.characters(exclude_categories=()))


def settings(folder: Path, environ: dict[str, str]) -> CoreSettings:
    return load(find_place(environ, str(folder)), environ)


def age(*files: Path) -> None:
    """Wait until the disk's clock has moved on from the files' last change."""
    latest = max(file.stat().st_ctime for file in files)
    while time.time() < latest + 0.03:
        time.sleep(0.005)


@pytest.fixture
def cache(repository) -> Path:
    """The cache of the repository's hub; its folder exists."""
    (repository / ".git" / "tm").mkdir()
    return repository / ".git" / "tm" / CACHE_NAME


def test_nothing_said_means_the_defaults(home, environ):
    found = settings(home, environ)

    assert found == CoreSettings()
    assert (found.delivery, found.delivery_wait, found.plugins, found.actor) == ("auto", 10.0, (), None)


def test_every_core_key_can_stand_in_the_file(repository, environ):
    (repository / "tm.toml").write_text(
        'team = "platform"\ntimezone = "Europe/Berlin"\ntask_url = "https://t.example/{id}"\n'
        'delivery = "inline"\ndelivery_wait = 2.5\ndatabase_url = "data/tm.db"\n'
        "[plugins.chat]\n[plugins.ab_c]\n"
    )

    assert settings(repository, environ | {"TM_TRUST": "1"}) == CoreSettings(
        team="platform",
        timezone="Europe/Berlin",
        task_url="https://t.example/{id}",
        delivery="inline",
        delivery_wait=2.5,
        database_url="data/tm.db",
        plugins=("ab_c", "chat"),
    )


def test_the_hubs_file_wins_over_the_users_and_a_variable_over_both(repository, environ, home):
    (home / ".config" / "tm").mkdir(parents=True)
    (home / ".config" / "tm" / "config.toml").write_text('team = "mine"\ntimezone = "UTC"\ndelivery = "worker"\n')
    (repository / "tm.toml").write_text('team = "platform"\ndelivery = "inline"\n')

    found = settings(repository, environ | {"TM_DELIVERY": "background", "TM_TEAM": ""})

    assert (found.team, found.timezone, found.delivery) == ("platform", "UTC", "background")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TM_DELIVERY", "later", "TM_DELIVERY must be auto, background, inline or worker. Example: TM_DEL"),
        ("TM_DELIVERY_WAIT", "soon", "TM_DELIVERY_WAIT must be a number of seconds from 0 to 3600"),
        ("TM_DELIVERY_WAIT", "nan", "TM_DELIVERY_WAIT must be"),
        ("TM_DELIVERY_WAIT", "-1", "TM_DELIVERY_WAIT must be"),
        ("TM_TIMEZONE", "Europe/Berln", "TM_TIMEZONE is wrong: Unknown time zone 'Europe/Berln'. Did you mean"),
        ("TM_TIMEZONE", "tzdata.zi", "TM_TIMEZONE is wrong"),
        ("TM_TIMEZONE", "../zoneinfo/UTC", "TM_TIMEZONE is wrong"),
        ("TM_TIMEZONE", "/etc/localtime", "TM_TIMEZONE is wrong"),
        ("TM_TIMEZONE", "Europe\0", "TM_TIMEZONE is wrong"),
        ("TM_ACTOR", "ada\x1b[2J", "The actor in TM_ACTOR must be one line of 1 to 200 characters, not 'ada\\x1b[2J'."),
        ("TM_ACTOR", "a\nb", "The actor in TM_ACTOR must be one line"),
        ("TM_ACTOR", "a" * 201, "The actor in TM_ACTOR must be one line"),
        ("TM_ACTOR", " ", "The actor in TM_ACTOR must be one line"),
        ("TM_ACTOR", "ad\udc80", "The actor in TM_ACTOR must be one line"),
        ("TM_TASK_URL", "javascript:{id}", "TM_TASK_URL must be an http or https address that contains {id}"),
        ("TM_TASK_URL", "https://t.example/", "TM_TASK_URL must be"),
        ("TM_TASK_URL", "https://t.example/{id}|<x>", "TM_TASK_URL must be"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named_with_an_example(home, environ, variable, value, said):
    with pytest.raises(ConfigError) as refused:
        settings(home, environ | {variable: value})

    assert said in str(refused.value)


@pytest.mark.parametrize("actor", ["ada@example.com", "Åda Løvelace", "a" * 200, "می\u200cخواهم"])
def test_an_actor_in_a_variable_is_any_one_line(home, environ, actor):
    assert settings(home, environ | {"TM_ACTOR": f" {actor} "}).actor == actor


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "EST5EDT"])
def test_a_time_zone_in_a_variable_is_taken_as_it_is(home, environ, name):
    assert settings(home, environ | {"TM_TIMEZONE": name}).timezone == name


def test_variables_switch_plugins_on_and_off(repository, environ):
    (repository / "tm.toml").write_text("[plugins.chat]\n[plugins.mail]\nenabled = false\n[plugins.wiki]\n")
    environ |= {
        "TM_PLUGINS__CHAT__ENABLED": "False",
        "TM_PLUGINS__MAIL__HOST": "mail.example.com",
        "TM_PLUGINS__PAGER_2__TOKEN": "x",
        "TM_PLUGINS__EMPTY__TOKEN": "",
        "TM_PLUGINS__9LIVES__A": "x",
        "TM_PLUGINS__NOKEY": "x",
        "TM_PLUGINS__WEB__PORT": "x",
    }

    assert settings(repository, environ).plugins == ("pager_2", "wiki")
    assert settings(repository, environ | {"TM_PLUGINS__MAIL__ENABLED": "true"}).plugins == (
        "mail",
        "pager_2",
        "wiki",
    )


@pytest.mark.parametrize("name", ["a", "a1", "my_plugin", "a_2_b"])
def test_a_plugin_may_have_this_name(name):
    assert is_plugin_name(name)


@pytest.mark.parametrize("name", ["", "A", "1a", "_a", "a_", "a__b", "a-b", "a.b", "ä", "cli", "api", "web", "tm"])
def test_a_plugin_may_not_have_this_name(name):
    assert not is_plugin_name(name)


def test_the_actor_is_gits_user(repository, environ, git, home):
    git(repository, "config", "--global", "user.email", "home@example.com")
    assert settings(repository, environ).actor == "home@example.com"

    git(repository, "config", "user.email", "work@example.com")
    assert settings(repository, environ).actor == "work@example.com"

    assert settings(home, environ).actor == "home@example.com"
    assert settings(repository, environ | {"TM_ACTOR": "agent-7"}).actor == "agent-7"


def test_gits_user_of_a_linked_work_tree_is_its_own(committed, environ, git, home, cache):
    linked = home / "linked"
    git(committed, "worktree", "add", "-q", str(linked))
    git(committed, "config", "extensions.worktreeConfig", "true")
    git(linked, "config", "--worktree", "user.email", "linked@example.com")
    git(committed, "config", "user.email", "main@example.com")
    age(committed / ".git" / "config")

    found = [settings(folder, environ).actor for folder in (committed, linked, committed)]

    assert found == ["main@example.com", "linked@example.com", "main@example.com"]


def test_a_user_given_on_gits_command_line_is_the_actor_and_not_remembered(repository, environ, git, cache):
    git(repository, "config", "user.email", "work@example.com")
    age(repository / ".git" / "config")
    given = environ | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "user.email",
        "GIT_CONFIG_VALUE_0": "given@x",
    }

    assert settings(repository, given).actor == "given@x"
    assert settings(repository, environ).actor == "work@example.com"
    assert "given@x" not in cache.read_text()


def test_a_change_in_an_included_git_file_is_seen(repository, environ, git, home, cache):
    included = home / "work.gitconfig"
    included.write_text("[user]\nemail = first@example.com\n")
    git(repository, "config", "--global", "include.path", str(included))
    age(home / ".gitconfig", included)
    first = settings(repository, environ).actor

    included.write_text("[user]\nemail = second@example.com\n")

    assert (first, settings(repository, environ).actor) == ("first@example.com", "second@example.com")


def test_without_git_there_is_no_actor(repository, environ):
    assert settings(repository, environ | {"PATH": "/nowhere", "GIT_CONFIG_GLOBAL": "/dev/null"}).actor is None


def test_a_change_of_any_settings_file_is_seen_at_once(repository, environ, home, cache):
    config, user = repository / "tm.toml", home / ".config" / "tm" / "config.toml"
    config.write_text('team = "one"\n')
    age(config)
    assert settings(repository, environ).team == "one"
    assert cache.exists()

    config.write_text('team = "two"\n')
    assert settings(repository, environ).team == "two"

    user.parent.mkdir(parents=True)
    user.write_text('timezone = "UTC"\n')
    assert settings(repository, environ).timezone == "UTC"

    config.unlink()
    assert settings(repository, environ).team is None


def test_what_is_remembered_is_used_without_reading_the_files(repository, environ, cache):
    (repository / "tm.toml").write_text('team = "one"\n')
    age(repository / "tm.toml")
    settings(repository, environ)
    cache.write_text(cache.read_text().replace("team\tone", "team\tremembered"))

    assert settings(repository, environ).team == "remembered"


def test_the_cache_is_private_and_holds_no_secret(repository, environ, cache):
    (repository / "tm.toml").write_text('team = "one"\n[plugins.chat]\ntoken = "hush-hush"\n')
    age(repository / "tm.toml")

    settings(repository, environ | {"TM_PLUGINS__CHAT__TOKEN": "hush-hush"})

    assert cache.stat().st_mode & 0o777 == 0o600
    assert "hush" not in cache.read_text()
    assert [file.name for file in cache.parent.iterdir()] == [CACHE_NAME]


def test_a_store_that_a_project_names_without_consent_is_not_remembered(repository, environ, cache):
    (repository / "tm.toml").write_text('database_url = "data/tm.db"\n')
    age(repository / "tm.toml")

    assert settings(repository, environ | {"TM_TRUST": "1"}).database_url == "data/tm.db"
    assert not cache.exists()

    with pytest.raises(ConfigError, match="tm config trust"):
        settings(repository, environ)


def test_what_a_variable_says_is_not_remembered(repository, environ, cache):
    (repository / "tm.toml").write_text('team = "one"\n')
    age(repository / "tm.toml")

    settings(repository, environ | {"TM_TEAM": "two", "TM_PLUGINS__CHAT__TOKEN": "x", "TM_ACTOR": "me"})

    assert settings(repository, environ) == CoreSettings(team="one")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text.replace("settings 1", "settings 2"),
        lambda text: text[:-1],
        lambda text: text + "\n",
        lambda text: text.replace("team\tremembered", "team"),
        lambda text: text.replace("team\tremembered", "delivery\tsometimes"),
        lambda text: text.replace("team\tremembered", "file\t/etc/passwd"),
        lambda text: text.replace("team\tremembered", "team\ta\tb"),
        lambda text: "\0" * len(text),
        lambda text: text + "x" * 70_000,
    ],
)
def test_a_spoilt_cache_is_read_anew(repository, environ, cache, spoil):
    (repository / "tm.toml").write_text('team = "one"\n')
    age(repository / "tm.toml")
    settings(repository, environ)
    cache.write_text(spoil(cache.read_text().replace("team\tone", "team\tremembered")))

    assert settings(repository, environ).team == "one"


@pytest.mark.parametrize("spoil", ["not utf-8", "others can write", "a link", "a folder"])
def test_a_cache_that_may_not_be_ours_is_read_anew(repository, environ, cache, home, spoil):
    (repository / "tm.toml").write_text('team = "one"\n')
    age(repository / "tm.toml")
    settings(repository, environ)
    text = cache.read_bytes().replace(b"team\tone", b"team\tremembered")
    cache.unlink()
    if spoil == "not utf-8":
        cache.write_bytes(text.replace(b"remembered", b"\xff"))
    elif spoil == "others can write":
        cache.write_bytes(text)
        cache.chmod(0o620)
    elif spoil == "a link":
        (home / "elsewhere").write_bytes(text)
        (home / "elsewhere").chmod(0o600)
        cache.symlink_to(home / "elsewhere")
    else:
        cache.mkdir()

    assert settings(repository, environ).team == "one"


def test_a_wrong_configuration_is_never_remembered(repository, environ, cache):
    (repository / "tm.toml").write_text("team = 5\n")
    age(repository / "tm.toml")

    with pytest.raises(ConfigError, match=r"tm\.toml:1: team should be a valid string"):
        settings(repository, environ)

    assert not cache.exists()


def test_no_folder_is_made_for_the_cache(repository, environ):
    (repository / "tm.toml").write_text('team = "one"\n')
    age(repository / "tm.toml")

    assert settings(repository, environ).team == "one"
    assert not (repository / ".git" / "tm").exists()


def test_a_file_that_may_still_change_within_the_disks_tick_is_not_remembered(repository, environ, cache):
    config = repository / "tm.toml"
    for number in range(10, 60):
        config.write_text(f'team = "{number}"\n')

        assert settings(repository, environ).team == str(number)


@given(
    rows=st.dictionaries(TEXTS.filter(lambda key: key not in ("file", "delivery", "delivery_wait", "task_url")), TEXTS)
)
def test_whatever_is_written_is_remembered(rows):
    text = written([("/no/such\tfile\\n", "")], rows)

    assert remembered(text, [("/no/such\tfile\\n", "")]) == rows
    assert remembered(text, [("/no/such\tfile\\n", "1 2 3 4")]) is None


@given(text=TEXTS)
def test_any_text_in_place_of_the_cache_is_remembered_or_not_but_never_an_error(text):
    assert remembered(text, []) is None
    assert remembered(f"tm settings 1\n{text}\nend", [("/x", "")]) is None


def test_the_files_watched_are_those_git_and_tm_read(repository, environ, home):
    environ |= {"GIT_CONFIG_GLOBAL": "/global", "GIT_CONFIG_SYSTEM": "/system"}
    del environ["GIT_CONFIG_NOSYSTEM"]
    (repository / "tm.toml").write_text("")

    assert watched(find_place(environ, str(repository)), environ) == [
        f"{repository}/tm.toml",
        f"{home}/.config/tm/config.toml",
        f"{home}/.config/tm/trust",
        "/system",
        "/global",
        f"{repository}/.git/config",
        f"{repository}/.git/config.worktree",
    ]
