"""What machines read of our newsroom, held against schemas that others wrote; `make test` fetches them from npm."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from lxml import etree

from foldline.syndication.feeds.naming import feed_path

from .room import Newsroom
from .test_newsroom_sitemaps import clock
from .test_newsroom_sitemaps import published as recent
from .test_publishing import published

__all__ = ["clock"]

FOLDER = Path(__file__).parents[2] / ".stamps" / "schemas"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}news"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "sitemap.xsd").exists(),
    reason="MISSING schemas: `make .stamps/schemas` fetches them, and `make test` runs that",
)


def complaints(feed: Any) -> list[str]:
    """What the schema of JSON Feed 1.1 finds."""
    schema = json.loads((FOLDER / "schema-v1.1.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    return [error.message for error in Draft7Validator(schema).iter_errors(feed)]


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


def test_sitemaps_are_what_their_schema_says(newsroom: Newsroom, clock: list[datetime]) -> None:
    recent("A river’s way home & back")
    assert NEWS.partition("}")[0][1:] in newsroom.html("/sitemap-news.xml")
    for path in ("/sitemap.xml", "/sitemap-news.xml"):
        assert sitemap_complaints(newsroom.html(path)) == []


def test_the_schema_of_sitemaps_misses_what_is_wrong(newsroom: Newsroom) -> None:
    published()
    wrong = newsroom.html("/sitemap.xml").replace("<lastmod>", "<lastmod>yesterday, ")
    assert any("lastmod" in complaint for complaint in sitemap_complaints(wrong))
