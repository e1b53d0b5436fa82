"""Where the fold of a page is, and that what is unclear is closed."""

from __future__ import annotations

import pytest

from foldline.fold.cut import FoldRule
from foldline.fold.page.read import CutPage, read_page
from foldline.fold.page.spec import FoldSpec

A, B, C = (f"<p>{word} paragraph of the story, with enough words.</p>" for word in ("One", "Two", "Six"))
TWO = FoldRule(2, 0)


def page(body: str, head: str = "", around: str = "%s") -> bytes:
    article = around % f'<div class="entry-content">{body}</div>'
    return (
        f"<!doctype html><html><head><title>A headline</title>{head}</head>"
        f"<body><h1>A headline</h1>{article}<footer>Imprint</footer></body></html>"
    ).encode()


def read(body: str, spec: FoldSpec | None = None, head: str = "", around: str = "%s") -> CutPage:
    return read_page(page(body, head, around), "utf-8", spec)


def shown(made: CutPage) -> str:
    return made.parts.preview().decode()


@pytest.mark.parametrize(
    "body",
    [
        f"{A}<!-- fold -->{B}{C}",
        f"{A}<!--MORE-->{B}{C}",
        f"{A}<!--members-only-->{B}{C}",
        f'{A}<p><span id="more-31"></span></p>{B}{C}',
        f"{A}<ul><li>x<!-- fold --></li></ul>{B}{C}",
        f"{A}<blockquote><p>x</p><!-- fold --></blockquote>{B}{C}",
        f"{A}<table><tr><td>x<!-- fold --></table>{B}{C}",
        f"{A}<figure><!-- fold --><img src=x></figure>{B}{C}",
        f"{A}<h2>A heading</h2><!-- fold -->{B}{C}",
        f"{A}<div><div><!-- fold -->{B}</div></div>{C}",
        f"{A}<p>x<!-- fold -->y</p>{B}{C}",
        f"<template><!-- fold --></template>{A}<!-- fold -->{B}{C}",
        f"<script>'<!-- fold -->'</script>{A}<!-- fold -->{B}{C}",
        f"<pre title='<!-- fold -->'></pre>{A}<!-- fold -->{B}<!-- fold -->{C}",
    ],
)
def test_a_marker_closes_what_is_behind_it_and_tears_no_block(body: str) -> None:
    made = read(body)
    assert made.how == "marker"
    assert "One paragraph" in shown(made)
    for gone in (
        "Two paragraph",
        "Six paragraph",
        "A heading",
        "<li>",
        "<td>",
        "<blockquote>",
        "<figure>",
        ">x",
        "y</p>",
    ):
        assert gone not in shown(made)
    assert "Imprint" in shown(made)


def test_a_marker_that_ends_a_paragraph_is_behind_it() -> None:
    made = read('<p>Open to the end.<span id="more-4"></span></p>' + B)
    assert "Open to the end." in shown(made)
    assert "Two paragraph" not in shown(made)


def test_a_marker_closes_later_containers_of_the_same_article_too() -> None:
    made = read(f"{A}<!-- fold -->{B}", around=f'<article>%s<div class="entry-content">{C}</div></article>')
    assert "Six paragraph" not in shown(made)


def test_a_marker_in_a_place_of_no_author_is_none() -> None:
    made = read(f"{A}<template><!-- fold --></template><svg><!-- fold --></svg>{B}")
    assert made.alarms == ("no-way-to-the-fold",)
    assert "One paragraph" not in shown(made)


def test_a_marker_with_nothing_below_it_opens_the_page_and_says_so() -> None:
    made = read(f"{A}{B}<!-- fold -->")
    assert (made.how, made.alarms) == ("nothing-below", ("nothing-below",))
    assert made.parts.preview() == made.parts.whole()


@pytest.mark.parametrize(
    ("spec", "alarm"),
    [
        (FoldSpec(), "no-way-to-the-fold"),
        (FoldSpec(closed=".nothing"), "selector-nothing"),
        (FoldSpec(closed=".empty"), "selector-nothing"),
        (FoldSpec(closed="body"), "selector-everything"),
        (FoldSpec(closed="*"), "selector-everything"),
        (FoldSpec(closed="h1, .entry-content"), "selector-everything"),
        (FoldSpec(closed="p::x("), "selector-unusable"),
        (FoldSpec(body=".nothing"), "body-nothing"),
        (FoldSpec(body=".empty"), "body-nothing"),
        (FoldSpec(body="p["), "selector-unusable"),
    ],
)
def test_a_fold_that_is_not_found_leaves_headline_and_standfirst(spec: FoldSpec, alarm: str) -> None:
    head = '<meta name="description" content="One sentence of an editor.">'
    made = read(f'{A}<div class="empty"></div>{B}', spec, head)
    assert made.alarms == (alarm,)
    assert made.locked
    assert "<h1>A headline</h1>\n<p>One sentence of an editor.</p>" in shown(made)
    assert "paragraph" not in shown(made)
    assert made.parts.whole() == page(f'{A}<div class="empty"></div>{B}', head)


def test_a_locked_page_shows_no_description_that_was_made_from_its_text() -> None:
    made = read(A + B, head='<meta name="description" content="Two paragraph of the story, with enough [&hellip;]">')
    assert made.locked
    assert "paragraph" not in shown(made)
    assert made.standfirst == ""


def test_the_rule_counts_paragraphs_in_wrappers_and_keeps_a_heading_with_its_text() -> None:
    body = f"<section><div>{A}</div></section><div>{B}<h2>On the third</h2></div><div><div>{C}</div></div>"
    made = read(body, FoldSpec(body=".entry-content", rule=TWO))
    assert made.how == "paragraphs"
    assert "Two paragraph" in shown(made)
    assert "On the third" not in shown(made)
    assert "Six paragraph" not in shown(made)


def test_the_rule_goes_on_through_two_bodies() -> None:
    made = read(A, FoldSpec(body=".entry-content, .more", rule=TWO), around=f'%s<div class="more">{B}{C}</div>')
    assert "Two paragraph" in shown(made)
    assert "Six paragraph" not in shown(made)


def test_a_closed_article_that_is_shorter_than_the_rule_shows_its_first_block() -> None:
    made = read(A + B, FoldSpec(body=".entry-content"))
    assert made.alarms == ("shorter-than-the-rule",)
    assert "One paragraph" in shown(made)
    assert "Two paragraph" not in shown(made)
    assert "paragraph" not in shown(read(A, FoldSpec(body=".entry-content")))


@pytest.mark.parametrize(
    "closed",
    [
        f"<div class=pay>{B}{C}",
        f"<div class=pay>{B}</div>{A}<div class=pay>{C}</div>",
        "<table class=pay>Two paragraph<tr><td>Six paragraph</table>",
        "<ul><li class=pay>Two paragraph<li class=pay>Six paragraph</ul>",
        f"<svg><foreignObject class=pay>{B}{C}</foreignObject></svg>",
        f"<noscript><div class=pay>{B}{C}</div></noscript>",
        f"<div class=pay>{B}<div class=pay>{C}</div></div>",
        "<p class=pay>Two paragraph<p class=pay>Six paragraph",
    ],
)
def test_a_selector_closes_all_that_it_matches(closed: str) -> None:
    made = read(A + closed, FoldSpec(closed=".pay"))
    assert "Two paragraph" not in shown(made)
    assert "Six paragraph" not in shown(made)
    assert made.parts.whole() == page(A + closed)


def test_every_way_closes_something_and_none_opens_what_another_closes() -> None:
    head = '<script type="application/ld+json">{"@type":"NewsArticle","hasPart":{"cssSelector":".pay"}}</script>'
    made = read(f"{A}<div class=pay>{B}</div><p>between</p><!-- fold -->{C}", head=head)
    assert "between" in shown(made)
    assert "Two paragraph" not in shown(made)
    assert "Six paragraph" not in shown(made)


def test_a_selector_of_the_page_may_not_be_one_that_takes_long() -> None:
    head = '<script type="application/ld+json">{"@type":"NewsArticle","hasPart":{"cssSelector":"p:has(+ p)"}}</script>'
    assert read(A + B, head=head).alarms == ("selector-unusable",)


def test_the_wall_goes_behind_a_table_that_holds_the_text() -> None:
    made = read_page(f"<table><tr><td class=entry-content>{A}<!-- fold -->{B}</table>x".encode())
    assert b"</table>" in made.parts.preview(wall=b"[WALL]").split(b"[WALL]")[0] or made.locked


_SENTENCE = "The sealed sentence tells where the seven keepers hid the ledger that nobody read again."


@pytest.mark.parametrize(
    ("before", "head"),
    [
        (f"<div hidden>{_SENTENCE}</div>", ""),
        (f'<div style="display: none">{_SENTENCE}</div>', ""),
        ("", f'<meta name="author" content="{_SENTENCE}">'),
        ("", f'<meta property="article:tag" content="{_SENTENCE}">'),
        ("", f'<meta property="og:title" content="{(_SENTENCE + " ") * 4}">'),
    ],
)
def test_what_is_hidden_or_too_long_for_its_name_excuses_no_copy(before: str, head: str) -> None:
    made = read(f"{A}{before}<!-- fold --><p>{_SENTENCE}</p>", head=head)
    assert made.how == "marker"
    assert "sealed" not in shown(made)
    assert "copy-of-the-rest" in made.removed


def test_a_sentence_that_is_shown_above_the_fold_may_be_said_again_below_it() -> None:
    made = read(f"{A}<p>{_SENTENCE}</p><!-- fold --><p>{_SENTENCE}</p>{C}")
    assert _SENTENCE in shown(made)
    assert "copy-of-the-rest" not in made.removed
