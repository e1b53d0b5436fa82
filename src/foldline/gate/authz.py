"""`/-/authz`: a proxy asks whether a visit may read the whole of an article that the proxy sends itself.

It is answered with exactly 200 (it may), 401 (it may not, and nobody is signed in) or 403 (it may not, or whatever is
wrong), without a body, and nothing is counted. 200 is said of an article asked for in its one spelling with nothing
in its query that the origin would not be asked for, so that whatever the proxy makes of the target is what was decided
on. Of everything else it is 403, and a proxy then has the gate show it.
"""

from __future__ import annotations

from hmac import compare_digest

from foldline.errors import StoreUnavailable
from foldline.gate import needs
from foldline.gate.article import pass_cookies
from foldline.gate.facts import gather
from foldline.gate.needs import Steps
from foldline.gate.reading import who_reads
from foldline.gate.request import Request
from foldline.gate.response import NO_STORE, HeaderList, Response
from foldline.gate.state import GateState
from foldline.pages.record import PublicPage
from foldline.policy.decide import Outcome, decide
from foldline.policy.reasons import Reason

NAME = b"authz"
#: By which a proxy proves itself: who has it may read the whole site at the origin anyway.
SECRET = b"x-foldline-secret"
#: What nginx sets as its recipe says, and what Caddy's `forward_auth` sets: the target and the method of the visit.
_WAYS = ((b"x-original-uri", b"x-original-method"), (b"x-forwarded-uri", b"x-forwarded-method"))
_HOST = b"x-forwarded-host"
_ONCE = frozenset((SECRET, _HOST, *_WAYS[0], *_WAYS[1]))
_READS = ("GET", "HEAD")

OPENS, UNKNOWN_READER, REFUSES = 200, 401, 403


def is_authz(path: bytes, gate: GateState) -> bool:
    """Whether a path is that of a proxy's question."""
    return path == gate.prefix + NAME


def get_authz(request: Request, gate: GateState) -> Steps:
    """The verdict on the visit that a proxy asks about.

    An event line is written where it opens: otherwise the gate shows the preview, and writes the line of that.
    """
    visit = visit_asked_about(request, gate)
    if visit is None:
        return verdict(REFUSES, gate)
    try:
        record = yield needs.Asked(visit)
        if type(record) is not PublicPage:
            return verdict(REFUSES, gate)
        carried = yield from gather(visit, record.article, gate)
    except StoreUnavailable:
        return verdict(REFUSES, gate)
    decision = decide(carried.visit, gate.rules)
    if decision.reason is Reason.IN_INSTITUTION:
        # The gate shows it, with the line that says who provides it, and writes the event line.
        return verdict(REFUSES, gate)
    if record.gated and decision.outcome is not Outcome.OPENS:
        return verdict(UNKNOWN_READER if carried.reader_pass is None else REFUSES, gate)
    gate.note(record.article.id, decision, who=who_reads(visit, decision, carried, gate))
    return verdict(OPENS, gate, pass_cookies(carried, gate))


def visit_asked_about(request: Request, gate: GateState) -> Request | None:
    """The visit that a proxy tells of. None where it did not prove itself, where two programs told of one, where
    anything was told twice, and for a method that reads nothing."""
    told: dict[bytes, bytes] = {}
    for name, value in request.headers:
        if name in _ONCE:
            if name in told:
                return None
            told[name] = value
    if not gate.proxy_secret or not compare_digest(told.get(SECRET, b""), gate.proxy_secret):
        return None
    host = request.header(b"host").lower()
    if request.ambiguous or request.method not in _READS or host not in gate.hosts:
        return None
    if told.get(_HOST, host).lower() != host:
        return None
    ways = [way for way in _WAYS if told.keys() & set(way)]
    if len(ways) != 1:
        return None
    target, method = (told.get(name, b"").decode("latin-1") for name in ways[0])
    path, question, query = target.encode("latin-1").partition(b"?")
    if method not in _READS or bool(question) is not bool(query):
        return None
    return Request(method, path, query, request.headers, request.client)


def verdict(status: int, gate: GateState, more: HeaderList = ()) -> Response:
    """One of the three answers. No `WWW-Authenticate`: it is told to a proxy, and no reader sees it."""
    return Response(status, (*NO_STORE, *gate.security, *more, (b"content-length", b"0")))
