"""One rule: which articles it is about, what it does, and where it is written; and the allowance that a meter counts.

An article has a level: its own, or the one that a rule gives to articles that name none. The level and the rules with
`opens_for` say who gets in; a rule with `only_for` takes every other way in away, and always wins (ADR 0009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from foldline.policy.facts import Access, Article

SITE = "site"


class Grant(StrEnum):
    """Who gets in by a rule. The order is the one in which they are asked: what costs nothing first, a meter last."""

    EVERYONE = "everyone"
    PRODUCT = "subscribers"
    SIGNED_IN = "registered"
    INSTITUTION = "institution"
    VERIFIED_CRAWLER = "crawler"
    METER = "meter"


#: `only-for = "registered"` lets subscribers keep their way in: they are signed in too.
IMPLIED: Mapping[Grant, frozenset[Grant]] = MappingProxyType({Grant.SIGNED_IN: frozenset((Grant.PRODUCT,))})


@dataclass(frozen=True, slots=True)
class Articles:
    """Which articles a rule is about: all conditions that are given must hold, each by any one of its words.

    `levels` are compared with the level that the article has in the end. `newer_than` and `older_than` are seconds
    since it was published, 0 for no such condition.
    """

    sections: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    levels: frozenset[Access] = frozenset()
    paths: frozenset[str] = frozenset()
    newer_than: int = 0
    older_than: int = 0

    def about(self, article: Article) -> bool:
        """Whether everything but level and time holds."""
        return (
            (not self.sections or article.section in self.sections)
            and (not self.tags or not self.tags.isdisjoint(article.tags))
            and (not self.paths or article.path in self.paths)
        )


EVERY_ARTICLE = Articles()


@dataclass(frozen=True, slots=True)
class Rule:
    """`name` says in plain words what the rule does, `source` where it is written (`rules.toml:14`).

    It does one or two of three things: `access` is the level of articles that name none; `opens_for` adds ways in;
    `only_for` takes all others away. `products` are those that open by it (empty: the article's own), `meter` names
    the allowance that counts. It holds from `starts` until `ends`, epoch seconds, 0 for no bound.
    """

    name: str
    articles: Articles = EVERY_ARTICLE
    access: Access | None = None
    opens_for: tuple[Grant, ...] = ()
    only_for: frozenset[Grant] | None = None
    products: frozenset[int] = frozenset()
    meter: str = SITE
    starts: int = 0
    ends: int = 0
    source: str = "built in"

    def holds(self, published: int, now: int) -> bool:
        """Whether the rule is in force at `now` for an article of this date."""
        about = self.articles
        return (
            self.starts <= now
            and (not self.ends or now < self.ends)
            and (not about.newer_than or now < published + about.newer_than)
            and (not about.older_than or now >= published + about.older_than)
        )

    def edges(self, published: int) -> tuple[int, ...]:
        """The epoch seconds at which `holds` may change its answer."""
        about = self.articles
        aged = (published + seconds for seconds in (about.newer_than, about.older_than) if seconds)
        return (*(edge for edge in (self.starts, self.ends) if edge), *aged)

    @property
    def keeps(self) -> frozenset[Grant]:
        """The ways in that an `only_for` leaves."""
        kept = self.only_for or frozenset()
        return kept.union(*(IMPLIED.get(grant, frozenset()) for grant in kept))


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many metered articles one may read in a window: without an account, and signed in.

    `days` is the window's length, 0 for the calendar month of the publication's zone.
    """

    name: str
    anonymous: int
    registered: int
    days: int = 0
    source: str = "built in"

    def limit(self, signed_in: bool) -> int:
        return self.registered if signed_in else self.anonymous
