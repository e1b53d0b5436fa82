"""The same masthead and footer around pages that others make: signing in, the account, the demonstration's mail."""

from __future__ import annotations

from functools import lru_cache

from foldline.pages.layout import Layout
from foldline.pages.public import Publication
from foldline.pages.words import Words


def shell(publication: Publication, words: Words, title: str, main_html: str, *, path: str = "") -> str:
    """A whole page. `main_html` is trusted and goes into `<main>` as it is; `title` is plain text and becomes the
    page's `<title>`, not a heading. `path` is where the masthead's sign-in link returns to ("" for nowhere)."""
    return _layout(publication, words).shell(title, main_html, path=path)


@lru_cache(maxsize=8)
def _layout(publication: Publication, words: Words) -> Layout:
    return Layout(publication, words)
