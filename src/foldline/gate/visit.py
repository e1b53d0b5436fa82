"""One visit: which part of the gate answers a request. The gate owns the whole prefix."""

from __future__ import annotations

import re

from foldline.errors import StoreUnavailable
from foldline.gate import needs, tally
from foldline.gate.article import get_page
from foldline.gate.authz import get_authz, is_authz
from foldline.gate.decision import get_decision
from foldline.gate.errors import bare, error_page, store_unavailable
from foldline.gate.health import get_health
from foldline.gate.me import get_me
from foldline.gate.needs import Steps
from foldline.gate.private_feed import get_private_feed
from foldline.gate.read import post_read
from foldline.gate.request import Request, accepts_gzip
from foldline.gate.response import FOREVER, GZIP, Response
from foldline.gate.state import GateState
from foldline.pages.record import Record
from foldline.spelling import is_ambiguous

_MEDIA = re.compile(r"[0-9a-f]{32}\.(?:webp|png|jpg|gif)")
_READS = ("GET", "HEAD")
_FORWARDED = (*_READS, "POST")


def visit(request: Request, gate: GateState, known: Record | None = None) -> Steps:
    """Answer one request. Yields Needs, returns a Response. `known` is the record at its path, where it is at hand."""
    is_ours = request.path.startswith(gate.prefix)
    if is_ours and is_authz(request.path, gate):
        return _counted(get_authz(request, gate), tally.PROXY)
    if request.ambiguous or is_ambiguous(request.path):
        return error_page(400, request, gate)
    if is_ours and request.path[len(gate.prefix) :] in (b"live", b"ready"):
        return _at_once(get_health(request, gate))
    host = request.header(b"host")
    if host not in gate.hosts and host.lower() not in gate.hosts:
        return _at_once(bare(421, gate))
    if is_ours:
        return _shielded(_own(request.path[len(gate.prefix) :], request, gate), gate)
    if request.method not in _READS:
        return _at_once(bare(405, gate, (b"allow", b"GET, HEAD")))
    return get_page(request, gate, known)


def _at_once(response: Response) -> Steps:
    yield from ()
    return response


def _counted(steps: Steps, kind: int) -> Steps:
    """The same steps; what they lead to is counted as this."""
    answer: Response = yield from steps
    answer.kind = kind
    return answer


def _shielded(steps: Steps, gate: GateState) -> Steps:
    try:
        return (yield from steps)
    except StoreUnavailable:
        return store_unavailable(gate)


def _own(name: bytes, request: Request, gate: GateState) -> Steps:
    """What lies under the prefix: the gate's own answers, and the site process for everything else."""
    if name == b"read":
        if request.method != "POST":
            return bare(405, gate, (b"allow", b"POST"))
        return (yield from _counted(post_read(request, gate), tally.READ))
    if name == b"decision":
        if request.method not in _READS:
            return bare(405, gate, (b"allow", b"GET, HEAD"))
        return (yield from _counted(get_decision(request, gate), tally.DECISION))
    if name == b"newsstand" or name.startswith(b"newsstand/"):
        if request.method not in _READS:
            return bare(405, gate, (b"allow", b"GET, HEAD"))
        return (yield from get_page(request, gate))
    if name.startswith(b"feed/"):
        if request.method not in _READS:
            return bare(405, gate, (b"allow", b"GET, HEAD"))
        return (yield from _counted(get_private_feed(name[5:], request, gate), tally.FEED))
    if name == b"me" or name.startswith((b"static/", b"media/")):
        if request.method not in _READS:
            return bare(405, gate, (b"allow", b"GET, HEAD"))
        if name == b"me":
            return get_me(request, gate)
        if name.startswith(b"static/"):
            return (yield from _counted(_static(request, gate), tally.FILE))
        return (yield from _counted(_media(name[6:].decode("ascii", "replace"), request, gate), tally.FILE))
    if request.method not in _FORWARDED:
        return bare(405, gate, (b"allow", b"GET, HEAD, POST"))
    answer: Response = yield needs.Forward(request)
    answer.kind = tally.SITE
    return answer


def _static(request: Request, gate: GateState) -> Steps:
    asset = gate.assets.get(request.path.decode("ascii", "replace"))
    if asset is None:
        return (yield from error_page(404, request, gate))
    packed = asset.gzip_body if accepts_gzip(request.header(b"accept-encoding")) else None
    body = asset.body if packed is None else packed
    encoding = GZIP if packed is not None else ()
    length = (b"content-length", b"%d" % len(body))
    kind = (b"content-type", asset.content_type.encode())
    return Response(200, (kind, *FOREVER, *gate.security, *encoding, length), body)


def _media(name: str, request: Request, gate: GateState) -> Steps:
    found = (yield needs.Media(name)) if _MEDIA.fullmatch(name) else None
    if found is None:
        return (yield from error_page(404, request, gate))
    kind, body = found
    length = (b"content-length", b"%d" % len(body))
    return Response(200, ((b"content-type", kind.encode()), *FOREVER, *gate.security, length), body)
