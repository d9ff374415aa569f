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
        table = {"webhook_url": URL, **table}
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
