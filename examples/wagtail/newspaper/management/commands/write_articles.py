"""Write the articles of `articles.toml` into the site."""

import tomllib

from django.conf import settings
from django.core.management.base import BaseCommand
from wagtail.models import Page, Site

from newspaper.models import ArticlePage, FrontPage


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args, **options):
        text = (settings.BASE_DIR.parent / "articles.toml").read_text(encoding="utf-8")
        front = FrontPage.objects.first()
        if front is None:
            front = Page.get_first_root_node().add_child(instance=FrontPage(title="The Example", slug="the-example"))
            Site.objects.update_or_create(
                is_default_site=True, defaults={"hostname": "127.0.0.1", "port": 8080, "root_page": front}
            )
        for article in tomllib.loads(text)["article"]:
            fields = {
                "title": article["headline"],
                "standfirst": article["standfirst"],
                "access": article["access"],
                "preview": "".join(f"<p>{paragraph}</p>" for paragraph in article["preview"]),
                "rest": "".join(f"<p>{paragraph}</p>" for paragraph in article["rest"]),
            }
            page = ArticlePage.objects.filter(slug=article["slug"]).first()
            if page is None:
                page = front.add_child(instance=ArticlePage(slug=article["slug"], **fields))
            for name, value in fields.items():
                setattr(page, name, value)
            page.save_revision().publish()
        self.stdout.write(f"{ArticlePage.objects.count()} articles are published.")
