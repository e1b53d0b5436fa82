"""The last decisions at the desk: what the gate answered, and why, without anybody's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from foldline.insight.decisions import DecisionLine, last_decisions
from foldline.site.desk.pages import page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.newsroom.models import Article

SHOWN = 200


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """A decision with the article that it is about; that may be gone."""

    line: DecisionLine
    at: datetime
    headline: str
    path: str


@staff_page(Power.SEE_DECISIONS)
@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    """The last 200 decisions, the newest first."""
    lines = last_decisions(settings.FOLDLINE.home.events, SHOWN)
    articles = Article.objects.in_bulk({line.article for line in lines})
    shown = []
    for line in lines:
        article = articles.get(line.article)
        headline = article.headline if article is not None else f"article {line.article}, which is no longer there"
        path = article.path if article is not None else ""
        shown.append(ShownDecision(line, datetime.fromtimestamp(line.at, UTC), headline, path))
    return page(request, "decisions", "The last decisions", {"decisions": shown, "most": SHOWN})
