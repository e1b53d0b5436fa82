"""A short text beside a database, for whoever starts while the database is away."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from pathlib import Path

log = logging.getLogger(__name__)


def read_small(path: Path) -> str | None:
    """The text; None where there is none, or none that can be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def keep_small(path: Path, text: str) -> None:
    """Write the text, whole or not at all. A disk that takes nothing costs a line in the log."""
    if read_small(path) == text:
        return
    try:
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        log.warning("%s: %s", path, error)
