"""A private feed: what its reader may read as a whole, and previews of the rest. It counts nothing, and sets no cookie.

Its address holds the key. So it is a session that only feeds use: the store knows what it may read, and ends it.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from foldline.callers.address import network
from foldline.errors import StoreUnavailable
from foldline.gate import needs
from foldline.gate.article import conditional
from foldline.gate.caller import client_of
from foldline.gate.errors import bare
from foldline.gate.needs import Need, Steps
from foldline.gate.request import Request, accepts_gzip
from foldline.gate.response import NO_STORE, HeaderList, entity_tag, page
from foldline.gate.state import GateState
from foldline.pages.fragment import Fragment
from foldline.pages.record import FeedItem, FeedItems, PublicPage
from foldline.policy.decide import Decision, decide
from foldline.policy.facts import Reader, Visit
from foldline.policy.reasons import Reason
from foldline.signed import feed_key, reader_pass
from foldline.signed.reader_pass import Pass, PassFacts

if TYPE_CHECKING:
    from foldline.syndication.feeds.naming import Form

_NAME = re.compile(rb"([a-z2-7]{32})((?:/section/[a-z0-9-]{1,120})?)\.(xml|atom|json)")
_FORMS: dict[bytes, Form] = {b"xml": "rss", b"atom": "atom", b"json": "json"}

#: When a feed reader may ask again while the gate can't read what it needs, in seconds.
AGAIN = (b"retry-after", b"300")
ROBOTS: HeaderList = ((b"x-robots-tag", b"noindex, noarchive"),)


def get_private_feed(name: bytes, request: Request, gate: GateState) -> Steps:
    """The feed at `name`, which stands behind `/-/feed/`. A key that is wrong, ended or of another list is answered as
    if there was nothing.

    Where the store can't be read it is 503, not a feed of previews: feed readers keep what they have until it can, and
    would put a preview in the place of a whole that they hold.
    """
    found = _NAME.fullmatch(name)
    base = found[2].decode() if found else ""
    session = feed_key.session_of(found[1], base) if found else None
    if found is None or session is None:
        return bare(404, gate)
    try:
        facts: PassFacts | None = yield needs.Renew(Pass(b"", session, frozenset(), 0, 0, 0))
        if facts is None or facts.ended or facts.session_until <= gate.now():
            return bare(404, gate)
        found_items: FeedItems | None = yield needs.Items(base)
        if found_items is None:
            return bare(404, gate)
        document = yield from _document(base, _FORMS[found[3]], facts, found_items, gate)
    except StoreUnavailable:
        return bare(503, gate, AGAIN)
    gate.watch(session, network(client_of(request, gate)), gate.now())
    text, kind = document
    headers = ((b"content-type", kind.encode()), *NO_STORE, *ROBOTS, *_security(gate))
    answer = page((Fragment.of(text),), headers, gzip=accepts_gzip(request.header(b"accept-encoding")))
    tag = entity_tag(answer.body)
    return conditional(request, (answer.adding((b"etag", tag)), tag))


def _document(
    base: str, form: Form, facts: PassFacts, stored: FeedItems, gate: GateState
) -> Generator[Need, Any, tuple[str, str]]:
    """(the feed as this reader may see it, its media type)."""
    # Only who has a private feed pays for what writes one.
    from foldline.syndication.feeds import documents, ended, item, naming

    now = gate.now()
    held = reader_pass.from_facts(facts, now)
    reader = Reader(held.products, held.ended_on, held.payment_failed)
    shown = []
    has_ended = False
    for one in stored.items:
        told = item.read(one.text)
        decision, rest = (yield from _opened(one, reader, now, gate)) if told.gated else (None, None)
        has_ended = has_ended or (decision is not None and decision.reason is Reason.SUBSCRIPTION_ENDED)
        shown.append(told.in_preview() if rest is None else told.whole(rest, gate.publication.url))
    if has_ended:
        shown.insert(0, ended.item(held.ended_on, gate.publication, gate.words))
    channel = documents.Channel(stored.title, base or "/")
    # No address of its own: it would carry the key wherever the feed is handed on.
    return documents.document(channel, form, "", gate.publication, shown), naming.content_type(form)


def _opened(
    one: FeedItem, reader: Reader, now: int, gate: GateState
) -> Generator[Need, Any, tuple[Decision | None, str | None]]:
    """The decision about one article, and its rest where that opens it. A meter is never spent: what has to be counted
    stays a preview."""
    path = one.path.encode()
    record = yield needs.Page(path)
    if type(record) is PublicPage and record.version != one.version:
        record = yield needs.Page(path, anew=True)
    if type(record) is not PublicPage or record.article.id != one.article or record.version != one.version:
        # It was published again between two reads: the next time this feed is asked for, both halves fit.
        return None, None
    decision = decide(Visit(record.article, now, reader), gate.rules)
    if decision.opening is None or not record.gated:
        return decision, None
    rest = yield needs.Rest(record, decision.opening)
    return decision, rest.fragment.plain.decode()


def _security(gate: GateState) -> HeaderList:
    """No address that a reader follows from here tells where they came from: it holds the key."""
    kept = tuple(header for header in gate.security if header[0] != b"referrer-policy")
    return (*kept, (b"referrer-policy", b"no-referrer"))
