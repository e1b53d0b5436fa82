"""A gate's line to the application that it is mounted in."""

from __future__ import annotations

from collections.abc import Callable

from foldline.config import Settings
from foldline.errors import ConfigurationError, Problem
from foldline.gate.asgi import Receive, Send
from foldline.gate.request import Request
from foldline.server.origin_link import AGENT
from foldline.sources.mounted.identity import Place
from foldline.sources.origin.asking import Fetching
from foldline.sources.origin.fetch import ArticleFetcher, Fetched, ignore
from foldline.sources.origin.freshness import Bounds
from foldline.sources.origin.headers import Asker
from foldline.sources.origin.lists import FetchedList, fetch_list
from foldline.sources.origin.surfaces import Surface
from foldline.stores.database import is_made
from foldline.stores.fetched import FetchedPages

#: The message that hands a request back to the adapter: it is the one who can call the application for a reader.
FORWARD = "foldline.forward"


class MountedLink:
    """Articles are fetched from `site`; what is forwarded is told to the adapter, in place of an answer."""

    def __init__(self, settings: Settings, site: Fetching, on_change: Callable[[bytes, str], None] = ignore) -> None:
        if settings.origin is None:
            raise ValueError("these settings name no origin")
        self.surfaces = settings.origin.surfaces
        self._site = site
        self._store = FetchedPages(settings.home)
        self._asker = asker = Asker(settings.host.encode(), place_of(settings).scheme.encode(), "", b"")
        bounds = Bounds(keeps_all=True)
        self._fetcher = ArticleFetcher(site, self._store, asker, AGENT, bounds=bounds, on_change=on_change)

    def surface_of(self, request: Request) -> Surface:
        """What a request is."""
        return self.surfaces.surface_of(request.method, request.path, request.query)

    async def fetch(self, surface: Surface) -> Fetched:
        """What the application has at an article's surface.

        Raises:
            OriginUnavailable: it does not answer, and nothing is kept.
        """
        return await self._fetcher.fetch(surface.target, surface.page)

    async def fetch_list(self, surface: Surface) -> FetchedList:
        """What the application has at a surface that is rewritten.

        Raises:
            OriginUnavailable: it does not answer.
        """
        return await fetch_list(self._site, surface.target, surface.form, self._asker, AGENT)

    async def forward(self, surface: Surface, request: Request, receive: Receive, send: Send) -> int:
        """Hand the request back. 0: nothing is left to say here."""
        await send({"type": FORWARD, "surface": surface})
        return 0

    def forget(self, page: bytes) -> None:
        """The store was told of a page: what this process knows of it beside the store is good no more."""
        self._fetcher.forget(page)

    def forget_all(self) -> None:
        """The same for every page."""
        self._fetcher.forget_all()

    async def close(self) -> None:
        """End what is under way."""
        await self._fetcher.close()
        self._site.close()
        self._store.close()


def place_of(settings: Settings, mount: str = "") -> Place:
    """Where the application of a publication stands."""
    return Place(settings.publication.url, mount)


def require_mounted(settings: Settings) -> Settings:
    """The settings, where they are those of a mounted gate.

    Raises:
        ConfigurationError: FL236 they are not, FL041 the databases are not there.
    """
    where = str(settings.home.settings_file)
    if settings.origin is None or not settings.origin.mounted:
        hint = "Write `[origin]` and `mounted = true` into it."
        raise ConfigurationError((Problem("FL236", "the gate is mounted, and nothing here says so", where, hint),))
    home = settings.home
    places = (home.site_db, home.public_db, home.sealed_db, home.meter_db, home.fetched_db)
    if missing := [place.name for place in places if not is_made(place)]:
        what = f"missing: {', '.join(missing)}"
        raise ConfigurationError((Problem("FL041", what, str(home.path), "Run `foldline migrate` first."),))
    return settings
