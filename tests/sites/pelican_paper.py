"""A static site as Pelican writes it: articles, pages, archives, categories, tags, authors, feeds of whole texts."""

from __future__ import annotations

import contextlib
import mimetypes
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.sites.articles import Article, articles
from tests.sites.site import Site, locked, served

THEMES = ("simple", "notmyidea", "paywall")
OWN_THEME = Path(__file__).parent / "pelican_theme"
SETTINGS = """
SITENAME = "The Harrow Gazette"
SITEURL = {url!r}
TIMEZONE = "Europe/Paris"
DEFAULT_LANG = "en"
PATH = "content"
OUTPUT_PATH = "output"
CACHE_PATH = "cache"
THEME = {theme!r}
STATIC_PATHS = ["extra"]
EXTRA_PATH_METADATA = {{"extra/robots.txt": {{"path": "robots.txt"}}}}
DELETE_OUTPUT_DIRECTORY = True
DEFAULT_PAGINATION = 5
DIRECT_TEMPLATES = {templates!r}
SITEMAP_SAVE_AS = "sitemap.xml"
FEED_DOMAIN = SITEURL
FEED_ALL_ATOM = "feeds/all.atom.xml"
FEED_ALL_RSS = "feeds/all.rss.xml"
CATEGORY_FEED_ATOM = "feeds/{{slug}}.atom.xml"
TAG_FEED_RSS = "feeds/tag/{{slug}}.rss.xml"
AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = TRANSLATION_FEED_ATOM = None
RSS_FEED_SUMMARY_ONLY = False
"""


class PelicanSite(Site):
    """`output` holds the files that Pelican wrote, for a server of one's own."""

    def __init__(
        self, folder: Path, made: Iterable[Article], theme: str, marker: str, url: str, address: str = ""
    ) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.theme = theme
        self.marker = marker
        self.url = url
        self.address = address or url
        self.articles = list(made)
        for name in ("pages", "extra"):
            (folder / "content" / name).mkdir(parents=True)
        (folder / "content" / "pages" / "about.md").write_text("Title: About\n\nWe print on Thursdays.\n", "utf-8")
        (folder / "content" / "extra" / "robots.txt").write_text("User-agent: *\nDisallow: /drafts/\n", "utf-8")
        for article in self.articles:
            self._source(article).write_text(self._markdown(article), encoding="utf-8")

    def path_of(self, article: Article) -> str:
        return f"/{article.slug}.html"

    def change(self, article: Article) -> None:
        self.articles = sorted(
            [one for one in self.articles if one.number != article.number] + [article], key=lambda one: one.number
        )
        self._source(article).write_text(self._markdown(article), encoding="utf-8")
        self.write()

    def unpublish(self, article: Article) -> None:
        self.articles = [one for one in self.articles if one.number != article.number]
        self._source(article).unlink()
        self.write()

    def write(self) -> None:
        """Let Pelican write all files anew."""
        own = self.theme == "paywall"
        templates = ["index", "tags", "categories", "authors", "archives", *(["sitemap"] if own else [])]
        theme = str(OWN_THEME) if own else self.theme
        settings = SETTINGS.format(url=self.address, theme=theme, templates=templates)
        (self.folder / "pelicanconf.py").write_text(settings, encoding="utf-8")
        # In a process of its own: it changes what is logged, and warns of things that are not ours.
        done = subprocess.run(
            [sys.executable, "-m", "pelican", "--settings", "pelicanconf.py", "--fatal", "errors", "--quiet"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"Pelican wrote nothing: {done.stdout}{done.stderr}")

    def _source(self, article: Article) -> Path:
        return self.folder / "content" / f"{article.slug}.md"

    def _markdown(self, article: Article) -> str:
        facts = {
            "Title": article.headline,
            "Date": article.published.strftime("%Y-%m-%d %H:%M"),
            "Category": article.section,
            "Tags": ", ".join(article.tags),
            "Authors": article.author,
            "Slug": article.slug,
            "Summary": article.standfirst,
        }
        head = "".join(f"{name}: {value}\n" for name, value in facts.items())
        first, rest = ("\n\n".join(one.text for one in part) for part in (article.preview, article.rest))
        if self.theme == "paywall":
            rest = f'<div class="members-only" markdown="1">\n\n{rest}\n\n</div>'
        return f"{head}\n{first}\n\n{self.marker}\n\n{rest}\n"


@contextlib.contextmanager
def pelican_site(
    folder: Path,
    *,
    variant: str = "a",
    theme: str = "simple",
    marker: str = "",
    count: int = 8,
    secret: str = "",
    address: str = "",
) -> Iterator[PelicanSite]:
    """A site in an empty or new folder, served by a plain server of files.

    `theme` is one of `THEMES`: two of Pelican's own, and one of ours with JSON-LD that names the closed part, and with
    a sitemap. `marker` stands at the fold of every article, as `<!-- fold -->`. `address` is what readers type, where
    that is not the server's own.
    """
    output = folder / "output"
    with served(locked(_files(output), secret)) as port:
        site = PelicanSite(folder, articles(variant, count), theme, marker, f"http://127.0.0.1:{port}", address)
        site.write()
        yield site
    shutil.rmtree(folder, ignore_errors=True)


def _files(folder: Path) -> Callable[..., Iterable[bytes]]:
    """As a plain web server sends a folder: types by name, dates and lengths as validators, 304."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        asked = (folder / environ["PATH_INFO"].lstrip("/")).resolve()
        asked = asked / "index.html" if asked.is_dir() else asked
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or folder.resolve() not in asked.parents:
            start("405 Method Not Allowed", [("Content-Length", "0")])
            return [b""]
        try:
            body = asked.read_bytes()
            stamp = asked.stat().st_mtime_ns
        except OSError:
            start("404 Not Found", [("Content-Type", "text/html"), ("Content-Length", "13")])
            return [b"<p>Not here\n\n"]
        kind = mimetypes.guess_type(asked.name)[0] or "application/octet-stream"
        etag = f'"{stamp:x}-{len(body):x}"'
        if environ.get("HTTP_IF_NONE_MATCH") == etag:
            start("304 Not Modified", [("ETag", etag)])
            return [b""]
        start("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body))), ("ETag", etag)])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    return answer
