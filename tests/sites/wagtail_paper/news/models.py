"""A list of articles, and an article whose text is a StreamField."""

from __future__ import annotations

from django.db import models
from django.http import HttpRequest
from wagtail import blocks
from wagtail.admin.panels import FieldPanel
from wagtail.api import APIField
from wagtail.fields import StreamField
from wagtail.models import Page
from wagtail.search import index


class BlogIndex(Page):
    """The list, newest first."""

    def get_context(self, request: HttpRequest, *args: object, **kwargs: object) -> dict[str, object]:
        context: dict[str, object] = super().get_context(request, *args, **kwargs)
        context["articles"] = NewsArticle.objects.live().descendant_of(self).order_by("-published")
        return context


class NewsArticle(Page):
    """An article. Its text is in the search index and in the API, as tutorials show it."""

    standfirst = models.CharField(max_length=250)
    section = models.CharField(max_length=80)
    author = models.CharField(max_length=80)
    published = models.DateTimeField()
    body = StreamField(
        [
            ("heading", blocks.CharBlock()),
            ("paragraph", blocks.RichTextBlock()),
            ("raw", blocks.RawHTMLBlock()),
        ]
    )
    content_panels = [*Page.content_panels, *map(FieldPanel, ("standfirst", "section", "author", "published", "body"))]
    search_fields = [*Page.search_fields, index.SearchField("standfirst"), index.SearchField("body")]
    api_fields = [APIField("standfirst"), APIField("section"), APIField("published"), APIField("body")]
