"""Binding one plugin's settings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator

from tm.config.places import find_place
from tm.config.plugin import PluginSettings, bind, provenance, secret_values
from tm.config.schema import FullSettings, full
from tm.errors import ConfigError

SECRET_VARIABLE = "TM_PLUGINS__CHAT__TOKEN"  # noqa: S105  # a name, not a secret


class Route(BaseModel):
    """One route of the imaginary plugin."""

    model_config = {"extra": "forbid", "hide_input_in_errors": True}

    when: str = ""
    channel: str = ""
    webhook: SecretStr | None = None


class Card(BaseModel):
    """A table in the imaginary plugin's section."""

    model_config = {"extra": "forbid", "hide_input_in_errors": True}

    color: str = "green"
    size: int = 1


class Settings(PluginSettings):
    """Settings of the imaginary plugin `chat`."""

    token: SecretStr | None = None
    channel: str = ""
    events: tuple[str, ...] = ()
    retries: int = Field(default=1, ge=0)
    pair: tuple[int, int] | None = None
    names: dict[str, str] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    card: Card = Card()
    log_file: str = ""

    @field_validator("token")
    @classmethod
    def _starts_right(cls, token: SecretStr | None) -> SecretStr | None:
        if token and not token.get_secret_value().startswith("xo"):
            raise ValueError(f"{token.get_secret_value()} does not start with xo")
        return token

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        if self.channel == "nowhere":
            raise ValueError("channel and routes do not fit together")
        return self


@pytest.fixture
def hub(repository, environ):
    """What the files and variables say, given the text of tm.toml and more variables."""

    def read(text: str = "", **variables: str) -> FullSettings:
        (repository / "tm.toml").write_text(text)
        surroundings = environ | variables
        return full(find_place(surroundings, str(repository)), surroundings)

    return read


def refusal(settings: FullSettings, model: type[PluginSettings] = Settings) -> str:
    with pytest.raises(ConfigError) as refused:
        bind("chat", model, settings)
    return str(refused.value)


def test_without_a_word_the_defaults_hold(hub):
    settings = bind("chat", Settings, hub())

    assert (settings.enabled, settings.when, settings.on_dead, settings.concurrency) == (
        True,
        None,
        "skip",
        4,
    )
    assert (settings.max_age, settings.interval) == (None, timedelta(minutes=5))


def test_the_table_of_the_file_is_bound(hub):
    settings = bind("chat", Settings, hub(
        '[plugins.chat]\nchannel = "C1"\nevents = ["a"]\nmax_age = "24h"\ninterval = "90s"\npair = [1, 2]\n'
        'when = "priority == critical and team == platform"\non_dead = "block"\n'
        '[[plugins.chat.routes]]\nwhen = "x"\n[plugins.chat.card]\nsize = 3\n'
    ))  # fmt: skip

    assert (settings.channel, settings.events, settings.pair) == ("C1", ("a",), (1, 2))
    assert (settings.max_age, settings.interval) == (timedelta(hours=24), timedelta(seconds=90))
    assert (settings.routes[0].when, settings.card) == ("x", Card(size=3))
    assert settings.on_dead == "block"


def test_a_variable_wins_over_the_table_key_by_key(hub):
    settings = bind("chat", Settings, hub(
        '[plugins.chat]\nchannel = "C1"\nevents = ["a"]\n[plugins.chat.card]\ncolor = "red"\nsize = 3\n',
        TM_PLUGINS__CHAT__CHANNEL="C2",
        TM_PLUGINS__CHAT__EVENTS="b, c",
        TM_PLUGINS__CHAT__CARD__SIZE="4",
        TM_PLUGINS__CHAT__NAMES__BLOCKED="On hold",
        TM_PLUGINS__CHAT__ENABLED="false",
        TM_PLUGINS__CHAT__RETRIES="",
    ))  # fmt: skip

    assert (settings.channel, settings.events, settings.retries) == ("C2", ("b", "c"), 1)
    assert (settings.card.color, settings.card.size) == ("red", 4)
    assert settings.names == {"blocked": "On hold"}
    assert not settings.enabled


def test_lists_and_tables_in_variables_may_be_json(hub):
    settings = bind("chat", Settings, hub(
        TM_PLUGINS__CHAT__EVENTS='["a, b", "c"]',
        TM_PLUGINS__CHAT__PAIR="3,4",
        TM_PLUGINS__CHAT__ROUTES='[{"when": "x"}]',
        TM_PLUGINS__CHAT__CARD='{"color": "red"}',
        TM_PLUGINS__CHAT__CARD__SIZE="2",
        TM_PLUGINS__CHAT__CHANNEL="[not, json",
    ))  # fmt: skip

    assert (settings.events, settings.pair, settings.channel) == (("a, b", "c"), (3, 4), "[not, json")
    assert (settings.routes[0].when, settings.card.color, settings.card.size) == ("x", "red", 2)


def test_the_process_environment_and_dotenv_files_are_never_read(hub, monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("CHANNEL=dotenv\nTM_PLUGINS__CHAT__CHANNEL=dotenv\n")
    monkeypatch.chdir(tmp_path)
    for name in ("CHANNEL", "channel", "TM_PLUGINS__CHAT__CHANNEL"):
        monkeypatch.setenv(name, "leaked")

    assert bind("chat", Settings, hub()).channel == ""
    assert Settings().channel == ""


def test_a_secret_may_come_from_anywhere_and_the_nearest_to_the_process_wins(hub, repository, home):
    table = '[plugins.chat]\ntoken = "xo-table"\n'
    (home / "file").write_text("xo-file\n")
    assert secret_values(bind("chat", Settings, hub(table))) == ("xo-table",)

    secrets = repository / ".git" / "tm" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.touch(mode=0o600)
    secrets.write_text('[chat]\ntoken = "xo-secrets"\n')
    assert secret_values(bind("chat", Settings, hub(table))) == ("xo-secrets",)

    assert secret_values(bind("chat", Settings, hub(f'[plugins.chat]\ntoken_file = "{home}/file"\n'))) == ("xo-file",)
    (home / "file2").write_text(" xo-file2 \n")
    variables = {"TM_PLUGINS__CHAT__TOKEN_FILE": f"{home}/file2"}
    assert secret_values(bind("chat", Settings, hub(table, **variables))) == ("xo-file2",)

    variables |= {SECRET_VARIABLE: "xo-variable"}
    assert secret_values(bind("chat", Settings, hub(table, **variables))) == ("xo-variable",)


def test_a_secret_file_counts_from_the_settings_file_and_may_stand_in_a_route(hub, repository):
    (repository / "hook").write_text("https://hooks.example.com/1\n")

    settings = bind("chat", Settings, hub('[[plugins.chat.routes]]\nwebhook_file = "hook"\n'))

    assert secret_values(settings) == ("https://hooks.example.com/1",)


def test_a_secret_file_that_a_variable_overrules_need_not_exist(hub):
    settings = bind("chat", Settings, hub('[plugins.chat]\ntoken_file = "/none"\n', **{SECRET_VARIABLE: "xo-1"}))

    assert secret_values(settings) == ("xo-1",)


def test_a_key_that_really_ends_in_file_is_no_pointer(hub):
    text = '[plugins.chat]\nlog_file = "/none"\n'

    assert bind("chat", Settings, hub(text)).log_file == "/none"
    assert bind("chat", Settings, hub(TM_PLUGINS__CHAT__LOG_FILE="/none")).log_file == "/none"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('chanel = "C1"\n', "2: chanel is not a setting; did you mean channel?"),
        ("\nretries = 'x'\n", "3: retries should be a valid integer"),
        ("concurrency = 65\n", "2: concurrency should be less than or equal to 64"),
        ("on_dead = 'stop'\n", "2: on_dead should be 'block' or 'skip'"),
        ("max_age = 24\n", "2: max_age should be a duration like 90s, 15m, 24h"),
        ("interval = '0s'\n", "2: interval should be a duration"),
        ("max_age = '999999d'\n", "2: max_age should be a duration"),
        ("when = 'priorty == high'\n", "2: when cannot be read: The name 'priorty'"),
        ("when = 'priority == hihg'\n",
         "2: when cannot be read: priority is never 'hihg'; choose one of low, medium, high, critical."),
        ("when = 'status in [blocked, done]'\n", "2: when cannot be read: status is never 'done'"),
        ("when = 'event != complete'\n", "2: when cannot be read: event is never 'complete'; choose one of created,"),
        ("when = 'priority >= high'\n", "2: when cannot be read: priority is a word, not a number"),
        ("when = 'priority ='\n", "2: when cannot be read: "),
        ("card = 5\n", "2: card should be a table"),
        ("[plugins.chat.card]\ncolour = 'x'\n", "3: card.colour is not a setting; did you mean color?"),
        ("[[plugins.chat.routes]]\n[[plugins.chat.routes]]\nwehn = 'x'\n",
         "4: routes.1.wehn is not a setting; did you mean when?"),
        ("channel = 'nowhere'\n", "1: channel and routes do not fit together"),
        ("_env_file = '/etc/passwd'\n", "2: _env_file is not a setting"),
        ("_cli_parse_args = true\n", "2: _cli_parse_args is not a setting"),
        ("token_file = 5\n", "2: token_file should be the path of a file"),
        ("token_file = '/none'\n", "2: Cannot read /none: No such file or directory."),
    ],
)  # fmt: skip
def test_a_mistake_in_the_table_is_named_with_its_line(hub, text, said):
    sentence = refusal(hub(f"[plugins.chat]\n{text}"))

    assert said in sentence.replace("[plugins.chat] ", "").partition("tm.toml:")[2]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CHANEL", "x", "TM_PLUGINS__CHAT__CHANEL is not a setting; did you mean TM_PLUGINS__CHAT__CHANNEL?"),
        ("CARD__COLOUR", "x", "__CARD__COLOUR is not a setting; did you mean TM_PLUGINS__CHAT__CARD__COLOR?"),
        ("CHANNEL__ID", "x", "TM_PLUGINS__CHAT__CHANNEL__ID reaches into channel, which is not a table"),
        ("RETRIES", "many", "TM_PLUGINS__CHAT__RETRIES: [plugins.chat] retries should be a valid integer"),
        ("EVENTS", '["a"', "TM_PLUGINS__CHAT__EVENTS is not right JSON. Example: TM_PLUGINS__CHAT__EVENTS="),
        ("CARD", "{" * 99_999, "TM_PLUGINS__CHAT__CARD is not right JSON"),
        ("ENABLED", "perhaps", "TM_PLUGINS__CHAT__ENABLED: [plugins.chat] enabled should be a valid boolean"),
        ("TOKEN_FILE", "/none", "TM_PLUGINS__CHAT__TOKEN_FILE: Cannot read /none: No such file or directory"),
        ("CHANNEL_FILE", "/none", "TM_PLUGINS__CHAT__CHANNEL_FILE is not a setting"),
        ("_ENV_FILE", "/none", "TM_PLUGINS__CHAT___ENV_FILE is not a setting"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_variable_names_the_variable(hub, variable, value, said):
    assert said in refusal(hub(**{f"TM_PLUGINS__CHAT__{variable}": value}))


def test_a_missing_setting_is_said_with_the_ways_to_give_it(hub):
    class Needy(PluginSettings):
        """Needs a token."""

        token: SecretStr

        room: str

    hidden = "token is missing; set it with: tm config secret chat.token (or as TM_PLUGINS__CHAT__TOKEN)"
    plain = "[plugins.chat] room is missing; set it under [plugins.chat] or as TM_PLUGINS__CHAT__ROOM"
    assert hidden in refusal(hub("[plugins.chat]\n"), Needy)
    assert plain in refusal(hub("[plugins.chat]\ntoken = 'abcdef'\n"), Needy)


def test_a_misspelled_setting_is_named_before_the_one_that_is_missing(hub):
    class Needy(PluginSettings):
        """Needs a token."""

        token: SecretStr

    assert "tokn is not a setting; did you mean token?" in refusal(hub("[plugins.chat]\ntokn = 'abcdef'\n"), Needy)


def test_no_secret_is_ever_in_a_refusal(hub):
    def said(text: str = "", **variables: str) -> str:
        return refusal(hub(text, **variables))

    sentences = [
        said('[plugins.chat]\ntoken = "hush-hush"\n'),
        said(**{SECRET_VARIABLE: "hush-hush"}),
        said('[plugins.chat]\ntoken = ["hush-hush"]\n'),
        said('[plugins.chat]\ntoekn = "hush-hush"\n'),
        said('[[plugins.chat.routes]]\nwebhook = { url = "hush-hush" }\n'),
        said('[plugins.chat]\nretries = "hush-hush"\n'),
        said(TM_PLUGINS__CHAT__RETRIES="hush-hush"),
        said('[plugins.chat]\ninterval = "hush-hush"\n'),
    ]

    assert not any("hush" in sentence for sentence in sentences)
    assert "tm.toml:2: [plugins.chat] token *** does not start with xo" in sentences[0]


def test_settings_show_no_secret_and_cannot_be_changed(hub):
    settings = bind("chat", Settings, hub(**{SECRET_VARIABLE: "xo-hush"}))

    assert "hush" not in repr(settings)
    assert "hush" not in str(settings.model_dump())
    with pytest.raises(ValidationError, match="frozen"):
        settings.channel = "C2"


def test_a_plugin_is_bound_without_looking_at_the_others(hub):
    settings = hub("[plugins.broken]\nnonsense = 1\n", TM_PLUGINS__BROKEN__NONSENSE="1", TM_PLUGINS__CHAT__CHANNEL="C1")

    assert bind("chat", Settings, settings).channel == "C1"


def test_every_value_knows_where_it_comes_from(hub, repository):
    file = str(repository / "tm.toml")
    (repository / "hook").write_text("xo")
    secrets = repository / ".git" / "tm" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.touch(mode=0o600)
    secrets.write_text('[chat]\nchannel = "C9"\n')

    found = provenance("chat", Settings, hub(
        '[plugins.chat]\nretries = 2\nchannel = "C1"\ntoken_file = "hook"\ncard.color = "red"\n',
        TM_PLUGINS__CHAT__CARD__SIZE="2",
    ))  # fmt: skip

    assert found == {
        "retries": file,
        "channel": "secrets.toml",
        "token": file,
        "token_file": file,
        "card.color": file,
        "card.size": "TM_PLUGINS__CHAT__CARD__SIZE",
    }


def test_secrets_are_found_wherever_they_are_in_the_settings():
    settings = Settings(token=SecretStr("xo-1"), routes=[Route(webhook=SecretStr("two")), Route()])

    assert secret_values(settings) == ("xo-1", "two")


def test_a_secrets_file_open_to_others_is_that_plugins_error(hub, repository):
    secrets = repository / ".git" / "tm" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text('[chat]\ntoken = "xo"\n')
    secrets.chmod(0o644)

    assert f"chmod 600 {secrets}" in refusal(hub())
