"""Bytes and letters of a page, in the charsets that pages come in."""

from __future__ import annotations

import pytest

from foldline.fold.page.charset import letters_of_page
from foldline.fold.page.read import read_page

TEXT = "<h1>Überschrift</h1><article><p>Ein Wort für alle.</p><!-- fold --><p>Später und teurer.</p></article>"


@pytest.mark.parametrize(
    ("raw", "charset", "codec"),
    [
        (TEXT.encode(), "utf-8", "utf-8"),
        (TEXT.encode(), "", "utf-8"),
        (TEXT.encode("cp1252"), "", "cp1252"),
        (TEXT.encode("cp1252"), "ISO-8859-1", "cp1252"),
        (TEXT.encode("utf-8-sig"), "iso-8859-1", "utf-8"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-8", "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16be", "utf-16-be"),
        (b'<meta charset="windows-1252">' + TEXT.encode("cp1252"), "", "cp1252"),
        (b"<meta http-equiv=x content='text/html; charset=iso-8859-15'>" + TEXT.encode("iso8859-15"), "", "iso8859-15"),
        (b"<!-- <meta charset=gbk> -->" + TEXT.encode(), "", "utf-8"),
        (b'<meta charset="utf-16">' + TEXT.encode(), "", "utf-8"),
        (TEXT.encode(), "no-such-thing", "utf-8"),
        (TEXT.encode() + b"\xff\xfe broken \x80", "utf-8", "utf-8"),
    ],
)
def test_a_page_is_read_in_its_charset_and_comes_back_byte_for_byte(raw: bytes, charset: str, codec: str) -> None:
    letters = letters_of_page(raw, charset)
    assert letters is not None
    assert letters.codec == codec
    assert letters.mark + letters.encoded(letters.text) == raw
    made = read_page(raw, charset)
    assert made.how == "marker"
    assert made.parts.whole() == raw
    preview = made.parts.preview().decode(codec, "replace")
    assert "für alle" in preview
    assert "teurer" not in preview


@pytest.mark.parametrize(
    ("text", "charset"),
    [("<p>日本の新聞</p>", "shift_jis"), ("<p>中文报纸</p>", "gb2312"), ("<p>한국 신문</p>", "euc-kr")],
)
def test_letters_of_more_than_one_byte_come_back(text: str, charset: str) -> None:
    letters = letters_of_page(text.encode(charset), charset)
    assert letters is not None
    assert letters.read == text


@pytest.mark.parametrize("charset", ["iso-2022-jp", "utf-7", "x-user-defined"])
def test_a_charset_that_shifts_is_not_cut(charset: str) -> None:
    made = read_page(TEXT.encode(), charset)
    assert (made.how, made.alarms) == ("not-found", ("charset",))
    assert b"teurer" not in made.parts.preview()
    assert made.parts.whole() == TEXT.encode()
