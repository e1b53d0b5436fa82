"""JSON-LD as a reader that is not ours takes it from the page: it says where the real cut is."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from extruct.jsonld import JsonLdExtractor
from lxml import html as lxml_html

from foldline.fold.cut import FoldRule
from foldline.pages.layout import Layout
from foldline.pages.public import Publication, Term
from foldline.pages.words import load_words
from foldline.sources.articles.compose import chrome, compose
from foldline.sources.articles.draft import Draft

PAPER = Publication("The Valley Post", "https://valley-post.example", sections=(Term("Science", "/section/science"),))
LAYOUT = Layout(PAPER, load_words("en"))
SAID = chrome(LAYOUT)
WORDS = [
    "levee",
    "</script>",
    "&",
    "“bridge”",
    "‘flood’",
    "<em>mill</em>",
    "4,1",
    "m",
    "–",
    "naïve",
    "Ærø",
    "東京",
    "river’s",
]
LEVELS = ("free", "registered", "metered", "subscribers", "by-rule", "vip")


def article(number: int) -> tuple[Draft, FoldRule]:
    """One of a hundred: of every level, with and without a mark, and some that are too short to be cut."""
    chance = random.Random(number)
    paragraphs = [
        f"Paragraph {number}-{place} tells {' '.join(chance.choices(WORDS, k=chance.randint(20, 60)))}."
        for place in range(chance.randint(1, 14))
    ]
    if chance.random() < 0.5:
        paragraphs.insert(chance.randint(0, len(paragraphs)), "<!-- fold -->")
    draft = Draft(
        id=number,
        path=f"/article-{number}",
        headline=f"Article {number}: {' '.join(chance.choices(WORDS, k=4))}",
        standfirst=chance.choice(("", f"What {chance.choice(WORDS)} knows.")),
        byline=chance.choice(("", "By Ada Quill & M. Orr")),
        published_at=datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=number),
        access=LEVELS[number % len(LEVELS)],
        body="\n\n".join(paragraphs),
    )
    return draft, FoldRule(chance.randint(1, 5), chance.choice((0, 300, 900)))


def test_the_structured_data_of_a_hundred_articles_says_where_the_real_cut_is() -> None:
    gated = 0
    for number in range(100):
        draft, rule = article(number)
        made = compose(draft, LAYOUT, rule, (SAID,))
        page = made.page.before + made.page.between + made.page.walls["ask" if made.rest else "free"] + made.page.after
        (said,) = JsonLdExtractor().extract(page)
        tree = lxml_html.document_fromstring(page)
        assert (said["@type"], said["headline"]) == ("NewsArticle", draft.headline)
        assert tree.xpath("string(//h1)") == draft.headline
        assert said["mainEntityOfPage"] == f"https://valley-post.example/article-{number}"
        assert said["isAccessibleForFree"] is (not made.rest), draft.access
        if made.rest:
            gated += 1
            part = said["hasPart"]
            assert (part["@type"], part["isAccessibleForFree"]) == ("WebPageElement", False)
            (below,) = tree.find_class(part["cssSelector"].removeprefix("."))
            assert below.text_content().strip() == ""
            whole = made.page.before + made.rest + made.page.between + made.page.walls["open"] + made.page.after
            (below,) = lxml_html.document_fromstring(whole).find_class(part["cssSelector"].removeprefix("."))
            sealed = [f"Paragraph {number}-{place} " for place in range(14)]
            sealed = [words for words in sealed if words in below.text_content()]
            assert sealed
            assert [words for words in sealed if words in page] == []
        else:
            assert "hasPart" not in said
    assert 30 < gated < 90
