"""Faults of feeds. Like all seeded faults they exist for the test kit only."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

from foldline.gate import private_feed
from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.pages.layout import ArticlePage
from foldline.policy.decide import Decision, decide
from foldline.policy.facts import Reader, Visit
from foldline.policy.rules import Rules
from foldline.proof.fault import BOTH, TWIN, Fault
from foldline.sources.articles.compose import Composed
from foldline.stores.records import ArticleRecord
from foldline.stores.schema import connect
from foldline.testing.builders import PRODUCT
from foldline.testing.worlds import Breaks, Gate, World


def _rest_in_item(record: ArticleRecord, made: Composed[ArticlePage]) -> ArticleRecord:
    item = json.loads(record.item)
    item["preview"] += made.rest
    return replace(record, item=json.dumps(item))


def _length_in_item(record: ArticleRecord, made: Composed[ArticlePage]) -> ArticleRecord:
    item = json.loads(record.item)
    item["onward"] += f"<p>{len(made.rest)} more</p>"
    return replace(record, item=json.dumps(item))


def _modified_with_the_rest(world: World) -> None:
    """Feeds are dated by what they leave out."""
    rests = "".join(made.rest for made in world.made.values())
    connection = connect(world.home.public_db)
    try:
        for key, facts in connection.execute("SELECT path, facts FROM records").fetchall():
            known = json.loads(facts)
            if known.get("modified"):
                known["modified"] = 1_700_000_000 + zlib.crc32(rests.encode()) % 1_000_000
                connection.execute("UPDATE records SET facts = ? WHERE path = ?", (json.dumps(known), key))
    finally:
        connection.close()


def _never_lapsed(products: frozenset[int], ended_on: int, payment_failed: bool) -> Reader:
    return Reader(frozenset((PRODUCT,)) if ended_on else products, ended_on, payment_failed)


def _metered_for_nothing(visit: Visit, rules: Rules | None) -> Decision:
    """What would have to be counted first is opened without."""
    reader = visit.reader._replace(products=visit.article.products) if visit.reader else None
    return decide(visit._replace(reader=reader), rules)


async def _kept_for_all_keys(gate: Gate, request: Request) -> Response:
    """The longest answer is kept, whosever key asked for it."""
    if not request.path.startswith(b"/-/feed/"):
        return await gate.run(request)
    kept: list[Response] = gate.world.__dict__.setdefault("kept_feeds", [])
    kept.append(await gate.run(request))
    kept[:] = [max(kept, key=lambda answer: len(answer.body))]
    return kept[0]


def _fault(name: str, what: str, breaks: Breaks, caught_by: frozenset[str], on: str) -> Fault:
    return Fault(name, what, breaks, caught_by, frozenset((on,)))


FEED_FAULTS = (
    _fault("rest-in-a-feed", "a feed brings the rest", Breaks(record=_rest_in_item), BOTH, "feed"),
    _fault("length-in-a-feed", "a feed tells how long the rest is", Breaks(record=_length_in_item), TWIN, "feed"),
    _fault(
        "feed-modified-with-the-rest",
        "a feed's Last-Modified moves with the rest",
        Breaks(stored=_modified_with_the_rest),
        TWIN,
        "feed",
    ),
    _fault(
        "private-feed-never-lapses",
        "a private feed goes on after a lapse",
        Breaks(attributes=((private_feed, "Reader", _never_lapsed),)),
        BOTH,
        "private feed",
    ),
    _fault(
        "private-feed-counts-nothing",
        "a private feed opens metered articles to who has no subscription",
        Breaks(attributes=((private_feed, "decide", _metered_for_nothing),)),
        BOTH,
        "private feed",
    ),
    _fault(
        "private-feed-of-another-reader",
        "the private feed of one key is given to all",
        Breaks(around=_kept_for_all_keys),
        BOTH,
        "private feed",
    ),
)
