"""What a page says of itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from foldline.fold.page.facts import PageFacts, facts_of
from foldline.fold.page.source import Source

ADDRESS = "https://news.example/a"


def facts(*nodes: object, head: str = "", raw: str = "") -> PageFacts:
    blocks = "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)
    return facts_of(
        Source(f"<html lang=fr><head>{head}{raw}{blocks}</head><body><h1>Shown</h1></body></html>"), ADDRESS
    )


@pytest.mark.parametrize(
    "node",
    [
        {"@type": "NewsArticle", "headline": "Said"},
        [{"@type": "Organization"}, {"@type": ["Article", "NewsArticle"], "headline": "Said"}],
        {"@graph": [{"@type": "WebPage"}, {"@type": "http://schema.org/BlogPosting", "headline": "Said"}]},
        {"@type": "WebPage", "mainEntity": {"@type": "ReportageNewsArticle", "headline": "Said"}},
    ],
)
def test_an_article_node_is_found_wherever_it_may_stand(node: object) -> None:
    assert facts(node).is_article
    assert facts(node).headline == "Said"


def test_a_broken_block_hides_no_other() -> None:
    said = facts(
        {"@type": "NewsArticle", "headline": "Said"}, raw='<script type="application/ld+json">{"@type":</script>'
    )
    assert said.headline == "Said"


def test_another_articles_node_is_not_this_pages() -> None:
    other = {"@type": "NewsArticle", "headline": "Other", "url": "https://news.example/b", "isAccessibleForFree": True}
    own = {"@type": "Article", "headline": "Own", "mainEntityOfPage": {"@id": f"{ADDRESS}/"}}
    assert facts(other, own).headline == "Own"
    assert facts(other, own).access == ""


def test_facts_of_open_graph_and_meta_stand_in() -> None:
    head = (
        '<meta property="og:type" content="article"><meta property="og:title" content="From  Open Graph">'
        '<meta property="article:published_time" content="2026-05-04T08:00:00+02:00"><meta name="author" content="Ida">'
        '<meta property="article:section" content="Coast"><meta name="keywords" content="a, b ,a">'
        '<link rel="canonical" href="/a"><link rel="amphtml" href="/a/amp">'
    )
    said = facts(head=head)
    assert (said.is_article, said.headline, said.section, said.tags) == (True, "From Open Graph", "Coast", ("a", "b"))
    assert said.published == datetime(2026, 5, 4, 6, tzinfo=UTC)
    assert (said.authors, said.canonical, said.amp) == (("Ida",), ADDRESS, f"{ADDRESS}/amp")
    assert said.language == "fr"


@pytest.mark.parametrize(
    ("nodes", "head", "access"),
    [
        ([{}], "", ""),
        ([{"isAccessibleForFree": True}], "", "free"),
        ([{"isAccessibleForFree": "http://schema.org/True"}], "", "free"),
        ([{"isAccessibleForFree": False}], "", "closed"),
        ([{"isAccessibleForFree": "False"}], "", "closed"),
        ([{"isAccessibleForFree": "sometimes"}], "", "closed"),
        ([{"isAccessibleForFree": None}], "", "closed"),
        ([{"isAccessibleForFree": True}, {"isAccessibleForFree": False}], "", "closed"),
        ([{"isAccessibleForFree": True, "hasPart": {"cssSelector": ".x"}}], "", "closed"),
        ([{"isAccessibleForFree": True}], '<meta name="foldline:access" content="Subscribers">', "subscribers"),
        ([{"isAccessibleForFree": True}], '<meta name="foldline:access" content="gold">', "gold"),
        (
            [{}],
            '<meta name="foldline:access" content="free"><meta name="foldline:access" content="metered">',
            "closed",
        ),
    ],
)
def test_access_is_what_the_page_says_and_closed_where_that_is_unclear(
    nodes: list[dict[str, object]], head: str, access: str
) -> None:
    assert facts(*({"@type": "NewsArticle", **node} for node in nodes), head=head).access == access


@pytest.mark.parametrize("address", ["http://[", "javascript:alert(1)", "//[::1"])
def test_an_address_that_is_none_is_not_taken(address: str) -> None:
    assert facts(head=f'<link rel="canonical" href="{address}">').canonical == ADDRESS


def test_an_h1_in_the_banner_names_the_site_and_no_heading_is_taken_that_the_title_does_not_hold() -> None:
    def headline(title: str, body: str) -> str:
        return facts_of(
            Source(f"<html><head><title>{title}</title></head><body>{body}</body></html>"), ADDRESS
        ).headline

    banner = "<header><h1>The Gazette</h1></header>"
    assert headline("The Gazette - Night bus", f"{banner}<article><h2>Night bus</h2><p>a</p></article>") == "Night bus"
    closed = f"{banner}<article><p>a</p><h2>Who took the money</h2></article>"
    assert headline("The Gazette - Night bus", closed) == "The Gazette - Night bus"
    assert headline("", closed) == "The Gazette"
    assert headline("x", "<main><header><h1>Night bus</h1></header></main>") == "Night bus"
