"""The records that a worker holds in memory: public and sealed ones under separate budgets."""

from __future__ import annotations

from typing import Protocol

from foldline.gate.kept import Kept
from foldline.pages.record import FeedItems, PublicPage, Record, Rest
from foldline.policy.decide import Opening

PUBLIC_BYTES = 64 << 20
SEALED_BYTES = 64 << 20
#: Articles whose paths are remembered: more than there is room for pages.
PATHS = 50_000


class NotAtHand(Exception):
    """It is not in memory, and whoever reads it waits for another machine: `Library.reach` and its like do."""


class PublicRecords(Protocol):
    """Where public records are read; `stores.records.PublicStore` is one."""

    def find(self, path: str) -> Record | None: ...

    def path_of(self, article: int) -> str | None: ...

    def items(self, feed: str) -> FeedItems | None: ...


class SealedRecords(Protocol):
    """Where rests are read, for an Opening; `stores.records.SealedStore` is one."""

    def rest(self, page: PublicPage, opening: Opening) -> Rest: ...


class Library:
    """Reads each record once. What is not there is asked for every time (it costs an indexed read)."""

    def __init__(
        self,
        public: PublicRecords,
        sealed: SealedRecords,
        public_bytes: int = PUBLIC_BYTES,
        sealed_bytes: int = SEALED_BYTES,
    ) -> None:
        self._public_store = public
        self._sealed_store = sealed
        self._public: Kept[bytes, Record] = Kept(public_bytes)
        self._sealed: Kept[tuple[int, int], Rest] = Kept(sealed_bytes)
        self._paths: Kept[int, bytes] = Kept(PATHS)
        #: How often a store was asked, because memory did not hold it.
        self.public_reads = self.sealed_reads = 0

    def page(self, path: bytes) -> Record | None:
        """The record at a path.

        Raises:
            StoreUnavailable: it is not in memory and can't be read.
        """
        known = self._public.get(path)
        if known is None:
            self.public_reads += 1
            known = self._public_store.find(path.decode("ascii", "replace"))
            if known is not None:
                self._keep(path, known)
        return known

    async def reach(self, path: bytes) -> Record | None:
        """The same, wherever it lies."""
        return self.page(path)

    async def reach_page_of(self, article: int) -> PublicPage | None:
        """`page_of`, wherever it lies."""
        return self.page_of(article)

    async def reach_items(self, base: str) -> FeedItems | None:
        """`items`, wherever they lie."""
        return self.items(base)

    async def reach_rest(self, page: PublicPage, opening: Opening) -> Rest:
        """`rest`, wherever it lies."""
        return self.rest(page, opening)

    def held(self, path: bytes) -> Record | None:
        """The record at a path, where it is in memory."""
        return self._public.get(path)

    def held_page_of(self, article: int) -> PublicPage | None:
        """The page of an article, where it is in memory."""
        path = self._paths.get(article)
        found = self.held(path) if path is not None else None
        return found if isinstance(found, PublicPage) and found.article.id == article else None

    def page_of(self, article: int) -> PublicPage | None:
        """The page of an article, by its number.

        Raises:
            StoreUnavailable: it is not in memory and can't be read.
        """
        held = self.held_page_of(article)
        if held is not None:
            return held
        path = self._public_store.path_of(article)
        found = self.page(path.encode()) if path is not None else None
        return found if isinstance(found, PublicPage) else None

    def items(self, base: str) -> FeedItems | None:
        """The articles of the feed of the list at `base`.

        Raises:
            StoreUnavailable: it can't be read.
        """
        return self._public_store.items(f"{base}/feed.xml")

    def rest(self, page: PublicPage, opening: Opening) -> Rest:
        """What stands below the fold, for an opening of exactly this article.

        Raises:
            ValueError: the opening is of another article.
            StoreUnavailable: it is not in memory and can't be read.
        """
        if opening.article != page.article.id:
            raise ValueError("an opening opens its own article only")
        key = (page.article.id, page.version)
        known = self._sealed.get(key)
        if known is None:
            self.sealed_reads += 1
            known = self._sealed_store.rest(page, opening)
            self._keep_rest(page, known)
        return known

    def held_bytes(self) -> tuple[int, int]:
        """What memory holds, as it is weighed against its bounds: of public records, and of sealed ones."""
        return self._public.weight, self._sealed.weight

    def _keep(self, path: bytes, record: Record) -> None:
        # Joined presentations are kept beside the fragments: a record weighs about three times its size.
        self._public.put(path, record, 3 * record.size() + 500)
        if isinstance(record, PublicPage):
            self._paths.put(record.article.id, path)

    def _keep_rest(self, page: PublicPage, rest: Rest) -> None:
        # So are wholes, of which the public half is a part.
        self._sealed.put((page.article.id, page.version), rest, 2 * rest.size() + page.size() + 500)

    def forget(self, path: bytes) -> None:
        """A record changed."""
        known = self._public.pop(path)
        if isinstance(known, PublicPage):
            self._sealed.pop((known.article.id, known.version))

    def forget_all(self) -> None:
        """Everything may have changed."""
        self._public.clear()
        self._sealed.clear()
