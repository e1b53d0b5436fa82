"""The rules at the desk: lines with addresses, tried before they are published, and back in one step."""

from __future__ import annotations

import re

import pytest
from tests.newsroom.room import Newsroom, body
from tests.readers.processes import DeskBrowser

from foldline.stores.home import Home
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import connect

from .conftest import Log
from .staff_room import enter

pytestmark = pytest.mark.usefixtures("no_rules")

RULES = """\
[meter.site]
anonymous = 2

[[rule]]
name = "The archive is for <subscribers>"
older-than = "30 days"
only-for = "subscribers"
"""
OTHER = RULES.replace("30 days", "60 days")
BROKEN = 'default-access = "half-free"\n\n[[rule]]\nname = "x"\nopens-fro = "everyone"\n'


def publish(desk: DeskBrowser, text: str, base: str = "", note: str = "a try", **how: str) -> tuple[int, str]:
    found = re.search(r'name="base" value="(\d+)"', desk.get("/rules/write").text)
    assert found is not None
    given = {"text": text.replace("\n", "\r\n"), "note": note, "base": base or found[1], **(how or {"publish": "1"})}
    answer = desk.post("/rules/write", given)
    return answer.status, answer.text


def versions(home: Home) -> list[str]:
    with RuleSetStore(home) as store:
        return [stored.version for stored in store.history()]


def test_without_rules_the_page_says_what_decides(desk: DeskBrowser, site: None) -> None:
    enter(desk, "revenue")
    page = desk.get("/rules").text
    assert "No rules have been published." in page
    assert "3 metered articles a calendar month" in page
    assert "anonymous = 3" in page
    assert desk.get("/rules?version=first-form/3").status == 200
    assert desk.get("/rules?version=r-0000000000").status == 404


def test_a_set_is_published_with_who_when_and_why_and_each_line_has_an_address(
    desk: DeskBrowser, home: Home, log: Log
) -> None:
    email = enter(desk, "revenue")
    assert publish(desk, RULES)[0] == 303
    with RuleSetStore(home) as store:
        active = store.active()
    assert active is not None
    assert (active.text, active.by, active.note) == (RULES, email, "a try")
    page = desk.get("/rules").text
    for said in ("These rules decide now.", active.version, email, "a try", "The archive is for &lt;subscribers&gt;"):
        assert said in page, said
    assert re.findall(r'<li id="(L\d+)"><a href="#(L\d+)"', page) == [(f"L{line}", f"L{line}") for line in range(1, 8)]
    assert log.changes() == [f"{email}|published|rules|built in|{active.version} a try"]


def test_a_set_with_problems_is_never_published_and_every_problem_is_told_with_its_line(
    desk: DeskBrowser, home: Home, log: Log
) -> None:
    enter(desk, "revenue")
    publish(desk, RULES)
    for how in ({"publish": "1"}, {"check": "1"}):
        status, page = publish(desk, BROKEN, **how)
        assert status == (400 if "publish" in how else 200)
        assert "problems" in page
        assert "<b>Line 1: </b>" in page
        assert "<b>Line 5: </b>" in page
        assert "half-free" in page
        assert "opens-for" in page
        assert "default-access = &quot;half-free&quot;" in page
    assert len(versions(home)) == 1
    assert len(log.changes()) == 1


def test_trying_publishes_nothing_and_shows_the_lines_that_would_change(desk: DeskBrowser, home: Home) -> None:
    enter(desk, "revenue")
    publish(desk, RULES)
    status, page = publish(desk, OTHER, check="1")
    assert status == 200
    assert "No problem was found" in page
    assert "-older-than = &quot;30 days&quot;" in page
    assert "+older-than = &quot;60 days&quot;" in page
    assert len(versions(home)) == 1


def test_what_a_set_does_to_the_articles_is_told_and_a_contradiction_is_not_published(
    desk: DeskBrowser, home: Home, newsroom: Newsroom
) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article

    for number in range(3):
        made = Article.objects.create(headline=f"Story {number}", body=body(), access="metered")
        publishing.publish(made)
    enter(desk, "revenue")
    nobody = '[[rule]]\nname = "nobody at all"\nonly-for = "institution"\n'
    status, page = publish(desk, RULES + nobody)
    assert (status, versions(home)) == (400, [])
    assert "FL122" in page
    never = '[[rule]]\nname = "weather is free"\nsections = "weather"\nopens-for = "everyone"\n'
    status, page = publish(desk, RULES + never, check="1")
    assert "it can be published all the same" in page
    assert "weather" in page
    assert "3 metered" in page
    assert "“weather is free” holds for 0 now" in page
    assert publish(desk, RULES + never)[0] == 303


def test_going_back_is_one_step_and_logged_and_the_history_stays(desk: DeskBrowser, home: Home, log: Log) -> None:
    email = enter(desk, "admin")
    publish(desk, RULES)
    assert "Back to the rules before" not in desk.get("/rules").text
    publish(desk, OTHER)
    second, first = versions(home)
    page = desk.get("/rules").text
    active = re.search(r'name="active" value="(\d+)"', page)
    assert active is not None
    assert desk.post("/rules/back", {"active": active[1]}).headers["location"] == "/rules"
    assert versions(home) == [first, second, first]
    assert log.changes()[-1] == f"{email}|rolled back|rules|{second}|{first}"
    desk.get("/rules")
    assert desk.post("/rules/back", {"active": active[1]}).status == 409
    assert versions(home) == [first, second, first]


def test_going_back_from_the_first_set_is_refused_with_a_sentence(desk: DeskBrowser, home: Home) -> None:
    enter(desk, "admin")
    publish(desk, RULES)
    with RuleSetStore(home) as store:
        active = store.active()
    assert active is not None
    answer = desk.post("/rules/back", {"active": str(active.id)})
    assert answer.status == 409
    assert "No set was published before this one." in answer.text


def test_what_somebody_else_published_meanwhile_is_not_overwritten(desk: DeskBrowser, home: Home) -> None:
    enter(desk, "revenue")
    publish(desk, RULES)
    status, page = publish(desk, OTHER, base="0")
    assert status == 409
    assert "Somebody else published meanwhile." in page
    assert "60 days" in page
    assert len(versions(home)) == 1


def test_what_a_set_changed_is_shown_against_the_one_before(desk: DeskBrowser, home: Home) -> None:
    enter(desk, "revenue")
    publish(desk, RULES)
    publish(desk, OTHER)
    with RuleSetStore(home) as store:
        second, first = store.history()
    page = desk.get(f"/rules/{second.id}/changes").text
    assert '<li class="removed"><span class="sr">removed:</span><code>-older-than = &quot;30 days&quot;' in page
    assert '<li class="added"><span class="sr">added:</span><code>+older-than = &quot;60 days&quot;' in page
    assert first.version in page
    assert "It was the first." in desk.get(f"/rules/{first.id}/changes").text
    assert desk.get("/rules/999/changes").status == 404
    old = desk.get(f"/rules?version={first.version}").text
    assert "These rules decided once." in old
    assert "30 days" in old


def test_the_trace_leads_to_the_line_of_the_rule_for_those_who_may_see_it(
    desk: DeskBrowser, home: Home, newsroom: Newsroom
) -> None:
    from datetime import timedelta

    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article
    from foldline.site.readers import moment

    made = Article.objects.create(
        headline="Long ago", body=body(), access="metered", published_at=moment.now() - timedelta(days=90)
    )
    publishing.publish(made)
    enter(desk, "revenue")
    publish(desk, RULES)
    (version,) = versions(home)
    page = desk.get(f"/see-as?article={made.pk}&as=anonymous").text
    assert "rule-excludes" in page
    assert f'<a href="/rules?version={version}#L4">' in page
    enter(desk := DeskBrowser(desk.port), "service")
    page = desk.get(f"/see-as?article={made.pk}&as=anonymous").text
    assert f"rules {version}:4" in page
    assert 'href="/rules' not in page


def test_a_draft_that_was_never_published_is_told_and_is_what_the_form_begins_with(
    desk: DeskBrowser, home: Home
) -> None:
    enter(desk, "revenue")
    assert "never published" not in desk.get("/").text
    home.rules_file.write_text(OTHER, encoding="utf-8")
    assert "rules.toml holds rules that were never published." in desk.get("/").text
    assert "60 days" in desk.get("/rules/write").text
    publish(desk, OTHER)
    assert "never published" not in desk.get("/").text


def test_a_row_that_was_changed_by_hand_is_told(desk: DeskBrowser, home: Home) -> None:
    enter(desk, "revenue")
    publish(desk, RULES)
    connection = connect(home.site_db)
    connection.execute("UPDATE foldline_rule_sets SET text = ''")
    connection.close()
    assert "is not as it was published, and decides nothing." in desk.get("/").text


def test_while_the_sets_cannot_be_read_the_pages_say_so(desk: DeskBrowser, home: Home) -> None:
    enter(desk, "revenue")
    publish(desk, RULES)
    desk.get("/rules/write")
    connection = connect(home.site_db)
    connection.execute("ALTER TABLE foldline_rule_sets RENAME TO away")
    try:
        answers = [
            desk.get("/rules"),
            desk.get("/rules/1/changes"),
            desk.get("/rules/write"),
            desk.post("/rules/back", {"active": "1"}),
            desk.post("/rules/write", {"text": OTHER, "base": "1", "publish": "1"}),
        ]
        front = desk.get("/")
    finally:
        connection.execute("ALTER TABLE away RENAME TO foldline_rule_sets")
        connection.close()
    assert [answer.status for answer in answers] == [503] * 5
    assert all("what decided before goes on deciding" in answer.text for answer in answers)
    assert front.status == 200
    assert len(versions(home)) == 1
