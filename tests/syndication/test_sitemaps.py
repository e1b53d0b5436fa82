"""Sitemaps hold to their protocols, as a parser that is not ours reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from foldline.pages.public import Publication
from foldline.syndication import sitemaps
from foldline.syndication.sitemaps import News, Place, news_sitemap

PAPER = Publication("Fish & Ships “Daily”", "https://valley-post.example", language="fr")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"

headlines = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=80)


def addresses(text: str) -> list[tuple[str, str | None]]:
    """(address, lastmod) of every entry. Whatever the protocol does not know is a mistake."""
    root = ElementTree.fromstring(text.encode())
    assert root.tag in (f"{MAPS}urlset", f"{MAPS}sitemapindex")
    entry = f"{MAPS}url" if root.tag == f"{MAPS}urlset" else f"{MAPS}sitemap"
    found = []
    for child in root:
        assert child.tag == entry
        assert [inner.tag for inner in child] in ([f"{MAPS}loc"], [f"{MAPS}loc", f"{MAPS}lastmod"])
        found.append((child.findtext(f"{MAPS}loc"), child.findtext(f"{MAPS}lastmod")))
    return found


def news(text: str) -> list[dict[str, str]]:
    """What stands of every article. Each entry holds all that Google asks for, in its order, and nothing else."""
    root = ElementTree.fromstring(text.encode())
    assert root.tag == f"{MAPS}urlset"
    found = []
    for child in root:
        assert [inner.tag for inner in child.iter()] == [
            f"{MAPS}url", f"{MAPS}loc", f"{NEWS}news", f"{NEWS}publication", f"{NEWS}name", f"{NEWS}language",
            f"{NEWS}publication_date", f"{NEWS}title",
        ]  # fmt: skip
        found.append({inner.tag.partition("}")[2]: inner.text or "" for inner in child.iter()})
    return found


def test_places_stand_with_the_date_that_an_editor_gave_or_without() -> None:
    files = sitemaps.sitemaps(PAPER, [Place("/"), Place("/a", NOW), Place("/b?x=1&y='2'")])
    assert list(files) == ["/sitemap.xml"]
    assert addresses(files["/sitemap.xml"]) == [
        ("https://valley-post.example/", None),
        ("https://valley-post.example/a", "2026-11-26T12:00:00+00:00"),
        ("https://valley-post.example/b?x=1&y='2'", None),
    ]


def test_a_sitemap_that_is_too_long_is_an_index_of_files_within_the_bounds() -> None:
    places = [Place(f"/{number}-{'x' * 100}", NOW) for number in range(25_000)]
    files = sitemaps.sitemaps(PAPER, places)
    index = addresses(files.pop("/sitemap.xml"))
    assert [urlsplit(address).path for address, _ in index] == list(files)
    assert list(files) == ["/sitemap-1.xml", "/sitemap-2.xml", "/sitemap-3.xml"]
    found = [address for text in files.values() for address, _ in addresses(text)]
    assert found == [PAPER.url + place.path for place in places]
    assert max(len(addresses(text)) for text in files.values()) <= 50_000
    assert max(len(text.encode()) for text in files.values()) <= 50_000_000


def test_a_place_more_changes_the_last_file_alone() -> None:
    places = [Place(f"/{number}", NOW) for number in range(sitemaps.MOST_ADDRESSES + 3)]
    before, after = sitemaps.sitemaps(PAPER, places), sitemaps.sitemaps(PAPER, [*places, Place("/new", NOW)])
    assert [path for path in after if after[path] != before[path]] == ["/sitemap-2.xml"]


def test_files_are_parted_by_their_bytes_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "MOST_BYTES", 1_000)
    files = sitemaps.sitemaps(PAPER, [Place(f"/{number}", NOW) for number in range(100)])
    assert max(len(text.encode()) for path, text in files.items() if path != "/sitemap.xml") <= 1_000 + 200
    assert sum(len(addresses(text)) for path, text in files.items() if path != "/sitemap.xml") == 100


def test_news_are_the_articles_of_two_days_with_their_headlines() -> None:
    ages = [timedelta(0), timedelta(hours=47, minutes=59), timedelta(hours=48), timedelta(days=9), -timedelta(hours=1)]
    articles = [News(f"/{number}", f"Headline {number}", NOW - age) for number, age in enumerate(ages)]
    found = news(news_sitemap(PAPER, articles, NOW))
    assert [(entry["loc"], entry["title"], entry["publication_date"]) for entry in found] == [
        ("https://valley-post.example/0", "Headline 0", "2026-11-26T12:00:00+00:00"),
        ("https://valley-post.example/1", "Headline 1", "2026-11-24T12:01:00+00:00"),
    ]
    assert {(entry["name"], entry["language"]) for entry in found} == {("Fish & Ships “Daily”", "fr")}


def test_a_quiet_day_has_an_empty_file() -> None:
    assert news(news_sitemap(PAPER, [], NOW)) == []


def test_of_very_many_articles_the_newest_thousand_stand() -> None:
    articles = [News(f"/{number}", "News", NOW - timedelta(minutes=number)) for number in range(1_500)]
    found = news(news_sitemap(PAPER, articles[::-1], NOW))
    assert [entry["loc"] for entry in found] == [f"https://valley-post.example/{number}" for number in range(1_000)]


@given(headlines)
def test_a_title_is_the_headline_letter_by_letter(headline: str) -> None:
    (entry,) = news(news_sitemap(PAPER, [News("/a", headline, NOW)], NOW))
    assert entry["title"] == headline


@given(st.text(min_size=1, max_size=40))
def test_no_headline_breaks_the_file(headline: str) -> None:
    text = news_sitemap(PAPER, [News("/a", headline, NOW), News("/b", "Other", NOW)], NOW)
    assert len(news(text.encode("utf-8", "replace").decode())) == 2
