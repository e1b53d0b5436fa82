"""JSON without what was made from the closed part: structured data, and what a page's own scripts start from."""

from __future__ import annotations

import re
from typing import Any

from foldline.fold.page.below import Below
from foldline.fold.page.jsonld import Json

#: Keys, as letters alone, whose value counts or repeats the whole text.
_COUNTS = re.compile(
    r"wordcount|wordscount|totalwords|charactercount|charcount|timerequired|minutesread|minutestoread|"
    r"(?:estimated)?read(?:ing)?(?:time|minutes|seconds)(?:text|minutes|label)?|numberofpages"
)
_WHOLE = re.compile(r"articlebody|backstory|transcript")
_SUMMARIES = re.compile(r".*(?:description|excerpt|summary|abstract|teaser|dek|standfirst|preview)")
_DEEPEST = 200
_GONE = object()


def without_rest(data: Any, below: Below, *, keep_shape: bool) -> Any:
    """A copy. What is taken out is left empty where `keep_shape`, as scripts may lean on the key, else is gone."""
    cut = _Cut(below, keep_shape)
    made = cut.value(data, "", 0)
    return None if made is _GONE else made


class _Cut:
    def __init__(self, below: Below, keep_shape: bool) -> None:
        self._below = below
        self._keep_shape = keep_shape

    def value(self, data: Any, key: str, depth: int) -> Any:
        if depth > _DEEPEST:
            return self._empty("" if isinstance(data, str) else None)
        if isinstance(data, dict):
            return self._object(data, depth)
        if isinstance(data, list):
            made = [self.value(one, key, depth + 1) for one in data]
            return [one for one in made if one is not _GONE]
        if isinstance(data, str) and self._is_of_rest(data, key):
            return self._empty("")
        return data

    def _object(self, data: Json, depth: int) -> Json:
        made: Json = {}
        for name, one in data.items():
            letters = re.sub(r"[^a-z]", "", str(name).lower())
            if _COUNTS.fullmatch(letters) or (_WHOLE.fullmatch(letters) and isinstance(one, str | list)):
                kept: Any = self._empty(None if isinstance(one, int | float) else "")
            elif self._below.holds(str(name)):
                continue
            else:
                kept = self.value(one, letters, depth + 1)
            if kept is not _GONE:
                made[name] = kept
        return made

    def _is_of_rest(self, text: str, key: str) -> bool:
        if self._below.has_media(text):
            return True
        return self._below.reaches(text) if _SUMMARIES.fullmatch(key) else self._below.holds(text)

    def _empty(self, value: Any) -> Any:
        return value if self._keep_shape else _GONE
