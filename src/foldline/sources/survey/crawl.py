"""What `foldline map` finds out: a site's addresses, group by group, and what the map says of each."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from foldline.fold.page.spec import FoldSpec
from foldline.sources.origin.headers import Fields
from foldline.sources.origin.surfaces import READS, Kind, SurfaceMap
from foldline.sources.survey.candidates import Candidates, candidates
from foldline.sources.survey.cuts import ArticleCut, cut_of, proposed
from foldline.sources.survey.guest import Bounds, Guest, Page, arrive
from foldline.sources.survey.lacking import LINKS, PAGING, lacking, lists_of, with_routes
from foldline.sources.survey.leaks import Leak, Rests
from foldline.sources.survey.looks import Look, look_at, telling_sign
from foldline.sources.survey.routes import UNMAPPED, Proposed, general, kind_word, patterns, surface

#: Addresses that a group remembers, groups that are told apart, and bytes of pages that are kept in memory.
_SEEN, _GROUPS, _KEPT = 5_000, 400, 200 << 20
#: Articles whose closed part is looked for in the pages that are passed.
_TRACED = 12
#: Paths that one proposed route names.
_NAMED = 40
#: What a GET should not do, and on some sites does; and where nobody wants a crawler.
_UNASKED = re.compile(
    r"log-?(?:in|out)|sign-?(?:in|out|up)|admin|delete|remove|cart|checkout|unsubscribe", re.IGNORECASE
)


@dataclass(slots=True)
class Group:
    """Addresses of one pattern of which the map says the same. `looks` counts what the pages were that were asked for:
    `article`, `list`, `page`, a media type, or why there was none."""

    pattern: str
    kind: str
    route: str
    seen: dict[str, None] = field(default_factory=dict)
    asked: int = 0
    looks: Counter[str] = field(default_factory=Counter)
    waiting: deque[str] = field(default_factory=deque)


@dataclass(slots=True)
class Crawl:
    """`articles` are the cuts of pages that the map gates, by path; `proposed` what the map lacks."""

    url: str
    groups: list[Group]
    pages: list[tuple[str, Look]]
    cuts: dict[str, ArticleCut]
    proposed: list[Proposed]
    leaks: list[Leak]
    missed: dict[str, str]
    notes: list[str]
    asked: int
    sign: str


async def crawl(
    url: str,
    surfaces: SurfaceMap,
    spec: FoldSpec | None,
    bounds: Bounds,
    told: Callable[[str], None] = lambda url: None,
    *,
    known_as: str = "",
    more: Fields = (),
) -> Crawl:
    """Follow a site's links, its feed and its sitemap within bounds. What the map closes is named and not asked for.

    Without a `spec`, pages are cut where `foldline init` would propose it.

    Raises:
        NoSuchSite: nothing there may be asked, or answers.
    """
    guest, page = await arrive(url, bounds, told, known_as=known_as, more=more)
    try:
        return await _Crawler(guest, surfaces, spec).run(page)
    finally:
        guest.close()


class _Crawler:
    def __init__(self, guest: Guest, surfaces: SurfaceMap, spec: FoldSpec | None) -> None:
        self._guest = guest
        self._surfaces = surfaces
        self._spec = spec
        self._groups: dict[tuple[str, str], Group] = {}
        self._pages: list[tuple[str, Look]] = []
        self._kept = 0
        self._crowded = False

    async def run(self, first: Page) -> Crawl:
        front = look_at(first, self._guest)
        found = await candidates(self._guest, front)
        self._take(front, found)
        self._see(found.addresses)
        while (group := self._next()) is not None and not self._guest.enough and self._kept < _KEPT:
            url = group.waiting.popleft()
            group.asked += 1
            page = await self._guest.get(url)
            if page is None:
                group.looks[self._guest.missed.get(url, "no answer")] += 1
            elif not page.is_html:
                group.looks[page.kind if page.status == 200 else f"status {page.status}"] += 1
            else:
                self._take(look_at(page, self._guest, found.in_feed), found)
        return self._done(front, found)

    def _take(self, look: Look, found: Candidates) -> None:
        # A tree is many times its page: what is needed of it was read.
        look.source = None
        self._kept += len(look.page.body)
        if all(other.url != look.url for _, other in self._pages):
            self._pages.append((kind_word(self._surfaces, look.url), look))
        # The further pages that an article links to are of its comments, or of itself: the gate knows one address.
        links = [url for url in look.links if not (look.signs and urlsplit(url).query)]
        self._see([look.url, *links, *look.feeds, *([found.sitemap] if found.sitemap else [])])

    def _see(self, urls: Iterable[str]) -> None:
        for url in urls:
            parts = urlsplit(url)
            said = surface(self._surfaces, parts.path + (f"?{parts.query}" if parts.query else ""))
            kind = UNMAPPED if said.unmapped else said.kind.value
            key = (general(parts.path), f"{kind} {said.route}")
            if key not in self._groups and len(self._groups) >= _GROUPS:
                self._crowded = True
                continue
            group = self._groups.setdefault(key, Group(key[0], kind, said.route))
            if url in group.seen or len(group.seen) >= _SEEN:
                continue
            group.seen[url] = None
            paged = {key for key, _ in parse_qsl(parts.query, keep_blank_values=True)} <= set(PAGING)
            reads = said.allow <= READS and (said.unmapped or said.kind in (Kind.ARTICLE, Kind.PASSED))
            known = any(look.url == url for _, look in self._pages)
            if paged and reads and not known and not _UNASKED.search(parts.path) and self._guest.may(url):
                group.waiting.append(url)

    def _next(self) -> Group | None:
        """The group of which least is known: so a calendar without an end never eats all there is."""
        return min((group for group in self._groups.values() if group.waiting), key=lambda one: one.asked, default=None)

    def _done(self, front: Look, found: Candidates) -> Crawl:
        looks = [look for _, look in self._pages]
        sign = telling_sign([look for look in looks if look is not front], front)
        articles = [look for look in looks if (sign and sign in look.signs) or "feed" in look.signs]
        others = [look for look in looks if look not in articles]
        known = {look.url for look in articles} | found.in_feed
        lists = lists_of(others, known)
        spec = self._spec or self._proposed(articles)
        cuts = {look.path: cut_of(look, spec) for kind, look in self._pages if kind == Kind.ARTICLE.value}
        rests = Rests(articles[:_TRACED], spec)
        shown = {look.url: [one.path for one in rests.found(look.page.body)] for look in others}
        open_lists = {look.url for look in lists if not shown[look.url]}
        routes = lacking(self._surfaces, articles, others, front, open_lists)
        now = with_routes(self._surfaces, routes)
        for _, look in self._pages:
            said = surface(self._surfaces, look.path)
            kind = UNMAPPED if said.unmapped else said.kind.value
            group = self._groups.get((general(urlsplit(look.url).path), f"{kind} {said.route}"))
            if group is not None:
                group.looks["article" if look in articles else "list" if look in lists else "page"] += 1
        routes += [*self._unmapped(now), *_no_articles(now, others)]
        leaks = [Leak(url, path, kind_word(now, url)) for url, paths in shown.items() for path in paths]
        notes = list(found.notes)
        if self._guest.enough or self._kept >= _KEPT:
            left = sum(len(group.waiting) for group in self._groups.values())
            notes.append(f"Not all was asked: {self._guest.enough or 'memory is full'}; {left} addresses wait.")
        if self._crowded:
            notes.append(f"There are more than {_GROUPS} patterns of addresses: the others were left out.")
        groups = merged(self._groups.values())
        url = self._guest.place.url
        return Crawl(url, groups, self._pages, cuts, routes, leaks, self._guest.missed, notes, self._guest.asked, sign)

    def _proposed(self, articles: list[Look]) -> FoldSpec:
        """What `init` would write for the first of them; read again, for their trees are gone."""
        looks = [look_at(look.page, self._guest) for look in articles[:_TRACED]]
        return proposed(looks).spec if looks else FoldSpec()

    def _unmapped(self, now: SurfaceMap) -> Iterable[Proposed]:
        """Lines for what no route names even then: nothing of it is opened without somebody who knows it."""
        number = 0
        for group in list(self._groups.values()):
            left = [url for url in group.seen if kind_word(now, url) == UNMAPPED]
            if not left or group.kind != UNMAPPED:
                continue
            number += 1
            paths = tuple(dict.fromkeys(urlsplit(url).path for url in left))
            paths = paths if len(paths) < LINKS else (group.pattern,)
            if group.looks["article"]:
                yield Proposed(
                    f"unmapped {number}", Kind.ARTICLE, paths, (), "Articles were found there.", certain=False
                )
            elif group.looks["page"] or group.looks["list"]:
                why = "No page there looks like an article. Pass them if you know that none is."
                yield Proposed(f"unmapped {number}", Kind.PASSED, paths, (), why, certain=False)
            else:
                what = ", ".join(group.looks) or "not asked for"
                yield Proposed(f"unmapped {number}", Kind.CLOSED, paths, (), f"It is no page ({what}).", certain=False)


def _no_articles(now: SurfaceMap, others: Sequence[Look]) -> Iterator[Proposed]:
    """Pages that lie where articles lie, and do not look like any: they would be cut."""
    paths = [urlsplit(look.url).path for look in others if surface(now, look.path).kind is Kind.ARTICLE]
    if found := tuple(dict.fromkeys(paths)):
        why = "Taken for articles by where they lie, without looking like any. Pass those that are none."
        yield Proposed("pages", Kind.PASSED, found[:_NAMED], (), why, certain=False)


def merged(groups: Iterable[Group]) -> list[Group]:
    """Groups that differ in one folder's name alone are one, where there are several: the unmapped first."""
    alike: dict[tuple[str, ...], list[Group]] = {}
    for group in groups:
        segments = group.pattern.split("/")
        shape = "/".join([*segments[:2], *("*" if "{" not in one else one for one in segments[2:])])
        alike.setdefault((group.kind, group.route, shape), []).append(group)
    made: list[Group] = []
    for same in alike.values():
        if len(same) < LINKS:
            made += same
            continue
        pattern = patterns(urlsplit(url).path for group in same for url in group.seen)
        whole = Group(", ".join(pattern), same[0].kind, same[0].route)
        for group in same:
            whole.seen |= group.seen
            whole.asked += group.asked
            whole.looks += group.looks
        made.append(whole)
    return sorted(made, key=lambda group: (group.kind != UNMAPPED, group.kind, group.pattern))
