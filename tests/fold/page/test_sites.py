"""Pages as publishing systems write them: nothing of the rest is left, and nothing else of the page is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from foldline.fold.cut import FoldRule
from foldline.fold.page.read import CutPage, read_page
from foldline.fold.page.spec import FoldSpec

from . import sites
from .witness import views

SITES: dict[str, tuple[Callable[[], str], FoldSpec]] = {
    "wordpress": (sites.wordpress_with_yoast, FoldSpec()),
    "wagtail": (sites.wagtail, FoldSpec()),
    "hugo": (sites.hugo, FoldSpec()),
    "ghost": (sites.like_ghost, FoldSpec()),
    "next": (sites.next_js, FoldSpec(body=".Article_body__x1", rule=FoldRule(2, 50))),
}
EACH = pytest.mark.parametrize("name", SITES)


def cut(name: str) -> CutPage:
    make, spec = SITES[name]
    return read_page(make().encode(), "utf-8", spec, sites.ADDRESS)


def preview(name: str) -> str:
    return cut(name).parts.preview().decode()


def article_nodes(html: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for script in LexborHTMLParser(html).css('script[type="application/ld+json"]'):
        data = json.loads(script.text())
        listed = data.get("@graph", [data])
        found += [node for node in listed if "Article" in str(node["@type"])]
    return found


@EACH
def test_nothing_that_a_page_says_below_its_fold_is_in_the_preview(name: str) -> None:
    assert not cut(name).locked
    for view in views(preview(name)):
        for text in (*sites.CLOSED, "seven names struck out"):
            assert text not in view
            assert text[10:60] not in view
    assert sites.REST_PICTURE not in preview(name)


@EACH
def test_everything_above_the_fold_stays(name: str) -> None:
    for text in (sites.HEADLINE, *sites.OPEN):
        assert text in preview(name)


@EACH
def test_the_whole_is_the_page_byte_for_byte(name: str) -> None:
    make, _ = SITES[name]
    assert cut(name).parts.whole() == make().encode()


@EACH
def test_the_preview_is_the_page_but_for_what_is_taken_out_and_what_is_put_there_instead(name: str) -> None:
    made = cut(name)
    assert "cut-by-tree" not in made.alarms
    kept = [part.data for part in made.parts.public if part.kind == "both"]
    page, at = SITES[name][0]().encode(), 0
    for data in kept:
        assert data in page[at:]
        at = page.index(data, at) + len(data)
    ours = sum(len(part.data) for part in made.parts.public if part.kind == "preview")
    assert sum(map(len, kept)) + ours == len(made.parts.preview())


@EACH
def test_no_count_of_the_whole_is_left(name: str) -> None:
    html = preview(name)
    for said in ("wordCount", "timeRequired", 'articleBody"', "backstory", "812", "5 min", "PT5M", "__next_f"):
        assert said not in html


@EACH
def test_one_article_node_says_what_is_closed_by_a_class_that_is_in_the_page(name: str) -> None:
    html = preview(name)
    (node,) = article_nodes(html)
    assert node["isAccessibleForFree"] is False
    assert node["headline"] == sites.HEADLINE
    part = node["hasPart"]
    assert part["isAccessibleForFree"] is False
    (element,) = LexborHTMLParser(html).css(part["cssSelector"])
    assert element.text(strip=True) == ""


@EACH
def test_the_wall_is_behind_the_text_and_outside_of_it_and_the_style_in_the_head(name: str) -> None:
    made = cut(name)
    head, wall = b'<link rel="stylesheet" href="/x.css">', b'<aside id="wall"></aside>'
    for html in (made.parts.preview(head, wall), made.parts.whole(head, wall)):
        tree = LexborHTMLParser(html.decode())
        assert tree.css_first("head > link[href='/x.css']") is not None
        element = tree.css_first("#wall")
        assert element is not None
        above = []
        parent = element.parent
        while parent is not None:
            above.append(parent.attributes.get("class") or "")
            parent = parent.parent
        assert not any(
            said in " ".join(above) for said in ("entry-content", "post-content", "gh-content", "Article_body")
        )
        assert html.decode().index(sites.OPEN[1]) < html.decode().index('id="wall"')


def test_what_the_site_says_of_its_article_is_merged_and_kept() -> None:
    (node,) = article_nodes(preview("wordpress"))
    assert node["@type"] == "NewsArticle"
    assert node["inLanguage"] == "en"
    assert node["keywords"] == ["lighthouses", "archives"]
    assert node["author"]["name"] == "Ida Krog"
    assert '"@type":"Person"' in preview("wordpress")


def test_a_class_of_the_sites_own_is_kept_as_the_selector() -> None:
    (node,) = article_nodes(preview("wagtail"))
    assert node["hasPart"]["cssSelector"] == ".paywall"
    assert node["description"] == sites.STANDFIRST
    assert 'class="foldline-rest"' not in preview("wagtail")


def test_a_description_of_an_editor_and_pictures_above_the_fold_stay() -> None:
    assert f'content="{sites.STANDFIRST}"' in preview("wagtail")
    assert cut("wagtail").standfirst == sites.STANDFIRST
    assert f'<meta name=description content="{sites.OPEN[0]}">' in preview("hugo")
    html = preview("wordpress")
    assert f'<link rel="preload" as="image" href="{sites.LEAD_PICTURE}">' in html
    assert 'content="Ida Krog"' in html
    assert "amphtml" in html


def test_a_description_that_was_made_from_the_text_goes_even_where_it_reaches_two_words_below() -> None:
    assert "What the" not in preview("hugo")
    assert cut("hugo").standfirst != ""
    assert "og:description" not in preview("wordpress")
    assert cut("wordpress").standfirst == ""


def test_a_pages_own_scripts_find_their_state_with_empty_texts() -> None:
    script = LexborHTMLParser(preview("next")).css_first("#__NEXT_DATA__")
    assert script is not None
    state = json.loads(script.text())
    article = state["props"]["pageProps"]["article"]
    assert article == {"title": sites.HEADLINE, "html": "", "readingTime": None, "excerpt": ""}
    assert state["props"]["pageProps"]["gallery"] == [{"src": sites.LEAD_PICTURE}]
    assert state["buildId"] == "k3y"


def test_the_state_does_not_tell_how_many_blocks_there_are_below_the_fold() -> None:
    def state(texts: list[str]) -> object:
        blocks = [
            {"type": "p", "id": number, "text": text} for number, text in enumerate((*sites.OPEN, *texts, "End."))
        ]
        said = {"article": {"title": sites.HEADLINE, "plain": [*sites.OPEN, *texts], "blocks": blocks}}
        script = f'<script type="application/json" id="s">{json.dumps([said])}</script>'
        body = "".join(f"<p>{text}</p>" for text in sites.OPEN) + "<!-- fold -->"
        body += "".join(f"<p>{text}</p>" for text in texts)
        page = f"<title>{sites.HEADLINE}</title><h1>{sites.HEADLINE}</h1><article>{body}<p>End.</p></article>{script}"
        return read_page(page.encode()).parts.preview()

    assert state([*sites.CLOSED]) == state([sites.CLOSED[0]])
    assert json.dumps(sites.OPEN[0]).encode() in state([*sites.CLOSED])  # type: ignore[operator]


def test_copies_of_the_rest_go_with_the_smallest_element_around_them() -> None:
    html = preview("ghost")
    assert "Another story altogether" in html
    assert '<ul class="related">' in html
    assert "gh-notes" in html
    assert "data-mode" in preview("wagtail")


def test_what_is_removed_is_listed() -> None:
    assert set(cut("wordpress").removed) >= {
        "automatic-description", "count", "media-of-the-rest", "structured-data", "unreadable-structured-data",
        "link-into-the-rest", "hydration-state", "copy-of-the-rest", "comment",
    }  # fmt: skip
    assert cut("wordpress").facts.amp == f"{sites.ADDRESS}/amp"
