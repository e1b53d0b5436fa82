"""The articles that staff choose from: the newsroom's own, and those of a site behind the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest

from foldline.site.desk.looking import Eye
from foldline.site.newsroom.models import Article

LONGEST_PATH = 2000


@dataclass(frozen=True, slots=True)
class Choice:
    """One article: what it is called, its level in words ("" where the rules give it), its path, and what names it in
    the address of a page. `state` is where it stands in the newsroom, "" where it is none of the newsroom's."""

    headline: str
    access: str
    path: str
    key: str
    state: str = ""


def choices(eye: Eye, query: str, most: int) -> list[Choice]:
    """So many articles that a headline, a path or a whole address names, the newest first; all for "".

    Of a site behind the gate they are those that somebody has asked for; an address that nobody asked for yet is one
    all the same, and whoever looks at it asks.

    Raises:
        StoreUnavailable: the records can't be read.
    """
    path = path_in(query)
    if not eye.of_a_site:
        return [_of(article) for article in _matching(query, path)[:most]]
    found = [_at(*one) for one in eye.articles((path or query).strip(), most)]
    return found or ([_at(path)] if path else [])


def chosen(request: HttpRequest) -> Choice | None:
    """The article that the address of a page names; None where it names none.

    Raises:
        Http404: there is none of this number, or this is no path.
    """
    number, path = request.GET.get("article", ""), request.GET.get("path", "")
    if number:
        article = by_number(Article, number)
        if article is None:
            raise Http404
        return _of(article)
    if not path:
        return None
    if not path.startswith("/") or len(path) > LONGEST_PATH:
        raise Http404
    return _at(path)


def by_number(model: Any, number: str) -> Any:
    """The row of a number as an address of a page has it; None where there is none."""
    return model.objects.filter(pk=int(number)).first() if number.isascii() and number.isdecimal() else None


def path_in(query: str) -> str:
    """The path of an address, as people paste them; "" for what is none."""
    if "://" not in query and not query.startswith("/"):
        return ""
    try:
        return urlsplit(query).path or "/"
    except ValueError:
        return ""


def _of(article: Article) -> Choice:
    return Choice(
        article.headline, article.access, article.path, urlencode({"article": article.pk}), article.state.value
    )


def _at(path: str, headline: str = "") -> Choice:
    return Choice(headline or path, "", path, urlencode({"path": path}))


def _matching(query: str, path: str) -> QuerySet[Article]:
    articles = Article.objects.filter(published_at__isnull=False, withdrawn_at__isnull=True)
    if query:
        slug = (path or query).strip("/").partition("?")[0]
        articles = articles.filter(Q(headline__icontains=query) | Q(slug__icontains=slug))
    return articles
