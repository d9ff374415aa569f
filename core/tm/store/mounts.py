"""Which file system a folder is on: a store belongs on a disk of one's own, for its log is shared by memory."""
# ruff: noqa: PTH123  # in a container every command asks; pathlib is dear

from __future__ import annotations

import os

from tm.errors import StoreError

MOUNTS = "/proc/self/mountinfo"
ADVICE = "Keep the store on a local disk: TM_DATABASE_URL=/local/path/tm.db"
_NETWORKS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs")


def refuse_network_folder(folder: str, *, mounts: str = MOUNTS) -> None:
    """Raise StoreError when the folder lies on a network file system: WAL needs one host."""
    if kind := network_file_system(folder, mounts=mounts):
        raise StoreError(f"{complaint(folder, kind)} {ADVICE}.")


def network_file_system(folder: str, *, mounts: str = MOUNTS) -> str | None:
    """The type of the network file system that holds a folder, or None where it is on a disk of this machine."""
    kind = file_system(folder, mounts=mounts)
    return kind if kind is not None and (kind in _NETWORKS or kind.startswith("fuse")) else None


def complaint(folder: str, kind: str) -> str:
    """The sentence for a store on a network."""
    return f"{folder} is on a network file system ({kind}), where SQLite loses data."


def file_system(folder: str, *, mounts: str = MOUNTS) -> str | None:
    """The file system type that holds a folder, or None where the system does not tell (macOS).

    `mounts` is a file in the format of Linux' mountinfo.
    """
    try:
        with open(mounts, encoding="utf-8", errors="replace") as file:
            table = file.read()
    except OSError:
        return None
    real = os.path.realpath(folder)
    holder, kind = "", None
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        point = left.split(" ")[4].replace("\\040", " ")
        is_inside = real == point or real.startswith(point.rstrip("/") + "/")
        if is_inside and len(point) >= len(holder):
            holder, kind = point, right.split(" ")[0]
    return kind
