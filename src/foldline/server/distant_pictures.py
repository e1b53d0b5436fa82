"""The newsroom's pictures where they lie on another machine."""

from __future__ import annotations

import logging
from functools import partial

from foldline.errors import StoreUnavailable
from foldline.server.in_thread import InThread
from foldline.server.pictures import PICTURE_TYPES
from foldline.stores.home import Home
from foldline.stores.pictures import PictureStore

log = logging.getLogger(__name__)

#: How long a picture is waited for, in seconds: it may have 20 MB; and how long none is asked for after that.
DEADLINE, BREATHER = 10.0, 0.5


class DistantPictures:
    """The newsroom's pictures from the database that hosts share. Caches hold them for long: a name never means
    another picture."""

    def __init__(self, home: Home) -> None:
        self._store = PictureStore(home)
        self._beside = InThread("pictures", DEADLINE, BREATHER)

    async def picture(self, name: str) -> tuple[str, bytes] | None:
        """(content type, bytes) of a picture; None where there is none, or none that can be read."""
        kind = PICTURE_TYPES.get(name.rpartition(".")[2])
        try:
            data = await self._beside(partial(self._store.find, name)) if kind is not None else None
        except StoreUnavailable as error:
            log.warning("%s", error)
            return None
        return (kind, data) if kind is not None and data is not None else None
