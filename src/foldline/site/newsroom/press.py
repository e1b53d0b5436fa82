"""What pages are made with: the settings, the layout with the sections of today, and the writer of records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from django.conf import settings as django_settings

from foldline.config import Settings
from foldline.fold.prove import Known
from foldline.pages.layout import Layout
from foldline.pages.public import Publication
from foldline.pages.words import Words
from foldline.policy.rules import Rules
from foldline.site.newsroom.models import Section
from foldline.site.newsroom.public_facts import term
from foldline.site.readers import moment
from foldline.sources.articles.compose import chrome
from foldline.stores.records import RecordWriter
from foldline.stores.rules_in_force import RulesInForce

#: The rooms whose source decides how an article or a list looks.
_MAKERS = ("foldline.pages", "foldline.fold", "foldline.sources.articles", "foldline.syndication.feeds")
_SOURCES = (".py", ".html", ".css", ".js", ".json", ".toml", ".svg", ".woff2")


@dataclass(frozen=True, slots=True)
class Press:
    """Open for as long as something is published; one per thread. `said` is what the layout says on every page,
    `rules` are those in force, None where none can be read."""

    settings: Settings
    layout: Layout
    said: Known
    writer: RecordWriter
    rules: Rules | None

    @property
    def prefix(self) -> str:
        return self.settings.publication.prefix


def settings() -> Settings:
    """The settings that Django was set up with."""
    found = django_settings.FOLDLINE
    if not isinstance(found, Settings):
        raise TypeError("FOLDLINE in Django's settings is not what config.load gave")
    return found


def publication() -> Publication:
    """The publication with its sections as they are now."""
    sections = tuple(term(section) for section in Section.objects.all())
    return replace(settings().publication, sections=sections)


@contextmanager
def open_press() -> Iterator[Press]:
    """A press with today's sections. Raises sqlite3.Error where the records can't be opened."""
    writer = RecordWriter(settings().home)
    try:
        yield Press(settings(), *_layout(publication(), settings().words), writer, rules_in_force())
    finally:
        writer.close()


def rules_in_force() -> Rules | None:
    """What decides now; None where it can't be read."""
    today = settings()
    in_force = RulesInForce(today.home, today.zone, today.meter_limit)
    try:
        return in_force.look(moment.epoch())
    finally:
        in_force.close()


def closing() -> str:
    """Changes when another rule may close a free article; "" where no rules can be read."""
    rules = rules_in_force()
    if rules is None:
        return ""
    said = sorted(repr((rule.articles, rule.keeps)) for rule in rules.closing)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


@lru_cache(maxsize=4)
def _layout(publication: Publication, words: Words) -> tuple[Layout, Known]:
    layout = Layout(publication, words)
    return layout, chrome(layout)


def fingerprint() -> str:
    """Changes when a page that is made now could differ from one made before of the same article."""
    today = settings()
    said = repr((publication(), today.fold_paragraphs, today.fold_characters, today.meter_limit, dict(today.words)))
    return hashlib.sha256(said.encode() + _makers().encode()).hexdigest()


@lru_cache(maxsize=1)
def _makers() -> str:
    digest = hashlib.sha256()
    for room in _MAKERS:
        for name, data in sorted(_sources(files(room), room)):
            digest.update(name.encode() + b"\0" + data + b"\0")
    return digest.hexdigest()


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        inner = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _sources(entry, inner)
        elif entry.name.endswith(_SOURCES):
            yield inner, entry.read_bytes()
