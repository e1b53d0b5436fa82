"""Which articles are audited: those that were named, and some that the site's sitemap or feed lists."""

from __future__ import annotations

from collections.abc import Sequence

from foldline.errors import Problem
from foldline.proof.audit.asking import Visitor
from foldline.proof.audit.discovery import paths_of
from foldline.proof.audit.finding import CantAudit
from foldline.proof.audit.probes import ask

_LISTS = (
    "/sitemap.xml",
    "/news-sitemap.xml",
    "/sitemap_index.xml",
    "/wp-sitemap.xml",
    "/feed",
    "/feed.xml",
    "/rss.xml",
)
_PARTS = 3
#: For each article that is wanted, so many addresses may be asked for: lists and free articles stand in sitemaps, too.
_SPARE = 6


async def articles_of(visitor: Visitor, named: Sequence[str], sample: int) -> tuple[list[str], list[str]]:
    """Paths of the articles that were named, in their order, and where so many more may be found: what the site's
    sitemap or feed lists, spread over all of it.

    Raises:
        CantAudit: FL334, one that was named lies on another site, or there are none.
        Stopped: the site wants no questions.
    """
    paths = []
    for one in named:
        own = visitor.own(one)
        if own is None:
            what = "this article is not of the site that is audited"
            raise CantAudit(Problem("FL334", what, one, f"Name articles of {visitor.place.url}."))
        paths.append(own)
    spare: list[str] = []
    if sample:
        listed = await _listed(visitor)
        most = sample * _SPARE
        spare = listed[:: max(1, len(listed) // most)][:most]
    if not paths and not spare:
        hint = "Name some with --article PATH, or let some be taken from the sitemap with --sample 3."
        raise CantAudit(Problem("FL334", "no article was named or found", visitor.place.url, hint))
    return list(dict.fromkeys(paths)), spare


async def _listed(visitor: Visitor) -> list[str]:
    for at in _LISTS:
        reply = await visitor.ask(ask(at))
        if reply.status != 200:
            continue
        found = [own for one in paths_of(reply.text) if (own := visitor.own(one)) and own.strip("/")]
        if b"<sitemapindex" in reply.body[:2000]:
            parts = [await visitor.ask(ask(part)) for part in found[:_PARTS]]
            found = [own for part in parts for one in paths_of(part.text) if (own := visitor.own(one))]
        # The front page and lists stand in sitemaps, too: an article lies deeper.
        deep = [path for path in dict.fromkeys(found) if path.strip("/")]
        if deep:
            return sorted(deep, key=lambda path: -min(path.strip("/").count("/") + path.count("-"), 3))
    return []
