"""Where the fold falls without a marker, and what a cut never does."""

from __future__ import annotations

import pytest

from foldline.fold.cut import FoldRule, after_first_block, cut
from foldline.fold.markdown import render
from foldline.fold.tree import Fragment

RULE = FoldRule(paragraphs=2, characters=20)
P = "<p>A paragraph of thirty letters.</p>"
NEXT = "<p>What comes next in this text.</p>"


def test_the_fold_is_after_n_paragraphs() -> None:
    assert (cut(P + P + NEXT, RULE).preview, cut(P + P + NEXT, RULE).rest) == (P + P, NEXT)


def test_the_fold_waits_for_the_least_number_of_characters() -> None:
    made = cut("<p>a</p><p>b</p>" + P + NEXT, RULE)
    assert made.rest == NEXT


def test_the_marker_wins_over_the_rule() -> None:
    made = cut(f"<p>a</p><!--fold-->{P}{P}{NEXT}", RULE)
    assert (made.preview, made.how) == ("<p>a</p>", "marker")


def test_a_marker_before_everything_leaves_no_preview() -> None:
    made = cut(f"<!--fold-->{P}", RULE)
    assert (made.preview, made.rest, made.how) == ("", P, "marker")


@pytest.mark.parametrize("tail", ["", "  \n", "<p></p>", "<hr>", "<p>&nbsp;</p><br>", "<div><p> </p></div>"])
def test_with_nothing_below_the_fold_the_whole_is_the_preview(tail: str) -> None:
    made = cut(f"{P}<!--fold-->{tail}", RULE)
    assert (made.preview.startswith(P), made.rest, made.how) == (True, "", "nothing-below")


@pytest.mark.parametrize("tail", ["<figure><img src=/a.png alt=a></figure>", "x", "<p><img src=/a.png alt=></p>"])
def test_a_picture_or_a_letter_below_the_fold_is_something(tail: str) -> None:
    assert cut(f"{P}<!--fold-->{tail}", RULE).how == "marker"


def test_footnotes_alone_are_nothing_that_a_rule_cuts_off() -> None:
    made = cut(render("Above[^1].\n\n[^1]: Note.").html, RULE)
    assert made.how == "nothing-below"
    assert 'href="#fn1"' in made.preview


def test_a_short_text_is_free() -> None:
    assert cut(P, RULE).how == "nothing-below"


@pytest.mark.parametrize(
    "block",
    [
        "<blockquote>" + P * 9 + "</blockquote>",
        "<div>" + P * 9 + "</div>",
        "<ul>" + "<li>An item of a list.</li>" * 9 + "</ul>",
        "<table>" + "<tr><td>A cell of a table</td></tr>" * 9 + "</table>",
        "<p>" + "word " * 200 + "</p>",
        "word " * 200,
    ],
)
def test_a_text_of_one_huge_block_has_no_findable_fold_and_shows_nothing(block: str) -> None:
    made = cut(block, RULE)
    assert (made.preview, made.how) == ("", "not-found")
    assert "word" in made.rest or "item" in made.rest or "cell" in made.rest or "paragraph" in made.rest


def test_where_there_are_too_few_paragraphs_lists_and_quotations_count_as_well() -> None:
    quotation = "<blockquote>A quotation, and a long one at that.</blockquote>"
    made = cut(quotation * 3, RULE)
    assert (made.preview, made.rest) == (quotation * 2, quotation)


LISTS = "<ul><li>A list of thirty letters or so.</li></ul>"


def test_once_the_text_above_is_two_and_a_half_times_the_least_the_fold_is_after_any_block() -> None:
    rule = FoldRule(paragraphs=5, characters=100)
    table = "<table><tbody><tr><td>Cells, and more.</td></tr></tbody></table>"
    for block in (LISTS, "<blockquote>" + P + "</blockquote>", table, P):
        made = cut(block * 40 + P * 9, rule)
        text = Fragment(made.preview).top.text()
        assert made.how == "paragraphs"
        assert len(text) < 250 + len(Fragment(block).top.text())
        assert made.preview == block * made.preview.count(block)


def test_few_paragraphs_between_lists_do_not_make_a_long_preview() -> None:
    rule = FoldRule(paragraphs=3, characters=100)
    made = cut(P + LISTS * 30 + P + LISTS * 30 + P + NEXT, rule)
    assert made.preview == P + LISTS * 8


def test_a_long_block_is_above_the_fold_or_below_it_and_never_cut() -> None:
    long = "<ul>" + "<li>An item of a long list.</li>" * 90 + "</ul>"
    rule = FoldRule(paragraphs=9, characters=100)
    assert cut(P + long + NEXT, rule).preview == P + long
    assert cut(LISTS * 9 + long + NEXT * 9, rule).preview == LISTS * 9


@pytest.mark.parametrize("first", ["", "<h2>Part two</h2>"])
def test_a_heading_that_completes_the_text_above_is_below_the_fold(first: str) -> None:
    heading = first + "<h3>" + "A long heading. " * 9 + "</h3>"
    rule = FoldRule(paragraphs=9, characters=100)
    assert cut(P * 4 + heading + LISTS * 9, rule).preview == P * 4


def test_a_heading_as_long_as_a_preview_is_no_preview_by_itself() -> None:
    heading = "<h2>" + "A long heading. " * 30 + "</h2>"
    assert cut(heading + LISTS + P * 9, FoldRule(paragraphs=9, characters=100)).preview == heading + LISTS


def test_without_a_least_number_of_characters_paragraphs_alone_decide() -> None:
    assert cut(LISTS * 40 + P + P + NEXT, FoldRule(paragraphs=2, characters=0)).rest == NEXT


def test_a_marker_after_a_long_text_wins_over_the_most_characters() -> None:
    made = cut(LISTS * 40 + "<!--fold-->" + NEXT, FoldRule(paragraphs=2, characters=20))
    assert (made.preview, made.how) == (LISTS * 40, "marker")


def test_a_heading_is_never_the_last_thing_above_the_fold() -> None:
    made = cut(f"{P}<h2>Part two</h2> <!--fold-->{NEXT}", RULE)
    assert (made.preview.strip(), made.rest.strip()) == (P, f"<h2>Part two</h2> {NEXT}")


def test_a_heading_after_the_last_paragraph_of_the_preview_belongs_to_the_rest() -> None:
    assert cut(f"{P}{P}<h2>Part two</h2>{NEXT}", RULE).preview == P + P


def test_references_above_the_fold_keep_their_number_and_lose_their_link_when_the_notes_are_below() -> None:
    made = cut(render("Above[^1].\n\n<!-- fold -->\n\nBelow[^2].\n\n[^1]: One.\n[^2]: Two.").html, RULE)
    assert made.preview == '<p>Above<sup class="footnote-ref" id="fnref1">1</sup>.</p>\n'
    assert 'href="#fn2"' in made.rest
    assert "One." in made.rest


def test_words_between_blocks_are_one_block() -> None:
    made = cut(f"{P}one <b>two</b> <i>three and four and five</i> six<div>x</div>{NEXT}", RULE)
    assert made.preview == f"{P}one <b>two</b> <i>three and four and five</i> six"


def test_a_marker_in_a_comment_in_a_title_or_in_code_text_is_none() -> None:
    html = f'<p title="<!--fold-->">{"a" * 30}</p><p>&lt;!--fold--&gt; {"b" * 30}</p>{NEXT}'
    assert cut(html, RULE).rest == NEXT


def test_the_strictest_cut_shows_the_first_block_with_text() -> None:
    made = after_first_block(f"<figure><img src=/a.png alt=a></figure>{P}<!--fold-->{P}{NEXT}")
    assert made.preview.endswith(P)
    assert made.rest == P + NEXT


def test_the_strictest_cut_of_a_single_block_shows_nothing() -> None:
    assert after_first_block(P).preview == ""
