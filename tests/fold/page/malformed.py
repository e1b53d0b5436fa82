"""Random malformed article pages from a seed, each with words that stand in its closed part alone."""

from __future__ import annotations

import random
from dataclasses import dataclass

from foldline.fold.cut import FoldRule
from foldline.fold.page.spec import FoldSpec


def _split(listed: str) -> list[str]:
    return listed.split()


_TAGS = _split(
    "div p b i a em table tbody tr td th ul ol li dl dt dd blockquote figure section article main aside h2 h3 pre span"
    " svg math foreignObject template noscript select option button form label center font nobr small details summary"
    " caption colgroup ruby rt object iframe textarea title style script plaintext xmp frameset head body html br hr"
)
_USUAL = _split("div p b i a em table tr td ul li blockquote section span h2 font svg template noscript")
_NOISE = (
    "<", ">", "&", "&amp;", "&#x41", "</", "<!", "<?php x ?>", "<!-- x -->", "<!--", "-->", "--!>", "<![CDATA[", "]]>",
    '"', "'", "\r\n", "\r", "\n\n", "\0", "\t", "<a href='", '<p class="', "<div/>", "</p>", "</div>", "</body>",
    "<br/>",     "<img src=x alt=", "é", "😀", "\u202e", "&nbsp", "=", "/>", "<b",
    "<p id=1 id=2>", "<script>", "</script>",
)  # fmt: skip
_WORDS = _split("river keeper lantern morning harbour bridge window seven letter winter garden market silver engine")


@dataclass(frozen=True)
class Malformed:
    """One page; `selector` is that of its closed part, where it has one."""

    html: str
    spec: FoldSpec
    selector: str


class Maker:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._count = 0
        self._seed = seed

    def page(self) -> Malformed:
        chance = self._random
        way = chance.choice(("closed", "closed", "marker", "named", "rule"))
        before, after = self._markup(chance.randint(0, 8)), self._markup(chance.randint(0, 8))
        inside = self._markup(chance.randint(1, 12))
        closing = "" if chance.random() < 0.25 else "</div>"
        rest = f"<div class=paywall>{inside}{closing}"
        if way == "marker":
            rest = f"{chance.choice(('<!-- fold -->', '<!--more-->', '<span id=more-7></span>'))}{inside}"
        body = f"<div class=entry-content>{before}<p>{self.words()}</p>{rest}{after}"
        body += "" if chance.random() < 0.25 else "</div>"
        head = "<!doctype html><html><head><title>Seven words on a page</title>"
        named = '{"@type":"NewsArticle","hasPart":{"cssSelector":".paywall","isAccessibleForFree":false}}'
        head += f'<script type="application/ld+json">{named}</script>' if way == "named" else ""
        head += self._markup(chance.randint(0, 3)) if chance.random() < 0.1 else ""
        html = (
            f"{head}</head><body><h1>Seven words on a page</h1>{body}{self._markup(chance.randint(0, 5))}</body></html>"
        )
        return Malformed(html, self._spec(way), ".paywall" if way in ("closed", "named") else "")

    def _spec(self, way: str) -> FoldSpec:
        if way == "closed":
            return FoldSpec(closed=".paywall", markers=False)
        if way == "rule":
            return FoldSpec(body=".entry-content", rule=FoldRule(self._random.randint(1, 3), 0))
        return FoldSpec()

    def words(self) -> str:
        """Text that no other place of the page has: every third word carries a number."""
        made = []
        for _ in range(self._random.randint(6, 14)):
            self._count += 1
            name = "".join(chr(97 + int(digit)) for digit in f"{self._seed}{self._count:03}")
            made.append(f"{self._random.choice(_WORDS)} w{name}")
        return " ".join(made)

    def _markup(self, pieces: int) -> str:
        chance = self._random
        made = []
        for _ in range(pieces):
            tag = chance.choice(_USUAL if chance.random() < 0.8 else _TAGS)
            kind = chance.random()
            if kind < 0.4:
                made.append(self.words())
            elif kind < 0.65:
                made.append(f"<{tag}>")
            elif kind < 0.85:
                made.append(f"</{tag}>")
            elif kind < 0.93:
                made.append(f"<{tag} title='{self.words()}'>{self.words()}</{tag}>")
            else:
                made.append(chance.choice(_NOISE))
        return "".join(made)
