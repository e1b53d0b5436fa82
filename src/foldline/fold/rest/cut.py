"""The cut of an answer of data: one article or a list of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from foldline.fold.feed.cut import read_json
from foldline.fold.feed.model import NotUnderstood
from foldline.fold.listed import unproved
from foldline.fold.page.excerpt import Excerpt
from foldline.fold.rest import wagtail, wordpress
from foldline.fold.rest.entry import MOST, Entry, Json, number

JSON = frozenset(("application/json",))
MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Data:
    """An answer as it is understood. `around` puts the written entries into what they came in."""

    entries: tuple[Entry, ...]
    writes: Callable[[Entry, Excerpt | None], Json]
    around: Callable[[list[Json]], Any]


def read_data(body: bytes, media_type: str) -> Data:
    """What an answer says.

    Raises:
        NotUnderstood: it is none of WordPress's posts or pages, nor of Wagtail's pages.
    """
    if media_type not in JSON:
        raise NotUnderstood("no JSON, by its media type")
    said = read_json(body)
    if isinstance(said, list):
        return Data(tuple(map(wordpress.read, _bounded(said))), wordpress.write, lambda made: made)
    if wordpress.is_post(said) and isinstance(said, dict):
        return Data((wordpress.read(said),), wordpress.write, lambda made: made[0])
    if wagtail.is_page(said) and isinstance(said, dict):
        return Data((wagtail.read(said),), wagtail.write, lambda made: made[0])
    if isinstance(said, dict) and isinstance(said.get("items"), list) and isinstance(said.get("meta"), dict):
        count = number(said["meta"].get("total_count"))
        meta = {"total_count": count} if count is not None else {}
        return Data(
            tuple(map(wagtail.read, _bounded(said["items"]))), wagtail.write, lambda made: {"meta": meta, "items": made}
        )
    raise NotUnderstood("no answer that is known")


def cut_data(data: Data, excerpts: Mapping[str, Excerpt]) -> str:
    """The answer as it may be sent. `excerpts` has what is public of articles by their links.

    Raises:
        NotUnderstood: it can't be proved that no rest is in it.
    """
    entries = data.entries
    listed = [entry.listed(excerpts.get(entry.link)) for entry in entries]
    document = _written(data, excerpts)
    blamed = unproved(document, listed, ())
    if blamed:
        document = _written(replace(data, entries=tuple(_without(entry, blamed) for entry in entries)), excerpts)
        blamed = unproved(document, listed, ())
    if blamed != frozenset():
        raise NotUnderstood("a cut that can't be proved")
    return document


def _written(data: Data, excerpts: Mapping[str, Excerpt]) -> str:
    made = [data.writes(entry, excerpts.get(entry.link)) for entry in data.entries]
    return json.dumps(data.around(made), ensure_ascii=False) + "\n"


def _without(entry: Entry, blamed: frozenset[str]) -> Entry:
    def clean(kept: Json) -> Json:
        return {
            key: clean(value) if isinstance(value, dict) else value
            for key, value in kept.items()
            if not (isinstance(value, str) and value in blamed)
        }

    return replace(entry, kept=clean(entry.kept))


def _bounded(said: list[Any]) -> list[Any]:
    if len(said) > MOST:
        raise NotUnderstood("too many articles")
    return said
