"""What can be given: an article as the gate has it, the newsroom's own or one of a site behind the gate."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from django.conf import settings

from foldline.pages.record import PublicPage
from foldline.policy.facts import Article
from foldline.site.newsroom.models import Article as NewsroomArticle
from foldline.stores.records import PublicStore


@dataclass(frozen=True, slots=True)
class Subject:
    """An article that stands on the site now, and what people call it."""

    article: Article
    path: str
    headline: str


def at_path(path: str) -> Subject | None:
    """The article at exactly this path; None where none stands there. Raises StoreUnavailable."""
    with closing(PublicStore(settings.FOLDLINE.home)) as store:
        return _at(path, store)


def numbered(number: int) -> Subject | None:
    """The article of this number; None where it is not on the site. Raises StoreUnavailable."""
    with closing(PublicStore(settings.FOLDLINE.home)) as store:
        path = store.path_of(number)
        return None if path is None else _at(path, store)


def _at(path: str, store: PublicStore) -> Subject | None:
    record = store.find(path)
    if not isinstance(record, PublicPage):
        return None
    headline = store.headline(path)
    if not headline:
        ours = NewsroomArticle.objects.filter(pk=record.article.id).only("headline").first()
        headline = ours.headline if ours is not None else path
    return Subject(record.article, path, headline)
