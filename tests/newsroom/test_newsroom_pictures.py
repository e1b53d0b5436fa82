from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image, ImageSequence
from PIL.ExifTags import GPS, IFD, Base

from foldline.site.newsroom.pictures import LARGEST, PictureRefused, keep_picture, read_picture
from foldline.stores.home import Home
from foldline.stores.pictures import PictureStore


def drawn(kind: str, *, mode: str = "RGB", turned: bool = False, **more: object) -> bytes:
    """A picture of 40 by 20 pixels that says where, when and by whom it was made."""
    image = Image.new("RGB", (40, 20), (200, 30, 30))
    image.paste((30, 30, 200), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[Base.Artist] = "SECRET-NAME"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] = "N"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (40.0, 26.0, 46.0)
    if turned:
        exif[Base.Orientation] = 6
    out = io.BytesIO()
    image.convert(mode).save(out, kind, exif=exif, **more)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")])
def test_place_and_name_are_taken_out_of_a_picture(kind: str, suffix: str) -> None:
    data = drawn(kind)
    assert b"SECRET-NAME" in data
    picture = read_picture(data)
    assert (picture.suffix, picture.width, picture.height) == (suffix, 40, 20)
    assert b"SECRET-NAME" not in picture.data
    assert not Image.open(io.BytesIO(picture.data)).getexif()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_picture_that_its_camera_held_upright_is_stored_upright(kind: str) -> None:
    picture = read_picture(drawn(kind, turned=True))
    stored = Image.open(io.BytesIO(picture.data))
    assert (picture.width, picture.height) == stored.size == (20, 40)
    assert not stored.getexif()


def test_a_webp_keeps_its_pixels_byte_for_byte() -> None:
    data = drawn("WEBP", lossless=True)
    before, after = (Image.open(io.BytesIO(each)).convert("RGB").tobytes() for each in (data, read_picture(data).data))
    assert before == after
    assert read_picture(data + b"SECRET-TAIL").data == read_picture(data).data


def test_an_xmp_packet_and_comments_are_taken_out() -> None:
    packet = b"<x:xmpmeta>SECRET-NAME</x:xmpmeta>"
    assert b"SECRET" not in read_picture(drawn("WEBP", xmp=packet)).data
    assert b"SECRET" not in read_picture(drawn("JPEG", comment=b"SECRET-COMMENT", xmp=packet)).data
    out = io.BytesIO()
    Image.new("P", (4, 4)).save(out, "GIF", comment=b"SECRET-COMMENT")
    assert b"SECRET" in out.getvalue()
    assert b"SECRET" not in read_picture(out.getvalue()).data


def test_an_animation_stays_one() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 120, 240)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100)
    kept = Image.open(io.BytesIO(read_picture(out.getvalue()).data))
    assert len(list(ImageSequence.Iterator(kept))) == 3


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"<html><script>alert(1)</script>", id="html"),
        pytest.param(drawn("PNG")[:60], id="truncated"),
        pytest.param(drawn("BMP"), id="bmp"),
        pytest.param(drawn("TIFF"), id="tiff"),
    ],
)
def test_what_is_not_a_usable_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRefused, match="not a picture that we can read"):
        read_picture(data)


def test_a_file_over_20_megabytes_is_refused() -> None:
    with pytest.raises(PictureRefused, match="20 MB"):
        read_picture(drawn("PNG") + b"\0" * LARGEST)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    Image.new("1", (9000, 8000)).save(out, "PNG")
    with pytest.raises(PictureRefused, match="too many pixels"):
        read_picture(out.getvalue())


def test_a_picture_gets_a_name_that_nobody_can_guess(tmp_path: Path) -> None:
    picture = read_picture(drawn("PNG"))
    names = {keep_picture(picture, PictureStore(Home(tmp_path))) for _ in range(3)}
    assert len(names) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}\.png", name) for name in names)
    assert {path.name for path in (tmp_path / "media").iterdir()} == names


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize(("size", "frames"), [(4000, 4), (2, 1001)])
def test_an_animation_of_too_many_pixels_in_all_of_its_frames_or_of_too_many_frames_is_refused(
    kind: str, size: int, frames: int
) -> None:
    out = io.BytesIO()
    drawn = [Image.new("L", (size, size), number % 2 * 200) for number in range(frames)]
    drawn[0].save(out, kind, save_all=True, append_images=drawn[1:], duration=20)
    with pytest.raises(PictureRefused, match=r"at most [0-9,]+ frames.*Save a smaller or a shorter one"):
        read_picture(out.getvalue())
