"""Large and odd pages: each is answered in seconds, and nothing of it is open that is closed."""

from __future__ import annotations

import base64
import json
import time
import zlib

import pytest

from foldline.fold.page.bounds import LARGEST
from foldline.fold.page.read import read_page
from foldline.fold.page.spec import FoldSpec

_SECRET = "The sealed sentence tells where the seven keepers hid the ledger that nobody was to read again."
_REST = f"<p>{_SECRET}</p>"
#: Of this process, and no limit of speed: a parser whose time runs away needs minutes for these.
_SECONDS = 30


def page(before: str = "", rest: str = _REST, after: str = "") -> bytes:
    return (
        f"<!doctype html><html><head><title>T</title></head><body><h1>A headline</h1><article><div class=entry-content>"
        f"<p>Open.</p>{before}<!-- fold -->{rest}</div></article>{after}</body></html>"
    ).encode()


def _bomb() -> str:
    return base64.b64encode(zlib.compress(b"lorem ipsum " * 300_000)).decode()


ODD = {
    "too many bytes": (page(after="x" * LARGEST), "too-large"),
    "four megabytes of text behind": (page(after="<p>Some words of no matter here.</p>" * 100_000), ""),
    "four megabytes of text below": (page(rest="<p>All of these words are sealed here.</p>" * 90_000), "too-long"),
    "deep nesting": (page(after="<div>" * 100_000), "too-odd"),
    "deep nesting below": (page(rest="<b><div>" * 20_000 + _SECRET), "too-odd"),
    "formatting opened again": (
        page(after="".join(f"<font size={n}>" for n in range(900)) + "<p>x</p>" * 9_000),
        "too-odd",
    ),
    "attributes without end": (page(after="<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">"), "too-odd"),
    "options without end": (page(after="<select>" + "<option>" * 60_000), "too-odd"),
    "bombs in base64": (page(after=f"<i data-x={_bomb()}>" * 3), "not-proved"),
    "json nested without end": (page(after=f'<script type="application/json">{"[" * 90_000}</script>'), ""),
    "structured data without end": (
        page(after='<script type="application/ld+json">{"@type":"Article"}</script>' * 4_000),
        "",
    ),
    "comments without end": (page(after="<!-- a comment of no matter -->" * 40_000 + f"<!-- {_SECRET} -->"), ""),
    "entities in entities": (page(after="&amp;amp;amp;" * 20_000), ""),
    "an open quotation mark": (page(after=f'<p title="{_SECRET}'), "cut-by-tree"),
    "an open comment": (page(after=f"<!-- {_SECRET}"), ""),
    "an open script": (page(after=f"<script>{json.dumps(_SECRET)}"), ""),
    "an open textarea": (page(after=f"<textarea>{_SECRET}"), ""),
    "plaintext": (page(after=f"<plaintext>{_SECRET}"), ""),
    "nothing but the marker": (b"<!-- fold -->" + _REST.encode(), "no-way-to-the-fold"),
    "frames": (b"<frameset><frame src=x></frameset><!-- fold -->" + _REST.encode(), "no-way-to-the-fold"),
    "no byte": (b"", "no-way-to-the-fold"),
    "zeros": (b"\0" * 100_000, "no-way-to-the-fold"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_page_is_closed_in_bounded_time(name: str) -> None:
    raw, alarm = ODD[name]
    start = time.process_time()
    made = read_page(raw, "utf-8")
    assert time.process_time() - start < _SECONDS
    assert made.alarms == ((alarm,) if alarm else ())
    assert made.locked == (alarm not in ("", "cut-by-tree"))
    assert b"sealed" not in made.parts.preview()
    assert made.parts.whole() == raw


@pytest.mark.parametrize(
    "spec", [FoldSpec(closed="*"), FoldSpec(closed=".x, .y"), FoldSpec(body="*"), FoldSpec(body="p")]
)
def test_no_selector_raises_on_any_page(spec: FoldSpec) -> None:
    for raw, _ in ODD.values():
        if len(raw) < 20_000:
            assert b"sealed" not in read_page(raw, "", spec).parts.preview()
