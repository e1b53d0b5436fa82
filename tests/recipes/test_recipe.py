"""What `foldline recipe` prints: it is whole, holds no secret, and where it goes past the gate, the gate would pass."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from tests.recipes.confusing import targets
from tests.recipes.lenient_site import BRIDGE, SECRET, TOKENS
from tests.recipes.running import HOST, PROGRAMS, Paper, body_of, free_port, printed, proxy
from tests.sources.origin.spellings import of_article, spelt

from foldline.cli.main import verbs
from foldline.cli.recipe_direct import direct_lines, goes_direct
from foldline.cli.recipe_text import filled
from foldline.sources.origin.surface_file import PROFILES, profile, read_map
from foldline.sources.origin.surfaces import Kind, SurfaceMap
from foldline.testing.builders import home_at

ROOT = Path(__file__).parents[2]
RECIPES = (
    *(("nginx", *more) for more in ((), ("--direct",), ("--authz",), ("--authz", "--folder", "/srv/site"))),
    *(("caddy", *more) for more in ((), ("--direct",), ("--authz",), ("--authz", "--folder", "/srv/site"))),
    ("systemd",),
    ("wordpress",),
    ("wagtail",),
)
#: One with capitals, with methods, and with the same place under two routes.
ODD_MAP = """
profile = "wordpress"
[[route]]
name = "Shop"
kind = "closed"
paths = ["/Shop/secret/**", "/tag/Closed/"]
[[route]]
name = "shop"
kind = "passed"
paths = ["/shop/**", "/-/**", "/été/"]
methods = ["GET", "POST"]
[[route]]
name = "number"
kind = "passed"
paths = ["/{slug}/{number}/", "/*.txt"]
"""
_PLAIN = (
    *("/", "/robots.txt", "/tag/x/", "/tag/x", "/shop/x", "/wp-admin/", "/wp-login.php", "/a/7/", "/été/", "/-/x"),
    *("/admin/", "/admin/pages/7/edit/", "/tag/closed/", "/tag/Closed/", "/shop/secret/", "/Shop/secret/x"),
    *("/tag/x/feed/", "/wp-admin/admin-ajax.php", "/tag/" + "a/" * 40, "/tag/" + "a" * 1_500, "/tag/a./b", "/x.txt"),
)
TARGETS = (*_PLAIN, *(f"{one}?x=1" for one in _PLAIN), *targets(BRIDGE, all_of_them=True))
MAPS: dict[str, SurfaceMap] = {name: profile(name) for name in PROFILES} | {"odd": read_map(ODD_MAP, "surfaces.toml")}


def home(folder: Path, more: str = "") -> Path:
    made = home_at(folder).home
    text = made.settings_file.read_text(encoding="utf-8")
    origin = '\n[origin]\nurl = "http://127.0.0.1:9000"\n'
    made.settings_file.write_text(text + origin + more, encoding="utf-8")
    return made.path


def refused(folder: Path, *words: str) -> str:
    """What is said of a recipe that is not printed."""
    runner = CliRunner(env={"FOLDLINE_ORIGIN_SECRET": SECRET})
    result = runner.invoke(verbs, ["recipe", *words, "--home", str(folder)])
    assert result.exit_code == 1, result.output
    return str(result.exception)


@pytest.mark.parametrize("words", RECIPES, ids=" ".join)
def test_a_recipe_is_whole_and_holds_no_secret(tmp_path: Path, words: tuple[str, ...]) -> None:
    folder = home(tmp_path / "home")
    text = printed(folder, *words)
    assert "{{" not in text.replace("{{ page.foldline_access }}", "")
    assert "{%" not in text.replace("{% if page.foldline_access %}", "").replace("{% endif %}", "")
    keys = [line for line in (folder / "secret").read_text(encoding="utf-8").splitlines() if line]
    assert [secret for secret in (SECRET, *keys) if secret in text] == []
    assert words[0] == "systemd" or "FOLDLINE_ORIGIN_SECRET" in text or len(words) == 1


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PROPFIND"])
def test_what_goes_past_the_gate_is_what_it_would_pass_byte_for_byte(name: str, method: str) -> None:
    lines = direct_lines(MAPS[name], "/-/")
    direct = [agrees(MAPS[name], lines, method, target) for target in TARGETS]
    goes = {"GET": True, "HEAD": True, "POST": name != "static", "PROPFIND": False}
    assert any(direct) is goes[method]


@pytest.mark.parametrize("fault", ["only what is passed is listed", "methods are left out", "whatever the case"])
def test_a_list_with_this_mistake_would_be_found_out(fault: str) -> None:
    lines = direct_lines(MAPS["odd"], "/-/")
    if fault == "only what is passed is listed":
        lines = tuple(line for line in lines if line.to_origin)
    elif fault == "methods are left out":
        lines = tuple(replace(line, methods="[A-Z]+") for line in lines)
    else:
        lines = tuple(replace(line, any_case=False) for line in lines)
    with pytest.raises(AssertionError):
        [agrees(MAPS["odd"], lines, method, target) for target in TARGETS for method in ("GET", "DELETE")]


@given(st.data(), st.sampled_from(sorted(MAPS)))
def test_no_spelling_goes_past_the_gate_that_it_would_not_pass(data: st.DataObject, name: str) -> None:
    path = data.draw(st.one_of(spelt(("tag", "shop", "secret", "-", "wp-admin")), of_article(b"/tag/x/feed/")))
    agrees(MAPS[name], direct_lines(MAPS[name], "/-/"), "GET", path.decode("latin-1"))


def agrees(surfaces: SurfaceMap, lines: tuple[object, ...], method: str, target: str) -> bool:
    if not goes_direct(lines, method, target):  # type: ignore[arg-type]
        return False
    raw, _, query = target.encode("latin-1").partition(b"?")
    surface = surfaces.surface_of(method, raw, query)
    assert surface.kind is Kind.PASSED, (surface, target)
    assert surface.target == target.encode("latin-1")
    assert not target.startswith("/-/")
    return True


def test_what_does_not_go_together_is_said_with_the_next_step(tmp_path: Path) -> None:
    folder = home(tmp_path / "home")
    newsroom = home_at(tmp_path / "newsroom").home.path
    assert "Choose one" in refused(folder, "nginx", "--direct", "--authz")
    assert "goes with --authz" in refused(folder, "nginx", "--folder", "/srv/site")
    assert "Set [origin] url" in refused(newsroom, "caddy", "--authz")
    assert "can't stand in a configuration" in refused(folder, "nginx", "--authz", "--folder", "/srv/my site;")
    assert "where the gate does" in refused(folder, "caddy", "--listen", "127.0.0.1:8080")
    assert "can't stand in a configuration" in refused(folder, "nginx", "--listen", "80; include /etc/passwd")
    (folder / "foldline.toml").write_text(
        (folder / "foldline.toml")
        .read_text(encoding="utf-8")
        .replace('url = "http://127.0.0.1:9000"', "mounted = true"),
        encoding="utf-8",
    )
    assert "docs/mounted.md" in refused(folder, "nginx")


def test_a_newsroom_has_recipes_too(tmp_path: Path) -> None:
    folder = home_at(tmp_path / "home").home.path
    for program in ("nginx", "caddy"):
        assert "foldline_gate" in printed(folder, program)
        assert "foldline_origin" not in printed(folder, program)


def test_a_purge_is_taken_from_every_host_that_a_gate_is_said_to_listen_on(tmp_path: Path) -> None:
    folder = home_at(tmp_path / "home").home.path
    gates = ("10.0.0.1:8080", "10.0.0.2:8080", "[2001:db8::7]:8080", "127.0.0.1:8081", "two.internal:8080")
    asked = [word for gate in gates for word in ("--gate", gate)]
    text = printed(folder, "nginx", "--cache", *asked)
    allowed = re.findall(r"^ +allow (\S+);", text, re.MULTILINE)
    assert allowed == ["127.0.0.1", "::1", "10.0.0.1", "10.0.0.2", "2001:db8::7"]
    # nginx takes no name there, and nobody elsewhere reaches loopback.
    assert "two.internal has no address here" in text
    assert "--purge" in text
    assert "--purge" not in printed(folder, "nginx", "--cache", "--purge", "10.0.0.9:8079", *asked)
    assert re.findall(r"^ +allow (\S+);", printed(folder, "nginx", "--cache"), re.MULTILINE) == ["127.0.0.1", "::1"]


def test_more_proxies_of_ours_are_counted_from_our_side(tmp_path: Path) -> None:
    folder = home(tmp_path / "home", "\n[listen]\nhops = 2\n")
    assert "X-Forwarded-For $proxy_add_x_forwarded_for;" in printed(folder, "nginx")
    assert "X-Real-IP $foldline_client;" in printed(folder, "nginx", "--direct")
    assert 'X-Forwarded-For "{http.request.header.X-Forwarded-For}, {remote_host}"' in printed(folder, "caddy")
    assert "hops = 1" in printed(home(tmp_path / "none", "\n[listen]\nhops = 0\n"), "nginx")


@pytest.mark.parametrize("program", ["nginx", "caddy"])
def test_behind_another_proxy_the_origin_is_told_the_address_that_the_outermost_saw(
    paper: Paper, site: object, program: str
) -> None:
    settings = paper.home.settings_file
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("hops = 1", "hops = 2"), encoding="utf-8")
    site.asked.clear()  # type: ignore[attr-defined]
    try:
        with proxy(paper, program, "--direct") as client:
            for said, seen in (("192.0.2.7", "192.0.2.7"), ("198.51.100.1, 192.0.2.7", "192.0.2.7"), ("x", "unknown")):
                client.ask("GET", b"/tags/x", ((b"X-Forwarded-For", said.encode()),))
                _, _, fields = site.asked[-1]  # type: ignore[attr-defined]
                assert (fields["x-forwarded-for"], fields["x-real-ip"]) == (seen, seen), said
    finally:
        settings.write_text(text, encoding="utf-8")


def test_the_unit_in_deploy_is_the_recipes(tmp_path: Path) -> None:
    values = {"home": "/var/lib/foldline", "program": "/opt/foldline/.venv/bin/foldline", "user": "foldline"}
    text = filled("foldline.service", **values, state="foldline", in_a_home=False)
    assert (ROOT / "deploy" / "foldline.service").read_text(encoding="utf-8") == text
    assert f"ReadWritePaths={tmp_path / 'home'}" in printed(home(tmp_path / "home"), "systemd")


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("MISSING systemd-analyze: apt-get install systemd")
    program = tmp_path / "foldline"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    unit = tmp_path / "foldline.service"
    unit.write_text(printed(home(tmp_path / "home"), "systemd", "--program", str(program)), encoding="utf-8")
    said = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stderr) == (0, "")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with a certificate of this run's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    signed = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False).sign(key, hashes.SHA256())
    (tmp_path / "fullchain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    pem, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    (tmp_path / "privkey.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_password))
    return tmp_path


#: Where the recipes listen for readers, and what a test puts there.
PORTS = {
    "nginx": (
        ("listen 443 ssl http2;", "listen 127.0.0.1:{tls} ssl http2;"),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("listen 80;", "listen 127.0.0.1:{plain};"),
        ("    listen [::]:80;\n", ""),
    ),
    "caddy": (
        ("admin off\n", "admin off\n\thttp_port {plain}\n\thttps_port {tls}\n\tdefault_bind 127.0.0.1\n"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("program", ["nginx", "caddy"])
def test_with_tls_it_serves_its_host_leads_plain_http_to_it_and_knows_no_other(
    paper: Paper, certificate: Path, program: str
) -> None:
    tls, plain = free_port(), free_port()
    faults = [(stands, put.format(tls=tls, plain=plain)) for stands, put in PORTS[program]]
    with proxy(paper, program, "--certificate", str(certificate), faults=faults, port=tls):
        assert asked_by_tls(tls, HOST, BRIDGE) == (200, False)
        assert asked_by_tls(tls, HOST, BRIDGE, paper.registered) == (200, True)
        assert asked_by_tls(tls, "other.example", BRIDGE)[0] == 421
        status, location = asked_plainly(plain)
        assert (status, location.replace(f":{tls}", "")) == (308, f"https://{HOST}{BRIDGE}?a=1")


def asked_by_tls(port: int, host: str, path: str, fields: object = ()) -> tuple[int, bool]:
    """(status, whether the rest is there), asked by a browser that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    lines = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in fields)  # type: ignore[attr-defined]
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as wire,
    ):
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(1 << 16), b""))
    return int(answer.split(b" ")[1]), TOKENS[BRIDGE] in answer


def asked_plainly(port: int) -> tuple[int, str]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(f"GET {BRIDGE}?a=1 HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(1 << 16), b"")).decode("latin-1")
    fields = dict(line.split(": ", 1) for line in answer.split("\r\n\r\n")[0].split("\r\n")[1:])
    return int(answer.split(" ")[1]), fields.get("Location", "")


@pytest.mark.parametrize("program", ["nginx", "caddy"])
@pytest.mark.parametrize("shape", [(), ("--direct",), ("--authz",)], ids=["gate", "direct", "authz"])
def test_while_the_gate_is_down_a_plain_page_says_so_and_nothing_of_an_article(
    stopped: Paper, program: str, shape: tuple[str, ...]
) -> None:
    with proxy(stopped, program, *shape) as client:
        for carries in ((), stopped.registered, stopped.subscriber):
            for path in (BRIDGE, "/feed/", "/-/me", "/nothing"):
                answer = client.ask("GET", path.encode(), carries)
                assert answer.status == 503, path
                assert body_of(answer) == b"This page can't be read now. Please try again.\n", path
                assert answer.header(b"cache-control") == b"no-store"
                assert answer.header(b"retry-after") == b"5"
                assert answer.header(b"content-type") == b"text/plain; charset=utf-8"


@pytest.fixture(scope="module")
def stopped(paper: Paper) -> Iterator[Paper]:
    """The same paper, at a port where nobody listens any more."""
    text = paper.home.settings_file.read_text(encoding="utf-8")
    port = paper.gate.address[1]
    paper.home.settings_file.write_text(text.replace(f"port = {port}", f"port = {free_port()}"), encoding="utf-8")
    try:
        yield paper
    finally:
        paper.home.settings_file.write_text(text, encoding="utf-8")


def test_every_program_that_is_tried_is_among_the_packages() -> None:
    script = (ROOT / "scripts" / "system-packages").read_text(encoding="utf-8")
    assert [package for _, package in PROGRAMS.values() if package not in script] == []
    assert "php-cli" in script
    assert os.access(ROOT / "scripts" / "system-packages", os.X_OK)
