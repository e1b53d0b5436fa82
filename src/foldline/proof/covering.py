"""A covering array: rows that together hold every pair of values of any two axes, few of them, always the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations


@cache
def rows(sizes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """What `pairwise` gives, made once for all that have axes of these sizes."""
    return tuple(pairwise(sizes))


def pairwise(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Rows of one number below each size. Every pair of two axes' numbers stands in some row.

    Greedy: a row begins with a pair that is still missing and takes, axis after axis,
    the value with most missing pairs.
    """
    missing = {
        (a, one, b, other)
        for a, b in combinations(range(len(sizes)), 2)
        for one in range(sizes[a])
        for other in range(sizes[b])
    }
    order = sorted(missing)
    begin = 0
    while missing:
        while order[begin] not in missing:
            begin += 1
        a, one, b, other = order[begin]
        row: dict[int, int] = {a: one, b: other}
        for axis in range(len(sizes)):
            if axis not in row:
                gains = [_gain(row, axis, value, missing) for value in range(sizes[axis])]
                row[axis] = gains.index(max(gains))
        made = tuple(row[axis] for axis in range(len(sizes)))
        missing.difference_update((x, made[x], y, made[y]) for x, y in combinations(range(len(sizes)), 2))
        yield made
    if len(sizes) == 1:
        yield from ((value,) for value in range(sizes[0]))


def _gain(row: dict[int, int], axis: int, value: int, missing: set[tuple[int, int, int, int]]) -> int:
    """How many missing pairs a value would add to what the row holds."""
    return sum(
        ((axis, value, other, held) if axis < other else (other, held, axis, value)) in missing
        for other, held in row.items()
    )
