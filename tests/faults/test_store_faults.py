"""Stores in trouble: read-only, full, broken, not ours, far away. One sentence each, nothing half written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest
from tests.faults.store_child import add
from tests.faults.store_steps import CHILD, finished

from tm.errors import StoreError
from tm.store.listing import Listing
from tm.store.mounts import file_system, refuse_network_folder
from tm.store.sqlite import SCHEMA_VERSION, SqliteDatabase


@pytest.fixture
def path(tmp_path):
    """A store with one task."""
    path = tmp_path / "tm.db"
    with SqliteDatabase(str(path)) as database:
        add(database, "before")
    return path


# read-only


@pytest.fixture
def guarded():
    """A folder that everybody may enter, with a store in it; pytest's own folders let nobody in."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    with SqliteDatabase(str(folder / "tm.db")) as database:
        add(database, "before")
    yield folder / "tm.db"
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_read_only_file_is_read_but_not_written(guarded):
    guarded.chmod(0o444)
    guarded.parent.chmod(0o777)
    Path(f"{guarded}.lock").chmod(0o666)
    before = guarded.read_bytes()
    counted, refused = finished("nobody", guarded)

    assert counted == "counted 1"
    assert refused == (
        f"StoreError The store {guarded} is read-only for you. Check its owner and permissions: ls -l {guarded}"
    )
    assert guarded.read_bytes() == before


def test_a_lock_of_somebody_else_is_a_sentence(guarded):
    guarded.chmod(0o666)
    guarded.parent.chmod(0o777)
    Path(f"{guarded}.lock").chmod(0o400)
    counted, refused = finished("nobody", guarded)

    assert counted == "counted 1"
    assert refused == (
        f"StoreError The store {guarded} cannot be used: Permission denied. "
        f"Check its owner and permissions: ls -l {guarded}"
    )


def test_a_read_only_folder_is_a_sentence_and_leaves_the_store_as_it_was(guarded):
    guarded.chmod(0o444)
    guarded.parent.chmod(0o555)
    before = guarded.read_bytes(), sorted(each.name for each in guarded.parent.iterdir())
    answers = finished("nobody", guarded)

    assert all(each.startswith("StoreError The store") for each in answers)
    assert (guarded.read_bytes(), sorted(each.name for each in guarded.parent.iterdir())) == before


def test_a_folder_one_may_not_enter_is_a_sentence(guarded):
    guarded.parent.chmod(0o700 if os.getuid() == 0 else 0o000)
    answers = finished("nobody", guarded)

    assert all(each.startswith("StoreError The store") for each in answers)


# full


def test_a_file_that_may_grow_no_more_refuses_the_change_and_stays_whole(path):
    size = path.stat().st_size
    stored, refused, counted, after, sound = finished("swell", path, size + 400_000)

    assert int(stored.split()[1]) > 3
    assert refused == f"refused The disk of the store {path} failed (disk I/O error); nothing was stored."
    assert counted == f"counted {int(stored.split()[1]) + 2}"
    assert (after, sound) == ("after True", "sound ok")


def test_a_full_disk_refuses_the_change_and_stays_whole(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    ballast, path = disk / "ballast", disk / "tm.db"
    script = (
        'mount -t tmpfs -o size=3m tmpfs "$1" && echo mounted && dd if=/dev/zero of="$2" bs=1M count=1 2>/dev/null '
        '&& exec "$4" "$5" full "$3" "$2"'
    )
    words = ["unshare", "--mount", "sh", "-c", script, "sh", disk, ballast, path, *CHILD]
    if shutil.which("unshare") is None:
        pytest.skip("a small disk needs unshare")
    run = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=120, check=False)
    if not run.stdout.startswith("mounted"):
        pytest.skip(f"no small disk can be mounted here: {run.stderr.strip()}")
    _, stored, refused, counted, after, sound = run.stdout.splitlines()

    assert int(stored.split()[1]) > 3
    assert refused == f"refused The disk of the store {path} is full; nothing was stored. Make room and try again."
    assert counted == f"counted {int(stored.split()[1]) + 1}"
    assert (after, sound) == ("after True", "sound ok")


# broken, or not ours


def both_ways(path):
    """What a reader and a writer are told, twice each, so that nothing is left open in between."""
    told = []
    with SqliteDatabase(str(path), wait=0.5) as database:
        for _ in range(2):
            with pytest.raises(StoreError) as caught:
                list(Listing(database).json({}, sort="created", limit=None))
            told.append(str(caught.value))
            with pytest.raises(StoreError) as caught:
                add(database, "refused")
            told.append(str(caught.value))
    return told


def test_what_is_no_database_is_refused_and_not_touched(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, " * 1000)

    assert set(both_ways(path)) == {
        f"{path} is not a store of tm (or is damaged). Move it away, or name another one: TM_DATABASE_URL=…"
    }
    assert path.read_text() == "Dear reader, " * 1000


def test_a_folder_in_the_place_of_the_store_is_a_sentence(tmp_path):
    assert set(both_ways(tmp_path)) == {f"The store {tmp_path} cannot be opened: it is a folder."}


def test_a_file_in_the_place_of_the_folder_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "tm.db"

    assert all(told.startswith(f"The store {path} cannot be made: ") for told in both_ways(path))


@pytest.mark.parametrize("version", [0, 1, 99])
def test_a_database_of_another_program_is_refused_and_not_touched(tmp_path, version):
    path = tmp_path / "places.sqlite"
    theirs = sqlite3.connect(path)
    theirs.execute("create table moz_places (id integer)")
    theirs.execute(f"pragma user_version = {version}")
    theirs.commit()
    theirs.close()
    before = path.read_bytes()
    told = both_ways(path)

    assert all(str(path) in each and "TM_DATABASE_URL=…" in each for each in told)
    assert all("another program" in each or "is not a store of tm" in each for each in told)
    assert path.read_bytes() == before


def test_a_newer_store_is_refused_with_the_upgrade_and_not_touched(path):
    newer = sqlite3.connect(path)
    newer.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    before = path.read_bytes()

    assert set(both_ways(path)) == {
        f"The store {path} was written by a newer tm (schema {SCHEMA_VERSION + 1}, this one knows "
        f"{SCHEMA_VERSION}). Upgrade: pip install -U tm-hub"
    }
    assert path.read_bytes() == before


def test_a_damaged_store_is_refused_with_the_way_to_save_what_is_left(path):
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)

    for told in both_ways(path):
        assert told == (
            f"The store {path} is damaged. Nothing more is written to it; keep a copy, then save what can be "
            f"read: sqlite3 {path} .recover"
        )


def test_a_store_cut_short_is_refused(path):
    path.write_bytes(path.read_bytes()[:10_000])

    assert all("damaged" in told or "not a store" in told for told in both_ways(path))


def test_a_store_that_went_away_is_not_made_anew_behind_a_workers_back(path):
    with SqliteDatabase(str(path)) as database, database.another() as worker:
        database.close()
        path.unlink()
        with pytest.raises(StoreError) as caught:
            worker.execute("select 1")

    assert str(caught.value) == f"There is no store at {path} any more."
    assert not path.exists()


def test_a_new_store_and_its_folder_are_private(tmp_path):
    path = tmp_path / "new" / "tm.db"
    with SqliteDatabase(str(path)) as database:
        add(database, "x")
        modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}

    assert set(modes.values()) == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


# network file systems


MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:21 / /proc rw shared:5 - proc proc rw
24 22 0:40 / /srv rw,relatime shared:7 master:1 - nfs4 server:/export rw,vers=4.2
25 24 0:41 / /srv/local rw - xfs /dev/vdb rw
26 22 0:42 / /mnt/win\\040share rw - cifs //server/share rw
27 22 0:43 / /wsl rw - 9p C:\\134 rw
28 22 0:44 / /ssh rw - fuse.sshfs me@host: rw
29 22 0:45 / /over rw - overlay overlay rw
30 29 0:46 / /over rw - tmpfs tmpfs rw
"""


@pytest.fixture
def mounts(tmp_path):
    """A mount table to judge by."""
    (tmp_path / "mountinfo").write_text(MOUNTS)
    return str(tmp_path / "mountinfo")


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/srv", "nfs4"), ("/srv/a/b", "nfs4"), ("/mnt/win share/x", "cifs"), ("/wsl/c", "9p"), ("/ssh", "fuse.sshfs")],
)
def test_a_network_file_system_is_refused_by_name(mounts, folder, kind):
    with pytest.raises(StoreError) as caught:
        refuse_network_folder(folder, mounts=mounts)

    assert str(caught.value) == (
        f"{folder} is on a network file system ({kind}), where SQLite loses data. Keep the store on a local disk: "
        "TM_DATABASE_URL=/local/path/tm.db."
    )


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"), ("/home/alice", "ext4"), ("/srvnot", "ext4"), ("/srv/local/x", "xfs"), ("/proc", "proc"),
        ("/over/x", "tmpfs"), ("/srv/localnot/../local", "xfs"),
    ],
)  # fmt: skip
def test_any_other_is_not_and_the_nearest_mount_counts(mounts, folder, kind):
    refuse_network_folder(folder, mounts=mounts)

    assert file_system(folder, mounts=mounts) == kind


def test_where_the_system_does_not_tell_nothing_is_refused(tmp_path):
    refuse_network_folder("/srv", mounts=str(tmp_path / "missing"))

    assert file_system("/srv", mounts=str(tmp_path / "missing")) is None
