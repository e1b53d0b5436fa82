"""Visits to an invented publication, each with what its answer must hold. The same number is the same visit."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from foldline.config import Settings
from foldline.signed import cookies, reader_pass
from foldline.signed.keys import Keyring
from foldline.signed.reader_pass import SESSION_SECONDS, PassFacts
from scripts.growth import invented
from scripts.growth.invented import Size

#: Articles that everybody reads today: the newest of an odd number. Those of an even one are changed meanwhile.
TODAY = 50
#: The one product of an invented publication.
WHOLE_PUBLICATION = 1
_POST = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, and what its answer must hold to be the right one."""

    method: str
    path: str
    headers: Mapping[str, str]
    holds: bytes
    body: bytes = b""


class Visits:
    """`tasks` are kinds of visits by name, each a function of a number."""

    def __init__(self, settings: Settings, size: Size) -> None:
        self._keyring = Keyring(settings.secrets, settings.host)
        self._size = size
        self.tasks: dict[str, Callable[[int], Asked]] = {
            "page by a fresh pass": self.fresh,
            "page by a pass that asks": self.asking,
            "spend": self.spend,
            "article not in memory": self.cold,
        }

    def fresh(self, number: int) -> Asked:
        """A subscriber reads one of today's articles, by a pass that nobody must be asked about."""
        return self._page(self._subscriber(number), self._today(number), signed=0)

    def asking(self, number: int) -> Asked:
        """The same by a pass that was signed longer ago than it stays fresh."""
        return self._page(self._subscriber(number), self._today(number), signed=1_000)

    def cold(self, number: int) -> Asked:
        """A subscriber reads any article at all."""
        return self._page(self._subscriber(number), 1 + 2 * _any(number, self._size.articles // 2), signed=0)

    def spend(self, number: int) -> Asked:
        """A reader who has not paid, and has read before, opens another article by what their month allows."""
        step = invented.SUBSCRIBES * invented.READS
        reader = step * (number % (self._size.readers // step)) + invented.READS
        article = self._today(number)
        form = b"article=%d&answer=fragment" % article
        return Asked("POST", "/-/read", {**self._cookie(reader, 0), **_POST}, invented.last_words(article), form)

    def page(self, number: int, article: int) -> Asked:
        """A subscriber reads an article."""
        return self._page(self._subscriber(number), article, signed=0)

    def of_today(self) -> list[Asked]:
        """Each of today's articles once."""
        return [self.page(number, self._size.articles - 1 - 2 * number) for number in range(TODAY)]

    def _page(self, reader: int, article: int, signed: int) -> Asked:
        return Asked("GET", invented.path(article), self._cookie(reader, signed), invented.last_words(article))

    def _subscriber(self, number: int) -> int:
        return invented.SUBSCRIBES * (1 + _any(number, self._size.readers // invented.SUBSCRIBES))

    def _today(self, number: int) -> int:
        return self._size.articles - 1 - 2 * _any(number, TODAY)

    def _cookie(self, reader: int, signed: int) -> dict[str, str]:
        now = int(time.time())
        products = {WHOLE_PUBLICATION: now + 10 * 86_400} if invented.subscribes(reader) else {}
        facts = PassFacts(invented.reader_key(reader), invented.session_key(reader), products, now + SESSION_SECONDS)
        token = reader_pass.issue(self._keyring, reader_pass.from_facts(facts, now - signed))
        return {"Cookie": f"{cookies.PASS}={token}"}


def _any(number: int, most: int) -> int:
    """Some number below `most`, the same in each run."""
    return random.Random(number).randrange(most)  # noqa: S311 - nothing secret
