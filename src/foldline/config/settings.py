"""Everything that can be set, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from foldline.pages.public import Publication
from foldline.pages.words import Words
from foldline.plans import Plan
from foldline.stores.home import Home
from foldline.stores.mode import Mode
from foldline.syndication.machines import Machines

if TYPE_CHECKING:
    from foldline.fold.page.spec import FoldSpec
    from foldline.sources.origin.surfaces import SurfaceMap


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
