"""Whoever has a site audited shows that it is theirs: by a file on it, or by a record of its name.

An audit asks for much that an attacker would ask for. Off this machine it is refused without this proof.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

import dns.exception
import dns.resolver

from foldline.errors import ConfigurationError, Problem
from foldline.proof.audit.asking import Visitor
from foldline.proof.audit.probes import ask
from foldline.sources.survey.hosts import NoSuchSite

PATH = "/.well-known/foldline-audit.txt"
RECORD = "_foldline-audit"
_SIZE = 32
_PATIENCE = 5.0

#: The texts of a name's TXT records.
Records = Callable[[str], Iterable[str]]


def key_file() -> Path:
    """Where this machine's key lies: it makes the tokens, one for each host."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "foldline" / "audit.key"


def token_of(host: str, file: Path) -> str:
    """The line that proves a host to be somebody's who has this key. The key is made once.

    Raises:
        ConfigurationError: FL330, the key can't be read or made.
    """
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as made:
                made.write(secrets.token_bytes(_SIZE))
        key = file.read_bytes()
    except OSError as error:
        what = f"the key that makes tokens can't be read or made ({error.strerror})"
        raise ConfigurationError(
            (Problem("FL330", what, str(file), "Name another place: --key-file FILE."),)
        ) from error
    if len(key) < _SIZE:
        what = "the key that makes tokens is damaged"
        raise ConfigurationError((Problem("FL330", what, str(file), "Delete it; the next run makes one."),))
    return "foldline-audit=" + hmac.new(key, host.lower().encode(), hashlib.sha256).hexdigest()[:40]


async def prove(visitor: Visitor, token: str, records: Records | None = None) -> str:
    """How the site was shown to be the asker's: `loopback`, `file` or `record`.

    Raises:
        ConfigurationError: FL330, it was not.
        NoSuchSite: nothing answers there, or its certificate is not good.
        Stopped: the site wants no questions.
    """
    if visitor.loopback:
        return "loopback"
    reply = await visitor.ask(ask(PATH))
    if reply.failed:
        raise NoSuchSite(f"{visitor.place.url} does not answer as a site does ({reply.failed}). Does it run?")
    if reply.status == 200 and _says(reply.text.splitlines()[:50], token):
        return "file"
    name = f"{RECORD}.{visitor.place.host}"
    if _says((records or txt_records)(name), token):
        return "record"
    what = "nobody showed that this site is theirs to audit"
    hint = f"Put the line {token} into {visitor.place.url}{PATH}, or into a TXT record of {name}, and ask again."
    raise ConfigurationError((Problem("FL330", what, visitor.place.url, hint),))


def txt_records(name: str) -> list[str]:
    """What a name's TXT records say; nothing where nobody answers."""
    try:
        answer = dns.resolver.Resolver().resolve(name, "TXT", lifetime=_PATIENCE, search=False)
    except (dns.exception.DNSException, OSError):
        return []
    return [b"".join(record.strings).decode("latin-1") for record in answer]


def _says(lines: Iterable[str], token: str) -> bool:
    return any(hmac.compare_digest(line.strip().encode(), token.encode()) for line in lines)
