"""See as, and why a reader can't read, at the desk of a site that is not ours: the same answers as its readers get."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from tests.django_home import SETTINGS
from tests.readers.browser import Browser
from tests.readers.processes import DeskBrowser, served
from tests.server.origin_sites import newspaper_site
from tests.server.test_origin_newspaper import CANARY, PATH, REST, SECRET, Site, page

from foldline.stores.fetched import FetchedPages
from foldline.stores.home import Home
from foldline.stores.records import PublicStore, RecordWriter
from foldline.stores.schema import connect

from .conftest import Log
from .staff_room import enter
from .test_service import part

NORA = "nora@example.test"
RULES = 'default-access = "subscribers"\n'


@dataclass
class Behind:
    desk: DeskBrowser
    site: Site
    home: Home


#: Takes away, in a process of its own, that the eye asks the site.
BROKEN = """
from foldline.server import origin_eye
origin_eye.record_at = lambda settings, clock, state, library, path: library.page(path.encode())
"""


@pytest.fixture(scope="module")
def settings_of_a_site(home: Home) -> Iterator[tuple[Site, int]]:
    with desk_of_a_site(home) as opened:
        yield opened


@contextmanager
def desk_of_a_site(home: Home, broken: str = "") -> Iterator[tuple[Site, int]]:
    site = Site(REST)
    with newspaper_site(site) as port:
        origin = f'[origin]\nurl = "http://127.0.0.1:{port}"\nprofile = "static"\n'
        home.settings_file.write_text(SETTINGS + origin, encoding="utf-8")
        with pytest.MonkeyPatch.context() as environ:
            environ.setenv("FOLDLINE_ORIGIN_SECRET", SECRET)
            try:
                with served(home, "desk", broken=broken) as desk:
                    assert DeskBrowser(desk).get("/sign-in").status == 200
                    yield site, desk
            finally:
                home.settings_file.write_text(SETTINGS, encoding="utf-8")


@pytest.fixture
def behind(settings_of_a_site: tuple[Site, int], home: Home, site: None, no_rules: None) -> Iterator[Behind]:
    with before_a_desk(*settings_of_a_site, home) as opened:
        yield opened


@contextmanager
def before_a_desk(newspaper: Site, port: int, home: Home) -> Iterator[Behind]:
    """Nothing was asked for yet, and everything is for subscribers."""
    from foldline.stores.rule_sets import RuleSetStore

    newspaper.pages = {**Site(REST).pages, "/other.html": page(REST).replace(b"two diaries", b"ninth bridge")}
    newspaper.asked.clear()
    with RuleSetStore(home) as sets:
        sets.publish(RULES, "ada", "", int(time.time()))
    forget(home)
    yield Behind(DeskBrowser(port), newspaper, home)
    forget(home)


def forget(home: Home) -> None:
    for path, tables in ((home.public_db, ("records", "numbers")), (home.fetched_db, ("fetched", "told"))):
        with closing(connect(path)) as database:
            for table in tables:
                database.execute(f"DELETE FROM {table}")


@pytest.fixture
def nora(behind: Behind) -> Any:
    from foldline.site.readers.models import Reader

    Browser().sign_in(NORA)
    enter(behind.desk, "service")
    return Reader.objects.get(email=NORA)


def give(reader: Any) -> None:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Product

    entitlements.give(reader, Product.objects.get(), ends_at=moment.now() + timedelta(days=3), note="x")


def frames(text: str) -> list[str]:
    return [unescape(found) for found in re.findall(r'<iframe class="frame" sandbox="" src="([^"]+)"', text)]


def test_from_an_address_to_the_reason_for_a_page_that_nobody_asked_for_yet(behind: Behind, nora: Any) -> None:
    desk = behind.desk
    desk.get("/service/")
    found = desk.post("/service/", {"wanted": NORA}).headers["location"]
    for wanted in (PATH, f"http://127.0.0.1:8080{PATH}?utm=1"):
        why = part(desk.get(f"{found}?q={wanted}").text, "why")
        told = "The two diaries of a river The preview. Nothing that the reader ever had opens this article."
        assert told in why
        assert "subscription-needed · subscribers" in why
    assert ("GET", PATH) in behind.site.asked
    give(nora)
    why = part(desk.get(f"{found}?q={PATH}").text, "why")
    assert "The whole. Something that the reader is entitled to opens this article." in why


def test_pages_that_were_asked_for_are_found_by_words_of_their_headline_and_are_the_newest_ones(
    behind: Behind, nora: Any
) -> None:
    desk = behind.desk
    for path in (PATH, "/other.html"):
        desk.get(f"/service/{nora.pk}?q={path}")
    for wanted, found, other in (("NINTH", "/other.html", PATH), ("diaries", PATH, "/other.html")):
        why = desk.get(f"/service/{nora.pk}?q={wanted}").text
        assert f"path={found.replace('/', '%2F')}&amp;reader={nora.pk}" in why
        assert other.replace("/", "%2F") not in why
    newest = part(desk.get(f"/service/{nora.pk}").text, "why")
    assert "What this reader gets of the newest articles" in newest
    assert "The ninth bridge of a river" in newest
    assert "The two diaries of a river" in newest


def test_see_as_shows_the_site_s_own_page_as_each_reader_gets_it(behind: Behind, nora: Any, log: Log) -> None:
    from foldline.insight.decisions import last_decisions

    desk = behind.desk
    found = desk.get(f"/see-as?q={PATH}").text
    link = re.search(r'href="(\?path=[^"]+)"', found)
    assert link is not None
    kinds = {"anonymous": False, "subscriber": True, "lapsed": False, "googlebot": False}
    for kind, whole in kinds.items():
        shown = desk.get(f"/see-as?path={PATH}&as={kind}").text
        assert "The two diaries of a river" in shown
        body = desk.get(frames(shown)[0]).text
        assert "a line for each flood" in body
        assert (CANARY in body) is whole, kind
    shown = desk.get(f"/see-as?path={PATH}&reader={nora.pk}").text
    assert "subscription-needed" in shown
    assert CANARY not in desk.get(frames(shown)[0]).text
    give(nora)
    assert CANARY in desk.get(frames(desk.get(f"/see-as?path={PATH}&reader={nora.pk}").text)[0]).text
    assert log.changes() == []
    assert last_decisions(behind.home.events, 10) == []
    assert not behind.home.shadow_events.exists() or not list(behind.home.shadow_events.iterdir())


def test_what_the_site_has_changed_or_taken_away_is_so_at_the_desk(behind: Behind, nora: Any) -> None:
    desk = behind.desk
    assert "The preview." in part(desk.get(f"/service/{nora.pk}?q={PATH}").text, "why")
    behind.site.pages[PATH] = page(REST, ',"isAccessibleForFree":true')
    with closing(FetchedPages(behind.home)) as fetched:
        fetched.expire(PATH.encode())
    assert "The article is free." in part(desk.get(f"/service/{nora.pk}?q={PATH}").text, "why")
    del behind.site.pages[PATH]
    with closing(FetchedPages(behind.home)) as fetched:
        fetched.expire(PATH.encode())
    assert "No published article has this" in part(desk.get(f"/service/{nora.pk}?q={PATH}").text, "why")
    assert "the site behind the gate has no article there" in desk.get(f"/see-as?path={PATH}&as=anonymous").text


def test_while_the_site_does_not_answer_what_it_answered_last_counts_and_else_it_is_said(
    behind: Behind, nora: Any
) -> None:
    desk = behind.desk
    desk.get(f"/service/{nora.pk}?q={PATH}")
    answers = behind.site.page
    behind.site.page = lambda environ, path: ("500 No", [("Content-Type", "text/plain")], b"")  # type: ignore[method-assign]
    try:
        with closing(FetchedPages(behind.home)) as fetched:
            fetched.expire(PATH.encode())
        assert "The preview." in part(desk.get(f"/service/{nora.pk}?q={PATH}").text, "why")
        assert "The article can’t be read just now." in part(desk.get(f"/service/{nora.pk}?q=/other.html").text, "why")
        answer = desk.get("/see-as?path=/other.html&as=anonymous")
        assert (answer.status, "The article can’t be read just now." in answer.text) == (503, True)
    finally:
        behind.site.page = answers  # type: ignore[method-assign]


@pytest.mark.parametrize("path", ["/robots.txt", "/theme/site.css", "/-/account", "/../secret", "/%2e%2e/x", "/a%2fb"])
def test_what_is_no_article_of_the_site_is_none_at_the_desk(behind: Behind, nora: Any, path: str) -> None:
    assert "No published article has this" in part(behind.desk.get(f"/service/{nora.pk}?q={path}").text, "why")
    assert behind.desk.get(f"/see-as/frame?path={path}&as=subscriber").status == 404
    assert ("GET", path) not in behind.site.asked


def test_the_articles_are_found_in_the_records_and_no_further_than_asked(home: Home, site: None) -> None:
    from foldline.policy.facts import Access, Article
    from foldline.stores.records import ArticleRecord

    forget(home)
    with closing(RecordWriter(home)) as writer:
        for number, headline in enumerate(("Ferry at dawn", "", "Ferry, again"), 700_001):
            article = Article(number, Access.FREE, "", frozenset({1}), frozenset(), number, f"/p{number}")
            writer.put_article(ArticleRecord(article.path, article, 1, "<p>", "", "", {"free": ""}, headline=headline))
    with closing(PublicStore(home)) as store:
        assert store.matching("FERRY", 5) == [("/p700003", "Ferry, again"), ("/p700001", "Ferry at dawn")]
        assert store.matching("ferry", 1) == [("/p700003", "Ferry, again")]
        assert store.matching("/p700002", 5) == [("/p700002", "")]
        assert store.matching("%", 5) == []
    forget(home)


def test_where_the_desk_does_not_ask_the_site_its_tests_go_red(home: Home, site: None, no_rules: None) -> None:
    from foldline.site.readers.models import Reader

    with desk_of_a_site(home, BROKEN) as (newspaper, port), before_a_desk(newspaper, port, home) as behind:
        Browser().sign_in(NORA)
        enter(behind.desk, "service")
        nora = Reader.objects.get(email=NORA)
        for goes_red in (
            test_from_an_address_to_the_reason_for_a_page_that_nobody_asked_for_yet,
            test_what_the_site_has_changed_or_taken_away_is_so_at_the_desk,
        ):
            with pytest.raises(AssertionError):
                goes_red(behind, nora)
