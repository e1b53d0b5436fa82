"""What a gate decides by, made of the settings and of what is published."""

from __future__ import annotations

from foldline.clock import Clock
from foldline.config import Settings
from foldline.gate.state import GateState
from foldline.pages.assets import load_assets
from foldline.pages.fragment import Fragment
from foldline.pages.record import Sheet
from foldline.policy.rules import Rules
from foldline.signed.keys import Keyring
from foldline.stores.rules_in_force import RulesInForce
from foldline.syndication import robots, sitemaps, tdm


def rules_in_force(settings: Settings, *, keeps: bool = False) -> RulesInForce:
    """Where a process reads the rules that decide."""
    return RulesInForce(settings.home, settings.zone, settings.meter_limit, keeps=keeps)


def rules_of(settings: Settings, now: int) -> Rules | None:
    """The rules in force; None where no good set can be read."""
    in_force = rules_in_force(settings)
    try:
        return in_force.look(now)
    finally:
        in_force.close()


def keyring_of(settings: Settings) -> Keyring:
    """The keys of the publication."""
    return Keyring(settings.secrets, settings.host, settings.revoked)


def state_of(settings: Settings, clock: Clock) -> GateState:
    """What the gate decides by."""
    publication = settings.publication
    return GateState(
        publication=publication,
        words=settings.words,
        rules=rules_of(settings, int(clock.now())),
        keyring=keyring_of(settings),
        clock=clock,
        assets=load_assets(publication.prefix),
        hosts=frozenset((settings.host.lower().encode(),)),
        origins=frozenset((publication.url.lower().encode(),)),
        hops=settings.hops,
        proxy_secret=settings.origin.secret.encode() if settings.origin is not None else b"",
        standing=standing_of(settings),
        gives=settings.gifts.per_month > 0,
        tdm=tdm.tdm_headers(publication, settings.machines),
    )


def standing_of(settings: Settings) -> dict[bytes, Sheet]:
    """What machines are asked, as text. A site behind the gate keeps its own."""
    if settings.origin is not None:
        return {}
    publication, machines = settings.publication, settings.machines
    texts = (
        (robots.PATH, robots.robots_txt(publication, machines, (sitemaps.PATH, sitemaps.NEWS_PATH)), robots.TYPE),
        (tdm.PATH, tdm.tdmrep_json(publication, machines), tdm.TYPE),
    )
    return {path.encode(): Sheet(path, Fragment.of(text), content_type) for path, text, content_type in texts}
