"""The audit itself: learn what is closed, then ask for it as a stranger in every way that is known."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urljoin

from foldline.clock import SystemClock
from foldline.proof.asks import Ask
from foldline.proof.audit import oracles, remarks
from foldline.proof.audit.asking import Reply, Stopped, Visitor
from foldline.proof.audit.discovery import Search, named_in, searches
from foldline.proof.audit.finding import CantAudit, Learned, Report
from foldline.proof.audit.forging import forged
from foldline.proof.audit.judging import Judge
from foldline.proof.audit.learning import Article, learnt, sides
from foldline.proof.audit.lessons import lesson_of, nothing_learned
from foldline.proof.audit.mixing import mixed
from foldline.proof.audit.probes import Probe, article_probes, ask, site_probes
from foldline.proof.audit.states import states
from foldline.proof.audit.twin import DECLARED, Editor, Recorder, TwinRun
from foldline.proof.audit.vectors import NEVER_DRIVEN
from foldline.signed import as_if_gated

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_HOPS = 5
#: Of each kind of address that pages name, at most so many are asked.
_MOST_NAMED = {
    "linked page": 40,
    "list": 30,
    "feed of a list": 20,
    "script": 30,
    "source map": 30,
    "script endpoint": 40,
}
_MOST_OTHER = 30
#: Of the articles behind the first, these surfaces alone: each article has the same addresses by the same code.
_SHORT = frozenset(
    (
        "article", "AMP", "print version", "PDF", "Markdown", "data", "feed of the article",
        "interface for one article", "page-transition data",
    )
)  # fmt: skip
_SHORT_AXES = frozenset(("agent", "referer", "cookie", "prefetch"))


@dataclass(frozen=True, slots=True)
class Wish:
    """What an audit is asked for. `paths` are the articles'; `cookie` a subscriber's, "" with `token`, which has a gate
    in shadow answer as if it gated; `stranger` the cookie of somebody who may not read; `closed` a selector of what is
    closed; `public` texts that everybody may read."""

    paths: tuple[str, ...]
    cookie: str = ""
    stranger: str = ""
    closed: str = ""
    public: tuple[str, ...] = ()
    token: str = ""
    #: Who changes the closed text and changes it back, for two versions of it; fields that may differ between them.
    editor: Editor | None = None
    declared: tuple[str, ...] = ()
    #: Addresses that may be articles, of which so many are taken that have something closed.
    spare: tuple[str, ...] = ()
    sample: int = 0


class Audit:
    """One run over one site. `report` is true at any time, so that who breaks it off has what was found."""

    def __init__(self, visitor: Visitor, wish: Wish) -> None:
        self.report = Report(visitor.place.url, _now(), rate=visitor.bounds.rate, as_if_gated=bool(wish.token))
        self.judge = Judge(visitor.place, self.report)
        self.articles: list[Article] = []
        self._visitor = visitor
        self._wish = wish
        self._asked: set[tuple[object, ...]] = set()
        self._named: Counter[str] = Counter()
        self._queue: deque[Probe] = deque()
        self._states: set[str] = set()
        self._targets: dict[int, list[bytes]] = {}
        self._searches: dict[str, Search] = {}
        self._subscribers: dict[int, Reply] = {}
        self._recorder = Recorder() if wish.editor is not None else None
        self._began = time.monotonic()

    async def run(self) -> Report:
        """Everything, until a bound is reached.

        Raises:
            CantAudit: no article has anything that a stranger is not shown.
        """
        try:
            await self._learn()
            await self._drive()
            await self._twin()
        except Stopped as stop:
            self.report.stopped = str(stop)
            self.report.broken_off = "which is the bound (--most)" not in str(stop)
        finally:
            self.count()
            if self._recorder is not None:
                self._recorder.close()
        return self.report

    @property
    def planned(self) -> int:
        """Questions that wait, as far as they are known."""
        return len(self._queue)

    def break_off(self, why: str) -> None:
        """Whoever wants no more of it: what was found stays."""
        self.report.stopped, self.report.broken_off = why, True
        self.count()

    def count(self) -> None:
        """Bring the report's figures up to now."""
        report, visitor = self.report, self._visitor
        report.asked, report.received, report.unanswered = visitor.asked, visitor.received, visitor.unanswered
        report.states = len(self._states) + 1
        report.left = len(self._queue)
        report.seconds = time.monotonic() - self._began
        report.undriven = list(self._undriven())

    async def ask_mixed(self, probe: Probe) -> Reply | None:
        """The answer to a mixed question, which is looked at by who asks; None where it was asked before."""
        if probe.key in self._asked:
            return None
        self._asked.add(probe.key)
        reply = await self.as_stranger(probe.ask)
        self.report.mixed += 1
        if self._recorder is not None:
            self._recorder.keep(probe, reply)
        return reply

    async def as_subscriber(self, path: str) -> Reply:
        """A page with the subscriber's cookie, through redirects within the site."""
        cookie = self._wish.cookie
        return (await self._through(ask(path, **({"cookie": cookie} if cookie else {}))))[0]

    async def as_stranger(self, asked: Ask) -> Reply:
        """One answer to a stranger, and to nobody else."""
        return await self._visitor.ask(self._strangers(asked))

    def _strangers(self, asked: Ask) -> Ask:
        if self._wish.token:
            asked = asked.with_header(as_if_gated.FIELD, self._wish.token.encode())
        if self._wish.stranger and not any(name == b"cookie" for name, _ in asked.headers):
            asked = asked.with_header(b"cookie", self._wish.stranger.encode())
        return asked

    async def _through(self, asked: Ask) -> tuple[Reply, str]:
        """The last answer where an address leads within the site, and its own address."""
        at = asked.target.decode("latin-1")
        for _ in range(_HOPS):
            reply = await self._visitor.ask(asked)
            to = reply.header(b"location") if reply.status in _REDIRECTS else ""
            own = self._visitor.own(to, at) if to else None
            if not to:
                return reply, at
            if own is None:
                self.report.led_away[at] = to[:200]
                return reply, at
            at = own
            path, _, query = own.partition("?")
            asked = replace(asked, path=path.encode("latin-1"), query=query.encode("latin-1"))
        return Reply(0, failed=f"{asked.target.decode('latin-1')} leads on and on"), at

    async def stranger_through(self, path: str) -> tuple[Reply, str]:
        """A page as a stranger, through redirects within the site, and where it lies."""
        return await self._through(self._strangers(ask(path)))

    async def _learn(self) -> None:
        wish = self._wish
        lesson = await lesson_of(self, self._visitor.own, wish.paths, wish.spare, wish.sample, wish.closed)
        self.judge.sheets = lesson.sheets
        self.articles, self.report.without = learnt(lesson.pairs, wish.public)
        kept = {article.path for article in self.articles}
        self.report.without += [path for path in lesson.problems if path not in kept]
        if not self.articles:
            raise CantAudit(nothing_learned(lesson, as_if_gated=bool(wish.token)))
        self.judge.learn(self.articles)
        self.report.articles = [Learned(one.path, one.title, one.words, one.how) for one in self.articles]
        if wish.cookie:
            self._remark(remarks.of_whole(self.articles[0].path, lesson.theirs[self.articles[0].path]))
        for number, article in enumerate(self.articles):
            self._subscribers[number] = lesson.theirs[article.path]
            self.judge.remember(number, lesson.strangers[article.path])
            self._heard(Probe("article", "", ask(article.path), number), lesson.strangers[article.path])

    async def _drive(self) -> None:
        first = self.articles[0]
        url = self._visitor.place.url
        for probe in site_probes():
            self._plan(probe)
        for probe in article_probes(0, first.path, url):
            self._plan(probe)
        await self._work()
        await self._oracles()
        tag = self._subscribers[0].header(b"etag")
        for state in states(self._visitor.place.netloc, tag):
            self._plan(Probe("article", state.vector, state.of(ask(first.path)), 0, state.name))
        for state in forged(self._wish.cookie) if self._wish.cookie else ():
            told = state.of(ask(first.path), for_report=True)
            self._plan(Probe("article", state.vector, state.of(ask(first.path)), 0, state.name, told))
        if self._wish.stranger:
            cleared = ask(first.path, cookie="")
            self._plan(Probe("article", "G01", cleared, 0, "with cookies cleared"))
        for number, article in enumerate(self.articles[1:], 1):
            for probe in article_probes(number, article.path, url):
                if probe.surface in _SHORT:
                    self._plan(probe)
            for state in states(self._visitor.place.netloc):
                if state.axis in _SHORT_AXES:
                    self._plan(Probe("article", state.vector, state.of(ask(article.path)), number, state.name))
        await self._work()
        await mixed(self, list(dict.fromkeys(self._targets.get(0, ()))), self._visitor.place.netloc)

    def _plan(self, probe: Probe) -> None:
        if probe.key in self._asked:
            return
        self._asked.add(probe.key)
        self._queue.append(probe)

    async def _work(self) -> None:
        while self._queue:
            probe = self._queue[0]
            reply = await self.as_stranger(probe.ask)
            self._queue.popleft()
            self._heard(probe, reply)

    def _heard(self, probe: Probe, reply: Reply) -> None:
        """Look at an answer, and at where it leads."""
        report = self.report
        self._asked.add(probe.key)
        report.surfaces[probe.surface] = report.surfaces.get(probe.surface, 0) + 1
        report.statuses[reply.status] = report.statuses.get(reply.status, 0) + 1
        if probe.state:
            self._states.add(probe.state)
        self.judge.look(probe, reply)
        if self._recorder is not None:
            self._recorder.keep(probe, reply)
        if reply.failed or probe.state:
            return
        base = probe.ask.target.decode("latin-1")
        self._remark(remarks.of_answer(base, reply))
        if reply.status in _REDIRECTS:
            self._led(probe, reply, base)
        if reply.status == 200 and probe.ask.method == "GET":
            if probe.article is not None:
                self._targets.setdefault(probe.article, []).append(probe.ask.target)
            self._discover(probe, reply, base)

    def _remark(self, made: Iterable[str]) -> None:
        """Each kind of remark once: the first place tells."""
        for one in made:
            kind = one.partition(":")[0]
            if not any(other.startswith(kind) for other in self.report.remarks):
                self.report.remarks.append(one)

    def _led(self, probe: Probe, reply: Reply, base: str) -> None:
        to = reply.header(b"location")
        own = self._visitor.own(to, base)
        if own is not None:
            self._plan(replace(probe, ask=ask(own)))
        elif to:
            self.report.led_away.setdefault(base, urljoin(self._visitor.place.url + base, to)[:200])

    def _discover(self, probe: Probe, reply: Reply, base: str) -> None:
        # What a page names that was only named itself is not asked for: a site is not crawled, its kinds of pages are.
        if probe.surface in ("linked page", "further page") and self._named["pages read"] > 4:
            return
        self._named["pages read"] += probe.surface == "linked page"
        for found in named_in(reply, base, self._visitor.own, probe.article):
            if found.key in self._asked:
                continue
            if self._named[found.surface] >= _MOST_NAMED.get(found.surface, _MOST_OTHER):
                continue
            self._named[found.surface] += 1
            self._plan(found)
        if reply.is_html:
            for search in searches(reply, base, self._visitor.own):
                self._searches.setdefault(search.target(""), search)

    async def _oracles(self) -> None:
        """What answers tell without showing a word of it."""
        url = self._visitor.place.url
        for number, article in enumerate(self.articles[:2]):
            await oracles.of_lengths(self, number, article, self._subscribers[number])
        for search in [*self._searches.values(), Search("/", "s"), Search("/search", "q")][:3]:
            await oracles.of_search(self, search, self.articles[0], url)
        if self._wish.cookie:
            await oracles.of_caches(self, 0, self.articles[0])

    async def _twin(self) -> None:
        """The same questions about another version of what is closed. A hook that fails breaks the audit off."""
        editor, recorder = self._wish.editor, self._recorder
        if editor is None or recorder is None:
            return
        self.report.declared = [*DECLARED, *self._wish.declared]

        async def words_of(article: Article) -> str:
            theirs = await self.as_subscriber(article.path)
            return "\n".join(sides(article.path, theirs.text, "", (), self._wish.closed).blocks)

        twin = TwinRun(recorder, self.judge, self.report, self.as_stranger, words_of, self._wish.declared)
        try:
            await twin.run(editor, self.articles)
        except CantAudit as error:
            # What words showed stands, whatever becomes of the second version.
            self.report.stopped, self.report.broken_off = str(error), True

    def _undriven(self) -> Iterator[str]:
        yield from (f"{ids}: {what}." for ids, what in NEVER_DRIVEN)
        yield "PUT, PATCH and DELETE: an audit changes nothing."
        if not self.report.twin:
            yield "F01, F02, F03, A12, A13 in full: lengths, validators and counts that move with the rest need --twin."
        if self.report.unstable:
            yield f"{self.report.unstable} answers change by themselves too much to compare two versions."
        if not self._wish.cookie:
            yield "D01, D06: what caches keep of a subscriber's answers needs a subscriber's cookie."
        if not self._wish.stranger:
            yield "U1 to U14: readers with a spent meter or a lapsed plan need --stranger-cookie-file."
        if self.report.unread:
            yield f"{self.report.unread} answers were too long, cut off or in a coding that is not read here."
        if self.report.unanswered:
            yield f"{self.report.unanswered} questions got no answer."
        if self.report.left:
            yield f"{self.report.left} questions that were planned were not asked: {self.report.stopped}."


def _now() -> str:
    return datetime.fromtimestamp(SystemClock().now(), UTC).isoformat(timespec="seconds")
