"""The must-use plug-in that `foldline recipe wordpress` prints, in a real PHP, before a real gate.

What it calls of WordPress is a stub of ours: it is not WordPress that is tried here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.recipes.lenient_site import BRIDGE, CROWN, SECRET
from tests.recipes.running import Paper, free_port, printed, wait_for

from foldline.fold.page.read import read_page
from foldline.fold.page.spec import FoldSpec
from foldline.testing.client import WireClient

PHP = shutil.which("php")
STUB = Path(__file__).parent / "wordpress" / "stub.php"
OURS = ((b"X-Foldline-Secret", SECRET.encode()),)

pytestmark = pytest.mark.skipif(PHP is None, reason="MISSING php: apt-get install php-cli")


@pytest.fixture(scope="module")
def plugin(paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plugin") / "foldline.php"
    made.write_text(printed(paper.home.path, "wordpress"), encoding="utf-8")
    return made


def environ(plugin: Path, secret: str) -> dict[str, str]:
    return {**os.environ, "PLUGIN": str(plugin), "FOLDLINE_ORIGIN_SECRET": secret}


def run(paper: Paper, plugin: Path, code: str, secret: str = SECRET) -> subprocess.CompletedProcess[str]:
    """Some lines of PHP after the plug-in was loaded, and then the end of the request."""
    host, port = paper.gate.address
    gate = f'define( "FOLDLINE_CHANGED", "http://{host}:{port}/-/changed" );'
    program = f'{gate} require "{STUB}"; {code} do_action( "shutdown" );'
    assert PHP is not None
    return subprocess.run(
        [PHP, "-d", "error_reporting=-1", "-d", "display_errors=stderr", "-d", "log_errors=0", "-r", program],
        capture_output=True, text=True, timeout=60, env=environ(plugin, secret),
    )  # fmt: skip


@contextmanager
def served(folder: Path, plugin: Path, secret: str = SECRET, before: str = "") -> Iterator[WireClient]:
    """A site of three scripts, each of which loads the plug-in."""
    for name in ("index.php", "wp-cron.php", "wp-login.php"):
        shown = 'echo "the site for ", $_SERVER["REMOTE_ADDR"], " by ", $_SERVER["HTTPS"] ?? "http";'
        (folder / name).write_text(f'<?php {before} require "{STUB}"; {shown}', encoding="utf-8")
    port = free_port()
    assert PHP is not None
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [PHP, "-S", f"127.0.0.1:{port}", "-t", str(folder)], stdout=said, stderr=said, env=environ(plugin, secret)
        )
    try:
        wait_for(port, process, folder)
        yield WireClient(("127.0.0.1", port), b"twin.example")
    finally:
        process.terminate()
        process.wait(10)


def test_only_the_gate_is_shown_the_site(plugin: Path, tmp_path: Path) -> None:
    with served(tmp_path, plugin) as client:
        told = (*OURS, (b"X-Forwarded-Proto", b"https"), (b"X-Real-IP", b"192.0.2.7"))
        for path in (
            b"/",
            b"/2026/03/a-bridge/",
            b"/wp-login.php",
            b"/wp-cron.php?p=7",
            b"/wp-cron.php?doing_wp_cron=1&feed=rss2",
        ):
            answer = client.ask("GET", path, told)
            assert (answer.status, answer.body) == (200, b"the site for 192.0.2.7 by on"), path
            for wrong in (
                (),
                ((b"X-Foldline-Secret", b""),),
                ((b"X-Foldline-Secret", SECRET.encode()[:-1]),),
                told[1:],
            ):
                answer = client.ask("GET", path, wrong)
                assert (answer.status, answer.body) == (403, b"This site is read through its gate.\n"), (path, wrong)
                assert answer.header(b"cache-control") == b"no-store"


def test_the_clock_of_wordpress_runs_for_whoever_winds_it_and_takes_nothing_else(plugin: Path, tmp_path: Path) -> None:
    with served(tmp_path, plugin) as client:
        for query in (b"", b"?doing_wp_cron=1792390123.4"):
            assert client.ask("GET", b"/wp-cron.php" + query).status == 200
        form = ((b"Content-Type", b"application/x-www-form-urlencoded"),)
        assert client.ask("POST", b"/wp-cron.php", form, b"a=1").status == 403
        assert client.ask("GET", b"/index.php/wp-cron.php").status == 403


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_site_without_a_good_secret_of_its_own_is_closed_to_everybody(
    plugin: Path, tmp_path: Path, secret: str
) -> None:
    with served(tmp_path, plugin, secret) as client:
        for said in ((), ((b"X-Foldline-Secret", secret.encode()),)):
            assert client.ask("GET", b"/", said).status == 403


def test_editors_may_come_from_an_address_of_their_own(plugin: Path, tmp_path: Path) -> None:
    with served(tmp_path, plugin, before="define( 'FOLDLINE_EDITORS_FROM', array( '127.0.0.1' ) );") as client:
        assert client.ask("GET", b"/wp-login.php").status == 200
        # What such a one says of another address is not believed.
        assert client.ask("GET", b"/", ((b"X-Real-IP", b"192.0.2.7"),)).body == b"the site for 127.0.0.1 by http"


def test_a_lock_that_compares_nothing_would_be_found_out(plugin: Path, tmp_path: Path) -> None:
    text = plugin.read_text(encoding="utf-8")
    open_one = tmp_path / "open.php"
    open_one.write_text(text.replace("hash_equals( $ours, $given )", "'' !== $ours"), encoding="utf-8")
    with served(tmp_path, open_one) as client:
        assert client.ask("GET", b"/").status == 200


def test_the_read_more_of_an_editor_is_where_the_gate_cuts(paper: Paper, plugin: Path) -> None:
    content = (
        r"<p>Everybody reads this, which is long enough to be read.</p>\n"
        r"<p><span id=\"more-12\"></span></p>\n<p>Sealed it is.</p>"
    )
    facts = 'update_post_meta( 1, "foldline_access", "registered" ); do_action( "wp_head" );'
    shown = f'echo "BODY", apply_filters( "the_content", "{content}" );'
    said = run(paper, plugin, f'post( 1, "draft", "/x/" ); {facts} {shown}')
    assert (said.returncode, said.stderr) == (0, "")
    head, _, body = said.stdout.partition("BODY")
    page = (
        f"<!doctype html><html><head><title>x</title>{head}</head>"
        f"<body><article><div class=entry-content>{body}</div></article></body></html>"
    )
    cut = read_page(page.encode(), "utf-8", FoldSpec(), "https://twin.example/x/")
    assert cut.facts.access == "registered"
    assert cut.facts.section == 'Science & "more"'
    assert cut.facts.published is not None
    assert b"Sealed it is." in b"".join(cut.parts.sealed)
    assert b"Everybody reads this" not in b"".join(cut.parts.sealed)


def test_a_level_that_nobody_knows_is_not_told(paper: Paper, plugin: Path) -> None:
    said = run(paper, plugin, 'update_post_meta( 1, "foldline_access", "vip" ); do_action( "wp_head" );')
    assert "foldline:access" not in said.stdout


def status_within(paper: Paper, path: str, status: int) -> None:
    """Until the gate answers so.

    Raises:
        AssertionError: it never did.
    """
    end = time.monotonic() + 20
    while paper.gate.client.ask("GET", path.encode()).status != status:
        assert time.monotonic() < end, (path, status)
        time.sleep(0.05)


def test_the_gate_hears_of_what_is_withdrawn_and_of_what_is_there_again(paper: Paper, plugin: Path) -> None:
    status_within(paper, BRIDGE, 200)
    said = run(paper, plugin, f'post( 1, "publish", "{BRIDGE}" ); save( 1, "draft" );')
    assert (said.returncode, said.stderr) == (0, "")
    status_within(paper, BRIDGE, 410)
    run(paper, plugin, f'post( 1, "draft", "{BRIDGE}" ); save( 1, "publish" );')
    status_within(paper, BRIDGE, 200)
    said = run(paper, plugin, f'post( 2, "publish", "{CROWN}" ); do_action( "before_delete_post", 2 );')
    assert said.stderr == ""
    status_within(paper, CROWN, 410)
    run(paper, plugin, f'post( 2, "publish", "{CROWN}" ); update_post_meta( 2, "foldline_access", "free" );')
    status_within(paper, CROWN, 200)


def test_drafts_and_posts_that_nobody_sees_are_told_to_nobody(paper: Paper, plugin: Path) -> None:
    # Any word to the gate would fail here, for the secret is another one.
    for code in (
        'post( 1, "draft", "/x/" ); save( 1, "draft" );',
        'post( 1, "publish", "/x/" ); $posts[1]->post_type = "nav_menu_item"; save( 1, "publish" );',
    ):
        assert run(paper, plugin, code, secret="x" * 32).stderr == ""


def test_a_gate_that_refuses_is_told_again_in_a_minute(paper: Paper, plugin: Path) -> None:
    said = run(paper, plugin, f'post( 1, "draft", "{BRIDGE}" ); save( 1, "publish" );', secret="x" * 32)
    assert "again: foldline_tell_again 2" in said.stderr
    assert "x" * 32 not in said.stderr
