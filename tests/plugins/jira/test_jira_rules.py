"""Rules for several types of issue in one project, quarrels with an automation, and one Jira under two addresses."""

from datetime import timedelta

from tests.plugins.jira.pushing import LOST, pass_time, sentences

from tm_jira.creating import doubles
from tm_jira.planning import PATIENCE


def test_each_type_of_issue_has_the_words_of_its_own_rule(open_host, jira):
    rules = [
        {"when": "label == bug", "project": "PROJ", "issue_type": "Bug", "priorities": {"critical": ["High"]}},
        {"project": "PROJ", "issue_type": "Task"},
    ]
    host = open_host(jira, projects=rules)
    host.tasks.add("A bug", labels=["bug"], priority="critical")
    host.tasks.add("A task", priority="critical")
    host.deliver()

    found = {each.fields["issuetype"]["name"]: each.fields["priority"]["name"] for each in jira.site.issues}
    assert found == {"Bug": "High", "Task": "Highest"}


def test_a_value_that_is_undone_again_and_again_waits_for_a_person(host, jira, made):
    """An automation in Jira puts the summary back each time we write it."""
    task, key = made()
    for _ in range(10):
        if jira.site.issue(key).fields["summary"] == "Ship it":
            jira.site.edit(key, summary="By the robot")
        host.clock.advance(timedelta(minutes=5))
        host.pull("jira")
        host.deliver()

    written = [each for each in jira.site.writes if each.method == "PUT" and "summary" in str(each.body)]
    assert len(written) == PATIENCE
    assert [each.field for each in host.conflicts()] == ["title"]
    host.tasks.update(task, title="Ship it soon")
    host.deliver()
    assert jira.site.issue(key).fields["summary"] == "Ship it soon"
    assert host.conflicts() == []


def test_what_is_finished_and_taken_up_again_many_times_is_no_quarrel(host, jira, made):
    task, key = made()
    for _ in range(PATIENCE + 2):
        host.tasks.complete(task)
        host.deliver()
        assert jira.site.issue(key).status == "Done"
        jira.site.move(key, "In Progress")
        host.clock.advance(timedelta(minutes=5))
        host.pull("jira")
        host.deliver()
        assert host.tasks.get(task).status == "in_progress"

    assert host.conflicts() == []


def test_a_quarrel_ends_as_a_person_says(host, jira, made):
    task, key = made()
    for _ in range(PATIENCE + 1):
        jira.site.edit(key, summary="By the robot")
        host.clock.advance(timedelta(minutes=5))
        host.pull("jira")
        host.deliver()
    [conflict] = host.conflicts()
    host.decide(conflict, "theirs")
    host.deliver()

    assert host.tasks.get(task).title == "By the robot"
    assert host.conflicts() == []
    assert "Ship it" in [each.lost.strip('"') for each in host.lost_values()]


def test_one_jira_under_another_address_gets_no_second_issue(host, jira, made):
    made()
    host.replace("jira", settings={**jira.settings, "browse_url": "https://jira.example.com"})
    [link] = host.hub("jira").links.all()
    host.tasks.update(link.task_id, title="Ship it soon")
    host.deliver()

    assert len(jira.site.issues) == 1
    [sentence] = sentences(host)
    assert f"browse_url = '{jira.settings['url']}'" in sentence


def test_an_issue_sent_for_twice_that_turns_up_after_all_is_named(host, jira):
    jira.site.search_lag = timedelta(minutes=10)
    jira.fault("POST", "^issue$", LOST)
    task = host.tasks.add("Ship it")
    pass_time(host, timedelta(minutes=8))
    assert len(jira.site.issues) == 2

    host.clock.advance(timedelta(minutes=15))
    host.pull("jira")

    [link] = host.hub("jira").links.all()
    other = next(each.key for each in jira.site.issues if each.key != link.key)
    assert doubles(host.hub("jira")) == {task.id: [other]}


def test_an_issue_that_its_very_maker_may_not_see_is_not_made_again_and_looked_at_when_it_may(host, jira):
    jira.meanwhile("GET", r"^issue/\d+$", lambda: jira.site.forbid("PROJ"))
    task = host.tasks.add("Ship it")
    host.deliver()
    host.tasks.progress(task.id, "half of it")
    pass_time(host)
    jira.site.allow("PROJ")
    for _ in range(2):
        host.pull("jira")
        host.clock.advance(timedelta(days=1, minutes=1))
    host.pull("jira")
    host.deliver()

    assert len(jira.site.issues) == 1
    assert jira.site.issues[0].status == "In Progress"
