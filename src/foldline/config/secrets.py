"""The publication's secrets: which signs, which still verify, and which are revoked."""

from __future__ import annotations

from collections.abc import Mapping

from foldline.errors import Problem
from foldline.stores.home import Home

SECRET_MINIMUM = 32

#: What stands before a secret that proves nothing any more.
REVOKED = "revoked "


def read_secrets(
    home: Home, environ: Mapping[str, str], problems: list[Problem]
) -> tuple[tuple[bytes, ...], frozenset[bytes]]:
    """The secrets, newest first: the first signs, the others still verify (rotation with overlap). Then those among
    them that are marked as revoked, which go to the end."""
    hint = "Make one with `openssl rand -base64 48`, and set FOLDLINE_SECRET or write it as the first line of `secret`."
    where = "FOLDLINE_SECRET"
    lines = [environ[where]] if environ.get(where) else []
    if not lines and home.secret_file.exists():
        where = str(home.secret_file)
        try:
            text = home.secret_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            problems.append(Problem("FL010", "the secret is not a readable text", where, hint))
            return (), frozenset()
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if home.secret_file.stat().st_mode & 0o077:
            problems.append(Problem("FL012", "other users can read the secret", where, "Run `chmod 600` on it."))
    marked = [line.removeprefix(REVOKED).strip() for line in lines if line.startswith(REVOKED)]
    good = [line for line in lines if not line.startswith(REVOKED) and line not in marked]
    if not good:
        what = "every secret is revoked" if marked else "there is no secret"
        problems.append(Problem("FL010", what, where, hint))
    for line in (*good, *marked):
        if len(line.encode()) < SECRET_MINIMUM:
            short = f"the secret is shorter than {SECRET_MINIMUM} bytes"
            problems.append(Problem("FL011", short, where, hint))
    return tuple(line.encode() for line in (*good, *marked)), frozenset(line.encode() for line in marked)
