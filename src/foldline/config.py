"""`foldline.toml` and the environment, read once into values. Every problem is reported, not only the first."""

from __future__ import annotations

import hashlib
import re
import socket
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from foldline.callers.crawlers import CRAWLERS
from foldline.errors import ConfigurationError, Problem
from foldline.pages.own_words import own_words
from foldline.pages.prices import wall_offer
from foldline.pages.public import Offer, Publication
from foldline.pages.words import FALLBACK, LANGUAGES, Words, load_words
from foldline.plans import PLAN, Plan, read_plans
from foldline.setting_values import check_values, listener_of
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.mode import Mode
from foldline.syndication.machines import Machines, is_name

if TYPE_CHECKING:
    from foldline.fold.page.spec import FoldSpec
    from foldline.sources.origin.surfaces import SurfaceMap

SECRET_MINIMUM = 32

#: The longest name of a host, in characters.
LONGEST_HOST = 32

#: What a value is called where it is another.
KINDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list of texts"}

#: Table and key, the type it must have, and what holds where it is absent.
SCHEMA: dict[str, dict[str, tuple[type, Any]]] = {
    "publication": {
        "name": (str, ""),
        "url": (str, ""),
        "tagline": (str, ""),
        "language": (str, "en"),
        "zone": (str, "UTC"),
        "prefix": (str, "/-/"),
    },
    "offer": {"product": (str, ""), "price": (str, "")},
    "retention": {"withdrawals": (int, 3)},
    "legal": {"imprint": (str, ""), "terms": (str, ""), "privacy": (str, "")},
    "meter": {"limit": (int, 3)},
    "fold": {"paragraphs": (int, 5), "characters": (int, 1400)},
    "listen": {"host": (str, "127.0.0.1"), "port": (int, 8080), "workers": (int, 1), "hops": (int, 0)},
    "desk": {"host": (str, "127.0.0.1"), "port": (int, 8081)},
    "log": {"format": (str, "text")},
    "metrics": {"listen": (str, "")},
    "origin": {
        "url": (str, ""),
        "mounted": (bool, False),
        "profile": (str, "static"),
        "closed": (str, ""),
        "body": (str, ""),
    },
    "database": {"url": (str, "")},
    "caches": {"purge": (list, [])},
    "machines": {
        "search": (bool, True),
        "answer": (bool, True),
        "train": (bool, False),
        "admit": (list, []),
        "refuse": (list, []),
        "verified": (list, []),
    },
    "newsstand": {"inner": (list, [])},
    "gifts": {"per-month": (int, 10), "days": (int, 14), "openers": (int, 10)},
    "mail": {
        "host": (str, ""),
        "port": (int, 587),
        "user": (str, ""),
        "sender": (str, ""),
        "security": (str, "starttls"),
        "dkim": (str, ""),
    },
}


#: What stands before a secret that proves nothing any more.
REVOKED = "revoked "

#: Tables `[sign-in.<name>]`: what each must say. The secret comes from the environment only.
SIGN_IN = "sign-in"
PROVIDER = ("label", "issuer", "client")

#: Tables that hold tables of names that a publication chooses.
NAMED = (SIGN_IN, PLAN)


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody else who may say who a reader is (OpenID Connect). `issuer` is its address to the letter, `client` what
    it calls us. What it says about e-mail addresses is believed where it says that they are verified."""

    name: str
    label: str
    issuer: str
    client: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OriginSettings:
    """The site behind the gate: where it listens, what each of its addresses is, and where its pages are cut. The
    `secret`, by which the origin knows the gate, comes from `FOLDLINE_ORIGIN_SECRET` only. A site that the gate is
    `mounted` in has neither an address nor a secret."""

    url: str
    surfaces: SurfaceMap
    spec: FoldSpec
    secret: str = field(repr=False)
    mounted: bool = False


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mail leaves: an SMTP host, or none (`host` is ""). The password comes from `FOLDLINE_MAIL_PASSWORD` only.
    `dkim` is the selector that the host signs with, which is only looked up."""

    host: str
    port: int
    user: str
    password: str
    sender: str
    security: str
    dkim: str = ""


class LegalPages(NamedTuple):
    """Where what the law asks for can be read: whole addresses or paths on this site, "" for none."""

    imprint: str = ""
    terms: str = ""
    privacy: str = ""


class GiftSettings(NamedTuple):
    """How many articles a subscriber may give in a calendar month (0: none), for how many days, and on how many devices
    each may be opened."""

    per_month: int = 10
    days: int = 14
    openers: int = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. `hops` is how many proxies of ours stand before the gate, `purge` are the addresses
    of the caches among them that are told what to drop. `machines` is what crawlers are asked, `verified_crawlers`
    names those that a rule's `crawler` means. `newsstand_inner` are hosts of the publisher's own network whose feeds
    may be fetched. `metrics` is where the process listens that tells them, None for nowhere. Of the `secrets`, which
    are those of the file in its order, the `revoked` prove nothing."""

    home: Home
    publication: Publication
    meter_limit: int
    fold_paragraphs: int
    fold_characters: int
    listen: tuple[str, int]
    desk: tuple[str, int]
    workers: int
    hops: int
    mail: MailSettings
    secrets: tuple[bytes, ...]
    words: Words
    demo: bool = False
    providers: tuple[Provider, ...] = ()
    origin: OriginSettings | None = None
    purge: tuple[str, ...] = ()
    plans: tuple[Plan, ...] = ()
    legal: LegalPages = field(default_factory=LegalPages)
    machines: Machines = field(default_factory=Machines)
    verified_crawlers: tuple[str, ...] = ()
    newsstand_inner: frozenset[str] = frozenset()
    gifts: GiftSettings = field(default_factory=GiftSettings)
    withdrawal_years: int = 3
    revoked: frozenset[bytes] = frozenset()
    log_format: str = "text"
    metrics: tuple[str, int] | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.publication.zone)

    @property
    def unsaid_mode(self) -> Mode:
        """What holds of a site until somebody says a mode: shadow, but for one that the gate is mounted in. Whoever
        mounts it changes the site, and means it."""
        return Mode.GATE if self.origin is not None and self.origin.mounted else Mode.SHADOW

    @property
    def host(self) -> str:
        """The host that readers type, with its port where that is not the scheme's own."""
        return urlsplit(self.publication.url).netloc


def home_from(environ: Mapping[str, str], given: str | Path | None = None) -> Home:
    """The home folder that `--home` or `FOLDLINE_HOME` names; the folder one stands in otherwise. Which database goes
    with it is in its settings (`load`)."""
    return Home(Path(given or environ.get("FOLDLINE_HOME") or ".").resolve())


def load(home: Home | Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings of a home folder.

    Raises:
        ConfigurationError: with all problems that were found, each with a stable id.
    """
    home = home if isinstance(home, Home) else Home(home)
    problems: list[Problem] = []
    tables, given = _tables(home, problems)
    if home.database is None:
        home = replace(home, database=_database(home, tables["database"]["url"], environ, problems))
    if home.database is not None and not home.host:
        home = replace(home, host=_host_name(home, environ))
    providers = _providers(given[SIGN_IN], environ, str(home.settings_file), problems)
    plans = read_plans(given[PLAN], str(home.settings_file), problems)
    secrets, revoked = _secrets(home, environ, problems)
    check_values(tables, str(home.settings_file), problems)
    origin = _origin(home, tables, environ, problems)
    words = _words(home, tables["publication"]["language"], problems)
    machines = _machines(tables["machines"], str(home.settings_file), problems)
    if problems:
        raise ConfigurationError(tuple(problems))
    publication, listen, desk, mail = tables["publication"], tables["listen"], tables["desk"], tables["mail"]
    prefix = publication["prefix"]
    subscribe = f"{prefix}subscribe"
    return Settings(
        home=home,
        publication=Publication(
            name=publication["name"],
            url=publication["url"].rstrip("/"),
            tagline=publication["tagline"],
            language=publication["language"],
            zone=publication["zone"],
            prefix=prefix,
            offer=wall_offer(plans, words, subscribe) if plans else Offer(**tables["offer"], subscribe_path=subscribe),
            demo=environ.get("FOLDLINE_DEMO") == "1",
            newsstand_path="/newsstand" if origin is None else f"{prefix}newsstand",
        ),
        meter_limit=tables["meter"]["limit"],
        fold_paragraphs=tables["fold"]["paragraphs"],
        fold_characters=tables["fold"]["characters"],
        listen=(listen["host"], listen["port"]),
        desk=(desk["host"], desk["port"]),
        workers=listen["workers"],
        hops=listen["hops"],
        mail=MailSettings(password=environ.get("FOLDLINE_MAIL_PASSWORD", ""), **mail),
        secrets=secrets,
        revoked=revoked,
        words=words,
        providers=providers,
        origin=origin,
        purge=tuple(tables["caches"]["purge"]),
        plans=plans,
        legal=LegalPages(**tables["legal"]),
        machines=machines,
        verified_crawlers=tuple(tables["machines"]["verified"]),
        newsstand_inner=frozenset(tables["newsstand"]["inner"]),
        gifts=GiftSettings(*tables["gifts"].values()),
        withdrawal_years=tables["retention"]["withdrawals"],
        log_format=tables["log"]["format"],
        metrics=listener_of(tables["metrics"]["listen"]),
        demo=environ.get("FOLDLINE_DEMO") == "1",
    )


def _database(home: Home, url: str, environ: Mapping[str, str], problems: list[Problem]) -> Address | None:
    """Where hosts share a database: `FOLDLINE_DATABASE`, else what the settings say; None for the files of the home."""
    where = "FOLDLINE_DATABASE" if environ.get("FOLDLINE_DATABASE") else f"{home.settings_file} [database] url"
    text = environ.get("FOLDLINE_DATABASE") or url
    if not text:
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


def _host_name(home: Home, environ: Mapping[str, str]) -> str:
    """What a host is called where several share a database: `FOLDLINE_HOST_NAME`, else the machine's name with what
    tells two homes of one machine apart."""
    given = environ.get("FOLDLINE_HOST_NAME", "").strip()
    apart = hashlib.sha256(bytes(home.path)).hexdigest()[:6]
    return given[:LONGEST_HOST] or f"{socket.gethostname()[: LONGEST_HOST - 7]}-{apart}"


def _tables(home: Home, problems: list[Problem]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The file's tables with defaults filled in, and what stands under the tables of tables, `sign-in` and `plan`;
    unknown names and wrong types become problems."""
    where = str(home.settings_file)
    tables = {name: {key: default for key, (_, default) in keys.items()} for name, keys in SCHEMA.items()}
    named: dict[str, Any] = {name: {} for name in NAMED}
    try:
        text = home.settings_file.read_text(encoding="utf-8")
        given = tomllib.loads(text)
    except FileNotFoundError:
        problems.append(
            Problem("FL001", "there is no settings file", where, "Write one: docs/settings.md has an example to copy.")
        )
        return tables, named
    except OSError as error:
        problems.append(Problem("FL001", f"the settings file can't be read: {error.strerror}", where, "Mend that."))
        return tables, named
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem("FL002", f"not readable as TOML: {error}", where, "Mend the line that it names."))
        return tables, named
    named |= {name: given.pop(name) for name in NAMED if name in given}
    for name, table in given.items():
        if name not in SCHEMA or not isinstance(table, dict):
            problems.append(_unknown(name, SCHEMA, text, where))
            continue
        for key, value in table.items():
            if key not in SCHEMA[name]:
                problems.append(_unknown(key, SCHEMA[name], text, where))
            elif type(value) is not SCHEMA[name][key][0]:
                wanted = KINDS[SCHEMA[name][key][0]]
                at = f"{where}:{_line_of(key, text)}"
                problems.append(Problem("FL004", f"[{name}] {key} must be {wanted}", at, f"It is {value!r}."))
            else:
                tables[name][key] = value
    return tables, named


def secret_variable(name: str) -> str:
    """The variable that holds the secret of `[sign-in.<name>]`."""
    return f"FOLDLINE_SIGN_IN_{name.upper().replace('-', '_')}_SECRET"


def _providers(given: object, environ: Mapping[str, str], where: str, problems: list[Problem]) -> tuple[Provider, ...]:
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


def _unknown(word: str, known: Mapping[str, object], text: str, where: str) -> Problem:
    # Only a mistake pays for this module: every worker reads settings.
    from difflib import get_close_matches

    near = get_close_matches(word, known, 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(known)}."
    return Problem("FL003", f"unknown setting {word!r}", f"{where}:{_line_of(word, text)}", hint)


def _line_of(word: str, text: str) -> int:
    found = re.search(rf"^\s*\[?\s*{re.escape(word)}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def _secrets(
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


def _origin(
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


def _machines(table: Mapping[str, Any], where: str, problems: list[Problem]) -> Machines:
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


def _words(home: Home, language: str, problems: list[Problem]) -> Words:
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
