"""The files that a page needs, named by their content, so that a browser may keep them for ever."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
_URL = re.compile(rb'url\("(?:fonts/)?([^"]+)"\)')


@dataclass(frozen=True, slots=True)
class Asset:
    """`gzip_body` is one deterministic gzip member, or None where compression would gain nothing (fonts)."""

    content_type: str
    body: bytes
    gzip_body: bytes | None


def asset_path(name: str, prefix: str = "/-/") -> str:
    """`foldline.css` -> `/-/static/foldline.0123456789ab.css`. Raises KeyError for a file that there is none of."""
    return f"{prefix}static/{_named()[name][0]}"


def load_assets(prefix: str = "/-/") -> dict[str, Asset]:
    """Every file by the path under which pages name it. All may be cached for ever (`immutable`)."""
    return {f"{prefix}static/{name}": asset for name, asset in _named().values()}


@cache
def _named() -> Mapping[str, tuple[str, Asset]]:
    folder = Path(__file__).parent / "assets"
    fonts = folder / "fonts"
    named = {item.name: _entry(item.name, item.read_bytes()) for item in _sorted(fonts) if item.name.endswith(".woff2")}
    for item in _sorted(folder):
        if item.is_file() and item.name.rpartition(".")[2] in _TYPES:
            named[item.name] = _entry(item.name, _with_hashed_urls(item.read_bytes(), named))
    return MappingProxyType(named)


def _sorted(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda item: item.name)


def _with_hashed_urls(body: bytes, named: Mapping[str, tuple[str, Asset]]) -> bytes:
    return _URL.sub(lambda url: b'url("%s")' % named[url[1].decode()][0].encode(), body)


def _entry(name: str, body: bytes) -> tuple[str, Asset]:
    stem, _, suffix = name.rpartition(".")
    packed = None if suffix == "woff2" else _gzip(body)
    return f"{stem}.{sha256(body).hexdigest()[:12]}.{suffix}", Asset(_TYPES[suffix], body, packed)


def _gzip(body: bytes) -> bytes:
    """One member without a time in it. (The module `gzip` costs each worker a third of a megabyte.)"""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()
