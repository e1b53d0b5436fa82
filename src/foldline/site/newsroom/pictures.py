"""A picture file on its way in: what it is, how large it is, and what nobody else needs to know of it."""

from __future__ import annotations

import hashlib
import io
import secrets
import warnings
from dataclasses import dataclass

from PIL import Image as Pillow
from PIL import ImageOps

from foldline.errors import FoldlineError, Problem
from foldline.stores.pictures import PictureStore

LARGEST = 20 * 1024 * 1024
#: In all frames of an animation together.
MOST_PIXELS = 60_000_000
MOST_FRAMES = 1_000
TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}
SUFFIXES = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif"}
_ORIENTATION = 0x0112
_WEBP_DROPPED = (b"EXIF", b"XMP ")
_WEBP_FLAGS = 0x08 | 0x04


class PictureRefused(FoldlineError):
    """The file can't be used as a picture. `problem` says why."""

    def __init__(self, what: str, hint: str) -> None:
        self.problem = Problem("FL401", what, hint=hint)
        super().__init__(f"{what} {hint}")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture without its metadata. `digest` is of the file as it came; width and height are in pixels."""

    data: bytes
    suffix: str
    width: int
    height: int
    digest: str


def read_picture(data: bytes) -> Picture:
    """Check a file and take out what it tells about place, time and camera.

    Raises:
        PictureRefused: not PNG, JPEG, WebP or GIF by its content, broken, over 20 MB, over 60 megapixels in all of its
            frames together or over 1,000 frames.
    """
    if len(data) > LARGEST:
        raise PictureRefused("The picture is larger than 20 MB.", "Save a smaller one: 2,400 pixels wide is plenty.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            with Pillow.open(io.BytesIO(data), formats=list(SUFFIXES)) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Pillow.DecompressionBombWarning
                kind = image.format or ""
                _bound_frames(image)
                image.load()
                clean, width, height = _cleaned(image, kind, data)
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise PictureRefused("The picture has too many pixels.", "Save one of at most 60 megapixels.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        hint = "PNG, JPEG, WebP and GIF can be used."
        raise PictureRefused("The file is not a picture that we can read.", hint) from error
    return Picture(clean, SUFFIXES[kind], width, height, hashlib.sha256(data).hexdigest())


def keep_picture(picture: Picture, store: PictureStore) -> str:
    """Write the picture under a new random name of 128 bits and return that name."""
    name = f"{secrets.token_hex(16)}.{picture.suffix}"
    store.keep(name, picture.data)
    return name


def _bound_frames(image: Pillow.Image) -> None:
    """Looks for the first frame too many, and no further. Raises PictureRefused where it is there."""
    most = min(MOST_FRAMES, MOST_PIXELS // (image.width * image.height))
    try:
        image.seek(most)
    except EOFError:
        image.seek(0)
        return
    what = f"The animation is too large: at this size it may have at most {most:,} frames."
    raise PictureRefused(what, "Save a smaller or a shorter one, or a still picture.")


def _cleaned(image: Pillow.Image, kind: str, data: bytes) -> tuple[bytes, int, int]:
    out = io.BytesIO()
    if kind in ("JPEG", "WEBP"):
        profile = image.info.get("icc_profile", b"")
        if image.getexif().get(_ORIENTATION, 1) != 1:
            upright = ImageOps.exif_transpose(image)
            upright.save(out, kind, quality=92, icc_profile=profile, exif=b"")
            return out.getvalue(), upright.width, upright.height
        if kind == "WEBP":
            return _webp_without_metadata(data), image.width, image.height
        image.save(out, "JPEG", quality="keep", icc_profile=profile, exif=b"", comment=b"")
    elif kind == "GIF":
        image.info.pop("comment", None)
        image.save(out, "GIF", save_all=getattr(image, "n_frames", 1) > 1, comment=b"")
    else:
        image.save(out, "PNG", save_all=getattr(image, "n_frames", 1) > 1, exif=b"")
    return out.getvalue(), image.width, image.height


def _webp_without_metadata(data: bytes) -> bytes:
    """The same RIFF container without EXIF and XMP, and without anything behind it (RFC 9649, 2.7)."""
    end = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    chunks: list[bytes] = []
    at = 12
    while at + 8 <= end:
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunk = data[at : at + 8 + size + size % 2]
        if name == b"VP8X" and size >= 10:
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_FLAGS]) + chunk[9:]
        if name not in _WEBP_DROPPED:
            chunks.append(chunk)
        at += 8 + size + size % 2
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
