"""What an origin tells by itself: which of its addresses show another text now, or none any more. Pure.

Whoever holds the origin's secret may tell. A notice that can't be taken word for word is refused as a whole, by name.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from foldline.sources.origin.surfaces import SPELLING, Kind, SurfaceMap

#: The header field that proves who tells: `t=<epoch seconds>,v1=<64 hex digits>`.
SIGNATURE = b"x-foldline-signature"
#: The moment of a signature may be so many seconds away from ours: clocks differ, and mail queues are slow.
TOLERANCE = 300
MOST_ADDRESSES = 100
#: The longest body of a notice, in bytes: that many addresses of the longest kind, written as escapes.
MOST_BODY = 512 << 10
EVERYTHING = "all"

_SIGNED = re.compile(rb"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


class NoticeRefused(ValueError):
    """`status` is what the teller is answered; the message names what was wrong."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


@dataclass(frozen=True, slots=True)
class Notice:
    """Paths as they are asked for. `everything` says that any page may be another now."""

    changed: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    everything: bool = False


def sign(secret: str, body: bytes, now: int) -> bytes:
    """The value of `SIGNATURE` for a body that is told at `now`."""
    return b"t=%d,v1=%s" % (now, _mac(secret, b"%d" % now, body).encode())


def verify(secret: str, signature: bytes, body: bytes, now: int) -> None:
    """Whether a body is the origin's own word, told just now.

    Raises:
        NoticeRefused: 401 without a signature, 403 for one that is not good. A second signature makes both bad.
    """
    if not signature:
        raise NoticeRefused(401, f"there is no {SIGNATURE.decode()}")
    found = _SIGNED.fullmatch(signature)
    if found is None or not hmac.compare_digest(_mac(secret, found[1], body), found[2].decode()):
        raise NoticeRefused(403, "the signature is not of this body and the origin's secret")
    if abs(now - int(found[1])) > TOLERANCE:
        raise NoticeRefused(403, f"the signature is more than {TOLERANCE} seconds old, or a clock is wrong")


def _mac(secret: str, moment: bytes, body: bytes) -> str:
    return hmac.new(secret.encode(), moment + b"." + body, hashlib.sha256).hexdigest()


def read_notice(body: bytes, surfaces: SurfaceMap, url: str) -> Notice:
    """A notice in JSON: `{"changed": [address, …], "withdrawn": [address, …]}`, or `{"changed": "all"}`. An address is
    a path, or a whole URL of the publication at `url`.

    Raises:
        NoticeRefused: 413 for too many addresses, 400 for anything else that can't be taken.
    """
    try:
        told = json.loads(body.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise NoticeRefused(400, "the body is not JSON in UTF-8") from error
    if not isinstance(told, dict) or not told:
        raise NoticeRefused(400, 'the body is not an object with "changed" or "withdrawn"')
    if unknown := sorted(set(told) - {"changed", "withdrawn"}):
        raise NoticeRefused(400, f"unknown key {unknown[0][:80]!r}: known are changed and withdrawn")
    everything = told.get("changed") == EVERYTHING
    lists = {name: () if name == "changed" and everything else told.get(name, ()) for name in ("changed", "withdrawn")}
    for name, given in lists.items():
        if name in told and not (name == "changed" and everything) and not isinstance(given, list):
            raise NoticeRefused(400, f"{name} is not a list of addresses")
    if sum(len(given) for given in lists.values()) > MOST_ADDRESSES:
        raise NoticeRefused(413, f"more than {MOST_ADDRESSES} addresses: tell them in several notices")
    changed, withdrawn = (
        tuple(dict.fromkeys(path_of(given, surfaces, url) for given in lists[name]))
        for name in ("changed", "withdrawn")
    )
    if both := set(changed) & set(withdrawn):
        raise NoticeRefused(400, f"{min(both)!r} is told of as changed and as withdrawn")
    return Notice(changed, withdrawn, everything)


def path_of(given: object, surfaces: SurfaceMap, url: str) -> str:
    """The path of an address as the gate spells it. What follows `?` is left out: it goes with its path.

    Raises:
        NoticeRefused: 400, it is none of the publication's, or can be read in two ways.
    """
    if not isinstance(given, str) or not given:
        raise NoticeRefused(400, "an address is not a text")
    shown = repr(given[:200])
    address = given
    if not given.startswith("/") or given.startswith("//"):
        ours = urlsplit(url)
        try:
            parts = urlsplit(given)
            foreign = parts.scheme not in ("http", "https") or parts.netloc.lower() != ours.netloc.lower()
        except ValueError:
            foreign = True
        if foreign:
            raise NoticeRefused(400, f"{shown} is no path, and no address of {ours.netloc}")
        address = given.split("//", 1)[1].removeprefix(parts.netloc) or "/"
    # Pages link to themselves in letters; what is asked for is their escapes.
    path = quote(address.partition("?")[0], safe="!#$%&'()*+,/:;=@[]~\\")
    surface = surfaces.surface_of("GET", path.encode(), b"")
    if surface.kind is Kind.CLOSED and surface.route == SPELLING:
        raise NoticeRefused(400, f"{shown} is not how this address is asked for: write it as its page is linked")
    return (surface.page or path.encode()).decode("ascii")
