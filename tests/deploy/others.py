"""Machines of others, on loopback: a name server, a mail host, and a proxy with a certificate."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass
class NameServer:
    """Answers for TXT records; with `silent` it answers nothing."""

    address: str
    records: dict[str, list[str]] = field(default_factory=dict)
    silent: bool = False


@contextmanager
def name_server(records: Mapping[str, list[str]]) -> Iterator[NameServer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(0.05)
        server = NameServer(f"127.0.0.1:{line.getsockname()[1]}", dict(records))
        over = threading.Event()
        thread = threading.Thread(target=_answer, args=(server, line, over))
        thread.start()
        try:
            yield server
        finally:
            over.set()
            thread.join()


def _answer(server: NameServer, line: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        try:
            asked, who = line.recvfrom(4096)
        except TimeoutError:
            continue
        if server.silent:
            continue
        question = dns.message.from_wire(asked)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        name = question.question[0].name.to_text().rstrip(".")
        found = server.records.get(name)
        if found is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            # In strings of 255 letters at most, as long keys are published.
            texts = [" ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255)) for text in found]
            answer.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "TXT", *texts))
        line.sendto(answer.to_wire(), who)


@dataclass
class Proxy:
    """What stands at the public address. `fields` stand on each answer, `body` is what `/-/live` says."""

    address: str
    fields: dict[str, str]
    body: bytes = b"live\n"
    status: int = 200
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def proxy_with_tls(folder: Path, name: str, *, days: float = 60, authority: Path | None = None) -> Iterator[Proxy]:
    """A server with a certificate for `name`. That of who signed it is written as `authority`, to be believed."""
    certificate = _certified(folder, name, days, authority)
    proxy = Proxy("", {"Date": formatdate(usegmt=True), "Strict-Transport-Security": "max-age=31536000"})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            proxy.asked.append((self.path, self.headers["Host"]))
            self.send_response_only(proxy.status)
            for one, value in proxy.fields.items():
                self.send_header(one, value)
            self.send_header("Content-Length", str(len(proxy.body)))
            self.end_headers()
            self.wfile.write(proxy.body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    plain = server.socket
    server.socket = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
    proxy.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certified(folder: Path, name: str, days: float, authority: Path | None) -> Path:
    now = datetime.now(UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of this test")])
    begun, ends = now - timedelta(days=90), now + timedelta(days=days)

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey, until: datetime) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(root_name).public_key(public)
        return made.serial_number(x509.random_serial_number()).not_valid_before(begun).not_valid_after(until)

    root = build(root_name, root_key.public_key(), now + timedelta(days=900))
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    root = root.add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
    signed_root = root.sign(root_key, hashes.SHA256())
    try:
        general: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        general = x509.DNSName(name)
    leaf = build(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key(), ends)
    leaf = leaf.add_extension(x509.SubjectAlternativeName([general]), critical=False)
    leaf = leaf.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
    path = folder / "proxy.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + leaf.sign(root_key, hashes.SHA256()).public_bytes(Encoding.PEM)
    )
    (authority or folder / "authority.pem").write_bytes(signed_root.public_bytes(Encoding.PEM))
    return path
