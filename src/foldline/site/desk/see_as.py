"""See an article as any reader: the bytes that the reader gets in a frame, and beside it why."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe

from foldline.errors import StoreUnavailable
from foldline.policy.decide import Decision
from foldline.site.desk import choosing
from foldline.site.desk.choosing import Choice
from foldline.site.desk.looking import Eye, Look, Seen
from foldline.site.desk.middleware import headers_of_its_own
from foldline.site.desk.pages import may, page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.readers import passes
from foldline.site.readers.models import Reader

FOUND = 20
_IN_A_SET = re.compile(r"rules (r-[0-9a-f]+):(\d+)(?::\d+)?")
#: The answers of the gate that a reader sees, in words.
SHOWN = {"opens": "the whole", "refuses": "the preview", "opens-if": "the preview, then the whole once it is counted"}

#: For what stands in the frame: nothing of it runs, and its files are the desk's own (`'self'`).
FRAME_POLICY = (
    "sandbox; default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class TraceLine:
    """A finding: whether it passed, its code, the rule that asked, where that rule is written, and the address of
    that line ("" for none)."""

    passed: bool
    reason: str
    rule: str
    source: str
    line: str


@dataclass(frozen=True, slots=True)
class Step:
    """One answer: its trace, and the address of its bytes."""

    seen: Seen
    shown: str
    findings: tuple[TraceLine, ...]
    source: str
    line: str
    frame: str


class SeeAsPages:
    """The views, around the eye that the server hands in."""

    def __init__(self, eye: Eye) -> None:
        self._eye = eye

    @property
    def addresses(self) -> list[URLPattern]:
        prefix = settings.FOLDLINE.publication.prefix.removeprefix("/")
        return [
            path("see-as", staff_page(Power.SEE_AS)(require_safe(self.choose)), name="see_as"),
            path("see-as/frame", staff_page(Power.SEE_AS)(require_safe(self.frame)), name="see_as_frame"),
            # A frame without an origin carries no cookies of the desk; these files are public at the gate too.
            path(f"{prefix}static/<str:name>", require_safe(self.file), {"kind": "static"}),
            path(f"{prefix}media/<str:name>", require_safe(self.file), {"kind": "media"}),
        ]

    def choose(self, request: HttpRequest) -> HttpResponse:
        """Choose an article and a reader; with both, what that reader gets and why."""
        query = request.GET.get("q", "").strip()
        kind, reader = _as_whom(request)
        kinds = self._eye.kinds()
        if reader is None and kind not in dict(kinds):
            kind = kinds[0][0]
        context: dict[str, Any] = {"kinds": kinds, "kind": kind, "reader": reader, "query": query}
        context["may_see_rules"] = may(request, Power.SEE_RULES)
        context["as_whom"] = urlencode({"reader": reader.pk} if reader is not None else {"as": kind})
        context["note"], context["steps"], context["found"] = "", [], []
        try:
            article = context["article"] = choosing.chosen(request)
            if query or article is None:
                context["found"] = choosing.choices(self._eye, query, FOUND)
            look = self._look(article, kind, reader) if article is not None else None
        except StoreUnavailable:
            context["note"] = "The article can’t be read just now. Try again."
            return page(request, "see_as", "See as", context, status=503)
        if article is not None and look is not None:
            context["article"] = replace(article, headline=look.headline or article.headline)
            context["steps"] = _steps(look, article, context["as_whom"])
        elif article is not None:
            state = f"it is {article.state}" if article.state else "the site behind the gate has no article there"
            context["note"] = f"This article is not on a page of its own: {state}."
        return page(request, "see_as", "See as", context)

    def frame(self, request: HttpRequest) -> HttpResponse:
        """The bytes, exactly as the gate sends them."""
        kind, reader = _as_whom(request)
        article = choosing.chosen(request)
        if article is None:
            raise Http404
        try:
            look = self._look(article, kind, reader)
        except KeyError:
            raise Http404 from None
        if look is None:
            raise Http404
        seen = look.steps[-1] if request.GET.get("counted") else look.steps[0]
        response = HttpResponse(seen.body, content_type=seen.content_type)
        return headers_of_its_own(response, {"Content-Security-Policy": FRAME_POLICY, "X-Frame-Options": "SAMEORIGIN"})

    def file(self, request: HttpRequest, kind: str, name: str) -> HttpResponse:
        """A style sheet, font or picture of the page in the frame."""
        found = self._eye.file(f"{settings.FOLDLINE.publication.prefix}{kind}/{name}")
        if found is None:
            raise Http404
        response = HttpResponse(found[1], content_type=found[0])
        # The frame has no origin: what it loads is foreign to it, and fonts ask by CORS.
        return headers_of_its_own(
            response,
            {
                "Cross-Origin-Resource-Policy": "cross-origin",
                "Access-Control-Allow-Origin": "*",
                "Cache-Control": "public, max-age=3600",
            },
        )

    def _look(self, article: Choice, kind: str, reader: Reader | None) -> Look | None:
        if reader is not None:
            return self._eye.look_with(article.path, bytes.fromhex(reader.key), passes.product_ends(reader))
        return self._eye.look(article.path, kind)


def _as_whom(request: HttpRequest) -> tuple[str, Reader | None]:
    """The kind of reader, and the reader that an address names by a number."""
    reader = request.GET.get("reader", "")
    known: Reader | None = choosing.by_number(Reader, reader) if may(request, Power.SERVE_READERS) else None
    if reader and known is None:
        raise Http404
    return request.GET.get("as", ""), known


def _steps(look: Look, article: Choice, as_whom: str) -> list[Step]:
    steps = []
    for seen in look.steps:
        address = f"{reverse('see_as_frame')}?{article.key}&{as_whom}{'&counted=1' if seen.counted else ''}"
        decision = seen.decision
        findings = _trace(decision, look) if decision is not None else ()
        source = look.sources.get(decision.rule, "") if decision is not None else ""
        shown = SHOWN[decision.outcome.value] if decision is not None else ""
        # The answer of a count leads to the place where the preview ended; so does the frame.
        steps.append(
            Step(seen, shown, findings, source, _line(source), f"{address}#continue" if seen.counted else address)
        )
    return steps


def _trace(decision: Decision, look: Look) -> tuple[TraceLine, ...]:
    found = []
    for finding in decision.findings:
        source = look.sources.get(finding.rule, "")
        found.append(TraceLine(finding.passed, finding.reason.value, finding.rule, source, _line(source)))
    return tuple(found)


def _line(source: str) -> str:
    """The address of a rule's line at the desk: `rules r-0123456789:14` is line 14 of that set."""
    found = _IN_A_SET.fullmatch(source)
    return f"{reverse('rules')}?version={found[1]}#L{found[2]}" if found else ""
