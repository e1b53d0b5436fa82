from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode
from tests.pages.press import ARTICLE, CARD, HEADLINE, PARAGRAPHS, PICTURE, PUBLICATION, STANDFIRST, home, layout, page

from foldline.pages.layout import ErrorKind, linked_byline
from foldline.pages.public import Listing, Picture, Term
from foldline.pages.shell import shell
from foldline.pages.words import load_words
from foldline.policy.facts import Access
from foldline.policy.reasons import WALL_REASONS

ERRORS: tuple[ErrorKind, ...] = ("not-found", "gone", "bad-request", "server-error", "not-allowed")


def one(html: str, selector: str) -> LexborNode:
    found = LexborHTMLParser(html).css(selector)
    assert len(found) == 1, f"{len(found)} × {selector}"
    return found[0]


def said(node: LexborNode) -> str:
    return " ".join(node.text().split())


def meta(html: str, name: str) -> str:
    return one(html, f'meta[name="{name}"], meta[property="{name}"]').attributes["content"] or ""


def all_pages() -> dict[str, str]:
    made = {f"article:{key}": page(wall=key) for key in layout().article(ARTICLE).walls}
    made["free"] = page(replace(ARTICLE, gated=False), "free")
    made["home"] = home(*[replace(CARD, path=f"/a{number}") for number in range(14)])
    made["empty"] = home()
    made["section"] = layout().listing(Listing("section", "/section/river", "River", (CARD,), "", "/section/river/2"))
    made["shell"] = shell(PUBLICATION, load_words("en"), "Sign in", "<h1>Sign in</h1>")
    made["demo"] = layout(demo=True).listing(Listing("home", "/", "Front page", (CARD,)))
    return made | {what: layout().error(404, what) for what in ERRORS}


PAGES = all_pages()


def test_the_headline_is_one_string_everywhere() -> None:
    html = page()
    assert said(one(html, "h1")) == said(one(html, "title")) == meta(html, "og:title") == HEADLINE
    assert json.loads(one(html, 'script[type="application/ld+json"]').text())["headline"] == HEADLINE
    assert said(one(home(CARD), ".card-headline")) == HEADLINE


def test_the_captured_pages_anatomy_stands_in_its_order() -> None:
    html = page()
    roles = {
        "section": "RIVER",
        "headline": HEADLINE,
        "standfirst": STANDFIRST,
        "alt": PICTURE.alt,
        "caption": PICTURE.caption,
        "credit": "Credit: Ines Amara",
        "byline": "Okonkwo Adaeze</a>",
        "dateline": "Feb. 12, 2025, 8:44 a.m. ET",
        "update": "Updated <time",
        "correction": "The bridge is 301 feet long.",
        **{f"paragraph {number}": text for number, text in enumerate(PARAGRAPHS)},
        "fold": '<div class="rest" id="continue">',
        "wall": '<aside class="gate',
        "tags": '<a href="/tag/bridges"',
    }
    body = html[html.index("<main") :].replace(">River<", ">RIVER<")
    places = [body.index(sign) for sign in roles.values()]
    assert places == sorted(places), dict(zip(roles, places, strict=True))


def test_caption_and_credit_are_kept_apart_by_text() -> None:
    caption = one(page(), "figcaption")
    assert said(caption) == f"{PICTURE.caption} Credit: {PICTURE.credit}"


def test_the_picture_has_its_size_its_alt_and_no_delay() -> None:
    picture = one(page(), "figure.lead img").attributes
    assert (picture["width"], picture["height"], picture["alt"]) == ("1200", "800", PICTURE.alt)
    assert (picture["loading"], picture["fetchpriority"]) == ("eager", "high")


def test_a_decorative_picture_without_words_has_no_caption() -> None:
    html = page(replace(ARTICLE, picture=Picture("/-/media/x.webp", 10, 10, "")))
    assert "figcaption" not in html
    assert 'alt=""' in html


def test_an_update_is_printed_beside_the_date_and_not_instead_of_it() -> None:
    times = [node.attributes["datetime"] for node in LexborHTMLParser(page()).css(".article-meta time")]
    assert times == ["2025-02-12T08:44:00-05:00", "2025-02-12T20:05:00-05:00"]
    assert "Updated" not in page(replace(ARTICLE, updated_at=None))


def test_empty_tags_leave_no_trace() -> None:
    items = [said(node) for node in LexborHTMLParser(page()).css(".tags ul > li")]
    assert items == ["Bridges", "Lenape Falls"]
    assert 'class="tags"' not in page(replace(ARTICLE, tags=()))


def test_no_reading_time_but_an_editors() -> None:
    assert "reading-time" not in page()
    assert said(one(page(replace(ARTICLE, reading_time="A long read")), ".reading-time")) == "A long read"


def test_no_description_but_an_editors() -> None:
    assert "description" not in page(replace(ARTICLE, standfirst=""))
    html = page(replace(ARTICLE, social_text="For friends."))
    assert meta(html, "description") == meta(html, "og:description") == "For friends."


def test_public_facts_for_machines() -> None:
    html = page()
    assert one(html, 'link[rel="canonical"]').attributes["href"] == "https://valley.example/river"
    assert meta(html, "robots") == "max-image-preview:large"
    assert meta(html, "og:image") == "https://valley.example/-/media/bridge.webp"
    assert meta(html, "twitter:card") == "summary_large_image"


def test_the_rest_fits_between_the_pieces_inside_the_article() -> None:
    made = layout().article(ARTICLE)
    assert made.before.endswith('<div class="rest" id="continue">')
    html = page(wall="open", rest="<p id=below>Below.</p>")
    assert one(html, "article > .body > #continue > #below") is not None
    assert one(html, "main > article + aside.gate") is not None


def test_a_gated_article_has_a_wall_for_every_reason_and_a_free_one_none() -> None:
    walls = layout().article(ARTICLE).walls
    assert {"ask", "open", *(reason.value for reason in WALL_REASONS)} <= set(walls)
    assert "free" not in walls
    assert set(layout().article(replace(ARTICLE, gated=False)).walls) == {"free"}


def test_presentations_share_everything_but_their_wall() -> None:
    walls = layout().article(ARTICLE).walls
    assert len({page(wall=key).replace(walls[key], "") for key in walls}) == 1


def test_everything_an_editor_types_is_escaped_but_the_preview() -> None:
    sly = "<b>&\"'</b>"
    term = Term(sly, "/x")
    picture = replace(PICTURE, alt=sly, caption=sly, credit=sly)
    article = replace(ARTICLE, headline=sly, standfirst=sly, byline=sly, section=term, tags=(term,), picture=picture)
    assert LexborHTMLParser(page(article)).css("b") == []


@pytest.mark.parametrize(
    ("byline", "html"),
    [
        ("Ann Lee and Bo Lind", '<a href="/author/ann" rel="author">Ann Lee</a> and Bo Lind'),
        ("By Ann Lee", 'By <a href="/author/ann" rel="author">Ann Lee</a>'),
        ("The <staff>", "The &lt;staff&gt;"),
    ],
)
def test_a_byline_is_shown_as_it_is_with_its_authors_linked(byline: str, html: str) -> None:
    assert linked_byline(byline, (Term("Ann Lee", "/author/ann"), Term("Nobody", "/author/no"))) == html


def test_a_card_links_to_the_article_with_a_date_that_does_not_age() -> None:
    html = home(CARD)
    card = one(html, "article.card")
    links = {node.attributes["href"] for node in card.css("a") if "section" not in (node.attributes["href"] or "")}
    assert links == {"/river"}
    assert one(html, ".card-more a").attributes["aria-label"] == f"Read the entire article: {HEADLINE}"
    time = one(html, "article.card time")
    assert (time.attributes["datetime"], said(time)) == ("2025-02-12T08:44:00-05:00", "Feb. 12, 2025")
    assert said(one(html, ".card-access")) == "For subscribers"
    assert "card-access" not in home(replace(CARD, access=Access.METERED))


def test_a_front_page_shows_every_card_once() -> None:
    cards = [replace(CARD, path=f"/a{n}", published_at=CARD.published_at - timedelta(days=n)) for n in range(14)]
    paths = [node.attributes["href"] for node in LexborHTMLParser(home(*cards)).css(".card-headline a")]
    assert paths == [card.path for card in cards]


def test_older_pages_are_paths_and_not_queries() -> None:
    html = layout().listing(Listing("tag", "/tag/x/2", "X", (CARD,), "/tag/x", "/tag/x/3"))
    links = [node.attributes["href"] for node in LexborHTMLParser(html).css("nav.pages a")]
    assert links == ["/tag/x", "/tag/x/3"]


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_page_says_what_is_wrong_and_where_to_go(what: ErrorKind) -> None:
    html = layout().error(404, what)
    assert one(html, "main h1") is not None
    assert one(html, "main .button").attributes["href"] == "/"
    assert meta(html, "robots") == "noindex"


def test_the_demonstrations_bar_is_on_every_page_and_names_the_way_back() -> None:
    html = layout(demo=True).listing(Listing("home", "/section/river", "River", (CARD,)))
    form = one(html, "aside.demo form")
    assert [button.attributes["formaction"] for button in form.css("button")] == [
        f"/-/demo/become/{kind}" for kind in ("anonymous", "registered", "subscriber", "lapsed", "googlebot")
    ]
    assert one(html, 'aside.demo input[name="next"]').attributes["value"] == "/section/river"
    assert "aria-pressed" not in html
    assert 'class="demo"' not in PAGES["home"]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_keeps_to_the_content_security_policy(name: str) -> None:
    parsed = LexborHTMLParser(PAGES[name])
    assert parsed.css("[style], style, [onclick], [onload], iframe, object, base, noscript, template") == []
    inline = [node for node in parsed.css("script") if not node.attributes.get("src")]
    assert all(node.attributes.get("type") == "application/ld+json" for node in inline)
    loaded = [node.attributes.get("src") or "" for node in parsed.css("[src]")]
    loaded += [node.attributes.get("href") or "" for node in parsed.css('link[rel="stylesheet"], link[rel="preload"]')]
    assert all(address.startswith("/-/") for address in loaded)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_one_of_each_landmark_and_heading_and_unique_ids(name: str) -> None:
    html = PAGES[name]
    assert one(html, "h1") is not None
    assert one(html, "body > main#main") is not None
    assert one(html, "body > header") is not None
    assert one(html, "body > footer") is not None
    assert one(html, 'a.skip[href="#main"]') is not None
    assert one(html, "html").attributes["lang"] == "en"
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", PAGES)
def test_no_page_says_how_long_ago(name: str) -> None:
    text = LexborHTMLParser(PAGES[name]).text(separator=" ")
    assert not re.search(r"\b(ago|yesterday|today|minutes)\b", text)


def test_a_french_publication_shows_no_english_of_ours() -> None:
    made = layout("fr").article(replace(ARTICLE, gated=True))
    html = made.before + made.between + made.walls["subscription-needed"] + made.after
    text = LexborHTMLParser(html).text(separator=" ")
    english = load_words("en")
    shown = [
        key for key in english if len(english[key].split()) > 2 and "{" not in english[key] and english[key] in text
    ]
    assert shown == []
    assert one(html, "html").attributes["lang"] == "fr"
    assert "12 février 2025 à 8\u00a0h\u00a044 ET" in text


def test_the_way_to_sign_in_comes_back_to_the_page() -> None:
    assert one(page(), "foldline-me a").attributes["href"] == "/-/sign-in?next=/river"
    assert one(PAGES["not-found"], "foldline-me a").attributes["href"] == "/-/sign-in"
