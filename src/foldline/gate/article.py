"""GET of a page. It has no effect: it opens what needs no counting, and otherwise shows the preview."""

from __future__ import annotations

from foldline.errors import StoreUnavailable
from foldline.gate import needs, tally
from foldline.gate.errors import gone, not_found, store_unavailable, unavailable
from foldline.gate.facts import Carried, at_hand, gather
from foldline.gate.gift import token_in
from foldline.gate.needs import Steps
from foldline.gate.reading import who_reads, who_reads_free
from foldline.gate.request import Request, accepts_gzip
from foldline.gate.response import (
    CACHED_AT_MOST,
    GATED,
    NEUTRAL,
    NO_STORE,
    PRIVATE,
    HeaderList,
    Response,
    cookie_headers,
    entity_tag,
    http_date,
    is_since,
    matches,
    neutral_for,
    page,
)
from foldline.gate.spoken import Spoken, given_line
from foldline.gate.state import GateState
from foldline.pages.fragment import EMPTY, Fragment
from foldline.pages.record import Gone, PublicPage, Record, Redirect, Rest, Sheet
from foldline.pages.wall import gift_note, give_note, opened_label, provided_label
from foldline.policy.decide import Decision, Outcome, decide
from foldline.policy.facts import Visit
from foldline.policy.giving import GIVES
from foldline.policy.plan import NEVER, Plan
from foldline.policy.reasons import Reason
from foldline.policy.rule import Grant
from foldline.signed import cookies, reader_pass

_OF_THE_BODY = (b"content-type", b"content-length", b"content-encoding")

ASK = "ask"
FREE = "free"


def get_page(request: Request, gate: GateState, known: Record | None = None) -> Steps:
    """The page at a path: an article as this visit may see it, a list, a redirect or an error page. `known` is the
    record, where it is at hand."""
    try:
        record = known if known is not None else (yield needs.Page(request.path))
        if type(record) is PublicPage:
            if record.gated:
                return (yield from _gated(record, request, gate))
            decision = decide(Visit(record.article, gate.now()), gate.rules)
            gate.note(record.article.id, decision, who=who_reads_free(request, record.article.id, gate))
            return neutral(record, FREE, request, gate)
        if type(record) is Sheet:
            return sheet(record, request, gate)
        if type(record) is Redirect:
            return moved(record.to, gate)
        if type(record) is Gone:
            return (yield from gone(request, gate))
        if request.path.endswith(b"/") and len(request.path) > 1:
            plain = yield needs.Page(request.path[:-1])
            if type(plain) is PublicPage or type(plain) is Sheet:
                return moved(plain.path, gate)
        return standing(request, gate) or (yield from not_found(request, gate))
    except StoreUnavailable:
        return standing(request, gate) or store_unavailable(gate)


def standing(request: Request, gate: GateState) -> Response | None:
    """What stands in the settings and in no record: a robots.txt that answers 5xx closes the site to every crawler (RFC
    9309, 2.3.1.4)."""
    found = gate.standing.get(request.path)
    return sheet(found, request, gate) if found is not None else None


def moved(to: str, gate: GateState) -> Response:
    """308 to where a page lies now, with nothing behind it."""
    location = (b"location", to.encode())
    return Response(308, (location, *NEUTRAL, *gate.security, (b"content-length", b"0")))


def _gated(record: PublicPage, request: Request, gate: GateState) -> Steps:
    now = gate.now()
    plan = gate.rules.plan(record.article, now) if gate.rules is not None else None
    if plan is not None and plan.opens_for_everyone:
        return (yield from _opened(record, plan, now, request, gate))
    carried = at_hand(request, record.article, gate, now)
    if carried is None:
        carried = yield from gather(request, record.article, gate)
    decision = decide(carried.visit, gate.rules)
    # Whatever a gift is worth, its page is the one that asks: nothing is looked at before something asks.
    asks = decision.outcome is Outcome.OPENS_IF or bool(token_in(request.query))
    if not asks and decision.opening is None and not request.has_our_cookies:
        asks = asks_for_networks(plan, now, gate)
    # Who is asked to ask again has been told nothing yet: that line is no use of an institution's, the next one is.
    institution = "" if asks else carried.used_by(decision)
    gate.note(record.article.id, decision, institution=institution, who=who_reads(request, decision, carried, gate))
    if decision.opening is not None:
        try:
            rest = yield needs.Rest(record, decision.opening)
        except StoreUnavailable:
            return (yield from _try_again(record, decision, carried, request, gate))
        gives = gate.gives and decision.reason in GIVES and plan is not None and not plan.wall
        return whole_for(record, rest, decision, carried, request, gate, gives=gives)
    if not request.has_our_cookies:
        until = plan.until if plan is not None else NEVER
        return neutral(record, ASK if asks else decision.reason.value, request, gate, until - carried.now)
    if asks:
        return preview_for(record, record.walls[ASK], PRIVATE, carried, request, gate)
    spoken = Spoken(record, decision, carried, carried.visit.meter.used, gate)
    return preview_for(record, spoken.wall(), NO_STORE, carried, request, gate)


def asks_for_networks(plan: Plan | None, now: int, gate: GateState) -> bool:
    """Whether the neutral preview of an article must ask, because a network may open it: a shared cache before the gate
    shows one preview to a library and to everybody else, and can't tell them apart."""
    if plan is None or not gate.institutions or not gate.institutions.may_open(now, CACHED_AT_MOST):
        return False
    return any(way.grant is Grant.INSTITUTION for way in plan.ways)


def _opened(record: PublicPage, plan: Plan, now: int, request: Request, gate: GateState) -> Steps:
    """The whole for everybody, while it is open to all. No cache keeps it: it must not outlive its time."""
    decision = decide(Visit(record.article, now), gate.rules)
    gate.note(record.article.id, decision, who=who_reads_free(request, record.article.id, gate))
    if decision.opening is None:
        raise ValueError("a plan that opens for everyone leads to an opening")
    try:
        rest = yield needs.Rest(record, decision.opening)
    except StoreUnavailable:
        return unavailable(record, request, gate)
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    why = plan.open_now.reason if plan.open_now is not None else ""
    ready: Response | None = rest.ready.get((why, gzip))
    if ready is None:
        label = Fragment.of(opened_label(why, gate.words))
        headers = (*gate.headers_of(record), *NO_STORE)
        ready = page(record.opened_parts(label, rest), headers, gzip=gzip, kind=tally.WHOLE)
        rest.ready[why, gzip] = ready
    return ready


def whole_for(
    record: PublicPage,
    rest: Rest,
    decision: Decision,
    carried: Carried,
    request: Request,
    gate: GateState,
    *,
    gives: bool = False,
) -> Response:
    """The whole, and where an institution provides it, who that is."""
    if decision.reason is not Reason.IN_INSTITUTION:
        return whole(record, rest, carried, request, gate, gives=gives)
    # Joined each time: how many institutions there are bounds nothing, and these pages are few.
    label = Fragment.of(provided_label(carried.visit.institution, gate.words))
    headers = (*gate.headers_of(record), *NO_STORE, *GATED, *pass_cookies(carried, gate))
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    return page(record.opened_parts(label, rest), headers, gzip=gzip, kind=tally.WHOLE)


def whole(
    record: PublicPage, rest: Rest, carried: Carried, request: Request, gate: GateState, *, gives: bool = False
) -> Response:
    """Preview and rest, for the reader whom an Opening was made for, and for nobody's cache. Below it stands that it
    was given to them, or (`gives`) how they give it."""
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    headers = (*gate.headers_of(record), *NO_STORE, *GATED) if record.headers else gate.whole_headers
    if carried.given is not None:
        said = gift_note(given_line(carried.given, gate), gate.publication, gate.words)
        answer = page(record.whole(rest, Fragment.of(said)), headers, gzip=gzip, kind=tally.WHOLE)
        return answer.adding(*pass_cookies(carried, gate))
    ready: Response | None = rest.ready.get((gives, gzip))
    if ready is None:
        below = Fragment.of(give_note(record.article.id, gate.publication, gate.words)) if gives else EMPTY
        end = None if gives else rest.whole_end
        ready = page(record.whole(rest, below), headers, gzip=gzip, end=end, kind=tally.WHOLE)
        rest.ready[gives, gzip] = ready
    return ready.adding(*pass_cookies(carried, gate)) if carried.renewed or carried.ended else ready


def _try_again(record: PublicPage, decision: Decision, carried: Carried, request: Request, gate: GateState) -> Steps:
    """The version of this page may have been replaced between two reads: look once more, then say so."""
    again = yield needs.Page(request.path, anew=True)
    if type(again) is PublicPage and again.version != record.version and decision.opening is not None:
        try:
            rest = yield needs.Rest(again, decision.opening)
        except StoreUnavailable:
            return unavailable(record, request, gate)
        return whole_for(again, rest, decision, carried, request, gate)
    return unavailable(record, request, gate)


def neutral(record: PublicPage, wall: str, request: Request, gate: GateState, seconds: int = NEVER) -> Response:
    """The one answer that a shared cache may hold: the same for every request without a cookie of ours. The rules say
    something else in `seconds`: until then, and no longer, it may be kept."""
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    if seconds <= CACHED_AT_MOST:
        return _with_validator(record, wall, gzip, gate, neutral_for(seconds))[0]
    ready = record.ready.get((wall, gzip))
    if ready is None:
        ready = _with_validator(record, wall, gzip, gate)
        record.ready[(wall, gzip)] = ready
    return conditional(request, ready)


def _with_validator(
    record: PublicPage, wall: str, gzip: bool, gate: GateState, keeping: HeaderList = NEUTRAL
) -> tuple[Response, bytes]:
    robots = GATED if record.gated else ()
    kind = tally.PREVIEW if record.gated else tally.FREE
    answer = page(record.parts(wall), (*gate.headers_of(record), *keeping, *robots), gzip=gzip, kind=kind)
    tag = entity_tag(answer.body)
    return answer.adding((b"etag", tag)), tag


def sheet(record: Sheet, request: Request, gate: GateState) -> Response:
    """A list of articles, the same for everybody."""
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    ready = record.ready.get(gzip)
    if ready is None:
        answer = page((record.body,), (*gate.sheet_headers(record), *NEUTRAL), gzip=gzip, kind=tally.LIST)
        tag = entity_tag(answer.body)
        when = ((b"last-modified", http_date(record.modified)),) if record.modified else ()
        ready = (answer.adding((b"etag", tag), *when), tag)
        record.ready[gzip] = ready
    return conditional(request, ready, record.modified)


def conditional(request: Request, ready: tuple[Response, bytes], modified: int = 0) -> Response:
    """Access was decided first; only now a condition is compared with the chosen variant (RFC 9110, 13.2.1). A date
    counts only where no tag was sent, and where the variant has one."""
    answer, tag = ready
    wanted = request.header(b"if-none-match")
    if matches(wanted, tag) if wanted else modified and is_since(request.header(b"if-modified-since"), modified):
        kept = tuple(header for header in answer.headers if header[0] not in _OF_THE_BODY)
        return Response(304, kept, kind=answer.kind)
    return answer


def preview_for(
    record: PublicPage, wall: Fragment, keeping: HeaderList, carried: Carried, request: Request, gate: GateState
) -> Response:
    """The preview for a device that carries a cookie of ours: it says why at once, and no shared cache keeps it."""
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    headers = (*gate.headers_of(record), *keeping, *GATED, *pass_cookies(carried, gate))
    return page((record.before, record.between, wall, record.after), headers, gzip=gzip, kind=tally.PREVIEW)


def pass_cookies(carried: Carried, gate: GateState) -> tuple[tuple[bytes, bytes], ...]:
    """The pass again, where the store renewed it; its end, where the session has ended."""
    if carried.renewed and carried.reader_pass is not None:
        token = reader_pass.issue(gate.keyring, carried.reader_pass)
        seconds = carried.reader_pass.session_until - carried.now
        return cookie_headers(cookies.set_cookie(cookies.PASS, token, seconds))
    if carried.ended:
        return cookie_headers(cookies.expire(cookies.PASS), cookies.expire(cookies.OPENING))
    return ()
