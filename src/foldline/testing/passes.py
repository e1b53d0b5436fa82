"""Passes, meters and openings as readers carry them: good ones, ended ones and forged ones."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace

from foldline.clock import Clock
from foldline.gate.facts import WHY
from foldline.policy.reasons import Reason
from foldline.policy.rule import SITE
from foldline.policy.window import Window
from foldline.signed import cookies, meter, opening, reader_pass
from foldline.signed.counting import Charge, article_names, device_owner, reader_owner
from foldline.signed.keys import Keyring
from foldline.signed.meter import Count, DeviceMeters
from foldline.signed.opening import NO_SESSION, DeviceOpenings, OpeningEntry
from foldline.signed.reader_pass import SESSION_SECONDS, Pass, PassFacts
from foldline.stores.home import Home
from foldline.stores.passes import pack_products
from foldline.stores.schema import connect

DAY = 86_400


def cookie(**values: str) -> tuple[tuple[bytes, bytes], ...]:
    """A `Cookie` header from `reader_pass=`, `meter=` and `opening=`; nothing where nothing is given."""
    names = {"reader_pass": cookies.PASS, "meter": cookies.METER, "opening": cookies.OPENING}
    pairs = [f"{names[name]}={value}" for name, value in values.items() if value]
    return ((b"cookie", "; ".join(pairs).encode()),) if pairs else ()


class Carry:
    """Makes what readers of one publication carry, at the time that a clock shows."""

    def __init__(self, keyring: Keyring, clock: Clock, window: Window) -> None:
        self.keyring = keyring
        self._clock = clock
        self._window = window

    @staticmethod
    def key(name: str) -> bytes:
        """The key of the reader called `name`."""
        return name.encode().ljust(16, b".")[:16]

    def facts(self, name: str, products: Mapping[int, int] | None = None, *, ended: bool = False) -> PassFacts:
        """What the store knows of the session called `name` (its first 16 bytes name reader and session)."""
        key = self.key(name)
        until = int(self._clock.now()) + SESSION_SECONDS
        return PassFacts(key, key, dict(products or {}), until, ended)

    def pass_of(self, facts: PassFacts, *, signed: int = 0, **changed: object) -> Pass:
        """The pass for these facts as it was signed so many seconds ago, with fields changed by name."""
        held = reader_pass.from_facts(facts, int(self._clock.now()) - signed)
        return replace(held, **changed)  # type: ignore[arg-type]

    def token(self, facts: PassFacts, *, signed: int = 0, **changed: object) -> str:
        """The same, signed."""
        return reader_pass.issue(self.keyring, self.pass_of(facts, signed=signed, **changed))

    def meter(self, *articles: int, device: bytes = b"d" * 16, window: int | None = None) -> str:
        """A device's meter on which these articles stand."""
        salt = device_owner(self.keyring, device)[0]
        hashes = tuple(article_names(self.keyring, article)(salt)[0] for article in articles)
        number = self._window.number if window is None else window
        return meter.issue(self.keyring, DeviceMeters(device, (Count(meter.meter_id(SITE), number, 0, hashes),)))

    def charge(self, article: int, *, reader: bytes = b"", device: bytes = b"", limit: int = 99) -> Charge:
        """What the store is asked when a reader, or a device, has read an article of the site's meter."""
        own = device_owner(self.keyring, device) if device else ()
        owner = reader_owner(self.keyring, reader) if reader else own
        names = article_names(self.keyring, article)
        return Charge(owner, SITE, self._window.number, self._window.ends, limit, names, own)

    def opening(self, *articles: int, ends: int = DAY, device: bytes = b"d" * 16, session: bytes = NO_SESSION) -> str:
        """Openings of these articles, which end in so many seconds (or ended, where negative)."""
        until = int(self._clock.now()) + ends
        entries = tuple(
            OpeningEntry(opening.article_hash(self.keyring, device, article), until, 0) for article in articles
        )
        return opening.issue(self.keyring, DeviceOpenings(device, session, entries))


def gift_opening(carry: Carry, number: bytes, *articles: int, device: bytes = b"d" * 16) -> str:
    """Openings of these articles by one gift, which run as long as any."""
    until = int(carry._clock.now()) + DAY
    entries = tuple(
        OpeningEntry(opening.article_hash(carry.keyring, device, article), until, WHY.index(Reason.GIFT_OPENS), number)
        for article in articles
    )
    return opening.issue(carry.keyring, DeviceOpenings(device, NO_SESSION, entries))


def write_facts(home: Home, *known: PassFacts) -> None:
    """Let the store know sessions, as the site process would."""
    connection = connect(home.site_db)
    try:
        for facts in known:
            connection.execute(
                "INSERT INTO foldline_pass_facts (session, reader, products, session_until, ended_at)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (session) DO UPDATE SET reader = excluded.reader,"
                " products = excluded.products, session_until = excluded.session_until, ended_at = excluded.ended_at,"
                " used_on = 0, payment_failed = FALSE",
                (
                    facts.session.hex(),
                    facts.reader.hex(),
                    pack_products(facts.product_ends),
                    facts.session_until,
                    int(facts.ended),
                ),
            )
    finally:
        connection.close()


def flip(token: str, bit: int) -> str:
    """The token with one bit of its bytes turned, in canonical spelling."""
    raw = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[bit // 8] ^= 1 << bit % 8
    return urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()


def token_bits(token: str) -> int:
    """How many bits `flip` may turn."""
    return 8 * len(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
