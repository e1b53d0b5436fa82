"""Where an author's fold marker counts, and where it is only text."""

from __future__ import annotations

import pytest

from foldline.fold import markdown
from foldline.fold.cut import FoldRule, cut
from foldline.fold.markdown import render
from foldline.fold.tree import Unstable, stable

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
        "> ~~~\n> <!-- fold -->\n> ~~~\n\nx",
        "a `<!-- fold -->` b",
        "a ``&lt;!-- more --&gt; ` `` b",
        "<!-- fold this -->",
        "<!-- folded -->",
        "read <more> and unfold it",
    ],
)
def test_an_example_in_code_and_what_says_something_else_is_no_marker(source: str) -> None:
    rendered = render(f"first\n\n{source}\n\nlast")
    assert MARK not in rendered.html
    assert (rendered.uncut, cut(rendered.html, uncut=rendered.uncut).how) == ("", "nothing-below")


@pytest.mark.parametrize(
    "source",
    [
        "a <!-- fold --> b",
        "<!-- fold --> b",
        "<!-- fold --> <br>",
        "- a <!-- fold -->",
        "> a <!-- fold -->",
        "# a <!-- fold -->",
        '<div title="\n<!-- fold -->\n">x</div>',
        "<script>\n<!-- fold -->\n</script>\n\nx",
        "<!--\n<!-- fold -->\n-->\n\nx",
        "<!--\nfold\n-->\n\nx",
        "&lt;!-- fold --&gt;",
        "\\<!-- fold -->",
        "<\\!\\-- fold --\\>",
        "<pre>\n<!-- fold -->\n</pre>",
        "<pre>\n<!-- fold -->\n",
        '<p title="<!--fold-->">x</p>',
        "<!--&nbsp;fold&nbsp;-->",
        "<!\u2014 fold \u2014>",
        "<\u2013 More \u2013>",
        "<-- fold -->",
        "<!- fold ->",
        "\uff1c!-- fold --\uff1e",
        "```\ncode\n\n<!-- fold -->\n\nx",
        "```\n<!-- fold -->",
        "```\ncode\n\n<!-- fold -->\n\nx\n\n```\n\nmore\n\n```\n\nx",
        "`a` <!-- fold --> `<!-- fold -->`",
        "[^1]: a note\n\n    <!-- fold -->",
        "[x]: /y '<!-- fold -->'",
        "{% comment %}<!-- fold -->{% endcomment %}",
        "<svg>\n\n<!-- fold -->\n\n</svg>",
    ],
)
def test_a_marker_that_was_written_and_cannot_be_used_closes_the_article_and_is_named(source: str) -> None:
    rendered = render(f"first\n\n{source}\n\nlast")
    made = cut(rendered.html, uncut=rendered.uncut)
    assert MARK not in rendered.html.replace('title="<!--fold-->"', "")
    assert (rendered.uncut, made.how, made.preview) == ("marker-unused", "not-found", "")
    assert "first" in made.rest
    assert any(finding.kind == "fold-marker" and finding.line for finding in rendered.findings)


@pytest.mark.parametrize("marker", ["<!--more-->", "<!-- fold -->  ", "`x` <!-- More -->"])
def test_a_marker_that_ends_a_paragraph_at_the_top_is_behind_that_paragraph(marker: str) -> None:
    rendered = render(f"One.\nTwo. {marker}\n\nbelow")
    made = cut(rendered.html, uncut=rendered.uncut)
    assert made.preview.startswith("<p>One.\nTwo.")
    assert (made.rest.strip(), made.how, rendered.findings) == ("<p>below</p>", "marker", ())


def test_a_marker_with_spaces_that_do_not_break_is_one() -> None:
    made = cut(render("above\n\n<!--\u00a0fold\u2003-->\n\nbelow").html)
    assert (made.rest.strip(), made.how) == ("<p>below</p>", "marker")


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


@pytest.mark.parametrize("broken", ["<pre>" + "\n" * 9 + "code</pre>", "<pre><img src=x>" + "\n" * 9 + "code</pre>"])
def test_code_that_begins_with_empty_lines_moves_no_fold(broken: str) -> None:
    for source in (f"above\n\n<!-- fold -->\n\nbelow\n\n{broken}", f"above\n\n<!-- fold -->\n\n{broken}\n\nbelow"):
        made = cut(render(source).html)
        assert (made.preview.strip(), made.how, "below" in made.rest) == ("<p>above</p>", "marker", True)


def test_html_that_never_reads_the_same_is_shown_as_text_on_its_own_side_of_the_fold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def moody(html: str) -> str:
        if "<u>" in html:
            raise Unstable("this test says so")
        return stable(html)

    monkeypatch.setattr(markdown, "stable", moody)
    for above, below in (("*a*", "<u>secret</u>"), ("*a* <u>b</u>", "secret"), ("*a* <u>b</u>", "<u>secret</u>")):
        rendered = render(f"{above}\n\n<!-- fold -->\n\n{below}")
        made = cut(rendered.html, uncut=rendered.uncut)
        assert (made.how, "secret" in made.preview, "secret" in made.rest) == ("marker", False, True)
        assert made.preview.strip() == ("<p><em>a</em></p>" if "u" not in above else "<p>*a* &lt;u&gt;b&lt;/u&gt;</p>")
    unmarked = render("a\n\n<u>secret</u>")
    assert (unmarked.uncut, cut(unmarked.html, uncut=unmarked.uncut).preview) == ("read-differently", "")


def test_a_reference_above_the_fold_takes_no_definition_from_below_and_is_named() -> None:
    source = "Read [this], [*that*][b] and [up].\n\n[up]: /up\n\n<!-- fold -->\n\n[this] [up]\n\n"
    rendered = render(source + "[this]: /secret 'title'\n[b]: /b")
    made = cut(rendered.html)
    assert made.preview == '<p>Read [this], [<em>that</em>][b] and <a href="/up" rel="noopener">up</a>.</p>\n'
    assert made.rest.count('href="/secret"') == made.rest.count('href="/up"') == 1
    assert [(f.kind, f.detail, f.line) for f in rendered.findings] == [
        ("reference-below", "this", 1),
        ("reference-below", "b", 1),
    ]
    assert cut(render(source + "x").html).preview == made.preview


def test_a_footnote_reference_above_the_fold_is_a_number_wherever_its_note_is_written() -> None:
    top = "One[^b], two[^a], again[^b].\n\n<!-- fold -->\n\nThree[^c], and[^b].\n\n"
    notes = ["[^a]: A", "[^b]: B\n\n[^c]: C", "[^c]: C\n\n[^b]: B\n\n[^a]: A", ""]
    made = [cut(render(top + text).html) for text in notes]
    assert {one.preview for one in made} == {
        '<p>One<sup class="footnote-ref" id="fnref1">1</sup>, two<sup class="footnote-ref" id="fnref2">2</sup>, '
        'again<sup class="footnote-ref" id="fnref1-2">1</sup>.</p>\n'
    }
    assert '<li id="fn2" value="2">' in made[0].rest
    assert '<li id="fn3" value="3">' in made[1].rest
    assert made[1].rest.count('href="#fn3"') == 1
    assert made[1].rest.count('href="#fn1"') == 1
    assert "value" not in made[2].rest


@pytest.mark.parametrize(
    "below", ["[^1]: a note", "<select>gone</select>\n\n[^1]: a note", "<title>gone</title>\n\n[^1]: a note"]
)
def test_notes_are_sealed_where_nothing_else_stands_below_the_marker(below: str) -> None:
    rendered = render(f"Open[^1].\n\n<!-- fold -->\n\n{below}")
    made = cut(rendered.html, uncut=rendered.uncut)
    assert (made.how, "a note" in made.preview, "a note" in made.rest) == ("marker", False, True)
    assert "<a" not in made.preview


@pytest.mark.parametrize(
    "source", ["Open.\n\n<!-- fold -->\n \n&nbsp;\n", "Open[^1].\n\n[^1]: a note\n\n<!-- fold -->\n"]
)
def test_nothing_is_below_a_marker_that_is_the_very_last_thing(source: str) -> None:
    rendered = render(source)
    assert (rendered.uncut, cut(rendered.html, uncut=rendered.uncut).how) == ("", "nothing-below")


@pytest.mark.parametrize(
    "source",
    [
        "<select>\n\n<!-- fold -->\n\nbelow",
        "<select><option>x\n\n<!-- fold -->\n\nbelow",
        "{% comment %}\n\n<!-- fold -->\n\nbelow",
        "<!-- fold -->\n\n<select>below</select>",
        "<!-- fold -->\n\n<title>below</title>",
        "<!-- fold -->\n\n<iframe></iframe>",
        "<!-- fold -->\n\n[^1]: a note that nothing refers to",
    ],
)
def test_an_article_whose_sealed_part_is_lost_to_its_markup_is_closed_and_says_so(source: str) -> None:
    rendered = render(f"above\n\n{source}")
    assert (rendered.uncut, cut(rendered.html, uncut=rendered.uncut).how) == ("marker-unused", "not-found")
    assert any(finding.kind == "fold-marker" and finding.line for finding in rendered.findings)


def test_an_option_that_is_left_open_above_the_marker_takes_nothing_of_it() -> None:
    rendered = render("above\n\n<option>\n\n<!-- fold -->\n\nbelow")
    made = cut(rendered.html, uncut=rendered.uncut)
    assert (made.how, "below" in made.preview, "below" in made.rest) == ("marker", False, True)
