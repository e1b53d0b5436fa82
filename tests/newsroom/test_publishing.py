from __future__ import annotations

import json
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest

from foldline.pages.record import Gone, PublicPage, Redirect, Sheet
from foldline.policy.facts import Access
from foldline.stores.records import RecordWriter

from .room import Newsroom, body

if TYPE_CHECKING:
    from foldline.site.newsroom.models import Article

NOON = datetime(2025, 2, 12, 12, tzinfo=UTC)


def written(headline: str = "A river’s way home", **fields: object) -> Article:
    from foldline.site.newsroom.models import Article

    return Article.objects.create(headline=headline, **{"body": body(), **fields})


def published(headline: str = "A river’s way home", **fields: object) -> Article:
    from foldline.site.newsroom import publishing

    article = written(headline, **fields)
    publishing.publish(article, NOON)
    article.refresh_from_db()
    return article


def test_a_draft_is_nowhere(newsroom: Newsroom) -> None:
    article = written()
    assert article.state == "draft"
    assert newsroom.find(article.path) is None
    assert newsroom.sealed() == []


def test_a_published_article_has_a_preview_and_a_sealed_rest(newsroom: Newsroom) -> None:
    article = published()
    page = newsroom.find("/a-rivers-way-home")
    assert isinstance(page, PublicPage)
    assert (page.gated, page.article.access, page.version) == (True, Access.METERED, article.version)
    assert "Paragraph 4 tells" in newsroom.html(article.path)
    assert "Paragraph 5 tells" not in newsroom.html(article.path)
    ((number, version, rest),) = newsroom.sealed()
    assert (number, version) == (article.pk, page.version)
    assert "Paragraph 5 tells" in rest


def test_publication_tells_the_workers_of_every_path_that_changed(newsroom: Newsroom) -> None:
    from foldline.site.newsroom.feeds import feed_paths
    from foldline.site.newsroom.models import Section

    published(section=Section.objects.create(name="Science"))
    machines = {"/sitemap.xml", "/sitemap-news.xml"}
    feeds = {*feed_paths("/"), *feed_paths("/section/science")}
    pages = {"/a-rivers-way-home", "/", "/newsstand", "/section/science"}
    assert set(newsroom.changes()) == {*pages, *machines, *feeds}


def test_publishing_again_without_a_change_rewrites_no_list(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    article = published()
    newsroom.changes()
    publishing.publish(article)
    assert newsroom.changes() == ["/a-rivers-way-home"]


def test_a_change_below_the_fold_changes_no_byte_above_it_and_no_list(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    article = published()
    before, home = newsroom.html(article.path), newsroom.html("/")
    article.body += "\n\nA late paragraph."
    article.save()
    publishing.publish(article)
    assert newsroom.html(article.path) == before
    assert newsroom.html("/") == home
    assert "A late paragraph." in newsroom.sealed()[-1][2]


def test_the_headline_is_the_same_in_page_card_title_opengraph_and_structured_data(newsroom: Newsroom) -> None:
    headline = "The river’s “second” bed & how it’s <kept>"
    article = published(headline)
    page = newsroom.html(article.path)

    def inside(pattern: str, text: str = page) -> str:
        found = re.search(pattern, text, re.DOTALL)
        assert found, pattern
        return unescape(found[1]).strip()

    assert inside(r'<h1 class="headline">(.*?)</h1>') == headline
    assert inside(r"<title>(.*?)</title>") == headline
    assert inside(r'<meta property="og:title" content="(.*?)">') == headline
    structured = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert structured
    assert json.loads(structured[1])["headline"] == headline
    assert headline in unescape(newsroom.html("/"))


def test_a_changed_headline_shows_on_page_and_lists_at_once(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    article = published()
    article.headline = "Another headline"
    article.save()
    publishing.publish(article)
    for path in (article.path, "/"):
        assert "Another headline" in newsroom.html(path)
        assert "way home" not in newsroom.html(path).replace(article.slug, "")


def test_a_changed_address_leads_to_the_new_one_for_ever(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    article = published()
    for slug in ("second-address", "third-address"):
        article.slug = slug
        article.save()
        publishing.publish(article)
        article.refresh_from_db()
    assert newsroom.find("/a-rivers-way-home") == Redirect("/a-rivers-way-home", "/third-address")
    assert newsroom.find("/second-address") == Redirect("/second-address", "/third-address")
    assert isinstance(newsroom.find("/third-address"), PublicPage)
    assert {"/a-rivers-way-home", "/second-address", "/third-address"} <= set(newsroom.changes())


def test_an_address_that_comes_back_is_the_article_again(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    article = published()
    for slug in ("elsewhere", "a-rivers-way-home"):
        article.slug = slug
        article.save()
        publishing.publish(article)
        article.refresh_from_db()
    assert isinstance(newsroom.find("/a-rivers-way-home"), PublicPage)
    assert newsroom.find("/elsewhere") == Redirect("/elsewhere", "/a-rivers-way-home")


def test_an_old_address_never_hides_another_article(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    first = published()
    first.slug = "moved"
    first.save()
    publishing.publish(first)
    second = published("Another river", slug="a-rivers-way-home")
    first.refresh_from_db()
    publishing.publish(first)
    page = newsroom.find("/a-rivers-way-home")
    assert isinstance(page, PublicPage)
    assert page.article.id == second.pk


def test_a_withdrawn_article_is_gone_from_its_addresses_its_lists_and_the_sealed_store(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import OldPath, Tag

    article = written()
    article.tags.add(Tag.objects.create(name="Rivers"))
    OldPath.objects.create(path="/2015/09/04/river", article=article)
    publishing.publish(article)
    assert "A river’s way home" in newsroom.html("/tag/rivers")
    newsroom.changes()
    article.refresh_from_db()
    publishing.withdraw(article)
    assert isinstance(newsroom.find(article.path), Gone)
    assert isinstance(newsroom.find("/2015/09/04/river"), Gone)
    assert newsroom.sealed() == []
    assert "way home" not in newsroom.html("/")
    assert newsroom.find("/tag/rivers") is None
    assert {article.path, "/2015/09/04/river", "/", "/tag/rivers"} <= set(newsroom.changes())


def test_a_withdrawn_article_can_be_published_again(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    article = published()
    publishing.withdraw(article)
    article.refresh_from_db()
    assert article.state == "withdrawn"
    publishing.publish(article)
    assert isinstance(newsroom.find(article.path), PublicPage)
    assert article.published_at == NOON


def test_a_scheduled_article_is_nowhere_before_its_moment_and_on_its_page_after_it(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.due import Due

    article = written(publish_at=NOON)
    assert article.state == "scheduled"
    assert publishing.publish_due(NOON - timedelta(seconds=1)) == 0
    assert newsroom.find(article.path) is None
    assert publishing.publish_due(NOON) == 1
    assert publishing.publish_due(NOON) == 0
    Due().look()
    assert isinstance(newsroom.find(article.path), PublicPage)
    article.refresh_from_db()
    assert (article.state, article.published_at) == ("published", NOON)


def test_a_list_shows_24_cards_a_page_and_drops_pages_that_are_no_longer_needed(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import lists, publishing
    from foldline.site.newsroom.models import Section
    from foldline.site.newsroom.press import open_press

    section = Section.objects.create(name="Science")
    articles = [written(f"Story {number:02}", section=section) for number in range(26)]
    for number, article in enumerate(articles):
        publishing.order(article, NOON + timedelta(hours=number))
    with open_press() as press:
        publishing.settle_ordered(press)
        lists.refresh_lists(press)
    first, second = newsroom.html("/section/science"), newsroom.html("/section/science/2")
    assert "Story 25" in first
    assert "Story 02" in first
    assert "Story 01" not in first
    assert "Story 01" in second
    assert "Story 00" in second
    assert "/section/science/2" in first
    assert "Story 00" in newsroom.html("/page/2")
    for article in articles[:2]:
        article.refresh_from_db()
        publishing.withdraw(article)
    assert newsroom.find("/section/science/2") is None
    assert newsroom.find("/page/2") is None


def test_no_word_of_a_body_is_in_a_list(newsroom: Newsroom) -> None:
    published(body="Openingword stands first.\n\n<!-- fold -->\n\nHiddenword comes later.")
    assert "Openingword" not in newsroom.html("/")
    assert "Hiddenword" not in newsroom.html("/")


def test_nothing_below_the_fold_means_free(newsroom: Newsroom) -> None:
    article = published(body="Only one short paragraph.", access="subscribers")
    page = newsroom.find(article.path)
    assert isinstance(page, PublicPage)
    assert (page.gated, page.article.access) == (False, Access.FREE)
    assert newsroom.sealed() == []


def test_an_unknown_access_level_shows_headline_and_standfirst_only_and_is_an_alarm(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    article = published(access="vip", standfirst="What one may know.")
    page = newsroom.find(article.path)
    assert isinstance(page, PublicPage)
    assert page.article.access is None
    assert page.gated
    assert "Paragraph 0" not in newsroom.html(article.path)
    assert "What one may know." in newsroom.html(article.path)
    (problem,) = publishing.alarms()
    assert (problem.id, problem.where) == ("FL411", article.path)
    article.access = "metered"
    article.save()
    publishing.publish(article)
    assert publishing.alarms() == []
    assert "Paragraph 0" in newsroom.html(article.path)


def test_an_article_without_a_findable_fold_is_an_alarm_until_a_marker_is_set(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    rows = "\n".join(f"| {number} | a cell of some length, number {number} |" for number in range(200))
    article = published(body=f"| a | b |\n|---|---|\n{rows}", standfirst="What one may know.")
    assert [problem.id for problem in publishing.alarms()] == ["FL410"]
    assert "a cell of some length" not in newsroom.html(article.path)
    article.body = "An opening.\n\n<!-- fold -->\n\n" + article.body
    article.save()
    publishing.publish(article)
    assert publishing.alarms() == []


def test_a_lead_image_without_a_description_stands_against_publication(newsroom: Newsroom) -> None:
    from django.core.exceptions import ValidationError

    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Image

    image = Image.objects.create(name="0" * 32 + ".png", width=4, height=3, source_name="weir.png")
    article = written(lead_image=image)
    with pytest.raises(ValidationError, match=r"weir\.png has no description"):
        publishing.publish(article)
    assert newsroom.find(article.path) is None
    image.decorative = True
    image.save()
    article.refresh_from_db()
    publishing.publish(article)
    page = newsroom.html(article.path)
    assert f'src="/-/media/{image.name}"' in page
    assert 'alt=""' in page


def test_a_due_article_that_may_not_appear_is_held_back_with_an_alarm(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Image

    image = Image.objects.create(name="0" * 32 + ".png", width=4, height=3)
    article = written(lead_image=image, publish_at=NOON)
    assert publishing.publish_due(NOON) == 0
    assert [problem.id for problem in publishing.alarms()] == ["FL413"]
    Image.objects.update(alt="A weir in spring.")
    assert publishing.publish_due(NOON) == 1
    from foldline.site.newsroom.due import Due

    Due().look()
    assert publishing.alarms() == []
    assert isinstance(newsroom.find(article.path), PublicPage)


def test_the_byline_is_one_string_and_comes_from_the_authors_only_when_nobody_typed_one(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Author, Authorship

    article = written()
    for order, name in enumerate(("Nagy Ágnes", "Ana María Ruiz", "Ì. Adé")):
        Authorship.objects.create(article=article, author=Author.objects.create(name=name), order=order)
    publishing.publish(article)
    card = unescape(re.sub(r"<[^>]+>", "", newsroom.html("/")))
    assert "Nagy Ágnes, Ana María Ruiz and Ì. Adé" in card
    article.byline = "From our own correspondent"
    article.save()
    publishing.publish(article)
    assert "From our own correspondent" in newsroom.html("/")
    assert "Nagy" not in newsroom.html("/")


def test_tags_without_a_name_leave_no_separator(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Tag

    article = written()
    article.tags.add(Tag.objects.create(name="Rivers"))
    publishing.publish(article)
    assert '<a href="/tag/rivers"' in newsroom.html(article.path)


def test_error_pages_are_records_of_their_own(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.press import open_press

    with open_press() as press:
        publishing.repair(press)
    assert all(isinstance(newsroom.find(f":{status}"), Sheet) for status in (400, 404, 405, 410, 500))
    assert isinstance(newsroom.find("/"), Sheet)


def test_a_crash_before_the_public_record_leaves_the_page_before_with_its_own_rest(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.press import open_press

    article = published()
    old = newsroom.find(article.path)
    newsroom.changes()
    article.body = body(word="harbor")
    article.save()

    with monkeypatch.context() as patched:
        patched.setattr(RecordWriter, "_replacing", _crash)
        publishing.publish(article)
    assert newsroom.find(article.path) == old
    assert newsroom.changes() == []
    assert isinstance(old, PublicPage)
    kept = {version: text for number, version, text in newsroom.sealed() if number == article.pk}
    assert "meadow" in kept[old.version]
    assert "harbor" not in kept[old.version]

    with open_press() as press:
        assert publishing.repair(press) == 1
    page = newsroom.find(article.path)
    assert isinstance(page, PublicPage)
    assert "harbor" in newsroom.html(article.path)
    assert "harbor" in {version: text for _, version, text in newsroom.sealed()}[page.version]
    assert article.path in newsroom.changes()


def test_a_crash_after_the_records_and_before_the_change_row_is_told_later(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.due import Due

    article = published()
    newsroom.changes()
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "changed", _crash)
        publishing.publish(article)
    assert newsroom.changes() == []
    article.refresh_from_db()
    assert article.settled_version < article.version
    Due().look()
    assert article.path in newsroom.changes()


def test_a_crash_while_withdrawing_closes_at_the_next_look(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.due import Due

    article = published()
    with monkeypatch.context() as patched:
        patched.setattr(RecordWriter, "put_gone", _crash)
        publishing.withdraw(article)
    Due().look()
    assert isinstance(newsroom.find(article.path), Gone)
    assert newsroom.sealed() == []


def test_records_that_were_lost_are_written_again_at_the_start(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.press import open_press

    article = published()
    writer = RecordWriter(newsroom.home)
    writer.delete(article.path)
    writer.delete("/")
    writer.close()
    with open_press() as press:
        publishing.repair(press)
    assert isinstance(newsroom.find(article.path), PublicPage)
    assert "way home" in newsroom.html("/")


def test_a_record_that_the_newsroom_knows_nothing_of_is_taken_away_at_the_start(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article
    from foldline.site.newsroom.press import open_press

    article = published()
    Article.objects.all().delete()
    with open_press() as press:
        publishing.repair(press)
    assert newsroom.find(article.path) is None


def test_a_second_start_without_a_change_writes_nothing(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.press import open_press

    published()
    with open_press() as press:
        publishing.repair(press)
        newsroom.changes()
        assert publishing.repair(press) == 0
    assert newsroom.changes() == []


def test_a_new_section_stands_on_every_page_after_the_next_look(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.due import Due
    from foldline.site.newsroom.models import Section

    article = published()
    Section.objects.create(name="Weather")
    publishing.everything_again()
    Due().look()
    for path in (article.path, "/", ":404"):
        assert "/section/weather" in newsroom.html(path)


def test_a_failing_article_does_not_stop_the_others_and_is_counted(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.due import Due
    from foldline.site.newsroom.press import Press

    bad, good = written("Bad"), written("Good")
    publishing.order(bad)
    publishing.order(good)
    settle = publishing.settle

    def failing(press: Press, pk: int) -> None:
        if pk == bad.pk:
            raise OSError("disk")
        settle(press, pk)

    monkeypatch.setattr(publishing, "settle", failing)
    due = Due()
    due.look()
    assert due.failures >= 1
    assert isinstance(newsroom.find("/good"), PublicPage)
    monkeypatch.undo()
    Due().look()
    assert isinstance(newsroom.find("/bad"), PublicPage)


def _crash(*_: object, **__: object) -> None:
    raise OSError("the machine stopped here")


def test_an_article_that_cannot_be_proven_is_on_no_page_and_no_list(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.errors import Problem
    from foldline.site.newsroom import publishing
    from foldline.sources.articles.compose import WITHHELD, Withheld

    article = published()

    def unproven(*_: object) -> None:
        raise Withheld((Problem(WITHHELD, "this article is not published.", article.path),))

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "composed", unproven)
        publishing.publish(article)
    assert newsroom.find(article.path) is None
    assert newsroom.sealed() == []
    assert "way home" not in newsroom.html("/")
    assert [problem.id for problem in publishing.alarms()] == [WITHHELD]
    publishing.publish(article)
    assert isinstance(newsroom.find(article.path), PublicPage)
    assert "way home" in newsroom.html("/")
    assert publishing.alarms() == []


def test_the_loop_publishes_what_is_due_and_ends_when_it_is_told_to(newsroom: Newsroom) -> None:
    from foldline.server.due import Job, Loop
    from foldline.site.newsroom.due import Due

    article = written(publish_at=NOON)
    stop = threading.Event()
    loop = threading.Thread(target=Loop((Job("publish", 0.05, Due().look),)).run_forever, args=(stop,))
    loop.start()
    deadline = time.monotonic() + 10
    while newsroom.find(article.path) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    loop.join(10)
    assert not loop.is_alive()
    assert isinstance(newsroom.find(article.path), PublicPage)
