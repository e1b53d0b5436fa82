"""Faults to be found: each breaks one defence of a world, and the proof has to catch it.

They exist for the test kit only: nothing that serves readers imports this module.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from foldline.errors import InvalidToken, StoreUnavailable
from foldline.gate import article as gate_article
from foldline.gate.asgi import PassReader
from foldline.gate.facts import Carried
from foldline.gate.request import Request, accepts_gzip
from foldline.gate.response import Response
from foldline.gate.state import GateState
from foldline.pages.fragment import Fragment
from foldline.pages.layout import ArticlePage
from foldline.pages.public import Card
from foldline.pages.record import PublicPage, Rest
from foldline.policy.decide import Decision, decide
from foldline.policy.facts import Access, Visit
from foldline.policy.open_now import OpenNow
from foldline.policy.rules import Rules
from foldline.proof.fault import BOTH, ECHO, TWIN, Fault
from foldline.proof.feed_faults import FEED_FAULTS
from foldline.proof.gift_faults import GIFT_FAULTS
from foldline.proof.meter_faults import METER_FAULTS
from foldline.signed.keys import MAC_SIZE, Keyring, Purpose
from foldline.signed.opening import DeviceOpenings, OpeningEntry
from foldline.signed.reader_pass import Pass, PassFacts
from foldline.sources.articles.compose import Composed
from foldline.stores.records import ArticleRecord
from foldline.stores.schema import connect
from foldline.testing import gifts
from foldline.testing.builders import SUBSCRIBERS
from foldline.testing.readers import Readers
from foldline.testing.worlds import Breaks, Gate, World

Composition = Composed[ArticlePage]
Rests = Mapping[int, str]
Worlds = tuple[World, World]
_TAG = re.compile(r"<[^>]*>")
_honest_whole, _honest_read_pass = gate_article.whole, GateState.read_pass


FAULTS: dict[str, Fault] = {fault.name: fault for fault in (*METER_FAULTS, *FEED_FAULTS, *GIFT_FAULTS)}


def _fault(name: str, what: str, breaks: Breaks, caught_by: frozenset[str], *on: str) -> None:
    FAULTS[name] = Fault(name, what, breaks, caught_by, frozenset(on or ("article",)))


@contextmanager
def broken_twins(fault: Fault, folder: Path, honest: tuple[World, World], rests: Sequence[Rests]) -> Iterator[Worlds]:
    """Two worlds with the same fault in both. A fault that leaves the pages on disk alone takes those of `honest`."""
    breaks = fault.breaks
    likes = (None, None) if breaks.on_disk else honest
    with ExitStack() as stack:
        stack.enter_context(breaks.holding())
        one, other = (
            stack.enter_context(World(folder / f"{number}", rests[number], breaks=breaks, like=likes[number]))
            for number in range(2)
        )
        yield one, other


# What is written into the page when the article changes.


def _into_head(made: Callable[[str], str]) -> Callable[[ArticleRecord, Composition], ArticleRecord]:
    def record(stored: ArticleRecord, composed: Composition) -> ArticleRecord:
        if not composed.rest:
            return stored
        return replace(stored, before=stored.before.replace("</head>", f"{made(composed.rest)}</head>", 1))

    return record


def _text(html: str) -> str:
    return " ".join(_TAG.sub(" ", html).split()).replace('"', "")


def _headings(rest: str) -> str:
    ids = re.findall(r'<h\d id="([^"]*)"', rest)
    return "".join(f'<link rel="section" href="#{name}">' for name in ids) + f"<!-- {len(ids)} -->"


def _pictures(rest: str) -> str:
    return f'<meta name="pictures" content="{len(re.findall("<(?:img|figure|table|pre|a)[ >]", rest))}">'


def _hidden_below(stored: ArticleRecord, composed: Composition) -> ArticleRecord:
    return replace(stored, after=f'<div style="display:none">{composed.rest}</div>{stored.after}')


def _modified(stored: ArticleRecord, composed: Composition) -> ArticleRecord:
    minute = zlib.crc32(composed.rest.encode()) % 60
    return replace(stored, before=stored.before.replace("2026-03-05T10:00", f"2026-03-05T10:{minute:02d}"))


def _excerpt(card: Card, composed: Composition) -> Card:
    return replace(card, standfirst=_text(composed.rest)[:120]) if composed.rest else card


def _counted(card: Card, composed: Composition) -> Card:
    return replace(card, byline=f"{card.byline}, {len(composed.rest.split())} words")


def _dated(card: Card, composed: Composition) -> Card:
    second = zlib.crc32(composed.rest.encode()) % 60
    return replace(card, published_at=card.published_at.replace(second=second))


def _titled(card: Card, composed: Composition) -> Card:
    return replace(card, headline=f"{card.headline}: {_text(composed.rest)[:120]}") if composed.rest else card


def _read_more(card: Card, composed: Composition) -> Card:
    return replace(card, reads=len(composed.rest.split()) if composed.rest else card.reads)


def _deflated_with_rest(world: World) -> None:
    """The plain page is right; the ready deflated bytes of one fragment hold the rest as well."""
    connection = connect(world.home.public_db)
    try:
        for composed in world.made.values():
            wrong = Fragment.of(composed.rest + composed.page.between).deflated
            connection.execute(
                "UPDATE fragments SET deflated = ? WHERE path = ? AND name = 'between'", (wrong, composed.public.path)
            )
    finally:
        connection.close()


_fault(
    "reading-time-of-the-whole",
    "the reading time counts the words below the fold",
    Breaks(record=_into_head(lambda rest: f'<meta name="minutes" content="{len(rest.split()) // 20}">')),
    TWIN,
)
_fault(
    "description-from-below",
    "the description for search engines begins with the rest",
    Breaks(record=_into_head(lambda rest: f'<meta name="description" content="{_text(rest)[:200]}">')),
    BOTH,
)
_fault(
    "word-count-in-structured-data",
    "JSON-LD tells how many words the whole has",
    Breaks(record=_into_head(lambda rest: f'<script>{{"wordCount":{len(rest.split())}}}</script>')),
    TWIN,
)
_fault(
    "body-in-structured-data",
    "JSON-LD holds the whole as `articleBody`, escaped",
    Breaks(record=_into_head(lambda rest: f'<script>{{"articleBody":"{_escaped(rest)}"}}</script>')),
    BOTH,
)
_fault(
    "contents-of-the-whole",
    "a list of contents names headings below the fold",
    Breaks(record=_into_head(_headings)),
    TWIN,
)
_fault("pictures-counted", "the page tells how many pictures follow", Breaks(record=_into_head(_pictures)), TWIN)
_fault("late-cut", "the rest is in every page and hidden by a style", Breaks(record=_hidden_below), BOTH)
_fault("modified-by-the-rest", "the page's time of change depends on the rest", Breaks(record=_modified), TWIN)
_fault("sitemap-dated-by-the-rest", "a sitemap's date depends on the rest", Breaks(card=_dated), TWIN, "machines")
_fault("sitemap-titled-by-the-rest", "a title for news begins the rest", Breaks(card=_titled), BOTH, "machines")
_fault("excerpt-on-cards", "a card in a list begins with the rest", Breaks(card=_excerpt), BOTH, "list")
_fault("words-counted-on-cards", "a card in a list counts the words of the whole", Breaks(card=_counted), TWIN, "list")
_fault("reads-by-the-rest", "a card's figure of reads moves with the rest", Breaks(card=_read_more), TWIN, "list")
_fault(
    "compressed-with-the-rest",
    "only the compressed form of a page holds the rest",
    Breaks(stored=_deflated_with_rest),
    BOTH,
)


def _escaped(rest: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" if not letter.isalnum() else letter for letter in _text(rest))


# What is done to an answer on its way out.

Alter = Callable[[Request, Response, Response], Response]


def _altering(alter: Alter) -> Breaks:
    """`alter` gets the request, the honest answer, and what an entitled reader would be answered."""

    async def around(gate: Gate, request: Request) -> Response:
        answer = await gate.run(request)
        return alter(request, answer, await gate.run(_entitled(gate.world, request, plain=True)))

    return Breaks(around=around)


def _opening_for(asks: Callable[[Request], bool]) -> Breaks:
    """Whoever asks in a certain way is taken for a subscriber."""

    async def around(gate: Gate, request: Request) -> Response:
        return await gate.run(_entitled(gate.world, request) if asks(request) else request)

    return Breaks(around=around)


def _entitled(world: World, request: Request, *, plain: bool = False) -> Request:
    """The same request from a subscriber; `plain` asks for the page itself, uncompressed and without conditions."""
    dropped = {b"cookie", b"if-none-match"} | ({b"accept-encoding"} if plain else set())
    kept = [(name, value) for name, value in request.headers if name not in dropped]
    headers = (*kept, *Readers(world.carry()).subscriber)
    method, body = ("GET", b"") if plain else (request.method, request.body)
    return Request(method, request.path, request.query, headers, request.client, body)


def _with(answer: Response, name: bytes, value: bytes) -> Response:
    kept = tuple(pair for pair in answer.headers if pair[0] != name)
    return Response(answer.status, (*kept, (name, value)), answer.body)


def _shared_validator(request: Request, answer: Response, whole: Response) -> Response:
    return _with(answer, b"etag", b'"%s"' % hashlib.sha256(whole.body).hexdigest()[:24].encode())


def _last_modified(request: Request, answer: Response, whole: Response) -> Response:
    return _with(answer, b"last-modified", b"Thu, 05 Mar 2026 09:00:%02d GMT" % (zlib.crc32(whole.body) % 60))


def _head_length(request: Request, answer: Response, whole: Response) -> Response:
    return _with(answer, b"content-length", b"%d" % len(whole.body)) if request.method == "HEAD" else answer


def _padded(request: Request, answer: Response, whole: Response) -> Response:
    if answer.status != 200 or any(name == b"content-encoding" for name, _ in answer.headers):
        return answer
    body = answer.body + b" " * (len(whole.body) - len(answer.body))
    return _with(Response(200, answer.headers, body), b"content-length", b"%d" % len(body))


def _range_total(request: Request, answer: Response, whole: Response) -> Response:
    if not request.header(b"range"):
        return answer
    return _with(Response(206, answer.headers, answer.body), b"content-range", b"bytes 0-9/%d" % len(whole.body))


def _behind(status: int) -> Alter:
    def alter(request: Request, answer: Response, whole: Response) -> Response:
        if answer.status != status:
            return answer
        return _with(Response(status, answer.headers, whole.body), b"content-length", b"%d" % len(whole.body))

    return alter


async def _redirect_with_body(gate: Gate, request: Request) -> Response:
    answer = await gate.run(request)
    if answer.status != 308:
        return answer
    moved = Request("GET", SUBSCRIBERS.path.encode(), b"", request.headers, request.client)
    whole = await gate.run(_entitled(gate.world, moved, plain=True))
    return _with(Response(308, answer.headers, whole.body), b"content-length", b"%d" % len(whole.body))


async def _error_with_memory(gate: Gate, request: Request) -> Response:
    """The page for an error shows what was in memory: what the last subscriber read."""
    try:
        return await gate.run(request)
    except RuntimeError:
        read = Request("GET", SUBSCRIBERS.path.encode(), b"", request.headers, request.client)
        return replace(await gate.run(_entitled(gate.world, read, plain=True)), status=500)


async def _letters_as_data(gate: Gate, request: Request) -> Response:
    """A decision as data also tells how long the article is."""
    answer = await gate.run(request)
    if (b"content-type", b"application/json") not in answer.headers or not answer.body.startswith(b'{"article"'):
        return answer
    read = Request("GET", SUBSCRIBERS.path.encode(), b"", request.headers, request.client)
    whole = await gate.run(_entitled(gate.world, read, plain=True))
    body = answer.body[:-1] + b', "letters": %d}' % len(whole.body)
    return _with(Response(answer.status, answer.headers, body), b"content-length", b"%d" % len(body))


async def _alias(gate: Gate, request: Request) -> Response:
    stem, dot, suffix = request.path.rpartition(b".")
    if not dot or suffix not in (b"json", b"md", b"txt") or b"/" in suffix:
        return await gate.run(request)
    alias = Request(request.method, stem, request.query, request.headers, request.client, request.body)
    return await gate.run(_entitled(gate.world, alias, plain=True))


async def _echoing(gate: Gate, request: Request) -> Response:
    answer = await gate.run(request)
    if answer.status != 404:
        return answer
    body = answer.body + b"<p>There is no " + request.path + b"?" + request.query + b"</p>"
    return _with(Response(404, answer.headers, body), b"content-length", b"%d" % len(body))


_fault("shared-validator", "the preview carries the whole's validator", _altering(_shared_validator), TWIN)
_fault("last-modified-from-the-rest", "Last-Modified depends on the rest", _altering(_last_modified), TWIN)
_fault("head-length-of-the-whole", "HEAD tells the whole's length", _altering(_head_length), TWIN)
_fault("padded-to-the-whole", "the preview is padded to the whole's length", _altering(_padded), TWIN)
_fault("range-total-of-the-whole", "a range is answered with the whole's total", _altering(_range_total), TWIN)
_fault("body-behind-405", "a refused method is answered with the whole behind it", _altering(_behind(405)), BOTH)
_fault(
    "body-behind-a-redirect",
    "an old path leads away, with the whole behind it",
    Breaks(around=_redirect_with_body),
    BOTH,
    "redirect",
)
_fault(
    "memory-in-an-error",
    "the last resort's answer shows what was in memory",
    Breaks(around=_error_with_memory),
    BOTH,
    "error",
)
_fault(
    "length-as-data",
    "a decision as data tells how long the whole is",
    Breaks(around=_letters_as_data),
    TWIN,
    "read",
    "decision",
)
_fault("alias-route", "`.json`, `.md` and `.txt` are answered without the gate", Breaks(around=_alias), BOTH)
_fault("echo-in-errors", "the page for 404 repeats the address", Breaks(around=_echoing), ECHO, "error")


# Who is believed.


def _names(request: Request, header: bytes, word: bytes) -> bool:
    return word in request.header(header).lower()


_fault(
    "user-agent-opens",
    "whoever says Googlebot is let in",
    _opening_for(lambda r: _names(r, b"user-agent", b"googlebot")),
    BOTH,
)
_fault(
    "forwarded-address-opens",
    "X-Forwarded-For is believed",
    _opening_for(lambda r: _names(r, b"x-forwarded-for", b"66.249.66.1")),
    BOTH,
)
_fault(
    "referer-opens",
    "whoever comes from a search is let in",
    _opening_for(lambda r: _names(r, b"referer", b"google.")),
    BOTH,
)
_fault("preview-parameter-opens", "`?preview=1` opens", _opening_for(lambda r: r.query == b"preview=1"), BOTH)
_fault("internal-header-opens", "`X-Entitled` is believed", _opening_for(lambda r: bool(r.header(b"x-entitled"))), BOTH)
_fault("cookie-by-name-opens", "a pass is not read, only seen", _opening_for(lambda r: bool(r.reader_pass)), BOTH)


def _last_cookie_wins(request: Request, header: bytes) -> None:
    values = dict(part.strip().partition(b"=")[::2] for part in header.split(b";"))
    request.reader_pass = values.get(b"__Host-foldline-pass", b"")
    request.meter = values.get(b"__Host-foldline-meter", b"")
    request.opening = values.get(b"__Host-foldline-opening", b"")


_fault(
    "doubled-cookies-count",
    "of two cookies of one name the last counts",
    Breaks(attributes=((Request, "_read_cookies", _last_cookie_wins),)),
    BOTH,
)


# What is signed, and for how long it holds.


class _Unsigned(Keyring):
    """Reads tokens without looking at their signature."""

    def __init__(self, honest: Keyring) -> None:
        self.__dict__.update(honest.__dict__)

    def verify(self, purpose: Purpose, token: bytes) -> bytes:
        body = _frame(token)
        if body[1] != purpose:
            raise InvalidToken("another purpose")
        return body[3:-MAC_SIZE]


class _AnyPurpose(Keyring):
    """Takes a token that was signed for something else."""

    def __init__(self, honest: Keyring) -> None:
        self.__dict__.update(honest.__dict__)

    def verify(self, purpose: Purpose, token: bytes) -> bytes:
        try:
            return super().verify(Purpose(_frame(token)[1]), token)
        except ValueError:
            raise InvalidToken("no purpose") from None


def _frame(token: bytes) -> bytes:
    try:
        raw = urlsafe_b64decode(token + b"=" * (-len(token) % 4))
    except ValueError:
        raise InvalidToken("no base64") from None
    if len(raw) < 3 + MAC_SIZE:
        raise InvalidToken("too short")
    return raw


def _any_article(openings: DeviceOpenings, article: bytes, now: int) -> OpeningEntry | None:
    return next((entry for entry in openings.entries if entry.ends > now), None)


def _any_opening(openings: DeviceOpenings, article: bytes, now: int) -> OpeningEntry | None:
    return next((entry for entry in openings.entries if entry.article == article), None)


class _FailsOpen:
    """Where the store does not answer, everything is taken for paid."""

    def __init__(self, honest: PassReader) -> None:
        self._honest = honest

    async def renew(self, held: Pass) -> PassFacts | None:
        try:
            return await self._honest.renew(held)
        except StoreUnavailable:
            return PassFacts(held.reader, held.session, {1: 0}, held.session_until)


class _NeverEnds:
    """Ends of subscriptions and sessions are not looked at."""

    def __init__(self, honest: PassReader) -> None:
        self._honest = honest

    async def renew(self, held: Pass) -> PassFacts | None:
        facts = await self._honest.renew(held)
        if facts is None:
            return None
        ends = dict.fromkeys(facts.product_ends, 0)
        return PassFacts(facts.reader, facts.session, ends, facts.session_until, False)


def _remembering(record: PublicPage, rest: Rest, carried: Carried, request: Request, gate: GateState) -> Response:
    """One memory for whole and preview: what a subscriber was sent is kept as what everybody is sent."""
    answer = _honest_whole(record, rest, carried, request, gate)
    for wall in record.walls:
        record.ready[(wall, accepts_gzip(request.header(b"accept-encoding")))] = (answer, b'"kept"')
    return answer


def _without_its_end(state: GateState, token: bytes, now: int) -> Pass | None:
    return _honest_read_pass(state, token, 0)


def _levels_confused(visit: Visit, rules: Rules | None) -> Decision:
    """Subscribers' articles are decided on as if they were for everybody who is signed in."""
    if visit.article.access is Access.SUBSCRIBERS:
        visit = visit._replace(article=visit.article._replace(access=Access.REGISTERED))
    return decide(visit, rules)


_fault("signature-not-checked", "a forged pass is read", Breaks(keyring=_Unsigned), BOTH)
_fault("purpose-not-checked", "an opening passes for a pass", Breaks(keyring=_AnyPurpose), BOTH)
_fault(
    "opening-of-any-article",
    "an opening is not bound to its article",
    Breaks(attributes=((DeviceOpenings, "entry", _any_article),)),
    BOTH,
)
_fault(
    "ended-opening-counts", "an opening has no end", Breaks(attributes=((DeviceOpenings, "entry", _any_opening),)), BOTH
)
_fault(
    "open-now-has-no-end",
    "what was opened for a time stays open",
    Breaks(attributes=((OpenNow, "runs", lambda entry, now: entry.starts <= now),)),
    BOTH,
)
_fault(
    "open-now-has-no-start",
    "what will be opened is open before",
    Breaks(attributes=((OpenNow, "runs", lambda entry, now: now < entry.ends),)),
    BOTH,
)
_fault(
    "open-now-opens-everything",
    "what is opened for one section or article is opened for all",
    Breaks(attributes=((OpenNow, "about", lambda entry, article: True),)),
    BOTH,
)
_fault("fail-open", "a store that does not answer opens", Breaks(passes=_FailsOpen), BOTH)
_fault("lapsed-reads-on", "the end of what was paid is not looked at", Breaks(passes=_NeverEnds), BOTH)
_fault(
    "session-over-counts",
    "the end of a session is not looked at",
    Breaks(attributes=((GateState, "read_pass", _without_its_end),)),
    BOTH,
)
_fault(
    "get-opens-gifts",
    "whoever asks for the page of a gift is shown the whole",
    _opening_for(lambda request: request.query == f"gift={gifts.RUNS}".encode()),
    BOTH,
)
_fault(
    "levels-confused",
    "signing in opens what is for subscribers",
    Breaks(attributes=((gate_article, "decide", _levels_confused),)),
    BOTH,
)
_fault(
    "one-memory-for-all",
    "a subscriber's answer is kept for everybody",
    Breaks(attributes=((gate_article, "whole", _remembering),)),
    BOTH,
)
