"""Words of one's own: they fill the title and the text, cannot compute, and show what was typed literally."""

import pytest

import tm_slack
from tm.testing import Host
from tm_slack.standin import reading


def notice(make_host, slack, **words):
    host = make_host(templates={"blocked": words})
    task = host.tasks.add("Ship <the> parser", team="web")
    host.tasks.block(task.id, "no *key* & <!channel>")
    host.deliver()
    return host, slack.messages


def test_a_template_fills_the_first_line_and_the_paragraph(make_host, slack):
    _, [told] = notice(
        make_host, slack, title="🧱 {{ task.team }} is stuck: {{ task.title }}", text="Because: {{ data.reason }}"
    )

    assert reading(told).splitlines()[0] == "🧱 web is stuck: Ship <the> parser"
    assert "Because: no key & <!channel>" in reading(told)
    assert "<!channel>" not in str(told)
    assert told["text"].startswith("🧱 web is stuck")


def test_loops_and_conditions_are_there(make_host, slack):
    title = "{% if task.deadline %}late{% else %}in time{% endif %}{% for each in task.labels %} {{ each }}{% endfor %}"
    _, [told] = notice(make_host, slack, title=title)

    assert reading(told).splitlines()[0] == "in time"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ task.title", "cannot be read: line 1"),
        ("{% for x in task %}", "cannot be read"),
        ("{{ tusk.title }}", "asks for 'tusk'; there are task, event, data, url"),
        ("{{ task|tojson }}", "cannot be read"),
        ("x" * 3000, "at most 2000"),
        ("{% include 'x' %}", "holds include"),
        ("{% macro x() %}{% endmacro %}", "holds macro"),
    ],
)
def test_a_template_that_cannot_work_is_refused_when_it_is_loaded(tmp_path, slack, template, said):
    table = {**slack.settings, "templates": {"blocked": {"title": template}}}
    with Host(tmp_path, plugins={"slack": tm_slack}, settings={"slack": table}) as host:
        plugin = host.plugins["slack"]

    assert plugin.state == "config error"
    assert said in plugin.reason


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ task.__init__.__globals__ }}",
        "{{ 'x' * 10000000000 }}",
        "{{ '%10000000000d' % 1 }}",
        "{{ '{:>10000000000}'.format(1) }}",
        "{{ task.with_(title='x') }}",
        "{{ data.nothing }}",
    ],
)
def test_a_template_cannot_reach_out_or_blow_up(make_host, slack, template):
    host, told = notice(make_host, slack, title=template)
    row = next(row for row in host.deliveries("slack") if row.event_type == "task.blocked")

    assert (row.state, told) == ("dead", [])
    assert "cannot be filled" in row.error
