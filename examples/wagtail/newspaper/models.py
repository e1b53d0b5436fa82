"""A front page and articles. The access level is a field that editors set."""

import json

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField
from wagtail.models import Page

LEVELS = [(level, level) for level in ("free", "registered", "metered", "subscribers")]


class FrontPage(Page):
    max_count = 1
    subpage_types = ["newspaper.ArticlePage"]

    def get_context(self, request, *args, **kwargs):
        articles = ArticlePage.objects.child_of(self).live().order_by("path")
        return super().get_context(request, *args, **kwargs) | {"articles": articles}

    def serve(self, request, *args, **kwargs):
        answer = super().serve(request, *args, **kwargs)
        answer.set_cookie("visited", "yes")
        return answer


class ArticlePage(Page):
    parent_page_types = ["newspaper.FrontPage"]
    subpage_types = []

    standfirst = models.CharField(max_length=200)
    access = models.CharField(max_length=20, choices=LEVELS, default="metered")
    preview = RichTextField()
    rest = RichTextField(blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("standfirst"),
        FieldPanel("access"),
        FieldPanel("preview"),
        FieldPanel("rest"),
    ]

    @property
    def facts(self):
        facts = {"@context": "https://schema.org", "@type": "NewsArticle", "headline": self.title}
        facts["isAccessibleForFree"] = self.access == "free"
        if self.access != "free":
            facts["hasPart"] = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".rest"}
        return json.dumps(facts).replace("<", "\\u003c")

    def serve(self, request, *args, **kwargs):
        answer = super().serve(request, *args, **kwargs)
        answer.set_cookie("last", self.slug)
        return answer
