"""What every request to an origin is, whatever way its path is spelt and whatever the origin makes of that."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from tests.sources.origin.spellings import LENIENT, of_article, spelt, strict

from foldline.sources.origin import surfaces
from foldline.sources.origin.surface_file import PROFILES, profile, read_map
from foldline.sources.origin.surfaces import READS, SPELLING, Kind, Surface, SurfaceMap, asked_keys, kept_query

WORDPRESS, WAGTAIL, STATIC = (profile(name) for name in ("wordpress", "wagtail", "static"))
ARTICLE = {"wordpress": b"/2026/07/12/a-bridge/", "wagtail": b"/news/a-bridge/", "static": b"/news/a-bridge.html"}


def get(found: SurfaceMap, target: bytes, method: str = "GET") -> Surface:
    path, _, query = target.partition(b"?")
    return found.surface_of(method, path, query)


def verdict(found: SurfaceMap, target: bytes) -> tuple[str, str]:
    surface = get(found, target)
    return surface.kind.value, surface.route


WORDPRESS_SURFACES = {
    b"/wp-json/wp/v2/posts/7": ("rewritten", "rest of articles"),
    b"/wp-json/wp/v2/pages?per_page=50&page=2": ("rewritten", "rest of articles"),
    b"/wp-json/wp/v2/posts?orderby=relevance": ("closed", "rest of articles"),
    b"/wp-json/wp/v2/posts?search=ledger": ("closed", "search by query"),
    b"/wp-json/wp/v2/posts/7?context=edit": ("closed", "rest for editors"),
    b"/wp-json/wp/v2/posts/7/revisions": ("closed", "rest"),
    b"/wp-json/wp/v2/users": ("closed", "rest"),
    b"/wp-json/wp/v2/search?search=ledger": ("closed", "search by query"),
    b"/wp-json/wp/v2/block-renderer/core/latest-posts": ("closed", "rest"),
    b"/wp-json/oembed/1.0/embed?url=x": ("closed", "rest"),
    b"/index.php/wp-json/wp/v2/posts": ("closed", "rest"),
    b"/?rest_route=/wp/v2/posts": ("rewritten", "rest of articles by query"),
    b"/?rest_route=%2Fwp%2Fv2%2Fpages%2F7": ("rewritten", "rest of articles by query"),
    b"/?rest_route=/wp/v2/users": ("closed", "rest of articles by query"),
    b"/?rest_route=/wp/v2/posts/7/revisions": ("closed", "rest of articles by query"),
    b"/?rest%5Froute=/wp/v2/posts": ("closed", "rest of articles by query"),
    b"/?+rest.route[]=/wp/v2/posts": ("closed", "rest of articles by query"),
    b"/?x=1;rest_route=/wp/v2/posts": ("closed", "rest of articles by query"),
    b"/a-bridge/?rest_route=/wp/v2/posts": ("closed", "rest by query"),
    b"/feed/": ("rewritten", "feed"),
    b"/category/news/feed/atom/": ("rewritten", "feed"),
    b"/2026/07/12/a-bridge/feed/": ("closed", "other feeds"),
    b"/a-bridge/feed/": ("closed", "other feeds"),
    b"/comments/feed/": ("closed", "other feeds"),
    b"/search/bridge/feed/rss2/": ("closed", "other feeds"),
    b"/?feed=rss2": ("rewritten", "feed by query"),
    b"/?feed=comments-rss2": ("closed", "feed by query"),
    b"/?feed=rss2&withcomments=1": ("closed", "feed of comments by query"),
    b"/?s=bridge&feed=rss2": ("closed", "search by query"),
    b"/a-bridge/?feed=rss2": ("closed", "other feeds by query"),
    b"/a-bridge/amp/": ("closed", "amp"),
    b"/a-bridge/?amp=1": ("closed", "amp by query"),
    b"/a-bridge/print/": ("closed", "print"),
    b"/a-bridge/?print=1": ("closed", "print by query"),
    b"/?s=bridge": ("closed", "search by query"),
    b"/search/bridge/": ("closed", "search"),
    b"/?p=7": ("files", "shortlink"),
    b"/?page_id=7": ("files", "shortlink"),
    b"/?p=7&preview=true": ("closed", "preview"),
    b"/a-bridge/embed/": ("closed", "oembed"),
    b"/?oembed=true": ("closed", "oembed by query"),
    b"/graphql?query={posts{content}}": ("closed", "graphql"),
    b"/index.php/graphql": ("closed", "graphql"),
    b"/xmlrpc.php": ("closed", "xmlrpc"),
    b"/wp-trackback.php?tb_id=7": ("closed", "trackback"),
    b"/wp-admin/": ("passed", "admin"),
    b"/wp-login.php?action=lostpassword": ("passed", "login"),
    b"/wp-admin/admin-ajax.php?action=load_more": ("closed", "ajax"),
    b"/wp-content/uploads/2026/07/river.jpg": ("files", "media"),
    b"/wp-content/plugins/reader/full.php?id=7": ("closed", "scripts"),
    b"/wp-content/plugins/reader/reader.js?ver=1": ("files", "assets"),
    b"/wp-content/cache/a-bridge/index.html": ("closed", "left behind"),
    b"/wp-sitemap-posts-post-1.xml": ("passed", "robots and sitemaps"),
    b"/": ("passed", "front"),
    b"/category/news/page/2/": ("passed", "archive"),
    b"/2026/07/": ("passed", "archive"),
    b"/2026/07/12/a-bridge/": ("article", "article"),
    b"/archives/17": ("article", "article"),
    b"/a-bridge/": ("article", "article"),
    b"/a-bridge/2/": ("article", "article"),
    b"/a-bridge": ("files", ""),
    b"/a-bridge.html": ("files", ""),
    b"/a-bridge/x.css": ("files", ""),
}
WAGTAIL_SURFACES = {
    b"/api/v2/pages/7/": ("rewritten", "api of pages"),
    b"/api/v2/pages/?order=-first_published_at&limit=5": ("rewritten", "api of pages"),
    b"/api/v2/pages/?order=body": ("closed", "api of pages"),
    b"/api/v2/pages/?search=ledger": ("closed", "api search"),
    b"/api/v2/pages/?fields=*": ("closed", "api search"),
    b"/api/v2/pages/find/?html_path=/": ("closed", "api"),
    b"/api/v2/images/": ("closed", "api"),
    b"/graphql/": ("closed", "api"),
    b"/admin/pages/7/edit/": ("passed", "admin"),
    b"/news/feed/": ("rewritten", "feed"),
    b"/search/?query=bridge": ("closed", "search"),
    b"/news/?q=bridge": ("closed", "search by query"),
    b"/documents/4/minutes.pdf": ("files", "media"),
    b"/media/images/river.width-800.jpg": ("files", "media"),
    b"/static/css/site.css": ("files", "assets"),
    b"/news/a-bridge/": ("article", "article"),
    b"/news/a-bridge/amp/": ("closed", "amp"),
    b"/news/a-bridge/?preview_token=1": ("closed", "preview by query"),
    b"/news/a-bridge/?format=json": ("closed", "data by query"),
    b"/review/7/abc/": ("closed", "preview"),
    b"/sitemap.xml?p=2": ("passed", "robots and sitemaps"),
}
STATIC_SURFACES = {
    b"/index.xml": ("rewritten", "feed"),
    b"/feeds/all.atom.xml": ("rewritten", "feed"),
    b"/news/data.xml": ("closed", "data"),
    b"/news/a-bridge.html": ("article", "article"),
    b"/news/a-bridge/": ("article", "article"),
    b"/news/a-bridge/index.html": ("closed", "index"),
    b"/news/a-bridge": ("files", ""),
    b"/news/a-bridge.md": ("closed", "sources"),
    b"/index.json": ("closed", "data"),
    b"/pagefind/fragment/en_1.pf_fragment": ("closed", "search"),
    b"/searchindex.js": ("closed", "search"),
    b"/news/a-bridge.pdf": ("closed", "print"),
    b"/drafts/a-bridge.html": ("closed", "preview"),
    b"/theme/css/main.css": ("files", "assets"),
    b"/images/river.JPG": ("files", "assets"),
    b"/news/river.JPG": ("files", ""),
    b"/news/river.jpg": ("files", "assets"),
    b"/tags/rivers/": ("passed", "archive"),
    b"/robots.txt": ("passed", "robots and sitemaps"),
    b"/llms.txt": ("closed", "data"),
    b"/page-data/news/a-bridge/page-data.json": ("closed", "data"),
}


@pytest.mark.parametrize(("target", "expected"), WORDPRESS_SURFACES.items())
def test_the_profile_of_wordpress_names_its_side_doors(target: bytes, expected: tuple[str, str]) -> None:
    assert verdict(WORDPRESS, target) == expected


@pytest.mark.parametrize(("target", "expected"), WAGTAIL_SURFACES.items())
def test_the_profile_of_wagtail_names_its_side_doors(target: bytes, expected: tuple[str, str]) -> None:
    assert verdict(WAGTAIL, target) == expected


@pytest.mark.parametrize(("target", "expected"), STATIC_SURFACES.items())
def test_the_profile_of_a_static_site_names_its_side_doors(target: bytes, expected: tuple[str, str]) -> None:
    assert verdict(STATIC, target) == expected


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "PROPFIND", "get", "JEFF"])
def test_an_article_takes_get_and_head_and_nothing_else(name: str, method: str) -> None:
    surface = get(profile(name), ARTICLE[name], method)
    assert (surface.kind, surface.status, surface.allow) == (Kind.CLOSED, 405, READS)


def test_what_nobody_mapped_takes_no_form() -> None:
    surface = get(WORDPRESS, b"/some/plugin/endpoint", "POST")
    assert (surface.kind, surface.status, surface.unmapped) == (Kind.CLOSED, 405, True)


def test_the_query_of_an_article_is_cut_to_what_is_listed() -> None:
    found = read_map(
        '[[route]]\nname = "a"\nkind = "article"\npaths = ["/{slug}"]\nquery = ["page", "part"]\n', "map.toml"
    )
    assert get(found, b"/a?utm_source=x&part=2&page=3&gift=1").target == b"/a?page=3&part=2"
    assert get(found, b"/a?part=2&page=3").page == b"/a?page=3&part=2"
    assert get(found, b"/a?utm_source=x").target == b"/a"
    assert get(found, b"/a?%70age=3").target == b"/a"


@pytest.mark.parametrize(
    "query",
    [b"page=1&page=2", b"page=1;x=2", b"page=%zz", b"page=" + b"1" * 201, b"page=a\x00b", b"page=\xff", b"page=#"],
)
def test_a_query_that_can_be_read_in_two_ways_is_refused(query: bytes) -> None:
    found = read_map('[[route]]\nname = "a"\nkind = "article"\npaths = ["/{slug}"]\nquery = ["page"]\n', "map.toml")
    surface = found.surface_of("GET", b"/a", query)
    assert (surface.kind, surface.route, surface.status) == (Kind.CLOSED, SPELLING, 400)


def test_what_is_passed_keeps_its_query_byte_for_byte() -> None:
    assert get(WORDPRESS, b"/wp-admin/edit.php?a=1&a=%2f;b&&c").target == b"/wp-admin/edit.php?a=1&a=%2f;b&&c"


def test_two_cases_of_an_escape_name_one_page_and_are_asked_for_as_they_came() -> None:
    low, high = get(WORDPRESS, b"/%d9%85%db%8c/"), get(WORDPRESS, b"/%D9%85%DB%8C/")
    assert low.kind is high.kind is Kind.ARTICLE
    assert low.page == high.page == b"/%D9%85%DB%8C/"
    assert (low.target, high.target) == (b"/%d9%85%db%8c/", b"/%D9%85%DB%8C/")


@pytest.mark.parametrize(
    "path",
    [
        b"/%61-bridge/",
        b"/a%2Dbridge/",
        b"/caf%65%CC%81/",
        b"/a%E2%80%8Bbridge/",
        b"/a%E2%80%AEbridge/",
        b"/a%C2%A0bridge/",
    ],
)
def test_an_article_has_one_spelling(path: bytes) -> None:
    surface = get(WORDPRESS, path)
    assert surface.kind is not Kind.PASSED
    assert surface.kind is not Kind.ARTICLE


@pytest.mark.parametrize(
    "path",
    [
        b"/wp-admin/../wp-json/",
        b"/wp-admin/%2e%2e/wp-json/",
        b"/wp-admin/..;/wp-json/",
        b"/wp-admin/..%2fwp-json/",
        b"/wp-admin/%252e%252e/wp-json/",
        b"/wp-admin/..%5cwp-json/",
        b"/wp-admin/%c0%ae%c0%ae/wp-json/",
        b"/wp-admin/%u002e%u002e/wp-json/",
        b"/wp-admin/%ef%bc%8e%ef%bc%8e/wp-json/",
        b"/wp-admin/.%20./wp-json/",
        b"/wp-admin/%00",
        b"/wp-admin/%0a",
        b"/tag/x%2Ffeed/",
        b"/tag/x;/feed/",
        b"//wp-json/",
        b"/;/wp-json/",
        b"/WP-JSON/wp/v2/posts",
        b"/wp-json%3f",
        b"/%ef%bc%8fwp-json/",
        b"wp-json",
        b"*",
        b"http://other/wp-json/",
        b"/" + b"a" * 2048,
        b"/" + b"a/" * 50,
    ],
)
def test_what_another_program_could_read_otherwise_is_refused(path: bytes) -> None:
    surface = get(WORDPRESS, path)
    assert surface.kind is Kind.CLOSED
    assert surface.status in (400, 404)


PARTS = (
    "2026/07/12/a-bridge/",
    "a-bridge/",
    "news/a-bridge.html",
    "a-bridge",
    "admin",
    "api/v2/pages",
    "media",
    "documents/1",
)


@pytest.mark.parametrize("name", PROFILES)
@given(path=spelt(PARTS))
@example(path=b"/wp-admin/x%2F..;/feed/")
@example(path=b"/tag/%EF%BC%8E%EF%BC%8E/feed")
def test_what_a_strict_origin_routes_is_what_was_decided_on(name: str, path: bytes) -> None:
    found = profile(name)
    surface = found.surface_of("GET", path, b"")
    if surface.status == 400:
        return
    read = strict(path)
    assert read is not None
    plain = found.surface_of("GET", quote(read, safe="/").encode(), b"")
    assert (plain.kind, plain.route) == (surface.kind, surface.route)
    if surface.kind is Kind.ARTICLE:
        assert plain.page == surface.page


def read_otherwise(found: SurfaceMap, path: bytes) -> list[str]:
    """The ways in which an origin would not be at the passed route that was decided on."""
    surface = found.surface_of("GET", path, b"")
    if surface.kind is not Kind.PASSED:
        return []
    wrong = []
    for way, reader in LENIENT.items():
        read = reader(path)
        plain = None if read is None else found.surface_of("GET", quote(read, safe="/").encode(), b"")
        if plain is None or (plain.kind, plain.route) != (Kind.PASSED, surface.route):
            wrong.append(way)
    return wrong


@pytest.mark.parametrize("name", PROFILES)
@given(path=spelt(PARTS))
def test_whatever_an_origin_makes_of_a_passed_path_is_passed_too(name: str, path: bytes) -> None:
    assert read_otherwise(profile(name), path) == []


def test_a_map_that_reads_a_path_in_one_way_only_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_way(path: bytes) -> tuple[str, ...]:
        return () if (read := strict(path)) is None else (read,)

    seeds = {
        b"/wp-admin/x%2F..%2F..%2Fwp-json": {"resolves dot segments"},
        b"/wp-admin/..;/wp-json": {"cuts parameters"},
        b"/wp-admin/x/%2e%2e/%2e%2e/feed/": {"resolves dot segments"},
        b"/tag/x%EF%BC%8Ffeed": {"composes"},
        b"/wp-admin/..%5cwp-json": {"takes backslashes for slashes"},
        b"/tag/x;/feed;/": {"cuts parameters"},
        b"/tag/%66eed%e2%80%8b/": {"sees what is visible"},
        b"/tag/%2566eed/": {"decodes twice"},
    }
    assert [path for path in seeds if read_otherwise(WORDPRESS, path)] == []
    monkeypatch.setattr(surfaces, "readings", one_way)
    found = SurfaceMap(WORDPRESS.routes)
    assert [path for path, ways in seeds.items() if not ways <= set(read_otherwise(found, path))] == []


@pytest.mark.parametrize("name", PROFILES)
@given(data_path=of_article(b"/2026/07/12/a-bridge/"))
def test_no_spelling_of_an_article_is_passed(name: str, data_path: bytes) -> None:
    surface = profile(name).surface_of("GET", data_path, b"")
    assert surface.kind is not Kind.PASSED
    if surface.kind is Kind.ARTICLE:
        assert surface.target == data_path


def test_every_way_to_write_a_key_is_heard() -> None:
    assert {"rest_route", "p"} <= asked_keys(b"+rest%2Eroute[x]=1&%70=2")
    assert "preview" in asked_keys(b"a=1;PREVIEW=true")
    assert asked_keys(b"") == frozenset()


def test_no_key_that_is_not_listed_is_kept() -> None:
    assert kept_query(b"a=1&b=2&c=3", ("c", "a")) == b"c=3&a=1"
    assert kept_query(b"", ("a",)) == b""


def test_a_verdict_that_is_remembered_is_the_same_verdict() -> None:
    assert get(WORDPRESS, b"/a-bridge/") is get(WORDPRESS, b"/a-bridge/")
    long = b"/a-bridge/?x=" + b"y" * 300
    assert get(WORDPRESS, long) == get(WORDPRESS, long)
