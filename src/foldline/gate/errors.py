"""Answers that are no article. Nothing of the request is echoed in any of them."""

from __future__ import annotations

from foldline.gate import needs
from foldline.gate.needs import Steps
from foldline.gate.request import Request, accepts_gzip
from foldline.gate.response import GATED, NEUTRAL, NO_STORE, HeaderList, Response, page
from foldline.gate.state import GateState
from foldline.pages.record import PublicPage, Sheet
from foldline.policy.reasons import Reason

#: What stands where no error page was published yet.
_BARE = {
    400: b"Bad request: the address can be read in two ways.\n",
    401: b"Not signed.\n",
    403: b"Refused: this form works only from its own page.\n",
    404: b"Not found.\n",
    405: b"Method not allowed.\n",
    408: b"The request did not come.\n",
    410: b"Gone: this article was withdrawn.\n",
    413: b"Too large.\n",
    421: b"Misdirected request: this host is not served here.\n",
    503: b"This page can't be read now. Please try again.\n",
    502: b"The pages about your account can't be reached now. Please try again.\n",
    504: b"The site behind this gate does not answer now. Please try again.\n",
    500: b"Something went wrong on our side.\n",
}

PLAIN: HeaderList = ((b"content-type", b"text/plain; charset=utf-8"),)


def bare(status: int, gate: GateState, *more: tuple[bytes, bytes], keeping: HeaderList = NO_STORE) -> Response:
    """A constant answer in plain text."""
    body = _BARE[status]
    length = (b"content-length", b"%d" % len(body))
    return Response(status, (*PLAIN, *keeping, *gate.security, *more, length), body)


def store_unavailable(gate: GateState) -> Response:
    """503: what is stored of this page can't be read now."""
    return bare(503, gate, (b"retry-after", b"5"))


def error_page(status: int, request: Request, gate: GateState, keeping: HeaderList = NO_STORE) -> Steps:
    """The published page for a status, or the plain one."""
    record = yield needs.Page(b":%d" % status)
    if type(record) is not Sheet:
        return bare(status, gate, keeping=keeping)
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    return page((record.body,), (*gate.page_headers, *keeping), gzip=gzip, status=status)


def instead_of_preview(request: Request) -> HeaderList:
    """How long what stands in the place of an article may be kept: as long as its preview was. A cache that may keep
    nothing in its place would show the preview again when the gate does not answer."""
    return NO_STORE if request.has_our_cookies else NEUTRAL


def not_found(request: Request, gate: GateState) -> Steps:
    """404."""
    return (yield from error_page(404, request, gate))


def gone(request: Request, gate: GateState) -> Steps:
    """410."""
    return (yield from error_page(410, request, gate, instead_of_preview(request)))


def unavailable(record: PublicPage, request: Request, gate: GateState) -> Response:
    """503 with the preview: the reader may read the whole, but the gate can't read it now."""
    gzip = accepts_gzip(request.header(b"accept-encoding"))
    headers = (*gate.headers_of(record), *NO_STORE, *GATED, (b"retry-after", b"5"))
    return page(record.parts(Reason.STORE_UNREACHABLE.value), headers, gzip=gzip, status=503)
