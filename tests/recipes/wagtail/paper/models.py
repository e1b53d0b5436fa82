"""An article whose model and template are made as the recipe says."""

from __future__ import annotations

from foldline_gate import FoldBlock, FoldlinePage
from wagtail.blocks import RichTextBlock
from wagtail.fields import StreamField
from wagtail.models import Page


class Section(Page):
    template = "paper/article_page.html"


class ArticlePage(FoldlinePage, Page):
    body = StreamField([("text", RichTextBlock()), ("fold", FoldBlock())])
    settings_panels = Page.settings_panels + FoldlinePage.foldline_panels
