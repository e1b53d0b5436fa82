"""`GET /-/me`: what a page's header shows about who reads. The only place where a page learns it."""

from __future__ import annotations

import json

from foldline.gate import tally
from foldline.gate.request import Request
from foldline.gate.response import NO_STORE, Response
from foldline.gate.state import GateState


def get_me(request: Request, gate: GateState) -> Response:
    """Whether this device is signed in, and the links that fit. Asks nobody: the pass says it."""
    held = gate.read_pass(request.reader_pass, gate.now())
    prefix = gate.publication.prefix
    words = gate.words
    if held is None:
        link = {"href": f"{prefix}sign-in", "text": words["site.sign-in"]}
    elif held.payment_failed:
        link = {"href": f"{prefix}account#plans", "text": words["site.payment-failed"]}
    else:
        link = {"href": f"{prefix}account", "text": words["site.me"]}
    told: dict[str, object] = {"signed_in": held is not None, "name": "", "links": [link]}
    if gate.publication.demo:
        told["kind"] = _kind(request, gate)
    body = json.dumps(told, ensure_ascii=False).encode()
    headers = (
        (b"content-type", b"application/json"),
        *NO_STORE,
        *gate.security,
        (b"x-robots-tag", b"noindex"),
        (b"content-length", b"%d" % len(body)),
    )
    return Response(200, headers, body, kind=tally.ME)


def _kind(request: Request, gate: GateState) -> str:
    """Which of the demo's readers this device is."""
    held = gate.read_pass(request.reader_pass, gate.now())
    if held is None:
        return "googlebot" if b"foldline-demo-agent=googlebot" in request.header(b"cookie") else "anonymous"
    if held.products:
        return "subscriber"
    return "lapsed" if held.ended_on else "registered"
