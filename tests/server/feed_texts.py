"""Feeds and data as other systems write them, with whole texts of articles in them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape

RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:atom="http://www.w3.org/2005/Atom">
<channel><title>The Paper</title><atom:link href="{site}/feed.xml" rel="self" type="application/rss+xml" />
<link>{site}/</link><description>News of the estuary</description><language>en-GB</language>
<lastBuildDate>Mon, 02 Mar 2026 07:00:00 +0000</lastBuildDate>
{items}</channel></rss>
"""
ITEM = """<item><title>{title}</title><link>{link}</link><dc:creator><![CDATA[Ada Quill]]></dc:creator>
<pubDate>Mon, 02 Mar 2026 06:30:00 +0000</pubDate><category><![CDATA[Science]]></category>
<guid isPermaLink="false">{link}?p=7</guid><description><![CDATA[{short}]]></description>
<content:encoded><![CDATA[{full}]]></content:encoded><slash:words>{words}</slash:words>
<enclosure url="{site}/media/{words}.mp3" length="{words}" type="audio/mpeg" /></item>
"""
ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
<title>The Paper</title><id>{site}/</id><link href="{site}/" rel="alternate" /><updated>2026-03-02T07:00:00Z</updated>
{items}</feed>
"""
ENTRY = """<entry><title>{title}</title><link href="{link}" rel="alternate" /><id>tag:twin.example,2026:{words}</id>
<published>2026-03-02T06:30:00+00:00</published><updated>2026-03-02T06:30:00+00:00</updated>
<author><name>Ada Quill</name></author><summary type="html">{short}</summary><content type="html">{full}</content>
<category term="Science" /></entry>
"""

Told = Iterable[tuple[str, str, str]]


def rss(site: str, told: Told) -> bytes:
    """`told` are (link, title, whole text) each."""
    items = (
        ITEM.format(site=site, link=link, title=escape(title), short=text[-200:], full=text, words=len(text.split()))
        for link, title, text in told
    )
    return RSS.format(site=site, items="".join(items)).encode()


def atom(site: str, told: Told) -> bytes:
    entries = (
        ENTRY.format(link=link, title=escape(title), short=escape(text[-200:]), full=escape(text), words=number)
        for number, (link, title, text) in enumerate(told)
    )
    return ATOM.format(site=site, items="".join(entries)).encode()


def json_feed(site: str, told: Told) -> bytes:
    items = [
        {"id": link, "url": link, "title": title, "content_html": text, "summary": text[-200:], "_words": text.split()}
        for link, title, text in told
    ]
    about = {"version": "https://jsonfeed.org/version/1.1", "title": "The Paper", "home_page_url": f"{site}/"}
    return json.dumps(about | {"items": items}).encode()


def posts(site: str, told: Told) -> bytes:
    """As WordPress answers `/wp-json/wp/v2/posts`."""
    made = [
        {
            "id": number,
            "date": "2026-03-02T06:30:00",
            "modified": "2026-03-02T06:30:00",
            "guid": {"rendered": f"{site}/?p={number}"},
            "slug": link.rsplit("/", 1)[-1].removesuffix(".html") or "article",
            "status": "publish",
            "type": "post",
            "link": link,
            "title": {"rendered": title},
            "content": {"rendered": text, "protected": False},
            "excerpt": {"rendered": text[-200:], "protected": False},
            "author": 2,
            "categories": [3, 4],
            "yoast_head_json": {"description": text, "schema": {"wordCount": len(text.split())}},
            "_links": {"version-history": [{"count": len(text), "href": f"{site}/wp-json/wp/v2/posts/7/revisions"}]},
        }
        for number, (link, title, text) in enumerate(told, 7)
    ]
    return json.dumps(made).encode()


def pages(site: str, told: Told) -> bytes:
    """As Wagtail answers `/api/v2/pages/`."""
    items = [
        {
            "id": number,
            "meta": {
                "type": "news.ArticlePage",
                "detail_url": f"{site}/api/v2/pages/{number}/",
                "html_url": link,
                "slug": "two-diaries",
                "first_published_at": "2026-03-02T06:30:00Z",
                "search_description": text[:150],
            },
            "title": title,
            "body": text,
            "words": len(text.split()),
        }
        for number, (link, title, text) in enumerate(told, 4)
    ]
    return json.dumps({"meta": {"total_count": len(items)}, "items": items}).encode()
