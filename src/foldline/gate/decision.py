"""A decision as data: what `POST /-/read` answers with `answer=json`, and `GET /-/decision`, which counts nothing."""

from __future__ import annotations

import json

from foldline.errors import StoreUnavailable
from foldline.gate import needs
from foldline.gate.article import pass_cookies
from foldline.gate.errors import bare
from foldline.gate.facts import gather
from foldline.gate.forms import comes_from_our_page, read_form
from foldline.gate.needs import Steps
from foldline.gate.request import Request, accepts_gzip
from foldline.gate.response import GATED, JSON, NO_STORE, HeaderList, Response, page
from foldline.gate.spoken import Spoken, used_by
from foldline.gate.state import GateState
from foldline.pages.fragment import Fragment
from foldline.pages.record import PublicPage
from foldline.policy.decide import Decision, Outcome, decide


def get_decision(request: Request, gate: GateState) -> Steps:
    """What would be decided about `?article=N` for this visit. Nothing is counted, opened or written down, and nothing
    of the article is said."""
    if not comes_from_our_page(request, gate):
        return bare(403, gate)
    form = read_form(request.query)
    if form is None:
        return bare(400, gate)
    record = yield needs.PageOf(form.article)
    if type(record) is not PublicPage:
        return bare(404, gate)
    carried = yield from gather(request, record.article, gate)
    decision = decide(carried.visit, gate.rules)
    spoken = Spoken(record, decision, carried, used_by(carried), gate)
    return _as_json(spoken.data(), request, gate, pass_cookies(carried, gate))


def decision_answer(
    record: PublicPage, decision: Decision, spoken: Spoken, request: Request, gate: GateState, changes: HeaderList
) -> Steps:
    """What was decided and counted, and where it opened the rest as HTML: `null` where nothing is below the fold."""
    told = spoken.data()
    if decision.outcome is Outcome.OPENS:
        told["rest"] = None
        if record.gated and not record.headers:
            assert decision.opening is not None
            try:
                rest = yield needs.Rest(record, decision.opening)
            except StoreUnavailable:
                return bare(502, gate)
            told["rest"] = rest.fragment.plain.decode()
    return _as_json(told, request, gate, changes)


def _as_json(told: dict[str, object], request: Request, gate: GateState, changes: HeaderList) -> Response:
    said = Fragment.of(json.dumps(told, ensure_ascii=False))
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    return page((said,), (*JSON, *gate.security, *NO_STORE, *GATED, *changes), gzip=gzip)
