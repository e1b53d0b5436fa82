"""The tables of `foldline.toml`: what may stand in them, and what does."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from foldline.errors import Problem
from foldline.plans import PLAN
from foldline.stores.home import Home

#: What a value is called where it is another.
KINDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list of texts"}

#: Table and key, the type it must have, and what holds where it is absent.
SCHEMA: dict[str, dict[str, tuple[type, Any]]] = {
    "publication": {
        "name": (str, ""),
        "url": (str, ""),
        "tagline": (str, ""),
        "language": (str, "en"),
        "zone": (str, "UTC"),
        "prefix": (str, "/-/"),
    },
    "offer": {"product": (str, ""), "price": (str, "")},
    "retention": {"withdrawals": (int, 3)},
    "legal": {"imprint": (str, ""), "terms": (str, ""), "privacy": (str, "")},
    "meter": {"limit": (int, 3)},
    "fold": {"paragraphs": (int, 5), "characters": (int, 1400)},
    "listen": {"host": (str, "127.0.0.1"), "port": (int, 8080), "workers": (int, 1), "hops": (int, 0)},
    "desk": {"host": (str, "127.0.0.1"), "port": (int, 8081)},
    "log": {"format": (str, "text")},
    "metrics": {"listen": (str, "")},
    "origin": {
        "url": (str, ""),
        "mounted": (bool, False),
        "profile": (str, "static"),
        "closed": (str, ""),
        "body": (str, ""),
    },
    "database": {"url": (str, "")},
    "caches": {"purge": (list, [])},
    "machines": {
        "search": (bool, True),
        "answer": (bool, True),
        "train": (bool, False),
        "admit": (list, []),
        "refuse": (list, []),
        "verified": (list, []),
    },
    "newsstand": {"inner": (list, [])},
    "gifts": {"per-month": (int, 10), "days": (int, 14), "openers": (int, 10)},
    "mail": {
        "host": (str, ""),
        "port": (int, 587),
        "user": (str, ""),
        "sender": (str, ""),
        "security": (str, "starttls"),
        "dkim": (str, ""),
    },
}

#: The table whose tables are ways to sign in, `[sign-in.<name>]`.
SIGN_IN = "sign-in"

#: Tables that hold tables of names that a publication chooses.
NAMED = (SIGN_IN, PLAN)


def read_tables(home: Home, problems: list[Problem]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The file's tables with defaults filled in, and what stands under the tables of tables, `sign-in` and `plan`;
    unknown names and wrong types become problems."""
    where = str(home.settings_file)
    tables = {name: {key: default for key, (_, default) in keys.items()} for name, keys in SCHEMA.items()}
    named: dict[str, Any] = {name: {} for name in NAMED}
    try:
        text = home.settings_file.read_text(encoding="utf-8")
        given = tomllib.loads(text)
    except FileNotFoundError:
        problems.append(
            Problem("FL001", "there is no settings file", where, "Write one: docs/settings.md has an example to copy.")
        )
        return tables, named
    except OSError as error:
        problems.append(Problem("FL001", f"the settings file can't be read: {error.strerror}", where, "Mend that."))
        return tables, named
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem("FL002", f"not readable as TOML: {error}", where, "Mend the line that it names."))
        return tables, named
    named |= {name: given.pop(name) for name in NAMED if name in given}
    for name, table in given.items():
        if name not in SCHEMA or not isinstance(table, dict):
            problems.append(_unknown(name, SCHEMA, text, where))
            continue
        for key, value in table.items():
            if key not in SCHEMA[name]:
                problems.append(_unknown(key, SCHEMA[name], text, where))
            elif type(value) is not SCHEMA[name][key][0]:
                wanted = KINDS[SCHEMA[name][key][0]]
                at = f"{where}:{_line_of(key, text)}"
                problems.append(Problem("FL004", f"[{name}] {key} must be {wanted}", at, f"It is {value!r}."))
            else:
                tables[name][key] = value
    return tables, named


def _unknown(word: str, known: Mapping[str, object], text: str, where: str) -> Problem:
    # Only a mistake pays for this module: every worker reads settings.
    from difflib import get_close_matches

    near = get_close_matches(word, known, 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(known)}."
    return Problem("FL003", f"unknown setting {word!r}", f"{where}:{_line_of(word, text)}", hint)


def _line_of(word: str, text: str) -> int:
    found = re.search(rf"^\s*\[?\s*{re.escape(word)}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1
