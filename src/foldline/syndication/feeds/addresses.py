"""Whole addresses in a text that leaves its page: feed readers know no base that they agree on."""

from __future__ import annotations

import re
from html import escape

_TAG = re.compile(r"<[a-z][^<>]*>")
#: As our own writers of HTML spell an attribute: small letters, double quotes.
_ADDRESS = re.compile(r' (src|href)="(/(?!/)|#)([^"]*)"')


def absolute(html: str, url: str, page: str) -> str:
    """HTML of ours, its addresses on this site made whole. `url` is the publication's, `page` that of the text's own
    page, for links within it."""
    site, own = escape(url), escape(page)

    def whole(found: re.Match[str]) -> str:
        base = f"{own}#" if found[2] == "#" else f"{site}/"
        return f' {found[1]}="{base}{found[3]}"'

    return _TAG.sub(lambda tag: _ADDRESS.sub(whole, tag[0]), html)
