"""As whom the gate asks an application for an article: as nobody of its readers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

from foldline.sources.origin.headers import OUR_FIELDS, Fields

#: Stands in the environ, or the scope, of a question of the gate's own, and in no other. No client can send it.
MARK = "foldline.asks"

#: An address that nobody has.
NOBODY = "0.0.0.0"  # noqa: S104 - an unknown address, not a bind


@dataclass(frozen=True, slots=True)
class Place:
    """Where an application stands: the publication's address, and the path that it is mounted under, "" for none."""

    url: str
    mount: str = ""

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def server(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    def under_mount(self, path: bytes) -> bytes:
        """A decoded path without the part that the application is mounted under.

        Raises:
            ValueError: it does not lie there.
        """
        mount = self.mount.encode()
        if not path.startswith(mount) or path[len(mount) :][:1] not in (b"/", b""):
            raise ValueError("not a path of this application")
        return path[len(mount) :]


def split_target(target: bytes) -> tuple[bytes, bytes, bytes]:
    """A target's raw path, its decoded path and its query."""
    raw, _, query = target.partition(b"?")
    return raw, unquote_to_bytes(raw), query


def own_fields(fields: Fields) -> list[tuple[bytes, bytes]]:
    """The fields of a question without the secret: nobody on the way can take this one for another's."""
    return [(name, value) for name, value in fields if not name.startswith(OUR_FIELDS)]
