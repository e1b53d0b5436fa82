"""A reader's cookie out of a file: as a browser sends it, or as browsers export them (cookies.txt)."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from foldline.errors import ConfigurationError, Problem

_MOST = 64 << 10
_PAIR = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x21-\x3a\x3c-\x7e]*")


def read_cookie(file: Path, host: str) -> str:
    """What the field Cookie says, from `name=value; name=value`, or from cookies.txt, of which this host's count.

    Raises:
        ConfigurationError: FL332, the file can't be read, others can read it, or it holds no cookie.
    """
    try:
        mode = file.stat().st_mode
        text = file.read_bytes()[:_MOST].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise _refused(file, f"the cookie can't be read ({why})", "Write it into a file of your own.") from error
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        raise _refused(file, "other users can read a subscriber's cookie", f"chmod 600 {file}")
    pairs = _exported(text, host) if "\t" in text else _as_sent(text)
    if not pairs:
        hint = "One line as a browser sends it (name=value; name=value), or a cookies.txt that names this host."
        raise _refused(file, f"there is no cookie for {host}", hint)
    return "; ".join(pairs)


def _as_sent(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "; ".join(line[7:].strip() if line.lower().startswith("cookie:") else line for line in lines)
    return [part for one in joined.split(";") if _PAIR.fullmatch(part := one.strip())]


def _exported(text: str, host: str) -> list[str]:
    """Netscape's form: domain, subdomains too, path, secure, end, name, value."""
    pairs = []
    for line in text.splitlines():
        fields = line.removeprefix("#HttpOnly_").split("\t")
        if len(fields) != 7 or line.startswith("# "):
            continue
        domain = fields[0].lstrip(".").lower()
        pair = f"{fields[5]}={fields[6].strip()}"
        if (host == domain or host.endswith(f".{domain}")) and _PAIR.fullmatch(pair):
            pairs.append(pair)
    return pairs


def _refused(file: Path, what: str, hint: str) -> ConfigurationError:
    return ConfigurationError((Problem("FL332", what, str(file), hint),))
