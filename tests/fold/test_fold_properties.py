"""What holds for any text and any rule."""

from __future__ import annotations

import nh3
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from foldline.fold.cut import FoldRule, after_first_block, cut, without_marker
from foldline.fold.markdown import render
from foldline.fold.marker import written
from foldline.fold.prove import survivors
from foldline.fold.tree import Fragment, stable

BOUNDED = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))

TAGS = ["p", "div", "b", "i", "a href=/x", "ul", "li", "table", "tr", "td", "th", "caption", "tbody", "pre", "h1", "h2"]
RAW = [
    "blockquote",
    "figure",
    "code",
    "svg",
    "math",
    "template",
    "select",
    "noscript",
    "style",
    "script",
    "form",
    "title",
]

words = st.text("abcdefghijklmnopqrstuvwxyzäß ", min_size=1, max_size=60)
tags = st.sampled_from([*TAGS, *RAW])


def text(html: str) -> list[str]:
    return Fragment(html).top.text(separator=" ").split()


pieces = st.one_of(
    words,
    tags.map(lambda tag: f"<{tag}>"),
    tags.map(lambda tag: f"</{tag.split()[0]}>"),
    st.sampled_from(
        [
            "<!--fold-->",
            "<!-- x -->",
            "<hr>",
            "<br>",
            "<img src=/a.png alt=a>",
            "&lt;",
            "&amp;",
            "<",
            "\n\n",
            "<![CDATA[",
        ]
    ),
)
malformed = st.lists(pieces, max_size=40).map("".join)
lines = st.one_of(
    words,
    words.map(lambda text: f"# {text}"),
    words.map(lambda text: f"- {text}"),
    words.map(lambda text: f"> {text}"),
    words.map(lambda text: f"{text}[^1]"),
    words.map(lambda text: f"[^1]: {text}"),
    words.map(lambda text: f"{{% x %}}{text}{{{{ y }}}}"),
    st.sampled_from(
        ["<!-- fold -->", "<!--MORE-->", "```", "| a | b |\n|---|---|\n| 1 | 2 |", "---", "    <!-- fold -->", "{: .x}"]
    ),
    st.sampled_from(
        ["> <!-- fold -->", "<table>", "</div>", '<a href="', "{% raw %}", "{% comment %}", "~~~", "[x]: /y"]
    ),
    malformed,
)
markdown = st.lists(lines, max_size=25).map("\n\n".join)
references = st.sampled_from(
    [
        "[a]",
        "[a][b]",
        "![c][]",
        "[^1] and [^2]",
        "[^2] [^2]",
        "^[note [b]]",
        "# [b]",
        "- [^1]\n- [c]",
        "> [^3]",
        "[a]: /up",
    ]
)
definitions = st.sampled_from(
    ["[a]: /x 'title'", "[b]: /y", "[c]: picture:c", "[^1]: note", "[^2]: note [^1]\n\n    more", "[^3]: [a]\n[^1]: b"]
)
markers = st.sampled_from(
    [
        "<!-- fold -->",
        "<!--more-->",
        "\\<!-- fold -->",
        "<!--\u00a0fold\u00a0-->",
        "<!\u2014 fold \u2014>",
        "&lt;!-- more --&gt;",
        "> <!-- fold -->",
        "- x <!--FOLD-->",
        "<!--\nfold\n-->",
        "<pre>\n<!-- fold -->",
    ]
)
rules = st.builds(FoldRule, st.integers(0, 8), st.integers(0, 400))


@BOUNDED
@given(markdown)
def test_rendering_any_markdown_gives_markup_that_reads_back_as_it_was_written(source: str) -> None:
    html = render(source).html
    assert stable(html) == html


@BOUNDED
@given(malformed)
def test_no_markup_of_an_author_survives_that_the_sanitiser_would_take_out(source: str) -> None:
    html = without_marker(render(source).html)
    tree = Fragment(html).top
    assert tree.css_first("script, style, svg, math, template, select, form, noscript, iframe, h1") is None
    assert not any(node.is_comment_node for node in tree.traverse())
    assert Fragment(nh3.clean(html)).top.text() == tree.text()


@BOUNDED
@given(markdown, rules)
def test_a_cut_loses_nothing(source: str, rule: FoldRule) -> None:
    html = render(source).html
    made = cut(html, rule)
    assert text(made.preview + made.rest) == text(without_marker(html))
    assert text(made.preview) + text(made.rest) == text(without_marker(html))


@BOUNDED
@given(malformed, rules)
def test_preview_and_rest_of_any_markup_join_to_the_tree_of_the_whole(source: str, rule: FoldRule) -> None:
    made = cut(source, rule)
    if made.how != "not-found":
        assert Fragment(made.preview + made.rest).html == made.preview + made.rest
        assert not any(node.is_comment_node for node in Fragment(made.preview).top.traverse() if node.parent is None)


@BOUNDED
@given(markdown, rules)
def test_how_a_text_was_cut_says_which_side_is_empty(source: str, rule: FoldRule) -> None:
    made = cut(render(source).html, rule)
    assert (made.rest == "") == (made.how == "nothing-below")
    assert made.how != "not-found" or made.preview == ""


@BOUNDED
@given(markdown, rules)
def test_the_last_thing_above_the_fold_is_never_a_heading(source: str, rule: FoldRule) -> None:
    made = cut(render(source).html, rule)
    if made.how in ("marker", "paragraphs"):
        shown = [node for node in Fragment(made.preview).children() if text(node.html or "")]
        assert not any(node.tag in ("h2", "h3", "h4", "h5", "h6") for node in shown[-1:])


@BOUNDED
@given(markdown, rules)
def test_a_preview_holds_no_passage_of_the_rest_that_is_not_its_own(source: str, rule: FoldRule) -> None:
    made = cut(render(source).html, rule)
    preview = f"<main>{made.preview}</main>".encode()
    assert survivors(made.rest, preview, [made.preview]) == 0


@BOUNDED
@given(st.lists(words, min_size=1, max_size=6), markdown, markdown)
def test_the_preview_above_a_marker_is_the_same_whatever_stands_below(above: list[str], one: str, other: str) -> None:
    top = "\n\n".join(text.strip() or "x" for text in above) + "[^1]\n\n<!-- fold -->\n\n"
    first, second = (cut(render(top + below + "\n\nend").html) for below in (one, other))
    assume(first.how == second.how == "marker")  # an open `comment` tag takes all that is left of the text with it
    assert first.preview == second.preview


@BOUNDED
@given(st.lists(references, min_size=1, max_size=6), st.lists(definitions, max_size=6), definitions)
def test_no_definition_below_a_marker_changes_what_is_above_it(used: list[str], some: list[str], other: str) -> None:
    top = "\n\n".join(used) + "\n\n<!-- fold -->\n\nwords\n\n"
    previews = {cut(render(top + "\n\n".join(below)).html).preview for below in ([], some, [other, *some], [other])}
    assert len(previews) == 1


@BOUNDED
@given(markdown, markers, malformed, st.sampled_from(["\n\n", "\n", " ", ""]), rules)
def test_what_stands_below_a_marker_that_is_no_example_is_never_above_the_fold(
    source: str, marker: str, below: str, before: str, rule: FoldRule
) -> None:
    source = f"{source}{before}{marker}\n\n{below}\n\nZyxwvu tsrqpo"
    rendered = render(source)
    made = cut(rendered.html, rule, uncut=rendered.uncut)
    assert not written(source) or made.how in ("marker", "not-found") or "Zyxwvu" not in rendered.html
    assert not written(source) or "Zyxwvu" not in made.preview


@BOUNDED
@given(markdown, markers, st.sampled_from(["\n\n", "\n", " ", ""]), rules)
def test_a_marker_in_no_code_leaves_no_rule_to_look_for_the_fold(
    source: str, marker: str, before: str, rule: FoldRule
) -> None:
    source = source.replace("`", "").replace("~", "")
    rendered = render(f"{source}{before}{marker}\n\nZyxwvu tsrqpo")
    made = cut(rendered.html, rule, uncut=rendered.uncut)
    assert "Zyxwvu" not in made.preview
    assert made.how in ("marker", "not-found") or "Zyxwvu" not in rendered.html


@BOUNDED
@given(markdown)
def test_the_strictest_cut_loses_nothing_either(source: str) -> None:
    html = render(source).html
    made = after_first_block(html)
    assert text(made.preview) + text(made.rest) == text(without_marker(html))


@BOUNDED
@given(
    st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9), min_size=40, max_size=80),
    st.integers(0, 25),
)
def test_any_twelve_words_of_the_rest_are_found_wherever_they_stand(text: list[str], at: int) -> None:
    rest = f"<p>{' '.join(text)}</p>"
    page = f"<p>x</p><script>{' '.join(text[at : at + 12])}</script>".encode()
    assert survivors(rest, page) > 0
