"""The plug-in that `foldline recipe wordpress` prints, in WordPress itself, before a real gate: `make wordpress`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from tests.recipes.lenient_site import SECRET
from tests.recipes.running import HOST, Paper, free_port, opened, printed
from tests.recipes.wordpress.site import WordPress, missing, wordpress

from foldline.testing.answers import Answer
from foldline.testing.client import Headers, WireClient

PUBLIC = "a line for each flood that came higher than the one before"
SEALED = "the ferryman kept the seventh ledger under the floor"
CONTENT = f"<p>Every river keeps two diaries: {PUBLIC}.</p>\n<!--more-->\n<p>It came out that {SEALED}.</p>"
BLOCKS = (
    f"<!-- wp:paragraph --><p>Every river keeps two diaries: {PUBLIC}.</p><!-- /wp:paragraph -->\n"
    "<!-- wp:more --><!--more--><!-- /wp:more -->\n"
    f"<!-- wp:paragraph --><p>It came out that {SEALED}.</p><!-- /wp:paragraph -->"
)
PATHS = {"classic": "/2026/03/a-bridge/", "blocks": "/2026/03/a-tower/"}

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("FOLDLINE_WORDPRESS") != "1", reason="WordPress, PHP and MariaDB are tried apart: make wordpress"
    ),
    pytest.mark.skipif(bool(missing()), reason=f"MISSING {missing()}: scripts/wordpress-packages"),
]


class Site:
    """WordPress with a post of each editor, for subscribers, and the gate before it."""

    def __init__(self, inside: WordPress, paper: Paper) -> None:
        self.inside = inside
        self.paper = paper
        self.directly = WireClient(("127.0.0.1", inside.port), HOST.encode())
        self.posts = {
            name: inside.run(
                f"$said = wp_insert_post( array( 'post_title' => 'A bridge', 'post_name' => {PATHS[name][9:-1]!r},"
                f" 'post_content' => {text!r}, 'post_status' => 'publish', 'post_date' => '2026-03-02 06:30:00',"
                " 'meta_input' => array( 'foldline_access' => 'subscribers' ) ) );"
            )
            for name, text in (("classic", CONTENT), ("blocks", BLOCKS))
        }

    def ask(self, path: str, *fields: tuple[bytes, bytes]) -> Answer:
        return self.paper.gate.client.ask("GET", path.encode(), fields)

    def within(self, path: str, status: int, fields: Headers = ()) -> Answer:
        """The answer of this status, once it comes."""
        end = time.monotonic() + 20
        while (answer := self.ask(path, *fields)).status != status:
            assert time.monotonic() < end, (path, status, answer.status)
            time.sleep(0.05)
        return answer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("wordpress"), free_port()
    with opened(folder / "home", port, surfaces='profile = "wordpress"\n') as paper:
        plugin = printed(paper.home.path, "wordpress")
        with wordpress(folder, port, paper.gate.address[1], plugin) as inside:
            yield Site(inside, paper)


@pytest.mark.parametrize("editor", PATHS)
def test_a_post_is_cut_at_read_more_and_is_whole_for_subscribers(site: Site, editor: str) -> None:
    preview = site.ask(PATHS[editor])
    assert (preview.status, PUBLIC in preview.text, SEALED in preview.text) == (200, True, False)
    assert "foldline:access" in preview.text
    assert PUBLIC in site.ask(PATHS[editor], *site.paper.subscriber).text
    assert SEALED in site.ask(PATHS[editor], *site.paper.subscriber).text
    assert SEALED not in site.ask(PATHS[editor], *site.paper.registered).text


def test_the_origin_refuses_whoever_comes_without_the_secret(site: Site) -> None:
    doors = (*PATHS.values(), "/", "/wp-login.php", "/wp-json/wp/v2/posts", "/feed/", "/xmlrpc.php", "/index.php")
    for path in (
        *doors,
        f"/?p={site.posts['classic']}",
        "/wp-admin/admin-ajax.php",
        "/wp-cron.php?p=1",
        "/?rest_route=/",
    ):
        answer = site.directly.ask("GET", path.encode())
        assert (answer.status, answer.text) == (403, "This site is read through its gate.\n"), path
    said = ((b"X-Foldline-Secret", SECRET.encode()), (b"X-Forwarded-Proto", b"https"))
    assert SEALED in site.directly.ask("GET", PATHS["classic"].encode(), said).text
    assert site.directly.ask("GET", b"/wp-cron.php").status == 200


def test_no_side_door_of_wordpress_gives_the_rest_away(site: Site) -> None:
    post = site.posts["classic"]
    doors = (
        *("/", "/feed/", "/feed/atom/", "/comments/feed/", "/?feed=rss2", "/2026/", "/2026/03/", "/author/ada/"),
        *("/wp-json/", "/wp-json/wp/v2/posts", f"/wp-json/wp/v2/posts/{post}", f"/?rest_route=/wp/v2/posts/{post}"),
        *(f"/?p={post}", f"/?p={post}&feed=rss2", "/?s=ferryman", "/search/ferryman/", "/?static=1", "/wp-sitemap.xml"),
        *(path + more for path in PATHS.values() for more in ("feed/", "embed/", "?embed=1", "amp/", "print/", "2/")),
        *(f"/wp-json/oembed/1.0/embed?url=https://{HOST}{path}" for path in PATHS.values()),
        *("/wp-admin/admin-ajax.php?action=x", "/xmlrpc.php", "/index.php/2026/03/a-bridge/"),
        "/category/uncategorized/",
    )
    seen = {path: site.ask(path) for path in doors}
    assert [path for path, answer in seen.items() if SEALED in answer.text] == []
    assert {answer.status for answer in seen.values()} <= {200, 301, 404, 501}
    # With the secret it would: the doors are real.
    said = ((b"X-Foldline-Secret", SECRET.encode()), (b"X-Forwarded-Proto", b"https"))
    assert SEALED in site.directly.ask("GET", f"/wp-json/wp/v2/posts/{post}".encode(), said).text


def test_the_gate_hears_of_an_edit_a_draft_a_move_the_bin_and_another_level(site: Site) -> None:
    post, path = site.posts["blocks"], PATHS["blocks"]

    def update(**fields: str) -> None:
        told = ", ".join(f"'{name}' => {value!r}" for name, value in {"ID": str(post), **fields}.items())
        assert site.inside.run(f"$said = wp_update_post( array( {told} ), true );") == post

    site.within(path, 200)
    update(post_content=BLOCKS.replace("two diaries", "three diaries"))
    end = time.monotonic() + 10  # the gate by itself would look within 15 s
    while "three diaries" not in site.ask(path).text:
        assert time.monotonic() < end
        time.sleep(0.05)
    update(post_status="draft")
    site.within(path, 410, site.paper.subscriber)
    update(post_status="publish")
    site.within(path, 200)
    update(post_name="a-higher-tower")
    site.within("/2026/03/a-higher-tower/", 200)
    assert site.within(path, 301).header(b"location") == b"/2026/03/a-higher-tower/"
    site.inside.run(f"update_post_meta( {post}, 'foldline_access', 'free' );")
    end = time.monotonic() + 10
    while SEALED not in site.ask("/2026/03/a-higher-tower/").text:
        assert time.monotonic() < end
        time.sleep(0.05)
    site.inside.run(f"wp_trash_post( {post} );")
    site.within("/2026/03/a-higher-tower/", 410)


def test_editors_sign_in_through_the_gate(site: Site) -> None:
    assert 'name="loginform"' in site.ask("/wp-login.php").text
    form = b"log=ada&pwd=a+password+of+a+test&wp-submit=Log+In&testcookie=1"
    kind = (b"Content-Type", b"application/x-www-form-urlencoded")
    fields = (kind, (b"Cookie", b"wordpress_test_cookie=WP%20Cookie%20check"))
    answer = site.paper.gate.client.ask("POST", b"/wp-login.php", fields, form)
    assert (answer.status, answer.header(b"location")) == (302, f"https://{HOST}/wp-admin/".encode())
    jar = "; ".join(f"{name}={value}" for name, value in answer.cookies.items()).encode()
    desk = site.ask(f"/wp-admin/post.php?post={site.posts['classic']}&action=edit", (b"Cookie", jar))
    assert (desk.status, "Who may read this" in desk.text) == (200, True)
