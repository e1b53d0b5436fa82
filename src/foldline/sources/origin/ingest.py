"""A page that an origin answered becomes an article record: a preview with the gate's element in it, and, sealed, the
whole of the origin's own page."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from foldline.fold.page.facts import PageFacts
from foldline.fold.page.parts import Parts
from foldline.fold.page.read import CutPage, read_page
from foldline.fold.page.spec import FoldSpec
from foldline.pages.assets import asset_path
from foldline.pages.public import Publication
from foldline.pages.wall import WallFacts, refused_walls, wall
from foldline.pages.words import Words
from foldline.policy.facts import Access, Article
from foldline.policy.rules import Rules
from foldline.sources.origin.answers import charset_of
from foldline.sources.origin.cut_alarms import LOCKED
from foldline.stores.fetched import FetchedPage
from foldline.stores.records import ArticleRecord

#: The product that opens every article of an origin: the whole publication.
PRODUCTS = frozenset((1,))

#: Where the script puts a rest; an origin's page is loaded anew instead, so that nothing of the site's own is touched.
_REST = "foldline-rest"
_PLACE = f'<div id="{_REST}" hidden></div>'

#: Another number where this program makes another record of the same page: all are then made anew.
_MADE = 4
#: What the gate says itself of each page, whatever the origin says.
_OURS = ((b"content-type", b"text/html; charset=utf-8"), (b"x-content-type-options", b"nosniff"))
#: What it leaves out of a page's header: how long an answer is good for the gate is no word to any cache about a whole.
_SAID_ANEW = frozenset((*dict(_OURS), b"cache-control"))


def untold(article: Article, cut: CutPage, sealed: bool) -> None:
    """Where nobody wants to know how pages were cut."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """What pages of an origin are made with. `number_of` gives an article's number by its path; `on_cut` hears how each
    was cut, and whether anything of it is sealed."""

    publication: Publication
    words: Words
    spec: FoldSpec
    number_of: Callable[[str], int]
    on_cut: Callable[[Article, CutPage, bool], None] = untold

    @property
    def edition(self) -> str:
        """Changes when the same page would be made into another record."""
        said = repr((_MADE, self.publication, dict(self.words), self.spec))
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    def digest(self, fetched: FetchedPage, rules: Rules | None) -> str:
        """Changes with the page, with the edition, and with the rules that may close what is free."""
        closing = repr([(rule.articles, sorted(rule.keeps)) for rule in rules.closing]) if rules is not None else "-"
        return hashlib.sha256(f"{fetched.digest}\n{self.edition}\n{closing}".encode()).hexdigest()[:32]

    def record(self, path: str, fetched: FetchedPage, version: int, rules: Rules | None) -> ArticleRecord:
        """The record of a page. A page whose fold is not certain is headline and standfirst; it is never left open.

        Only a page that says that it is free, and that no rule may close, is stored without a fold.
        """
        cut = read_page(fetched.body, charset_of(fetched.headers), self.spec, self.publication.url + path)
        article = article_of(self.number_of(path), path, cut.facts)
        free = article.access is Access.FREE and rules is not None and not rules.may_close(article)
        sealed = bool(cut.parts.sealed) and not free
        self.on_cut(article, cut, sealed)
        facts = WallFacts(article.id, path, f"#{_REST}")
        walls = {"free": _PLACE + wall("free", facts, self.publication, self.words)}
        if sealed:
            said = {
                "ask": wall("ask", facts, self.publication, self.words),
                "open": wall("open", facts, self.publication, self.words),
                **refused_walls(facts, self.publication, self.words),
            }
            walls = {name: _PLACE + text for name, text in said.items()}
        head = self._head()
        before, after = sides(cut.parts, head, cut.codec, whole=not sealed)
        rest, rest_after = sides(cut.parts, head, cut.codec, whole=True)
        return ArticleRecord(
            path=path,
            article=article,
            version=version,
            before=before,
            between="",
            after=after,
            walls=walls,
            rest=rest if sealed else "",
            rest_after=rest_after if sealed else None,
            headers=(*_OURS, *(field for field in fetched.headers if field[0] not in _SAID_ANEW)),
            digest=self.digest(fetched, rules),
            # A page that is open to everybody needs no fold.
            alarms=() if free else (*((LOCKED,) if cut.locked else ()), *cut.alarms),
            headline=cut.facts.headline,
        )

    def _head(self) -> str:
        style = asset_path("wall.css", self.publication.prefix)
        script = asset_path("foldline.js", self.publication.prefix)
        return f'<link rel="stylesheet" href="{style}"><script type="module" src="{script}"></script>'


#: What a page says of itself, as a level. That it is not free says nothing about who may read it: the rules do.
_LEVELS: dict[str, Access] = {
    "": Access.BY_RULE,
    "closed": Access.BY_RULE,
    "free": Access.FREE,
    "registered": Access.REGISTERED,
    "metered": Access.METERED,
    "subscribers": Access.SUBSCRIBERS,
}


def article_of(number: int, path: str, facts: PageFacts) -> Article:
    """What rules may ask of a page."""
    published = int(facts.published.timestamp()) if facts.published else 0
    tags = frozenset(word for tag in facts.tags if (word := slug(tag)))
    return Article(number, _LEVELS.get(facts.access), slug(facts.section), PRODUCTS, tags, published, path)


def sides(parts: Parts, head: str, codec: str, *, whole: bool) -> tuple[str, str]:
    """A presentation's text before the gate's place, and behind it."""
    pieces = iter(parts.sealed)
    told: tuple[list[str], list[str]] = ([], [])
    side = 0
    for part in parts.public:
        data = part.data
        if part.kind == "sealed":
            data = next(pieces)
            if not whole:
                continue
        if part.kind == "preview" and whole:
            continue
        if part.kind == "wall":
            side = 1
        elif part.kind == "head":
            told[side].append(head)
        else:
            told[side].append(data.decode(codec, "replace"))
    return "".join(told[0]), "".join(told[1])


def slug(name: str) -> str:
    """A section or a tag as rules name it: `Public notices` is `public-notices`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
