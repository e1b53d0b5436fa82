from __future__ import annotations

import string

import pytest

from foldline.errors import ConfigurationError
from foldline.pages.words import FALLBACK, LANGUAGES, Words, catalogue, load_words

OTHERS = [language for language in LANGUAGES if language != FALLBACK]


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_exactly_the_keys_of_english(language: str) -> None:
    assert set(catalogue(language)) == set(catalogue(FALLBACK))


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_fills_in_the_same_names(language: str) -> None:
    english = catalogue(FALLBACK)
    wrong = {key for key, text in catalogue(language).items() if names(text) != names(english[key])}
    assert wrong == set()


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_was_left_in_english(language: str) -> None:
    english = catalogue(FALLBACK)
    same = {key for key, text in catalogue(language).items() if text == english[key] and len(text.split()) > 2}
    assert same == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_hold_no_html_and_no_empty_ones(language: str) -> None:
    for key, text in catalogue(language).items():
        assert text.strip(), key
        assert not set("<>") & set(text), key


def test_a_text_that_a_language_lacks_is_read_from_english() -> None:
    assert Words("fr", {**catalogue("en"), "site.home": "Accueil"})["error.back"] == catalogue("en")["error.back"]


def test_a_region_uses_the_words_of_its_language() -> None:
    assert load_words("fr-CA")["site.home"] == "Accueil"


def test_a_language_without_words_is_refused_with_the_next_step() -> None:
    with pytest.raises(ConfigurationError, match=r"no words for the language “tlh”.*Use one of: en, fr"):
        load_words("tlh")


def test_names_are_filled_in() -> None:
    line = load_words("en").format("meter.read", used=1, limit=3)
    assert line == "You have read 1 of 3 free articles this month."
