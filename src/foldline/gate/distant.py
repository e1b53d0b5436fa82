"""The records that a worker holds in memory where they lie on another machine: reading them never holds up the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Protocol, TypeVar

from foldline.gate.library import Library, NotAtHand, PublicRecords, SealedRecords
from foldline.pages.record import FeedItems, PublicPage, Record, Rest
from foldline.policy.decide import Opening

Result = TypeVar("Result")


class Beside(Protocol):
    """Has something read beside the event loop, within a deadline; raises StoreUnavailable."""

    async def __call__(self, read: Callable[[], Result], /) -> Result: ...


class DistantLibrary(Library):
    """`page`, `rest` and the others give what is in memory, and raise NotAtHand for what is not. What is read while
    something changes is read again: a record of before must not be kept by whoever has heard of the change already."""

    def __init__(self, public: PublicRecords, sealed: SealedRecords, read_public: Beside, read_sealed: Beside) -> None:
        super().__init__(public, sealed)
        self._read_public = read_public
        self._read_sealed = read_sealed
        #: How often something was forgotten.
        self._changes = 0
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}

    def page(self, path: bytes) -> Record | None:
        known = self.held(path)
        if known is None:
            raise NotAtHand
        return known

    def page_of(self, article: int) -> PublicPage | None:
        known = self.held_page_of(article)
        if known is None:
            raise NotAtHand
        return known

    def items(self, base: str) -> FeedItems | None:
        raise NotAtHand

    def rest(self, page: PublicPage, opening: Opening) -> Rest:
        if opening.article != page.article.id:
            raise ValueError("an opening opens its own article only")
        known = self._sealed.get((page.article.id, page.version))
        if known is None:
            raise NotAtHand
        return known

    async def reach(self, path: bytes) -> Record | None:
        known = self.held(path)
        if known is not None:
            return known
        find = partial(self._public_store.find, path.decode("ascii", "replace"))
        found, unchanged = None, False
        while not unchanged:
            found, unchanged = await self._read(self._read_public, path, find)
        if found is not None:
            self._keep(path, found)
        return found

    async def reach_page_of(self, article: int) -> PublicPage | None:
        known = self.held_page_of(article)
        if known is not None:
            return known
        path, _ = await self._read(self._read_public, article, partial(self._public_store.path_of, article))
        found = await self.reach(path.encode()) if path is not None else None
        return found if isinstance(found, PublicPage) else None

    async def reach_items(self, base: str) -> FeedItems | None:
        feed = f"{base}/feed.xml"
        return (await self._read(self._read_public, ("items", feed), partial(self._public_store.items, feed)))[0]

    async def reach_rest(self, page: PublicPage, opening: Opening) -> Rest:
        try:
            return self.rest(page, opening)
        except NotAtHand:
            pass
        key = (page.article.id, page.version)
        rest, unchanged = await self._read(self._read_sealed, key, partial(self._sealed_store.rest, page, opening))
        if unchanged:
            self._keep_rest(page, rest)
        return rest

    def forget(self, path: bytes) -> None:
        self._changes += 1
        super().forget(path)

    def forget_all(self) -> None:
        self._changes += 1
        super().forget_all()

    async def _read(self, beside: Beside, what: Hashable, read: Callable[[], Result]) -> tuple[Result, bool]:
        """What was read, and whether nothing changed meanwhile. Who asks for the same at the same time waits for the
        same answer, unless they know of a change that it may not know of."""
        began = self._changes
        key = (what, began)
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.get_running_loop().create_task(_call(beside, read))
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task), began == self._changes

    def _landed(self, key: Hashable, done: asyncio.Task[Any]) -> None:
        self._under_way.pop(key, None)
        if not done.cancelled():
            # Whoever waited has it; where nobody waits any more, nobody needs to be told.
            done.exception()


async def _call(beside: Beside, read: Callable[[], Result]) -> Result:
    return await beside(read)
