"""`POST /-/read`: the one request that counts. It decides, spends, concludes, and answers: the rest, or why not."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import parse_qsl

from foldline.callers.address import client_address, network
from foldline.errors import StoreUnavailable
from foldline.gate import needs
from foldline.gate.article import pass_cookies
from foldline.gate.errors import bare, not_found
from foldline.gate.facts import WHY, Carried, gather
from foldline.gate.needs import Steps
from foldline.gate.request import Request, accepts_gzip
from foldline.gate.response import GATED, NO_STORE, HeaderList, Response, cookie_headers, page
from foldline.gate.spoken import Spoken
from foldline.gate.state import GateState
from foldline.pages.fragment import Fragment
from foldline.pages.record import PublicPage
from foldline.pages.wall import AnswerOutcome, WallFacts, again_answer
from foldline.policy.decide import Decision, Outcome, conclude, decide
from foldline.policy.reasons import Reason
from foldline.signed import cookies, meter, opening
from foldline.signed.meter import DeviceMeter
from foldline.signed.opening import NO_SESSION, DeviceOpenings, OpeningEntry

MOST_BYTES = 1024
OPENING_SECONDS = 86_400
_REFRESH = '<meta http-equiv="refresh" content="3">'


def post_read(request: Request, gate: GateState) -> Steps:
    """Open an article for this device, or say why not."""
    if not comes_from_our_page(request, gate):
        return bare(403, gate)
    if len(request.body) > MOST_BYTES:
        return bare(413, gate)
    fields = _fields(request.body)
    if fields is None:
        return bare(400, gate)
    number, as_fragment, again = fields
    record = yield needs.PageOf(number)
    if type(record) is not PublicPage:
        return _load_anew(request, gate) if as_fragment else (yield from not_found(request, gate))
    carried = yield from gather(request, record.article, gate)
    decision = decide(carried.visit, gate.rules)
    changes: HeaderList = pass_cookies(carried, gate)
    used = carried.visit.meter.used
    if decision.spend is not None and again:
        # A page that the Back button restored spends nothing: it offers the button again.
        return _offer_again(record, request, gate, changes)
    if decision.spend is not None:
        decision, used, spent = yield from _spend(decision, carried, request, gate)
        changes = (*changes, *spent)
    gate.note(record.article.id, decision)
    spoken = Spoken(record, decision, carried, used, gate)
    if decision.outcome is not Outcome.OPENS:
        return _refuse(record, decision, spoken, request, gate, changes, as_fragment)
    if not as_fragment:
        location = (b"location", record.path.encode() + b"#continue")
        return Response(303, (location, *NO_STORE, *gate.security, *changes, (b"content-length", b"0")))
    return (yield from _open(record, decision, spoken, request, gate, changes))


def comes_from_our_page(request: Request, gate: GateState) -> bool:
    """Only our own pages may spend: same-origin by fetch metadata, or by Origin where a browser sends none. Speculative
    loads never may (`Sec-Purpose`)."""
    if request.header(b"sec-purpose") or request.header(b"purpose"):
        return False
    site = request.header(b"sec-fetch-site")
    if site:
        return site == b"same-origin"
    return request.header(b"origin") in gate.origins


def _fields(body: bytes) -> tuple[int, bool, bool] | None:
    """(article, whether a fragment is wanted, whether it was open here before); None for a form that is not ours."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=4)
    except ValueError:
        return None
    fields = dict(pairs)
    number = fields.get("article", "")
    if len(fields) != len(pairs) or not number.isascii() or not number.isdecimal() or len(number) > 15:
        return None
    return int(number), fields.get("answer") == "fragment", bool(fields.get("again"))


def _spend(
    decision: Decision, carried: Carried, request: Request, gate: GateState
) -> Generator[needs.Need, Any, tuple[Decision, int, HeaderList]]:
    """(final decision, articles used, cookies to set)."""
    device = carried.meter
    if not carried.meter_known:
        device = DeviceMeter(gate.random(16), device.window)
    hashed = meter.article_hash(gate.keyring, device.device, carried.visit.article.id, device.articles)
    forwarded = tuple(request.header(b"x-forwarded-for").decode("latin-1").split(","))
    where = network(client_address(request.client, forwarded, gate.hops))
    assert decision.spend is not None
    need = needs.Spend(decision.spend, device, hashed, where, carried.meter_known)
    try:
        receipt, device = yield need
    except StoreUnavailable:
        final = decision._replace(outcome=Outcome.REFUSES, reason=Reason.METER_CANNOT_COUNT, spend=None)
        return final, carried.visit.meter.used, ()
    final = conclude(decision, receipt)
    if final.outcome is not Outcome.OPENS:
        return final, receipt.used, ()
    window = gate.window(carried.now)
    seconds = min(OPENING_SECONDS, window.ends - carried.now)
    # The opening is one device's, and one session's: signing out ends it.
    session = carried.reader_pass.session if carried.reader_pass is not None else NO_SESSION
    known = carried.openings
    if known.device != device.device or known.session != session:
        known = DeviceOpenings(device.device, session)
    entry = OpeningEntry(hashed, carried.now + seconds, WHY.index(final.reason))
    openings = known.with_entry(entry, carried.now)
    return (
        final,
        receipt.used,
        cookie_headers(
            cookies.set_cookie(cookies.METER, meter.issue(gate.keyring, device), meter.DEVICE_SECONDS),
            cookies.set_cookie(cookies.OPENING, opening.issue(gate.keyring, openings), OPENING_SECONDS),
        ),
    )


def _load_anew(request: Request, gate: GateState) -> Response:
    """The article left after its page was sent: the page, asked for again, says whether it is gone."""
    said = f'<div class="answer" data-outcome="refused">{_REFRESH}</div>'
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    return page((Fragment.of(said),), (*gate.page_headers, *NO_STORE, *GATED), gzip=gzip)


def _offer_again(record: PublicPage, request: Request, gate: GateState, changes: HeaderList) -> Response:
    """The button, as an answer to the script."""
    said = again_answer(WallFacts(record.article.id, record.path), gate.publication, gate.words)
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    return page((Fragment.of(said),), (*gate.page_headers, *NO_STORE, *GATED, *changes), gzip=gzip)


def _refuse(
    record: PublicPage,
    decision: Decision,
    spoken: Spoken,
    request: Request,
    gate: GateState,
    changes: HeaderList,
    as_fragment: bool,
) -> Response:
    """The reason, as a fragment or, without a script, on the page itself."""
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    headers = (*gate.page_headers, *NO_STORE, *GATED, *changes)
    if as_fragment:
        outcome: AnswerOutcome = "unreachable" if decision.reason is Reason.STORE_UNREACHABLE else "refused"
        return page((Fragment.of(spoken.answer(outcome)),), headers, gzip=gzip)
    return page((record.before, record.between, spoken.wall(), record.after), headers, gzip=gzip)


def _open(
    record: PublicPage, decision: Decision, spoken: Spoken, request: Request, gate: GateState, changes: HeaderList
) -> Steps:
    """The rest for the script. A spend whose text can't be read is free on retry: the meter is not set again."""
    said = spoken.answer("open")
    if not record.gated:
        # It became free after the page was sent: the page as it is now has what is missing there.
        said = said.removesuffix("</div>") + f"{_REFRESH}</div>"
    head = Fragment.of(said + '<div class="answer-rest">')
    parts: tuple[Fragment, ...] = (head,)
    if record.gated:
        assert decision.opening is not None
        try:
            rest = yield needs.Rest(record, decision.opening)
        except StoreUnavailable:
            return bare(502, gate)
        parts = (head, rest.fragment)
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    headers = (*gate.page_headers, *NO_STORE, *GATED, *changes)
    return page((*parts, Fragment.of("</div>")), headers, gzip=gzip)
