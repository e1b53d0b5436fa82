"""What may be asked of an answer that is rewritten. A filter or an order by a text of an article would be an oracle."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_NUMBER = r"[0-9]{1,6}"
_NUMBERS = r"[0-9]{1,10}(?:,[0-9]{1,10}){0,99}"
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
_NAMES = r"[A-Za-z0-9_.-]{1,80}(?:,[A-Za-z0-9_.-]{1,80}){0,19}"

#: The values of keys that programs are known to have, by what the answer is read as.
VALUES: dict[str, dict[str, str]] = {
    "feed": {
        "feed": r"rss|rss2|atom|feed",
        "type": r"rss|atom|100",
        "paged": _NUMBER,
        "page": _NUMBER,
    },
    "rest": {
        "rest_route": r"/wp/v2/(?:posts|pages)(?:/[0-9]{1,10})?/?",
        "page": _NUMBER,
        "per_page": _NUMBER,
        "offset": _NUMBER,
        "limit": _NUMBER,
        "order": r"asc|desc|-?(?:id|title|slug|first_published_at)",
        "orderby": r"date|id|slug|title|include|modified",
        "categories": _NUMBERS,
        "tags": _NUMBERS,
        "author": _NUMBERS,
        "include": _NUMBERS,
        "exclude": _NUMBERS,
        "parent": _NUMBERS,
        "child_of": r"[0-9]{1,10}|root",
        "descendant_of": r"[0-9]{1,10}|root",
        "slug": r"[0-9A-Za-z_%~-]{1,200}",
        "type": _NAMES,
        "locale": r"[A-Za-z0-9-]{1,20}",
        "after": _MOMENT,
        "before": _MOMENT,
        "sticky": r"true|false|0|1",
    },
}


def values_are_known(query: bytes, form: str) -> bool:
    """Whether every value of a kept query is one that its key may have. A key that is not in `VALUES` is a publisher's
    own, who listed it: it takes a name or a number."""
    for part in query.split(b"&") if query else ():
        key, _, value = part.partition(b"=")
        said = unquote_to_bytes(value).decode("utf-8", "replace")
        if not re.fullmatch(VALUES[form].get(key.decode("ascii"), _NAMES), said):
            return False
    return True
