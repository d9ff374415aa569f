"""What is installed, read from package metadata without importing any of it."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points


def installed(group: str) -> dict[str, list[EntryPoint]]:
    """What is installed in an entry-point group, by name; several under one name are all kept."""
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=group):
        if entry not in found.setdefault(entry.name, []):
            found[entry.name].append(entry)
    return found
