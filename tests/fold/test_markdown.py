"""What Markdown becomes, and what of it is never let through."""

from __future__ import annotations

import re

import pytest

from foldline.fold.dress import Image
from foldline.fold.markdown import Rendered, render

SHOWN = {"picture:map": Image("/-/media/map.png", 800, 600)}


def kinds(rendered: Rendered) -> list[str]:
    return [finding.kind for finding in rendered.findings]


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        '<a href="jAvAsCrIpT:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></math>",
        '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
        '<form action="/steal"><input name=password><button>Go</button></form>',
        '<div style="position:fixed" onclick="alert(1)">x</div>',
        "<style>body{display:none}</style>",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        "<base href=//evil.example><meta http-equiv=refresh content=0>",
        '<template><img src=x onerror="alert(1)"></template>',
        '<a href="/x" target=_blank ping=/y>x</a>',
    ],
)
def test_nothing_that_runs_or_restyles_the_page_is_let_through(attack: str) -> None:
    html = render(f"Before\n\n{attack}\n\nAfter").html
    assert not re.search(r"<(script|style|svg|math|iframe|form|input|button|template|base|meta|noscript)", html, re.I)
    assert not re.search(r"<[^>]*\s(on\w+|style|target|ping|srcdoc)\s*=", html, re.I)
    assert not re.search(r"(href|src)=\"(javascript|data):", html, re.I)
    assert "After" in html


def test_a_refused_address_leaves_its_words() -> None:
    assert render("See [the paper](javascript:alert(1)) today").html == "<p>See the paper today</p>\n"


def test_links_are_given_noopener_and_keep_their_title() -> None:
    assert render('[x](/y "Z")').html == '<p><a href="/y" title="Z" rel="noopener">x</a></p>\n'


def test_a_first_level_heading_becomes_one_of_the_second_level() -> None:
    assert render("# Up\n\n<h1>Raw</h1>").html == '<h2 id="up">Up</h2>\n<h2 id="raw">Raw</h2>'


def test_sections_and_asides_stay_blocks_of_their_own() -> None:
    assert render("<aside class=x>note</aside>\n\n<section><p>text</p></section>").html.split() == [
        "<div>note</div>",
        "<div><p>text</p></div>",
    ]


def test_classes_go_except_the_language_of_code() -> None:
    html = render('<p class="lead">a</p>\n\n```python\nx = 1\n```\n\n<code class="scroll language-js">b</code>').html
    assert re.findall(r'class="([^"]*)"', html) == ["scroll", "language-python", "language-js"]


def test_wide_tables_and_code_stand_in_a_box_that_the_keyboard_reaches_and_that_has_a_name_of_its_own() -> None:
    html = render(
        "| a |\n|---|\n| 1 |\n\n```\nx\n```\n\n<table><caption>Tides</caption><tr><td>1</td></tr></table>"
    ).html
    boxes = re.findall(r'<div class="scroll" tabindex="0" role="region" aria-label="([^"]*)"><(\w+)', html)
    assert boxes == [("Table 1", "table"), ("Code 1", "pre"), ("Tides", "table")]


def test_table_headers_say_what_they_head() -> None:
    html = render("<table><tr><th>a</th><th>b</th></tr><tr><th>c</th><td>d</td></tr></table>").html
    assert re.findall(r'<th scope="(\w+)">(\w)', html) == [("col", "a"), ("col", "b"), ("row", "c")]


def test_ids_stand_only_on_headings_and_footnotes_and_never_twice_nor_where_the_page_has_its_own() -> None:
    html = render('## Twice\n\n## Twice\n\n<h2 id="continue">Go</h2>\n\n<p id="gate">x</p>\n\na[^1]\n\n[^1]: n').html
    assert re.findall(r'<(\w+)[^>]* id="([^"]*)"', html) == [
        ("h2", "twice"),
        ("h2", "h-twice"),
        ("h2", "h-continue"),
        ("sup", "fnref1"),
        ("li", "fn1"),
    ]


def test_footnotes_lead_there_and_back() -> None:
    html = render("One[^a] and again[^a].\n\n[^a]: The note.").html
    assert 'id="fnref1"><a href="#fn1"' in html
    assert 'id="fnref1-2"><a href="#fn1"' in html
    assert 'href="#fnref1" class="footnote-backref"' in html
    assert html.rstrip().endswith("</ol></div>")


def test_an_author_cannot_write_a_footnote_section_a_reference_or_a_missing_picture_of_their_own() -> None:
    html = render('<section class="footnotes">x</section>\n\n<sup class="footnote-ref" id="fn1">1</sup>').html
    assert "class" not in html
    assert "id=" not in html


def test_a_picture_alone_in_a_paragraph_becomes_a_figure_with_its_title_as_caption() -> None:
    html = render('![A map](picture:map "Where it was")', SHOWN).html
    assert html.strip() == (
        '<figure><img src="/-/media/map.png" alt="A map" width="800" height="600" loading="lazy" decoding="async">'
        "<figcaption>Where it was</figcaption></figure>"
    )


def test_a_picture_that_is_not_there_leaves_its_description_and_a_warning() -> None:
    rendered = render("![A map](/assets/map.png)\n\nSee ![a key](key.png) here.", SHOWN)
    assert rendered.html.splitlines() == [
        '<p class="missing-picture">[Picture: A map]</p>',
        '<p>See <span class="missing-picture">[Picture: a key]</span> here.</p>',
    ]
    assert kinds(rendered) == ["picture-missing", "picture-missing"]


def test_a_missing_picture_within_a_figure_leaves_the_caption_beside_its_description() -> None:
    html = render('<figure><img src="x.png" alt="A map"><figcaption>Here</figcaption></figure>').html
    assert html == ('<figure><p class="missing-picture">[Picture: A map]</p><figcaption>Here</figcaption></figure>')


def test_a_missing_picture_that_says_nothing_leaves_nothing() -> None:
    assert render("a\n\n![](x.png)\n\nb").html.split() == ["<p>a</p>", "<p>b</p>"]


def test_a_picture_on_another_site_becomes_a_link_and_within_a_link_only_words() -> None:
    rendered = render("![A map](https://e.example/m.png)\n\n[![A key](https://e.example/k.png)](/y)")
    assert '<p class="missing-picture"><a href="https://e.example/m.png" rel="noopener">Picture: A map</a></p>' in (
        rendered.html
    )
    assert '<a href="/y" rel="noopener"><span class="missing-picture">[Picture: A key]</span></a>' in rendered.html
    assert kinds(rendered) == ["picture-elsewhere", "picture-elsewhere"]


def test_embedded_media_become_links_to_where_they_can_be_watched() -> None:
    rendered = render('<iframe src="https://www.youtube-nocookie.com/embed/abc" title="A talk"></iframe>')
    assert '<a href="https://www.youtube.com/watch?v=abc" rel="noopener">Embedded: A talk</a>' in rendered.html
    assert kinds(rendered) == ["embed"]


def test_words_in_angle_brackets_that_are_no_element_are_shown() -> None:
    assert render("git checkout <branch-name> now").html == "<p>git checkout &lt;branch-name&gt; now</p>\n"


def test_indented_lines_are_paragraphs_and_not_code() -> None:
    assert render("a\n\n    b").html == "<p>a</p>\n<p>b</p>\n"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("[a]({{ '/b' | url }})", '<p><a href="/b" rel="noopener">a</a></p>\n'),
        ("[a]({{site.baseurl}}/b)", '<p><a href="/b" rel="noopener">a</a></p>\n'),
        ('{% image "a.png" "A map" %}', '<p class="missing-picture">[Picture: A map]</p>\n'),
        ('{% image_with_class "a.png" "wide" "A map" %}', '<p class="missing-picture">[Picture: A map]</p>\n'),
        ('{% image "a.png" ""A map"" %}', '<p class="missing-picture">[Picture: A map]</p>\n'),
        ('{% include "f.html", image: "a.png", alt: "A map" %}', '<p class="missing-picture">[Picture: A map]</p>\n'),
        ("a{% comment %}hidden{% endcomment %}b", "<p>ab</p>\n"),
        ("{% raw %}{{ kept }}{% endraw %}", "<p>{{ kept }}</p>\n"),
        ("a {% unknown x %}b {{ unknown }}c", "<p>a b c</p>\n"),
        ("a {: .x}\n{: .lead #id}", "<p>a {: .x}</p>\n"),
        ("[a](/b){: .button target='_blank'}", '<p><a href="/b" rel="noopener">a</a></p>\n'),
    ],
)
def test_template_tags_and_attribute_lists_are_resolved_or_removed_and_named(source: str, text: str) -> None:
    rendered = render(source)
    assert rendered.html == text
    assert rendered.warnings


@pytest.mark.parametrize("code", ["`{{ x }} {% raw %}`", "```\n{{ x }} {% image y %}\n```", "<pre>{{ x }}\n</pre>"])
def test_template_tags_in_code_stay_as_they_are(code: str) -> None:
    rendered = render(code)
    assert "{{ x }}" in rendered.html
    assert rendered.findings == ()


def test_control_characters_and_lone_surrogates_do_not_reach_the_page() -> None:
    assert render("a\x00b\x1fc\ud800d").html == "<p>a\ufffdb\ufffdc\ufffdd</p>\n"


def test_a_thousand_levels_of_nesting_end() -> None:
    assert "x" in render("<div>" * 3000 + "x").html
    assert "x" in render("> " * 80 + "x").html
    assert render("> " * 5000 + "x").html


@pytest.mark.parametrize("begin", ["comment", "if member", "unless member", "case member"])
@pytest.mark.parametrize(
    "hidden",
    [
        "hidden",
        "\n\n<p>hidden</p>\n\n",
        "\n\n```\nhidden\n```\n\n",
        "`hidden` hidden",
        "\n\n<pre>hidden</pre>\n\nhidden\n\n",
        "{% raw %}{% endif %}{% endcomment %}{% endraw %}",
    ],
)
def test_what_a_template_hides_stays_hidden_in_whatever_markup_it_stands(begin: str, hidden: str) -> None:
    end = f"{{% end{begin.split()[0]} %}}"
    if begin == "comment":
        hidden = hidden.replace("{% endcomment %}", "")
    rendered = render(f"Open.\n\n{{% {begin} %}}{hidden}{end}\n\nMore.")
    assert rendered.html.split() == ["<p>Open.</p>", "<p>More.</p>"]
    assert [(finding.kind, finding.line) for finding in rendered.findings] == [("template-tag-removed", 3)]


def test_no_branch_of_a_condition_is_shown_also_not_of_one_in_another() -> None:
    source = "a {% if member %}x{% if late %}x{% endif %}x{% elsif y %}x{% else %}x{%- endif -%} b {% if z %} x\n\nx"
    assert render(source).html == "<p>a  b</p>\n"
