"""Sitemaps of our own newsroom: every published article, closed ones too, and no word of a text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from defusedxml import ElementTree

from foldline.pages.record import Sheet
from foldline.policy.facts import Access

from .room import Newsroom, body

if TYPE_CHECKING:
    from foldline.site.newsroom.models import Article

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """What the newsroom takes for now: its last entry."""
    from foldline.site.readers import moment

    times = [NOW]
    monkeypatch.setattr(moment, "now", lambda: times[-1])
    return times


def published(headline: str, at: datetime = NOW, **fields: object) -> Article:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article

    article = Article.objects.create(headline=headline, **{"body": body(), **fields})
    publishing.publish(article, at)
    article.refresh_from_db()
    return article


def listed(newsroom: Newsroom, path: str = "/sitemap.xml") -> dict[str, str | None]:
    root = ElementTree.fromstring(newsroom.html(path).encode())
    return {
        (entry.findtext(f"{MAPS}loc") or "").partition("//")[2].partition("/")[2]: entry.findtext(f"{MAPS}lastmod")
        for entry in root
    }


def titles(newsroom: Newsroom) -> list[str | None]:
    root = ElementTree.fromstring(newsroom.html("/sitemap-news.xml").encode())
    return [entry.findtext(f"{NEWS}news/{NEWS}title") for entry in root]


def refresh() -> None:
    from foldline.site.newsroom import lists
    from foldline.site.newsroom.press import open_press

    with open_press() as press:
        lists.refresh_lists(press)


def test_articles_of_every_level_stand_in_both_sitemaps(newsroom: Newsroom, clock: list[datetime]) -> None:
    for level in Access:
        published(f"About {level.value}", access=level.value)
    paths = {f"about-{level.value}" for level in Access}
    assert set(listed(newsroom)) == {"", "newsstand", *paths}
    assert set(titles(newsroom)) == {f"About {level.value}" for level in Access}
    record = newsroom.find("/sitemap.xml")
    assert isinstance(record, Sheet)
    assert record.content_type == "application/xml; charset=utf-8"


def test_sections_tags_and_authors_with_articles_stand_there(newsroom: Newsroom, clock: list[datetime]) -> None:
    from foldline.site.newsroom.models import Section, Tag

    science = Section.objects.create(name="Science")
    Tag.objects.create(name="Nothing yet")
    article = published("A river", section=science)
    article.tags.add(Tag.objects.create(name="Rivers"))
    from foldline.site.newsroom import publishing

    publishing.publish(article)
    assert set(listed(newsroom)) == {"", "newsstand", "section/science", "tag/rivers", "a-river"}


def test_what_is_withdrawn_or_withheld_leaves_both_sitemaps(newsroom: Newsroom, clock: list[datetime]) -> None:
    from foldline.site.newsroom import publishing

    article = published("A libel")
    # As it is after an upgrade: no list of machines was known when it was published.
    article.listed_in = []
    article.save()
    publishing.withdraw(article)
    assert (set(listed(newsroom)), titles(newsroom)) == ({"", "newsstand"}, [])


def test_lastmod_is_what_an_editor_says_and_no_change_of_a_text_moves_it(
    newsroom: Newsroom, clock: list[datetime]
) -> None:
    from foldline.site.newsroom import publishing

    article = published("A river", NOW - timedelta(days=5))
    before = newsroom.html("/sitemap.xml")
    assert listed(newsroom)["a-river"] == "2026-11-21T12:00:00+00:00"
    newsroom.changes()
    article.body += "\n\nA late paragraph."
    article.save()
    publishing.publish(article)
    assert newsroom.html("/sitemap.xml") == before
    assert newsroom.changes() == ["/a-river"]
    article.notes.create(kind="correction", at=NOW - timedelta(days=1), text="A name.")
    publishing.publish(article)
    assert listed(newsroom)["a-river"] == "2026-11-25T12:00:00+00:00"
    # A date that has not come is no date of a change.
    article.updated_at = NOW + timedelta(days=1)
    article.save()
    publishing.publish(article)
    assert listed(newsroom)["a-river"] == "2026-11-21T12:00:00+00:00"


def test_an_article_leaves_the_news_after_two_days_though_nobody_publishes(
    newsroom: Newsroom, clock: list[datetime]
) -> None:
    from foldline.server.due import jobs

    published("A river & “its” way")
    assert titles(newsroom) == ["A river & “its” way"]
    assert "A river &amp; “its” way</h1>" in newsroom.html("/a-river-its-way")
    (job,) = (job for job in jobs() if job.name == "refresh news sitemap")
    for hours, stands in ((47, ["A river & “its” way"]), (48, [])):
        clock.append(NOW + timedelta(hours=hours))
        job.run()
        refresh()
        assert titles(newsroom) == stands
    assert "a-river-its-way" in listed(newsroom)


def test_a_file_of_the_index_goes_when_nothing_is_left_for_it(
    newsroom: Newsroom, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.site.newsroom import publishing
    from foldline.syndication import sitemaps

    monkeypatch.setattr(sitemaps, "MOST_ADDRESSES", 3)
    first, second = published("One"), published("Two")
    assert set(listed(newsroom)) == {"sitemap-1.xml", "sitemap-2.xml"}
    assert set(listed(newsroom, "/sitemap-2.xml")) == {"two"}
    newsroom.changes()
    publishing.withdraw(second)
    assert set(listed(newsroom)) == {"", "newsstand", first.slug}
    assert newsroom.find("/sitemap-2.xml") is None
    assert {"/sitemap.xml", "/sitemap-1.xml", "/sitemap-2.xml"} <= set(newsroom.changes())


def test_a_start_brings_the_sitemaps_of_articles_that_were_published_before_there_were_any(
    newsroom: Newsroom, clock: list[datetime]
) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.press import open_press

    published("A river")
    with open_press() as press:
        publishing.repair(press)
        press.writer.delete("/sitemap.xml")
        press.writer.delete("/sitemap-news.xml")
        publishing.repair(press)
    assert set(listed(newsroom)) == {"", "newsstand", "a-river"}
    assert titles(newsroom) == ["A river"]
