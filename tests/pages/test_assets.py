from __future__ import annotations

import gzip
import re
from hashlib import sha256
from importlib.resources import files

import pytest

from foldline.pages.assets import asset_path, load_assets

ASSETS = load_assets()
CSS = ASSETS[asset_path("foldline.css")].body.decode()
SCRIPTS = [asset.body.decode() for path, asset in ASSETS.items() if path.endswith(".js")]


def test_the_element_is_smaller_than_three_kilobytes_as_it_is() -> None:
    assert len(ASSETS[asset_path("foldline.js")].body) < 3072


def test_files_are_named_by_their_content() -> None:
    for path, asset in ASSETS.items():
        assert sha256(asset.body).hexdigest()[:12] in path


def test_every_font_of_the_style_sheet_is_there_by_its_hashed_name() -> None:
    named = re.findall(r'url\("([^"]+)"\)', CSS)
    assert len(named) == 8
    assert {f"/-/static/{name}" for name in named} <= set(ASSETS)


def test_a_code_to_type_is_large_and_spaced_and_its_digits_have_one_width() -> None:
    found = re.search(r"\.code strong \{([^}]*)\}", CSS)
    assert found
    assert re.search(r"font: 600 2\.\d+rem", found[1])
    assert re.search(r"letter-spacing: 0\.\d+em", found[1])
    assert "tabular-nums" in found[1]


def test_another_prefix_moves_every_file() -> None:
    assert all(path.startswith("/_gate/static/") for path in load_assets("/_gate/"))
    assert asset_path("foldline.css", "/_gate/") in load_assets("/_gate/")


def test_compressed_bodies_are_the_same_files() -> None:
    for path, asset in ASSETS.items():
        if asset.gzip_body is None:
            assert asset.content_type == "font/woff2", path
        else:
            assert gzip.decompress(asset.gzip_body) == asset.body


def test_a_file_that_there_is_none_of_has_no_path() -> None:
    with pytest.raises(KeyError):
        asset_path("nothing.css")


def test_fonts_stay_small_and_come_with_their_licences() -> None:
    fonts = [asset.body for path, asset in ASSETS.items() if path.endswith(".woff2")]
    assert sum(map(len, fonts)) < 350_000
    assert all(font[:4] == b"wOF2" for font in fonts)
    licences = files("foldline.pages").joinpath("assets", "fonts", "LICENSES")
    texts = {item.name: item.read_text(encoding="utf-8") for item in licences.iterdir()}
    assert set(texts) == {"OFL-Figtree.txt", "OFL-Newsreader.txt", "README.md"}
    assert all("SIL Open Font License" in text for text in texts.values())


@pytest.mark.parametrize(
    "trick",
    [
        "user-select",
        "contextmenu",
        "blur(",
        "oncopy",
        "onselectstart",
        "localStorage",
        "eval(",
        "http:",
        "https:",
        "//",
    ],
)
def test_no_shipped_file_plays_a_trick_or_calls_elsewhere(trick: str) -> None:
    for text in [CSS, *SCRIPTS]:
        code = "\n".join(line for line in text.splitlines() if not line.strip().startswith("//"))
        assert trick not in code


def test_nothing_locks_the_scroll() -> None:
    assert not re.search(r"(html|body|:root)[^{}]*\{[^}]*overflow(-[xy]|-block|-inline)?:\s*hidden", CSS)


def test_light_dark_motion_scripting_and_paper_have_their_rules() -> None:
    for rule in ("prefers-color-scheme: dark", "@media print", "scripting: enabled", "100svh", "size-adjust"):
        assert rule in CSS


def test_the_style_sheet_names_no_physical_side() -> None:
    sides = r"(margin|padding|border)-(left|right)|text-align:\s*(left|right)|float:|[;{\s](left|right):"
    assert re.findall(sides, CSS) == []


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        ("ink", "paper", 7),
        ("ink", "paper-raised", 7),
        ("ink-soft", "paper", 4.5),
        ("ink-soft", "paper-raised", 4.5),
        ("accent", "paper", 4.5),
        ("bad", "paper", 4.5),
        ("button-ink", "button", 7),
        ("paper", "accent", 4.5),
        ("demo-ink", "demo", 7),
        ("focus", "paper", 3),
        ("focus", "paper-raised", 3),
        ("focus", "demo", 3),
    ],
)
def test_colours_have_the_contrast_of_wcag_in_light_and_dark(ink: str, paper: str, least: float, scheme: int) -> None:
    roots = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", roots[scheme]))
    assert _contrast(colours[ink], colours[paper]) >= least
