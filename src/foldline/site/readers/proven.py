"""What other rooms do when a reader has typed a code that was mailed to their address, and so has shown that they have
it now. No other way of signing in shows that."""

from __future__ import annotations

from collections.abc import Callable

from foldline.site.readers.models import Reader

#: Filled by other rooms as they are set up. They raise nothing: nobody is kept from signing in by them.
PROVEN: list[Callable[[Reader], None]] = []


def address_proven(reader: Reader) -> None:
    """Tell them all."""
    for tell in PROVEN:
        tell(reader)
