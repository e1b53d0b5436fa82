"""Every text of ours, by key and language, from the TOML catalogues in `words/`. Needs no template engine."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from foldline.errors import ConfigurationError, Problem

#: The catalogues that are shipped. English is complete by test; a key that another lacks is read from English.
LANGUAGES: tuple[str, ...] = ("en", "fr")
FALLBACK = "en"


class Words(Mapping[str, str]):
    """The texts of one language: `words["wall.title"]`, `words.format("meter.read", used=1, limit=3)`.

    Keys are dotted. Values hold no HTML: whoever puts one into a page escapes it. An unknown key is a `KeyError`.
    """

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = MappingProxyType(dict(texts))

    def __getitem__(self, key: str) -> str:
        return self._texts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __hash__(self) -> int:
        return hash(self.language)

    def format(self, key: str, **values: object) -> str:
        """The text with its `{names}` filled in; a name that is not given is a `KeyError`."""
        return self._texts[key].format_map(values)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Exactly what the file of one language says, without the fallback."""
    text = (Path(__file__).parent / "words" / f"{language}.toml").read_text(encoding="utf-8")
    return MappingProxyType({key: str(value) for key, value in flat("", tomllib.loads(text))})


@cache
def load_words(language: str) -> Words:
    """The words of `language` ("fr", "fr-CA"), English where one is missing.

    Raises ConfigurationError for a language without a catalogue.
    """
    base = language.split("-")[0].lower()
    if base not in LANGUAGES:
        what, hint = f"there are no words for the language “{language}”", f"Use one of: {', '.join(LANGUAGES)}."
        raise ConfigurationError((Problem("FL023", what, hint=hint),))
    return Words(base, {**catalogue(FALLBACK), **catalogue(base)})


def flat(prefix: str, table: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Dotted keys and their values, out of tables in tables."""
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from flat(f"{key}.", value)
        else:
            yield key, value
