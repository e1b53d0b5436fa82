from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.pages.press import ARTICLE, HEADLINE, PUBLICATION, STANDFIRST

from foldline.pages.public import Term
from foldline.pages.structured import news_article


def said(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(news_article(replace(ARTICLE, **changes), PUBLICATION))
    return found


def test_a_gated_article_says_which_part_is_behind_the_fold() -> None:
    found = said()
    assert found["isAccessibleForFree"] is False
    assert found["hasPart"] == {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".rest"}


def test_an_article_without_a_rest_is_free_and_has_no_part() -> None:
    found = said(gated=False)
    assert found["isAccessibleForFree"] is True
    assert "hasPart" not in found


def test_public_facts_are_said_once_and_as_they_are() -> None:
    found = said()
    assert found["@type"] == "NewsArticle"
    assert found["headline"] == HEADLINE
    assert found["description"] == STANDFIRST
    assert found["datePublished"] == "2025-02-12T08:44:00-05:00"
    assert found["dateModified"] == "2025-02-12T20:05:00-05:00"
    assert found["mainEntityOfPage"] == "https://valley.example/river"
    assert found["author"][0]["name"] == "Okonkwo Adaeze"
    assert found["image"][0]["creditText"] == "Ines Amara for The Valley Post"
    assert found["image"][0]["caption"].startswith("Marta Okafor")


def test_nothing_is_said_that_depends_on_the_rest() -> None:
    assert not {"articleBody", "wordCount", "timeRequired", "text"} & set(said())


def test_nobody_writes_a_description_but_an_editor() -> None:
    assert "description" not in said(standfirst="")
    assert said(standfirst="", social_text="For friends.")["description"] == "For friends."


def test_a_byline_without_linked_authors_is_one_name() -> None:
    assert said(authors=(), byline="Kim Min-jun and others")["author"] == [
        {"@type": "Person", "name": "Kim Min-jun and others"}
    ]
    assert "author" not in said(authors=(), byline="")


def test_no_headline_can_close_the_script_element() -> None:
    headline = "</script><b>\u2028 & \u2029"
    text = news_article(replace(ARTICLE, headline=headline, section=Term("<!--", "/")), PUBLICATION)
    assert not {"<", ">", "&", "\u2028", "\u2029"} & set(text)
    assert json.loads(text)["headline"] == headline
