"""What the gate counts of a reader: shown to them as numbers, and forgotten with the account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest

from foldline import config
from foldline.errors import InvalidToken
from foldline.signed import cookies, meter
from foldline.signed.counting import device_owner, reader_owner
from foldline.site.readers.models import Reader
from foldline.site.readers.passes import keyring
from foldline.stores.meter import SqliteMeter, Tally


def tallies(reader: Reader) -> tuple[Tally, ...]:
    """How many articles are counted in each window. Which ones, nobody can tell.

    Raises:
        StoreUnavailable: the meter can't be read.
    """
    with _store() as store:
        return store.tallies(reader_owner(keyring(), bytes.fromhex(reader.key)))


def forget(reader: Reader) -> None:
    """Delete what is counted of a reader.

    Raises:
        StoreUnavailable: the meter can't be written.
    """
    with _store() as store:
        store.forget(reader_owner(keyring(), bytes.fromhex(reader.key)))


def move(key: str, to: Reader) -> None:
    """What is counted of the reader who had this key is another's from now on: the union of both in each window.

    Raises:
        StoreUnavailable: the meter can't be written.
    """
    with _store() as store:
        store.move(reader_owner(keyring(), bytes.fromhex(key)), reader_owner(keyring(), bytes.fromhex(to.key)))


def forget_device(request: HttpRequest) -> None:
    """Delete what is counted of the device that a request came from.

    Raises:
        StoreUnavailable: the meter can't be written.
    """
    try:
        carried = meter.read(keyring(), request.COOKIES.get(cookies.METER, "").encode())
    except (InvalidToken, UnicodeEncodeError):
        return
    with _store() as store:
        store.forget(device_owner(keyring(), carried.device))


@contextmanager
def _store() -> Iterator[SqliteMeter]:
    foldline: config.Settings = settings.FOLDLINE
    store = SqliteMeter(foldline.home)
    try:
        yield store
    finally:
        store.close()
