"""A gift at the gate: `?gift=<token>` behind an article's path. GET looks at nothing but whether it is there;
`POST /-/read` counts the device that it is opened on.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any, NamedTuple

from foldline.errors import InvalidToken, StoreUnavailable
from foldline.gate import needs
from foldline.gate.facts import Carried
from foldline.gate.forms import ReadForm
from foldline.gate.openings import device_of, opening_cookie, opening_entry
from foldline.gate.request import Request
from foldline.gate.response import HeaderList
from foldline.gate.state import GateState
from foldline.policy.decide import Decision, Receipt, conclude
from foldline.policy.facts import Article
from foldline.policy.reasons import Reason
from foldline.signed import gift
from foldline.signed.gift import GiftLink, Redeemed, Redemption

_KEY = gift.FIELD.encode() + b"="


class Brought(NamedTuple):
    """What a visit brings: `link` is None for everything that is no gift of this article, or none any more."""

    reason: Reason
    link: GiftLink | None = None


def token_in(query: bytes) -> bytes:
    """What stands for a gift in a query; b"" for nothing, and where it stands twice."""
    if _KEY not in query:
        return b""
    found = [part[len(_KEY) :] for part in query.split(b"&") if part.startswith(_KEY)]
    return found[0] if len(found) == 1 else b""


def brought(form: ReadForm, request: Request, article: Article, gate: GateState, now: int) -> Brought | None:
    """The gift of a form; None where it has none. A plain form has no script to put it there: it stands on the page
    that the form is on, and the browser tells that page's address to its own host (`Referrer-Policy`)."""
    token = form.gift.encode()
    if not token and form.answer == "page":
        token = token_in(request.header(b"referer").partition(b"?")[2].partition(b"#")[0])
    if not token:
        return None
    try:
        link = gift.read(gate.keyring, token)
    except InvalidToken:
        return Brought(Reason.GIFT_ENDED)
    if link.article != article.id or link.ends <= now:
        return Brought(Reason.GIFT_ENDED)
    return Brought(Reason.GIFT_OPENS, link)


def redeem(
    decision: Decision, link: GiftLink, carried: Carried, gate: GateState, *, again: bool
) -> Generator[needs.Need, Any, tuple[Decision, Redeemed, HeaderList]]:
    """(final decision, what was done, cookies to set). No meter is asked, and none is set."""
    device = device_of(carried, gate)
    openers = gift.opener(gate.keyring, link.number, device)
    if decision.redeem is None:
        raise ValueError("this decision does not wait for a gift")
    redemption = Redemption(link.number, decision.redeem.article, openers, carried.now, again)
    try:
        redeemed: Redeemed = yield needs.Redeem(redemption)
    except StoreUnavailable:
        redeemed = Redeemed(False, could_count=False)
    final = conclude(decision, Receipt(redeemed.counted, 0, redeemed.could_count, redeemed.before))
    if final.opening is None:
        return final, redeemed, ()
    entry = opening_entry(final.opening, Reason.GIFT_OPENS, redeemed.ends)
    entry = replace(entry, gift=link.number, published=redeemed.published)
    cookie = opening_cookie(entry, carried, device, gate)
    # Whose read it is: from now on the device has a number.
    carried.openings = replace(carried.openings, device=device)
    return final, redeemed, cookie
