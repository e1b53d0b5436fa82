"""A paper model: what one, ten and a thousand machines hold, from measured costs. `python -m scripts.model`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.pages import table, write

FILE = Path(__file__).with_name("model.toml")
NAME = "model"
#: Rows that a sign-in writes where readers are kept: a code, twice, two sessions, facts and a change. About.
WRITES_OF_A_SIGN_IN = 8


@dataclass(frozen=True, slots=True)
class Holds:
    """What so many machines hold. Pages are of all kinds together; `writes` are those of the database at the peak."""

    machines: int
    pages_per_second: float
    readers_a_day: float
    writes: float
    of_one_database: float


def read(file: Path = FILE) -> dict[str, Any]:
    """The file of figures."""
    with file.open("rb") as opened:
        return tomllib.load(opened)


def page_micros(told: dict[str, Any]) -> float:
    """What a page costs on average, in microseconds of a core, with its share of spends and sign-ins."""
    cost = {name: one["micros"] for name, one in told["cost"].items()}
    day = told["day"]
    without = (1 - day["by-pass"]) * (day["cache-hits"] * cost["cached"] + (1 - day["cache-hits"]) * cost["preview"])
    with_pass = day["by-pass"] * ((1 - day["asks"]) * cost["pass"] + day["asks"] * cost["asks"])
    # What is not answered from the cache goes through nginx too: as dear as a hit.
    through = (day["by-pass"] + (1 - day["by-pass"]) * (1 - day["cache-hits"])) * cost["cached"]
    return float(without + with_pass + through + day["spends"] * cost["spend"] + day["sign-ins"] * cost["sign-in"])


def writes_per_page(told: dict[str, Any]) -> float:
    """How many rows the database writes for a page, on average: a spend, a sign-in, and the day of a session's use."""
    day = told["day"]
    used = day["by-pass"] / day["pages-per-reader"]
    return float(day["spends"] + WRITES_OF_A_SIGN_IN * day["sign-ins"] + used)


def holds(told: dict[str, Any], machines: int) -> Holds:
    """What so many machines hold at the peak that the day says, without being more than `busy`."""
    day = told["day"]
    pages = machines * day["cores"] * day["busy"] * 1e6 / page_micros(told)
    # A day's readers make their pages; the peak is so many times an ordinary second of the fullest hour.
    peak_share = day["peak-hour"] / 3600 * day["peak-in-the-hour"] * day["breaking"]
    readers = pages / (peak_share * day["pages-per-reader"])
    writes = pages * writes_per_page(told)
    return Holds(machines, pages, readers, writes, writes / day["postgresql-writes"])


def drawn() -> str:
    """Everything that stands on the page between its marks."""
    told = read()
    day = told["day"]
    costs = table(
        ("one of these", "µs of a core", "measured by"),
        [(one["what"], f"{one['micros']:,.0f}", one["from"]) for one in told["cost"].values()],
    )
    assumed = table(
        ("assumed of a day", ""),
        [
            ("pages that a reader opens", f"{day['pages-per-reader']:g}"),
            ("pages by a pass", _share(day["by-pass"])),
            ("all others: out of the cache", _share(day["cache-hits"])),
            ("pages by a pass that the gate asks about", _share(day["asks"])),
            ("articles by the meter, of all pages", _share(day["spends"])),
            ("sign-ins, of all pages", _share(day["sign-ins"])),
            ("pages in the fullest hour", _share(day["peak-hour"])),
            ("its fullest second, beside an ordinary one", f"{day['peak-in-the-hour']:g}"),
            ("and when a story breaks, beside that", f"{day['breaking']:g}"),
            ("cores of a machine", f"{day['cores']}"),
            ("how busy they may be at that second", _share(day["busy"])),
            ("writes a second of one PostgreSQL", f"{day['postgresql-writes']:,.0f}"),
        ],
    )
    found = [holds(told, one["count"]) for one in told["machines"]]
    held = table(
        ("machines", "pages/s at the peak", "readers a day", "database writes/s", "of one PostgreSQL"),
        [
            (f"{one.machines:,}", *(_rounded(value) for value in (one.pages_per_second, one.readers_a_day, one.writes)),
             f"{100 * one.of_one_database:,.0f} %")
            for one in found
        ],
    )  # fmt: skip
    alone = told["day"]["postgresql-writes"] / holds(told, 1).writes
    average = f"A page costs {page_micros(told):.0f} µs on average, with its share of spends and sign-ins. "
    average += f"One PostgreSQL bears the writes of {alone:.1f} machines at such a second."
    return "\n\n".join((costs, assumed, average, held))


def _share(value: float) -> str:
    return f"{100 * value:g} %"


def _rounded(value: float) -> str:
    """Two figures: a model knows no more."""
    return f"{float(f'{value:.2g}'):,.0f}"


if __name__ == "__main__":
    write(NAME, drawn())
