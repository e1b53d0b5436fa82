"""The machine: room on the disk, who may read the home folder, the secret, what listens where, workers and cores."""

from __future__ import annotations

import ipaddress
import math
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from foldline.config import Settings
from foldline.errors import Problem
from foldline.server.deploy.asked import untried
from foldline.stores.home import Home

DAY = 86_400
#: Less room than this is filled by a day of events, a log or a backup.
LEAST_FREE, LEAST_SHARE = 1 << 30, 0.05
LEAST_INODES = 10_000
#: When sessions that an old line of the secret signed are over, and when a secret is old.
ROTATED, OLD = 180 * DAY, 2 * 365 * DAY
#: A text of 32 letters of which none can be guessed has more than this many bits by the letters that it holds.
LEAST_BITS = 90
#: A night's backup, and two hours.
BACKUP_AGE = 26 * 3600


def problems_of_the_machine(settings: Settings, now: float) -> Iterator[Problem]:
    """Everything about this machine."""
    yield from _disk(settings.home)
    yield from _home(settings.home)
    yield from _secrets(settings, now)
    yield from _listening(settings)
    cores = len(os.sched_getaffinity(0))
    if settings.workers > cores:
        what = f"{settings.workers} gate workers share {cores} {'core' if cores == 1 else 'cores'}"
        yield Problem("FL377", what, "[listen] workers", "One for each core is enough.")
    yield from _backup(settings.home, now)


def _disk(home: Home) -> Iterator[Problem]:
    used = shutil.disk_usage(home.path)
    free = used.free
    if free < LEAST_FREE or free < LEAST_SHARE * used.total:
        what = f"{free / 1e9:.1f} GB are free, {100 * free / used.total:.0f} % of the disk"
        yield Problem("FL371", what, str(home.path), "A full disk takes no sign-in, no spend and no event line.")
    nodes = os.statvfs(home.path)
    if nodes.f_files and nodes.f_favail < LEAST_INODES:
        what = f"the disk has room for {nodes.f_favail} more files"
        yield Problem("FL371", what, str(home.path), "Take away small files, or make another file system.")


def _home(home: Home) -> Iterator[Problem]:
    state = home.path.stat()
    if state.st_mode & 0o077:
        hint = f"Run `chmod 700 {home.path}`."
        yield Problem("FL372", "other users of this machine can read the home folder", str(home.path), hint)
    if state.st_uid != os.geteuid():
        hint = "Run Foldline, and this check, as the user whose folder it is."
        yield Problem("FL372", "the home folder belongs to somebody else", str(home.path), hint)
    for folder in (home.path, home.run, home.events, home.fetched_db.parent):
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            hint = "Give it back to the user that Foldline runs as, or mount it to be written."
            yield Problem("FL372", f"nothing can be written here: {error.strerror}", str(folder), hint)


def _secrets(settings: Settings, now: float) -> Iterator[Problem]:
    where = str(settings.home.secret_file)
    hint = "Make another with `openssl rand -base64 48`: docs/settings.md, the secret."
    for secret in settings.secrets:
        if _bits(secret) < LEAST_BITS:
            yield Problem("FL373", "a secret repeats itself, and could be guessed", where, hint)
    if len(set(settings.secrets)) < len(settings.secrets):
        yield Problem("FL373", "a secret stands there twice", where, "Keep one of the two lines.")
    if os.environ.get("FOLDLINE_SECRET") or not settings.home.secret_file.exists():
        return
    age = now - settings.home.secret_file.stat().st_mtime
    if len(settings.secrets) > 1 and age > ROTATED:
        what = f"a rotation was begun {age / DAY:.0f} days ago and not ended"
        yield Problem("FL373", what, where, "Every session is signed anew or over: take the old lines away.")
    elif age > OLD:
        yield Problem("FL373", f"the secret is {age / 365 / DAY:.0f} years old", where, "Rotate it: docs/settings.md.")


def _bits(secret: bytes) -> float:
    """What the letters of a secret could hold, at most, by how often each stands there (Shannon)."""
    counts = Counter(secret)
    return -sum(count * math.log2(count / len(secret)) for count in counts.values())


def _listening(settings: Settings) -> Iterator[Problem]:
    inside = "Publish it on loopback alone where this is a container; else listen on 127.0.0.1."
    if settings.origin is None or not settings.origin.mounted:
        host = settings.listen[0]
        if not _is_loopback(host):
            what = f"the gate listens on {host} without TLS"
            if settings.hops:
                what += ", and believes whoever reaches it about the address of readers"
            yield Problem("FL376", what, "[listen] host", inside)
    if not _is_loopback(settings.desk[0]):
        what = f"the desk listens on {settings.desk[0]}"
        yield Problem("FL376", what, "[desk] host", f"{inside} Reach it through a tunnel.")
    if settings.metrics is not None and not _is_private(settings.metrics[0]):
        yield Problem("FL376", f"metrics are told on {settings.metrics[0]}", "[metrics] listen", inside)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_private(host: str) -> bool:
    """Whether only machines of one network reach an address. `0.0.0.0` is every address of this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_private and not address.is_unspecified


def _backup(home: Home, now: float) -> Iterator[Problem]:
    try:
        at, _, place = home.last_backup.read_text(encoding="utf-8").strip().partition(" ")
        age = now - int(at)
    except (OSError, ValueError):
        hint = "Run `foldline backup DIR` each night: docs/backup.md. Whoever backs up otherwise may leave this."
        yield Problem("FL378", "there is no backup that `foldline backup` made", str(home.path), hint)
        return
    if age > BACKUP_AGE:
        yield Problem("FL378", f"the last backup is {age / 3600:.0f} hours old", place, "Look why the last one failed.")
    elif not Path(place).exists():
        hint = "Was it moved to another machine? That is well; this one can't look at it."
        yield untried("the last backup", f"{place} is not here", hint)
