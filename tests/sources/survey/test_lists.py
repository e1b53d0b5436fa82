"""Sitemaps and feeds: what is there is read, what is hostile or too much is not."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.survey.odd_site import HTML, TEXT, XML, Answer, OddSite, front, html, odd_site, stories

from foldline.sources.survey import lists
from foldline.sources.survey.lists import MOST_ENTRIES, read_list
from foldline.sources.survey.survey import Survey, survey

SITEMAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">%s</urlset>'
ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d SYSTEM "file:///etc/hostname">]>'
    "<urlset><url><loc>/stories/&c;&d;</loc></url></urlset>"
)


def urls(*paths: str) -> bytes:
    return (SITEMAP % "".join(f"<url><loc>{path}</loc></url>" for path in paths)).encode()


def looked_at(site: OddSite) -> Survey:
    return asyncio.run(survey(site.url, 3))


def only_listed(count: int) -> dict[str, Answer]:
    """Stories that the front page does not link to."""
    return {**stories(count), "/": html(front(0))}  # type: ignore[dict-item]


def test_an_index_is_followed_to_its_articles_and_what_is_packed_is_unpacked() -> None:
    with odd_site(only_listed(3)) as site:
        index = "".join(
            f"<sitemap><loc>{site.url}/{name}</loc></sitemap>"
            for name in ("tags.xml", "images.xml", "authors.xml", "pages.xml", "post-sitemap.xml.gz")
        )
        text = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{index}</sitemapindex>'
        site.answers["/robots.txt"] = ("200 OK", [TEXT], f"Sitemap: {site.url}/index.xml\n".encode())
        site.answers["/index.xml"] = ("200 OK", [XML], text.encode())
        packed = gzip.compress(urls(*(f"{site.url}/stories/{number}-x.html" for number in range(3))))
        site.answers["/post-sitemap.xml.gz"] = ("200 OK", [("Content-Type", "application/gzip")], packed)
        made = looked_at(site)
        assert made.candidates.sitemap == site.url + "/index.xml"
        assert sorted(look.path for look in made.articles) == [f"/stories/{number}-x.html" for number in range(3)]
        assert len([path for path in site.asked if path.endswith((".xml", ".gz"))]) == 4


def test_the_beginning_of_a_sitemap_of_50_mb_is_enough() -> None:
    line = b"<url><loc>/stories/%d-x.html</loc></url>"
    with odd_site(only_listed(3)) as site:
        begin, end = (SITEMAP % "|").encode().split(b"|")
        many = b"".join(line % (number % 3) for number in range(20_000))

        def pieces() -> Answer:
            return "200 OK", [XML], (piece for piece in (begin, *([many] * 60), end))

        site.answers["/sitemap.xml"] = pieces
        made = looked_at(site)
        assert len(made.articles) == 3
        assert made.candidates.in_sitemap == MOST_ENTRIES
        assert any("more than" in note for note in made.notes)


def test_a_sitemap_that_declares_entities_is_not_read() -> None:
    with odd_site(only_listed(3)) as site:
        site.answers["/sitemap.xml"] = ("200 OK", [XML], ENTITIES.encode())
        made = looked_at(site)
        assert made.articles == []
        assert any("document type" in note for note in made.notes)
    assert read_list(ENTITIES.encode()).entries == []


def test_the_fault_of_reading_declarations_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists._Reader, "refuse", lambda self, *_: None)
    [entry] = read_list(ENTITIES.encode()).entries
    assert len(entry.address) > 1000


@pytest.mark.parametrize(
    ("text", "kind", "addresses"),
    [
        (
            '<rss version="2.0"><channel><title>P</title><link>http://p/</link><item><link>http://p/a</link></item>'
            "<image><url>http://p/i.png</url></image></channel></rss>",
            "rss",
            ["http://p/a"],
        ),
        (
            '<feed xmlns="http://www.w3.org/2005/Atom"><link href="/self" rel="self"/><entry><link rel="edit" '
            'href="/edit"/><link href="http://p/b"/><content>x</content></entry></feed>',
            "feed",
            ["http://p/b"],
        ),
        (
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://i"><url><loc>/c</loc>'
            "<image:image><image:loc>/c.png</image:loc></image:image></url></urlset>",
            "urlset",
            ["/c"],
        ),
        ("<html><body><item><link>/no</link></item>", "html", ["/no"]),
        ("{}", "", []),
        ("", "", []),
    ],
)
def test_addresses_are_read_as_each_format_has_them(text: str, kind: str, addresses: list[str]) -> None:
    found = read_list(text.encode())
    assert (found.kind, [entry.address for entry in found.entries]) == (kind, addresses)


@given(
    st.binary(max_size=400) | st.from_regex(rb"(<(urlset|url|loc|item|link|!DOCTYPE a|!ENTITY)[ /]?>?|[a-z&;\]]){0,40}")
)
def test_whatever_is_sent_as_a_list_ends_in_entries_or_a_reason(data: bytes) -> None:
    found = read_list(data)
    assert found.broken or found.kind


def test_a_page_in_the_place_of_a_sitemap_is_none() -> None:
    with odd_site(stories(2)) as site:
        site.answers["/sitemap.xml"] = ("200 OK", [HTML], b"<!doctype html><p>Not found, sorry")
        made = looked_at(site)
        assert made.candidates.sitemap == ""
        assert len(made.articles) == 2
