"""Providers of sign-ins: tables of one form, and a secret that stands in no file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.pages import DOCS, fences, read

from foldline.config import Provider, load
from foldline.errors import ConfigurationError
from foldline.stores.home import Home

SECRET = {"FOLDLINE_SECRET": "x" * 40}
GOOD = '[publication]\nname = "The Valley Post"\nurl = "https://valley-post.example"\n'
TABLE = '[sign-in.example]\nlabel = "Example"\nissuer = "https://id.example"\nclient = "post"\n'
THERE = {**SECRET, "FOLDLINE_SIGN_IN_EXAMPLE_SECRET": "s"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def problems(home: Home, text: str, environ: dict[str, str]) -> dict[str, str]:
    home.settings_file.write_text(GOOD + text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as told:
        load(home, environ)
    return {problem.id: str(problem) for problem in told.value.problems}


def test_several_providers_are_read_in_their_order_each_with_its_own_secret(home: Home) -> None:
    second = TABLE.replace("sign-in.example", "sign-in.my-church").replace("id.", "login.")
    home.settings_file.write_text(GOOD + TABLE + second, encoding="utf-8")
    settings = load(home, {**THERE, "FOLDLINE_SIGN_IN_MY_CHURCH_SECRET": "t"})
    assert settings.providers == (
        Provider("example", "Example", "https://id.example", "post", "s"),
        Provider("my-church", "Example", "https://login.example", "post", "t"),
    )


def test_the_secret_is_not_shown_with_the_settings(home: Home) -> None:
    home.settings_file.write_text(GOOD + TABLE, encoding="utf-8")
    settings = load(home, {**SECRET, "FOLDLINE_SIGN_IN_EXAMPLE_SECRET": "never-shown"})
    assert "never-shown" not in repr(settings.providers)


def test_without_its_secret_a_provider_is_not_used_and_the_variable_is_named(home: Home) -> None:
    assert "Set FOLDLINE_SIGN_IN_EXAMPLE_SECRET" in problems(home, TABLE, SECRET)["FL037"]


@pytest.mark.parametrize(
    "table",
    [
        "[sign-in.Example]\n", "[sign-in.example]\n", '[sign-in]\nexample = "x"\n', "sign-in = 3\n",
        TABLE + "secret = 'x'\n", TABLE.replace('"post"', "3"), TABLE.replace('"Example"', '""'),
        TABLE.replace("[sign-in.example]", '[sign-in."../x"]'),
    ],
)  # fmt: skip
def test_an_incomplete_table_is_told_with_what_it_must_say(home: Home, table: str) -> None:
    text = table
    home.settings_file.write_text(text + GOOD if table.startswith("sign-in =") else GOOD + text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as told:
        load(home, THERE)
    assert [problem.id for problem in told.value.problems] == ["FL035"]
    assert "label, issuer, client" in str(told.value)


@pytest.mark.parametrize(
    "issuer",
    ["http://id.example", "id.example", "https://", "https://id.example/?x=1", "https://id.example/#x",
     "https://u@id.example", "https://id.example/a b", "https://[", "https://id.example/" + "x" * 200],
)  # fmt: skip
def test_an_issuer_is_an_https_address(home: Home, issuer: str) -> None:
    assert set(problems(home, TABLE.replace("https://id.example", issuer), THERE)) == {"FL036"}


def test_the_example_in_the_pages_is_a_good_one(home: Home) -> None:
    (example,) = fences(read(DOCS / "accounts.md"), "toml")
    home.settings_file.write_text(GOOD + example, encoding="utf-8")
    assert load(home, THERE).providers[0].issuer == "https://id.example"
