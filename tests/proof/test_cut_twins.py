"""The cut itself: whatever an editor writes below the fold, the public half of the page comes out the same."""

from __future__ import annotations

from functools import lru_cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foldline.fold.cut import FoldRule
from foldline.fold.prove import Known
from foldline.pages.layout import Layout
from foldline.pages.public import Publication
from foldline.pages.words import load_words
from foldline.sources.articles.compose import chrome, compose
from foldline.testing.builders import MARKER, PREVIEW, draft

from .room import LONG

LAYOUT = Layout(Publication("The Twin", "https://twin.example"), load_words("en"))
LONG_PREVIEW = "\n\n".join(
    f"Sentence {n} of a preview without a marker says nothing of what follows it. " * 6 for n in range(5)
)

#: Pieces that open what they do not close, close what they did not open, or mean something to a parser.
PIECES = (
    "plain words here.", "\n\n", "\n", "<div>", "</div>", "</article>", "<table>", "<tr><td>x", "</table>", "<p>",
    "</p>", "<b>", "</b>", "<i>", "<a href='x'>", "</a>", "<ul><li>", "</ul>", "- item\n", "1. one\n", "> quote\n",
    "    code\n", "```\n", "~~~\n", "`", "[a]: https://x.example\n", "[^n]", "[^n]: note\n", "[^bridge]: again\n",
    "[^bridge]", "[a][b]", "<!--", "-->", "<![CDATA[", "]]>", "<?php", "<script>", "</script>", "<style>",
    "<textarea>", "<svg>", "<math><mi>", "<template>", "<select><option>", "<noscript>", "<plaintext>", "<xmp>",
    "<frameset>", "</body>", "</html>", "<nobr>", "<button>", "<form>", "</form>", "# Heading\n", "<h2>t</h2>",
    "\x00", "\u202e", "&#0;", "&lt", "{{ x }}", "{% raw %}", "| a | b |\n|---|---|\n| 1 | 2 |\n", "\\", "***",
    "---\n", "===\n", "\t", "<details><summary>", "<ruby><rt>", "<col>", "<caption>", "<dd>", "<img src=x>",
    "![p](picture:x)", "<iframe src='https://x.example/'>", "<font>", "<foo-bar>", "<ol><li><p>", "<blockquote>",
    "<pre>", "</pre>", "\ud800", "\ufeff", "Every river keeps two diaries, and for most of",
    "its length nobody reads either of them.", "Continue reading", "By Ada Quill in Port Ellery",
)  # fmt: skip


@lru_cache(maxsize=2)
def expected(preview: str) -> tuple[object, ...]:
    return public_half(f"{preview}A rest that holds nothing remarkable, in a handful of words.")


def public_half(body: str) -> tuple[object, ...]:
    made = compose(draft(body=body), LAYOUT, FoldRule(), (said(),))
    return (
        made.page.before,
        made.page.between,
        tuple(made.page.walls.items()),
        made.page.after,
        made.public,
        made.alarms,
    )


@lru_cache(maxsize=1)
def said() -> Known:
    return chrome(LAYOUT)


@settings(
    max_examples=3_000 if LONG else 60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.booleans())
def test_no_markup_below_the_fold_reaches_above_it(rest: str, marked: bool) -> None:
    preview = f"{PREVIEW}\n{MARKER}\n\n" if marked else f"{LONG_PREVIEW}\n\n"
    assert public_half(f"{preview}Some words before it.\n\n{rest}") == expected(preview)


@settings(max_examples=500 if LONG else 30, deadline=None, derandomize=True, database=None)
@given(st.text(min_size=1, max_size=200), st.booleans())
def test_no_characters_below_the_fold_reach_above_it(rest: str, marked: bool) -> None:
    preview = f"{PREVIEW}\n{MARKER}\n\n" if marked else f"{LONG_PREVIEW}\n\n"
    assert public_half(f"{preview}Some words before it.\n\n{rest}") == expected(preview)
