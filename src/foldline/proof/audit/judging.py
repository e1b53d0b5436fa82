"""What an answer gives away, told once: of which article, in which place, by which vector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b

from cachetools import LRUCache

from foldline.fold.prove import Seen, Wanted
from foldline.proof.asks import Ask
from foldline.proof.audit.asking import Reply
from foldline.proof.audit.finding import Finding, Report
from foldline.proof.audit.learning import Article, any_of
from foldline.proof.audit.places import Place, first_words, is_found, places, sees
from foldline.proof.audit.probes import Probe
from foldline.sources.survey.hosts import Place as Site

#: Bodies that are so nearly one length are the same page with another number in it.
_ALIKE = 0.1
_ALSO = 4
_REMEMBERED = 512
#: Lists are many, and one function writes them.
_LISTED = frozenset(("B15", "B02"))


class Judge:
    """Looks at every answer. `sheets` are the site's own style sheets, by which text is hidden."""

    def __init__(self, site: Site, report: Report) -> None:
        self._site = site
        self._report = report
        self.articles: Sequence[Article] = ()
        self.sheets: list[str] = []
        self._any: Wanted | None = None
        self._by_key: dict[tuple[str, str], Finding] = {}
        #: What of a question had the rest answered, for each article: whatever holds all of it is told already.
        self._doors: dict[int, list[frozenset[tuple[bytes, bytes]]]] = {}
        #: Answers with several articles' texts that were told: lists stand at many addresses.
        self._lists: set[bytes] = set()
        #: Of each article's own page, and of each other target: where the rest stands for a mere stranger.
        self._shown: dict[tuple[int, bytes], frozenset[Place]] = {}
        self._plain: dict[int, Reply] = {}
        self._clean: set[bytes] = set()
        #: What stands where in answers that came before: a leak shows at many addresses.
        self._hits: LRUCache[bytes, tuple[tuple[int, Seen, tuple[Place, ...]], ...]] = LRUCache(_REMEMBERED)

    def look(self, probe: Probe, reply: Reply) -> list[Finding]:
        """What is new in an answer; all of it goes into the report."""
        if reply.failed:
            return []
        if not reply.whole:
            self._report.unread += 1
        digest = digest_of(reply)
        if digest in self._clean:
            return []
        hits = self._hits.get(digest)
        if hits is None:
            hits = self._hits[digest] = tuple(self._seen(reply))
        new = []
        for number, seen, found in hits:
            article = self.articles[number]
            if self._is_known(probe, number, reply, frozenset(found)) or self._is_explained(probe, number, digest):
                self._report.repeated += 1
                continue
            for place in self._told(probe, number, found):
                vector = self._vector(probe, number, place)
                made = Finding(
                    vector,
                    [article.path],
                    probe.surface,
                    probe.state,
                    place.name,
                    "shingle",
                    reply.status,
                    self.curl(probe.told or probe.ask),
                    first_words(article, seen),
                    seen.count,
                )
                new += self.tell(made)
            if probe.state and probe.surface == "article":
                self.opened_by(probe, number)
            elif probe.article != number:
                self._lists.add(digest)
        if not hits:
            self._clean.add(digest)
        return new

    def learn(self, articles: Sequence[Article]) -> None:
        """From now on, these are looked for."""
        self.articles = articles
        self._any = any_of(articles)

    def _seen(self, reply: Reply) -> Iterator[tuple[int, Seen, tuple[Place, ...]]]:
        """Each article of which an answer holds the rest, and where."""
        if self._any is not None and not sees(self._any, reply).count:
            return
        for number, article in enumerate(self.articles):
            seen = sees(article.wanted, reply)
            if is_found(article.wanted, seen):
                yield number, seen, places(article.wanted, reply, self.sheets)

    def gives_away(self, reply: Reply, number: int) -> bool:
        """Whether an answer holds the rest of an article, told to nobody."""
        wanted = self.articles[number].wanted
        return not reply.failed and is_found(wanted, sees(wanted, reply))

    def tell(self, made: Finding) -> list[Finding]:
        """Put a finding into the report, or count it where it is there already."""
        key = (made.vector, "" if made.vector in _LISTED else made.surface)
        before = self._by_key.get(key)
        if before is not None:
            before.times += 1
            before.articles += [article for article in made.articles if article not in before.articles]
            said = made.curl.rpartition(" ")[2].strip("'") + (f" ({made.state})" if made.state else "")
            if len(before.also) < _ALSO and said not in before.also and made.curl != before.curl:
                before.also.append(said)
            return []
        self._by_key[key] = made
        self._report.findings.append(made)
        return [made]

    def was_told(self, vector: str) -> bool:
        """Whether the report says this of an article's own page."""
        return (vector, "article") in self._by_key

    def curl(self, sent: Ask) -> str:
        """A line that asks the same again, without anybody's cookie."""
        return sent.curl(self._site.netloc, self._site.scheme)

    def remember(self, number: int, reply: Reply) -> None:
        """The answer that a stranger gets at an article's own address."""
        self._plain[number] = reply

    def shown(self, number: int, target: bytes) -> frozenset[Place]:
        """Where the rest of an article stands at an address, for a mere stranger."""
        return self._shown.get((number, target), frozenset())

    def _is_known(self, probe: Probe, number: int, reply: Reply, found: frozenset[Place]) -> bool:
        """Whether this is what was told already: of the same address, or the article's own page under another."""
        if probe.state:
            base = self.shown(number, probe.ask.target)
            if base and found <= base:
                return True
        else:
            self._shown[number, probe.ask.target] = found
        if probe.plain and probe.article == number:
            return False
        plain = self._plain.get(number)
        own = self.shown(number, self.articles[number].path.encode("latin-1", "replace"))
        if plain is None or not own or not found <= own or reply.status != plain.status:
            return False
        longest = max(len(reply.body), len(plain.body), 1)
        return abs(len(reply.body) - len(plain.body)) <= _ALIKE * longest

    def _is_explained(self, probe: Probe, number: int, digest: bytes) -> bool:
        """Whether less than this question is known to be answered with the rest, or the very answer was told."""
        if not probe.state or probe.surface != "article":
            return digest in self._lists
        return any(door <= probe.parts for door in self._doors.get(number, ()))

    def opened_by(self, probe: Probe, number: int) -> None:
        """From now on, questions that hold all of this one's state are told already."""
        self._doors.setdefault(number, []).append(probe.parts)

    def _told(self, probe: Probe, number: int, found: Sequence[Place]) -> Sequence[Place]:
        """Each place of an article's own page is a leak of its own; elsewhere the address is the leak."""
        if probe.plain and probe.article == number:
            return found
        return found[:1]

    def _vector(self, probe: Probe, number: int, place: Place) -> str:
        if probe.plain:
            return place.vector if probe.article == number else "B15"
        return probe.vector or place.vector


def digest_of(reply: Reply) -> bytes:
    """What tells an answer from others: status, fields but for the clock's, body."""
    made = blake2b(digest_size=16)
    made.update(str(reply.status).encode())
    for name, value in reply.headers:
        if name not in (b"date", b"age"):
            made.update(name + b":" + value + b"\n")
    made.update(reply.body)
    return made.digest()
