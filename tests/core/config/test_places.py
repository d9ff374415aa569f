"""Where the hub is found."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.projects import make_project

from tm.config.places import database, find_place, settled
from tm.errors import ConfigError


def test_without_project_or_repository_the_hub_lives_in_the_users_data_folder(home, environ):
    place = find_place(environ, str(home))

    assert (place.kind, place.folder, place.root) == ("user", f"{home}/.local/share/tm", None)
    assert (place.user_file, place.user_folder) == (f"{home}/.config/tm/config.toml", f"{home}/.config/tm")
    assert (place.config_file, place.config_is_own) == (None, True)


def test_the_xdg_folders_are_used_when_they_are_absolute(home, environ):
    environ |= {"XDG_DATA_HOME": "/srv/data", "XDG_CONFIG_HOME": "relative"}

    place = find_place(environ, str(home))

    assert place.folder == "/srv/data/tm"
    assert place.user_folder == f"{home}/.config/tm"


def test_without_a_home_variable_the_password_file_is_asked(tmp_path):
    place = find_place({}, str(tmp_path))

    assert Path(place.user_folder).is_absolute()


def test_in_a_repository_the_hub_lives_in_gits_folder(repository, environ):
    inner = repository / "a" / "b"
    inner.mkdir(parents=True)

    place = find_place(environ, str(inner))

    assert (place.kind, place.folder, place.root) == ("git", f"{repository}/.git/tm", str(repository))
    assert place.common_dir == place.git_dir == f"{repository}/.git"


def test_linked_work_trees_share_the_hub_of_the_main_one(committed, environ, git, home):
    git(committed, "worktree", "add", "-q", str(home / "linked"))

    place = find_place(environ, str(home / "linked"))

    assert (place.folder, place.root) == (f"{committed}/.git/tm", str(committed))
    assert place.git_dir == f"{committed}/.git/worktrees/linked"


def test_a_submodule_has_a_hub_of_its_own(committed, environ, git, home):
    outer = home / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "submodule", "--quiet", "add", str(committed), "part")

    place = find_place(environ, str(outer / "part"))

    assert (place.folder, place.root) == (f"{outer}/.git/modules/part/tm", f"{outer}/part")


def test_a_bare_repository_has_a_hub_where_git_dir_names_it(committed, environ, git, home):
    git(home, "clone", "-q", "--bare", str(committed), "shared.git")
    environ["GIT_DIR"] = "."

    place = find_place(environ, f"{home}/shared.git")

    assert (place.kind, place.folder, place.root) == ("git", f"{home}/shared.git/tm", None)


def test_a_folder_made_to_look_like_a_bare_repository_is_only_a_folder(repository, environ):
    odd = repository / "odd"
    for part in ("objects", "refs", "tm"):
        (odd / part).mkdir(parents=True)
    (odd / "HEAD").write_text("ref: refs/heads/main\n")

    assert find_place(environ, str(odd)).folder == f"{repository}/.git/tm"


def test_a_project_folder_that_came_with_a_repository_is_nobodys_store(repository, environ, home):
    (repository / "a" / ".tm").mkdir(parents=True)
    (repository / "a" / ".tm" / "made").write_text("0123456789abcdef" * 2)

    place = find_place(environ, str(repository / "a"))

    assert (place.kind, place.folder) == ("git", f"{repository}/.git/tm")
    assert place.strangers == (f"{repository}/a/.tm",)


@pytest.mark.parametrize("mark", ["", "../made", "../../../../etc/passwd", "x" * 32, "\0" * 32])
def test_a_mark_that_leads_elsewhere_is_none(repository, environ, home, mark):
    (repository / ".tm").mkdir()
    (repository / ".tm" / "made").write_text(mark)

    assert find_place(environ, str(repository)).kind == "git"


def test_a_project_folder_that_was_moved_or_copied_stays_its_users(repository, environ, home):
    make_project(home / "before", home=home)
    (home / "before").rename(repository / "after")
    shutil.copytree(repository / "after", repository / "copy")

    assert find_place(environ, str(repository / "after")).folder == f"{repository}/after/.tm"
    assert find_place(environ, str(repository / "copy")).folder == f"{repository}/copy/.tm"


def test_a_work_tree_of_a_bare_repository_is_its_own_root(committed, environ, git, home):
    git(home, "clone", "-q", "--bare", str(committed), "shared.git")
    git(home / "shared.git", "worktree", "add", "-q", str(home / "linked"), "main")

    place = find_place(environ, str(home / "linked"))

    assert (place.folder, place.root) == (f"{home}/shared.git/tm", str(home / "linked"))


def test_inside_gits_folder_the_hub_is_the_repositorys(repository, environ):
    place = find_place(environ, str(repository / ".git" / "hooks"))

    assert (place.folder, place.root) == (f"{repository}/.git/tm", str(repository))


def test_the_folder_one_stands_in_wins_over_git_dir(repository, environ, git, home):
    other = home / "other"
    other.mkdir()
    git(other, "init", "-q")
    environ["GIT_DIR"] = str(other / ".git")

    assert find_place(environ, str(repository)).root == str(repository)
    assert find_place(environ, str(home)).root == str(other)


def test_a_git_dir_that_is_none_is_no_repository(home, environ):
    environ["GIT_DIR"] = "nowhere"

    assert find_place(environ, str(home)).kind == "user"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"gitdir: ",
        b"gitdir: nowhere\n",
        b"gitdir: .git\n",
        b"gitdir: /dev/null\n",
        b"gitdir: a\0b\n",
        b"\xff\xfe\x00binary",
        b"gitdir: " + b"x/" * 10_000_000,
        b"gitdir: \xff\xfe\n",
        b"something else\n",
    ],
    ids=["empty", "no-path", "nowhere", "itself", "device", "nul", "binary", "huge", "not-utf8", "other"],
)
def test_a_git_file_that_leads_nowhere_is_passed_by(home, environ, content):
    work = home / "work"
    work.mkdir()
    (work / ".git").write_bytes(content)

    assert find_place(environ, str(work)).kind == "user"


def test_git_pointers_that_go_in_circles_are_passed_by(home, environ):
    work = home / "work"
    (work / "folder").mkdir(parents=True)
    (work / ".git").write_text("gitdir: folder\n")
    (work / "folder" / "HEAD").write_text("ref: refs/heads/main\n")
    (work / "folder" / "commondir").symlink_to("commondir")
    (work / "folder" / "objects").symlink_to("objects")

    assert find_place(environ, str(work)).kind == "user"


def test_a_pipe_in_place_of_a_git_file_does_not_stop_anybody(home, environ):
    work = home / "work"
    work.mkdir()
    os.mkfifo(work / ".git")

    assert find_place(environ, str(work)).kind == "user"


def test_an_empty_git_folder_is_no_repository(repository, environ):
    inner = repository / "inner"
    (inner / ".git").mkdir(parents=True)

    assert find_place(environ, str(inner)).root == str(repository)


def test_the_nearest_project_folder_upward_wins(repository, environ, home):
    inner = repository / "a" / "b"
    inner.mkdir(parents=True)
    make_project(repository, home=home)
    make_project(repository / "a", home=home)

    assert find_place(environ, str(inner)).folder == f"{repository}/a/.tm"
    assert find_place(environ, str(repository)).folder == f"{repository}/.tm"
    assert find_place(environ, str(repository)).kind == "project"


def test_a_project_folder_above_the_repository_is_not_the_repositorys(repository, environ, home):
    make_project(home, home=home)

    assert find_place(environ, str(repository)).kind == "git"
    assert find_place(environ, str(home)).kind == "project"


def test_a_project_folder_above_home_is_nobodys(tmp_path, home, environ):
    make_project(tmp_path, home=home)

    assert find_place(environ, str(home)).kind == "user"
    assert find_place(environ, str(tmp_path)).kind == "project"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_project_folder_of_another_user_is_passed_by(repository, environ, home):
    inner = repository / "inner"
    make_project(inner, home=home)
    os.chown(inner / ".tm", 12345, 12345)

    assert find_place(environ, str(inner)).kind == "git"


def test_a_project_folder_that_is_a_link_or_a_file_is_passed_by(repository, environ, home):
    (home / "elsewhere").mkdir()
    (repository / "a").mkdir()
    (repository / ".tm").symlink_to(home / "elsewhere")
    (repository / "a" / ".tm").write_text("")

    assert find_place(environ, str(repository / "a")).kind == "git"


def test_the_settings_file_stands_at_the_root_of_the_main_work_tree(committed, environ, git, home):
    git(committed, "worktree", "add", "-q", str(home / "linked"))
    (home / "linked" / "tm.toml").write_text("")
    (committed / "tm.toml").write_text("")

    place = find_place(environ, str(home / "linked"))

    assert place.config_file == f"{committed}/tm.toml"
    assert not place.config_is_own


def test_a_project_folders_settings_file_stands_beside_it_else_at_the_repositorys_root(repository, environ, home):
    inner = repository / "inner"
    make_project(inner, home=home)
    (repository / "tm.toml").write_text("")

    assert find_place(environ, str(inner)).config_file == f"{repository}/tm.toml"

    (inner / "tm.toml").write_text("")

    assert find_place(environ, str(inner)).config_file == f"{inner}/tm.toml"
    assert not find_place(environ, str(inner)).config_is_own


def test_a_settings_file_may_stand_beside_the_store(repository, environ, home):
    for folder in (repository / ".git" / "tm", home / ".local" / "share" / "tm"):
        folder.mkdir(parents=True)
        (folder / "tm.toml").write_text("")

    assert find_place(environ, str(repository)).config_file == f"{repository}/.git/tm/tm.toml"
    assert not find_place(environ, str(repository)).config_is_own
    assert find_place(environ, str(home)).config_file == f"{home}/.local/share/tm/tm.toml"
    assert find_place(environ, str(home)).config_is_own


def test_a_settings_file_named_by_the_user_is_the_users_own_choice(repository, environ, home):
    (repository / "tm.toml").write_text("")
    (home / "mine.toml").write_text("")
    (home / "other.toml").write_text("")
    environ["TM_CONFIG"] = "../mine.toml"

    by_variable = find_place(environ, str(repository))
    by_option = find_place(environ, str(repository), config=str(home / "other.toml"))

    assert (by_variable.config_file, by_variable.config_is_own) == (f"{home}/mine.toml", True)
    assert by_option.config_file == f"{home}/other.toml"


def test_a_settings_file_named_by_the_user_must_exist(home, environ):
    with pytest.raises(ConfigError, match=r"--config names .*/none\.toml, which does not exist"):
        find_place(environ, str(home), config="none.toml")
    with pytest.raises(ConfigError, match=r"TM_CONFIG names /none\.toml"):
        find_place(environ | {"TM_CONFIG": "/none.toml"}, str(home))


def test_a_database_variable_moves_the_hub(repository, environ, home):
    environ["TM_DATABASE_URL"] = f"sqlite:///{home}/shared/team.db"

    place = find_place(environ, str(repository))

    assert (place.kind, place.folder, place.root) == ("url", f"{home}/shared", str(repository))
    assert database(place, environ["TM_DATABASE_URL"]) == f"{home}/shared/team.db"


def test_the_settings_file_beside_a_named_database_is_the_users_unless_a_repository_holds_it(repository, environ, home):
    for folder in (home / "shared", repository / "data"):
        folder.mkdir()
        (folder / "tm.toml").write_text("")

    outside = find_place(environ | {"TM_DATABASE_URL": f"{home}/shared/tm.db"}, str(repository))
    inside = find_place(environ | {"TM_DATABASE_URL": "data/tm.db"}, str(repository))

    assert (outside.config_file, outside.config_is_own) == (f"{home}/shared/tm.toml", True)
    assert (inside.config_file, inside.config_is_own) == (f"{repository}/data/tm.toml", False)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, "{root}/.git/tm/tm.db"),
        ("sqlite:////srv/team/tm.db", "/srv/team/tm.db"),
        ("sqlite:///data/tm.db", "{root}/data/tm.db"),
        ("/srv/tm.db", "/srv/tm.db"),
        ("data/../tm.db", "{root}/tm.db"),
    ],
)
def test_a_relative_database_path_counts_from_the_root(repository, environ, url, expected):
    inner = repository / "inner"
    inner.mkdir()

    place = find_place(environ, str(inner))

    assert database(place, url) == expected.format(root=repository)
    assert database(settled(place, url), url) == expected.format(root=repository)
    assert settled(place, url).folder == str(Path(expected.format(root=repository)).parent)


def test_a_relative_database_variable_outside_of_projects_counts_from_where_one_stands(home, environ):
    environ["TM_DATABASE_URL"] = "sqlite:///tm.db"

    place = find_place(environ, str(home))

    assert database(place, environ["TM_DATABASE_URL"]) == f"{home}/tm.db"


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///", "sqlite:///:memory:", ":memory:", "sqlite:tm.db", "~/tm.db", "mysql://h/d",
     "a/", "a\0b", "sqlite:///~/tm.db", "file:tm.db", "..", "sqlite://host/tm.db"],
)  # fmt: skip
def test_a_database_url_that_names_no_file_is_refused(home, environ, url):
    place = find_place(environ, str(home))

    with pytest.raises(ConfigError, match=r"database_url .* must name a file by its path\. Example: "):
        database(place, url)


@pytest.mark.parametrize("url", ["postgresql://me:hunter2@db/tm", "postgres://db/tm", "postgresql+psycopg://db"])
def test_postgresql_is_refused_by_name_and_without_its_password(home, environ, url):
    with pytest.raises(ConfigError, match="PostgreSQL stores are not part of this version") as refused:
        find_place(environ | {"TM_DATABASE_URL": url}, str(home))

    assert "hunter2" not in str(refused.value)


def test_folders_with_odd_names_are_no_trouble(home, environ, git):
    odd = Path(os.fsdecode(os.fsencode(home) + b"/sp ace\nline\t\xff"))
    odd.mkdir()
    git(odd, "init", "-q")

    assert find_place(environ, str(odd)).folder == f"{odd}/.git/tm"
