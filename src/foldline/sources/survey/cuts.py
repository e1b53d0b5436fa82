"""Where the gate would cut a site's articles: the real cut, with its proof, on the real pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from turbohtml import Element, parse

from foldline.fold.cut import FoldRule
from foldline.fold.page.alarms import Alarm
from foldline.fold.page.place import CONTAINERS, How
from foldline.fold.page.read import CutPage, read_page
from foldline.fold.page.source import readable
from foldline.fold.page.spec import FoldSpec
from foldline.sources.survey.body import Body, body_of
from foldline.sources.survey.looks import Look, paragraphs

#: Words that are shown on either side of a fold.
SHOWN = 8
#: Where no sign of a fold is on the pages: paragraphs and characters, the most generous first. It is the first with
#: which the rest of every second article is at least half of it.
RULES = (FoldRule(), FoldRule(4, 1000), FoldRule(3, 600), FoldRule(2, 300), FoldRule(1, 0))
#: Classes with which themes and plug-ins mark what is behind a wall.
CLOSED = (
    ".members-only",
    ".subscribers-only",
    ".subscriber-only",
    ".paywall-content",
    ".paid-content",
    ".premium-content",
    ".gated-content",
    ".article-paywall",
    ".behind-paywall",
    ".paywall",
    ".piano-content",
    ".meteredContent",
)
#: Less of an article's letters in such an element is a note about the wall, and not what is behind it.
_CLOSED_SHARE = 0.15
_WHERE = ("article", "main", "[role=main]", "body")

HOW_WORDS: dict[How, str] = {
    "marker": "a fold or more marker in the page",
    "page-selector": "the page's own structured data (hasPart.cssSelector)",
    "selector": "the closed selector",
    "paragraphs": "a number of paragraphs",
    "nothing-below": "nothing is below",
    "not-found": "none was found",
}


@dataclass(frozen=True, slots=True)
class ArticleCut:
    """What the gate would make of one article. Both texts are a few words beside the fold; empty where the page is
    locked to headline and standfirst. `below` is the part of the words that is closed, from 0 to 1."""

    url: str
    headline: str
    how: How
    alarms: tuple[Alarm, ...]
    last_visible: str
    first_hidden: str
    below: float
    access: str
    removed: tuple[str, ...]

    @property
    def locked(self) -> bool:
        return self.how == "not-found"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be set, and what it does. `marked` is the spec without `body`: what the pages say themselves."""

    spec: FoldSpec
    body: Body | None
    cuts: tuple[ArticleCut, ...]

    @property
    def ways(self) -> Counter[How]:
        """How many articles are cut in which way."""
        return Counter(cut.how for cut in self.cuts)

    @property
    def certain(self) -> int:
        """Articles with a fold that was found and proved."""
        return sum(not cut.locked and cut.how != "nothing-below" for cut in self.cuts)


def proposed(looks: Sequence[Look]) -> Proposal:
    """The body, the closed part and the rule for these articles, tried on each of them."""
    body = body_of(looks)
    closed = _closed_class(looks)
    selector = body.selector if body is not None else ""
    best: Proposal | None = None
    for rule in RULES:
        spec = FoldSpec(closed=closed, body=selector, rule=rule)
        made = Proposal(spec, body, tuple(cut_of(look, spec) for look in looks))
        best = best or made
        ruled = [cut for cut in made.cuts if cut.how == "paragraphs"]
        if not ruled and not made.ways["nothing-below"]:
            return made
        short = sum("shorter-than-the-rule" in cut.alarms for cut in ruled)
        if ruled and short * 4 <= len(ruled) and sorted(cut.below for cut in ruled)[len(ruled) // 2] >= 0.5:
            return made
    assert best is not None
    return best


def cut_of(look: Look, spec: FoldSpec) -> ArticleCut:
    """One article, cut as the gate cuts it."""
    page = look.page
    cut = read_page(page.body, page.charset, spec, page.url)
    before, after, below = "", "", 0.0
    if not cut.locked:
        before, after, below = _beside_the_fold(cut, spec)
    return ArticleCut(
        page.url, cut.facts.headline, cut.how, cut.alarms, before, after, below, cut.facts.access, cut.removed
    )


def rest_of(look: Look, spec: FoldSpec) -> str:
    """The words of an article that are below its fold; all of its text where the page is locked."""
    cut = read_page(look.page.body, look.page.charset, spec, look.page.url)
    if cut.locked:
        tree = parse(cut.parts.whole().decode(cut.codec, "replace"))
        return " ".join(readable([one]) for one in (tree.select_one(spec.body) if spec.body else None,) if one)
    shown, all_words = _words(cut, spec)
    return " ".join(all_words[_common(shown, all_words) :])


def _closed_class(looks: Sequence[Look]) -> str:
    for selector in CLOSED:
        found = sum(_holds_text(look, selector) for look in looks)
        if found * 2 >= len(looks) and not all(look.facts.selectors for look in looks):
            return selector
    return ""


def _holds_text(look: Look, selector: str) -> bool:
    body = look.source.tree.select_one("body") if look.source is not None else None
    if body is None:
        return False
    total = sum(len(readable([one])) for one in paragraphs(body))
    inside = sum(len(readable([one])) for element in body.select(selector) for one in paragraphs(element))
    return total > 0 and _CLOSED_SHARE <= inside / total < 1


def _beside_the_fold(cut: CutPage, spec: FoldSpec) -> tuple[str, str, float]:
    shown, all_words = _words(cut, spec)
    at = _common(shown, all_words)
    if not all_words:
        return "", "", 0.0
    return " ".join(all_words[max(0, at - SHOWN) : at]), " ".join(all_words[at : at + SHOWN]), 1 - at / len(all_words)


def _words(cut: CutPage, spec: FoldSpec) -> tuple[list[str], list[str]]:
    """The words in the article's element of the preview, and of the whole: read from the bytes that would be sent."""
    return (
        _of_body(cut.parts.preview(), cut.codec, spec),
        _of_body(cut.parts.whole(), cut.codec, spec),
    )


def _of_body(page: bytes, codec: str, spec: FoldSpec) -> list[str]:
    tree = parse(page.decode(codec, "replace"))
    for selector in (*([spec.body] if spec.body else []), ", ".join(CONTAINERS), *_WHERE):
        found: list[Element] = tree.select(selector)
        if found:
            return readable(found[:1]).split()
    return []


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with."""
    at = 0
    while at < min(len(one), len(other)) and one[at] == other[at]:
        at += 1
    return at
