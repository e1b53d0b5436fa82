"""`POST /-/read`: the one request that counts. It decides, spends, concludes, and answers: the rest, or why not."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from foldline.callers.address import network
from foldline.errors import StoreUnavailable
from foldline.gate import needs
from foldline.gate.article import pass_cookies, whole_for
from foldline.gate.caller import client_of
from foldline.gate.decision import decision_answer
from foldline.gate.errors import bare, not_found
from foldline.gate.facts import Carried, gather
from foldline.gate.forms import MOST_BYTES, ReadForm, comes_from_our_page, read_form, says_nothing_of_its_page
from foldline.gate.gift import brought, redeem
from foldline.gate.needs import Steps
from foldline.gate.openings import OPENING_SECONDS, device_of, opening_cookie, opening_entry
from foldline.gate.reading import who_reads
from foldline.gate.request import Request, accepts_gzip
from foldline.gate.response import GATED, NO_STORE, HeaderList, Response, cookie_headers, page
from foldline.gate.spoken import Spoken, used_by
from foldline.gate.state import GateState
from foldline.pages.fragment import Fragment
from foldline.pages.record import PublicPage
from foldline.pages.wall import AnswerOutcome, WallFacts, again_answer
from foldline.policy import decide as deciding
from foldline.policy.decide import Decision, Outcome, Receipt, conclude, decide
from foldline.policy.reasons import Reason
from foldline.policy.window import Window
from foldline.signed import cookies, meter
from foldline.signed.counting import Charge, Counted, article_names, device_owner, reader_owner
from foldline.signed.gift import Redeemed
from foldline.signed.meter import DeviceMeters

_REFRESH = '<meta http-equiv="refresh" content="3">'
_NOW = '<meta http-equiv="refresh" content="0">'


def post_read(request: Request, gate: GateState) -> Steps:
    """Open an article for this device, or say why not."""
    proven = comes_from_our_page(request, gate)
    if not proven and not (gate.institutions and says_nothing_of_its_page(request)):
        return bare(403, gate)
    if len(request.body) > MOST_BYTES:
        return bare(413, gate)
    form = read_form(request.body)
    if form is None:
        return bare(400, gate)
    record = yield needs.PageOf(form.article)
    if type(record) is not PublicPage:
        if not proven:
            return bare(403, gate)
        return (yield from _not_there(form, request, gate))
    carried = yield from gather(request, record.article, gate)
    gift = brought(form, request, record.article, gate, carried.now)
    if gift is not None:
        carried.visit = carried.visit._replace(gift=gift.reason)
    decision = decide(carried.visit, gate.rules)
    if not proven and decision.reason is not Reason.IN_INSTITUTION:
        return bare(403, gate)
    changes: HeaderList = pass_cookies(carried, gate)
    counted: Counted | None = None
    redeemed: Redeemed | None = None
    if decision.redeem is not None and gift is not None and gift.link is not None:
        if not (form.again and form.answer == "json"):
            decision, redeemed, opened = yield from redeem(decision, gift.link, carried, gate, again=form.again)
            changes = (*changes, *opened)
        if form.again and redeemed is not None and not redeemed.counted:
            return _offer_again(record, request, gate, changes)
    if decision.spend is not None and form.again and form.answer != "json":
        # A page that the Back button restored spends nothing: it offers the button again.
        return _offer_again(record, request, gate, changes)
    if decision.spend is not None and not form.again:
        decision, counted, spent = yield from _spend(decision, carried, request, gate)
        changes = (*changes, *spent)
    if decision.outcome is not Outcome.OPENS_IF:
        who = who_reads(request, decision, carried, gate)
        gate.note(record.article.id, decision, institution=carried.used_by(decision), who=who)
    spoken = Spoken(record, decision, carried, used_by(carried, counted), gate, counted, redeemed)
    if form.answer == "json":
        return (yield from decision_answer(record, decision, spoken, request, gate, changes))
    if decision.outcome is not Outcome.OPENS:
        return _refuse(record, decision, spoken, request, gate, changes, form.answer == "fragment")
    if form.answer == "page":
        if record.gated and decision.reason is Reason.IN_INSTITUTION:
            return (yield from _provided(record, decision, carried, request, gate))
        location = (b"location", record.path.encode() + b"#continue")
        return Response(303, (location, *NO_STORE, *gate.security, *changes, (b"content-length", b"0")))
    return (yield from _open(record, decision, spoken, request, gate, changes))


def _provided(record: PublicPage, decision: Decision, carried: Carried, request: Request, gate: GateState) -> Steps:
    """The whole as the answer itself: nothing is set on a device that reads in an institution's network, so that
    nothing outlives it, and a cache before the gate would answer the way back with the preview."""
    assert decision.opening is not None
    try:
        rest = yield needs.Rest(record, decision.opening)
    except StoreUnavailable:
        return bare(502, gate)
    return whole_for(record, rest, decision, carried, request, gate)


def _not_there(form: ReadForm, request: Request, gate: GateState) -> Steps:
    if form.answer == "fragment":
        return _load_anew(request, gate)
    if form.answer == "json":
        return bare(404, gate)
    return (yield from not_found(request, gate))


def _spend(
    decision: Decision, carried: Carried, request: Request, gate: GateState
) -> Generator[needs.Need, Any, tuple[Decision, Counted | None, HeaderList]]:
    """(final decision, what was counted, cookies to set)."""
    if decision.spend is None:
        raise ValueError("this decision does not wait for a spend")
    window = gate.window(carried.now, decision.spend.allowance.days)
    anonymous, meters = carried.reader_pass is None, carried.meters
    if meters is None and anonymous:
        meters = DeviceMeters(device_of(carried, gate))
    charge = _charge(decision.spend, window, carried, meters, gate)
    where = _network(request, gate) if anonymous and carried.meters is None else ""
    try:
        counted: Counted = yield needs.Spend(charge, where)
    except StoreUnavailable:
        counted = Counted(False, 0, could_count=False)
    final = conclude(decision, Receipt(counted.counted, counted.used, counted.could_count, counted.before))
    changes: HeaderList = ()
    if anonymous and meters is not None and counted.could_count:
        # Refused or not: from now on the cookie says what the store says.
        meters = carried.meters = _learn(meters, charge, counted)
        token = meter.issue(gate.keyring, meters, _windows(carried.now, gate))
        changes = cookie_headers(cookies.set_cookie(cookies.METER, token, meter.DEVICE_SECONDS))
    if final.opening is not None:
        ends = carried.now + min(OPENING_SECONDS, window.ends - carried.now)
        entry = opening_entry(final.opening, final.reason, ends)
        device = meters.device if meters is not None else device_of(carried, gate)
        changes = (*changes, *opening_cookie(entry, carried, device, gate))
    return final, counted, changes


def _charge(
    spend: deciding.Spend, window: Window, carried: Carried, meters: DeviceMeters | None, gate: GateState
) -> Charge:
    """A signed-in reader is counted in the store, and their device hands over what it carries; else the device is."""
    name, number = spend.allowance.name, window.number
    device = device_owner(gate.keyring, meters.device) if meters is not None else ()
    carries = meters.count(name, number) if meters is not None else meter.Count(meter.meter_id(name), number)
    held = carried.reader_pass
    owner = device if held is None else reader_owner(gate.keyring, held.reader)
    names = article_names(gate.keyring, spend.article)
    return Charge(owner, name, number, window.ends, spend.limit, names, device, carries.articles, carries.hidden)


def _learn(meters: DeviceMeters, charge: Charge, counted: Counted) -> DeviceMeters:
    """The device's meters as the store tells them."""
    hidden = max(charge.hidden, counted.used - len(counted.articles))
    learned = meter.Count(meter.meter_id(charge.meter), charge.window, hidden, counted.articles)
    return meters.with_count(learned)


def _windows(now: int, gate: GateState) -> dict[bytes, int]:
    """The number of the window that runs, for each meter that the rules name."""
    allowances = gate.rules.allowances.values() if gate.rules is not None else ()
    return {meter.meter_id(one.name): gate.window(now, one.days).number for one in allowances}


def _network(request: Request, gate: GateState) -> str:
    return network(client_of(request, gate))


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
    if as_fragment:
        headers = (*gate.page_headers, *NO_STORE, *GATED, *changes)
        outcome: AnswerOutcome = "unreachable" if decision.reason is Reason.STORE_UNREACHABLE else "refused"
        return page((Fragment.of(spoken.answer(outcome)),), headers, gzip=gzip)
    headers = (*gate.headers_of(record), *NO_STORE, *GATED, *changes)
    return page((record.before, record.between, spoken.wall(), record.after), headers, gzip=gzip)


def _open(
    record: PublicPage, decision: Decision, spoken: Spoken, request: Request, gate: GateState, changes: HeaderList
) -> Steps:
    """The rest for the script. A spend whose text can't be read is free on retry: the article is counted already."""
    said = spoken.answer("open")
    if record.headers:
        # The page of an origin is opened as a whole: what is sealed of it is no single part.
        said = said.removesuffix("</div>") + f"{_NOW}</div>"
    elif not record.gated:
        # It became free after the page was sent: the page as it is now has what is missing there.
        said = said.removesuffix("</div>") + f"{_REFRESH}</div>"
    head = Fragment.of(said + '<div class="answer-rest">')
    parts: tuple[Fragment, ...] = (head,)
    if record.gated and not record.headers:
        assert decision.opening is not None
        try:
            rest = yield needs.Rest(record, decision.opening)
        except StoreUnavailable:
            return bare(502, gate)
        parts = (head, rest.fragment)
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    headers = (*gate.page_headers, *NO_STORE, *GATED, *changes)
    return page((*parts, Fragment.of("</div>")), headers, gzip=gzip)
