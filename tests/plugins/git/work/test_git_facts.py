"""What branches and messages say of tasks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm_git.facts import (
    WORDS,
    Named,
    branch_for,
    branch_merged_by,
    completed_by,
    kind_of,
    reverted_by,
    slug,
    task_in_branch,
    tasks_in_message,
)

ID = "7f3a0c11"


@pytest.mark.parametrize(
    ("branch", "named"),
    [
        (f"feature/{ID}", Named(ID)),
        (f"feature/{ID}-ship-it", Named(ID)),
        (f"feature/{ID}-PROJ-123-ship-it", Named(ID, "PROJ-123")),
        (f"feature/{ID}-PROJ-123", Named(ID, "PROJ-123")),
        (f"feature/{ID}-PROJ-123x", Named(ID)),
        (f"{ID}/ship-it", Named(ID)),
        ("feature/7f3a0c1", None),
        (f"feature/{ID}0", None),
        (f"bugfix/{ID}", None),
        ("main", None),
        ("", None),
    ],
)
def test_a_branch_names_the_task_at_its_head(branch, named):
    assert task_in_branch(branch) == named


@given(st.text(), st.from_regex(r"[A-Z][A-Z0-9_]{1,5}-[0-9]{1,5}", fullmatch=True) | st.none() | st.text())
def test_a_branch_made_for_a_task_is_read_again_whatever_its_title(title, key):
    found = task_in_branch(branch_for(ID, title, key=key))

    assert found is not None
    assert found.task_id == ID
    assert found.key in (key, None)


@given(st.text())
def test_a_slug_is_short_and_plain(title):
    assert len(slug(title)) <= 40
    assert not set(slug(title)) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert "--" not in slug(title)


def test_a_slug_keeps_whole_words():
    assert slug("Über-fast CSV export: streams a million rows per second") == "uber-fast-csv-export-streams-a-million"


def test_ids_come_from_trailers_and_from_whole_lines_once():
    message = f"Subject\n\nTask-ID: {ID}\nsee Task-ID: 11111111\n> Task-ID: 22222222\ntask-id: 33333333\n\nmore\n"

    assert tasks_in_message(message, [ID, ""]) == (ID, "33333333")


@pytest.mark.parametrize(
    ("message", "statuses", "done"),
    [
        (f"fixes {ID}", (), [ID]),
        (f"This Closes: #{ID}, really", (), [ID]),
        (f"prefixes {ID}", (), []),
        (f"fix-{ID}", (), []),
        (f"fixes {ID}0", (), []),
        (f"fixes it\n{ID}", (), []),
        ("whatever", ("done",), ["aaaaaaaa"]),
        ("whatever", ("started",), []),
    ],
)
def test_a_commit_means_to_complete_by_a_trailer_or_by_a_whole_word_before_the_id(message, statuses, done):
    assert completed_by(message, statuses, named=["aaaaaaaa"], words=WORDS) == done


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("feat: rows", ("feat", "rows")),
        ("Feat(csv)!:  rows ", ("feat", "rows")),
        ("feat:rows", ("", "feat:rows")),
        ("feat: ", ("", "feat: ")),
        ("a feat: rows", ("", "a feat: rows")),
    ],
)
def test_a_conventional_subject_has_a_type(subject, kind):
    assert kind_of(subject) == kind


def test_without_words_only_the_trailer_counts():
    assert completed_by(f"fixes {ID}", (), named=[ID], words=()) == []


def test_reverts_and_merges_are_read_as_git_and_hosts_write_them():
    assert reverted_by('Revert "x"\n\nThis reverts commit 0123456789abcdef.\n') == "0123456789abcdef"
    assert branch_merged_by(f"Merge pull request #7 from ann/feature/{ID}-x") == f"feature/{ID}-x"
    assert branch_merged_by(f"Merge branch 'feature/{ID}-x' into main") == f"feature/{ID}-x"
    assert branch_merged_by("Merge what?") is None


@given(st.text(), st.lists(st.text()))
def test_no_message_breaks_the_readers(message, statuses):
    tasks_in_message(message, statuses)
    completed_by(message, statuses, named=[], words=WORDS)
    reverted_by(message)
    branch_merged_by(message)
