"""The settings of a home folder, read from `foldline.toml` and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldline.config.secrets import read_secrets
from foldline.config.sections import at_its_database, read_machines, read_origin, read_providers, read_words
from foldline.config.settings import GiftSettings, LegalPages, MailSettings, Settings
from foldline.config.tables import SIGN_IN, read_tables
from foldline.config.values import check_values, listener_of
from foldline.errors import ConfigurationError, Problem
from foldline.pages.prices import wall_offer
from foldline.pages.public import Offer, Publication
from foldline.pages.words import Words
from foldline.plans import PLAN, Plan, read_plans
from foldline.stores.home import Home


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
    where = str(home.settings_file)
    problems: list[Problem] = []
    tables, named = read_tables(home, problems)
    home = at_its_database(home, tables["database"]["url"], environ, problems)
    providers = read_providers(named[SIGN_IN], environ, where, problems)
    plans = read_plans(named[PLAN], where, problems)
    secrets, revoked = read_secrets(home, environ, problems)
    check_values(tables, where, problems)
    origin = read_origin(home, tables, environ, problems)
    words = read_words(home, tables["publication"]["language"], problems)
    machines = read_machines(tables["machines"], where, problems)
    if problems:
        raise ConfigurationError(tuple(problems))
    demo = environ.get("FOLDLINE_DEMO") == "1"
    return Settings(
        home=home,
        publication=_publication(tables, plans, words, demo=demo, has_origin=origin is not None),
        legal=LegalPages(**tables["legal"]),
        withdrawal_years=tables["retention"]["withdrawals"],
        meter_limit=tables["meter"]["limit"],
        fold_paragraphs=tables["fold"]["paragraphs"],
        fold_characters=tables["fold"]["characters"],
        listen=(tables["listen"]["host"], tables["listen"]["port"]),
        workers=tables["listen"]["workers"],
        hops=tables["listen"]["hops"],
        desk=(tables["desk"]["host"], tables["desk"]["port"]),
        log_format=tables["log"]["format"],
        metrics=listener_of(tables["metrics"]["listen"]),
        origin=origin,
        purge=tuple(tables["caches"]["purge"]),
        machines=machines,
        verified_crawlers=tuple(tables["machines"]["verified"]),
        newsstand_inner=frozenset(tables["newsstand"]["inner"]),
        gifts=GiftSettings(*tables["gifts"].values()),
        mail=MailSettings(password=environ.get("FOLDLINE_MAIL_PASSWORD", ""), **tables["mail"]),
        providers=providers,
        plans=plans,
        secrets=secrets,
        revoked=revoked,
        words=words,
        demo=demo,
    )


def _publication(
    tables: Mapping[str, Mapping[str, Any]], plans: tuple[Plan, ...], words: Words, *, demo: bool, has_origin: bool
) -> Publication:
    """What pages say of the publication. Where plans are sold, they are what its wall offers."""
    said = tables["publication"]
    prefix = said["prefix"]
    subscribe = f"{prefix}subscribe"
    return Publication(
        name=said["name"],
        url=said["url"].rstrip("/"),
        tagline=said["tagline"],
        language=said["language"],
        zone=said["zone"],
        prefix=prefix,
        offer=wall_offer(plans, words, subscribe) if plans else Offer(**tables["offer"], subscribe_path=subscribe),
        demo=demo,
        newsstand_path=f"{prefix}newsstand" if has_origin else "/newsstand",
    )
