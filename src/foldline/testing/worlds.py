"""A world: a home folder with a small newspaper in it, and a gate in this process that serves it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Protocol
from unittest.mock import patch

from foldline.clock import Clock
from foldline.config import Settings
from foldline.errors import StoreUnavailable
from foldline.fold.cut import FoldRule
from foldline.fold.prove import Known
from foldline.gate.asgi import GateApp, PassReader
from foldline.gate.library import Library
from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.gate.spending import Spender
from foldline.pages.fragment import Fragment as PageFragment
from foldline.pages.layout import ArticlePage, Layout
from foldline.pages.public import Card, Listing, Newsstand, Publication, StandCard
from foldline.pages.record import FeedItems, PublicPage, Record, Rest, Sheet
from foldline.pages.words import Words
from foldline.policy.decide import Decision, Opening
from foldline.policy.facts import Article
from foldline.policy.open_now import OpenNow
from foldline.server.gate_state import keyring_of, state_of
from foldline.server.pictures import pictures_of
from foldline.signed.counting import Charge, Counted
from foldline.signed.keys import Keyring
from foldline.signed.reader_pass import Pass, PassFacts
from foldline.sources.articles.compose import Composed, chrome, compose
from foldline.sources.articles.draft import Draft
from foldline.stores.address import Address
from foldline.stores.memory_meter import MemoryMeter
from foldline.stores.meter import MeterStore
from foldline.stores.passes import PassStore
from foldline.stores.records import ArticleRecord, PublicStore, RecordWriter, SealedStore
from foldline.stores.schema import connect
from foldline.syndication import sitemaps
from foldline.syndication.feeds.documents import Channel, document
from foldline.syndication.feeds.item import read, told, written
from foldline.syndication.feeds.naming import FILES, content_type, feed_path
from foldline.syndication.sitemaps import News, Place
from foldline.testing.builders import (
    ADA,
    FAILING_PATH,
    GATED,
    GONE_PATH,
    HOST,
    METERED,
    OLD_PATH,
    OTHER_TITLE,
    REGISTERED,
    RIVERS,
    SCIENCE,
    STORIES,
    UNREADABLE_PATH,
    Story,
    body_of,
    card_of,
    home_at,
    story_draft,
)
from foldline.testing.client import GateClient
from foldline.testing.clock import FrozenClock
from foldline.testing.gifts import StoredGifts, taken_back, write_gifts
from foldline.testing.passes import Carry, write_facts

#: When the feeds of every world were written.
FEEDS_WRITTEN = 1_772_000_000

#: A session about which the store never answers.
SILENT_SESSION = b"store is silent."


def open_beside(now: int) -> tuple[OpenNow, ...]:
    """Things that are open to everybody, and none of them a story of a world at `now`."""
    return (
        OpenNow("site", "", "A flood that is over", now - 7200, now),
        OpenNow("section", SCIENCE.path.rpartition("/")[2], "An eclipse to come", now + 3600, now + 7200),
        OpenNow("section", "town", "Works on the bridge", now - 60, now + 7200),
        OpenNow("article", "999", "Public safety", now - 60, now + 7200),
    )


class Gate(Protocol):
    """An honest gate, as something wrapped around it sees it."""

    @property
    def world(self) -> World: ...

    async def run(self, request: Request) -> Response: ...


Around = Callable[[Gate, Request], Awaitable[Response]]


def same_record(record: ArticleRecord, made: Composed[ArticlePage]) -> ArticleRecord:
    return record


def same_card(card: Card, made: Composed[ArticlePage]) -> Card:
    return card


def same_keyring(keyring: Keyring) -> Keyring:
    return keyring


def same_passes(passes: PassReader) -> PassReader:
    return passes


@dataclass(frozen=True)
class Breaks:
    """What a seeded fault puts in the place of a real part: one of these, the others stay.

    `attributes` are (object, name, replacement), put in place by `holding`.
    """

    record: Callable[[ArticleRecord, Composed[ArticlePage]], ArticleRecord] = same_record
    card: Callable[[Card, Composed[ArticlePage]], Card] = same_card
    stored: Callable[[World], None] | None = None
    around: Around | None = None
    keyring: Callable[[Keyring], Keyring] = same_keyring
    passes: Callable[[PassReader], PassReader] = same_passes
    attributes: tuple[tuple[object, str, object], ...] = ()

    @property
    def on_disk(self) -> bool:
        """Whether this changes what is written when something is published."""
        return self.record is not same_record or self.card is not same_card or self.stored is not None

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Let the attributes hold. Once for all worlds: they stand in this process, not in a world."""
        with ExitStack() as stack:
            for target, name, replacement in self.attributes:
                stack.enter_context(patch.object(target, name, replacement))
            yield


WHOLE = Breaks()


class SeededRandom:
    """The same bytes in every world, call by call."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._calls = 0

    def __call__(self, count: int) -> bytes:
        self._calls += 1
        return hashlib.shake_256(self._seed + b"%d" % self._calls).digest(count)


class StoredPasses:
    """Reads pass facts without a thread; says nothing about SILENT_SESSION."""

    def __init__(self, store: PassStore) -> None:
        self._store = store

    async def renew(self, held: Pass) -> PassFacts | None:
        if held.session == SILENT_SESSION:
            raise StoreUnavailable("pass facts: the store of this test is silent")
        return self._store.facts(held.session)


class KeptMeter:
    """Counts without a thread."""

    def __init__(self, store: MeterStore) -> None:
        self._store = store

    async def spend(self, charge: Charge) -> Counted:
        return self._store.spend(charge)


class NoSite:
    """Stands where the site process would: it never answers."""

    async def forward(self, request: Request) -> Response:
        raise StoreUnavailable("there is no site process in a world")


class FailingRecords:
    """The public records, but one path raises what nobody expects, and one can't be read."""

    def __init__(self, store: PublicStore) -> None:
        self._store = store

    def find(self, path: str) -> Record | None:
        if path == FAILING_PATH:
            raise RuntimeError("a part of the gate failed")
        if path == UNREADABLE_PATH:
            raise StoreUnavailable("public records: unreadable in a world")
        return self._store.find(path)

    def path_of(self, article: int) -> str | None:
        return self._store.path_of(article)

    def items(self, feed: str) -> FeedItems | None:
        return self._store.items(feed)


class SealedRecords:
    """The sealed records; `down` lets every read fail, `reads` counts them."""

    def __init__(self, store: SealedStore) -> None:
        self._store = store
        self.down = False
        self.reads = 0

    def rest(self, page: PublicPage, opening: Opening) -> Rest:
        self.reads += 1
        if self.down:
            raise StoreUnavailable("sealed records: down in this test")
        return self._store.rest(page, opening)


class WorldGate(GateApp):
    """The gate of a world, with whatever a fault wraps around it."""

    world: World

    async def run(self, request: Request) -> Response:
        around = self.world.breaks.around
        if around is None:
            return await super().run(request)
        return await around(_Honest(self, self.world), request)

    async def honest(self, request: Request) -> Response:
        return await super().run(request)


@dataclass(frozen=True, slots=True)
class _Honest:
    gate: WorldGate
    world: World

    async def run(self, request: Request) -> Response:
        return await self.gate.honest(request)


class World:
    """A newspaper on disk and its gate in memory. `rests` are Markdown, by the number of the article.

    Everything else is the same in every world: clock, secret, random source, numbers, addresses, times and words.
    Use it in a `with` block. `notes` are its decisions, as they would be written down, `marks` whose reads they are
    (article, mark). `like` is a world whose newspaper is served as it lies on disk, by another gate. With a `database`
    its tables lie there.
    """

    def __init__(
        self,
        folder: Path,
        rests: Mapping[int, str],
        clock: Clock | None = None,
        breaks: Breaks = WHOLE,
        like: World | None = None,
        database: Address | None = None,
    ) -> None:
        self.clock = clock or FrozenClock()
        self.breaks = breaks
        self.settings: Settings = like.settings if like else home_at(folder, database=database)
        self.home = self.settings.home
        self.state = state_of(self.settings, self.clock)
        self.state.random = SeededRandom("world")
        if self.state.rules is not None:
            self.state.rules = self.state.rules.with_open_now(open_beside(int(self.clock.now())))
        self.notes: list[tuple[int, Decision]] = []
        self.marks: list[tuple[int, str]] = []
        self.state.note = self._note
        self.state.keyring = breaks.keyring(self.state.keyring)
        self.meter = MemoryMeter()
        self.layout, self._said = _layout_of(self.settings.publication, self.state.words)
        self.made: dict[int, Composed[ArticlePage]] = like.made if like else {}
        self.state.taken_back.learn(taken_back())
        if not like:
            self._publish(rests)
            write_gifts(self.home, int(self.clock.now()))
        self._loop = asyncio.new_event_loop()
        self.start()

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Let the gate forget everything that it holds in memory, as after a restart."""
        self.sealed = SealedRecords(SealedStore(self.home))
        self.app = WorldGate(
            self.state,
            Library(FailingRecords(PublicStore(self.home)), self.sealed),
            Spender(KeptMeter(self.meter), self.clock),
            self.breaks.passes(StoredPasses(PassStore(self.home))),
            NoSite(),
            pictures_of(self.home),
            gifts=StoredGifts(self.home),
        )
        self.app.world = self
        self.client = GateClient(self.app, HOST.encode(), self._loop)

    def _note(self, article: int, decision: Decision, *, institution: str = "", who: str = "") -> None:
        self.notes.append((article, decision))
        if who:
            self.marks.append((article, who))

    def close(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def carry(self) -> Carry:
        """What this publication's readers carry, signed by its honest keys."""
        return Carry(keyring_of(self.settings), self.clock, self.state.window(int(self.clock.now())))

    def know(self, *facts: PassFacts) -> None:
        """Let the store know sessions."""
        write_facts(self.home, *facts)

    def rewrite(self, story: Story, rest: str, version: int) -> None:
        """Publish a story again with another rest, as its next version."""
        writer = RecordWriter(self.home)
        try:
            self._put(writer, story, {story.id: rest}, version)
        finally:
            writer.close()
        self.app.library.forget(story.path.encode())

    def withdraw(self, story: Story) -> None:
        """Take a story back: its path is gone."""
        writer = RecordWriter(self.home)
        try:
            writer.put_gone(story.path)
        finally:
            writer.close()
        self.app.library.forget(story.path.encode())

    def public_rows(self) -> list[tuple[object, ...]]:
        """Everything that lies in the public file, for a comparison outside of any answer."""
        connection = connect(self.home.public_db, read_only=True)
        try:
            records = connection.execute("SELECT * FROM records ORDER BY path").fetchall()
            return [*records, *connection.execute("SELECT * FROM fragments ORDER BY path, name").fetchall()]
        finally:
            connection.close()

    def _publish(self, rests: Mapping[int, str]) -> None:
        writer = RecordWriter(self.home)
        try:
            cards = tuple(self._put(writer, story, rests, 1) for story in STORIES)
            _put_lists(writer, self.layout, cards)
        finally:
            writer.close()
        if self.breaks.stored is not None:
            self.breaks.stored(self)

    def _put(self, writer: RecordWriter, story: Story, rests: Mapping[int, str], version: int) -> Card:
        rule = FoldRule(self.settings.fold_paragraphs, self.settings.fold_characters)
        made = story_draft(story, body_of(story, rests))
        composed = compose(made, self.layout, rule, (self._said,))
        self.made[story.id] = composed
        writer.put_article(self.breaks.record(record_of(made, composed, self.layout, version), composed))
        return self.breaks.card(card_of(made), composed)


@lru_cache(maxsize=8)
def _layout_of(publication: Publication, words: Words) -> tuple[Layout, Known]:
    layout = Layout(publication, words)
    return layout, chrome(layout)


def record_of(draft: Draft, made: Composed[ArticlePage], layout: Layout, version: int = 1) -> ArticleRecord:
    """A composed article as it is stored."""
    section = draft.section.path.rpartition("/")[2] if draft.section else ""
    tags = frozenset(tag.path.rpartition("/")[2] for tag in draft.tags)
    published = int(draft.published_at.timestamp())
    return ArticleRecord(
        path=draft.path,
        article=Article(draft.id, made.public.access, section, draft.products, tags, published, draft.path),
        version=version,
        before=made.page.before,
        between=made.page.between,
        after=made.page.after,
        walls=made.page.walls,
        rest=made.rest,
        opened=made.page.opened,
        item=written(told(made.public, layout.publication, layout.words)),
    )


def _put_lists(writer: RecordWriter, layout: Layout, cards: tuple[Card, ...]) -> None:
    on_stand = tuple(_stand_card(card, layout.publication.name) for card in cards)
    for path in ("/newsstand", "/-/newsstand", "/-/newsstand/2"):
        writer.put_listing(path, layout.newsstand(Newsstand(path, on_stand)))
    first, second = cards[:4], cards[4:]
    for listing in (
        Listing("home", "/", "", first, older_path="/page/2"),
        Listing("home", "/page/2", "", second, newer_path="/"),
        Listing("section", SCIENCE.path, SCIENCE.name, first, older_path=f"{SCIENCE.path}/2"),
        Listing("section", f"{SCIENCE.path}/2", SCIENCE.name, second, newer_path=SCIENCE.path),
        Listing("tag", RIVERS.path, RIVERS.name, cards),
        Listing("author", ADA.path, ADA.name, cards),
    ):
        writer.put_listing(listing.path, layout.listing(listing))
    publication = layout.publication
    places = [Place("/"), *(Place(card.path, card.published_at) for card in cards)]
    news = [News(card.path, card.headline, card.published_at) for card in cards]
    for path, text in sitemaps.sitemaps(publication, places).items():
        writer.put_listing(path, text, sitemaps.TYPE)
    newest = max(card.published_at for card in cards)
    writer.put_listing(sitemaps.NEWS_PATH, sitemaps.news_sitemap(publication, news, newest), sitemaps.TYPE)
    for channel in (
        Channel("", "/"),
        Channel(SCIENCE.name, SCIENCE.path),
        Channel(RIVERS.name, RIVERS.path),
        Channel(ADA.name, ADA.path),
    ):
        _put_feeds(writer, layout.publication, channel)
    writer.put_listing(":400", layout.error(400, "bad-request"))
    writer.put_listing(":404", layout.error(404, "not-found"))
    writer.put_listing(":410", layout.error(410, "gone"))
    writer.put_redirect(OLD_PATH, METERED.path)
    writer.put_gone(GONE_PATH)


def _stand_card(card: Card, source: str) -> StandCard:
    return StandCard(
        card.path, card.headline, source, card.standfirst, card.published_at, card.picture, card.tags, card.reads, True
    )


def _put_feeds(writer: RecordWriter, publication: Publication, channel: Channel) -> None:
    """A list's feeds, written at a moment that is the same in every world. In that of the section no story opens to
    whoever is registered, or has another title."""
    stories = [story for story in STORIES if channel.base != SCIENCE.path or story not in (REGISTERED, OTHER_TITLE)]
    stored = writer.items([story.id for story in stories])
    items = [read(one.text).in_preview() for one in stored]
    for form in FILES:
        path = feed_path(channel.base, form)
        text = document(channel, form, publication.url + path, publication, items)
        sheet = Sheet(path, PageFragment.of(text), content_type(form), FEEDS_WRITTEN)
        writer.put_feed(sheet, channel.title, [one.article for one in stored])


def rests(text: str, **others: str) -> dict[int, str]:
    """The same rest for every sealed story, but for those named by the last word of their path (`map=...`)."""
    return {story.id: others.get(_last_word(story), text) for story in GATED}


def _last_word(story: Story) -> str:
    return story.path.rpartition("-")[2]
