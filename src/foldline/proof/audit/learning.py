"""What of an article a subscriber is shown and a stranger is not: the rest, as words to be found again."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from foldline.fold.page.place import CONTAINERS
from foldline.fold.prove import Wanted, letters_of
from foldline.fold.tree import Node, ancestors

#: Letters that a rest needs to be told from chance: about two sentences.
ENOUGH = 80
_BLOCKS = "p, li, h2, h3, h4, h5, h6, blockquote, pre, td, th, figcaption, dd, dt"
_NO_TEXT = "script, style, template, noscript, svg, iframe, object, nav, aside, footer, form, head"
_UNSEEN = "script, style, template, noscript, svg, iframe, object, head"
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0+)?(?:[;\s}]|$)|filter\s*:\s*blur"
    r"|(?:left|top|text-indent)\s*:\s*-\d{4,}|(?:^|[;\s{])(?:max-)?height\s*:\s*0(?:px)?\s*(?:[;}]|$)"
    r"|color\s*:\s*transparent|clip(?:-path)?\s*:\s*(?:inset\(\s*(?:50|100)%|rect\(\s*[01])",
    re.IGNORECASE,
)
_BOUNDED = re.compile(r"(?:max-)?height\s*:\s*[1-9]", re.IGNORECASE)
_CUT_OFF = re.compile(r"overflow(?:-y)?\s*:\s*hidden|overflow\s*:\s*clip", re.IGNORECASE)
#: Rules for print, narrow screens and motion hide what is shown otherwise.
_SOMETIMES = re.compile(
    r"@(?:media|keyframes|-\w+-keyframes|page|container)[^{}]{0,400}\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", re.I
)
#: Of what a style only clips, so many letters at its beginning are taken for shown.
_CLIPPED_SHOWS = 600
#: Blocks that are shown where a page says that it is not free and not from where on.
_SHOWN_BLOCKS = 3
_RULES = 4000


@dataclass(frozen=True, slots=True)
class Article:
    """One that the publisher named. `rest` is its closed text, a block in each line; `public` what a stranger sees of
    its page; `how` tells by what the two were told apart: difference, selector, markup, or claim. `sent` is whether a
    stranger's page holds the rest anyway."""

    path: str
    title: str
    rest: str
    public: str
    how: str
    wanted: Wanted

    @property
    def words(self) -> int:
        return len(self.rest.split())


@dataclass(frozen=True, slots=True)
class Sides:
    """The two pages of an article as text: `blocks` of the subscriber's, `closed` those of them that are the rest."""

    path: str
    title: str
    blocks: tuple[str, ...]
    seen: str
    closed: tuple[str, ...]
    how: str


def sides(
    path: str, subscriber: str, stranger: str, sheets: Sequence[str] = (), closed: str = "", *, refused: bool = False
) -> Sides:
    """What the two are shown at one address, in HTML. `sheets` are the site's own style sheets, `closed` a selector of
    what only subscribers may read, "" where nobody said so; `refused` is whether the stranger's status is no 200."""
    theirs = LexborHTMLParser(subscriber)
    blocks = tuple(dict.fromkeys(_blocks(_text_of(theirs))))
    seen = visible(stranger, sheets)
    how, told = _closed(theirs, blocks, seen, closed, refused)
    return Sides(path, _title(theirs), blocks, seen, tuple(dict.fromkeys(told)), how)


def _closed(
    theirs: LexborHTMLParser, blocks: Sequence[str], seen: str, closed: str, refused: bool
) -> tuple[str, list[str]]:
    """By what it is known which blocks are closed, and these. What a person named comes first, then what a stranger is
    not shown, then what the page itself says to search engines."""
    if closed:
        return "selector", [block for node in _found(theirs, closed) for block in _blocks(node)]
    missing = _missing(blocks, seen)
    if len(letters_of("".join(missing))) >= ENOUGH:
        return "difference", missing
    # Markup often names the whole body, its beginning included, which everybody may read.
    shown = set(blocks[:_SHOWN_BLOCKS])
    marked = [
        block for selector in _said_closed(theirs) for node in _found(theirs, selector) for block in _blocks(node)
    ]
    if marked:
        return "markup", [block for block in marked if block not in shown] if blocks[:1] == tuple(
            marked[:1]
        ) else marked
    if refused or _says_not_free(theirs):
        return "claim", list(blocks[_SHOWN_BLOCKS:])
    return "difference", missing


def learnt(many: Sequence[Sides], public: Sequence[str] = ()) -> tuple[list[Article], list[str]]:
    """The articles with a rest, and the paths of those without one. `public` are texts that everybody may read."""
    often = Counter(block for one in many for block in set(one.blocks))
    made, without = [], []
    for one in many:
        # What two articles end with is a line about the author or thanks for paying: it gives no article away.
        rest = [block for block in one.closed if often[block] < 2]
        seen = one.seen if one.how == "difference" else ""
        allowed = [text for text in (seen, one.title, _before(one, rest), *public) if text]
        text = "\n".join(rest)
        if len(letters_of(text)) < ENOUGH:
            without.append(one.path)
            continue
        made.append(Article(one.path, one.title, text, one.seen, one.how, Wanted(text, allowed)))
    _apart(made)
    return made, without


def any_of(articles: Sequence[Article]) -> Wanted | None:
    """What holds nothing of any article holds nothing of this: one look for many. None where that can't be told so."""
    if len(articles) < 2 or any(article.wanted.short for article in articles):
        return None
    every = Wanted("\n".join(article.rest for article in articles))
    every.letter_runs = set().union(*(article.wanted.letter_runs for article in articles))
    every.word_runs = set().union(*(article.wanted.word_runs for article in articles))
    return every


def _apart(articles: Sequence[Article]) -> None:
    """What two articles both say gives neither away."""
    letters = Counter(run for article in articles for run in article.wanted.letter_runs)
    words = Counter(run for article in articles for run in article.wanted.word_runs)
    for article in articles:
        article.wanted.letter_runs = {run for run in article.wanted.letter_runs if letters[run] < 2}
        article.wanted.word_runs = {run for run in article.wanted.word_runs if words[run] < 2}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page's text by what a browser without scripts draws of it, as far as its styles tell: `clipped` is what stands
    under a blur or a bounded height."""

    shown: str
    hidden: str
    clipped: str


def visible(html: str, sheets: Sequence[str] = ()) -> str:
    """The text of a page that is drawn."""
    return drawn(html, sheets).shown


def drawn(html: str, sheets: Sequence[str] = ()) -> Drawn:
    """The texts of a page. `sheets` are style sheets that it loads."""
    tree = LexborHTMLParser(html)
    styles = [node.text() for node in tree.css("style")]
    for node in tree.css(_UNSEEN):
        node.decompose()
    shown, hidden, clipped = [], [], []
    for selector, partly in _hiding("\n".join((*sheets, *styles))):
        for node in _found(tree, selector):
            if node.tag in ("html", "body") and not partly:
                continue
            text = _plain(node)
            if partly:
                shown.append(text[:_CLIPPED_SHOWS])
                clipped.append(text)
            else:
                hidden.append(text)
            node.decompose()
    for node in tree.css("[style], [hidden]"):
        style = node.attributes.get("style") or ""
        if "hidden" in node.attributes or _HIDDEN_STYLE.search(style):
            (clipped if "blur" in style else hidden).append(_plain(node))
            node.decompose()
        elif _is_clipped(style):
            text = _plain(node)
            shown.append(text[:_CLIPPED_SHOWS])
            clipped.append(text)
            node.decompose()
    body = tree.body
    shown.append(body.text(separator=" ") if body is not None else "")
    return Drawn("\n".join(shown), "\n".join(hidden), "\n".join(clipped))


def _before(one: Sides, rest: Sequence[str]) -> str:
    """The blocks that stand beside a rest that was marked: everybody may read them."""
    if one.how == "difference":
        return ""
    hidden = set(rest)
    return "\n".join(block for block in one.blocks if block not in hidden)


def _missing(blocks: Sequence[str], seen: str) -> list[str]:
    shown = letters_of(seen)
    return [block for block in blocks if (letters := letters_of(block)) and letters not in shown]


def _hiding(sheet: str) -> Iterator[tuple[str, bool]]:
    """Selectors that a sheet hides, and whether only a part."""
    plain = "".join(part.partition("*/")[2] if at else part for at, part in enumerate(sheet.split("/*")))
    for at, rule in enumerate(_SOMETIMES.sub("", plain).split("}")):
        if at > _RULES:
            return
        before, _, style = rule.rpartition("{")
        selectors = before.rpartition("{")[2].strip()
        hidden, clipped = bool(_HIDDEN_STYLE.search(style)), _is_clipped(style)
        if not selectors or selectors.startswith("@") or not (hidden or clipped) or ":" in selectors:
            continue
        yield selectors, clipped and not hidden


def _is_clipped(style: str) -> bool:
    return "line-clamp" in style or bool(_BOUNDED.search(style) and _CUT_OFF.search(style))


def _found(tree: LexborHTMLParser, selector: str) -> list[Node]:
    try:
        return list(tree.css(selector))
    except (SelectolaxError, ValueError):
        return []


def _text_of(tree: LexborHTMLParser) -> Node | None:
    """The element that holds most of the page's text."""
    for selector in (*CONTAINERS, "article", "main", "[role=main]"):
        nodes = _found(tree, selector)
        longest = max(nodes, key=lambda node: len(node.text()), default=None)
        if longest is not None and len(letters_of(longest.text())) >= ENOUGH:
            return longest
    return tree.body


def _blocks(node: Node | None) -> Iterator[str]:
    """The innermost blocks of an element, as lines of text."""
    if node is None:
        return
    left_out = set(node.css(_NO_TEXT)) if node.tag != "body" else set(node.css(f"{_NO_TEXT}, header"))
    found = False
    for block in node.css(_BLOCKS):
        if any(inner for inner in block.css(_BLOCKS) if inner != block):
            continue
        if any(parent in left_out for parent in ancestors(block)):
            continue
        text = _plain(block)
        links = "".join(_plain(link) for link in block.css("a"))
        if not text or (len(links) * 10 > len(text) * 9):
            continue
        found = True
        yield text
    if not found:
        yield from (line for part in node.text(separator="\n").split("\n") if (line := " ".join(part.split())))


def _plain(node: Node) -> str:
    return " ".join(node.text(separator=" ").split())


def _title(tree: LexborHTMLParser) -> str:
    for selector in ("h1", "title"):
        for node in _found(tree, selector):
            if text := _plain(node):
                return text
    return ""


def structured(tree: LexborHTMLParser) -> Iterator[dict[str, object]]:
    """Every object of a page's JSON-LD, at any depth."""
    waiting: list[object] = []
    for script in _found(tree, 'script[type="application/ld+json"]'):
        try:
            waiting.append(json.loads(script.text()))
        except (ValueError, RecursionError):
            continue
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _said_closed(tree: LexborHTMLParser) -> Iterator[str]:
    """What Google's paywall markup says is closed: `hasPart` with `isAccessibleForFree: false` and a `cssSelector`."""
    for one in structured(tree):
        selector = one.get("cssSelector")
        if isinstance(selector, str) and _is_false(one.get("isAccessibleForFree")):
            yield selector


def _says_not_free(tree: LexborHTMLParser) -> bool:
    return any(_is_false(one.get("isAccessibleForFree")) for one in structured(tree))


def _is_false(value: object) -> bool:
    return value is False or (isinstance(value, str) and value.lower() in ("false", "http://schema.org/false"))
