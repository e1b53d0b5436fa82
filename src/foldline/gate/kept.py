"""What is kept in memory, up to a weight; what was asked for longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """`most` is in whatever unit the weights are: entries, where none is given. Each page asks three times: a hit must
    cost nothing that is worth measuring."""

    __slots__ = ("_entries", "_get", "_seen", "_weights", "most", "weight")

    def __init__(self, most: int) -> None:
        self.most = most
        self.weight = 0
        self._entries: OrderedDict[Key, Value] = OrderedDict()
        self._weights: dict[Key, int] = {}
        self._get = self._entries.get
        self._seen = self._entries.move_to_end

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def get(self, key: Key) -> Value | None:
        """The value, which counts as asked for now; None where it is not kept."""
        found = self._get(key)
        if found is not None:
            self._seen(key)
        return found

    def put(self, key: Key, value: Value, weight: int = 1) -> None:
        """Keep a value in place of an older one of its key. What is heavier than everything is not kept."""
        self.pop(key)
        if weight > self.most:
            return
        self._entries[key] = value
        self._weights[key] = weight
        self.weight += weight
        while self.weight > self.most:
            self.pop(next(iter(self._entries)))

    def pop(self, key: Key) -> Value | None:
        """Forget a key; its value, or None where there was none."""
        self.weight -= self._weights.pop(key, 0)
        return self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._weights.clear()
        self.weight = 0
