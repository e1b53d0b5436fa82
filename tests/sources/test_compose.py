"""An article becomes a page and a rest; whatever goes wrong shows less, never more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.sources.newspaper import BODY, LEAKS, MARKED, HonestLayout, LeakyLayout, draft, paragraph

from foldline.fold.cut import FoldRule
from foldline.pages.layout import Layout
from foldline.pages.public import Publication
from foldline.pages.words import load_words
from foldline.policy.facts import Access
from foldline.sources.articles.compose import Withheld, chrome, compose

RULE = FoldRule()
HONEST = HonestLayout()


def everything(page: object) -> str:
    return repr(page)


def test_the_rule_cuts_a_metered_article_and_seals_the_rest() -> None:
    made = compose(draft(), HONEST, RULE)
    assert (made.how, made.alarms, made.public.gated, made.public.access) == ("paragraphs", (), True, Access.METERED)
    assert made.public.preview_html.endswith(f"<p>{paragraph(7)}</p>")
    assert made.rest.startswith(f"\n<p>{paragraph(8)}")


def test_no_word_from_below_the_fold_is_in_the_page() -> None:
    made = compose(draft(MARKED), HONEST, RULE)
    assert made.how == "marker"
    assert paragraph(3)[:40] not in everything(made.page)
    assert made.rest.count("<p>") == 2


def test_the_page_is_the_same_whatever_stands_below_the_fold() -> None:
    twin = MARKED.split("<!-- fold -->")[0] + "<!-- fold -->\n\n# Something else\n\n![x](y.png)\n\n" + paragraph(9) * 4
    assert compose(draft(MARKED), HONEST, RULE).page == compose(draft(twin), HONEST, RULE).page


@pytest.mark.parametrize("access", ["free", " Free "])
def test_a_free_article_is_all_preview(access: str) -> None:
    made = compose(draft(MARKED, access), HONEST, RULE)
    assert (made.how, made.rest, made.public.gated, made.public.access) == ("free", "", False, Access.FREE)
    assert paragraph(4) in made.public.preview_html
    assert "<!--" not in made.public.preview_html


@pytest.mark.parametrize("access", ["registered", "metered", "subscribers"])
def test_with_nothing_below_the_fold_the_article_is_published_as_free(access: str) -> None:
    made = compose(draft(f"{paragraph(1)}\n\n<!-- fold -->\n", access), HONEST, RULE)
    assert (made.how, made.rest, made.public.gated, made.public.access) == ("nothing-below", "", False, Access.FREE)


@pytest.mark.parametrize("access", ["", "gold", "free!", "None", "FREE\u200b"])
def test_an_unknown_access_level_shows_headline_and_standfirst_and_raises_an_alarm(access: str) -> None:
    made = compose(draft("Short.", access), HONEST, RULE)
    assert (made.how, made.public.preview_html, made.public.access, made.public.gated) == (
        "unknown-access",
        "",
        None,
        True,
    )
    assert made.rest == "<p>Short.</p>\n"
    assert [alarm.id for alarm in made.alarms] == ["FL411"]


def test_no_findable_fold_shows_headline_and_standfirst_and_raises_an_alarm() -> None:
    made = compose(draft("<div>\n\n" + BODY + "\n\n</div>"), HONEST, RULE)
    assert (made.how, made.public.preview_html) == ("not-found", "")
    assert paragraph(1) in made.rest
    assert [(alarm.id, alarm.where) for alarm in made.alarms] == [("FL410", "/the-harbour-book")]


@pytest.mark.parametrize("access", ["registered", "metered", "subscribers"])
@pytest.mark.parametrize(
    "body",
    [
        "Open. <!-- fold --> Sealedword.",
        "Open.\n\n\\<!-- fold -->\n\nSealedword.",
        "Open.\n\n```\nx\n\n<!--more-->\n\nSealedword.",
        "Open.\n\n<pre>\nx\n\n<!--more-->\n\nSealedword.",
        f"{BODY}\n\n<!\u2014 fold \u2014>\n\nSealedword.",
    ],
)
def test_a_marker_that_cannot_be_used_shows_headline_and_standfirst_and_says_how_to_write_it(
    body: str, access: str
) -> None:
    made = compose(draft(body, access), HONEST, RULE)
    assert (made.how, made.public.preview_html, made.public.gated) == ("not-found", "", True)
    assert ("Sealedword" in made.rest, "Sealedword" in everything(made.page)) == (True, False)
    (alarm,) = made.alarms
    assert (alarm.id, "could not be used" in alarm.what, "line of its own" in alarm.hint) == ("FL410", True, True)


def test_code_with_empty_lines_below_a_marker_does_not_publish_it() -> None:
    made = compose(draft("Open.\n\n<!-- fold -->\n\nSealedword\n\n<pre>\n\n\n\n\n\n\n\ncode</pre>"), HONEST, RULE)
    assert (made.how, made.alarms, "Sealedword" in everything(made.page)) == ("marker", (), False)


def test_of_a_free_article_with_a_marker_that_cannot_be_used_nothing_is_sealed() -> None:
    made = compose(draft("Open. <!-- fold --> Words.", "free"), HONEST, RULE)
    assert (made.how, made.rest, made.alarms) == ("free", "", ())


def test_a_definition_below_the_fold_is_in_no_byte_of_the_page() -> None:
    above = "See [this] and [^1].\n\n<!-- fold -->\n\nBelow.\n\n"
    one, other = (compose(draft(above + below), HONEST, RULE) for below in ("[this]: /secret 'Secret'\n\n[^1]: N", ""))
    assert one.page == other.page
    assert one.public == other.public


@pytest.mark.parametrize("leak", LEAKS)
def test_a_layout_that_shows_a_passage_from_below_the_fold_is_caught_and_nothing_is_published(leak: str) -> None:
    leaky = LeakyLayout(LEAKS[leak], paragraph(9)[20:140])
    with pytest.raises(Withheld) as caught:
        compose(draft(), leaky, RULE)
    assert [alarm.id for alarm in caught.value.alarms] == ["FL412", "FL412", "FL412", "FL414"]


def test_a_leak_that_goes_with_a_stricter_cut_leaves_the_first_block_and_an_alarm() -> None:
    leaky = LeakyLayout(LEAKS["description"], paragraph(9)[20:140], only_with_preview=paragraph(3))
    made = compose(draft(), leaky, RULE)
    assert (made.how, [alarm.id for alarm in made.alarms]) == ("first-block", ["FL412"])
    assert made.public.preview_html == f"<p>{paragraph(1)}</p>"
    assert paragraph(2) in made.rest


def test_a_leak_that_goes_only_without_the_body_leaves_headline_and_standfirst_and_two_alarms() -> None:
    leaky = LeakyLayout(LEAKS["hidden copy"], paragraph(9)[20:140], only_with_preview=paragraph(1))
    made = compose(draft(), leaky, RULE)
    assert (made.how, made.public.preview_html) == ("headline", "")
    assert [alarm.id for alarm in made.alarms] == ["FL412", "FL412"]
    assert made.rest.count("<p>") == 12


def test_a_stricter_cut_never_shows_more_than_the_marker_allowed() -> None:
    body = f"<!-- fold -->\n\n{BODY}"
    with pytest.raises(Withheld):
        compose(draft(body), LeakyLayout(LEAKS["comment"], paragraph(9)[20:140]), RULE)
    leaky = LeakyLayout(LEAKS["comment"], paragraph(9)[20:140], only_with_preview="<figure>")
    with_picture = replace(draft(f"<figure><figcaption>x</figcaption></figure>\n\n{body}"))
    made = compose(with_picture, leaky, RULE)
    assert (made.how, made.public.preview_html) == ("headline", "")


def test_what_an_editor_wrote_as_public_may_also_stand_below_the_fold() -> None:
    told = replace(draft(), standfirst=paragraph(9), social_text=paragraph(10))
    assert compose(told, HONEST, RULE).alarms == ()


def test_a_text_repeated_above_and_below_the_fold_is_no_leak() -> None:
    assert compose(draft(f"{BODY}\n\n{paragraph(1)}"), HONEST, RULE).alarms == ()


def test_nothing_is_derived_from_the_body() -> None:
    public = compose(replace(draft(), standfirst="", social_text="", reading_time=""), HONEST, RULE).public
    assert (public.standfirst, public.social_text, public.reading_time) == ("", "", "")


def test_the_publications_own_layout_is_proved_clean() -> None:
    layout = Layout(Publication("The Fold", "https://fold.example", "News above it and below it"), load_words("en"))
    said = chrome(layout)
    for body in (BODY, MARKED, "<!-- fold -->\n\n" + BODY):
        made = compose(draft(body, "subscribers"), layout, RULE, (said,))
        assert (made.alarms, bool(made.rest)) == ((), True)
        assert paragraph(9)[:60] not in everything(made.page)


def test_an_article_may_quote_what_the_layout_says_on_every_page() -> None:
    layout = Layout(Publication("The Fold", "https://fold.example"), load_words("en"))
    head = layout.article(compose(draft(), HONEST, RULE).public).before
    quotation = head[head.index('<meta name="viewport"') :].split(">")[0] + ">"
    body = f"{BODY}\n\n```html\n{quotation}\n```\n"
    assert compose(draft(body), layout, RULE, (chrome(layout),)).alarms == ()
