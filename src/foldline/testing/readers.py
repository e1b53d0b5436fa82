"""Every kind of requester that may not read: what each carries, and what none of it opens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from foldline.signed import cookies, meter, reader_pass
from foldline.signed.counting import Charge
from foldline.signed.keys import Keyring, Purpose
from foldline.signed.reader_pass import PassFacts
from foldline.testing import gifts
from foldline.testing.builders import (
    HOST,
    METERED,
    OTHER,
    OTHER_PRODUCT,
    PRODUCT,
    SECRET,
    Story,
)
from foldline.testing.passes import DAY, Carry, cookie, flip, gift_opening, token_bits
from foldline.testing.private_feeds import known_feeds
from foldline.testing.worlds import SILENT_SESSION, World

Pairs = tuple[tuple[bytes, bytes], ...]

#: Devices of which the meter's store knows more than their cookies do.
REPLAYED, OLD = b"replayed cookie.", b"an old cookie..."


@dataclass(frozen=True, slots=True)
class ReaderState:
    """A requester. `kind` is its number in the list of states (`U0` to `U14`), `headers` what it sends.

    `products`, `signed_in`, `room` and `opened` say what it may read after all: the rest is refused.
    """

    name: str
    kind: str
    headers: Pairs = ()
    products: frozenset[int] = frozenset()
    signed_in: bool = False
    room: bool = False
    opened: frozenset[int] = frozenset()

    def may_read(self, story: Story, *, counting: bool = False) -> bool:
        """Whether a Decision opens the story for it; `counting` where the request may spend."""
        if story.id in self.opened or not story.sealed or self.products & story.products:
            return True
        if story.access == "registered":
            return self.signed_in
        return story.access == "metered" and self.room and counting


class Readers:
    """The states of one publication's readers. The same in every world, so that twins are sent the same bytes."""

    def __init__(self, carry: Carry) -> None:
        self.carry = carry
        facts = carry.facts
        self.subscriber_facts = facts("subscriber", {PRODUCT: 0})
        self.silent_facts = PassFacts(SILENT_SESSION, SILENT_SESSION, {}, facts("silent").session_until)
        self._facts = {
            "registered": facts("registered"),
            "spent": facts("spent"),
            "somebody": facts("somebody"),
            "lapsed": facts("lapsed", {PRODUCT: int(carry._clock.now()) - DAY}),
            "past-due": facts("past-due", {PRODUCT: int(carry._clock.now()) - 1}),
            "disputed": facts("disputed"),
            "other": facts("other", {OTHER_PRODUCT: 0}),
            "signed-out": facts("signed-out", {PRODUCT: 0}, ended=True),
        }

    @property
    def known(self) -> tuple[PassFacts, ...]:
        """What the store knows of them. Of a deleted reader it knows nothing."""
        return (self.subscriber_facts, *self._facts.values())

    @property
    def charges(self) -> tuple[Charge, ...]:
        """What the meter's store has counted of them. Somebody has read an article that others may not."""
        charge = self.carry.charge
        return (
            *(charge(article, reader=self._facts["spent"].reader) for article in (101, 102, 103)),
            *(charge(article, device=device) for article in (101, 102, 103) for device in (REPLAYED, OLD)),
            charge(METERED.id, reader=self.somebody),
        )

    @property
    def somebody(self) -> bytes:
        return self._facts["somebody"].reader

    @property
    def subscriber(self) -> Pairs:
        """What an entitled reader carries."""
        return cookie(reader_pass=self.carry.token(self.subscriber_facts))

    def refused(self) -> tuple[ReaderState, ...]:
        """Every state without a right to subscribers' articles. Some may read other articles: see `may_read`."""
        states = (self._plain(), self._stored(), self._passes(), self._openings(), self._forged(), self._misplaced())
        return tuple(state for some in states for state in some)

    def bit_flips(self, every: int = 1) -> Iterator[ReaderState]:
        """An entitled reader's pass with one bit turned, for every so many bits."""
        token = self.carry.token(self.subscriber_facts)
        for bit in range(0, token_bits(token), every):
            yield ReaderState(f"pass with bit {bit} turned", "U7", cookie(reader_pass=flip(token, bit)), room=True)

    def _plain(self) -> Iterator[ReaderState]:
        carry, spent = self.carry, (101, 102, 103)
        yield ReaderState("anonymous", "U0", room=True)
        yield ReaderState("meter with room", "U0", cookie(meter=carry.meter(101)), room=True)
        yield ReaderState("meter spent", "U1", cookie(meter=carry.meter(*spent)))
        yield ReaderState("meter overspent", "U1", cookie(meter=carry.meter(*range(101, 140))))
        yield ReaderState("meter of another window", "U1", cookie(meter=carry.meter(*spent, window=3)), room=True)

    def _stored(self) -> Iterator[ReaderState]:
        """Those of whom the meter's store knows more than they carry."""
        carry = self.carry
        early = cookie(meter=carry.meter(101, device=REPLAYED))
        yield ReaderState("meter spent since this copy of the cookie was made", "U1", early)
        before = cookie(meter=carry.meter(METERED.id, device=OLD, window=3))
        yield ReaderState("article read in another window, meter spent in this one", "U1", before)
        spent = carry.token(self._facts["spent"])
        yield ReaderState("signed in, meter spent", "U2", cookie(reader_pass=spent), signed_in=True)

    def _passes(self) -> Iterator[ReaderState]:
        carry, facts = self.carry, self._facts

        def having(
            name: str, kind: str, token: str, signed_in: bool = True, products: frozenset[int] = frozenset()
        ) -> ReaderState:
            # Each on a device of their own: what a device has read is handed over once.
            spent = carry.meter(101, 102, 103, device=hashlib.sha256(name.encode()).digest()[:16])
            return ReaderState(name, kind, cookie(reader_pass=token, meter=spent), products, signed_in)

        yield having("signed in without a product", "U2", carry.token(facts["registered"]))
        yield having("signed in without a product, pass stale", "U2", carry.token(facts["registered"], signed=400))
        yield having("subscription lapsed", "U3", carry.token(facts["lapsed"]))
        yield having("subscription lapsed, pass stale", "U3", carry.token(facts["lapsed"], signed=400))
        paid = carry.facts("registered", {PRODUCT: 0})
        yield having("refunded: the stale pass still says paid", "U4", carry.token(paid, signed=400))
        yield having("past due, the days of grace over", "U3", carry.token(facts["past-due"]))
        yield having("past due, the days of grace over, pass stale", "U3", carry.token(facts["past-due"], signed=400))
        disputed = carry.facts("disputed", {PRODUCT: 0})
        yield having("disputed: the stale pass still says paid", "U4", carry.token(disputed, signed=400))
        other = frozenset((OTHER_PRODUCT,))
        yield having("subscriber of another title", "U5", carry.token(facts["other"]), products=other)
        out = facts["signed-out"]
        running = PassFacts(out.reader, out.session, out.product_ends, out.session_until)
        yield having("pass replayed after signing out", "U6", carry.token(running, signed=400), False)
        silent = self.silent_facts
        yield having("store silent, nothing bought", "U2", carry.token(silent, signed=400))
        bought = PassFacts(silent.reader, silent.session, {PRODUCT: 0}, silent.session_until)
        late = carry.token(bought, signed=8 * DAY)
        yield having("store silent, past the outage clock", "U3", late)
        gone = carry.facts("deleted", {PRODUCT: 0})
        yield having("reader deleted: the store knows no such session", "U14", carry.token(gone, signed=400), False)
        ended = carry.token(self.subscriber_facts, session_until=int(carry._clock.now()) - 1)
        yield having("session over", "U6", ended, False)

    def _openings(self) -> Iterator[ReaderState]:
        carry = self.carry
        spent = carry.meter(101, 102, 103)

        def having(name: str, kind: str, opening: str, *opened: int) -> ReaderState:
            return ReaderState(name, kind, cookie(meter=spent, opening=opening), opened=frozenset(opened))

        yield having("opening of another article", "U8", carry.opening(OTHER.id), OTHER.id)
        yield having("openings of many other articles", "U8", carry.opening(*range(200, 224)))
        yield having("opening that has ended", "U9", carry.opening(METERED.id, 2, 3, ends=-1))
        back = gift_opening(carry, gifts.TAKEN_BACK, METERED.id, 2, 3)
        yield having("opening by a gift that was taken back", "U9", back)
        session = self.subscriber_facts.session
        yield having("opening of a session that nobody is in here", "U6", carry.opening(1, 2, 3, session=session))

    def _forged(self) -> Iterator[ReaderState]:
        carry = self.carry
        token = carry.token(self.subscriber_facts)
        body = carry.pass_of(self.subscriber_facts)
        elsewhere = Keyring((SECRET.encode(),), "other.example")
        foreign = Keyring((b"another publication's secret of 32 bytes or more",), HOST)
        raw = carry.keyring.verify(Purpose.PASS, token.encode())
        forged = {
            "pass without its end": token[:-1],
            "half a pass": token[: len(token) // 2],
            "pass with a letter more": token + "A",
            "pass padded": token + "=",
            "pass in quotation marks": f'"{token}"',
            "pass signed by another secret": reader_pass.issue(foreign, body),
            "pass of another host": reader_pass.issue(elsewhere, body),
            "pass signed as an opening": carry.keyring.sign(Purpose.OPENING, raw),
            "pass signed as a meter": carry.keyring.sign(Purpose.METER, raw),
            "meter as a pass": carry.meter(101),
            "opening as a pass": carry.opening(METERED.id, 2, 3),
            "junk as a pass": "admin",
            "JSON as a pass": '{"subscriber":true}',
            "JSON Web Token without a signature": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
            "pass of 4,097 letters": "A" * 4097,
            "no pass in the cookie": "",
        }
        for name, value in forged.items():
            header = ((b"cookie", f"{cookies.PASS}={value}".encode()),)
            yield ReaderState(name, "U7", header, room=True)
        opening = carry.opening(METERED.id, 2, 3)
        strange = meter.issue(foreign, meter.DeviceMeters(b"d" * 16))
        yield ReaderState("opening with a bit turned", "U7", cookie(opening=flip(opening, 300)), room=True)
        yield ReaderState("pass as an opening", "U7", cookie(opening=token), room=True)
        yield ReaderState("meter of another publication", "U7", cookie(meter=strange), room=True)

    def _misplaced(self) -> Iterator[ReaderState]:
        token = self.carry.token(self.subscriber_facts)
        both = f"{cookies.PASS}={token}"

        def having(name: str, *headers: tuple[bytes, bytes]) -> ReaderState:
            return ReaderState(name, "U7", headers, room=True)

        yield having("two passes, both good", (b"cookie", f"{both}; {both}".encode()))
        yield having("two passes, the second good", (b"cookie", f"{cookies.PASS}=x; {both}".encode()))
        yield having("two passes, the first good", (b"cookie", f"{both}; {cookies.PASS}=x".encode()))
        yield having("two cookie headers", (b"cookie", both.encode()), (b"cookie", both.encode()))
        yield having("pass under a name without prefix", (b"cookie", f"foldline-pass={token}".encode()))
        believed = (
            b"subscriber=1; tier=premium; wordpress_logged_in_x=admin|a; wp-postpass_x=a; sppp=1; o_stripe_data=paid"
        )
        yield having("cookies that other programs believe", (b"cookie", believed))
        yield having("pass under a name in capitals", (b"cookie", f"{cookies.PASS.upper()}={token}".encode()))
        yield having("pass as a bearer token", (b"authorization", f"Bearer {token}".encode()))
        yield having("pass as a password", (b"authorization", b"Basic YWRtaW46YWRtaW4="))
        yield having("pass in a header of its own", (b"x-foldline-pass", token.encode()))
        yield having("pass in the language", (b"accept-language", token.encode()))


def readers_of(world: World) -> Readers:
    """The readers of a world, known to its store."""
    readers = Readers(world.carry())
    world.know(*readers.known, *known_feeds(world.clock))
    for charge in readers.charges:
        world.meter.spend(charge)
    return readers
