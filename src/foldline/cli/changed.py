"""`foldline changed`: what an origin's hook tells, told by hand or by a deploy script."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import click

from foldline.cli.home import home_option, settings_of
from foldline.config import Settings
from foldline.errors import FoldlineError

#: How long a gate elsewhere is waited for, in seconds.
PATIENCE = 15.0


@click.command()
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@click.option("--withdrawn", multiple=True, metavar="ADDRESS", help="For nobody any more: 410, until it is changed.")
@click.option("--all", "everything", is_flag=True, help="Any page may be another now. What is withdrawn stays so.")
@click.option("--gate", metavar="URL", help="Tell the gate of this publication elsewhere, with FOLDLINE_ORIGIN_SECRET.")
@click.option("--show", is_flag=True, help="List what is withdrawn.")
@home_option
def changed(
    addresses: tuple[str, ...],
    withdrawn: tuple[str, ...],
    everything: bool,
    gate: str | None,
    show: bool,
    home: Path | None,
) -> None:
    """Say that pages of the site behind the gate are others now, or withdrawn.

    An ADDRESS is a path or a whole URL. It is so in every gate worker within a second, and [caches] are purged.
    """
    if show:
        _show(settings_of(home))
        return
    if not (addresses or withdrawn or everything):
        raise click.UsageError("Name what has changed: an ADDRESS, --withdrawn ADDRESS or --all.")
    if everything and addresses:
        raise click.UsageError("--all names every page already: leave the addresses out.")
    told = {"changed": "all" if everything else list(addresses), "withdrawn": list(withdrawn)}
    body = json.dumps(told).encode()
    if gate is not None:
        click.echo(_tell_elsewhere(gate, body))
    else:
        _tell_here(settings_of(home), body)


def _tell_elsewhere(gate: str, body: bytes) -> str:
    """Tell a gate over HTTP, as an origin does. What it answered.

    Raises:
        FoldlineError: it does not answer, or refuses.
    """
    # Other verbs need none of it.
    from foldline.sources.origin.notice import SIGNATURE, sign

    secret = os.environ.get("FOLDLINE_ORIGIN_SECRET", "")
    parts = urlsplit(gate)
    if not secret:
        raise FoldlineError("There is no secret to sign with. Set FOLDLINE_ORIGIN_SECRET to the origin's.")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise FoldlineError(f"{gate!r} is no address of a gate. Write it as in https://valley-post.example.")
    path = parts.path if parts.path.strip("/") else "/-/changed"
    signature = sign(secret, body, int(time.time())).decode()
    headers = {"Content-Type": "application/json", SIGNATURE.decode(): signature}
    request = Request(f"{parts.scheme}://{parts.netloc}{path}", body, headers, method="POST")  # noqa: S310
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - the scheme was looked at
            return str(answer.read(2000).decode("utf-8", "replace")).strip()
    except HTTPError as error:
        with error:
            said = error.read(2000).decode("utf-8", "replace").strip()
        raise FoldlineError(f"The gate refuses with {error.code}: {said}") from error
    except (URLError, OSError) as error:
        raise FoldlineError(f"The gate at {gate} does not answer: {getattr(error, 'reason', error)}") from error


def _tell_here(settings: Settings, body: bytes) -> None:
    """Write it into this home, which works while the gate is down too, and purge its caches.

    Raises:
        FoldlineError: there is no origin, an address can't be taken, or a cache was not purged.
    """
    from foldline.server.purging import HEARD, pages_of, purge_all
    from foldline.server.telling import rows_of, tell
    from foldline.sources.origin.notice import NoticeRefused, read_notice

    if settings.origin is None:
        raise FoldlineError("There is no site behind this gate: [origin] url is empty.")
    try:
        notice = read_notice(body, settings.origin.surfaces, settings.publication.url)
    except NoticeRefused as error:
        raise FoldlineError(f"Nothing was told: {error}.") from error
    tell(settings.home, notice, time.time())
    click.echo(
        f"Told: {'all' if notice.everything else len(notice.changed)} changed, {len(notice.withdrawn)} withdrawn."
    )
    if not settings.purge:
        return
    stop = threading.Event()
    stop.wait(HEARD)
    wrong = purge_all(settings, pages_of(rows_of(notice)), stop)
    for cache in settings.purge:
        click.echo(f"{cache}: {wrong.get(cache) or 'purged'}")
    if wrong:
        raise FoldlineError("What such a cache holds runs out within a minute, while the gate answers: docs/caches.md.")


def _show(settings: Settings) -> None:
    from foldline.stores.fetched import FetchedPages

    paths = sorted(FetchedPages(settings.home).withdrawn())
    for path in paths:
        click.echo(path.decode("ascii"))
    if not paths:
        click.echo("Nothing is withdrawn.")
