"""What is wrong with the settings is said in one sentence, without a secret, before anything is sent."""

import logging

import pytest

import tm_jira
from tm.testing import Host, Reply
from tm_jira import standin

URL = "https://example.atlassian.net"
CLOUD = {"url": URL, "email": "bot@example.com", "api_token": "HUSH-TOKEN"}
CENTER = {"url": "https://jira.example.com", "token": "HUSH-PAT"}
ENVIRON = {
    "JIRA_BASE_URL": "https://env.atlassian.net",
    "JIRA_USERNAME": "env@example.com",
    "JIRA_API_TOKEN": "HUSH-ENV",
}


@pytest.fixture
def plugin(tmp_path):
    """The plugin under these settings."""

    def make(table, environ=None):
        table = {name: value for name, value in table.items() if value is not None}
        with Host(tmp_path, plugins={"jira": tm_jira}, settings={"jira": table}, environ=environ) as host:
            return host.plugins["jira"]

    return make


@pytest.fixture
def reason(plugin):
    """Why the plugin is not active under the usual settings and these; empty if it is."""

    def why(**table):
        return plugin({**CLOUD, **table}).reason

    return why


# right ones


@pytest.mark.parametrize(
    "table",
    [
        CLOUD,
        CENTER,
        {**CENTER, "url": "https://jira.example.com:8443/jira"},
        {**CENTER, "url": "http://localhost:2990/jira"},
        {**CENTER, "url": "http://127.0.0.1:8080"},
        {**CENTER, "url": "http://[::1]:8080"},
        {**CLOUD, "url": f"{URL}/"},
        {**CLOUD, "url": "https://api.atlassian.com/ex/jira/0a1b", "browse_url": URL},
        {**CLOUD, "projects": [{"project": "PROJ"}], "import_jql": "project = OPS AND labels = tm"},
        {**CLOUD, "projects": [{"project": "A1_B", "when": "team == ops"}, {"project": "PROJ"}]},
        {**CLOUD, "projects": [{"project": "PROJ", "statuses": {"pending": "Open", "completed": ["Done", "Closed"]}}]},
        {**CLOUD, "projects": [{"project": "PROJ", "required": {"resolution": "Done"}, "via": ["A", "B", "C"]}]},
        {**CLOUD, "fields": {"title": "both", "status": "tm"}, "conflict": "jira", "comments": []},
        {**CLOUD, "timeout": "2m", "proxy": "http://me:HUSH@proxy.example.com:3128", "read_comments": False},
        {**CLOUD, "webhook_secret": "HUSH-HOOK", "former_webhook_secret": "HUSH-OLD"},
    ],
)
def test_right_settings_are_taken(plugin, table):
    found = plugin(table)

    assert (found.reason, found.state) == ("", "active")
    assert "HUSH" not in repr(found.settings) + str(found.settings)


# wrong ones


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.atlassian.net", "must begin with https://"),
        ("http://10.0.0.1:8080", "must begin with https://"),
        ("example.atlassian.net", "must be an address like"),
        ("", "must be an address like"),
        ("ftp://example.com", "must be an address like"),
        ("https://me:HUSH@example.com", "must be an address like"),
        ("https://example.com\\@evil.example", "must be an address like"),
        ("https://example.com/?a=1", "must be an address like"),
        ("https://example.com/#a", "must be an address like"),
        ("https://exa mple.com", "must be an address like"),
        ("https://example.com/\n", "must be an address like"),
        ("https://exämple.com", "must be an address like"),
        ("https://example.com:99999", "must be an address like"),
        ("https://[example", "must be an address like"),
        (f"{URL}/rest/api/3", "without /rest/"),
        (f"{URL}/rest", "without /rest/"),
    ],
)
@pytest.mark.parametrize("key", ["url", "browse_url"])
def test_an_address_must_be_the_site_s_own_and_safe(reason, key, url, said):
    why = reason(**{key: url})

    assert why.startswith(f"[plugins.jira] {key} ")
    assert said in why
    assert "HUSH" not in why


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"api_token": None}, "needs api_token with email (Cloud) or token (Data Center)"),
        ({"token": "HUSH-PAT"}, "has token (Data Center) and api_token (Cloud)"),
        ({"email": None}, "email is missing"),
        ({"url": None}, "url is missing"),
        ({"url": "https://api.atlassian.com/ex/jira/0a1b"}, "browse_url is missing"),
        ({"api_token": "HUSH and more"}, "api_token must be one word"),
        ({"api_token": ""}, "api_token must be one word"),
        ({"api_token": "HÜSH"}, "api_token must be one word"),
        ({"email": "x"}, "email"),
        ({"projects": [{"project": "proj"}]}, "must be a project's key in capitals, like PROJ"),
        ({"projects": [{"project": 'P") OR ("'}]}, "must be a project's key in capitals"),
        ({"projects": [{}]}, "projects.0.project is missing"),
        ({"projects": [{"project": "PROJ", "isue_type": "Bug"}]}, "did you mean issue_type?"),
        ({"projects": [{"project": "PROJ"}, {"project": "OPS"}]}, "PROJ (number 1) has no when"),
        ({"projects": [{"project": "PROJ", "when": "team = ops"}]}, "use '=='"),
        ({"projects": [{"project": "PROJ", "when": "squad == ops"}]}, "squad"),
        ({"projects": [{"project": "PROJ", "statuses": {"done": "Done"}}]}, "done"),
        ({"projects": [{"project": "PROJ", "statuses": {"pending": []}}]}, "pending names nothing; leave it out"),
        ({"projects": [{"project": "PROJ", "statuses": {"pending": ""}}]}, "statuses"),
        (
            {"projects": [{"project": "PROJ", "statuses": {"pending": "Open", "blocked": "open"}}]},
            "open stands for pending and for blocked; choose one",
        ),
        ({"projects": [{"project": "PROJ", "priorities": {"urgent": "Highest"}}]}, "urgent"),
        ({"projects": [{"project": "PROJ", "via": ["A", "B", "C", "D"]}]}, "via"),
        ({"import_jql": "project = PROJ order  by key"}, "import_jql must be without ORDER BY"),
        ({"import_jql": "(project = PROJ"}, "import_jql has brackets that do not match"),
        ({"import_jql": ""}, "import_jql"),
        ({"fields": {"titel": "both"}}, "titel"),
        ({"fields": {"title": "mine"}}, "title"),
        ({"conflict": "newest"}, "conflict should be 'park', 'tm' or 'jira'"),
        ({"comments": ["done"]}, "comments.0"),
        ({"timeout": "10"}, "timeout should be a duration"),
        ({"timeout": "3m"}, "timeout must be at most 2m"),
        ({"proxy": "https://proxy.example.com"}, "proxy must be an address like http://proxy.example.com:3128"),
        ({"proxy": "HUSH"}, "proxy must be an address like"),
        ({"read_comments": "perhaps"}, "read_comments"),
        ({"webhook_secrt": "HUSH"}, "webhook_secrt is not a setting; did you mean webhook_secret?"),
        ({"concurrency": 0}, "concurrency"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_should_be(reason, table, said):
    why = reason(**table)

    assert why.startswith("[plugins.jira] ")
    assert said in why
    assert len(why.splitlines()) == 1
    assert "HUSH" not in why


# where they come from


def test_the_usual_variables_of_jira_are_enough(plugin):
    found = plugin({}, ENVIRON)

    assert found.reason == ""
    assert (found.settings.url, found.settings.email) == ("https://env.atlassian.net", "env@example.com")
    assert found.settings.api_token.get_secret_value() == "HUSH-ENV"
    assert "HUSH" not in repr(found.settings)


def test_the_usual_variables_give_way_to_everything_else(plugin):
    found = plugin(CLOUD, ENVIRON).settings
    own = plugin({}, {**ENVIRON, "TM_PLUGINS__JIRA__URL": "https://own.atlassian.net"}).settings

    assert (found.url, found.email, found.api_token.get_secret_value()) == (URL, "bot@example.com", "HUSH-TOKEN")
    assert (own.url, own.email) == ("https://own.atlassian.net", "env@example.com")


def test_the_variables_of_cloud_do_not_disturb_a_data_center(plugin):
    found = plugin(CENTER, ENVIRON)

    assert found.reason == ""
    assert found.settings.url == "https://jira.example.com"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({**ENVIRON, "JIRA_BASE_URL": "http://example.com"}, "url must begin with https://"),
        ({**ENVIRON, "JIRA_API_TOKEN": "HUSH HUSH"}, "api_token must be one word"),
        ({"JIRA_BASE_URL": URL}, "needs api_token"),
    ],
)
def test_a_wrong_variable_is_named(plugin, environ, said):
    why = plugin({}, environ).reason

    assert said in why
    assert "HUSH" not in why


# secrets


@pytest.mark.parametrize("data_center", [True, False])
def test_no_secret_is_in_any_error_log_or_row(open_host, clock, data_center, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with standin.StandIn(now=clock.now, data_center=data_center) as jira:
        host = open_host(jira, webhook_secret="HUSH-HOOK", proxy="http://me:HUSH-PROXY@127.0.0.1:9")  # noqa: S106 - no login
        secret = jira.settings.get("token") or jira.settings["api_token"]
        echo = Reply(status=400, body={"errorMessages": [f"Bad header: {secret}"], "errors": {}})
        jira.fault("POST", "^issue$", echo, Reply(status=500, body=secret), Reply(fault="drop"))
        for number in range(3):
            host.tasks.add(f"Task {number}")
        host.deliver()
        jira.site.revoke()
        host.tasks.add("Another")
        host.deliver()
        findings = host.check("jira")
        errors = [row.error for row in host.deliveries("jira")]
        shown = f"{findings} {errors} {host.health('jira')} {host.plugins['jira'].settings!r} {caplog.text}"
        told = shown + "".join(capfd.readouterr())

    assert any(errors)
    assert secret not in told
    assert "HUSH" not in told


def test_a_secret_is_sent_to_jira_only(host, jira):
    host.tasks.add("Ship it")
    host.deliver()
    host.pull("jira")
    with standin.StandIn() as other:
        jira.fault("GET", "^issue/", Reply(status=302, headers={"Location": f"{other.server.url}/rest/api/3/issue/1"}))
        host.tasks.add("Another")
        host.deliver()

        assert other.server.requests == []
    assert all(each.headers.get("authorization") for each in jira.server.requests)
