"""What `foldline init` finds out about a site: a few pages, what they are, where the gate would cut them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from foldline.sources.origin.surface_file import profile, read_map
from foldline.sources.origin.surfaces import Kind, SurfaceMap
from foldline.sources.survey.candidates import Candidates, candidates
from foldline.sources.survey.cuts import Proposal, proposed
from foldline.sources.survey.guest import Bounds, Guest, Page, arrive
from foldline.sources.survey.leaks import Leak, Rests
from foldline.sources.survey.looks import SIGNS, Look, look_at, telling_sign
from foldline.sources.survey.publication import About, about
from foldline.sources.survey.routes import Proposed, map_text, patterns, surface
from foldline.sources.survey.software import Software, software_of

#: So many pages are tried for each article that is wanted.
_TRIES = 3
#: Pages that are no articles and are linked on the front page: so many are looked at.
_OTHERS = 8
#: A page with so many links to articles, and without the sign of one, is a list of them.
LINKS = 3
_PAGING = ("page", "paged")
_API = "/api/v2/pages/?limit=1"


@dataclass(slots=True)
class Survey:
    """Everything that was found. `sign` is how articles are told, a key of SIGNS or ""; `others` are pages that are no
    articles; `kinds` counts what the map says of each address that was seen, `unmapped` are those that nothing names.
    """

    url: str
    software: Software
    candidates: Candidates
    front: Look
    articles: list[Look]
    sign: str
    others: list[Look]
    proposal: Proposal | None
    about: About
    routes: list[Proposed] = field(default_factory=list)
    surfaces: SurfaceMap | None = None
    kinds: Counter[str] = field(default_factory=Counter)
    unmapped: list[str] = field(default_factory=list)
    taken_for_articles: list[str] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    sections: Counter[str] = field(default_factory=Counter)
    missed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    asked: int = 0
    pause: float = 0.0
    robots: str = ""

    @property
    def map_text(self) -> str:
        """The surfaces.toml that this site needs; "" where the profile is enough."""
        if not self.routes:
            return ""
        head = ("surfaces.toml: what each address of the site is. docs/origin.md has every word of it.",)
        return map_text(self.software.profile, self.routes, head)


async def survey(
    url: str, count: int = 8, bounds: Bounds | None = None, told: Callable[[str], None] = lambda url: None
) -> Survey:
    """Look at a site: robots.txt, a feed, a sitemap, up to `count` articles, and some pages that are none.

    Raises:
        NoSuchSite: nothing there may be asked, or answers.
    """
    guest, page = await arrive(url, bounds or Bounds(), told)
    try:
        return await _survey(guest, page, count)
    finally:
        guest.close()


async def _survey(guest: Guest, page: Page, count: int) -> Survey:
    front = look_at(page, guest)
    found = await candidates(guest, front)
    looks = await _pages(guest, found.addresses, found.in_feed, count)
    sign = telling_sign(looks, front)
    articles = [look for look in looks if sign in look.signs or "feed" in look.signs][:count]
    seen = {look.url for look in looks} | {front.url}
    more = [url for url in front.links if url not in seen and url not in found.in_feed]
    rest = await _others(guest, more, found)
    for look in rest:
        if sign and sign in look.signs and len(articles) < count:
            articles.append(look)
    others = [look for look in (*looks, *rest) if look not in articles and not (sign and sign in look.signs)]
    api = (
        await guest.get(_API, 64 << 10, part=True, accept=b"application/json")
        if _may_be_wagtail([front, *articles])
        else None
    )
    software = software_of([front, *articles], api.body if api is not None and api.status == 200 else None)
    made = Survey(
        guest.place.url,
        software,
        found,
        front,
        articles,
        sign if articles else "",
        others,
        proposed(articles) if articles else None,
        about(guest.place, front, articles, found.listing.title, public=not guest.typed_local),
    )
    made.sections.update(look.facts.section for look in articles if look.facts.section)
    _map(made, guest)
    _look_for_rests(made)
    guest.missed.pop(guest.place.url + _API, None)
    made.missed, made.asked, made.pause, made.robots = guest.missed, guest.asked, guest.pause, guest.robots_said
    made.notes += found.notes
    if guest.enough:
        made.notes.append(f"The looking ended early: {guest.enough}.")
    return made


async def _pages(guest: Guest, addresses: Sequence[str], in_feed: frozenset[str], count: int) -> list[Look]:
    """Pages until so many of them show a sign of an article."""
    looks: list[Look] = []
    for url in addresses[: count * _TRIES]:
        page = await guest.get(url)
        if page is not None and page.is_html and all(look.url != page.url for look in looks):
            looks.append(look_at(page, guest, in_feed))
        if sum(bool(look.signs) for look in looks) >= count or guest.enough:
            break
    return looks


async def _others(guest: Guest, urls: Sequence[str], found: Candidates) -> list[Look]:
    """Pages that the front page links to and no list named: sections, the imprint, and what else there is."""
    looks: list[Look] = []
    for url in [one for one in urls if guest.may(one) and (one.endswith("html") or not re.search(r"\.\w{2,5}$", one))]:
        if len(looks) >= _OTHERS or guest.enough:
            break
        page = await guest.get(url)
        if page is not None and page.is_html:
            looks.append(look_at(page, guest, found.in_feed))
    return looks


def _may_be_wagtail(looks: Sequence[Look]) -> bool:
    return not any(look.generator for look in looks)


def _map(made: Survey, guest: Guest) -> None:
    """What the profile says of each address, and the routes that it lacks."""
    base = profile(made.software.profile)
    missing = [look.path for look in made.articles if surface(base, look.path).kind is not Kind.ARTICLE]
    if missing:
        why = f"{len(missing)} of {len(made.articles)} articles lie where the profile knows none."
        made.routes.append(Proposed("articles", Kind.ARTICLE, patterns(missing), why=why))
    now = _with(made, base)
    known = {look.url for look in made.articles} | set(made.candidates.in_feed)
    lists: dict[tuple[str, ...], list[str]] = {}
    for look in made.others:
        said = surface(now, look.path)
        if said.kind is Kind.CLOSED or (said.kind is Kind.PASSED and not said.unmapped):
            continue
        if len(known.intersection(look.links)) >= LINKS:
            lists.setdefault(_paging(look), []).append(urlsplit(look.url).path)
        elif said.kind is Kind.ARTICLE:
            made.taken_for_articles.append(look.path)
    for query, paths in lists.items():
        why = "Lists of articles. Whoever asks gets them as they are: they must show excerpts and no whole text."
        name = "lists" if not any(route.name == "lists" for route in made.routes) else "lists with pages"
        made.routes.append(Proposed(name, Kind.PASSED, _exact(paths), query, why))
    paging = _paging(made.front)
    target = surface(now, f"/?{paging[0]}=2").target if paging else b""
    if paging and b"=" not in target:
        made.routes.append(Proposed("front page", Kind.PASSED, ("/",), paging, "Its further pages are asked by query."))
    made.surfaces = now = _with(made, base)
    for url in dict.fromkeys(link for look in (made.front, *made.articles, *made.others) for link in look.links):
        parts = urlsplit(url)
        said = surface(now, parts.path + (f"?{parts.query}" if parts.query else ""))
        made.kinds["unmapped" if said.unmapped else said.kind.value] += 1
        if said.unmapped:
            made.unmapped.append(url)


def _with(made: Survey, base: SurfaceMap) -> SurfaceMap:
    return read_map(made.map_text, "surfaces.toml") if made.routes else base


def _exact(paths: Sequence[str]) -> tuple[str, ...]:
    """The paths themselves; where there are many of one kind, their pattern."""
    found = tuple(dict.fromkeys(paths))
    general = patterns(found)
    return found if len(found) < LINKS else general


def _paging(look: Look) -> tuple[str, ...]:
    """Keys of a query by which this page links to its further ones."""
    here = urlsplit(look.url).path
    keys = [key for url in look.links if urlsplit(url).path == here for key, _ in parse_qsl(urlsplit(url).query)]
    return tuple(key for key in _PAGING if key in keys)


def _look_for_rests(made: Survey) -> None:
    """Whether what is closed stands on the front page, in lists, or in the feed."""
    if made.proposal is None or made.surfaces is None:
        return
    rests = Rests(made.articles, made.proposal.spec)
    for look in (made.front, *made.others):
        said = surface(made.surfaces, look.path)
        for article in rests.found(look.page.body):
            made.leaks.append(Leak(look.url, article.path, "unmapped" if said.unmapped else said.kind.value))
    feed = " ".join(entry.text for entry in made.candidates.listing.entries)
    for article in rests.found(feed) if feed else ():
        said = surface(made.surfaces, urlsplit(made.candidates.feed).path)
        made.leaks.append(Leak(made.candidates.feed, article.path, "unmapped" if said.unmapped else said.kind.value))


def sign_words(made: Survey) -> str:
    """How articles were told, in words."""
    return SIGNS[made.sign] if made.sign else "nothing"
