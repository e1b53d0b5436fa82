"""Libraries and companies, with their networks, their mail domains and their contracts. Rows end, and stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from foldline.callers.doubts import Doubt, doubts_about_domains, doubts_about_ranges, overlapping, read_domain
from foldline.callers.institutions import Institution
from foldline.callers.networks import read_range
from foldline.errors import FoldlineError
from foldline.stores.site_table import SiteTable

_COLUMNS = "id, kind, name, ranges, domains, product, starts, ends"
LONGEST_NAME = 120
#: More ranges than this are no list that anybody has read.
MOST_RANGES = 500
MOST_DOMAINS = 100


class Kind(StrEnum):
    """What an institution is. Both are the same to the gate; their readers' entitlements are called after it."""

    LIBRARY = "library"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class StoredInstitution:
    """`ranges` and `domains` as they were written; `product` is what its verified addresses are entitled to. The
    contract runs from `starts` until before `ends`, epoch seconds. `id` is 0 for one that is not stored yet."""

    kind: Kind
    name: str
    starts: int
    ends: int
    ranges: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    product: int = 1
    id: int = field(default=0)

    def runs(self, now: int) -> bool:
        return self.starts <= now < self.ends

    def for_gate(self) -> Institution:
        """What the gate knows of it beside its networks."""
        return Institution(self.id, self.name, self.starts, self.ends)


class Doubted(FoldlineError):
    """Networks or domains that are dangerous: nothing was stored. `final` says that no confirming helps."""

    def __init__(self, doubts: Sequence[Doubt]) -> None:
        super().__init__("; ".join(map(str, doubts)))
        self.doubts = tuple(doubts)

    @property
    def final(self) -> bool:
        return any(doubt.never for doubt in self.doubts)


class InstitutionStore(SiteTable):
    """The table in the site's database."""

    NAME = "institutions"

    def every(self) -> list[StoredInstitution]:
        """All of them, by name.

        Raises:
            StoreUnavailable: they can't be read.
        """
        rows = self._read(f"SELECT {_COLUMNS} FROM foldline_institutions ORDER BY name, id")  # noqa: S608
        return [_from_row(row) for row in rows]

    def save(self, given: StoredInstitution, by: str, now: int, *, confirmed: bool = False) -> StoredInstitution:
        """Store a new one (`id` 0), or in place of the one with its number; as it is stored. The gate's workers hear of
        it in the same transaction.

        Raises:
            ValueError: the name, the dates, a range or a domain is wrong, with what in words.
            Doubted: a range or a domain is dangerous, and nobody confirmed it, or it is never taken.
            LookupError: nothing has this number.
            StoreUnavailable: it can't be written.
        """
        one = checked(given)
        with self._changing("institutions", "", now) as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM foldline_institutions").fetchall()  # noqa: S608
            others = [other for other in map(_from_row, rows) if other.id != one.id]
            if one.id and len(others) == len(rows):
                raise LookupError(f"there is no institution with the number {one.id}")
            if any(other.name.casefold() == one.name.casefold() for other in others):
                raise ValueError(f"there is another institution with the name {one.name}")
            doubts = doubts_of(one, others)
            if doubts and (not confirmed or any(doubt.never for doubt in doubts)):
                raise Doubted(doubts)
            row = (one.kind.value, one.name, "\n".join(one.ranges), "\n".join(one.domains))
            values = (*row, one.product, one.starts, one.ends, by, now)
            if one.id:
                connection.execute(
                    "UPDATE foldline_institutions SET kind = ?, name = ?, ranges = ?, domains = ?, product = ?,"
                    " starts = ?, ends = ?, changed_by = ?, changed_at = ? WHERE id = ?",
                    (*values, one.id),
                )
                return one
            stored = connection.execute(
                "INSERT INTO foldline_institutions (kind, name, ranges, domains, product, starts, ends, changed_by,"
                " changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                values,
            ).fetchone()
            return replace(one, id=int(stored[0]))


def doubts_of(one: StoredInstitution, others: Sequence[StoredInstitution]) -> list[Doubt]:
    """Everything to look at twice. Others whose contracts run at no moment of this one's are no overlap."""
    beside = [other for other in others if other.starts < one.ends and one.starts < other.ends]
    found = doubts_about_ranges(one.ranges) + doubts_about_domains(one.domains)
    found += overlapping(one.ranges, [(other.name, other.ranges) for other in beside])
    for domain in one.domains:
        found += [Doubt(domain, f"is a domain of {other.name}, too") for other in beside if domain in other.domains]
    return found


def checked(given: StoredInstitution) -> StoredInstitution:
    """As it would be stored: each thing in its one spelling.

    Raises:
        ValueError: the name, the dates, a range or a domain is wrong, with what in words.
    """
    name = " ".join(given.name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"write a name of at most {LONGEST_NAME} characters: readers are shown it")
    if given.ends <= given.starts:
        raise ValueError("the contract ends before it starts")
    if len(given.ranges) > MOST_RANGES or len(given.domains) > MOST_DOMAINS:
        raise ValueError(f"at most {MOST_RANGES} ranges and {MOST_DOMAINS} domains are taken")
    for text in given.ranges:
        try:
            read_range(text)
        except ValueError as error:
            raise ValueError(f"{text.strip()!r} is no range of addresses: {error}") from None
    ranges = tuple(dict.fromkeys(text.strip() for text in given.ranges))
    domains = tuple(dict.fromkeys(map(read_domain, given.domains)))
    return replace(given, name=name, ranges=ranges, domains=domains)


def _from_row(row: Sequence[object]) -> StoredInstitution:
    number, kind, name, ranges, domains, product, starts, ends = row
    return StoredInstitution(
        Kind(str(kind)),
        str(name),
        int(str(starts)),
        int(str(ends)),
        tuple(str(ranges).split("\n")) if ranges else (),
        tuple(str(domains).split("\n")) if domains else (),
        int(str(product)),
        int(str(number)),
    )
