"""Feeds and data by chance, with text of the rest in any place: none of it is sent, whatever way it is written."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import quote

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fold.page.witness import views

from foldline.fold.feed import cut, model
from foldline.fold.feed.cut import cut_feed, read_feed
from foldline.fold.feed.model import NotUnderstood
from foldline.fold.page.excerpt import Excerpt, excerpt_of
from foldline.fold.rest.cut import cut_data, read_data

SITE = "https://paper.example"
LINK, FREE, ELSEWHERE = f"{SITE}/keepers", f"{SITE}/open", f"{SITE}/elsewhere"
TITLE = "The keepers of a light that nobody wanted"
OPEN = "<p>A light has stood on the rock for as long as there have been boats to go around it.</p>"
SECRETS = (
    "what the ledger in the cellar shows is that the oil was paid for by the wreckers themselves",
    "the second keeper burned her own letters in the lamp during the winter of the long storm",
)
REST = "".join(f"<p>{text}</p>" for text in SECRETS)
HEAD = f'<title>{TITLE}</title><meta name="description" content="Who lit it?">'
PAGE = f"<html><head>{HEAD}</head><body><div class=entry>{OPEN}{{}}</div>{{}}<footer>The Paper</footer></body></html>"
BEFORE, AFTER = (
    f"<html><head>{HEAD}</head><body><div class=entry>{OPEN}</div>",
    "<footer>The Paper</footer></body></html>",
)
FREE_TEXT = "<p>This one is for everybody, from the first word to the last.</p>"


def gated() -> Excerpt:
    return excerpt_of(BEFORE, AFTER, LINK, gated=True, whole=PAGE.format(REST, "").encode())


def free() -> Excerpt:
    return excerpt_of(f"<body><article>{FREE_TEXT}", "</article></body>", FREE, gated=False)


EXCERPTS = {LINK: gated(), FREE: free()}

#: How a text can be written so that somebody reads it.
CODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "capitals": str.upper,
    "entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "escaped": lambda text: escape(f"<p>{text}</p>"),
    "markup": lambda text: f"<p>{text.replace(' ', ' <b></b>')}</p>",
    "percent": quote,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "json": lambda text: json.dumps({"text": text}),
    "slug": lambda text: text.replace(" ", "-"),
    "address": lambda text: f"{SITE}/{text.replace(' ', '-')}",
}
secrets = st.builds(
    lambda text, coding, start: CODINGS[coding](text[start:]),
    st.sampled_from(SECRETS), st.sampled_from(sorted(CODINGS)), st.integers(0, 12),
)  # fmt: skip
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)
texts = st.one_of(secrets, words, st.sampled_from([OPEN, REST, OPEN + REST, FREE_TEXT, "Science", "Ada Quill", LINK]))

NAMES = (
    "guid", "category", "description", "content:encoded", "dc:creator", "dc:subject", "author", "comments", "source",
    "enclosure", "pubDate", "media:content", "media:description", "itunes:summary", "slash:comments", "x:any", "link",
)  # fmt: skip
ATOM_NAMES = (
    "id", "category", "summary", "content", "author", "contributor", "rights", "source", "published", "updated",
    "x:any",
)  # fmt: skip
SPACES = " ".join(
    f'xmlns:{name}="https://{name}.example/"' for name in ("dc", "media", "itunes", "slash", "x")
).replace("https://dc.example/", "http://purl.org/dc/elements/1.1/")
SPACES += ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
ATTRIBUTES = ("term", "label", "scheme", "url", "href", "type", "length", "isPermaLink", "rel", "domain", "xml:base")


def clean(text: str) -> str:
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", text)


@st.composite
def elements(draw: st.DrawFn, names: tuple[str, ...]) -> str:
    name = draw(st.sampled_from(names))
    text = clean(draw(texts))
    body = f"<![CDATA[{text.replace(']]>', '')}]]>" if draw(st.booleans()) else escape(text)
    given_names = draw(st.lists(st.sampled_from(ATTRIBUTES), unique=True, max_size=2))
    attributes = "".join(f' {key}="{escape(clean(draw(texts)))}"' for key in given_names)
    inner = f"<name>{escape(clean(draw(texts)))}</name>" if name in ("author", "contributor", "x:any") else ""
    return f"<{name}{attributes}>{body}{inner}</{name}>"


@st.composite
def feeds(draw: st.DrawFn) -> tuple[str, str]:
    links = draw(st.permutations([LINK, *draw(st.lists(st.sampled_from([LINK, FREE, ELSEWHERE]), max_size=2))]))
    if draw(st.booleans()):
        items = "".join(
            f"<item><title>{TITLE}</title><link>{link}</link>"
            f"{''.join(draw(st.lists(elements(NAMES), max_size=5)))}</item>"
            for link in links
        )
        about = "".join(draw(st.lists(elements(("description", "copyright", "image", "x:any")), max_size=2)))
        return "application/rss+xml", (
            f'<rss version="2.0" {SPACES}><channel><title>Paper</title><link>{SITE}/</link>'
            f"{about}{items}</channel></rss>"
        )
    items = "".join(
        f'<entry><title>{TITLE}</title><link href="{link}"/>'
        f"{''.join(draw(st.lists(elements(ATOM_NAMES), max_size=5)))}</entry>"
        for link in links
    )
    about = "".join(draw(st.lists(elements(("subtitle", "rights", "author", "x:any")), max_size=2)))
    return "application/atom+xml", (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {SPACES}><title>Paper</title>{about}{items}</feed>'
    )


values = st.recursive(
    st.one_of(texts, st.integers(-5, 5000), st.booleans(), st.none()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["rendered", "a", "b"]), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = (
    "date", "slug", "content", "excerpt", "guid", "author", "categories", "yoast_head", "acf", "meta", "_links",
    "format", "sticky", "template", "_embedded", "class_list", "modified",
)  # fmt: skip
posts = st.builds(
    lambda link, more: {
        "id": 7, "status": "publish", "type": "post", "link": link, "title": {"rendered": TITLE},
    } | more,
    st.sampled_from([LINK, FREE, ELSEWHERE]), st.dictionaries(st.sampled_from(KEYS), values, max_size=6),
)  # fmt: skip
pages = st.builds(
    lambda link, more, meta: {
        "id": 4, "title": TITLE, "meta": {"type": "news.Page", "html_url": link} | meta,
    } | more,
    st.sampled_from([LINK, FREE, ELSEWHERE]),
    st.dictionaries(st.sampled_from(["body", "content", "text", "intro", "words", "related"]), values, max_size=4),
    st.dictionaries(st.sampled_from(["slug", "search_description", "seo_title", "locale"]), values, max_size=3),
)  # fmt: skip
json_items = st.builds(
    lambda link, more: {"id": "1", "url": link, "title": TITLE} | more,
    st.sampled_from([LINK, FREE, ELSEWHERE]),
    st.dictionaries(
        st.sampled_from(["content_html", "content_text", "summary", "tags", "authors", "author", "attachments", "id",
                         "external_url", "image", "_x", "language"]), values, max_size=5,
    ),
)  # fmt: skip


def letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


WINDOWS = [letters(text)[at : at + 24] for text in SECRETS for at in range(len(letters(text)) - 23)]


def assert_nothing_of_the_rest(sent: str) -> None:
    for view in views(sent):
        read = letters(re.sub(r"<[^>]*>", "", view)), letters(view)
        assert [window for window in WINDOWS if any(window in one for one in read)] == []


@given(feeds())
def test_no_feed_sends_text_of_a_rest(written: tuple[str, str]) -> None:
    kind, text = written
    feed = read_feed(text.encode(), kind, "", f"{SITE}/feed/")
    try:
        sent = cut_feed(feed, EXCERPTS, "Continue reading")
    except NotUnderstood:
        return
    assert_nothing_of_the_rest(sent)
    parsed = feedparser.parse(sent.encode(), response_headers={"content-type": f"{kind}; charset=utf-8"})
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert [entry.title for entry in parsed.entries] == [TITLE] * len(feed.items)


POST = {"id": 8, "status": "publish", "type": "post", "link": LINK, "title": {"rendered": TITLE}}
PAGE_OF_IT = {"id": 8, "title": TITLE, "meta": {"type": "news.Page", "html_url": LINK}}
OF_IT = {"id": "2", "url": LINK, "title": TITLE, "content_html": OPEN + REST}


@given(st.lists(json_items, max_size=3).map(lambda items: [OF_IT, *items]))
def test_no_json_feed_sends_text_of_a_rest(items: list[dict[str, Any]]) -> None:
    said = {"version": "https://jsonfeed.org/version/1.1", "title": "Paper", "items": items}
    try:
        sent = cut_feed(read_feed(json.dumps(said).encode(), "application/json", "", SITE), EXCERPTS, "More")
    except NotUnderstood:
        return
    assert_nothing_of_the_rest(sent)
    assert [item["title"] for item in json.loads(sent)["items"]] == [TITLE] * len(items)


@given(
    st.one_of(
        posts.map(lambda said: said | {"link": LINK}),
        st.lists(posts, max_size=3).map(lambda many: [POST, *many]),
    )
)
def test_no_answer_of_wordpress_sends_text_of_a_rest(said: Any) -> None:
    try:
        sent = cut_data(read_data(json.dumps(said).encode(), "application/json"), EXCERPTS)
    except NotUnderstood:
        return
    assert_nothing_of_the_rest(sent)
    assert isinstance(json.loads(sent), type(said))


@given(
    st.one_of(
        pages.map(lambda said: said | {"meta": said["meta"] | {"html_url": LINK}}),
        st.lists(pages, max_size=3).map(lambda many: {"meta": {"total_count": 3}, "items": [PAGE_OF_IT, *many]}),
    )
)
def test_no_answer_of_wagtail_sends_text_of_a_rest(said: Any) -> None:
    try:
        sent = cut_data(read_data(json.dumps(said).encode(), "application/json"), EXCERPTS)
    except NotUnderstood:
        return
    assert_nothing_of_the_rest(sent)


@given(
    st.binary(max_size=300), st.sampled_from(["application/rss+xml", "application/json", "text/xml", "text/html", ""])
)
def test_whatever_is_no_feed_and_no_data_is_not_understood(body: bytes, kind: str) -> None:
    with pytest.raises(NotUnderstood):
        read_feed(body, kind, "", SITE)
    if body.strip() != b"[]":
        with pytest.raises(NotUnderstood):
            read_data(body, kind)


@pytest.mark.parametrize("charset", ["", "utf-8", "iso-8859-1", "utf-16", "no-such-charset", "utf-7", "idna", "hex"])
def test_a_feed_in_any_charset_is_read_or_closed(charset: str) -> None:
    text = f'<rss version="2.0"><channel><title>Straße</title><link>{SITE}/</link></channel></rss>'
    try:
        body = text.encode(charset or "utf-8")
    except (LookupError, UnicodeError):
        body = text.encode()
    try:
        assert read_feed(body, "text/xml", charset, SITE).title == "Straße"
    except NotUnderstood:
        assert charset in ("no-such-charset", "utf-7", "idna", "hex")


def test_a_mass_of_elements_and_of_items_is_bounded() -> None:
    many = "<item/>" * (model.MOST_ITEMS + 1)
    for inner in (many, "<a/>" * (model.MOST_ELEMENTS + 1), "<a>" * 300 + "</a>" * 300):
        with pytest.raises(NotUnderstood):
            read_feed(f"<rss><channel>{inner}</channel></rss>".encode(), "text/xml", "", SITE)
    with pytest.raises(NotUnderstood):
        read_data(json.dumps([{"id": 1}] * 300).encode(), "application/json")


def test_data_of_articles_keep_what_is_listed_and_have_previews_in_place_of_texts() -> None:
    said = {
        "id": 7, "date": "2026-03-02T06:30:00", "slug": "keepers", "status": "publish", "type": "post", "link": LINK,
        "title": {"rendered": TITLE}, "content": {"rendered": OPEN + REST, "protected": False},
        "excerpt": {"rendered": f"<p>{SECRETS[0]}</p>"}, "categories": [3], "tags": [], "author": 2, "sticky": False,
        "yoast_head_json": {"schema": REST}, "_links": {"version-history": [{"count": 4}]},
    }  # fmt: skip
    made = json.loads(cut_data(read_data(json.dumps([said]).encode(), "application/json"), EXCERPTS))
    assert made == [
        {
            "id": 7, "date": "2026-03-02T06:30:00", "slug": "keepers", "status": "publish", "type": "post",
            "link": LINK, "author": 2, "sticky": False, "categories": [3], "tags": [], "title": {"rendered": TITLE},
            "content": {"rendered": OPEN, "protected": False},
            "excerpt": {"rendered": "<p>Who lit it?</p>\n", "protected": False}, "_foldline": {"access": "gated"},
        }
    ]  # fmt: skip
    page = {
        "id": 4, "title": TITLE, "body": OPEN + REST, "words": 60,
        "meta": {"type": "news.Page", "html_url": LINK, "slug": "keepers", "search_description": SECRETS[0]},
    }  # fmt: skip
    made = json.loads(cut_data(read_data(json.dumps(page).encode(), "application/json"), EXCERPTS))
    assert made == {
        "id": 4, "title": TITLE, "body": OPEN, "_foldline": {"access": "gated"},
        "meta": {"type": "news.Page", "html_url": LINK, "slug": "keepers"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "more", [{"status": "draft"}, {"status": "private"}, {"link": ""}, {"id": "7"}, {"type": None}]
)
def test_what_is_no_published_post_is_not_understood(more: dict[str, Any]) -> None:
    said = {"id": 7, "status": "publish", "type": "post", "link": LINK} | more
    for answer in (said, [said]):
        with pytest.raises(NotUnderstood):
            read_data(json.dumps(answer).encode(), "application/json")


def test_a_tag_or_a_name_that_says_the_rest_goes_and_the_others_stay() -> None:
    item = (
        f"<item><title>{TITLE}</title><link>{LINK}</link><category>Science</category>"
        f"<category>{SECRETS[0][:70]}</category><guid isPermaLink='false'>{SECRETS[1].replace(' ', '-')}</guid>"
        f"<content:encoded>{escape(OPEN)}</content:encoded></item>"
    )
    text = f'<rss version="2.0" {SPACES}><channel><title>Paper</title><link>{SITE}/</link>{item}</channel></rss>'
    sent = cut_feed(read_feed(text.encode(), "text/xml", "", SITE), EXCERPTS, "More")
    (entry,) = feedparser.parse(sent).entries
    assert [tag.term for tag in entry.tags] == ["Science"]
    assert "id" not in entry
    assert "A light has stood on the rock" in entry.content[0].value


def test_without_its_proof_a_feed_would_send_the_rest_in_a_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = model.Feed("atom", SITE, items=(model.Item(LINK, TITLE, tags=(SECRETS[0],)),))
    assert SECRETS[0] not in cut_feed(feed, EXCERPTS, "More")
    monkeypatch.setattr(cut, "unproved", lambda *_: frozenset())
    assert SECRETS[0] in cut_feed(feed, EXCERPTS, "More")
