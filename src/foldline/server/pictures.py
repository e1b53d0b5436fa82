"""The newsroom's pictures, wherever they lie."""

from __future__ import annotations

import asyncio
from pathlib import Path

from foldline.gate.asgi import Pictures
from foldline.stores.home import Home

PICTURE_TYPES = {"webp": "image/webp", "png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}


class PictureFolder:
    """The newsroom's pictures, by names that nobody can guess."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def picture(self, name: str) -> tuple[str, bytes] | None:
        """(content type, bytes) of a picture; None where there is none."""
        try:
            body = await asyncio.to_thread((self._folder / name).read_bytes)
        except OSError:
            return None
        return PICTURE_TYPES[name.rpartition(".")[2]], body


def pictures_of(home: Home) -> Pictures:
    """The newsroom's pictures, wherever they lie."""
    if home.database is None:
        return PictureFolder(home.media)
    from foldline.server.distant_pictures import DistantPictures

    return DistantPictures(home)
