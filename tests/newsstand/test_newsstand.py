"""The newsstand: cards of our own and of others, refreshed, and gone with their source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.django_home import held_on_disk
from tests.newsroom.room import Newsroom, body
from tests.syndication.feed_host import FeedHost, Said, item, rss

from foldline.stores.schema import connect

if TYPE_CHECKING:
    from foldline.site.newsroom.models import Article
    from foldline.site.newsstand.models import Source

SECRET_BODY = "Nobody but a subscriber reads this."


def published(headline: str = "A river’s way home", days: int = 0, **fields: object) -> Article:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article

    article = Article.objects.create(headline=headline, **{"body": body(), **fields})
    publishing.publish(article, datetime(2025, 2, 12, 12, tzinfo=UTC) + timedelta(days=days))
    article.refresh_from_db()
    return article


def added(host: FeedHost, path: str = "/feed", address: str = "127.0.0.1") -> Source:
    """A source as it stands before it was asked the first time."""
    from foldline.site.newsstand.models import Source

    return Source.objects.create(address=host.url(path, address), title="Feed", added_at=0)


def refreshed() -> str:
    from foldline.site.newsroom.due import Due
    from foldline.site.newsstand.refreshing import refresh

    said = refresh(pause=0)
    Due().look()
    return said


def headlines(stand: Newsroom, path: str = "/newsstand") -> list[str]:
    return re.findall(r'<h2 class="card-headline"><a [^>]*>([^<]*)</a>', stand.html(path))


def again() -> None:
    from foldline.site.newsstand.models import Source

    Source.objects.update(next_at=0)


def test_our_own_articles_and_those_of_a_source_stand_together_the_newest_first(
    stand: Newsroom, host: FeedHost
) -> None:
    published()
    published("A later one", days=2)
    host.answers["/feed"] = Said(rss(item(1, date="Thu, 13 Feb 2025 13:00:00 GMT")))
    source = added(host)
    assert refreshed() == ""
    assert headlines(stand) == ["A later one", "Headline 1", "A river’s way home"]
    page = stand.html("/newsstand")
    assert page.count('<p class="kicker">The Delta Courier</p>') == 1
    assert page.count('<p class="kicker">The Valley Post</p>') == 2
    assert '<a href="https://courier.example/1" rel="noopener">Headline 1</a>' in page
    assert '<time data-age datetime="2025-02-13T08:00:00-05:00">Feb. 13, 2025</time>' in page
    source.refresh_from_db()
    assert (source.title, source.failures, source.problem) == ("The Delta Courier", 0, "")


def test_an_article_of_ours_is_there_when_it_is_published_and_gone_when_it_is_withdrawn(stand: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    article = published()
    assert headlines(stand) == ["A river’s way home"]
    article.headline = "Another “name”"
    article.save()
    publishing.publish(article)
    assert headlines(stand) == ["Another “name”"]
    publishing.withdraw(article)
    assert headlines(stand) == []
    assert "Nothing has been published here yet." in stand.html("/newsstand")


def test_what_a_source_changes_or_drops_is_changed_or_gone_after_one_refresh(stand: Newsroom, host: FeedHost) -> None:
    host.answers["/feed"] = Said(rss(item(1), item(2)))
    added(host)
    refreshed()
    host.answers["/feed"] = Said(rss(item(2, title="Corrected", link="https://courier.example/2")))
    assert headlines(stand) == ["Headline 1", "Headline 2"]
    again()
    refreshed()
    assert headlines(stand) == ["Corrected"]


def test_a_source_that_is_removed_is_gone_from_the_page(stand: Newsroom, host: FeedHost) -> None:
    from foldline.site.newsroom.due import Due
    from foldline.site.newsstand.models import SourceCard
    from foldline.site.newsstand.refreshing import remove

    host.answers["/feed"] = Said(rss(item(1)))
    source = added(host)
    refreshed()
    assert headlines(stand) == ["Headline 1"]
    remove(source)
    Due().look()
    assert headlines(stand) == []
    assert not SourceCard.objects.exists()


def test_a_source_that_is_removed_while_it_is_asked_does_not_come_back(stand: Newsroom, host: FeedHost) -> None:
    from foldline.site.newsstand.models import Source, SourceCard

    source = added(host)

    def removing(path: str, headers: object) -> Said:
        Source.objects.filter(pk=source.pk).delete()
        return Said(rss(item(1)))

    host.answers["/feed"] = removing
    refreshed()
    assert headlines(stand) == []
    assert (Source.objects.count(), SourceCard.objects.count()) == (0, 0)


def test_nothing_but_the_card_is_stored_anywhere(stand: Newsroom, host: FeedHost) -> None:
    more = f"<content:encoded>&lt;p&gt;{SECRET_BODY}&lt;/p&gt;</content:encoded><dc:creator>hunter2</dc:creator>"
    host.answers["/feed"] = Said(rss(item(1, more=more), item(2, about="", more=more)))
    added(host)
    refreshed()
    assert headlines(stand) == ["Headline 1", "Headline 2"]
    connection = connect(stand.home.site_db)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert held_on_disk("Headline 1", stand.home.path) != []
    for words in ("Nobody but a subscriber", "hunter2"):
        assert held_on_disk(words, stand.home.path) == []


def test_a_source_that_fails_keeps_its_cards_backs_off_and_says_why(stand: Newsroom, host: FeedHost) -> None:
    from foldline.site.readers import moment

    host.answers["/feed"] = Said(rss(item(1)))
    source = added(host)
    refreshed()
    waits = []
    for _ in range(3):
        host.answers["/feed"] = Said(b"<html>Sign in</html>")
        again()
        assert refreshed() == "1 of 1 sources do not answer well"
        source.refresh_from_db()
        waits.append(source.next_at - moment.epoch())
        assert source.problem == "no feed"
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]
    assert headlines(stand) == ["Headline 1"]
    asked = len(host.asked)
    refreshed()
    assert len(host.asked) == asked


def test_a_source_that_has_failed_for_two_weeks_has_no_cards_on_the_page(stand: Newsroom, host: FeedHost) -> None:
    from foldline.site.newsroom import lists
    from foldline.site.newsstand.models import Source
    from foldline.site.readers import moment

    host.answers["/feed"] = Said(rss(item(1)))
    added(host)
    refreshed()
    Source.objects.update(fetched_at=moment.epoch() - 15 * 86_400)
    lists.due(["/newsstand"])
    refreshed()
    assert headlines(stand) == []


def test_a_feed_that_has_not_changed_is_asked_with_its_validators_and_writes_no_page(
    stand: Newsroom, host: FeedHost
) -> None:
    host.answers["/feed"] = Said(
        rss(item(1)), headers={"etag": '"a"', "last-modified": "Wed, 12 Feb 2025 13:44:00 GMT"}
    )
    added(host)
    refreshed()
    stand.changes()
    host.answers["/feed"] = Said(status=304)
    again()
    refreshed()
    _, headers = host.asked[-1]
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"a"', "Wed, 12 Feb 2025 13:44:00 GMT")
    assert (headlines(stand), stand.changes()) == (["Headline 1"], [])


def test_a_source_that_wants_to_be_left_alone_is(stand: Newsroom, host: FeedHost) -> None:
    from foldline.site.readers import moment

    host.answers["/feed"] = Said(rss(item(1), more="<ttl>300</ttl>"))
    source = added(host)
    refreshed()
    source.refresh_from_db()
    assert source.next_at - moment.epoch() > 299 * 60


def test_no_script_and_no_notice_of_a_source_is_on_the_page(stand: Newsroom, host: FeedHost) -> None:
    host.answers["/feed"] = Said(
        rss(
            item(
                1,
                title="&lt;script&gt;alert(1)&lt;/script&gt;Rain &lt;img src=x onerror=x()&gt; &amp;lt;b&amp;gt;",
                about="Subscribe to keep reading. &lt;iframe src=//evil.example&gt;&lt;/iframe&gt;It rained.",
                more="<category>&lt;b&gt;Weather&lt;/b&gt;</category><category> </category>",
            )
        )
    )
    added(host)
    refreshed()
    page = stand.html("/newsstand")
    assert headlines(stand) == ["Rain &lt;b&gt;"]
    assert '<p class="card-standfirst">It rained.</p>' in page
    assert "<li>Weather</li>" in page
    assert page.count('<ul class="card-tags"') == 1
    for bad in ("alert(", "evil.example", "Subscribe to keep", "<iframe", "onerror"):
        assert bad not in page


def test_no_tags_are_no_list_and_ours_are_links(stand: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Tag

    article = published()
    assert "card-tags" not in stand.html("/newsstand")
    article.tags.add(Tag.objects.create(name="Rivers"))
    publishing.publish(article)
    assert '<li><a href="/tag/rivers" rel="tag">Rivers</a></li>' in stand.html("/newsstand")


def test_an_article_in_two_feeds_has_one_card_and_ours_is_our_own(stand: Newsroom, host: FeedHost) -> None:
    from foldline.site.newsroom.press import settings

    published()
    ours = f"{settings().publication.url}/a-rivers-way-home"
    host.answers["/feed"] = Said(rss(item(1), item(2, link=ours)))
    host.answers["/other"] = Said(rss(item(1), title="The Other"))
    added(host)
    added(host, "/other", "127.0.0.2")
    refreshed()
    assert sorted(headlines(stand)) == ["A river’s way home", "Headline 1"]


def test_a_card_without_a_date_stands_where_it_was_first_seen_and_shows_none(stand: Newsroom, host: FeedHost) -> None:
    host.answers["/feed"] = Said(rss(item(1, date="Thu, 01 Jan 1970 00:00:00 GMT"), item(2), item(3, date="x")))
    added(host)
    refreshed()
    assert headlines(stand) == ["Headline 1", "Headline 3", "Headline 2"]
    assert stand.html("/newsstand").count("<time ") == 1


def test_a_card_in_another_language_says_so(stand: Newsroom, host: FeedHost) -> None:
    host.answers["/feed"] = Said(rss(item(1), more="<language>fr-CA</language>"))
    added(host)
    refreshed()
    assert '<article class="card card-stand" lang="fr-CA">' in stand.html("/newsstand")


def test_more_cards_than_a_page_holds_are_on_pages_and_none_is_left_behind(stand: Newsroom, host: FeedHost) -> None:
    host.answers["/feed"] = Said(rss(*(item(number) for number in range(40))))
    added(host)
    refreshed()
    assert len(headlines(stand)) == 30
    assert len(headlines(stand, "/newsstand/2")) == 10
    assert '<a href="/newsstand/2" rel="next">' in stand.html("/newsstand")
    host.answers["/feed"] = Said(rss(item(1)))
    again()
    refreshed()
    assert stand.find("/newsstand/2") is None


def test_our_cards_say_how_often_they_were_read(stand: Newsroom) -> None:
    from foldline.site.newsroom import lists
    from foldline.site.newsroom.due import Due

    article = published()
    connection = connect(stand.home.reads_db)
    connection.execute("INSERT INTO foldline_reads (article, reads, shown) VALUES (?, 24, 24)", (article.pk,))
    lists.due(["/newsstand"])
    Due().look()
    connection.execute("DELETE FROM foldline_reads")
    connection.close()
    assert '<span class="card-reads">24 reads</span>' in stand.html("/newsstand")


@pytest.fixture
def before_a_site(stand: Newsroom) -> Iterator[Newsroom]:
    """The same home with a site behind its gate, which has an article of its own."""
    from django.conf import settings
    from django.test import override_settings

    from foldline.config import OriginSettings
    from foldline.fold.page.spec import FoldSpec
    from foldline.sources.origin.surface_file import profile

    now = settings.FOLDLINE
    site = OriginSettings("http://127.0.0.1:9", profile("static"), FoldSpec(), "s" * 40)
    publication = replace(now.publication, newsstand_path="/-/newsstand")
    with override_settings(FOLDLINE=replace(now, origin=site, publication=publication)):
        yield stand


def test_before_a_site_the_cards_of_its_own_feed_say_how_often_they_were_read(
    before_a_site: Newsroom, host: FeedHost
) -> None:
    from foldline.site.newsroom import reads
    from foldline.site.newsroom.press import open_press, settings

    own = settings().publication.url
    host.answers["/feed"] = Said(rss(item(1, link=f"{own}/two-diaries.html"), item(2), title="The Valley Post"))
    added(host)
    refreshed()
    assert headlines(before_a_site, "/-/newsstand") == ["Headline 1", "Headline 2"]
    with open_press() as press:
        number = press.writer.number_of("/two-diaries.html")
    connection = connect(before_a_site.home.reads_db)
    connection.execute("INSERT INTO foldline_reads (article, reads) VALUES (?, 24)", (number,))
    reads.show()
    refreshed()
    connection.execute("DELETE FROM foldline_reads")
    connection.close()
    first, second = before_a_site.html("/-/newsstand").split("</article>")[:2]
    assert '<span class="card-reads">24 reads</span>' in first
    assert "reads</span>" not in second


def test_before_a_site_there_is_no_newsstand_until_somebody_adds_a_feed(before_a_site: Newsroom) -> None:
    from foldline.site.newsroom import lists
    from foldline.site.newsroom.due import Due

    lists.due(["/-/newsstand"])
    Due().look()
    assert before_a_site.find("/-/newsstand") is None


def test_no_address_with_a_key_in_it_is_in_the_log(
    stand: Newsroom, host: FeedHost, caplog: pytest.LogCaptureFixture
) -> None:
    source = added(host, "/gone?key=hunter2")
    refreshed()
    source.refresh_from_db()
    assert source.problem == "status 404"
    assert "127.0.0.1/gone: status 404" in caplog.text
    assert "hunter2" not in caplog.text
