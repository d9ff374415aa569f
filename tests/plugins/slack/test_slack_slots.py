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


def test_conditions_and_filters_are_there_and_what_is_missing_is_empty(make_host, slack):
    title = (
        "{% if task.deadline %}late{% else %}in time{% endif %}, {{ task.labels | join(' ') | default('none', true) }}"
        "{{ ', ' ~ task.team | upper if task.team == 'web' }} {{ event.data.reason | length }} {{ event['actor'] }}"
        "{{ task.assignee }}"
    )
    _, [told] = notice(make_host, slack, title=title)

    assert reading(told).splitlines()[0] == "in time, none, WEB 21 tester"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ task.title", "cannot be read: line 1"),
        ("{% for x in task.title %}{{ x }}{% endfor %}", "title line 1 holds a loop, which has no place in a notice"),
        ("{% set x = 'x' %}{% set x = x ~ x %}", "holds set"),
        ("{% with x = 'x' %}{{ x }}{% endwith %}", "holds with"),
        ("{% filter upper %}x{% endfilter %}", "holds filterblock"),
        ("{{ tusk.title }}", "blocked.title asks for 'tusk.title'; did you mean task?"),
        ("{{ who.title }}", "asks for 'who.title'; there are task, data, url, event"),
        ("{{ task.titel }}", "asks for 'task.titel'; did you mean title?"),
        ("{{ event.task.xyz }}", "asks for 'event.task.xyz'; event.task has title, status"),
        ("{{ event['tusk'] }}", "did you mean task?"),
        ("{{ data.summary }}", "asks for 'data.summary'; data has reason"),
        ("{{ task.title.upper }}", "asks for 'task.title.upper', but task.title has no parts"),
        ("{{ task.__init__.__globals__ }}", "asks for 'task.__init__"),
        ("{% if task.a %}x{% endif %}", "asks for 'task.a'"),
        ("<!{{ task.title }}>", "puts a value into <…>"),
        ("<@{% if url %}{{ event.actor }}{% endif %}>", "puts a value into <…>"),
        ("<https://x.example/{{ task.title }}|x>", "puts a value into <…>"),
        ("{{ task|tojson }}", "cannot be read"),
        ("x" * 3000, "at most 2000"),
        ("{% include 'x' %}", "holds include"),
        ("{% macro x() %}{% endmacro %}", "holds macro"),
        ("{{ ''.__class__.__mro__ }}", "asks for more of a text"),
        ("{{ 'x' * 10000000000 }}", "holds arithmetic"),
        ("{{ '%10000000000d' % 1 }}", "holds arithmetic"),
        ("{{ -1 }}", "holds arithmetic"),
        ("{{ '{:>10000000000}'.format(1) }}", "holds a call"),
        ("{{ task.with_(title='x') }}", "holds a call"),
        ("{{ range(10000000) }}", "holds a call"),
    ],
)
def test_a_template_that_cannot_work_is_refused_when_it_is_loaded(tmp_path, slack, template, said):
    table = {**slack.settings, "templates": {"blocked": {"title": template}}}
    with Host(tmp_path, plugins={"slack": tm_slack}, settings={"slack": table}) as host:
        plugin = host.plugins["slack"]

    assert plugin.state == "config error"
    assert said in plugin.reason


def test_what_a_template_makes_stays_as_long_as_a_notice(make_host, slack):
    long = "y" * 60
    text = "{{ data.reason" + f"|join('{long}')" * 5 + "|length }} <{{ url }}|here>"
    _, [told] = notice(make_host, slack, text=text)

    assert "2000 " in reading(told)


def test_a_filter_that_cannot_bear_what_it_gets_is_a_dead_letter_that_says_so(make_host, slack):
    host, told = notice(make_host, slack, title="{{ data.reason | round }}")
    row = next(row for row in host.deliveries("slack") if row.event_type == "task.blocked")

    assert (row.state, told) == ("dead", [])
    assert "cannot be filled" in row.error
