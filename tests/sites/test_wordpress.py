"""WordPress itself, from Debian's packages: what init proposes, and the gate before it. Run by `make wordpress`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest
from tests.cli.test_init import files_in, fold_of, gated, init
from tests.sites.articles import article, tokens
from tests.sites.site import get
from tests.sites.wordpress_paper.site import WordPressSite, missing, wordpress_site

from foldline.clock import SystemClock
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.testing.passes import Carry, cookie, write_facts

pytestmark = pytest.mark.skipif(
    os.environ.get("FOLDLINE_WORDPRESS") != "1",
    reason="WordPress, PHP and MariaDB are tried apart: make wordpress",
)

#: Where WordPress gives whole texts away, with the newest article's slug and number to be filled in.
DOORS = (
    "/feed/",
    "/feed/atom/",
    "/category/town/feed/",
    "/tag/water/feed/",
    "/author/editor/feed/",
    "/?feed=rss2",
    "/?s=dredger",
    "/search/dredger/",
    "/wp-json/wp/v2/posts",
    "/wp-json/wp/v2/search?search=dredger",
    "/index.php/wp-json/wp/v2/posts",
    "/?rest_route=/wp/v2/posts",
    "/2026/03/night-bus/embed/",
    "/2026/03/night-bus/feed/",
    "/2026/03/night-bus/?print=1",
    "/2026/03/",
    "/2026/",
    "/author/editor/",
    "/category/town/",
    "/tag/water/",
    "/",
    "/wp-sitemap.xml",
    "/wp-admin/admin-ajax.php",
    "/xmlrpc.php",
)


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPressSite]:
    assert missing() == "", "scripts/wordpress-packages installs what is missing"
    with wordpress_site(tmp_path_factory.mktemp("wordpress") / "paper", style="more") as site:
        yield site


def test_what_is_proposed_for_wordpress_is_right(paper: WordPressSite, tmp_path: Path) -> None:
    found = json.loads(init(paper.url, tmp_path / "home", "--json").output)
    assert found["software"]["name"].startswith("WordPress ")
    assert (found["software"]["profile"], found["body"]["selector"]) == ("wordpress", ".entry-content")
    assert found["certain"] == found["body"]["pages"] == 8
    by_path = {paper.path_of(one): one for one in paper.articles}
    folds = {fold_of(by_path[path], cut) for path, cut in zip(found["articles"], found["cuts"], strict=True)}
    assert folds == {3}
    assert found["sitemap"] == paper.url + "/wp-sitemap.xml"
    assert found["routes"] == []
    assert files_in(tmp_path / "home") == []


def test_before_wordpress_the_gate_shows_previews_and_wholes_and_closes_the_side_doors(
    paper: WordPressSite, tmp_path: Path
) -> None:
    rest = tokens(article(7).rest)
    open_doors = [path for path in DOORS if any(token in get(paper.url + path)[1].decode() for token in rest)]
    assert len(open_doors) >= 6, "these doors are open on the site itself"
    assert init(paper.url, tmp_path / "home", "--write").exit_code == 0
    with gated(paper, tmp_path / "home") as (gate, settings):
        carry = Carry(keyring_of(settings), SystemClock(), window_at(int(SystemClock().now()), settings.zone))
        facts = carry.facts("payer", {1: 4_000_000_000})
        write_facts(settings.home, facts)
        for one in paper.articles:
            preview = gate.client.ask("GET", paper.path_of(one).encode()).body.decode()
            assert 'data-kind="ask"' in preview
            assert one.preview[2].token in preview
            assert [token for token in tokens(one.rest) if token in preview] == []
            ours = cookie(reader_pass=carry.token(facts))
            whole = gate.client.ask("GET", paper.path_of(one).encode(), ours).body.decode()
            assert [token for token in tokens(one.paragraphs) if token not in whole] == []
        for path in DOORS:
            answer = gate.client.ask("GET", path.encode())
            assert [token for token in rest if token in answer.body.decode("utf-8", "replace")] == [], path
        assert gate.client.ask("GET", b"/wp-login.php").status == 200
        assert gate.client.ask("GET", b"/").status == 200


def test_wordpress_shows_a_change_and_forgets_what_is_unpublished(paper: WordPressSite) -> None:
    paper.change(article(0, "b"))
    assert article(0, "b").rest[0].token in get(paper.address_of(article(0)))[1].decode()
    paper.unpublish(article(1))
    assert get(paper.address_of(article(1)))[0] == 404


def test_feeds_and_data_of_wordpress_keep_their_items_and_have_previews_in_place_of_texts(
    paper: WordPressSite, tmp_path: Path
) -> None:
    one = article(7)
    assert init(paper.url, tmp_path / "home", "--write").exit_code == 0
    with gated(paper, tmp_path / "home") as (gate, _):
        for path in ("/feed/", "/feed/atom/", "/category/town/feed/", "/?feed=rss2", "/author/editor/feed/"):
            answer = gate.client.ask("GET", path.encode())
            kind = answer.header(b"content-type").decode()
            found = feedparser.parse(answer.body, response_headers={"content-type": kind})
            assert (answer.status, found.bozo) == (200, False), path
            entry = next(entry for entry in found.entries if entry.title == one.headline)
            assert urlsplit(entry.link).path == paper.path_of(one)
            assert [token for token in tokens(one.preview) if token not in entry.content[0].value] == [], path
            assert [token for token in tokens(one.rest) if token in answer.text] == [], path
            assert (entry.author, entry.dcterms_accessrights) == ("editor", "gated")
            assert {tag.term for tag in entry.tags} >= {one.section}
        for path in ("/wp-json/wp/v2/posts?per_page=3&page=1", "/?rest_route=/wp/v2/posts&per_page=3"):
            answer = gate.client.ask("GET", path.encode())
            post = next(said for said in json.loads(answer.body) if said["slug"] == one.slug)
            assert (answer.status, answer.header(b"x-wp-total")) == (200, b"%d" % len(paper.articles)), path
            assert post["title"]["rendered"] == one.headline
            assert [token for token in tokens(one.preview) if token not in post["content"]["rendered"]] == [], path
            assert [token for token in tokens(one.rest) if token in answer.text] == [], path
            assert len(json.loads(answer.body)) == 3
        single = json.loads(gate.client.ask("GET", f"/wp-json/wp/v2/posts/{post['id']}".encode()).body)
        assert single == post
        for path in (
            "/wp-json/wp/v2/posts?search=dredger", "/wp-json/wp/v2/posts?context=edit", "/wp-json/wp/v2/users",
            f"/wp-json/wp/v2/posts/{post['id']}/revisions", "/wp-json/", "/comments/feed/",
            f"{paper.path_of(one)}feed/", "/?s=dredger&feed=rss2", "/wp-json/wp/v2/posts?orderby=relevance",
        ):  # fmt: skip
            assert gate.client.ask("GET", path.encode()).status == 404, path
