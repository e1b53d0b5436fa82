"""A Wagtail site of one article in a process of its own, with the file that `foldline recipe wagtail` prints.

The argument is where the gate listens (host:port). It does what standard input says, a list in JSON on each line, and
answers each line with one of JSON.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

import django
from django.conf import settings

APPS = (
    *("wagtail.users", "wagtail.admin", "wagtail.images", "wagtail.documents", "wagtail.search", "wagtail"),
    *("modelcluster", "taggit", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
    *("django.contrib.messages", "django.contrib.staticfiles", "paper"),
)
#: Tables are made as the models are now: nothing of the past is needed here.
LABELS = (
    *("wagtailusers", "wagtailadmin", "wagtailimages", "wagtaildocs", "wagtailsearch", "wagtailcore", "taggit"),
    *("auth", "contenttypes", "sessions", "paper"),
)
settings.configure(
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=APPS,
    MIGRATION_MODULES=dict.fromkeys(LABELS),
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path.cwd() / "db")}},
    MIDDLEWARE=["foldline_gate.OnlyTheGate"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    ROOT_URLCONF="paper.urls",
    STATIC_URL="/static/",
    WAGTAIL_SITE_NAME="The Twin",
    WAGTAILADMIN_BASE_URL="https://twin.example",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    FOLDLINE_CHANGED=f"http://{sys.argv[1]}/-/changed",
)
django.setup()

from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from foldline_gate import OnlyTheGate  # noqa: E402
from paper.models import ArticlePage, Section  # noqa: E402
from wagtail.models import Locale, Page, Site  # noqa: E402

honest = urllib.request.Request


def at_the_public_address(url: str, body: bytes, headers: dict[str, str], method: str) -> urllib.request.Request:
    """The gate is told under its own host, as it would be at its public address."""
    return honest(url, body, {**headers, "Host": "twin.example"}, method=method)


urllib.request.Request = at_the_public_address  # type: ignore[assignment,misc]


def make() -> Any:
    call_command("migrate", run_syncdb=True, verbosity=0)
    Locale.objects.create(language_code="en")
    root = Page.add_root(title="root", slug="root")
    home = root.add_child(instance=Section(title="home", slug="home"))
    Site.objects.create(hostname="twin.example", root_page=home, is_default_site=True)
    section = home.add_child(instance=Section(title="News", slug="news"))
    text = ("text", "<p>Every river keeps two diaries, and nobody reads either.</p>")
    body = [text, ("fold", None), ("text", "<p>Sealed it is.</p>")]
    page = ArticlePage(title="A bridge", slug="a-bridge", live=False, foldline_access="registered", body=body)
    section.add_child(instance=page)
    return page.pk


def do(word: str, *given: str) -> Any:
    if word == "make":
        return make()
    if word == "show":
        path, *secret = given
        said = {"HTTP_X_FOLDLINE_SECRET": secret[0]} if secret else {}
        answer = Client().get(path, HTTP_HOST="twin.example", **said)
        return [answer.status_code, answer.content.decode()]
    if word == "start with":
        try:
            with override_settings(FOLDLINE_ORIGIN_SECRET=given[0]):
                OnlyTheGate(lambda request: HttpResponse("open"))
        except ImproperlyConfigured as error:
            return str(error)
        return "started"
    page = ArticlePage.objects.get()
    if word == "publish":
        page.save_revision().publish()
    elif word == "unpublish":
        page.unpublish()
    elif word == "delete":
        page.delete()
    elif word == "move":
        page.move(Section.objects.get(slug="home"), "first-child")
    return word


for line in sys.stdin:
    print(json.dumps(do(*json.loads(line))), flush=True)
