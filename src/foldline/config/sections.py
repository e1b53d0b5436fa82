"""What single sections of the settings stand for, with what the environment and files beside them say."""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from foldline.callers.crawlers import CRAWLERS
from foldline.config.secrets import SECRET_MINIMUM
from foldline.config.settings import OriginSettings, Provider
from foldline.config.tables import SIGN_IN
from foldline.errors import ConfigurationError, Problem
from foldline.pages.own_words import own_words
from foldline.pages.words import FALLBACK, LANGUAGES, Words, load_words
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.small_file import read_small
from foldline.syndication.machines import Machines, is_name

if TYPE_CHECKING:
    from foldline.sources.origin.surfaces import SurfaceMap

#: The longest name of a host, in characters.
LONGEST_HOST = 32

#: What each table `[sign-in.<name>]` must say. The secret comes from the environment only.
PROVIDER = ("label", "issuer", "client")


def at_its_database(home: Home, url: str, environ: Mapping[str, str], problems: list[Problem]) -> Home:
    """The home with the database that hosts share, if any, and what this host is called then. What it said already
    stays."""
    if home.database is None:
        home = replace(home, database=_database(home, url, environ, problems))
    if home.database is not None and not home.host:
        home = replace(home, host=_host_name(home, environ))
    return home


def _database(home: Home, url: str, environ: Mapping[str, str], problems: list[Problem]) -> Address | None:
    """Where hosts share a database: `FOLDLINE_DATABASE`, else what the settings say; None for the files of the home."""
    where = "FOLDLINE_DATABASE" if environ.get("FOLDLINE_DATABASE") else f"{home.settings_file} [database] url"
    text = environ.get("FOLDLINE_DATABASE") or url
    if not text:
        problems += _moved(home)
        return None
    try:
        found = Address.of(text)
        # Only a publication that lies in PostgreSQL pays for its driver.
        from foldline.stores.postgres_session import check_address

        check_address(found)
    except ValueError as error:
        hint = "Write it as in postgresql://foldline@db.example/foldline."
        problems.append(Problem("FL340", f"this is not the address of a database: {error}", where, hint))
        return None
    if found.password and where != "FOLDLINE_DATABASE":
        hint = "Set FOLDLINE_DATABASE_PASSWORD, or write it to a password file of PostgreSQL's (PGPASSFILE)."
        problems.append(Problem("FL341", "a password stands in the settings file", where, hint))
    return Address(found.url, environ.get("FOLDLINE_DATABASE_PASSWORD") or found.password)


def _moved(home: Home) -> list[Problem]:
    """FL359 where the files of the home were copied into a database, and nobody says which: what is written to them, or
    kept of them, would be of before."""
    if not os.path.lexists(home.moved):
        return []
    what = f"this publication was moved into {(read_small(home.moved) or 'a database').strip()}"
    hint = (
        "Set [database] url in foldline.toml, or FOLDLINE_DATABASE. To go back to the files as they were then, delete "
        f"{home.moved.name}."
    )
    return [Problem("FL359", what, str(home.moved), hint)]


def _host_name(home: Home, environ: Mapping[str, str]) -> str:
    """What a host is called where several share a database: `FOLDLINE_HOST_NAME`, else the machine's name with what
    tells two homes of one machine apart."""
    given = environ.get("FOLDLINE_HOST_NAME", "").strip()
    apart = hashlib.sha256(bytes(home.path)).hexdigest()[:6]
    return given[:LONGEST_HOST] or f"{socket.gethostname()[: LONGEST_HOST - 7]}-{apart}"


def secret_variable(name: str) -> str:
    """The variable that holds the secret of `[sign-in.<name>]`."""
    return f"FOLDLINE_SIGN_IN_{name.upper().replace('-', '_')}_SECRET"


def read_providers(
    given: object, environ: Mapping[str, str], where: str, problems: list[Problem]
) -> tuple[Provider, ...]:
    """Whoever else may say who a reader is, in the order of the file. `given` is what stands under `sign-in`, whatever
    it is."""
    found = []
    tables: Mapping[str, Any] = given if isinstance(given, dict) else {"": given}
    for name, table in tables.items():
        place = f"{where} [{SIGN_IN}.{name}]"
        named = isinstance(table, dict) and re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name) is not None
        told = {key: table[key] for key in PROVIDER if isinstance(table.get(key), str)} if named else {}
        if not named or not all(told.get(key) for key in PROVIDER) or set(table) - set(PROVIDER):
            hint = f"Write a name in small letters, and in its table the texts {', '.join(PROVIDER)} and nothing else."
            problems.append(Problem("FL035", "a way to sign in is incomplete", place, hint))
            continue
        if not _is_issuer(told["issuer"]):
            hint = "Write it as the provider does in its own configuration, as in https://id.example."
            problems.append(Problem("FL036", "the issuer is not an https address", place, hint))
        secret = environ.get(secret_variable(name), "")
        if not secret:
            hint = f"Set {secret_variable(name)}; it has no place in a file."
            problems.append(Problem("FL037", "a way to sign in has no secret", place, hint))
        found.append(Provider(name=name, secret=secret, **told))
    return tuple(found)


def _is_issuer(address: str) -> bool:
    """Whether this can be an issuer (OpenID Connect Core, 2): https, no query, no fragment; http on loopback alone."""
    if not re.fullmatch(r"https?://[!-~]+", address) or len(address) > 200:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    plain = bool(parts.hostname) and not parts.query and not parts.fragment and "@" not in parts.netloc
    return plain and (parts.scheme == "https" or loopback)


def read_origin(
    home: Home, tables: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str], problems: list[Problem]
) -> OriginSettings | None:
    """The site behind the gate; None where there is none."""
    table, where = tables["origin"], str(home.settings_file)
    if not table["url"] and not table["mounted"]:
        return None
    # Only a site behind the gate pays for what reads its settings: memory of every worker.
    from foldline.fold.cut import FoldRule
    from foldline.fold.page.spec import FoldSpec
    from foldline.sources.origin.client import Address
    from foldline.sources.origin.surface_file import PROFILES, profile, read_map

    found: list[Problem] = []
    if table["url"] and table["mounted"]:
        hint = "Take the url away where the gate runs inside the site, else `mounted`."
        found.append(Problem("FL235", "[origin] says both an address and that it is mounted", where, hint))
    try:
        if not table["mounted"]:
            Address.of(table["url"])
    except ValueError as error:
        found.append(Problem("FL230", f"[origin] url: {error}", where, "As in http://127.0.0.1:9000."))
    if table["profile"] not in PROFILES:
        hint = f"Known: {', '.join(PROFILES)}."
        found.append(Problem("FL231", f"unknown profile {table['profile']!r}", where, hint))
    spec = FoldSpec(
        closed=table["closed"],
        body=table["body"],
        rule=FoldRule(tables["fold"]["paragraphs"], tables["fold"]["characters"]),
    )
    hint = "Write one CSS selector that browsers understand."
    found += [Problem("FL232", what, where, hint) for what in spec.problems("[origin] ")]
    secret = environ.get("FOLDLINE_ORIGIN_SECRET", "")
    if len(secret) < SECRET_MINIMUM and not table["mounted"]:
        hint = "Make one with `openssl rand -base64 48`, and let the origin refuse whoever does not send it."
        what = f"the origin's secret is shorter than {SECRET_MINIMUM} bytes"
        found.append(Problem("FL233", what, "FOLDLINE_ORIGIN_SECRET", hint))
    surfaces: SurfaceMap | None = None
    if not found:
        try:
            text = home.surfaces_file.read_text(encoding="utf-8") if home.surfaces_file.exists() else ""
            surfaces = read_map(text, str(home.surfaces_file)) if text else profile(table["profile"])
        except ConfigurationError as error:
            found += error.problems
        except (OSError, UnicodeDecodeError) as error:
            hint = "Save it as UTF-8, or take it away: then the profile decides."
            found.append(Problem("FL234", f"the surface map can't be read: {error}", str(home.surfaces_file), hint))
    problems += found
    return OriginSettings(table["url"], surfaces, spec, secret, table["mounted"]) if surfaces is not None else None


def read_machines(table: Mapping[str, Any], where: str, problems: list[Problem]) -> Machines:
    """What machines are asked, and whether the crawlers that may be verified are known."""
    for key in ("admit", "refuse"):
        for name in table[key]:
            if not isinstance(name, str) or not is_name(name):
                hint = "Write it as the operator does for robots.txt, as in GPTBot."
                problems.append(Problem("FL305", f"[machines] {key}: {name!r} is no name of a machine", where, hint))
    for name in (name for name in table["admit"] if name in table["refuse"]):
        hint = "Take it out of one of the two."
        problems.append(Problem("FL305", f"[machines] admits and refuses {name!r}", where, hint))
    for name in table["verified"]:
        if name not in CRAWLERS:
            hint = f"Known: {', '.join(CRAWLERS)}."
            problems.append(Problem("FL300", f"[machines] verified: unknown crawler {name!r}", where, hint))
    admit, refuse = (tuple(name for name in table[key] if isinstance(name, str)) for key in ("admit", "refuse"))
    return Machines(table["search"], table["answer"], table["train"], admit, refuse)


def read_words(home: Home, language: str, problems: list[Problem]) -> Words:
    """The words of the publication's language, with its own in their place."""
    ours = load_words(language if language in LANGUAGES else FALLBACK)
    try:
        text = home.words_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ours
    except (OSError, UnicodeDecodeError) as error:
        hint = "Save it as UTF-8, or take it away: then ours are used."
        problems.append(Problem("FL060", f"the words can't be read: {error}", str(home.words_file), hint))
        return ours
    words, found = own_words(text, str(home.words_file), ours)
    problems.extend(found)
    return words
