from __future__ import annotations

import json
import re
from pathlib import Path

from foldline.config import SCHEMA, load
from foldline.stores.home import Home

from .pages import DOCS, SOURCE, fences, read, sections, tables

ENVIRONMENT = re.compile(r"environ(?:\.get\(|\[)\"(FOLDLINE_\w+)\"|^ *where = \"(FOLDLINE_\w+)\"", re.MULTILINE)


def _rows(heading: str) -> dict[str, list[str]]:
    rows = tables(sections(read(DOCS / "settings.md"), 2)[heading])[1:]
    return {row[0].strip("`"): row[1:] for row in rows}


def test_every_setting_is_documented_with_its_default() -> None:
    documented = {name: row[0].strip("`") for name, row in _rows("Every setting").items()}
    known = {
        f"{table}.{key}": json.dumps(default, ensure_ascii=False)
        for table, keys in SCHEMA.items()
        for key, (_, default) in keys.items()
    }
    assert documented == known


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, row in _rows("Every setting").items() if len(row[1]) < 9] == []


def test_the_example_to_copy_is_a_good_configuration(tmp_path: Path) -> None:
    (example,) = fences(read(DOCS / "settings.md"), "toml")
    home = Home(tmp_path)
    home.settings_file.write_text(example, encoding="utf-8")
    settings = load(home, {"FOLDLINE_SECRET": "x" * 64})
    assert settings.publication.name == "The Valley Post"
    assert settings.meter_limit == 3


def test_the_example_names_every_setting_but_the_prefix() -> None:
    (example,) = fences(read(DOCS / "settings.md"), "toml")
    keys = re.findall(r"^([\w-]+) =", example, re.MULTILINE)
    assert sorted(keys) == sorted(key for keys in SCHEMA.values() for key in keys if key != "prefix")


def test_every_variable_that_the_source_reads_is_documented() -> None:
    read_there = {
        name for path in SOURCE.rglob("*.py") for groups in ENVIRONMENT.findall(read(path)) for name in groups if name
    }
    page = read(DOCS / "settings.md")
    assert {"FOLDLINE_HOME", "FOLDLINE_SECRET", "FOLDLINE_MAIL_PASSWORD", "FOLDLINE_DEMO"} <= read_there
    assert [name for name in sorted(read_there) if f"`{name}`" not in page] == []


def test_every_file_of_a_home_folder_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    page = read(DOCS / "settings.md")
    parts = (home.settings_file, home.rules_file, home.secret_file, home.site_db, home.public_db, home.sealed_db)
    folders = (home.media, home.mail, home.events, home.run)
    assert [part.name for part in (*parts, *folders) if part.name not in page] == []
