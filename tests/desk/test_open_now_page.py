"""Open now at the desk: for whom, why, until when, and who did it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.newsroom.room import Newsroom, body
from tests.readers.processes import DeskBrowser

from foldline.stores.home import Home
from foldline.stores.open_now import OpenNowStore
from foldline.stores.schema import connect

from .conftest import Log
from .staff_room import enter

pytestmark = pytest.mark.usefixtures("no_rules")

#: The newsroom of these tests is in New York (`tests/django_home.py`).
ZONE = ZoneInfo("America/New_York")


def local(**later: float) -> str:
    return f"{datetime.now(ZONE) + timedelta(**later):%Y-%m-%dT%H:%M}"


@pytest.fixture
def article(site: None, newsroom: Newsroom) -> int:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article, Section

    section = Section.objects.create(name="Town & Valley")
    made = Article.objects.create(
        headline="Flood warning", body=body(word="meadow"), access="subscribers", section=section
    )
    publishing.publish(made)
    return int(made.pk)


def form(**fields: str) -> dict[str, str]:
    given = {"scope": "article", "article": "/flood-warning", "section": "", "reason": "Public safety"}
    return {**given, "ends": local(hours=6), **fields}


def test_an_article_is_opened_until_an_end_in_the_newsrooms_zone_and_logged(
    desk: DeskBrowser, home: Home, article: int, log: Log
) -> None:
    email = enter(desk, "editor")
    ends = local(hours=6)
    desk.get("/open-now")
    assert desk.post("/open-now", form(ends=ends)).headers["location"] == "/open-now"
    (stored,) = OpenNowStore(home).history()
    assert stored.entry[:3] == ("article", str(article), "Public safety")
    assert datetime.fromtimestamp(stored.entry.ends, ZONE) == datetime.fromisoformat(ends).replace(tzinfo=ZONE)
    assert stored.by == email
    page = desk.get("/open-now").text
    for said in ("Flood warning (/flood-warning)", "Public safety", ends.replace("T", " "), email):
        assert said in page, said
    assert log.changes() == [f"{email}|opened|open now||until {ends.replace('T', ' ')}: Public safety"]
    assert "Public safety" in desk.get("/").text


def test_what_is_opened_is_open_to_everybody_and_closed_again_early(
    desk: DeskBrowser, home: Home, article: int, log: Log
) -> None:
    email = enter(desk, "editor")
    look = f"/see-as?article={article}&as=anonymous"
    frame = look.replace("/see-as?", "/see-as/frame?")
    assert "subscription-needed" in desk.get(look).text
    assert "Paragraph 11" not in desk.get(frame).text
    desk.get("/open-now")
    desk.post("/open-now", form())
    assert "open-now" in desk.get(look).text
    assert "Paragraph 11" in desk.get(frame).text
    (stored,) = OpenNowStore(home).history()
    desk.get("/open-now")
    assert desk.post(f"/open-now/{stored.id}/close").status == 303
    assert "Paragraph 11" not in desk.get(frame).text
    (closed,) = OpenNowStore(home).history()
    assert closed.closed_by == email
    assert log.changes()[-1].startswith(f"{email}|closed|open now|until ")
    assert "closed by" in desk.get("/open-now").text
    assert desk.post(f"/open-now/{stored.id}/close").status == 404
    assert desk.post("/open-now/999/close").status == 404


@pytest.mark.parametrize(
    ("fields", "kind", "shown"),
    [
        ({"scope": "section", "section": "S"}, ("section", "town-valley"), "Section Town &amp; Valley"),
        ({"scope": "site"}, ("site", ""), "The whole site"),
        ({"article": "http://127.0.0.1:8080/flood-warning?x=1#continue"}, ("article", "A"), "Flood warning"),
    ],
)
def test_a_section_and_the_whole_site_are_opened_too(
    desk: DeskBrowser, home: Home, article: int, fields: dict[str, str], kind: tuple[str, str], shown: str
) -> None:
    from foldline.site.newsroom.models import Section

    enter(desk, "admin")
    number = str(Section.objects.get().pk)
    desk.get("/open-now")
    given = {name: value.replace("S", number) if name == "section" else value for name, value in fields.items()}
    assert desk.post("/open-now", form(**given)).status == 303
    (stored,) = OpenNowStore(home).history()
    assert stored.entry[:2] == (kind[0], kind[1].replace("A", str(article)))
    assert shown in desk.get("/open-now").text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"reason": ""}, "This field is required."),
        ({"reason": "x" * 121}, "at most 120 characters"),
        ({"ends": ""}, "This field is required."),
        ({"ends": "soon"}, "valid date/time"),
        ({"ends": "2020-01-01T00:00"}, "This moment has passed."),
        ({"ends": local(days=31)}, "longer than 30 days"),
        ({"article": "/nothing-here"}, "No published article has this address."),
        ({"article": ""}, "No published article has this address."),
        ({"scope": "section"}, "Choose a section."),
        ({"scope": "everything"}, "Select a valid choice."),
    ],
)
def test_what_lacks_a_reason_an_end_or_an_article_is_refused_with_a_sentence(
    desk: DeskBrowser, home: Home, article: int, fields: dict[str, str], says: str
) -> None:
    enter(desk, "editor")
    desk.get("/open-now")
    answer = desk.post("/open-now", form(**fields))
    assert answer.status == 400
    assert says in answer.text
    assert OpenNowStore(home).history() == []


def test_the_form_begins_with_the_article_that_one_comes_from(desk: DeskBrowser, article: int) -> None:
    enter(desk, "editor")
    page = desk.get(f"/open-now?article={article}").text
    assert 'name="article" id="id_article" value="/flood-warning"' in page
    found = re.search(r'name="ends" id="id_ends" value="([^"]+)"', page)
    assert found is not None
    tomorrow = datetime.now(ZONE) + timedelta(days=1)
    assert abs(datetime.fromisoformat(found[1]).replace(tzinfo=ZONE) - tomorrow) < timedelta(minutes=2)


def test_where_it_cannot_be_written_down_nothing_is_opened_and_the_page_says_so(
    desk: DeskBrowser, home: Home, article: int, log: Log
) -> None:
    enter(desk, "editor")
    desk.get("/open-now")
    connection = connect(home.site_db)
    connection.execute("ALTER TABLE foldline_open_now RENAME TO away")
    try:
        answer = desk.post("/open-now", form())
        shown = desk.get("/open-now")
        front = desk.get("/")
    finally:
        connection.execute("ALTER TABLE away RENAME TO foldline_open_now")
        connection.close()
    assert answer.status == 503
    assert "nothing has changed" in answer.text
    assert shown.status == 503
    assert front.status == 200
    assert log.changes() == []
    assert OpenNowStore(home).history() == []
