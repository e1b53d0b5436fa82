"""The kinds of readers that `why`, the policy verbs and the desk know: one definition, as facts for the decider."""

from __future__ import annotations

from dataclasses import dataclass

from foldline.policy.facts import Article, Caller, Meter, Reader, Visit

DAY = 86_400
_RUNS_FOR = 30 * DAY


@dataclass(frozen=True, slots=True)
class Kind:
    """`label` is for people. `left` is how many articles the device's meter has left; None: nothing was read yet."""

    name: str
    label: str
    signed_in: bool = False
    subscribes: bool = False
    ended: bool = False
    left: int | None = None
    crawler: bool = False

    def used(self, limit: int) -> int:
        """How many articles stand on the device's meter where `limit` are free."""
        return 0 if self.left is None else max(0, limit - self.left)

    def product_ends(self, article: Article, now: int) -> dict[int, int]:
        """What the store would know of this reader: each product with its end, in epoch seconds."""
        if self.subscribes:
            return dict.fromkeys(article.products, now + _RUNS_FOR)
        return dict.fromkeys(article.products or (1,), now - DAY) if self.ended else {}


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("anonymous", "anonymous"),
        Kind("one-left", "anonymous, with 1 article left", left=1),
        Kind("none-left", "anonymous, with none left", left=0),
        Kind("registered", "registered", signed_in=True),
        Kind("subscriber", "subscriber", signed_in=True, subscribes=True),
        Kind("lapsed", "lapsed", signed_in=True, ended=True),
        Kind("googlebot", "forged Googlebot", crawler=True),
    )
}


def visit_as(kind: Kind, article: Article, now: int, used: int = 0, read_before: bool = False) -> Visit:
    """The facts that a reader of one kind brings; `used` articles stand on the device's meter."""
    reader = None
    if kind.signed_in:
        ends = kind.product_ends(article, now)
        running = frozenset(product for product, end in ends.items() if end > now)
        reader = Reader(running, 0 if running else max(ends.values(), default=0))
    return Visit(article, now, reader, Meter(used, read_before), caller=Caller(claims_crawler=kind.crawler))
