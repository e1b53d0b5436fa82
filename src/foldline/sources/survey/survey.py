"""What `foldline init` finds out about a site: a few pages, what they are, where the gate would cut them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from foldline.sources.origin.surface_file import profile
from foldline.sources.origin.surfaces import Kind, SurfaceMap
from foldline.sources.survey.candidates import Candidates, candidates
from foldline.sources.survey.cuts import Proposal, proposed
from foldline.sources.survey.guest import Bounds, Guest, Page, arrive
from foldline.sources.survey.lacking import lacking, lists_of, with_routes
from foldline.sources.survey.leaks import Leak, Rests
from foldline.sources.survey.looks import Look, calls_itself, look_at, telling_sign
from foldline.sources.survey.publication import About, about
from foldline.sources.survey.routes import UNMAPPED, Proposed, kind_word, map_text, surface
from foldline.sources.survey.software import Software, software_of

#: So many pages are tried for each article that is wanted.
_TRIES = 3
#: Pages that are no articles and are linked on the front page: so many are looked at.
_OTHERS = 8
_API = "/api/v2/pages/?limit=1"


@dataclass(slots=True)
class Survey:
    """Everything that was found.

    `sign` is how articles are told, a key of `looks.SIGNS` or ""; `others` are pages that are no articles; `kinds`
    counts what the map says of each address that was seen, and `unmapped` are those that nothing names.
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
    if guest.know_as(calls_itself(front)):
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
        about(
            guest.place,
            front,
            articles,
            found.listing.title,
            public=not guest.typed_local,
            known_as=guest.known_as,
        ),
    )
    made.sections.update(look.facts.section for look in articles if look.facts.section)
    _map(made)
    guest.missed.pop(guest.place.url + _API, None)
    made.missed, made.asked, made.pause, made.robots = guest.missed, guest.asked, guest.pause, guest.robots_said
    made.notes += found.notes
    if guest.known_as is not None:
        made.notes.append(f"Its links lead to {guest.known_as.url}: they were followed here, at {guest.place.url}.")
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


def _map(made: Survey) -> None:
    """What the profile says of each address, and the routes that it lacks."""
    base = profile(made.software.profile)
    shown = _found_again(made)
    known = {look.url for look in made.articles} | made.candidates.in_feed
    lists = lists_of([made.front, *made.others], known)
    open_lists = {look.url for look in lists if look.url not in shown}
    made.routes = lacking(base, made.articles, made.others, made.front, open_lists)
    made.surfaces = now = with_routes(base, made.routes)
    for look in made.others:
        if surface(now, look.path).kind is Kind.ARTICLE:
            made.taken_for_articles.append(look.path)
    for url in dict.fromkeys(link for look in (made.front, *made.articles, *made.others) for link in look.links):
        kind = kind_word(now, url)
        made.kinds[kind] += 1
        if kind == UNMAPPED:
            made.unmapped.append(url)
    made.leaks = [Leak(url, path, kind_word(now, url)) for url, paths in shown.items() for path in paths]


def _found_again(made: Survey) -> dict[str, list[str]]:
    """Where what is closed is shown beside its own page: address, and paths of the articles."""
    if made.proposal is None:
        return {}
    rests = Rests(made.articles, made.proposal.spec)
    texts: dict[str, str | bytes] = {look.url: look.page.body for look in (made.front, *made.others)}
    if made.candidates.feed:
        texts[made.candidates.feed] = " ".join(entry.text for entry in made.candidates.listing.entries)
    shown = {url: [article.path for article in rests.found(text)] for url, text in texts.items()}
    return {url: paths for url, paths in shown.items() if paths}
