"""Sites made by real software, each behind a real gate; and what is asked of them, route by route of their map."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.sites.articles import articles
from tests.sites.flask_paper.site import flask_site
from tests.sites.pelican_paper import pelican_site
from tests.sites.site import Site
from tests.sites.wagtail_paper.site import wagtail_site
from tests.sites.wordpress_paper.site import wordpress_site

from foldline.config import Settings
from foldline.proof.asks import Ask, Client
from foldline.proof.shingles import Witness
from foldline.proof.twins import Twins
from foldline.sources.origin.surface_file import read_map
from foldline.sources.origin.surfaces import SurfaceMap
from foldline.stores.mode import Mode
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, home_at, in_mode
from foldline.testing.client import WireClient
from foldline.testing.gifts import write_gifts
from foldline.testing.processes import GateProcess

SECRET = "the gate is known to its origin by this"
ADDRESS = f"https://{HOST}"
STANDS_AT = "2026-04-01T06:00:00+00:00"
#: Files of both twins were written at the same moment: it is in their validators.
WRITTEN_AT = 1_775_000_000
RULES = 'default-access = "subscribers"\n'
ROOT = Path(__file__).parents[2]
COUNT = 4

MAPS = {
    "wordpress": 'profile = "wordpress"\n',
    "pelican": """
profile = "static"

[[route]]
name = "pages"
kind = "passed"
paths = ["/pages/**"]
""",
    "wagtail": """
profile = "wagtail"

[[route]]
name = "list of news"
kind = "passed"
paths = ["/news/"]
query = "none"
""",
    "flask": """
profile = "static"

[[route]]
name = "news"
kind = "article"
paths = ["/news/{slug}"]

[[route]]
name = "sections"
kind = "passed"
paths = ["/section/{slug}", "/about"]
query = "none"

[[route]]
name = "front with its pages"
kind = "passed"
paths = ["/"]
query = ["page"]
""",
}
#: What is asked, by site: the first path of a route is the one that is asked in most ways.
PATHS: dict[str, tuple[str, ...]] = {
    "pelican": (
        "/the-ladder.html", "/low-water.html", "/feeds/all.atom.xml", "/feeds/all.rss.xml", "/feeds/town.atom.xml",
        "/feeds/tag/water.rss.xml", "/", "/index.html", "/archives.html", "/tags.html", "/categories.html",
        "/authors.html", "/tag/water.html", "/category/town.html", "/author/ada-quill.html", "/sitemap.xml",
        "/robots.txt", "/pages/about.html", "/theme/site.css", "/search/?x=ledger", "/the-ladder.html?q=ledger",
        "/the-ladder/amp/", "/the-ladder.html?amp=1", "/the-ladder/print/", "/the-ladder.pdf",
        "/drafts/the-ladder.html", "/the-ladder/embed/",
        "/.well-known/nothing", "/.well-known/security.txt", "/the-ladder.json", "/data.xml",
        "/the-ladder.md", "/content/the-ladder.md", "/_sources/the-ladder.rst", "/the-ladder.html~", "/.git/HEAD",
        "/town/index.html", "/the-ladder", "/the-ladder.php", "/nothing-here.html", "/nothing/here/at/all",
        "/feeds/none.atom.xml",
    ),
    "wagtail": (
        "/news/the-ladder/", "/news/low-water/", "/feed/", "/api/v2/pages/", "/api/v2/pages/5/",
        "/api/v2/pages/?type=news.NewsArticle&order=-title&limit=2", "/api/v2/pages/?fields=*",
        "/api/v2/pages/?search=dredger", "/api/v2/pages/?order=body", "/api/v2/pages/find/?html_path=/news/the-ladder/",
        "/api/v2/documents/", "/", "/news/", "/sitemap.xml", "/robots.txt", "/admin/",
        "/_util/authenticate_with_password/1/2/",
        "/?format=json", "/news/the-ladder/preview/", "/news/the-ladder/?preview=1", "/search/?query=dredger",
        "/news/the-ladder/?q=dredger", "/news/the-ladder/amp/", "/news/the-ladder/?amp=1", "/news/the-ladder/print/",
        "/news/the-ladder/?print=1", "/news/the-ladder/embed/", "/__debug__/", "/.well-known/nothing", "/news/x.bak",
        "/news/the-ladder.json", "/media/none.jpg", "/documents/4/minutes.pdf", "/static/wagtailadmin/css/core.css",
        "/tags/water/", "/news/the-ladder", "/news/none/", "/news/the-ladder/x.css", "/review/1/x/",
    ),
    "flask": (
        "/news/the-ladder", "/news/low-water", "/feed.xml", "/", "/?page=2", "/section/town", "/about", "/sitemap.xml",
        "/robots.txt", "/news/the-ladder/print", "/search?q=dredger", "/search?x=dredger", "/api/articles/the-ladder",
        "/api/articles", "/news/the-ladder/x/", "/news/none", "/news/the-ladder/x.css", "/nothing.json",
    ),
}  # fmt: skip
WORDPRESS = (
    "/2026/03/the-ladder/", "/2026/03/low-water/", "/feed/", "/feed/atom/", "/category/town/feed/", "/?feed=rss2",
    "/wp-json/wp/v2/posts", "/wp-json/wp/v2/posts?per_page=2&order=asc", "/wp-json/wp/v2/pages",
    "/?rest_route=/wp/v2/posts", "/?rest_route=/wp/v2/users", "/a/?rest_route=/wp/v2/posts", "/wp-json/wp/v2/users",
    "/wp-json/wp/v2/posts?context=edit", "/wp-json/wp/v2/posts?search=dredger", "/?s=dredger", "/search/dredger/",
    "/", "/category/town/", "/2026/03/", "/about/", "/wp-sitemap.xml", "/robots.txt", "/wp-login.php", "/wp-admin/",
    "/wp-admin/admin-ajax.php", "/wp-comments-post.php", "/wp-cron.php", "/graphql", "/xmlrpc.php",
    "/?feed=rss2&withcomments=1", "/2026/03/the-ladder/feed/", "/2026/03/the-ladder/?feed=rss2", "/comments/feed/",
    "/2026/03/the-ladder/embed/", "/?embed=1", "/2026/03/the-ladder/amp/", "/2026/03/the-ladder/?amp=1",
    "/2026/03/the-ladder/print/", "/2026/03/the-ladder/?print=1", "/?preview=true", "/wp-trackback.php", "/?tb=1",
    "/?p=4", "/?page_id=2", "/.well-known/nothing", "/wp-config.php", "/wp-content/uploads/none.jpg",
    "/wp-includes/css/dashicons.min.css", "/wp-content/plugins/none/full.php", "/wp-content/none", "/data.json",
    "/2026/03/the-ladder/comment-page-1/", "/the-ladder", "/2026/03/none/", "/index.php/wp-json/wp/v2/posts",
)  # fmt: skip
if os.environ.get("FOLDLINE_WORDPRESS") == "1":
    # PHP and MariaDB are tried apart: make wordpress.
    PATHS["wordpress"] = WORDPRESS
PATHS["flask"] = tuple(dict.fromkeys((*PATHS["flask"], *PATHS["pelican"])))


@dataclass
class Gated:
    """One site behind its gate. `at_origin` asks the site as the gate would, around the gate."""

    site: Site
    gate: GateProcess
    at_origin: WireClient
    settings: Settings


@dataclass
class Pair:
    """Two sites of one kind that differ below every fold."""

    name: str
    one: Gated
    other: Gated
    map: SurfaceMap
    twins: Twins

    @property
    def asks(self) -> list[Ask]:
        return [ask_of(path) for path in PATHS[self.name]]


def ask_of(path: str) -> Ask:
    before, _, query = path.encode().partition(b"?")
    return Ask(before, query=query, label=path)


def map_of(name: str) -> SurfaceMap:
    return read_map(MAPS[name], "surfaces.toml")


@contextmanager
def sites_of(name: str, folder: Path, database: Path) -> Iterator[tuple[Site, Site]]:
    """Two sites, of the variants "a" and "b"."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        both = [_site(name, folder / f"site-{variant}", variant, database) for variant in ("a", "b")]
        one, other = pool.map(stack.enter_context, both)
        for file in folder.rglob("*") if name == "pelican" else ():
            os.utime(file, (WRITTEN_AT, WRITTEN_AT))
        yield one, other


def _site(name: str, folder: Path, variant: str, database: Path) -> AbstractContextManager[Site]:
    if name == "pelican":
        return pelican_site(folder, variant=variant, theme="paywall", count=COUNT, secret=SECRET, address=ADDRESS)
    if name == "wordpress":
        return wordpress_site(folder, variant=variant, style="more", count=COUNT, secret=SECRET, address=ADDRESS)
    if name == "flask":
        return flask_site(variant=variant, style="selector", count=COUNT, secret=SECRET)
    return wagtail_site(
        folder, database, variant=variant, style="marker", count=COUNT, secret=SECRET, address=ADDRESS,
        stands_at=STANDS_AT,
    )  # fmt: skip


@contextmanager
def gated(name: str, site: Site, folder: Path, program: Sequence[str]) -> Iterator[Gated]:
    settings = home_at(folder)
    text = settings.home.settings_file.read_text(encoding="utf-8")
    settings.home.settings_file.write_text(f'{text}\n[origin]\nurl = "{site.url}"\n', encoding="utf-8")
    (folder / "surfaces.toml").write_text(MAPS[name], encoding="utf-8")
    with RuleSetStore(settings.home) as sets:
        sets.publish(RULES, "ada", "", 1_770_000_000)
    in_mode(settings.home, Mode.GATE, 1_770_000_000)
    write_gifts(settings.home, 1_770_000_000)
    environ = {"FOLDLINE_ORIGIN_SECRET": SECRET, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
    port = int(site.url.rpartition(":")[2])
    with GateProcess(settings.home, HOST, program=program, environ=environ) as gate:
        yield Gated(site, gate, WireClient(("127.0.0.1", port), HOST.encode()), settings)


@contextmanager
def pair_of(
    name: str, sites: tuple[Site, Site], folder: Path, program: Sequence[str] = ("-m", "foldline.server.worker")
) -> Iterator[Pair]:
    with (
        gated(name, sites[0], folder / "one", program) as one,
        gated(name, sites[1], folder / "other", program) as other,
    ):
        yield Pair(name, one, other, map_of(name), Twins(_asking(one), _asking(other), witness()))


def _asking(gated: Gated) -> Client:
    return lambda *asked: joined(gated.gate.client.ask(*asked))


def joined(answer: Answer) -> Answer:
    """The answer without its chunks: how a body is cut into them is of one hop, and of chance (RFC 9112, 7.1)."""
    body = answer.body
    if answer.header(b"transfer-encoding") != b"chunked" or not body:
        return answer
    pieces = []
    while body:
        size, _, body = body.partition(b"\r\n")
        pieces.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return replace(answer, body=b"".join(pieces))


def witness() -> Witness:
    """Knows what stands below the folds of the first of two sites."""
    return Witness(["\n".join(each.text for each in one.rest) for one in articles("a", COUNT)])
