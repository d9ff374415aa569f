"""What is wrong with the settings is said, without the secret, before anything is sent."""

import pytest

import tm_slack
from tm.testing import Host
from tm_slack.settings import Settings

URL = "https://hooks.slack.com/services/T000/B000/SECRET"


@pytest.fixture
def reason(tmp_path):
    """Why the plugin is not active under these settings; empty if it is."""

    def why(environ=None, **table):
        table = {name: value for name, value in {"webhook_url": URL, **table}.items() if value is not None}
        with Host(tmp_path, plugins={"slack": tm_slack}, settings={"slack": table}, environ=environ) as host:
            plugin = host.plugins["slack"]
            assert plugin.state in ("active", "config error")
            return plugin.reason

    return why


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://hooks.slack.com:443/services/T000/B000/XXXX",
        "http://127.0.0.1:8123/services/T000/B000/XXXX",
        "http://localhost:8123/anything",
        "http://[::1]:8123/anything",
        "https://127.0.0.2/anything",
    ],
)
def test_slacks_own_host_and_loopback_may_get_the_secret(reason, url):
    assert reason(webhook_url=url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/T000/B000/SECRET",
        "https://hooks.slack.com.evil.example/services/T000/B000/SECRET",
        "https://evil.example/services/T000/B000/SECRET",
        "https://evil.example\\@hooks.slack.com/services/T000/B000/SECRET",
        "https://user@hooks.slack.com/services/T000/B000/SECRET",
        "https://hooks.slack.com@evil.example/services/T000/B000/SECRET",
        "https://hooks.slack.com:8443/services/T000/B000/SECRET",
        "https://hooks.slack.com/triggers/T000/1/SECRET",
        "https://hooks.slack.com/services/T000/B000/SECRET?a=1",
        "https://hooks.slack.com/services/T000/B000/SEC\nRET",
        "https://hooks.slack.com/services/T000/B000/SECRÈT",
        "http://10.0.0.1/services/T000/B000/SECRET",
        "ftp://127.0.0.1/services/T000/B000/SECRET",
        "https://[hooks/SECRET",
        "hooks.slack.com/services/T000/B000/SECRET",
        "SECRET",
        "",
    ],
)
def test_no_other_address_gets_the_secret_and_the_refusal_does_not_show_it(reason, url):
    why = reason(webhook_url=url)

    assert "[plugins.slack] webhook_url must be" in why
    assert "https://hooks.slack.com/" in why
    assert "SEC" not in why


def test_without_a_transport_it_says_how_to_set_one(tmp_path):
    with Host(tmp_path, plugins={"slack": tm_slack}, settings={"slack": {}}) as host:
        why = host.plugins["slack"].reason

    assert "needs webhook_url or token" in why
    assert "tm config secret slack.webhook_url" in why


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            {"events": ["blocked", "done"]},
            "events.1 should be 'created', 'progress', 'blocked', 'completed' or 'urgent'",
        ),
        ({"urgent": "prio == critical"}, "The name 'prio' is not known here"),
        ({"routes": [{"when": "team = web", "events": []}]}, "use '=='"),
        ({"routes": [{"events": []}]}, "routes.0.when is missing"),
        ({"routes": [{"when": "team == web", "chanel": "C0123"}]}, "routes.0.chanel is not a setting"),
        ({"ambiguous": "maybe"}, "ambiguous should be 'resend' or 'hold'"),
        ({"timeout": "10"}, "timeout should be a duration"),
        ({"timeout": "3m"}, "timeout must be at most 2m"),
        ({"chanel": "C1"}, "chanel is not a setting"),
        ({"proxy": "https://proxy.example.com:3128"}, "proxy must be an address like http://proxy.example.com:3128"),
        ({"proxy": "http://me:SECRET@proxy.example.com:3128/path"}, "proxy must be an address like"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_should_be(reason, table, said):
    why = reason(**table)

    assert said in why
    assert "SECRET" not in why


BY_TOKEN = {"webhook_url": None, "token": "xoxb-HUSH", "channel": "C0TEAM"}
ONE_CHANNEL = "needs a token: an incoming webhook posts to the one channel it was made for"
NO_THREAD = "needs a token: an incoming webhook does not learn of a message what a thread needs"


@pytest.mark.parametrize(
    ("key", "value", "why_not"),
    [
        ("channel", "C0TEAM", ONE_CHANNEL),
        ("fallback", "C0TEAM", ONE_CHANNEL),
        ("cards", True, "needs a token: an incoming webhook cannot change what it has posted"),
        ("thread", ["blocked"], NO_THREAD),
        ("broadcast", ["blocked"], NO_THREAD),
        ("base_url", "https://slack.com/api/", "needs a token: an incoming webhook has its own address"),
    ],
)
def test_what_a_webhook_cannot_do_is_refused_by_name(reason, key, value, why_not):
    assert reason(**{key: value}) == f"[plugins.slack] {key} {why_not}"
    assert reason(**{**BY_TOKEN, key: value}) == ""


@pytest.mark.parametrize("key", ["channel", "fallback"])
def test_what_a_webhook_cannot_do_by_a_route_is_refused_by_its_number(reason, key):
    routes = [{"when": "team == web"}, {"when": "team == ops", key: "C0TEAM"}]

    assert reason(routes=routes) == f"[plugins.slack] routes: route 2: {key} {ONE_CHANNEL}"
    assert reason(**BY_TOKEN, routes=routes) == ""


QUIET = {"begin": "20:00", "end": "08:00", "timezone": "UTC"}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"routes": [{"wen": "team == web"}]}, "routes.0.wen is not a setting; did you mean when?"),
        ({"routes": [{"when": "team == web", "quite": QUIET}]}, "routes.0.quite is not a setting; did you mean quiet?"),
        (
            {"routes": [{"when": "team == web", "quiet": {**QUIET, "wholedays": ["sat"]}}]},
            "routes.0.quiet.wholedays is not a setting; did you mean whole_days?",
        ),
        ({"quiet": {**QUIET, "day": ["sat"]}}, "quiet.day is not a setting; did you mean days?"),
        ({"templates": {"blocked": {"titel": "x"}}}, "templates.blocked.titel is not a setting; did you mean title?"),
        ({"templates": {"bloked": {"title": "x"}}}, "templates has no bloked; did you mean blocked?"),
        ({"templates": {"x": {"title": "x"}}}, "templates has no x; there are created, progress, blocked"),
    ],
)
def test_a_key_that_is_nearly_right_in_any_table_is_put_right(reason, table, said):
    assert said in reason(**table)


def test_a_route_goes_on_by_the_word_continue_and_by_no_other(reason):
    assert reason(routes=[{"when": "team == web", "continue": True}]) == ""

    why = reason(routes=[{"when": "team == web", "goes_on": True}])
    assert "routes.0.goes_on is not a setting; there are channel, continue," in why


@pytest.mark.parametrize(
    "channel", ["#general", "general", "C0{{ task.team }}", "c0team", "C0 TEAM", "S0TEAM", "", "@me"]
)
def test_a_channel_is_an_id_and_nothing_that_a_task_could_change(reason, channel):
    for table in (
        {"channel": channel},
        {"fallback": channel},
        {"routes": [{"when": "team == web", "channel": channel}]},
    ):
        assert "must be the id of a channel or member" in reason(**{**BY_TOKEN, **table})


@pytest.mark.parametrize("mention", ["<!here>", "@alice", "channel!", "everyone else", "<@U1>", ""])
def test_a_mention_is_a_word_or_an_id(reason, mention):
    assert "mention.0 must be assignee, here, a name of [people]" in reason(mention=[mention])


def test_so_many_mentions_that_a_notice_would_be_too_long_are_refused(reason):
    assert reason(mention=["here"] * 20) == ""
    assert "mention must name at most 20" in reason(mention=["here"] * 21)


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://slack.com/api/", True),
        ("https://slack-gov.com/api", True),
        ("http://127.0.0.1:8123/api/", True),
        ("http://slack.com/api/", False),
        ("http://10.0.0.1/api/", False),
        ("https://me:HUSH@slack.com/api/", False),
        ("https://slack.com/api/?x=HUSH", False),
        ("ftp://slack.com/api/", False),
        ("slack.com/api", False),
        ("", False),
    ],
)
def test_the_token_goes_to_https_or_to_this_machine(reason, url, is_allowed):
    why = reason(**BY_TOKEN, base_url=url)

    assert (why == "") == is_allowed
    assert "base_url must" in why or is_allowed
    assert "HUSH" not in why


@pytest.mark.parametrize("token", ["xoxb-HU SH", "xoxb-HUSH\n", "xoxb-HÜSH", "xoxb-HUSH\x00"])
def test_a_token_that_no_header_bears_is_refused_and_not_shown(reason, token):
    why = reason(**{**BY_TOKEN, "token": token})

    assert "token must be one word" in why
    assert "SH" not in why


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"channel": None}, "channel is missing: with a token, say where notices go by default"),
        ({"channel": None, "routes": [{"when": "team == web"}]}, "route 1 has no channel, and the plugin has none"),
        (
            {"webhook_url": URL},
            "has webhook_url and token; take one away, such as: tm config secret slack.webhook_url --forget",
        ),
    ],
)
def test_a_token_needs_a_channel_and_no_webhook(reason, table, said):
    why = reason(**{**BY_TOKEN, **table})

    assert said in why
    assert "HUSH" not in why


def test_variables_set_it_up_alone(tmp_path):
    environ = {"TM_PLUGINS__SLACK__WEBHOOK_URL": URL, "TM_PLUGINS__SLACK__EVENTS": '["created"]'}
    with Host(tmp_path, plugins={"slack": tm_slack}, environ=environ) as host:
        settings = host.plugins["slack"].settings

    assert settings.webhook_url.get_secret_value() == URL
    assert settings.events == ("created",)


def test_settings_do_not_show_the_secrets_they_hold():
    settings = Settings(webhook_url=URL, proxy="http://me:HUSH@proxy.example.com:3128")

    assert "SECRET" not in repr(settings) + str(settings)
    assert "HUSH" not in repr(settings) + str(settings)
