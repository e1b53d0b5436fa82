"""What is closed is learned from two pages; what is public, hidden, or everybody's boilerplate is told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.audits import audited
from tests.audit.leaky_wall import LAPSED, SESSION, Asked, Said, wall

from foldline.proof.audit.asking import Reply
from foldline.proof.audit.learning import Sides, drawn, learnt, sides
from foldline.proof.audit.places import first_words, is_found, places, sees
from foldline.proof.audit.run import Wish
from foldline.proof.covering import pairwise

OPEN = "Everybody may read how the ferry crossed the strait in all weathers for forty years."
CLOSED = "Nobody but subscribers may read what became of the captain, of the bell and of the painted signboard."
MORE = "A second paragraph of what is closed tells of the auction in the harbour and of who bought the anchor."


def page(*paragraphs: str, head: str = "", after: str = "") -> str:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<!doctype html><title>The ferry</title>{head}<article><h1>The ferry</h1>{text}</article>{after}"


def rest_of(subscriber: str, stranger: str, closed: str = "", *, refused: bool = False) -> Sides:
    return sides("/ferry", subscriber, stranger, (), closed, refused=refused)


def test_the_rest_is_what_a_subscriber_is_shown_and_a_stranger_is_not() -> None:
    found = rest_of(page(OPEN, CLOSED, MORE), page(OPEN))
    assert (found.how, found.closed) == ("difference", (CLOSED, MORE))
    (article,), without = learnt([found])
    assert (article.rest, article.title, without) == (f"{CLOSED}\n{MORE}", "The ferry", [])
    assert is_found(article.wanted, sees(article.wanted, Reply(200, (), CLOSED.encode())))
    assert not is_found(article.wanted, sees(article.wanted, Reply(200, (), OPEN.encode())))


@pytest.mark.parametrize(
    ("style", "body"),
    [
        ("", f'<div style="display:none"><p>{CLOSED}</p><p>{MORE}</p></div>'),
        ("", f"<div hidden><p>{CLOSED}</p><p>{MORE}</p></div>"),
        ("<style>.paid{visibility: hidden}</style>", f'<div class="paid"><p>{CLOSED}</p><p>{MORE}</p></div>'),
        (
            "<style>@media print{} .paid{filter:blur(4px)}</style>",
            f'<div class="paid"><p>{CLOSED}</p><p>{MORE}</p></div>',
        ),
        (
            "<style>.paid{position:absolute;left:-9999px}</style>",
            f'<div class="paid"><p>{CLOSED}</p><p>{MORE}</p></div>',
        ),
        ("", f"<noscript><p>{CLOSED}</p><p>{MORE}</p></noscript>"),
        ("", f"<template><p>{CLOSED}</p><p>{MORE}</p></template>"),
    ],
)
def test_what_a_style_hides_from_a_stranger_is_closed_though_it_is_sent(style: str, body: str) -> None:
    found = rest_of(page(OPEN, CLOSED, MORE), page(OPEN, head=style, after=body))
    assert (found.how, found.closed) == ("difference", (CLOSED, MORE))


def test_a_page_that_says_what_is_closed_is_believed_where_everybody_is_sent_the_whole() -> None:
    part = '{"isAccessibleForFree":false,"cssSelector":".paid"}'
    said = f'{{"@type":"NewsArticle","isAccessibleForFree":"False","hasPart":{part}}}'
    whole = (
        f'<!doctype html><title>The ferry</title><script type="application/ld+json">{said}</script>'
        f'<article><p>{OPEN}</p><div class="paid"><p>{CLOSED}</p><p>{MORE}</p></div></article>'
    )
    found = rest_of(whole, whole)
    assert (found.how, found.closed) == ("markup", (CLOSED, MORE))


@pytest.mark.parametrize("refused", [True, False])
def test_a_status_or_a_page_that_says_not_free_closes_all_but_its_beginning(refused: bool) -> None:
    many = [f"{OPEN} {number}" for number in ("one", "two", "three")]
    head = "" if refused else '<script type="application/ld+json">{"isAccessibleForFree": false}</script>'
    whole = page(*many, CLOSED, MORE, head=head)
    found = rest_of(whole, whole, refused=refused)
    assert (found.how, found.closed) == ("claim", (CLOSED, MORE))
    assert rest_of(page(*many, CLOSED), page(*many, CLOSED)).closed == ()


def test_a_selector_that_somebody_gave_is_what_is_closed() -> None:
    whole = f'<title>x</title><article><p>{OPEN}</p><div id="paid"><p>{CLOSED}</p></div></article>'
    assert rest_of(whole, whole, "#paid").closed == (CLOSED,)
    assert rest_of(whole, whole, "##not a selector").closed == ()


def test_menus_links_and_what_two_articles_share_are_nobodys_rest() -> None:
    thanks = "Thank you for paying for this newspaper, which could not be printed without its readers."
    menu = f"<nav><p>{MORE}</p></nav><aside><p>{MORE}</p></aside><form><p>{MORE}</p></form>"
    linked = f'<p><a href="/x">{MORE}</a></p>'
    one = sides("/one", page(OPEN, CLOSED, thanks) + menu + linked, page(OPEN))
    two = sides("/two", page(OPEN, f"{MORE} And that was all of it in the end.", thanks), page(OPEN))
    articles, _ = learnt([one, two])
    assert [article.rest for article in articles] == [CLOSED, f"{MORE} And that was all of it in the end."]


def test_a_text_that_somebody_called_public_is_not_looked_for() -> None:
    (article,), _ = learnt([rest_of(page(OPEN, CLOSED, MORE), page(OPEN))], [MORE])
    assert not is_found(article.wanted, sees(article.wanted, Reply(200, (), MORE.encode())))
    assert is_found(article.wanted, sees(article.wanted, Reply(200, (), CLOSED.encode())))


def test_texts_of_scripts_without_spaces_are_learned_and_found_too() -> None:
    closed = (
        "新聞は朝になると静かに折りたたまれて読者の手もとへ届けられるものだという古い言い伝えがある。" * 2
        + "橋の下を流れる川の名前を誰も知らなかった。" * 3
    )
    (article,), _ = learnt([rest_of(page(OPEN, closed), page(OPEN))])
    seen = sees(article.wanted, Reply(200, (), closed[10:90].encode()))
    assert is_found(article.wanted, seen)


def test_the_first_words_are_as_the_publisher_wrote_them_and_at_most_twelve() -> None:
    (article,), _ = learnt([rest_of(page(OPEN, CLOSED, MORE), page(OPEN))])
    body = f"…{CLOSED.upper()[40:]} {MORE}"
    words = first_words(article, sees(article.wanted, Reply(200, (), body.encode())))
    assert words.split()[0] in CLOSED
    assert len(words.split()) == 12


@pytest.mark.parametrize(
    "sheet",
    [
        "@media print { nav { display: none } article { display: none } }",
        "@media (max-width: 20em){article{visibility:hidden}.x{color:red}}",
        "@keyframes in { from { opacity: 0 } to { opacity: 1 } } article { animation: in 1s }",
        "/* article { display: none } */",
        "article::before { display: none } article:not(.open) { color: black }",
        "article { max-height: none; overflow: visible; opacity: 0.9 }",
        "p[ { display: none }",
    ],
)
def test_what_a_style_hides_sometimes_is_shown(sheet: str) -> None:
    assert OPEN in drawn(page(OPEN), [sheet]).shown


@pytest.mark.parametrize("sheet", ["article { display: none }", "@layer base { article { opacity: 0 } }"])
def test_what_a_style_hides_is_not(sheet: str) -> None:
    found = drawn(page(OPEN), [sheet])
    assert OPEN not in found.shown
    assert OPEN in found.hidden


def test_what_is_clipped_shows_its_beginning() -> None:
    long = f"{OPEN} " * 9 + CLOSED
    found = drawn(f'<div style="max-height: 20em; overflow: hidden"><p>{long}</p></div>')
    assert OPEN in found.shown
    assert CLOSED not in found.shown
    assert CLOSED in found.clipped


def test_every_place_of_a_page_is_told() -> None:
    (article,), _ = learnt([rest_of(page(OPEN, CLOSED, MORE), page(OPEN))])
    html = page(OPEN, head=f'<meta name="description" content="{CLOSED}">', after=f"<!-- {MORE} -->")
    reply = Reply(200, ((b"content-type", b"text/html"),), html.encode())
    assert {place.vector for place in places(article.wanted, reply)} == {"A10", "A05"}


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_every_pair_of_values_of_any_two_axes_stands_in_a_row(sizes: list[int]) -> None:
    made = list(pairwise(sizes))
    assert all(
        len(row) == len(sizes) and all(0 <= value < size for value, size in zip(row, sizes, strict=True))
        for row in made
    )
    for one in range(len(sizes)):
        for other in range(one):
            pairs = {(row[one], row[other]) for row in made}
            assert len(pairs) == sizes[one] * sizes[other]
    most = sorted(sizes)[-2:]
    assert len(made) <= 3 * most[0] * most[-1]


def test_whoever_clears_their_cookies_is_a_finding_of_its_own() -> None:
    def metered(asked: Asked) -> Said | None:
        # Whoever brings no cookie has read nothing yet.
        if asked.path == site.stories[0].path and "cookie" not in asked.headers and asked.method == "GET":
            return site.answer(
                Asked(asked.method, asked.path, asked.raw, asked.query, {**asked.headers, "cookie": SESSION})
            )
        return None

    with wall() as site:
        site.before = metered
        report = audited(site, Wish((site.stories[0].path,), SESSION, stranger=LAPSED))
    assert "G01" in {finding.vector for finding in report.findings}
    assert LAPSED not in "".join(finding.curl for finding in report.findings)
