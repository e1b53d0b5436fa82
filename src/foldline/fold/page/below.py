"""What is closed of a page, as it is looked for everywhere else on it: words, media, and texts made from both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from turbohtml import Element, Node

from foldline.fold.page.addresses import within_site
from foldline.fold.page.source import readable
from foldline.fold.prove import Wanted, letters_of

#: A text that stands above the fold and repeats more letters of the rest than this is a copy and no quotation.
QUOTED = 400
#: A description of fewer letters is not taken for the beginning of a text.
_SHORT = 12
_MEDIA = ("src", "srcset", "poster", "data-src", "data-srcset", "data-lazy-src", "data-original", "data-bg", "data")
_MEDIA_FILE = re.compile(r"\.(?:avif|gif|jpe?g|m4a|mp3|mp4|ogg|pdf|png|svg|vtt|wav|webm|webp)(?:[?#]|$)", re.IGNORECASE)
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


class Below:
    """`rest` is the closed text; `above` what stands in the article before it; `public` what an editor wrote as such.

    Letters of the rest that `above` repeats may stand in the page, as long as they are few enough to be a quotation.
    """

    def __init__(
        self,
        rest: str,
        above: str,
        public: Iterable[str],
        nodes: Sequence[Node],
        others: Iterable[Node],
        titles: Iterable[str] = (),
    ):
        allowed = [text for text in public if text]
        self._titles = frozenset(letters for title in titles if (letters := letters_of(title)))
        self.wanted = Wanted(rest, allowed)
        self._above_letters = letters_of(above)
        if len(self.wanted.places(self._above_letters)) <= QUOTED:
            self.wanted.allow(above)
        self._article = self._above_letters + letters_of(rest)
        elsewhere = {within_site(address) for node in others for address in _media_of(node)}
        here = {within_site(address) for node in nodes for inner in node.descendants for address in _media_of(inner)}
        here |= {within_site(address) for node in nodes for address in _media_of(node)}
        self._media = here - elsewhere - {""}
        self.ids = {value for node in nodes for inner in (node, *node.descendants) if (value := _id(inner))}

    def holds(self, text: str) -> bool:
        """Whether a passage of the rest stands in this, in any decoded view."""
        return len(text) >= _SHORT and self.wanted.survivors(text) > 0

    def holding(self, texts: Sequence[str]) -> list[int]:
        """Which of many texts hold a passage: they are looked at together, and one by one only where that finds one."""
        found: list[int] = []
        waiting = [(0, len(texts))]
        while waiting:
            start, end = waiting.pop()
            if end - start <= 1:
                found += [at for at in range(start, end) if self.holds(texts[at])]
            elif self.holds("\n".join(texts[start:end])):
                middle = (start + end) // 2
                waiting += [(start, middle), (middle, end)]
        return sorted(found)

    def reaches(self, text: str) -> bool:
        """Whether a description was made from the article's text and goes on below the fold, or begins there."""
        if self.holds(text):
            return True
        letters = letters_of(text.rstrip(" .…]["))
        at = self._article.find(letters) if len(letters) >= _SHORT else -1
        return at >= 0 and at + len(letters) > len(self._above_letters)

    def is_title(self, text: str) -> bool:
        """Whether this is what the article is called."""
        return letters_of(text) in self._titles

    def has_media(self, address: str) -> bool:
        """Whether this is the address of a picture, a film or a sound that is shown below the fold alone."""
        return within_site(address) in self._media


def _media_of(node: Node) -> Iterator[str]:
    if not isinstance(node, Element) or node.tag in ("script", "link", "meta"):
        return
    for name in _MEDIA:
        value = node.attr(name)
        if value and name.endswith("srcset"):
            yield from (one.split()[0] for one in value.split(",") if one.strip())
        elif value:
            yield value
    href = node.attr("href") or ""
    if _MEDIA_FILE.search(href):
        yield href


def _id(node: Node) -> str:
    return (node.attr("id") or "") if isinstance(node, Element) else ""


def text_before(containers: Sequence[Element], roots: set[Node]) -> str:
    """What is shown in the containers up to the first closed node. Hidden text is no quotation."""
    found: list[str] = []
    waiting: list[Node] = list(reversed(containers))
    while waiting:
        node = waiting.pop()
        if node in roots:
            break
        if isinstance(node, Element):
            waiting.extend([] if _is_hidden(node) else reversed(node.children))
        else:
            found.append(readable([node]))
    return " ".join(found)


def _is_hidden(element: Element) -> bool:
    shown = not _HIDING.search(element.attr("style") or "") and "hidden" not in element.attrs
    return not shown or element.attr("aria-hidden") == "true" or element.tag in ("template", "noscript")
