"""What a settings file may say, and the sentence for what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from tm.config.jsonschema import json_schema
from tm.config.places import find_place
from tm.config.plugin import PluginSettings
from tm.config.schema import EXAMPLES, FullSettings, HubFile, full
from tm.errors import ConfigError


def read(folder: Path, environ: dict[str, str]) -> FullSettings:
    return full(find_place(environ, str(folder)), environ)


def test_templates_people_and_plugins_are_read_with_their_origins(repository, environ):
    file = repository / "tm.toml"
    file.write_text(
        '[templates.feature]\ncriteria = ["coverage >= 85"]\npriority = "high"\nestimated_hours = 3\n'
        '[people.alice]\nemail = "a@x"\nslack = "U1"\n'
        '[plugins.chat]\nchannel = "C1"\n[plugins.chat.card]\nsize = 1\n'
    )

    found = read(repository, environ | {"TM_TEAM": "platform"})

    template = found.templates["feature"]
    assert (template.criteria, template.priority, template.estimated_hours) == (
        ("coverage >= 85",),
        "high",
        3.0,
    )
    assert found.people == {"alice": {"email": "a@x", "slack": "U1"}}
    assert found.plugins == {"chat": {"channel": "C1", "card": {"size": 1}}}
    assert found.plugin_origins("chat") == {"channel": str(file), "card.size": str(file)}
    assert (found.core.team, found.origins["team"]) == ("platform", "TM_TEAM")
    assert found.core.plugins == ("chat",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('\nteem = "x"\n', "2: teem is not a setting; did you mean team?"),
        ("quite_other = 1\n", "1: quite_other is not a setting; there are database_url, delivery,"),
        ("team = 5\n", '1: team should be a valid string. Example: team = "platform"'),
        ('team = ""\n', "1: team should have at least 1 character"),
        ('delivery = "later"\n', "1: delivery should be 'auto', 'background', 'inline' or"),
        ('delivery = "backround"\n', "1: delivery should be 'auto', 'background', 'inline' or 'worker'; did you mean"),
        ("[plugin.chat]\n", "1: plugin is not a setting; did you mean plugins?"),
        ("team = 'x'\n\n[template.x]\npriority = 'low'\n", "3: template is not a setting; did you mean templates?"),
        ("delivery_wait = true\n", "1: delivery_wait should be a valid number. Example: delivery_wait = 10"),
        ("delivery_wait = -1\n", "1: delivery_wait must be a number of seconds from 0 to 3600. Example"),
        ("delivery_wait = nan\n", "1: delivery_wait must be a number of seconds from 0 to 3600"),
        ('task_url = "ftp://x/{id}"\n', "1: task_url must be an http or https address that contains"),
        ('timezone = "Europe/Berln"\n', "1: timezone is wrong: Unknown time zone 'Europe/Berln'."),
        ('database_url = "postgresql://u:hunter2@h/d"\n', "1: PostgreSQL stores are not part"),
        ('[people.alice]\n\nemial = "a"\n', "3: people.alice.emial is not a setting; did you mean email?"),
        ("[templates.a]\ncriteria = 'x'\n", "2: templates.a.criteria should be a list. Example"),
        ("[templates.a]\ncriteria = ['x', 5]\n", "2: templates.a.criteria.1 should be a valid string"),
        (
            "[templates.a]\nlabels = ['b']\ncriteria = ['fine', 'coverage => 85']\n",
            "3: templates.a.criteria.1 cannot be read: Criterion 'coverage => 85': '=>' is not an operator here",
        ),
        (f"[templates.a]\ncriteria = {['x'] * 11}\n", "2: templates.a.criteria should have at most 10 items"),
        ("[templates.a]\npriority = 'urgent'\n", "2: templates.a.priority should be 'low', 'medium', 'high'"),
        ("[templates.a]\nestimated_hours = inf\n", "2: templates.a.estimated_hours should be a finite"),
        ("[plugins]\nchat = true\n", "2: plugins.chat should be a table. Example: [plugins.my_plugin]"),
        ("people = 3\n", "1: people should be a table"),
        ("[plugins.My-Chat]\n", "1: plugins.My-Chat cannot be a plugin's name: use lower-case letters"),
        ("[plugins.web]\n", "1: plugins.web cannot be a plugin's name"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_what_would_be_right(repository, environ, text, said):
    (repository / "tm.toml").write_text(text)

    with pytest.raises(ConfigError) as refused:
        read(repository, environ)

    assert f"tm.toml:{said}" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_mistake_is_sought_in_the_file_it_stands_in(repository, environ, home):
    user = home / ".config" / "tm" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text("\n\ndelivery = 3\n")
    (repository / "tm.toml").write_text('team = "x"\n')

    with pytest.raises(ConfigError, match=r"config\.toml:3: delivery"):
        read(repository, environ)


def test_the_keys_of_plugins_are_not_judged_here(repository, environ):
    (repository / "tm.toml").write_text("[plugins.chat]\nanything = 1\nenabled = 'perhaps'\n")

    assert read(repository, environ).core.plugins == ("chat",)


def test_the_users_own_file_may_put_the_store_anywhere(home, environ):
    user = home / ".config" / "tm" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text(f'database_url = "{home}/shared/team.db"\n')

    found = read(home, environ)

    assert found.core.database_url == f"{home}/shared/team.db"
    assert found.place.folder == f"{home}/shared"


def test_every_top_level_key_has_an_example_that_can_be_copied():
    assert set(EXAMPLES) == set(HubFile.model_fields)


class Card(PluginSettings):
    """Settings of an imaginary plugin."""

    token: SecretStr
    """Token of the bot."""
    channel: str | None = None
    """Where to write."""


def test_the_schema_for_editors_knows_the_core_and_every_plugin():
    schema = json_schema({"chat": Card})

    properties = schema["properties"]
    section = schema["$defs"]["plugin_chat"]
    assert properties["plugins"]["properties"] == {"chat": {"$ref": "#/$defs/plugin_chat"}}
    assert properties["plugins"]["additionalProperties"] == {"type": "object"}
    assert properties["team"]["type"] == "string"
    assert properties["team"]["description"].startswith("Default team")
    assert properties["templates"]["additionalProperties"] == {"$ref": "#/$defs/Template"}
    assert {"token", "token_file", "channel", "when", "interval"} <= set(section["properties"])
    assert section["properties"]["channel"]["type"] == "string"
    assert section["additionalProperties"] is False
    assert "required" not in section


def test_the_schema_says_nothing_about_null():
    assert "null" not in str(json_schema({"chat": Card}))
