"""What machines read of our newsroom, held against schemas that others wrote; `make test` fetches them."""

from __future__ import annotations

import copy
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from lxml import etree
from pydantic import ValidationError
from rss_parser import RSSParser
from rss_parser.models.rss import RSS

from foldline.syndication.feeds.naming import feed_path

from .room import Newsroom
from .test_newsroom_sitemaps import clock
from .test_newsroom_sitemaps import published as recent
from .test_publishing import published

__all__ = ["clock"]

FOLDER = Path(__file__).parents[2] / ".stamps" / "schemas"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}news"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "atom.rng").exists(),
    reason="MISSING schemas: `make .stamps/schemas` fetches them, and `make test` runs that",
)


def complaints(feed: Any) -> list[str]:
    """What the schema of JSON Feed 1.1 finds."""
    schema = json.loads((FOLDER / "schema-v1.1.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    return [error.message for error in Draft7Validator(schema).iter_errors(feed)]


def atom_complaints(text: str) -> list[str]:
    """What the grammar of RFC 4287 finds."""
    grammar = etree.RelaxNG(etree.parse(FOLDER / "atom.rng"))
    grammar.validate(etree.fromstring(text.encode()))
    return [error.message for error in grammar.error_log]


def sitemap_complaints(text: str) -> list[str]:
    """What the schema of sitemaps.org finds. What stands there for news is taken away: its schema is not at hand."""
    root = etree.fromstring(text.encode())
    for news in list(root.iter(NEWS)):
        news.getparent().remove(news)
    schema = etree.XMLSchema(etree.parse(FOLDER / "sitemap.xsd"))
    schema.validate(root)
    return [error.message for error in schema.error_log]


@pytest.mark.parametrize("level", ["free", "registered", "metered", "subscribers"])
def test_json_feeds_are_what_their_schema_says(newsroom: Newsroom, level: str) -> None:
    from foldline.site.newsroom.models import Section

    published(access=level, byline="By Ada Quill", section=Section.objects.create(name="Science"))
    for base in ("/", "/section/science"):
        feed = json.loads(newsroom.html(feed_path(base, "json")))
        assert (feed["version"], len(feed["items"])) == ("https://jsonfeed.org/version/1.1", 1)
        assert complaints(feed) == []


def test_the_schema_of_json_feed_misses_what_is_missing(newsroom: Newsroom) -> None:
    published()
    feed = json.loads(newsroom.html(feed_path("/", "json")))
    broken = copy.deepcopy(feed)
    del broken["items"][0]["id"]
    assert complaints(broken) == ["'id' is a required property"]


@pytest.mark.parametrize("level", ["free", "registered", "metered", "subscribers"])
def test_atom_feeds_are_what_the_grammar_of_their_standard_says(newsroom: Newsroom, level: str) -> None:
    from foldline.site.newsroom.models import Section

    published(access=level, byline="By Ada Quill", section=Section.objects.create(name="Science"))
    for base in ("/", "/section/science"):
        feed = newsroom.html(feed_path(base, "atom"))
        assert feed.count("<entry>") == 1
        assert atom_complaints(feed) == []


def test_the_grammar_of_atom_misses_what_is_missing(newsroom: Newsroom) -> None:
    published()
    feed = newsroom.html(feed_path("/", "atom"))
    assert atom_complaints(feed.replace("<updated>", "<updated>yesterday, ", 1))
    before, _, entry = feed.partition("<entry>")
    broken = before + "<entry>" + re.sub("<id>.*?</id>", "", entry, count=1)
    assert any("id" in complaint for complaint in atom_complaints(broken))


@pytest.mark.parametrize("level", ["free", "registered", "metered", "subscribers"])
def test_rss_feeds_have_the_types_of_rss_2(newsroom: Newsroom, level: str) -> None:
    from foldline.site.newsroom.models import Section

    published(access=level, byline="By Ada Quill", section=Section.objects.create(name="Science"))
    for base in ("/", "/section/science"):
        channel = RSSParser.parse(newsroom.html(feed_path(base, "rss")), schema=RSS).channel.content
        (item,) = channel.items
        assert isinstance(channel.last_build_date.content, datetime)
        assert isinstance(item.content.pub_date.content, datetime)
        assert item.content.guid.content.startswith(("http", "tag:", "urn:"))


def test_the_types_of_rss_miss_what_is_missing(newsroom: Newsroom) -> None:
    published()
    feed = newsroom.html(feed_path("/", "rss"))
    for taken in ("title", "link", "description"):
        with pytest.raises(ValidationError):
            RSSParser.parse(re.sub(f"<{taken}>.*?</{taken}>", "", feed, count=1), schema=RSS)


def test_sitemaps_are_what_their_schema_says(newsroom: Newsroom, clock: list[datetime]) -> None:
    recent("A river’s way home & back")
    assert NEWS.partition("}")[0][1:] in newsroom.html("/sitemap-news.xml")
    for path in ("/sitemap.xml", "/sitemap-news.xml"):
        assert sitemap_complaints(newsroom.html(path)) == []


def test_the_schema_of_sitemaps_misses_what_is_wrong(newsroom: Newsroom) -> None:
    published()
    wrong = newsroom.html("/sitemap.xml").replace("<lastmod>", "<lastmod>yesterday, ")
    assert any("lastmod" in complaint for complaint in sitemap_complaints(wrong))
