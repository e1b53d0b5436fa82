from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date

import pytest
from selectolax.lexbor import LexborHTMLParser
from tests.pages.press import PUBLICATION

from foldline.pages.public import Offer
from foldline.pages.wall import MeterLine, WallFacts, answer, refused_walls, tell, wall, wall_key
from foldline.pages.words import LANGUAGES, load_words
from foldline.policy.reasons import WALL_REASONS, Reason

ARTICLE = WallFacts(7, "/river")
EN = load_words("en")
SPENT = MeterLine(3, 3, date(2026, 12, 1))


def tree(html: str) -> LexborHTMLParser:
    return LexborHTMLParser(html)


def text(html: str) -> str:
    return " ".join(tree(html).text(separator=" ").split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("reason", WALL_REASONS)
def test_every_reason_has_a_sentence_and_one_or_two_actions(reason: Reason, signed_in: bool, language: str) -> None:
    told = tell(reason, PUBLICATION, load_words(language), signed_in=signed_in)
    assert told.title
    assert told.sentence
    assert 1 <= len(told.actions) <= 2
    assert all(action.text for action in told.actions)


def test_no_two_reasons_have_the_same_title() -> None:
    assert len({tell(reason, PUBLICATION, EN).title for reason in WALL_REASONS}) == len(WALL_REASONS)


@pytest.mark.parametrize("reason", [reason for reason in WALL_REASONS if reason is not Reason.NOT_SIGNED_IN])
def test_nobody_who_is_signed_in_is_told_to_sign_in(reason: Reason) -> None:
    html = wall("refused", ARTICLE, PUBLICATION, EN, reason=reason, signed_in=True)
    assert "sign in" not in text(html).lower()
    assert "/-/sign-in" not in html


def test_a_lapsed_subscriber_is_told_since_when_and_offered_to_renew() -> None:
    told = tell(Reason.SUBSCRIPTION_ENDED, PUBLICATION, EN, signed_in=True, ended_on=date(2026, 11, 1))
    assert "1 November 2026" in told.sentence
    assert [action.kind for action in told.actions] == ["renew"]


def test_a_spent_meter_says_when_the_next_ones_come_and_offers_to_subscribe() -> None:
    told = tell(Reason.METER_IS_SPENT, PUBLICATION, EN, meter=SPENT)
    assert told.sentence.startswith("The next ones come on 1 December.")
    assert [action.kind for action in told.actions] == ["subscribe", "sign-in"]


def test_a_window_of_days_is_called_by_its_days_and_never_a_month() -> None:
    days = MeterLine(2, 2, date(2026, 12, 16), days=30, registered=5)
    for language, span in (("en", "30 days"), ("fr", "30 jours")):
        words = load_words(language)
        told = tell(Reason.METER_IS_SPENT, PUBLICATION, words, meter=days)
        line = answer("open", ARTICLE, PUBLICATION, words, reason=Reason.METER_HAS_ROOM, meter=replace(days, used=1))
        asked = tell(Reason.NOT_SIGNED_IN, PUBLICATION, words, meter=days)
        assert span in told.sentence
        assert span in text(line)
        assert span in asked.sentence
        assert not any("month" in said or "mois" in said for said in (told.title, told.sentence, line, asked.sentence))


@pytest.mark.parametrize("language", LANGUAGES)
def test_whom_an_account_would_give_more_is_told_how_many_and_offered_one_first(language: str) -> None:
    line = replace(SPENT, registered=7)
    told = tell(Reason.METER_IS_SPENT, PUBLICATION, load_words(language), meter=line)
    assert "7" in told.sentence
    assert [action.kind for action in told.actions] == ["sign-in", "subscribe"]
    html = wall("refused", ARTICLE, PUBLICATION, EN, reason=Reason.METER_IS_SPENT, meter=line)
    assert html.index("/-/sign-in") < html.index("wall-offer") < html.index("/-/subscribe")
    joined = tell(Reason.NOT_SIGNED_IN, PUBLICATION, load_words(language), meter=line)
    assert "7" in joined.sentence
    assert [action.kind for action in joined.actions] == ["sign-in"]


def test_links_bring_the_reader_back_to_the_article() -> None:
    html = wall("refused", WallFacts(7, "/é&b"), PUBLICATION, EN, reason=Reason.SUBSCRIPTION_NEEDED)
    links = [node.attributes["href"] for node in tree(html).css("a")]
    assert links == ["/-/subscribe?next=/%C3%A9%26b", "/-/sign-in?next=/%C3%A9%26b"]


def test_the_offer_is_the_configured_one_or_none() -> None:
    with_offer = wall("refused", ARTICLE, PUBLICATION, EN, reason=Reason.SUBSCRIPTION_NEEDED)
    assert "Everything in The Valley Post, $6 a month" in text(with_offer)
    bare = wall("refused", ARTICLE, replace(PUBLICATION, offer=Offer()), EN, reason=Reason.SUBSCRIPTION_NEEDED)
    assert "wall-offer" not in bare
    shop = replace(PUBLICATION, offer=Offer("P", "", "/shop"))
    assert 'href="/shop?next=/river"' in wall("refused", ARTICLE, shop, EN, reason=Reason.SUBSCRIPTION_NEEDED)


def test_trying_again_is_a_plain_form_that_works_without_a_script() -> None:
    form = tree(wall("refused", ARTICLE, PUBLICATION, EN, reason=Reason.STORE_UNREACHABLE)).css_first("form")
    assert form is not None
    assert (form.attributes["method"], form.attributes["action"]) == ("post", "/-/read")
    field = form.css_first("input")
    assert field is not None
    assert (field.attributes["name"], field.attributes["value"]) == ("article", "7")


def test_before_the_answer_a_button_asks_and_no_state_is_told() -> None:
    html = wall("ask", ARTICLE, PUBLICATION, EN)
    assert tree(html).css_first("form.wall-ask button") is not None
    assert "data-state" not in html
    assert "Already a subscriber? Sign in" in text(html)


@pytest.mark.parametrize("reason", WALL_REASONS)
def test_a_refused_page_holds_exactly_one_state(reason: Reason) -> None:
    for known in (False, True):
        found = tree(wall("refused", ARTICLE, PUBLICATION, EN, reason=reason, signed_in=known)).css("[data-state]")
        assert [node.attributes["data-state"] for node in found] == ["refused"]


@pytest.mark.parametrize("kind", ["ask", "refused", "open", "free"])
def test_a_wall_is_one_aside_that_search_engines_do_not_quote(kind: str) -> None:
    html = wall(kind, ARTICLE, PUBLICATION, EN, reason=Reason.NOT_SIGNED_IN)  # type: ignore[arg-type]
    assert html.startswith("<aside ")
    assert html.endswith("</aside>\n")
    assert html.count("<aside") == 1
    assert "data-nosnippet" in html
    assert not any(trick in html for trick in ("<template", "<noscript", "<style", " style=", "<!--", "onclick"))


def test_an_open_page_shows_no_word_of_ours() -> None:
    assert text(wall("open", ARTICLE, PUBLICATION, EN)) == ""
    assert text(wall("free", ARTICLE, PUBLICATION, EN)) == ""


def test_a_refused_presentation_without_a_reason_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="has a reason"):
        wall("refused", ARTICLE, PUBLICATION, EN)


def test_every_key_of_a_wall_is_among_the_walls() -> None:
    walls = refused_walls(ARTICLE, PUBLICATION, EN)
    assert set(walls) == {wall_key(reason, signed_in=known) for reason in WALL_REASONS for known in (False, True)}
    for reason in WALL_REASONS:
        for known in (False, True):
            said = wall("refused", ARTICLE, PUBLICATION, EN, reason=reason, signed_in=known)
            assert walls[wall_key(reason, signed_in=known)] == said


def test_the_answer_after_opening_is_a_note_with_the_meter() -> None:
    meter = MeterLine(1, 3, date(2026, 12, 1))
    html = answer("open", ARTICLE, PUBLICATION, EN, reason=Reason.METER_HAS_ROOM, meter=meter)
    assert 'data-outcome="open" data-reason="meter-has-room"' in html
    assert text(html) == "The full article has loaded. You have read 1 of 3 free articles this month."
    last = answer("open", ARTICLE, PUBLICATION, EN, reason=Reason.METER_HAS_ROOM, meter=SPENT)
    assert text(last).endswith("The next ones come on 1 December.")


def test_the_answer_to_a_refusal_is_the_wall_and_no_state_of_its_own() -> None:
    html = answer("refused", ARTICLE, PUBLICATION, EN, reason=Reason.METER_IS_SPENT, meter=SPENT)
    assert tree(html).css_first(".answer .wall h2") is not None
    assert "data-state" not in html
    gone = answer("unreachable", ARTICLE, PUBLICATION, EN, reason=Reason.STORE_UNREACHABLE)
    assert "Your subscription is not affected." in text(gone)


def test_a_name_with_markup_in_it_stays_text() -> None:
    sly = replace(PUBLICATION, name="<b>", offer=Offer("<i>", "<u>", '/"><x'))
    html = wall("refused", WallFacts(7, '/"><script>'), sly, EN, reason=Reason.SUBSCRIPTION_NEEDED)
    assert tree(html).css("b, i, u, x, script") == []


def test_gate_workers_load_the_wall_without_a_template_engine() -> None:
    code = "import sys, foldline.pages.wall, foldline.pages.assets; assert 'jinja2' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
