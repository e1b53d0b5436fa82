"""The second witness: no run of words of the rest stands in an answer, in any decoded view of body and headers."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from foldline.fold.prove import Known, survivors
from foldline.testing.answers import Answer


class Witness:
    """Knows the rests of one world. `allowed` is public text that they may quote. Looks at each text once."""

    def __init__(self, rests: Iterable[str], allowed: Iterable[Known | str] = ()) -> None:
        self._rests = tuple(rests)
        self._allowed = tuple(allowed)
        self._looked_at: dict[bytes, int] = {}

    def sees(self, answer: Answer) -> int:
        """How many shingles of the rests stand in the answer."""
        headers = b"\n".join(b"%s: %s" % pair for pair in answer.headers)
        try:
            bodies = {answer.body, answer.decoded}
        except zlib.error:
            bodies = {answer.body, _tolerant(answer.body)}
        return sum(self._look(text) for text in (headers, *bodies))

    def _look(self, text: bytes) -> int:
        known = self._looked_at.get(text)
        if known is None:
            known = sum(survivors(rest, text, self._allowed) for rest in self._rests)
            self._looked_at[text] = known
        return known


def _tolerant(body: bytes) -> bytes:
    """Whatever a lenient client would make of a broken gzip body: every block that can be read."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    found = b""
    try:
        for at in range(10, len(body), 256):
            found += inflater.decompress(body[at : at + 256])
    except zlib.error:
        pass
    return found
