"""A request as the proof writes it, and how a person repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace

from foldline.testing.answers import Answer

Pairs = tuple[tuple[bytes, bytes], ...]
Client = Callable[[str, bytes, Pairs, bytes], Answer]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `before` are requests of the same history, asked first; their answers are not compared."""

    path: bytes
    method: str = "GET"
    query: bytes = b""
    headers: Pairs = ()
    body: bytes = b""
    label: str = "plain"
    before: tuple[Ask, ...] = ()

    @property
    def target(self) -> bytes:
        return self.path + (b"?" + self.query if self.query else b"")

    def with_header(self, name: bytes, value: bytes) -> Ask:
        """The same with one header set anew."""
        kept = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=(*kept, (name, value)))

    def curl(self, host: str = "HOST", scheme: str = "https") -> str:
        """A command that sends it again. Bytes that a shell can't carry are written as `\\x..`."""
        # curl waits for a body that HEAD never brings, unless it knows.
        method = ["--head"] if self.method == "HEAD" else ["-X", self.method]
        parts = ["curl", "-sSi", "--path-as-is", *method]
        for name, value in self.headers:
            parts += ["-H", f"{_shown(name)}: {_shown(value)}"]
        if self.body:
            parts += ["--data-binary", _shown(self.body)]
        return shlex.join([*parts, f"{scheme}://{host}{_shown(self.target)}"])


def _shown(raw: bytes) -> str:
    text = raw.decode("latin-1")
    shown = "".join(letter if " " <= letter <= "~" else f"\\x{ord(letter):02x}" for letter in text)
    return shown if len(shown) <= 600 else f"{shown[:300]}…({len(raw)} bytes)"
