"""A real nginx with a cache in front: previews are kept, and what one reader gets is never another's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from tests.gate.newspaper import REST, SECRET, Newspaper, open_newspaper

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SETTINGS = """\
{user}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=pages:1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{gate};
      proxy_set_header Host 127.0.0.1:8080;
      proxy_cache pages;
      {more}
      add_header X-Cache $upstream_cache_status;
    }}
  }}
}}
"""
#: Started as root, nginx would hand its work to a user who may not enter this run's folder.
USER = "user root; " if os.geteuid() == 0 else ""
#: A cache that was told to heed nothing but its own rules.
DEAF = "proxy_ignore_headers Cache-Control Expires Set-Cookie Vary; proxy_cache_valid any 1m;"


def free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}")


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[tuple[Newspaper, int]]:
    """A worker process with the real clock, over a newspaper of a few articles."""
    paper = open_newspaper(tmp_path / "home")
    environ = {**os.environ, "FOLDLINE_HOME": str(paper.home.path), "FOLDLINE_SECRET": SECRET}
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        environ["FOLDLINE_LISTEN_FD"] = str(listening.fileno())
        command = [sys.executable, "-m", "foldline.server.worker"]
        worker = subprocess.Popen(command, env=environ, pass_fds=(listening.fileno(),))
        try:
            yield paper, listening.getsockname()[1]
        finally:
            worker.terminate()
            worker.wait(10)


def ask(port: int, path: str, cookie: str = "") -> tuple[str, bytes]:
    headers = {"Cookie": cookie} if cookie else {}
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=headers)) as answer:
        return answer.headers["X-Cache"], answer.read()


@pytest.mark.parametrize("more", ["", DEAF], ids=["as it comes", "deaf to headers"])
def test_a_cache_keeps_the_preview_and_never_the_whole(gate: tuple[Newspaper, int], tmp_path: Path, more: str) -> None:
    if NGINX is None:
        pytest.skip("MISSING nginx: apt-get install nginx-light")
    paper, gate_port = gate
    paper.clock.time = time.time()
    paper.sign_in({1: int(paper.clock.time) + 10**7})
    cookie = "; ".join(f"{name}={value}" for name, value in paper.jar.items())
    folder, port = tmp_path / "nginx", free_port()
    folder.mkdir()
    text = SETTINGS.format(folder=folder, port=port, gate=gate_port, more=more, user=USER)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    nginx = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        state, body = ask(port, "/subscribers", cookie)
        assert (state, REST.encode() in body) == ("MISS", True)
        state, body = ask(port, "/subscribers")
        assert (state, REST.encode() in body) == ("MISS", False)
        state, body = ask(port, "/subscribers")
        assert (state, REST.encode() in body) == ("HIT", False)
    finally:
        nginx.terminate()
        nginx.wait(10)
