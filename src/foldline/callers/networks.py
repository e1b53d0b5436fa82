"""Whose network an address lies in: ranges of IPv4 and IPv6, looked up without asking anybody."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Generic, NamedTuple, TypeVar

Address = IPv4Address | IPv6Address
Whose = TypeVar("Whose")


class Range(NamedTuple):
    """Addresses from `first` to `last`, both within, of one version."""

    first: Address
    last: Address

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return int(self.last) - int(self.first) + 1


def read_range(text: str) -> Range:
    """`192.0.2.0/24`, `2001:db8::/48`, `192.0.2.1-192.0.2.9`, or one address.

    Raises:
        ValueError: with what is wrong in words; a network whose host bits are set is one too, for then somebody meant
            something else.
    """
    text = text.strip()
    if "-" in text:
        first, last = (ip_address(part.strip()) for part in text.split("-", 1))
        if first.version != last.version:
            raise ValueError(f"{text!r} begins as IPv{first.version} and ends as IPv{last.version}")
        if int(last) < int(first):
            raise ValueError(f"{text!r} ends before it begins")
        return Range(first, last)
    net = ip_network(text)
    return Range(net[0], net[-1])


class Networks(Generic[Whose]):
    """Ranges, each with whose it is. They may overlap: the first that was given has an address."""

    def __init__(self, ranges: Iterable[tuple[Range, Whose]] = ()) -> None:
        self._starts: dict[int, list[int]] = {4: [], 6: []}
        self._whose: dict[int, list[tuple[Whose, ...]]] = {4: [], 6: []}
        given: dict[int, list[tuple[int, int, Whose]]] = {4: [], 6: []}
        for each, whose in ranges:
            given[each.first.version].append((int(each.first), int(each.last), whose))
        for version, found in given.items():
            self._lay_out(version, found)

    def __bool__(self) -> bool:
        return any(self._starts.values())

    def find(self, address: Address | None) -> Whose | None:
        """Whose an address is; None for nobody's, and for an address that is not known."""
        whose = self.every(address)
        return whose[0] if whose else None

    def every(self, address: Address | None) -> tuple[Whose, ...]:
        """All whose an address is, in the order in which they were given."""
        if address is None:
            return ()
        at = bisect_right(self._starts[address.version], int(address)) - 1
        return self._whose[address.version][at] if at >= 0 else ()

    def _lay_out(self, version: int, found: list[tuple[int, int, Whose]]) -> None:
        """Cut what overlaps into pieces that do not, each with the owners of those that hold it."""
        edges = sorted({edge for first, last, _ in found for edge in (first, last + 1)})
        begins: dict[int, list[int]] = {}
        ends: dict[int, list[int]] = {}
        for place, (first, last, _) in enumerate(found):
            begins.setdefault(first, []).append(place)
            ends.setdefault(last + 1, []).append(place)
        open_now: set[int] = set()
        for edge in edges:
            open_now.difference_update(ends.get(edge, ()))
            open_now.update(begins.get(edge, ()))
            self._starts[version].append(edge)
            self._whose[version].append(tuple(found[place][2] for place in sorted(open_now)))
