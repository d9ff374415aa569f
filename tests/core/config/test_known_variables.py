"""Variables that look like tm's and are not."""

from __future__ import annotations

import re
from pathlib import Path

import tm
from tm.config.core import KEYS
from tm.config.variables import VARIABLES, unknown_variables


def test_a_misspelled_variable_is_named_with_the_nearest_real_one():
    assert unknown_variables({"TM_DELIVRY": "inline"}) == ["TM_DELIVRY is no variable of tm; did you mean TM_DELIVERY?"]


def test_a_variable_of_another_program_is_mentioned_and_no_more():
    assert unknown_variables({"TM_QUITE_OTHER": "1"}) == [
        "TM_QUITE_OTHER is no variable of tm; it may belong to another program."
    ]


def test_a_plugin_variable_without_plugin_or_key_is_mentioned():
    found = unknown_variables({"TM_PLUGINS__CHAT": "1", "TM_PLUGINS__A-B__C": "1", "TM_PLUGINS__CHAT__TOKEN": "1"})

    assert found == [
        "TM_PLUGINS__A-B__C sets nothing: write TM_PLUGINS__<NAME>__<KEY> with a plugin's name and key.",
        "TM_PLUGINS__CHAT sets nothing: write TM_PLUGINS__<NAME>__<KEY> with a plugin's name and key.",
    ]


def test_what_tm_reads_is_known():
    assert unknown_variables(dict.fromkeys(VARIABLES, "x") | {"HOME": "/", "TMPDIR": "/"}) == []


def test_every_variable_the_code_asks_for_is_known():
    code = "".join(file.read_text() for file in Path(tm.__file__).parent.rglob("*.py"))

    asked = set(re.findall(r"""environ(?:\.get\(|\[)"(TM_[A-Z_]+)\"""", code))

    assert "TM_TRUST" in asked
    assert asked | {f"TM_{key.upper()}" for key in KEYS} <= set(VARIABLES)
