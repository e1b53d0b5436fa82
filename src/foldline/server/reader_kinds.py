"""The kinds of readers that `why` and the desk know: one definition, as facts for the decider and as what a browser
sends to the gate. Both lead to the same Decision; a test holds that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from foldline.policy.facts import Article, Caller, Meter, Reader, Visit
from foldline.policy.rule import SITE, Grant
from foldline.policy.rules import Rules
from foldline.signed import cookies, meter, reader_pass
from foldline.signed.keys import Keyring
from foldline.signed.meter import MOST_ARTICLES, Count, DeviceMeters
from foldline.signed.reader_pass import SESSION_SECONDS, PassFacts

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
DAY = 86_400
_RUNS_FOR = 30 * DAY
#: The library in whose network somebody is.
A_LIBRARY = "a library"


@dataclass(frozen=True, slots=True)
class Needs:
    """What an article asks of readers now: the products that open it, how many articles its meter (or, where none may
    open it, the site's) gives to somebody without an account, that meter's window in days, 0 for the month, and its
    name."""

    products: frozenset[int]
    free: int
    days: int
    meter: str = SITE


def needs_of(article: Article, rules: Rules | None, now: int) -> Needs:
    """What the rules say about an article at `now`."""
    if rules is None:
        return Needs(article.products, 0, 0)
    plan = rules.plan(article, now)
    products = frozenset(product for way in plan.ways if way.grant is Grant.PRODUCT for product in way.products)
    allowance = plan.allowance or rules.allowances.get(SITE)
    if allowance is None:
        return Needs(products or article.products, 0, 0)
    return Needs(products or article.products, allowance.anonymous, allowance.days, allowance.name)


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
    verified: bool = False
    in_library: bool = False

    @property
    def institution(self) -> str:
        """Whose network they come from, "" for nobody's."""
        return A_LIBRARY if self.in_library else ""

    def used(self, needs: Needs) -> int:
        """How many articles stand on the device's meter."""
        return 0 if self.left is None else max(0, needs.free - self.left)

    def product_ends(self, needs: Needs, now: int) -> dict[int, int]:
        """What the store would know of this reader: each product with its end, in epoch seconds."""
        if self.subscribes:
            return dict.fromkeys(needs.products, now + _RUNS_FOR)
        return dict.fromkeys(needs.products or (1,), now - DAY) if self.ended else {}


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("anonymous", "anonymous"),
        Kind("one-left", "anonymous, with 1 article left", left=1),
        Kind("none-left", "anonymous, with none left", left=0),
        Kind("registered", "registered", signed_in=True),
        Kind("subscriber", "subscriber", signed_in=True, subscribes=True),
        Kind("lapsed", "lapsed", signed_in=True, ended=True),
        Kind("library", "in the network of a library", in_library=True),
        Kind("googlebot", "forged Googlebot", crawler=True),
        Kind("crawler", "verified crawler", crawler=True, verified=True),
    )
}


def visit_as(kind: Kind, article: Article, needs: Needs, now: int, used: int = 0, read_before: bool = False) -> Visit:
    """The facts that a reader of one kind brings; `used` articles stand on the device's meter."""
    reader = None
    if kind.signed_in:
        ends = kind.product_ends(needs, now)
        running = frozenset(product for product, end in ends.items() if end > now)
        reader = Reader(running, 0 if running else max(ends.values(), default=0))
    caller = Caller(kind.crawler, kind.verified)
    return Visit(article, now, reader, Meter(used, read_before), caller=caller, institution=kind.institution)


def jar_as(
    kind: Kind, needs: Needs, now: int, keyring: Keyring, window: int, random: Callable[[int], bytes]
) -> dict[str, str]:
    """The cookies that a reader of one kind carries, with other articles on the meter of `window`."""
    jar: dict[str, str] = {}
    if kind.signed_in:
        facts = PassFacts(random(16), random(16), kind.product_ends(needs, now), now + SESSION_SECONDS)
        jar |= pass_jar(facts, now, keyring)
    if used := kind.used(needs):
        read = tuple(random(8) for _ in range(min(used, MOST_ARTICLES)))
        count = Count(meter.meter_id(needs.meter), window, 0, read)
        jar[cookies.METER] = meter.issue(keyring, DeviceMeters(random(16), (count,)))
    return jar


def pass_jar(facts: PassFacts, now: int, keyring: Keyring) -> dict[str, str]:
    """A pass that was signed this moment."""
    return {cookies.PASS: reader_pass.issue(keyring, reader_pass.from_facts(facts, now))}


def as_headers(jar: Mapping[str, str], crawler: bool = False) -> list[tuple[bytes, bytes]]:
    """What a browser with this jar sends."""
    sent = [(b"user-agent", GOOGLEBOT.encode())] if crawler else []
    if jar:
        sent.append((b"cookie", "; ".join(f"{name}={value}" for name, value in jar.items()).encode()))
    return sent
