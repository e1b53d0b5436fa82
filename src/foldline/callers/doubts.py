"""What is dangerous about the networks and domains of an institution: a slip here opens everything to everybody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from foldline.callers.networks import Address, Range, read_range

#: The broadest range that needs no confirming, and the broadest that is taken at all, in bits of the prefix.
_BROAD = {4: 16, 6: 29}
_NEVER = {4: 8, 6: 20}
_BITS = {4: 32, 6: 128}

#: Addresses that a reader on the internet never comes from, by what they are.
_SPECIAL = tuple(
    (what, tuple(ip_network(net) for net in nets))
    for what, nets in (
        ("loopback", ("127.0.0.0/8", "::1/128")),
        ("link-local", ("169.254.0.0/16", "fe80::/10")),
        ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")),
        ("multicast", ("224.0.0.0/4", "ff00::/8")),
        (
            "documentation",
            ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
        ),
        ("reserved", ("0.0.0.0/8", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "::/128", "64:ff9b::/96")),
        # An address that carries an IPv4 address is looked up as that (`callers.address`): such a range never opens.
        ("mapped", ("::ffff:0:0/96",)),
    )
)

#: Anybody gets an address there within a minute.
_FREE_MAIL_NAMES = """
163.com aol.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hotmail.com hotmail.fr
icloud.com laposte.net live.com mac.com mail.com mail.ru mailbox.org me.com msn.com orange.fr outlook.com outlook.fr
posteo.de proton.me protonmail.com qq.com sfr.fr t-online.de tuta.com tutanota.com wanadoo.fr web.de yahoo.com yahoo.de
yahoo.fr yandex.com yandex.ru ymail.com zoho.com
"""
_FREE_MAIL = frozenset(_FREE_MAIL_NAMES.split())
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_LONGEST_DOMAIN = 253

#: What stands before a domain whose sub-domains count too.
BELOW = "*."


class Doubt(NamedTuple):
    """One thing to look at twice: what, as somebody wrote it, and why. With `never` no confirming helps."""

    what: str
    why: str
    never: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


def count_of(ranges: Iterable[Range]) -> int:
    """How many addresses ranges hold together; what stands in two of them counts once."""
    return sum(one.size for one in _joined(ranges))


def doubts_about_ranges(written: Sequence[str]) -> list[Doubt]:
    """What is dangerous about ranges as they are written.

    Raises:
        ValueError: one is no range (`networks.read_range`).
    """
    read = [(text.strip(), read_range(text)) for text in written]
    found: list[Doubt] = []
    for text, one in read:
        found.extend(_about(text, one))
    # Two halves of the internet are as broad as all of it: what lies side by side is looked at as one.
    named = {one: text for text, one in read}
    for joined in _joined(one for _, one in read):
        if joined not in named:
            found.extend(_about(f"{joined.first}-{joined.last}", joined, joined_of=True))
    for version in (4, 6):
        of_it = [one for _, one in read if one.first.version == version]
        if count_of(of_it) > 1 << (_BITS[version] - _NEVER[version]) and not any(one.never for one in found):
            found.append(Doubt(f"IPv{version}", "these ranges together are broader than any institution", never=True))
    return found


def overlapping(written: Sequence[str], others: Iterable[tuple[str, Sequence[str]]]) -> list[Doubt]:
    """Where ranges lie in those of others, who are given with their names."""
    theirs = [(name, text, read_range(text)) for name, texts in others for text in texts]
    return [
        Doubt(text.strip(), f"overlaps with {other} of {name}")
        for text, one in ((text, read_range(text)) for text in written)
        for name, other, their in theirs
        if one.first.version == their.first.version and _meet(one, their)
    ]


def read_domain(text: str) -> str:
    """A mail domain in its one spelling: `uni.edu`, or `*.uni.edu` where its sub-domains count too.

    Raises:
        ValueError: with what is wrong in words.
    """
    given = text.strip().removeprefix("@").casefold().rstrip(".")
    below = given.startswith(BELOW)
    plain = given.removeprefix(BELOW)
    try:
        domain = plain.encode("idna").decode() if not plain.isascii() else plain
    except UnicodeError:
        raise ValueError(f"{text.strip()!r} is no domain") from None
    labels = domain.split(".")
    if len(labels) < 2:
        raise ValueError(f"{text.strip()!r} is no domain of one institution: write it as in uni.edu")
    if len(domain) > _LONGEST_DOMAIN or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{text.strip()!r} is no domain")
    return f"{BELOW}{domain}" if below else domain


def doubts_about_domains(domains: Iterable[str]) -> list[Doubt]:
    """What is dangerous about domains in their one spelling."""
    found: list[Doubt] = []
    for domain in domains:
        if domain.removeprefix(BELOW) in _FREE_MAIL:
            found.append(Doubt(domain, "anybody gets an address there", never=True))
        elif domain.startswith(BELOW):
            found.append(Doubt(domain, "opens for every domain below it, too"))
    return found


def covers(domain: str, address: str) -> bool:
    """Whether an e-mail address in its one spelling lies in a domain: exactly there, unless its sub-domains count."""
    local, at, host = address.rpartition("@")
    if not (local and at):
        return False
    return host.endswith(f".{domain.removeprefix(BELOW)}") if domain.startswith(BELOW) else host == domain


def _about(text: str, one: Range, *, joined_of: bool = False) -> Iterable[Doubt]:
    version = one.first.version
    whole = 1 << _BITS[version]
    how_many = f"{one.size:,} addresses"
    beside = "with what lies beside it " if joined_of else ""
    if one.size == whole:
        yield Doubt(text, f"{beside}is the whole internet of IPv{version}", never=True)
        return
    if one.size >= whole // 2:
        yield Doubt(text, f"{beside}is half the internet of IPv{version}, or more", never=True)
        return
    if one.size > 1 << (_BITS[version] - _NEVER[version]):
        yield Doubt(text, f"{beside}is broader than /{_NEVER[version]}: no institution has {how_many}", never=True)
        return
    if one.size > 1 << (_BITS[version] - _BROAD[version]):
        yield Doubt(text, f"{beside}is broader than /{_BROAD[version]}: {how_many}")
    if joined_of:
        return
    for what, nets in _SPECIAL:
        if any(net.version == version and _meet(one, Range(net[0], net[-1])) for net in nets):
            yield Doubt(text, f"holds {what} addresses, which no reader on the internet has")


def _meet(one: Range, other: Range) -> bool:
    return int(one.first) <= int(other.last) and int(other.first) <= int(one.last)


def _joined(ranges: Iterable[Range]) -> list[Range]:
    """Ranges that overlap or lie side by side as one, in order."""
    done: list[Range] = []
    for one in sorted(ranges, key=lambda one: (one.first.version, int(one.first))):
        last = done[-1] if done else None
        if last is not None and last.first.version == one.first.version and int(one.first) <= int(last.last) + 1:
            done[-1] = Range(last.first, _later(last.last, one.last))
        else:
            done.append(one)
    return done


def _later(one: Address, other: Address) -> Address:
    return one if int(one) >= int(other) else other
