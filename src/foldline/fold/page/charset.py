"""Which letters the bytes of a page are, as a browser would say, and the same bytes again from the letters."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
#: The prescan of the HTML standard looks at so many bytes.
_PRESCAN = 1024
_META = re.compile(rb"<meta[\s/][^>]*?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
#: WHATWG's labels whose name in Python is another one; all others mean the same in both.
_LABELS = {
    **dict.fromkeys(("latin1", "iso-8859-1", "iso8859-1", "iso_8859-1", "l1", "ascii", "us-ascii"), "cp1252"),
    **dict.fromkeys(("windows-1252", "cp1252", "x-cp1252", "cp819", "ibm819"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "latin5", "windows-1254", "cp1254", "x-cp1254", "l5"), "cp1254"),
    **dict.fromkeys(("tis-620", "iso-8859-11", "windows-874", "dos-874"), "cp874"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j", "ms932"), "cp932"),
    **dict.fromkeys(("euc-kr", "korean", "ks_c_5601-1987", "ksc5601", "windows-949"), "cp949"),
    **dict.fromkeys(("gb2312", "gbk", "chinese", "x-gbk", "gb_2312-80", "gb18030"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "cn-big5", "x-x-big5"), "big5hkscs"),
    **dict.fromkeys(("utf8", "utf-8", "unicode-1-1-utf-8", "x-unicode20utf8"), "utf-8"),
    **dict.fromkeys(("utf-16", "utf-16le", "unicode", "ucs-2", "csunicode"), "utf-16-le"),
    **dict.fromkeys(("utf-16be", "unicodefffe"), "utf-16-be"),
}
_OTHERS = re.compile(r"(?:iso[-_]?8859-(?:[2-8]|1[03-6])|(?:windows-|cp|x-cp)125[0-8]|koi8-[ru]|euc-jp|ibm866|cp866)")
_LONE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Letters:
    """A page's text. `text` encodes to exactly the page's bytes behind `mark`; `read` is what a parser is given.

    Both have the same length: a byte that is no letter is a lone surrogate in `text` and U+FFFD in `read`.
    """

    text: str
    read: str
    codec: str
    mark: bytes = b""

    def encoded(self, text: str) -> bytes:
        """A piece of `text` as it was."""
        return text.encode(self.codec, "surrogateescape")

    def written(self, text: str) -> bytes:
        """Markup of ours; a letter that the page's charset does not have becomes a character reference."""
        return text.encode(self.codec, "xmlcharrefreplace")


def letters_of_page(page: bytes, charset: str = "") -> Letters | None:
    """By its byte order mark, `charset` (of the HTTP header), its `meta`, else UTF-8, else windows-1252.

    None where the bytes do not come back from the letters, as in charsets that shift: such a page can't be cut.
    """
    for mark, codec in _BOMS:
        if page.startswith(mark):
            return _read(page[len(mark) :], codec, mark)
    codec = _codec(charset) or _declared(page)
    if not codec:
        codec = "utf-8" if _is_utf8(page) else "cp1252"
    return None if codec == "none" else _read(page, codec)


def _declared(page: bytes) -> str:
    found = _META.search(_COMMENT.sub(b"", page[:_PRESCAN]))
    codec = _codec(found[1].decode("ascii")) if found else ""
    # A page whose `meta` can be read is not UTF-16, whatever it says (HTML standard, prescan, step 15).
    return "utf-8" if codec.startswith("utf-16") else codec


def _codec(label: str) -> str:
    """Python's name of it; empty for a label that nobody knows, `none` for one that we do not read."""
    label = label.strip().strip("\"'").lower()
    if label in _LABELS:
        return _LABELS[label]
    if _OTHERS.fullmatch(label):
        return codecs.lookup(label.replace("x-cp", "cp")).name
    return "none" if re.fullmatch(r"iso-2022-.*|csiso2022.*|hz-gb-2312|x-user-defined|utf-?7|utf-?32.*", label) else ""


def _is_utf8(page: bytes) -> bool:
    try:
        page.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _read(page: bytes, codec: str, mark: bytes = b"") -> Letters | None:
    try:
        text = page.decode(codec, "surrogateescape")
        comes_back = text.encode(codec, "surrogateescape") == page
    except UnicodeError:
        return None
    return Letters(text, _LONE.sub("\ufffd", text), codec, mark) if comes_back else None
