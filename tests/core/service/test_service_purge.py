"""After a purge no word of the task is left anywhere in the store's files."""

from __future__ import annotations

from pathlib import Path

from tm.service import completion, editing, lifecycle


def test_after_a_purge_no_word_of_the_task_is_left_in_any_file_of_the_store(desk) -> None:
    word = "Xylophonquittung"
    task = editing.add(desk.work(), {"title": f"Secret {word}", "description": f"all about {word}", "labels": [word]})
    lifecycle.progress(desk.work(), task, f"note {word}")
    editing.update(desk.work(), task, {"title": f"Other {word}"})
    completion.complete(desk.work(), task, summary=f"done {word}")
    files = sorted(Path(desk.database.path).parent.glob("*.db*"))
    before = [path.name for path in files if word.lower().encode() in path.read_bytes().lower()]
    editing.delete(desk.work(), task, purge=True)
    after = [path.name for path in files if path.exists() and word.lower().encode() in path.read_bytes().lower()]

    assert before
    assert after == []
