"""What runs in the process of the Wagtail newspaper: `migrate` makes the database, `serve` answers and takes orders.

Orders come as lines of JSON on the standard input, `{"publish": {…}}` or `{"unpublish": "slug"}`, each answered with a
line on the standard output. It ends with its input.
"""

# ruff: noqa: E402 - Django must be set up before models are imported
from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.sites.wagtail_paper.settings"

import django

django.setup()

from django.contrib.auth import get_user_model
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.utils import crypto, timezone
from tests.sites.site import locked, served
from tests.sites.wagtail_paper.news.models import BlogIndex, NewsArticle
from wagtail.models import Page, Site


def migrate() -> None:
    """All tables, a front page, a list of news, and an editor named *editor* with that word as password."""
    call_command("migrate", verbosity=0)
    root = Page.objects.get(depth=1)
    for page in root.get_children():
        page.delete()
    root = Page.objects.get(depth=1)
    front = root.add_child(instance=BlogIndex(title="The Winterhaven Signal", slug="front"))
    front.add_child(instance=BlogIndex(title="News", slug="news"))
    Site.objects.all().delete()
    Site.objects.create(hostname="localhost", port=80, root_page=front, is_default_site=True)
    get_user_model().objects.create_superuser("editor", "editor@paper.example", "editor")


def publish(facts: dict[str, Any]) -> None:
    """Make or change the article of this slug. What is shown is its newest revision."""
    body = [("raw", one[1:]) if one.startswith("!") else ("paragraph", f"<p>{one}</p>") for one in facts["body"]]
    stream = [{"type": kind, "value": value} for kind, value in body]
    fields = {name: facts[name] for name in ("title", "standfirst", "section", "author")}
    fields |= {"published": datetime.fromisoformat(facts["published"]), "body": json.dumps(stream)}
    page = NewsArticle.objects.filter(slug=facts["slug"]).first()
    if page is None:
        news = BlogIndex.objects.get(slug="news")
        page = news.add_child(instance=NewsArticle(slug=facts["slug"], **fields))
    for name, value in fields.items():
        setattr(page, name, value)
    page.save_revision().publish()


def unpublish(slug: str) -> None:
    """Its address answers 404 from now on."""
    NewsArticle.objects.get(slug=slug).unpublish()


def stand_still(moment: str) -> None:
    """Let the clock stand, and let chance be the same in every process."""
    now = datetime.fromisoformat(moment)
    timezone.now = lambda: now
    crypto.secrets = Random(7)


def serve(secret: str) -> None:
    """Answer until the input ends."""
    if os.environ.get("WAGTAIL_PAPER_CLOCK"):
        stand_still(os.environ["WAGTAIL_PAPER_CLOCK"])
    app = StaticFilesHandler(get_wsgi_application())
    with served(locked(app, secret)) as port:
        said = urlsplit(os.environ.get("WAGTAIL_PAPER_ADDRESS") or f"http://127.0.0.1:{port}")
        Site.objects.update(hostname=said.hostname, port=said.port or (443 if said.scheme == "https" else 80))
        print(port, flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            if "publish" in order:
                publish(order["publish"])
            else:
                unpublish(order["unpublish"])
            print("done", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "migrate":
        migrate()
    else:
        serve(os.environ.get("WAGTAIL_PAPER_SECRET", ""))
