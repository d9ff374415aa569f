"""The spool is read in order, repeated after a kill, and never loses a note."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from tests.projects import make_project

import tm
from tm import Refused, StoreError
from tm_git import intake
from tm_git.spooled import BIG, Spool


def note(*words, at="1795804933", folder="/repo"):
    return "\0".join(("", "~tm1", at, folder, *words, "\n", "")).encode()


def commit(number):
    return note("commit", f"{number:040x}", "main")


def numbers(batch):
    return [int(each.words[0], 16) for each in batch.entries]


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path)


def append(spool, text):
    with (spool.folder / "spool").open("ab") as file:
        file.write(text)


def test_notes_come_in_their_order_and_only_once(spool):
    append(spool, commit(1) + commit(2))
    first = spool.read()
    spool.advance(first)
    append(spool, commit(3))

    assert numbers(first) == [1, 2]
    assert numbers(Spool(spool.folder).read()) == [3]


def test_what_was_not_passed_over_comes_again(spool):
    append(spool, commit(1))

    assert numbers(spool.read()) == numbers(spool.read()) == [1]


def test_an_unfinished_note_waits_for_its_end(spool):
    half = commit(2)
    append(spool, commit(1) + half[:20])
    first = spool.read()
    spool.advance(first)
    append(spool, half[20:])

    assert (numbers(first), numbers(spool.read())) == ([1], [2])


def test_a_note_after_one_that_was_cut_off_is_read(spool):
    append(spool, commit(1)[:30] + commit(2))

    assert numbers(spool.read()) == [2]


@pytest.mark.parametrize(
    "garbage",
    [
        b"rubbish\0\n\0", b"\0\n\0", b"\0\0\0\0\n\0", note("comit", "a", "b"), note("commit", "a"), note(),
        note("commit", "a", "b", at="noon"), note("commit", "a", "b", folder="nowhere"), b"\xff\xfe\0\n\0",
        note("rewrite", "amend", "old"),
    ],
)  # fmt: skip
def test_garbage_is_counted_and_what_follows_is_read(spool, garbage):
    append(spool, garbage + commit(1))
    batch = spool.read()

    assert (numbers(batch), batch.garbage) == ([1], 1)


def test_a_disk_full_of_anything_is_passed_over_piece_by_piece(spool):
    append(spool, b"\0" * 5000 + b"\0\n\0" + commit(1))
    seen, garbage = [], 0
    while not (batch := spool.read(1000)).is_empty:
        seen += numbers(batch)
        garbage += batch.garbage
        spool.advance(batch)

    assert seen == [1]
    assert garbage >= 5


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"1": "x"}', "null"])
def test_a_cursor_torn_by_a_crash_repeats(spool, cursor):
    append(spool, commit(1))
    (spool.folder / "cursor").write_text(cursor)

    assert numbers(spool.read()) == [1]


def test_a_spool_that_somebody_emptied_is_read_from_its_start(spool):
    append(spool, commit(1) + commit(2))
    spool.advance(spool.read())
    (spool.folder / "spool").write_bytes(commit(3))

    assert numbers(spool.read()) == [3]


def test_a_hook_that_writes_into_the_file_that_was_put_aside_is_read(spool):
    append(spool, commit(1))
    with (spool.folder / "spool").open("ab") as late:
        append(spool, commit(2) * (BIG // len(commit(2)) + 1))
        spool.advance(spool.read())
        late.write(commit(3))
    append(spool, commit(4))

    assert not (spool.folder / "spool.old").stat().st_size < BIG
    assert numbers(spool.read()) == [3, 4]


def test_a_hundred_times_put_aside_nothing_is_lost_or_out_of_order(spool):
    seen, sent = [], []
    for round in range(100):
        for _ in range(9):
            sent.append(len(sent))
            append(spool, commit(sent[-1]))
        if round % 3 == 0:  # a big one
            append(spool, note("commit", "0", "x" * BIG))
        batch = spool.read()
        seen += [number for number, each in zip(numbers(batch), batch.entries, strict=True) if each.words[1] == "main"]
        spool.advance(batch)

    assert seen == sent


def test_pieces_are_read_in_order_across_the_file_put_aside(spool):
    for number in range(40):
        append(spool, commit(number))
    (spool.folder / "spool").rename(spool.folder / "spool.old")
    append(spool, commit(40))
    seen = []
    while not (batch := spool.read(500)).is_empty:
        seen += numbers(batch)
        spool.advance(batch)

    assert seen == list(range(41))


def test_a_hook_held_up_while_two_files_fill_is_not_lost(spool):
    append(spool, commit(0))
    with (spool.folder / "spool").open("ab") as slow:
        for _ in range(2):
            append(spool, note("commit", f"{1:040x}", "x" * BIG))
            spool.advance(spool.read())
        slow.write(commit(2))
    seen = numbers(spool.read())

    assert seen == [2]


def test_writers_and_a_taker_at_once_lose_nothing(spool):
    count, seen, is_over = 400, [], threading.Event()

    def write(writer):
        for number in range(count):
            append(spool, note("commit", f"{writer * count + number:040x}", "x" * 300))

    def read():
        while not (is_over.is_set() and spool.read().is_empty):
            batch = spool.read()
            seen.extend(numbers(batch))
            spool.advance(batch)

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for each in (reader, *writers):
        each.start()
    for each in writers:
        each.join()
    is_over.set()
    reader.join()

    assert sorted(seen) == list(range(4 * count))
    assert (spool.folder / "spool.old").exists()


class Handling:
    """Stands in for what is done with entries: keeps them, answers as told."""

    def __init__(self):
        self.entries, self.answers = [], []

    def __call__(self, entries, repo, hub):
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, BaseException):
            raise answer
        self.entries.extend(entries)
        return answer() if callable(answer) else answer


@pytest.fixture
def handled():
    return Handling()


def test_a_take_hands_over_everything_and_returns_the_remarks(box, handled, hub):
    sha = box.commit("a")
    handled.answers = [["There is no task 1a2b3c4d."]]

    assert intake.take(box.repo, hub, handle=handled) == ["There is no task 1a2b3c4d."]
    assert [(each.moment, *each.words) for each in handled.entries] == [("commit", sha, "main")]
    assert Spool(box.room).waiting() == 0


def test_a_take_that_fails_passes_over_nothing(box, handled, hub):
    box.commit("a")
    handled.answers = [StoreError("locked")]
    with pytest.raises(StoreError):
        intake.take(box.repo, hub, handle=handled)

    assert Spool(box.room).waiting() == 1


def test_what_is_noted_while_a_take_ends_is_taken_by_it(box, handled, hub):
    box.commit("a")

    def commit_meanwhile():
        box.commit("b")
        return []

    handled.answers = [commit_meanwhile]
    intake.take(box.repo, hub, handle=handled)

    assert len(handled.entries) == 2


def test_garbage_is_remarked_once(box, handled, hub):
    box.commit("a")
    append(Spool(box.room), b"rubbish\0\n\0")
    [remark] = intake.take(box.repo, hub, handle=handled)

    assert "make no sense" in remark
    assert intake.take(box.repo, hub, handle=handled) == []


def test_a_second_take_leaves_it_to_the_first_and_a_patient_one_waits(box, handled, hub):
    box.commit("a")
    spool = Spool(box.room)
    with spool.lock(wait=0, now=time.monotonic) as is_ours:
        assert is_ours
        assert intake.take(box.repo, hub, handle=handled) == []
        with pytest.raises(Refused, match="at work"):
            intake.take(box.repo, hub, patience=0.1, handle=handled)
        assert handled.entries == []
    intake.take(box.repo, hub, patience=1, handle=handled)

    assert len(handled.entries) == 1


def test_a_repository_without_hooks_has_nothing_to_take(bare_box, handled, hub):
    assert intake.take(bare_box.repo, hub, handle=handled) == []
    assert not bare_box.room.exists()


def test_a_spool_that_cannot_be_written_is_one_sentence(box, handled, hub):
    box.commit("a")
    (box.room / "cursor.next").mkdir()
    with pytest.raises(StoreError, match="will be taken again"):
        intake.take(box.repo, hub, handle=handled)


KILLED = """
import os, signal, sys
from tm_git.repo import Repo
from tm_git.spooled import Spool
from tm_git import intake
class Hub:
    class clock:
        monotonic = staticmethod(lambda: 0.0)
seen, point = sys.argv[1], int(sys.argv[2])
steps = iter(range(100))
def step(*_):
    if next(steps) == point:
        os.kill(os.getpid(), signal.SIGKILL)
def handle(entries, repo, hub):
    step()
    with open(seen, "a") as file:
        file.writelines(each.words[0] + "\\n" for each in entries)
    step()
    return []
save = Spool._save
def saving(self, cursor):
    step(); save(self, cursor); step()
Spool._save = saving
Spool.expect_hooks_to_start_takes = step
intake.take(Repo(sys.argv[3]), Hub(), handle=handle)
"""


@pytest.mark.parametrize("point", range(8))
def test_a_take_killed_anywhere_repeats_and_never_loses(box, tmp_path, point):
    shas = [box.commit(f"c{number}") for number in range(3)]
    append(Spool(box.room), note("commit", "f" * 40, "x" * BIG))
    seen = tmp_path / "seen"
    command = [sys.executable, "-c", KILLED, str(seen)]
    ends = [
        subprocess.run(
            [*command, str(each), str(box.folder)], check=False, env={**os.environ, **box.environ}
        ).returncode
        for each in (point, 99)
    ]
    lines = seen.read_text().split()

    assert ends == [-signal.SIGKILL if point < 7 else 0, 0]
    assert list(dict.fromkeys(lines)) == [*shas, "f" * 40]
    assert Spool(box.room).waiting() == 0


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The plugin's hub, by the public way."""
    folder = tmp_path / "project"
    folder.mkdir()
    make_project(folder, home=tmp_path)
    (folder / "tm.toml").write_text("delivery = 'worker'\n[plugins.git]\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    with tm.open_hub("git") as hub:
        yield hub


def test_a_batch_is_json_clean(box):
    box.commit("a")
    [entry] = Spool(box.room).read().entries

    assert json.loads(json.dumps(entry))[0] == "commit"
