"""What one worker counts as it answers: numbers under a bounded number of keys, and nothing of a request.

An answer costs one addition under a key of three small numbers, and one to the seconds of its kind.
"""

from __future__ import annotations

from collections import Counter, defaultdict

# What an answer is, for counts alone. Bare numbers, not an Enum: adding them up is on the path of a page.
OTHER, WHOLE, PREVIEW, FREE, LIST, READ, DECISION, FEED, ME, FILE, SITE, PROXY, HEALTH, ORIGIN = range(14)
#: What each is called in metrics, by its number.
KINDS = (
    "other", "whole", "preview", "free", "list", "read", "decision", "feed", "me", "file", "site", "proxy", "health",
    "origin",
)  # fmt: skip

#: Ticks in a second. A latency is counted under the number of binary digits of its ticks: 2 µs, 4 µs, … 34 s, longer.
TICKS = 1 << 20
BUCKETS = 26

_STATUS_BITS, _BUCKET_BITS = 10, 5


class Tally:
    """The counts of one worker since it began."""

    __slots__ = ("answers", "failures", "gifts", "seconds", "spends")

    def __init__(self) -> None:
        #: How many answers, by kind, status and latency in one number.
        self.answers: defaultdict[int, int] = defaultdict(int)
        #: Seconds that answers took, by kind.
        self.seconds = [0.0] * len(KINDS)
        #: Needs that could not be met, by the need.
        self.failures: Counter[str] = Counter()
        #: What `POST /-/read` counted in the meter, and what gifts it opened, by how it ended.
        self.spends: Counter[str] = Counter()
        self.gifts: Counter[str] = Counter()

    def answered(self, kind: int, status: int, seconds: float) -> None:
        """One answer, and how long it took."""
        self.answers[(kind << 10 | status) << 5 | min(int(seconds * TICKS).bit_length(), 31)] += 1
        self.seconds[kind] += seconds

    def by_status(self) -> dict[tuple[str, int], int]:
        """Answers by what they are and their status."""
        found: Counter[tuple[str, int]] = Counter()
        for key, count in self.answers.items():
            found[KINDS[key >> _STATUS_BITS + _BUCKET_BITS], key >> _BUCKET_BITS & 1023] += count
        return found

    def by_latency(self) -> dict[str, list[int]]:
        """Answers by what they are, in `BUCKETS` numbers: those of at most 1 tick, 3, 7, … The last has all longer ones
        too."""
        found: dict[str, list[int]] = {}
        for key, count in self.answers.items():
            row = found.setdefault(KINDS[key >> _STATUS_BITS + _BUCKET_BITS], [0] * BUCKETS)
            row[min(key & 31, BUCKETS - 1)] += count
        return found
