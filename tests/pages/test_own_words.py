"""A publication says it otherwise: what is right is taken, what is wrong is named and ours stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from foldline.config import load
from foldline.errors import ConfigurationError
from foldline.pages.own_words import LONGEST, own_words
from foldline.pages.public import Publication
from foldline.pages.wall import tell
from foldline.pages.words import LANGUAGES, load_words
from foldline.policy.reasons import WALL_REASONS, Reason

EN = load_words("en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", WALL_REASONS)
def test_every_reason_can_be_told_in_a_publications_own_words(language: str, reason: Reason) -> None:
    text = f'[wall.{reason.value}]\ntitle = "Ours <b>"\nsentence = "A sentence of our own."\n'
    words, problems = own_words(text, "words.toml", load_words(language))
    assert problems == ()
    told = tell(reason, Publication("The Post", "https://post.example"), words)
    assert (told.title, told.sentence) == ("Ours <b>", "A sentence of our own.")


def test_what_is_left_out_stays_ours() -> None:
    words, _ = own_words('[wall.meter-is-spent]\ntitle = "Enough"\n', "words.toml", EN)
    assert words["wall.meter-is-spent.title"] == "Enough"
    assert {key for key in EN if EN[key] != words[key]} == {"wall.meter-is-spent.title"}


FIVE = f"""[wall.meter-is-spend]
title = "A"

[wall.meter-is-spent]
titel = "B"
title = ""
sentence = "{"x" * (LONGEST + 1)}"
resets = "On {{day}}, {{date.year}} and {{date}}"

[meter]
read = "You have read {{used}} of {{limit}} of {{all}}"
"""


def test_every_mistake_is_named_at_once_with_its_line_and_ours_stands() -> None:
    words, problems = own_words(FIVE, "words.toml", EN)
    assert [(problem.id, problem.where) for problem in problems] == [
        ("FL062", "words.toml:2"),
        ("FL062", "words.toml:5"),
        ("FL063", "words.toml:6"),
        ("FL063", "words.toml:7"),
        ("FL064", "words.toml:8"),
        ("FL064", "words.toml:11"),
    ]
    assert "'wall.meter-is-spent.title'" in problems[0].hint
    assert dict(words) == dict(EN)


def test_what_is_no_toml_is_one_finding() -> None:
    words, problems = own_words("[wall\n", "words.toml", EN)
    assert [problem.id for problem in problems] == ["FL061"]
    assert words is EN


def test_settings_with_a_mistaken_text_do_not_load(tmp_path: Path) -> None:
    (tmp_path / "foldline.toml").write_text('[publication]\nname = "Post"\nurl = "https://post.example"\n')
    (tmp_path / "words.toml").write_text('[site]\nhome = "{nothing}"\n')
    with pytest.raises(ConfigurationError, match="FL064"):
        load(tmp_path, {"FOLDLINE_SECRET": "x" * 40})
    (tmp_path / "words.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="FL060"):
        load(tmp_path, {"FOLDLINE_SECRET": "x" * 40})
    (tmp_path / "words.toml").write_text('[site]\nhome = "Start"\n')
    assert load(tmp_path, {"FOLDLINE_SECRET": "x" * 40}).words["site.home"] == "Start"
