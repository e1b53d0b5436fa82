"""`foldline audit URL`: what a site, ours or anybody's, gives away of its articles to who may not read them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foldline.cli.audit_report import tell
from foldline.cli.home import home_option, settings_of
from foldline.cli.progress import bars
from foldline.errors import FoldlineError

if TYPE_CHECKING:
    from foldline.proof.audit.twin import Editor

#: Articles that are audited in one run, at most.
MOST_ARTICLES = 50


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed."""

    url: str
    article: tuple[str, ...]
    articles: Path | None
    sample: int
    cookie_file: Path | None
    stranger_cookie_file: Path | None
    closed: str
    public: Path | None
    rate: float
    most: int
    minutes: float
    stop_file: Path | None
    twin: bool
    edit_hook: str
    may_differ: tuple[str, ...]
    as_if_gated: bool
    home: Path | None
    key_file: Path | None
    json_file: Path | None
    html_file: Path | None


_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("url")
@click.option("--article", multiple=True, metavar="PATH", help="An article that is not free. May be repeated.")
@click.option("--articles", type=_FILE, help="A file of them, one in each line.")
@click.option(
    "--sample", type=click.IntRange(0, MOST_ARTICLES), default=0, help="So many from the sitemap or the feed."
)
@click.option("--cookie-file", type=_FILE, help="A subscriber's cookie: a file that only you can read.")
@click.option(
    "--stranger-cookie-file", type=_FILE, help="The cookie of a reader who may not read, as with a spent meter."
)
@click.option("--closed", default="", metavar="SELECTOR", help="What of a subscriber's page only subscribers may read.")
@click.option("--public", type=_FILE, help="A file of texts that everybody may read, wherever they stand.")
@click.option(
    "--rate", type=click.FloatRange(0.01, 1000), default=None, help="Questions a second (off loopback 2 at most)."
)
@click.option("--most", type=click.IntRange(10, 100_000), default=3000, show_default=True, help="Questions at most.")
@click.option("--minutes", type=click.FloatRange(0.1, 1440), default=60, show_default=True, help="Minutes at most.")
@click.option("--stop-file", type=_FILE, help="While this file is there, nothing is asked.")
@click.option("--twin", is_flag=True, help="Ask about two versions of the closed text, and compare every byte.")
@click.option(
    "--edit-hook", default="", metavar="CMD", help="With --twin: CMD change and CMD restore edit the articles."
)
@click.option("--may-differ", multiple=True, metavar="FIELD", help="With --twin: a field that may differ. Repeatable.")
@click.option(
    "--as-if-gated", is_flag=True, help="Of a site of this home that stands in shadow: what gated it would send."
)
@click.option("--key-file", type=_FILE, help="The key that makes tokens of ownership (default: one for this machine).")
@click.option("--json", "json_file", type=_FILE, help="Write the report as JSON; - prints it.")
@click.option("--html", "html_file", type=_FILE, help="Write the report as one page.")
@home_option
def audit(**typed: Any) -> None:
    """Ask the site at URL for articles that are not free, as a stranger, in every way that is known to give them away.

    Only for your own site: off this machine it must hold a token, which the first run prints. At most two questions a
    second are asked, of its own host alone. Exit code 0: nothing found. 1: found. 2: it could not be done.
    """
    if typed["twin"] and not typed["edit_hook"] and not sys.stdin.isatty():
        raise click.UsageError("--twin needs --edit-hook CMD, or a terminal where a person edits.")
    if typed["edit_hook"] and not typed["twin"]:
        raise click.UsageError("--edit-hook is for --twin.")
    options = Options(**{**typed, "rate": typed["rate"] or 0.0})
    try:
        code = run(options)
    except FoldlineError as error:
        click.echo(str(error), err=True)
        code = 2
    sys.exit(code)


def run(options: Options) -> int:
    """The audit and its reports; the exit code.

    Raises:
        FoldlineError: it can't begin.
    """
    # Parsers and resolvers are heavy, and no other verb needs them.
    from foldline.proof.audit.as_data import report_data
    from foldline.proof.audit.run import Audit

    held: list[Audit] = []
    quiet = options.json_file == Path("-")
    try:
        with bars() as bar:
            asyncio.run(_audited(options, held, bar("Auditing")))
    except KeyboardInterrupt:
        if not held:
            raise
        held[0].break_off("a person broke it off")
    report = held[0].report
    data = json.dumps(report_data(report), ensure_ascii=False, indent=1)
    if quiet:
        click.echo(data)
    elif options.json_file is not None:
        options.json_file.write_text(f"{data}\n", encoding="utf-8")
    if options.html_file is not None:
        from foldline.proof.audit.html import report_page

        options.html_file.write_text(report_page(report), encoding="utf-8")
    if not quiet:
        tell(report)
    return report.code


async def _audited(options: Options, held: list[Any], step: Callable[[int, int], None]) -> None:
    from foldline.proof.audit.asking import Bounds, arrive
    from foldline.proof.audit.cookie_file import read_cookie
    from foldline.proof.audit.ownership import key_file, prove, token_of
    from foldline.proof.audit.run import Audit, Wish
    from foldline.proof.audit.samples import articles_of

    bounds = Bounds(questions=options.most, seconds=options.minutes * 60, rate=options.rate)
    try:
        visitor = await arrive(options.url, bounds, stop_file=options.stop_file)
    except ValueError as error:
        raise click.UsageError(f"{options.url}: {error}.") from error
    try:
        host = visitor.place.host
        cookies = [
            read_cookie(file, host) if file is not None else ""
            for file in (options.cookie_file, options.stranger_cookie_file)
        ]
        if not visitor.loopback:
            await prove(visitor, token_of(host, options.key_file or key_file()))
        named = [*options.article, *_lines(options.articles)]
        paths, spare = await articles_of(visitor, named, options.sample)
        public = (options.public.read_text(encoding="utf-8"),) if options.public is not None else ()
        kept = tuple(paths[:MOST_ARTICLES])
        editor = _editor(options, visitor.place.url) if options.twin else None
        declared = tuple(name.lower() for name in options.may_differ)
        token = _token(options, visitor.place.netloc) if options.as_if_gated else ""
        wish = Wish(
            kept, cookies[0], cookies[1], options.closed, public, token, editor, declared, tuple(spare), options.sample
        )
        one = Audit(visitor, wish)
        held.append(one)
        visitor.told = lambda what: step(visitor.asked, visitor.asked + one.planned)
        await one.run()
    finally:
        visitor.close()


def _token(options: Options, host: str) -> str:
    """What only somebody with the home's secret can sign: that a site in shadow is to answer as if it were gated."""
    from foldline.clock import SystemClock
    from foldline.signed import as_if_gated
    from foldline.signed.keys import Keyring

    settings = settings_of(options.home)
    if settings.host != host:
        raise click.UsageError(f"--as-if-gated: this home is of {settings.host}, and {host} is asked. See --home.")
    lasts = min(int(options.minutes * 60) + 300, as_if_gated.LONGEST)
    return as_if_gated.sign(
        Keyring(settings.secrets, settings.host, settings.revoked), int(SystemClock().now()) + lasts
    )


class _Person:
    """Somebody at a terminal, who edits by hand."""

    async def change(self, paths: Sequence[str]) -> None:
        self._wait("Change what is closed of these articles (another text, longer or shorter), and nothing else", paths)

    async def restore(self, paths: Sequence[str]) -> None:
        self._wait("Change these articles back", paths)

    def _wait(self, what: str, paths: Sequence[str]) -> None:
        click.echo(f"{what}: {', '.join(paths)}.", err=True)
        click.pause("Press a key when readers see it.", err=True)


def _editor(options: Options, url: str) -> Editor:
    from foldline.proof.audit.twin import Hook

    return Hook(options.edit_hook, url) if options.edit_hook else _Person()


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
