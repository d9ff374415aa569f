"""Where a hub lives: its store's folder and its settings files, found without starting git."""
# ruff: noqa: PTH116, PTH118, PTH119, PTH120  # every command pays; pathlib is dear

from __future__ import annotations

import os
from os.path import basename, dirname, join, lexists, normpath, realpath

from tm.errors import ConfigError
from tm.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_NAME = "tm.toml"
STORE_NAME = "tm.db"
MARKER = ".tm"

_LONGEST_POINTER = 4096
_EXAMPLE = 'Example: database_url = "sqlite:////srv/team/tm.db" (four slashes: from the root of the disk).'


class Place(Value):
    """Where one hub keeps its things; every path is absolute.

    `kind` is "project" (a `.tm` folder), "git", "user", or "url": a database URL names the file. `root` is
    the folder that holds `.tm`, else the root of the repository's main work tree, else None. `config_file` is
    the hub's settings file if there is one; `config_is_own` says that the user chose it, not a repository.
    `user_file` need not exist. `common_dir` and `git_dir` are git's shared folder and this work tree's own.
    `strangers` are `.tm` folders on the way that no `tm init` of this user made; they are not used.
    """

    folder: str
    kind: str
    root: str | None
    config_file: str | None
    config_is_own: bool
    user_file: str
    user_folder: str
    common_dir: str | None = None
    git_dir: str | None = None
    strangers: tuple[str, ...] = ()


class _Repository(Value):
    common_dir: str
    git_dir: str
    root: str | None


def find_place(environ: Mapping[str, str], cwd: str, *, config: str | None = None) -> Place:
    """The place of the hub for somebody who stands in `cwd`, an absolute folder.

    `config` (`--config`) wins over `TM_CONFIG`; either must name a file that exists. Raises ConfigError when
    it does not, when `TM_DATABASE_URL` names no file, and when a `.tm` on the way cannot be looked at.
    """
    home = home_folder(environ)
    user_folder = join(_xdg(environ, "XDG_CONFIG_HOME") or join(home, ".config"), "tm")
    holder, strangers, repository = _search(cwd, home=realpath(home), records=records(environ))
    if not holder and not repository and environ.get("GIT_DIR"):
        repository = _repository(realpath(join(cwd, environ["GIT_DIR"])), work_tree=None)
    main_root = repository.root if repository else None
    folder, kind = _store_folder(environ, holder, repository=repository)
    if url := environ.get("TM_DATABASE_URL"):
        folder, kind = dirname(normpath(join(holder or main_root or cwd, _file_of(url)))), "url"
    place = Place(
        folder=folder,
        kind=kind,
        root=holder or main_root,
        config_file=None,
        config_is_own=True,
        user_file=join(user_folder, "config.toml"),
        user_folder=user_folder,
        common_dir=repository.common_dir if repository else None,
        git_dir=repository.git_dir if repository else None,
        strangers=tuple(strangers),
    )
    if named := config or environ.get("TM_CONFIG"):
        return place.with_(config_file=_named_file(named, cwd=cwd, by="--config" if config else "TM_CONFIG"))
    return _with_config(place, main_root)


def home_folder(environ: Mapping[str, str]) -> str:
    """The user's home by `HOME`, else by the password file, else `/`."""
    if home := environ.get("HOME"):
        return home
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return "/"


def database(place: Place, url: str | None) -> str:
    """The absolute path of the store's SQLite file; `url` is the setting `database_url`.

    A relative path counts from `place.root`, else from `place.folder`. Raises ConfigError for a URL that
    names no file, PostgreSQL included.
    """
    if url is None:
        return join(place.folder, STORE_NAME)
    path = _file_of(url)
    if place.kind == "url":
        return join(place.folder, basename(path))
    return normpath(join(place.root or place.folder, path))


def settled(place: Place, url: str | None) -> Place:
    """The place once the settings are known: its folder is the one that holds `database(place, url)`.

    Raises ConfigError like `database`.
    """
    if url is None or place.kind == "url":
        return place
    return place.with_(folder=dirname(database(place, url)), kind="url")


def is_inside(path: str, folder: str | None) -> bool:
    """Whether an absolute path is the folder or lies somewhere below it; never inside None."""
    return folder is not None and (path + "/").startswith(folder.rstrip("/") + "/")


def refuse_hidden(path: str) -> None:
    """Raise ConfigError for a file that may be there, in a folder one may not look into: nobody knows what it says."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return
    except OSError as error:
        folder = dirname(path)
        while not lexists(folder):
            folder = dirname(folder)
        raise ConfigError(
            f"Cannot look for {path}: {error.strerror}. Check the owner and permissions: ls -ld {folder}"
        ) from None


def _file_of(url: str) -> str:
    scheme, separator, path = url.partition("://")
    if scheme.startswith("postgres"):
        raise ConfigError(
            "PostgreSQL stores are not part of this version of tm; "
            f"let database_url (TM_DATABASE_URL) name a file. {_EXAMPLE}"
        )
    if not separator:
        path, usable = url, ":" not in url
    else:
        path, usable = path[1:], scheme == "sqlite" and path.startswith("/") and path != "/:memory:"
    if not usable or "\0" in path or path.startswith("~") or basename(path) in ("", ".", ".."):
        raise ConfigError(f"database_url (TM_DATABASE_URL) must name a file by its path. {_EXAMPLE}")
    return path


def _store_folder(environ: Mapping[str, str], holder: str | None, *, repository: _Repository | None) -> tuple[str, str]:
    if holder:
        return join(holder, MARKER), "project"
    if repository:
        return join(repository.common_dir, "tm"), "git"
    return _data_folder(environ), "user"


def records(environ: Mapping[str, str]) -> str:
    """The folder where `tm init` notes what it made."""
    return join(_data_folder(environ), "made")


def _data_folder(environ: Mapping[str, str]) -> str:
    return join(_xdg(environ, "XDG_DATA_HOME") or join(home_folder(environ), ".local", "share"), "tm")


def _named_file(name: str, *, cwd: str, by: str) -> str:
    path = normpath(join(cwd, name))
    if _stat(path) is None:
        raise ConfigError(f"{by} names {path}, which does not exist. Name an existing settings file.")
    return path


def _with_config(place: Place, main_root: str | None) -> Place:
    for folder in (place.root, main_root, place.folder):
        if folder and _stat(join(folder, CONFIG_NAME)):
            own = place.kind == "user" or (place.kind == "url" and not is_inside(folder, place.root))
            return place.with_(config_file=join(folder, CONFIG_NAME), config_is_own=own)
    return place


def _xdg(environ: Mapping[str, str], name: str) -> str | None:
    folder = environ.get(name)
    return folder if folder and folder.startswith("/") else None


def _search(folder: str, *, home: str, records: str) -> tuple[str | None, list[str], _Repository | None]:
    """The nearest folder upward that holds a `.tm` of `tm init`, not above home or the repository; the `.tm` folders
    passed on the way that are none; and the repository."""
    holder, in_bounds = None, True
    strangers: list[str] = []
    while True:
        if in_bounds and holder is None and _is_own_folder(join(folder, MARKER)):
            from tm.config.made import is_made  # only who has such a folder pays

            if is_made(join(folder, MARKER), records):
                holder = folder
            else:
                strangers.append(join(folder, MARKER))
        repository = _repository_at(folder)
        parent = dirname(folder)
        if repository or parent == folder:
            return holder, strangers, repository
        in_bounds = in_bounds and folder != home
        folder = parent


def _is_own_folder(path: str) -> bool:
    try:
        found = os.lstat(path)  # not stat: a repository can carry a link to anywhere
    except (OSError, ValueError):
        return False
    return found.st_mode & 0o170000 == 0o040000 and found.st_uid == os.geteuid()


def _repository_at(folder: str) -> _Repository | None:
    dot = join(folder, ".git")
    found = _stat(dot)
    if found is None or not _is_trusted_owner(found):  # a bare one counts only where GIT_DIR names it: it may be
        return None  # a folder of somebody's repository made to look like one
    if found.st_mode & 0o170000 == 0o040000:
        return _repository(dot, work_tree=folder)
    pointer = _line(dot)
    if pointer is None or not pointer.startswith("gitdir: "):
        return None
    return _repository(realpath(join(folder, pointer[8:])), work_tree=folder)


def _repository(git_dir: str, *, work_tree: str | None) -> _Repository | None:
    if not lexists(join(git_dir, "HEAD")):
        return None
    pointer = _line(join(git_dir, "commondir"))
    common_dir = realpath(join(git_dir, pointer)) if pointer else git_dir
    objects = _stat(join(common_dir, "objects"))
    if objects is None or not _is_trusted_owner(objects):
        return None
    root = dirname(common_dir) if basename(common_dir) == ".git" else work_tree
    return _Repository(common_dir=common_dir, git_dir=git_dir, root=root)


def _is_trusted_owner(found: os.stat_result) -> bool:
    # Root is let through: in containers a checkout mostly belongs to another user's number.
    return os.geteuid() in (0, found.st_uid)


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _line(path: str) -> str | None:
    """What one of git's pointer files says, or None if it is absent or cannot be one."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        content = os.read(file, _LONGEST_POINTER + 1)
    except OSError:
        return None
    finally:
        os.close(file)
    if len(content) > _LONGEST_POINTER or b"\0" in content:
        return None
    return os.fsdecode(content).rstrip("\r\n")
