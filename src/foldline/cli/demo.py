"""`foldline demo`: a small newspaper on loopback, with readers of every kind, and nothing to set up."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import socket
import subprocess
import sys
import time
import webbrowser
from pathlib import Path

import click

from foldline.cli.home import given_address, ready_django
from foldline.config import Settings, load
from foldline.errors import ConfigurationError, Problem
from foldline.server.supervisor import Supervisor, listen
from foldline.site.billing.providers import REAL_KEYS, TILL
from foldline.stores.database import is_made
from foldline.stores.home import Home
from foldline.stores.records import PublicStore
from foldline.stores.rule_sets import RuleSetStore

LOOPBACK = "127.0.0.1"
KINDS = ("anonymous", "registered", "subscriber", "lapsed", "googlebot")

#: The demo runs on a secret that it makes for itself; whoever sets one of these means a real publication.
REAL = ("FOLDLINE_SECRET", "FOLDLINE_MAIL_PASSWORD", "FOLDLINE_DATABASE", *REAL_KEYS)

SETTINGS = """\
# Written by `foldline demo`.
[publication]
name = "The Fold"
url = "{url}"
tagline = "A small newspaper about how things work"
language = "en"
zone = "America/New_York"

[plan.month]
name = "All of The Fold"
amount = "4.00"
currency = "eur"

[plan.year]
name = "All of The Fold for a year"
amount = "40.00"
currency = "eur"
interval = "year"
promotion-codes = true

[meter]
limit = 3

[listen]
port = {port}
workers = {workers}

[desk]
port = {desk}
{database}"""


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), default=None, help="Where the demo keeps files."
)
@click.option("--no-open", is_flag=True, help="Don't open a browser.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when it serves, and nothing else.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many gate workers.")
@click.option("--database", metavar="URL", help="A PostgreSQL for it, empty or the demo's own (default: files).")
@click.option("--with-leak", metavar="NAME", help="Behind a wall with one hole, for `foldline audit`; list names them.")
def demo(
    port: int,
    home: Path | None,
    no_open: bool,
    as_json: bool,
    workers: int,
    database: str | None,
    with_leak: str | None,
) -> None:
    """Serve a demo newspaper on this machine. No keys are asked for, and nothing is sent anywhere."""
    refuse_real_keys()
    if with_leak is not None:
        refuse_unknown_leak(with_leak)
    place = Home((home or _default_home()).resolve())
    front = listen(LOOPBACK, port, "--port")
    gate = front if with_leak is None else listen(LOOPBACK, 0, "gate")
    desk, till = listen(LOOPBACK, 0, "desk"), listen(LOOPBACK, 0, "till")
    os.environ[TILL] = f"http://{LOOPBACK}:{till.getsockname()[1]}"
    settings = write_settings(place, front.getsockname()[1], desk.getsockname()[1], workers, database)
    seed(settings)

    def ready() -> None:
        if with_leak is not None:
            leaky_wall(settings, front, gate.getsockname()[1], with_leak)
        facts = what_runs(settings)
        if with_leak is not None:
            facts["leak"] = about_leak(settings, with_leak, gate.getsockname()[1])
        if as_json:
            click.echo(json.dumps(facts))
        else:
            welcome(settings, facts)
        if not no_open and not as_json:
            webbrowser.open(settings.publication.url)

    Supervisor(settings, os.environ, gate, desk, till).run(ready)


def refuse_unknown_leak(name: str) -> None:
    """Prints the names and ends, or raises click.BadParameter."""
    from foldline.server.demo.leaks import LEAKS

    if name == "list":
        for known, leak in LEAKS.items():
            click.echo(f"{known:<16} {leak.vector}  {leak.what}")
        sys.exit(0)
    if name not in LEAKS:
        raise click.BadParameter(f"there is no leak {name!r}: {', '.join(LEAKS)}.", param_hint="--with-leak")


def about_leak(settings: Settings, name: str, gate: int) -> dict[str, object]:
    """What `--json` prints of a leak: what an audit calls it, where the gate itself listens, and how a hook of
    `foldline audit --twin` puts the second version in place."""
    from foldline.server.demo.leaks import LEAKS, ONLY_TWIN
    from foldline.server.demo.leaky import other_text

    hook = shlex.join([sys.executable, "-m", "foldline.server.demo.other_text", str(other_text(settings.home))])
    named = LEAKS[name]
    return {
        "name": name,
        "vector": named.vector,
        "what": named.what,
        "twin": name in ONLY_TWIN,
        "gate": f"http://{LOOPBACK}:{gate}",
        "edit_hook": hook,
    }


def leaky_wall(settings: Settings, front: socket.socket, gate: int, name: str) -> subprocess.Popen[bytes]:
    """Start the wall with a hole before the gate. It ends with this process."""
    from foldline.server.demo.leaky import GATE, LEAK

    ours = {
        "FOLDLINE_HOME": str(settings.home.path),
        "FOLDLINE_LISTEN_FD": str(front.fileno()),
        GATE: str(gate),
        LEAK: name,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "foldline.server.demo.leaky"], env={**os.environ, **ours}, pass_fds=(front.fileno(),)
    )


def refuse_real_keys() -> None:
    """The demo signs anybody in as anybody: it must never hold what a real publication holds.

    Raises:
        ConfigurationError: FL050, a real key is in the environment.
    """
    found = [name for name in REAL if os.environ.get(name)]
    if found:
        hint = "Unset it; the demo makes its own."
        raise ConfigurationError((Problem("FL050", "the demo refuses real keys", ", ".join(found), hint),))


def refuse_real_home(home: Home) -> None:
    """The demo writes its own settings and lets everybody in: only into a folder that is empty or its own.

    Raises:
        ConfigurationError: FL051, somebody else's files are there.
    """
    try:
        first = home.settings_file.read_text(encoding="utf-8").splitlines()[:1]
    except FileNotFoundError:
        first = [] if not home.path.exists() or not any(home.path.iterdir()) else ["somebody else's"]
    except (OSError, UnicodeDecodeError):
        first = ["somebody else's"]
    if first and first != SETTINGS.splitlines()[:1]:
        hint = "Name an empty folder with --home, or one that the demo made."
        raise ConfigurationError((Problem("FL051", "this folder is not the demo's", str(home.path), hint),))


def refuse_real_database(home: Home, database: str) -> str:
    """What the demo's settings say of a database: one that is empty, or that this folder has had before.

    Raises:
        ConfigurationError: FL051, somebody else's tables are there; FL341, the address holds a password.
    """
    said = f'\n[database]\nurl = "{given_address(database, "--database").url}"\n'
    own = home.settings_file.exists() and said in home.settings_file.read_text(encoding="utf-8")
    if not own and is_made(Home(home.path, given_address(database, "--database")).site_db):
        hint = "Name an empty database, or the one that this folder has had."
        raise ConfigurationError((Problem("FL051", "this database is not the demo's", "--database", hint),))
    return said


def write_settings(home: Home, port: int, desk: int, workers: int = 1, database: str | None = None) -> Settings:
    """The demo's settings, written anew each time; its secret is made once."""
    refuse_real_home(home)
    said = refuse_real_database(home, database) if database is not None else ""
    home.make()
    os.environ["FOLDLINE_DEMO"] = "1"
    url = f"http://{LOOPBACK}:{port}"
    text = SETTINGS.format(url=url, port=port, desk=desk, workers=workers, database=said)
    home.settings_file.write_text(text, encoding="utf-8")
    if not home.secret_file.exists():
        home.secret_file.touch(mode=0o600)
        home.secret_file.write_text(secrets.token_urlsafe(48) + "\n", encoding="utf-8")
    return load(home, os.environ)


def seed(settings: Settings) -> None:
    """Databases, invented readers and the newspaper's articles; quick where all of it is there already."""
    prepare = ready_django(settings)
    from foldline.server.demo.institutions import seed_institutions
    from foldline.server.demo.readers import seed_readers
    from foldline.site.newsroom.seed import seed_demo

    prepare.migrate(settings)
    seed_rules(settings)
    seed_readers()
    seed_institutions()
    seed_demo(Path(__file__).parents[1] / "server" / "demo")
    prepare.publish_again()


def seed_rules(settings: Settings) -> None:
    """The demo's rules, published once. What somebody publishes in their place stays."""
    if not settings.home.rules_file.exists():
        text = (Path(__file__).parents[1] / "server" / "demo" / "rules.toml").read_text(encoding="utf-8")
        settings.home.rules_file.write_text(text, encoding="utf-8")
    text = settings.home.rules_file.read_text(encoding="utf-8")
    with RuleSetStore(settings.home) as sets:
        if sets.active() is None:
            sets.publish(text, "foldline demo", "the demo's own rules", int(time.time()))


def what_runs(settings: Settings) -> dict[str, object]:
    """What `--json` prints."""
    base = f"{settings.publication.url}{settings.publication.prefix}"
    articles = PublicStore(settings.home).article_paths()
    return {
        "url": f"{settings.publication.url}/",
        "desk": f"http://{settings.desk[0]}:{settings.desk[1]}/",
        "mail": f"{base}demo/mail",
        "till": f"{os.environ[TILL]}/",
        "articles": [{"path": path, "access": access} for path, access in articles],
        "readers": [{"kind": kind, "sign_in": f"{base}demo/become/{kind}"} for kind in KINDS],
    }


def welcome(settings: Settings, facts: dict[str, object]) -> None:
    """What a person sees on the terminal."""
    articles = PublicStore(settings.home).article_paths()
    closed = next((path for path, access in articles if access == "subscribers"), "/")
    click.echo(f"\n{settings.publication.name}, a newspaper of {len(articles)} articles\n")
    click.echo(f"  read    {facts['url']}")
    click.echo(f"  desk    {facts['desk']}")
    click.echo(f"  mail    {facts['mail']}")
    click.echo(f"  till    {facts['till']}")
    click.echo(f"  readers {', '.join(KINDS)}: choose in the bar on each page")
    if isinstance(leak := facts.get("leak"), dict):
        click.echo(
            f"\nA wall with one hole stands before it ({leak['name']}): the rest gets out {leak['what']}. Find it:\n"
        )
        click.echo(f"  foldline audit {settings.publication.url} --article {closed} --cookie-file FILE\n")
    else:
        click.echo("\nNothing below the fold is in a page that was not opened. Look for yourself:\n")
        click.echo(f"  curl -s {settings.publication.url}{closed}\n")
    click.echo("Ctrl-C ends it.")


def _default_home() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "foldline-demo"
