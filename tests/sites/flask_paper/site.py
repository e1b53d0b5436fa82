"""Runs the Flask newspaper in a thread of the test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.sites.articles import Article, articles
from tests.sites.flask_paper.app import app_of
from tests.sites.site import Site, locked, served

STYLES = ("plain", "marker", "selector")


class FlaskSite(Site):
    """Articles are in memory, and the next request shows a change."""

    def __init__(self, variant: str, count: int) -> None:
        self.articles = list(articles(variant, count))

    def path_of(self, article: Article) -> str:
        return f"/news/{article.slug}"

    def change(self, article: Article) -> None:
        self.articles = sorted(
            [one for one in self.articles if one.number != article.number] + [article], key=lambda one: one.number
        )

    def unpublish(self, article: Article) -> None:
        self.articles = [one for one in self.articles if one.number != article.number]


@contextlib.contextmanager
def flask_site(*, variant: str = "a", style: str = "plain", count: int = 20, secret: str = "") -> Iterator[FlaskSite]:
    """The newspaper on a free port. `style` is one of `STYLES`: how its pages show where their fold is."""
    site = FlaskSite(variant, count)
    with served(locked(app_of(lambda: site.articles, style), secret)) as port:
        site.url = f"http://127.0.0.1:{port}"
        yield site
