"""A real WordPress: Debian's, copied into a folder of this run, with a database of its own.

Its theme is ours and as plain as can be: Debian keeps WordPress's own in other packages.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.recipes.lenient_site import SECRET
from tests.recipes.running import wait_for

INSTALLED = Path("/usr/share/wordpress")
#: What must be there beside it.
PROGRAMS = ("php", "mariadbd", "mariadb-install-db")
START = 60.0
CONFIG = """<?php
define( 'DB_NAME', 'paper' );
define( 'DB_USER', 'root' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:{socket}' );
define( 'WP_HOME', 'https://twin.example' );
define( 'WP_SITEURL', 'https://twin.example' );
define( 'DISABLE_WP_CRON', true );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1' );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'FOLDLINE_CHANGED', 'http://127.0.0.1:{gate}/-/changed' );
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {{
	define( 'ABSPATH', __DIR__ . '/' );
}}
require_once ABSPATH . 'wp-settings.php';
"""
#: The gate is told under its own host, as it would be at its public address.
TO_THE_GATE = """<?php
add_filter( 'http_request_args', function ( $args ) { $args['headers']['Host'] = 'twin.example'; return $args; } );
"""
ROUTER = """<?php
$path = parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH );
if ( is_string( $path ) && '/' !== $path && is_file( __DIR__ . $path ) ) {
	return false;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
require __DIR__ . '/index.php';
"""
THEME = {
    "style.css": "/* Theme Name: Plain */\n",
    "index.php": "<!doctype html><html><head><meta charset=utf-8><title><?php wp_title(); ?></title><?php wp_head(); ?>"
    "</head><body><?php while ( have_posts() ) { the_post(); ?><article><h1><?php the_title(); ?></h1>"
    "<div class=entry-content><?php is_singular() ? the_content() : the_excerpt(); ?></div></article><?php } ?>"
    "<?php wp_footer(); ?></body></html>\n",
}
INSTALL = """
define( 'WP_INSTALLING', true );
require 'wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install( 'The Twin', 'ada', 'ada@twin.example', true, '', 'a password of a test' );
update_option( 'permalink_structure', '/%year%/%monthnum%/%postname%/' );
switch_theme( 'plain' );
"""


@dataclass
class WordPress:
    folder: Path
    port: int

    def run(self, code: str) -> Any:
        """Some lines of PHP within WordPress, as its command line would run them; what `$said` is in the end."""
        return self._php(f"require 'wp-load.php'; $said = null; {code} echo json_encode( $said );")

    def install(self) -> None:
        self._php(f"{INSTALL} echo 'null';")
        self._php("require 'wp-load.php'; flush_rewrite_rules(); echo 'null';")

    def _php(self, code: str) -> Any:
        host = "$_SERVER['HTTP_HOST'] = 'twin.example'; $_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';"
        done = subprocess.run(
            ["php", "-d", "display_errors=stderr", "-r", host + code],
            cwd=self.folder, capture_output=True, text=True, timeout=120, env=environ(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "not told" not in done.stderr, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


def environ() -> dict[str, str]:
    return {**os.environ, "FOLDLINE_ORIGIN_SECRET": SECRET, "PHP_CLI_SERVER_WORKERS": "4"}


def missing() -> str:
    """What is not there of what it needs, "" for nothing."""
    if not INSTALLED.is_dir():
        return "wordpress"
    return next((name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None), "")


@contextlib.contextmanager
def database(folder: Path) -> Iterator[Path]:
    """The socket of a MariaDB with one empty database."""
    folder.mkdir()
    user = [f"--user={'root' if os.geteuid() == 0 else os.environ.get('USER', '')}"]
    made = ["mariadb-install-db", f"--datadir={folder}/data", "--auth-root-authentication-method=normal", *user]
    subprocess.run([*made, "--skip-test-db"], check=True, capture_output=True, timeout=START)
    place = folder / "s"
    program = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin") or "mariadbd"
    options = [f"--datadir={folder}/data", f"--socket={place}", "--skip-networking", f"--pid-file={folder}/pid"]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([program, "--no-defaults", *options, *user], stdout=said, stderr=said)
    try:
        end = time.monotonic() + START
        while not _answers(place):
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError((folder / "said").read_text(encoding="utf-8"))
            time.sleep(0.05)
        code = f"(new mysqli('localhost', 'root', '', '', 0, '{place}'))->query('CREATE DATABASE paper');"
        subprocess.run(["php", "-r", code], check=True, timeout=START)
        yield place
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(place)) == 0


@contextlib.contextmanager
def wordpress(folder: Path, port: int, gate: int, plugin: str) -> Iterator[WordPress]:
    """WordPress on a port of loopback, with the plug-in, and told where the gate is."""
    with database(folder / "database") as place:
        site = folder / "site"
        shutil.copytree(INSTALLED, site, symlinks=False, ignore_dangling_symlinks=True)
        shutil.rmtree(site / "wp-content")
        for name, text in {
            "wp-config.php": CONFIG.format(socket=place, gate=gate),
            "router.php": ROUTER,
            "wp-content/mu-plugins/foldline.php": plugin,
            "wp-content/mu-plugins/to-the-gate.php": TO_THE_GATE,
            **{f"wp-content/themes/plain/{name}": text for name, text in THEME.items()},
        }.items():
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).unlink(missing_ok=True)
            (site / name).write_text(text, encoding="utf-8")
        runs = WordPress(site, port)
        runs.install()
        with (folder / "said").open("wb") as said:
            served = ["php", "-S", f"127.0.0.1:{port}", "-t", str(site), str(site / "router.php")]
            process = subprocess.Popen(served, stdout=said, stderr=said, env=environ(), start_new_session=True)
        try:
            wait_for(port, process, folder)
            yield runs
        finally:
            # Its workers are processes of their own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            process.wait(10)
