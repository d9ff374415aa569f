"""Reading, merging and pointing at settings files."""

from __future__ import annotations

import os
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tm.config.files import LIMIT, lay_over, merged, origin_of, read_toml, write_private
from tm.config.lines import dotted, line_of, where
from tm.config.places import find_place
from tm.errors import ConfigError

KEYS = st.text(st.sampled_from('ab."\\ é'), max_size=3)
TABLES = st.recursive(
    st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
FILES = st.dictionaries(KEYS, TABLES, max_size=3)


def expected(below: object, above: object) -> object:
    """Tables merge key by key; anything else replaces: said once more, without sharing code."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {
            key: expected(below[key], above[key]) if key in below and key in above else {**below, **above}[key]
            for key in below | above
        }
    return above


def leaves(value: object, at: tuple[str, ...] = ()) -> dict[str, object]:
    if isinstance(value, dict) and value:
        return {name: leaf for key, inner in value.items() for name, leaf in leaves(inner, (*at, key)).items()}
    return {dotted(at): value}


@settings(max_examples=50)
@given(below=FILES, above=FILES)
def test_tables_merge_key_by_key_and_everything_else_replaces(below, above):
    values: dict[str, object] = {}
    origins: dict[str, str] = {}

    lay_over(values, below, origins=origins, where="below")
    lay_over(values, above, origins=origins, where="above")

    assert values == expected(below, above)
    assert all(origin_of(origins, name) for name in leaves(values) if name)
    assert all(origins[name] == "above" for name, leaf in leaves(above).items() if name and leaf != {})


@settings(max_examples=50)
@given(below=FILES, above=FILES)
def test_merging_leaves_what_was_read_as_it_was(below, above):
    kept = repr(below), repr(above)
    values: dict[str, object] = {}

    lay_over(values, below, origins={}, where="below")
    lay_over(values, above, origins={}, where="above")

    assert (repr(below), repr(above)) == kept


def test_every_value_knows_its_file(repository, environ, home):
    user = home / ".config" / "tm" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text('team = "mine"\n[people.alice]\nemail = "a@x"\n[plugins.chat]\nevents = ["a", "b"]\n')
    (repository / "tm.toml").write_text('[people.alice]\nslack = "U1"\n[plugins.chat]\nevents = ["c"]\n')

    found = merged(find_place(environ, str(repository)))

    assert found.values == {
        "team": "mine",
        "people": {"alice": {"email": "a@x", "slack": "U1"}},
        "plugins": {"chat": {"events": ["c"]}},
    }
    assert found.origins == {
        "team": str(user),
        "people.alice.email": str(user),
        "people.alice.slack": f"{repository}/tm.toml",
        "plugins.chat.events": f"{repository}/tm.toml",
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'a = 1\nb = 2\nteam "x"\n', r"tm\.toml:3: this is not TOML: Expected '=' .* \(column 6\)"),
        (b"a = [1,\n2", r"tm\.toml:2: this is not TOML"),
        (b"a = 1\na = 2\n", r"tm\.toml:2: this is not TOML: Cannot overwrite a value"),
        (b"a = 1\n# caf\xe9\n", r"tm\.toml:2: this is not UTF-8"),
        (b"a = " + b"[" * 200_000, r"tm\.toml: the tables and lists are nested too deeply"),
        (b"a = " + b"9" * 10_000, r"tm\.toml:1: this is not TOML"),
        (b"#" * (LIMIT + 1), r"tm\.toml is larger than 1 MiB"),
        (b"\0", r"tm\.toml:1: this is not TOML"),
    ],
    ids=["no-equals", "open-list", "twice", "latin-1", "deep", "long-number", "large", "nul"],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path, content, said):
    file = tmp_path / "tm.toml"
    file.write_bytes(content)

    with pytest.raises(ConfigError, match=said):
        read_toml(str(file))


def test_very_deep_tables_are_refused(repository, environ):
    (repository / "tm.toml").write_text(".".join("a" * 3000) + " = 1\n")

    with pytest.raises(ConfigError, match=r"tm\.toml:1: .* nested too deeply"):
        merged(find_place(environ, str(repository)))


def test_many_numbers_in_a_line_are_no_deep_table(tmp_path):
    file = tmp_path / "tm.toml"
    file.write_text(f"a = [{', '.join(['1.0'] * 500)}]\nb = '{'a.b/' * 500}'\n")

    assert len(read_toml(str(file))["a"]) == 500


def test_a_value_as_long_as_a_file_may_be_is_read(tmp_path):
    file = tmp_path / "tm.toml"
    file.write_text(f"a = '{'a b' * 300_000}'\n")

    assert len(read_toml(str(file))["a"]) == 900_000


def test_a_folder_or_a_pipe_is_no_settings_file(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    for name in ("folder", "pipe"):
        with pytest.raises(ConfigError, match=f"{name} is not a file"):
            read_toml(str(tmp_path / name))


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(ConfigError, match=r"Cannot read .*none\.toml: No such file or directory"):
        read_toml(str(tmp_path / "none.toml"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_said_to_be_so(tmp_path):
    (tmp_path / "tm.toml").touch(mode=0o000)

    with pytest.raises(ConfigError, match="Permission denied"):
        read_toml(str(tmp_path / "tm.toml"))


def test_a_byte_order_mark_is_passed_by(tmp_path):
    (tmp_path / "tm.toml").write_bytes(b'\xef\xbb\xbfteam = "x"\r\n')

    assert read_toml(str(tmp_path / "tm.toml")) == {"team": "x"}


LAYOUT = '''\
team = "x"
note = """
[plugins.chat]
channel = "no"
"""
plugins.wiki.url = "u"
[people."a.b"]
email = "e"
[ plugins . chat ]
channel = "yes"
card = { color = "red", size = 1 }
routes_text = [
  "when = never",
]
[[plugins.chat.routes]]
when = "a"
[[plugins.chat.routes]]
when = "b"
[plugins.chat.routes.card]
color = "blue"
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("team", 1),
        ("plugins.wiki.url", 6),
        ('people."a.b".email', 8),
        ("plugins.chat", 9),
        ("plugins.chat.channel", 10),
        ("plugins.chat.card.color", 11),
        ("plugins.chat.routes_text.0", 12),
        ("plugins.chat.routes.0.when", 16),
        ("plugins.chat.routes.1.when", 18),
        ("plugins.chat.routes.1.card.color", 20),
        ("plugins.chat.absent", 9),
        ("absent", None),
    ],
)
def test_a_key_is_found_on_its_line(tmp_path, key, line):
    file = tmp_path / "tm.toml"
    file.write_text(LAYOUT)
    tomllib.loads(LAYOUT)

    assert line_of(str(file), key) == line
    assert where(str(file), key) == (f"{file}:{line}" if line else str(file))


def test_a_file_that_is_gone_has_no_lines():
    assert line_of("/no/such/file", "team") is None


@given(text=st.text(st.sampled_from("ab.[]=\"'{},\n\\ #"), max_size=60), key=st.text(max_size=5))
def test_looking_for_a_line_never_fails(tmp_path_factory, text, key):
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text(text)

    line = line_of(str(file), key)

    assert line is None or 1 <= line <= text.count("\n") + 1


def test_a_private_file_is_replaced_whole_and_only_ours(tmp_path):
    file = tmp_path / "new" / "private"

    write_private(str(file), "one")
    write_private(str(file), "two")

    assert file.read_text() == "two"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in file.parent.iterdir()] == ["private"]


def test_a_private_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken").mkdir()

    with pytest.raises(OSError, match="taken"):
        write_private(str(tmp_path / "taken"), "text")

    assert [each.name for each in tmp_path.iterdir()] == ["taken"]
