"""What our own pages send: from where it must come, and the few fields that it may have."""

from __future__ import annotations

from typing import Literal, NamedTuple
from urllib.parse import parse_qsl

from foldline.gate.request import Request
from foldline.gate.state import GateState

MOST_BYTES = 1024

#: What is answered: a page, the fragment that the page's own script takes, or the decision as data.
AnswerForm = Literal["page", "fragment", "json"]
_FORMS: dict[str, AnswerForm] = {"": "page", "fragment": "fragment", "json": "json"}
_AGAIN = {"": False, "1": True}
_FIELDS = frozenset(("article", "answer", "again", "gift"))


class ReadForm(NamedTuple):
    """`again` tells that the article was open here before: it is to open for nothing or not at all. `gift` is what the
    page's address brings as a gift, "" for nothing."""

    article: int
    answer: AnswerForm
    again: bool
    gift: str = ""


def comes_from_our_page(request: Request, gate: GateState) -> bool:
    """Only our own pages may ask: same-origin by fetch metadata, or by Origin where a browser sends none. Speculative
    loads never may (`Sec-Purpose`)."""
    if request.header(b"sec-purpose") or request.header(b"purpose"):
        return False
    site = request.header(b"sec-fetch-site")
    if site:
        return site == b"same-origin"
    return request.header(b"origin") in gate.origins


def says_nothing_of_its_page(request: Request) -> bool:
    """Whether a request names no page that it comes from: a library's rewriting proxy lets through only the headers
    that it knows. What has no effect needs no such proof; everything else does."""
    named = (b"sec-fetch-site", b"origin", b"sec-purpose", b"purpose")
    return not any(request.header(name) for name in named)


def read_form(body: bytes) -> ReadForm | None:
    """The fields of `POST /-/read`, or of a query with the same names; None for a form that is not ours."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=5)
    except ValueError:
        return None
    fields = dict(pairs)
    number = fields.get("article", "")
    if len(fields) != len(pairs) or not fields.keys() <= _FIELDS:
        return None
    answer, again = _FORMS.get(fields.get("answer", "")), _AGAIN.get(fields.get("again", ""))
    if answer is None or again is None or not number.isascii() or not number.isdecimal() or len(number) > 15:
        return None
    return ReadForm(int(number), answer, again, fields.get("gift", ""))
