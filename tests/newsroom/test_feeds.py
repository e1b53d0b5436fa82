"""Feeds of our own newsroom, as they are written when something is published."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import feedparser
import pytest
from lxml import html

from foldline.pages.record import Sheet
from foldline.syndication.feeds.naming import FILES, Form, feed_path

from .room import Newsroom, body
from .test_publishing import NOON, published

URL = "http://127.0.0.1:8080"
FORMS = tuple(FILES)
XML_FORMS: tuple[Form, ...] = ("rss", "atom")


def text_of(newsroom: Newsroom, base: str = "/", form: Form = "rss") -> str:
    record = newsroom.find(feed_path(base, form))
    assert isinstance(record, Sheet)
    return record.body.plain.decode()


def entries(newsroom: Newsroom, base: str = "/", form: Form = "rss") -> list[Any]:
    """What a reader's own program understands: (id, title, link, author, text) of each item."""
    text = text_of(newsroom, base, form)
    if form == "json":
        return [
            (one["id"], one["title"], one["url"], author_of(one), one["content_html"])
            for one in json.loads(text)["items"]
        ]
    parsed = feedparser.parse(text)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return [(one.id, one.title, one.link, one.get("author", ""), one.content[0].value) for one in parsed.entries]


def author_of(item: dict[str, Any]) -> str:
    return "".join(author["name"] for author in item.get("authors", ()))


@pytest.mark.parametrize("form", FORMS)
def test_a_published_article_is_in_the_feeds_with_its_preview_and_nothing_of_its_rest(
    newsroom: Newsroom, form: Form
) -> None:
    article = published(byline="By Ada Quill in Port Ellery", standfirst="It goes home <slowly> & late.")
    ((id, title, link, author, content),) = entries(newsroom, form=form)
    assert id == f"tag:127.0.0.1,2026:article/{article.pk}"
    assert (title, link, author) == ("A river’s way home", f"{URL}/a-rivers-way-home", "By Ada Quill in Port Ellery")
    assert "Paragraph 4 tells" in content
    assert "Paragraph 5 tells" not in text_of(newsroom, form=form)


@pytest.mark.parametrize("form", FORMS)
def test_an_article_that_is_closed_renamed_and_corrected_keeps_its_id_and_its_place(
    newsroom: Newsroom, form: Form
) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Note, Section

    science = Section.objects.create(name="Science")
    older = published("An older one", access="free", section=science)
    article = published(access="free", section=science)
    before = {base: entries(newsroom, base, form) for base in ("/", "/section/science")}
    article.headline, article.slug, article.access = "A river’s long way home", "another-address", "subscribers"
    article.save()
    Note.objects.create(article=article, kind="correction", at=NOON + timedelta(days=1), text="It is short.")
    publishing.publish(article)
    for base, was in before.items():
        now = entries(newsroom, base, form)
        assert [one[0] for one in now] == [one[0] for one in was]
        assert [one[0].rpartition("/")[2] for one in now] == [str(article.pk), str(older.pk)]
        assert now[0][1:3] == ("A river’s long way home", f"{URL}/another-address")
        assert ["Paragraph 9 tells" in one[0][4] for one in (was, now)] == [True, False]
        assert now[1] == was[1]


def test_items_that_go_on_behind_the_gate_are_marked_and_their_titles_are_not(newsroom: Newsroom) -> None:
    published("Closed", access="subscribers")
    published("Open", access="free")
    for form in XML_FORMS:
        parts = text_of(newsroom, form=form).split("<item>" if form == "rss" else "<entry>")[1:]
        marks = {"Closed" in part: "<dcterms:accessRights>gated</dcterms:accessRights>" in part for part in parts}
        assert marks == {True: True, False: False}
        assert [one[1] for one in entries(newsroom, form=form)] == ["Open", "Closed"]
    items = json.loads(text_of(newsroom, form="json"))["items"]
    assert [(one["title"], one.get("_foldline")) for one in items] == [("Open", None), ("Closed", {"access": "gated"})]


def test_the_headline_is_the_same_in_page_card_feeds_og_and_structured_data(newsroom: Newsroom) -> None:
    headline = "“Fish & chips” <b>never</b> a 'river' – \u00e9\u0301\u200a\U0001f41f &amp; co"
    byline = "By Ada & Bo “O’Quill” <x>"
    article = published(headline, byline=byline, slug="fish")
    tree = html.fromstring(newsroom.html(article.path))
    structured = json.loads(tree.xpath("//script[@type='application/ld+json']")[0].text)
    said = [
        tree.xpath("//h1")[0].text_content(),
        tree.xpath("//meta[@property='og:title']/@content")[0],
        structured["headline"],
        html.fromstring(newsroom.html("/")).xpath("//h2//a")[0].text_content().strip(),
    ]
    for form in FORMS:
        ((_, title, _, author, _),) = entries(newsroom, form=form) if form == "json" else raw(newsroom, form)
        said.append(title)
        assert author == byline
    assert said == [headline] * len(said)


def raw(newsroom: Newsroom, form: Form) -> list[tuple[str, str, str, str, str]]:
    """As `entries`, by a reader of XML alone: feedparser takes a title for HTML where it looks like it."""
    from lxml import etree

    root = etree.fromstring(text_of(newsroom, form=form).encode())
    if form == "rss":
        creator = "{http://purl.org/dc/elements/1.1/}creator"
        return [("", one.findtext("title"), "", one.findtext(creator), "") for one in root.iter("item")]
    a = "{http://www.w3.org/2005/Atom}"
    return [
        ("", one.findtext(f"{a}title"), "", one.findtext(f"{a}author/{a}name"), "") for one in root.iter(f"{a}entry")
    ]


def test_what_xml_can_not_say_is_left_out_of_a_feed(newsroom: Newsroom) -> None:
    published("A bell\x07 and a \ufffe", standfirst="\x1b[31m red ]]>", slug="bell", byline="\x00"[:0])
    for form in XML_FORMS:
        assert entries_titles(newsroom, form) == ["A bell and a"]


def entries_titles(newsroom: Newsroom, form: Form) -> list[str]:
    parsed = feedparser.parse(text_of(newsroom, form=form))
    assert not parsed.bozo
    return [one.title for one in parsed.entries]


def test_addresses_in_an_item_are_whole(newsroom: Newsroom) -> None:
    published(body='One [there](/another) and[^1] `<a href="/x">`.\n\n[^1]: A note.\n\n' + body(), access="free")
    ((_, _, link, _, content),) = entries(newsroom, form="json")
    assert f'href="{URL}/another"' in content
    assert f'href="{link}#' in content
    assert 'href="/x"' in content.replace("&quot;", '"')
    assert not html.fromstring(content).xpath("//@href[not(contains(., '://'))] | //@src[not(contains(., '://'))]")


def test_a_withdrawn_article_leaves_the_feeds_and_a_list_without_articles_has_none(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Tag

    from .test_publishing import written

    article = written()
    article.tags.add(Tag.objects.create(name="Rivers"))
    publishing.publish(article, NOON)
    assert len(entries(newsroom, "/tag/rivers")) == 1
    newsroom.changes()
    publishing.withdraw(article)
    assert entries(newsroom) == []
    assert [newsroom.find(feed_path("/tag/rivers", form)) for form in FORMS] == [None] * 3
    assert {feed_path(base, form) for base in ("/", "/tag/rivers") for form in FORMS} <= set(newsroom.changes())


def test_editing_only_what_stands_below_the_fold_writes_no_feed(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing

    article = published()
    record = newsroom.find("/feed.xml")
    newsroom.changes()
    article.body = article.body.replace("Paragraph 9 tells of the meadow", "Paragraph 9 tells of nothing")
    article.save()
    publishing.publish(article)
    assert newsroom.find("/feed.xml") == record
    assert newsroom.changes() == [article.path]


def test_feed_readers_find_the_feeds_on_every_page(newsroom: Newsroom) -> None:
    from foldline.site.newsroom.models import Section

    article = published(section=Section.objects.create(name="Science"))
    for path in ("/", article.path, "/section/science"):
        found = html.fromstring(newsroom.html(path)).xpath("//link[@rel='alternate']")
        feeds = [(one.get("type"), one.get("href")) for one in found]
        bases = ["/section/science", "/"] if path.startswith("/section") else ["/"]
        kinds = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}
        assert feeds == [(kinds[form], feed_path(base, form)) for base in bases for form in FORMS]
        for base in bases:
            assert [newsroom.find(feed_path(base, form)) is not None for form in FORMS] == [True] * 3


def test_a_lost_feed_is_written_again_at_the_next_start(newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.press import open_press

    published()
    with open_press() as press:
        publishing.repair(press)
        press.writer.delete("/atom.xml")
        publishing.repair(press)
    assert len(entries(newsroom, form="atom")) == 1


def test_an_id_that_follows_the_address_or_the_access_level_would_be_seen(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.syndication.feeds import item

    honest = item.told
    monkeypatch.setattr(
        "foldline.site.newsroom.composing.told",
        lambda a, *more: replace(made := honest(a, *more), item=replace(made.item, id=f"{made.item.id}/{a.gated}")),
    )
    with pytest.raises(AssertionError):
        test_an_article_that_is_closed_renamed_and_corrected_keeps_its_id_and_its_place(newsroom, "rss")
