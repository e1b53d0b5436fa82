"""Where an author's fold marker counts, and where it is only text."""

from __future__ import annotations

import pytest

from foldline.fold.cut import FoldRule, cut
from foldline.fold.markdown import render

MARK = "<!--fold-->"


@pytest.mark.parametrize(
    "marker", ["<!-- fold -->", "<!--more-->", "<!--fold-->", "<!-- FOLD -->", "    <!-- More -->  "]
)
def test_a_marker_on_a_line_of_its_own_is_the_fold(marker: str) -> None:
    made = cut(render(f"above\n\n{marker}\n\nbelow").html)
    assert (made.preview.strip(), made.rest.strip(), made.how) == ("<p>above</p>", "<p>below</p>", "marker")


def test_a_marker_between_two_lines_of_text_ends_the_paragraph() -> None:
    assert render("above\n<!-- fold -->\nbelow").html == f"<p>above</p>\n{MARK}\n<p>below</p>\n"


@pytest.mark.parametrize(
    "source",
    [
        "```\n<!-- fold -->\n```\n\nx",
        "a `<!-- fold -->` b",
        "a <!-- fold --> b",
        "<!-- fold --> b",
        '<div title="\n<!-- fold -->\n">x</div>',
        "<script>\n<!-- fold -->\n</script>\n\nx",
        "<!--\n<!-- fold -->\n-->\n\nx",
        "&lt;!-- fold --&gt;",
        "\\<!-- fold -->",
        "<pre>\n<!-- fold -->\n</pre>",
        "<!-- fold this -->",
        "<!-- folded -->",
        '<p title="<!--fold-->">x</p>',
    ],
)
def test_what_only_looks_like_a_marker_is_none(source: str) -> None:
    assert MARK not in render(f"first\n\n{source}\n\nlast").html.replace('title="<!--fold-->"', "")
    assert cut(render(f"first\n\n{source}\n\nlast").html).how == "nothing-below"


def test_of_several_markers_the_first_counts_and_the_others_are_named() -> None:
    rendered = render("a\n\n<!-- fold -->\n\nb\n\n<!-- more -->\n\nc\n\n<!-- fold -->\n\nd")
    assert rendered.html.count(MARK) == 1
    assert cut(rendered.html).preview.strip() == "<p>a</p>"
    assert [finding.line for finding in rendered.findings if finding.kind == "fold-marker"] == [7, 11]


@pytest.mark.parametrize(
    "block",
    [
        "> a\n>\n> <!-- fold -->\n>\n> b",
        "- a\n\n  <!-- fold -->\n\n- b",
        "<blockquote>\n\na\n\n<!-- fold -->\n\nb\n\n</blockquote>",
    ],
)
def test_a_marker_inside_a_block_counts_as_before_that_block(block: str) -> None:
    rendered = render(f"above\n\n{block}")
    made = cut(rendered.html)
    assert (made.preview.strip(), made.how) == ("<p>above</p>", "marker")
    assert "inside a block" in rendered.warnings[0]


def test_a_marker_at_the_top_counts_before_one_inside_a_quotation() -> None:
    made = cut(render("a\n\n> <!-- fold -->\n> b\n\nc\n\n<!-- fold -->\n\nd").html)
    assert made.rest.strip() == "<p>d</p>"


@pytest.mark.parametrize(
    "source",
    [
        "above\n\n<table>\n\n<!-- fold -->\n\nsecret\n\n</table>",
        "above\n\n<table>\n<!-- fold -->\n<p>secret</p></table>",
        "above\n\n<table><tr><!-- x -->\n<!-- fold -->\n<b>secret</b>",
        "above\n\n<div><table>\n\n<!-- fold -->\n\n<div>secret</div>",
    ],
)
def test_a_table_left_open_above_the_marker_pulls_no_text_up_from_below(source: str) -> None:
    made = cut(render(source).html)
    assert made.how == "marker"
    assert "secret" in made.rest
    assert "secret" not in made.preview


def test_what_stands_below_the_marker_changes_no_byte_above_it() -> None:
    above = "# A *b\n\ntext **bold\n\n<div><p>open <a href=/x>link\n\n| t |\n|---|\n| 1 |\n\n<!-- fold -->\n\n"
    belows = ["", "x\n\n", "</div></a></p> y*\n\n", "<table><b>z\n\n", "```\nopen", "# A *b\n\n| t |\n|---|\n| 2 |"]
    previews = {cut(render(above + below + "\n\nend").html, FoldRule()).preview for below in belows}
    assert len(previews) == 1
