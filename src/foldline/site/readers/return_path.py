"""Where sign-in leads back to: a path of this publication, or the front page."""

from __future__ import annotations

import re

LONGEST = 512
FRONT = "/"

# An allow-list, because browsers, proxies and `urllib` read the rest differently: no second slash at the start, no
# backslash, no `@` or `:` (nothing that could become a host or a scheme), no control character, and percent-encoding
# only of bytes that can hide none of these.
_SEGMENT = r"(?:[A-Za-z0-9_.~!$&'()*+,=-]|%[2-9A-Fa-f][0-9A-Fa-f])*"
_PATH = re.compile(rf"/(?:{_SEGMENT}(?:/{_SEGMENT})*)?(?:\?(?:[A-Za-z0-9_.~!$'()*+,=&/-]|%[2-9A-Fa-f][0-9A-Fa-f])*)?")
_HIDING = re.compile(r"%(?:2[35ef]|3[af]|40|5c|7f)", re.IGNORECASE)


def own_path(given: str | None) -> str:
    """`given` without its fragment if it is a path here, otherwise the front page."""
    path = (given or "").partition("#")[0]
    if len(path) > LONGEST or not _PATH.fullmatch(path) or path.startswith("//") or _HIDING.search(path):
        return FRONT
    if any(segment in (".", "..") for segment in path.partition("?")[0].split("/")):
        return FRONT
    return path


def continue_at(path: str, prefix: str) -> str:
    """The address after sign-in: an article's path with the anchor at which its preview ends."""
    return path if path == FRONT or path.startswith(prefix) else f"{path}#continue"
