"""Once a day the lists of a site are looked at: one that shows whole texts gives away what its articles keep closed.

The gate sends lists on byte for byte. What `foldline map` says of them before a site is gated is true until somebody
changes the theme.
"""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import urlsplit

from foldline.config import Settings
from foldline.errors import StoreUnavailable
from foldline.policy.facts import Access
from foldline.sources.origin.headers import SECRET
from foldline.sources.origin.open_lists import line_of, unseen
from foldline.sources.origin.surfaces import Kind
from foldline.sources.survey.crawl import crawl
from foldline.sources.survey.guest import Bounds
from foldline.sources.survey.hosts import NoSuchSite
from foldline.sources.survey.leaks import Leak
from foldline.stores.database import is_made
from foldline.stores.records import PublicStore

log = logging.getLogger(__name__)

#: So many pages are asked for in a look, with the pause that any guest keeps.
BOUNDS = Bounds(pages=60, seconds=240)


def look(settings: Settings, bounds: Bounds = BOUNDS) -> str:
    """Which lists that are passed show what is closed, in a line (`open_lists`); "" where none does. The site is asked
    as the gate asks it, and robots.txt is kept to. Each list is logged with one of its articles.

    Raises:
        ValueError: the settings name no site at an address.
    """
    origin = settings.origin
    if origin is None or origin.mounted:
        raise ValueError("these settings name no site at an address")
    more = ((b"host", settings.host.encode()), (SECRET, origin.secret.encode()))
    public = settings.publication.url
    try:
        found = asyncio.run(crawl(origin.url, origin.surfaces, origin.spec, bounds, known_as=public, more=more))
    except NoSuchSite as error:
        return unseen(str(error))
    shown = _closed(found.leaks, _free(settings))
    for path, article in shown.items():
        log.warning("%s shows what is closed of %s, and is passed", path, article)
    return line_of(sorted(shown))


def _closed(leaks: list[Leak], free: frozenset[str]) -> dict[str, str]:
    """Lists that are passed, each with an article that they show and that is not known to be free."""
    shown: dict[str, str] = {}
    for leak in leaks:
        if leak.kind == Kind.PASSED.value and leak.article not in free:
            parts = urlsplit(leak.url)
            shown.setdefault(parts.path + (f"?{parts.query}" if parts.query else ""), leak.article)
    return shown


def _free(settings: Settings) -> frozenset[str]:
    """Articles of which the gate knows that they are free. One that it does not know is held closed."""
    if not is_made(settings.home.public_db):
        return frozenset()
    try:
        store = PublicStore(settings.home)
        try:
            return frozenset(article.path for article in store.articles() if article.access is Access.FREE)
        finally:
            store.close()
    except StoreUnavailable:
        return frozenset()
