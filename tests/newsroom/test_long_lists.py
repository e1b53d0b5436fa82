"""Lists with more pages than are written at once: the newest stand there at once, the older ones soon."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.newsroom.room import Newsroom, body

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def small_fronts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pages are a front, and two cards a page; five addresses stand in a sitemap that is written at once."""
    from foldline.site.newsroom import lists, older
    from foldline.syndication import sitemaps

    for name, value in (("FRONT", 2), ("CARDS", 2), ("HOME_CARDS", 3), ("FRONT_ADDRESSES", 5)):
        monkeypatch.setattr(lists, name, value)
    monkeypatch.setattr(older, "AT_ONCE", 4)
    monkeypatch.setattr(sitemaps, "MOST_ADDRESSES", 4)


@pytest.fixture
def stories(newsroom: Newsroom) -> list[Any]:
    """Twenty articles of one section, an hour apart, and what is due is written."""
    from foldline.site.newsroom import lists, older, publishing
    from foldline.site.newsroom.models import Article, Section
    from foldline.site.newsroom.press import open_press

    section = Section.objects.create(name="Science")
    made = []
    for number in range(20):
        made.append(Article.objects.create(headline=f"Story {number:02}", body=body(), section=section))
        publishing.order(made[-1], NOON + timedelta(hours=number))
    with open_press() as press:
        publishing.settle_ordered(press)
        lists.refresh_lists(press)
    older.finish()
    return made


def shown(newsroom: Newsroom, base: str) -> list[str]:
    """The headlines on every page of a list, in order, as whoever turns the pages meets them."""
    found, path = [], base
    while path:
        html = newsroom.html(path)
        found += re.findall(r"Story \d\d", re.sub(r'(?:alt|title|aria-label)="[^"]*"', "", html))
        onward = re.search(r'<a[^>]*href="([^"]+)"[^>]*rel="next"|<a[^>]*rel="next"[^>]*href="([^"]+)"', html)
        path = (onward[1] or onward[2]) if onward else ""
    return list(dict.fromkeys(found))


def names(*numbers: int) -> list[str]:
    return [f"Story {number:02}" for number in numbers]


@pytest.mark.parametrize("base", ["/", "/section/science"])
def test_whoever_turns_the_pages_meets_every_article_in_its_order(
    newsroom: Newsroom, stories: list[Any], base: str
) -> None:
    assert shown(newsroom, base) == names(*range(19, -1, -1))


def test_a_publication_writes_the_front_and_leaves_older_pages_for_later(
    newsroom: Newsroom, stories: list[Any]
) -> None:
    from foldline.site.newsroom import older, publishing
    from foldline.site.newsroom.models import Article

    newsroom.changes()
    new = Article.objects.create(headline="Story 20", body=body(), section=stories[0].section)
    publishing.publish(new, NOON + timedelta(days=9))
    lists_written = [path for path in newsroom.changes() if re.fullmatch(r"/section/science(/\d+)?", path)]
    assert lists_written == ["/section/science", "/section/science/2"]
    assert "Story 20" in newsroom.html("/section/science")
    assert "Story 20" not in newsroom.html("/sitemap-6.xml")
    older.finish()
    assert shown(newsroom, "/section/science") == names(*range(20, -1, -1))
    assert "story-20" in newsroom.html("/sitemap-7.xml") + newsroom.html("/sitemap-6.xml")


def test_what_is_withdrawn_leaves_older_pages_and_the_last_page_that_is_empty_goes(
    newsroom: Newsroom, stories: list[Any]
) -> None:
    from foldline.site.newsroom import older, publishing

    assert newsroom.find("/section/science/10") is not None
    for number in (0, 7):
        stories[number].refresh_from_db()
        publishing.withdraw(stories[number])
    older.finish()
    assert shown(newsroom, "/section/science") == [one for one in names(*range(19, 0, -1)) if one != "Story 07"]
    assert newsroom.find("/section/science/10") is None
    assert "story-07" not in "".join(newsroom.html(f"/sitemap-{number}.xml") for number in range(2, 6))


def test_a_long_list_that_becomes_short_keeps_no_page_of_before(newsroom: Newsroom, stories: list[Any]) -> None:
    from foldline.site.newsroom import older, publishing

    for story in stories[1:]:
        story.refresh_from_db()
        publishing.withdraw(story)
    older.finish()
    assert shown(newsroom, "/section/science") == names(0)
    assert newsroom.find("/section/science/2") is None
    assert newsroom.find("/section/science/3") is None


def test_what_changes_while_older_pages_are_written_is_written_too(newsroom: Newsroom, stories: list[Any]) -> None:
    from foldline.site.newsroom import lists, older, publishing
    from foldline.site.newsroom.models import DueList

    lists.due([lists.OLDER + "/section/science"])
    steps = older._steps("/section/science")
    next(steps)
    stories[15].refresh_from_db()
    publishing.withdraw(stories[15])
    for _ in steps:
        pass
    assert DueList.objects.filter(path=lists.OLDER + "/section/science").exists()
    older.finish()
    assert "Story 15" not in shown(newsroom, "/section/science")
    assert not DueList.objects.exists()


def test_what_was_stopped_half_way_begins_anew_after_a_start(newsroom: Newsroom, stories: list[Any]) -> None:
    from foldline.site.newsroom import lists, older, publishing

    stories[1].refresh_from_db()
    publishing.withdraw(stories[1])
    stopped = older._steps("/section/science")
    next(stopped)
    del stopped
    older.finish()
    assert "Story 01" not in shown(newsroom, "/section/science")
    assert not lists.DueList.objects.exists()


def test_older_pages_rest_after_they_were_written(newsroom: Newsroom, stories: list[Any]) -> None:
    from foldline.site.newsroom import lists, older

    work = older.Older()
    lists.due([lists.OLDER + "/section/science"])
    assert work.turn()
    lists.due([lists.OLDER + "/section/science"])
    assert not work.turn()
    assert older.Older().turn()


def test_more_articles_than_one_statement_takes_are_published_again_at_a_start(
    newsroom: Newsroom, stories: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.press import open_press

    monkeypatch.setattr(publishing, "_AT_ONCE", 3)
    with open_press() as press:
        publishing.repair(press)
        for story in stories:
            press.writer.delete(story.path)
        assert publishing.repair(press) == len(stories)
    assert all(newsroom.find(story.path) is not None for story in stories)
