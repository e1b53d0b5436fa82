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
_LONGEST_TITLE = 1_000
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
        self._taken = self._texts_taken = 0

    def value(self, data: Any, key: str, depth: int) -> Any:
        if depth > _DEEPEST:
            return self._empty("" if isinstance(data, str) else None)
        if isinstance(data, dict):
            return self._object(data, depth)
        if isinstance(data, list):
            return self._list(data, key, depth)
        if isinstance(data, str) and self._is_of_rest(data, key):
            self._taken += 1
            self._texts_taken += not self._below.has_media(data)
            return self._empty("")
        return data

    def _list(self, data: list[Any], key: str, depth: int) -> list[Any]:
        """A list of the text's own blocks ends at the fold: one empty place for each would tell how many there are."""
        made = []
        for one in data:
            taken, texts = self._taken, self._texts_taken
            kept = self.value(one, key, depth + 1)
            if not self._keep_shape or self._taken == taken or self._names_the_article(one):
                made.append(kept)
            elif self._texts_taken > texts:
                break
        return [one for one in made if one is not _GONE]

    def _names_the_article(self, data: Any) -> bool:
        """Whether this is an article with its headline, and no block of one."""
        waiting = [data]
        while waiting:
            inner = waiting.pop()
            if isinstance(inner, dict | list):
                waiting += inner.values() if isinstance(inner, dict) else inner
            elif isinstance(inner, str) and len(inner) < _LONGEST_TITLE and self._below.is_title(inner):
                return True
        return False

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
