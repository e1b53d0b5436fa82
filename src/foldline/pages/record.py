"""What a stored page is in memory: ready fragments by name, and what the decider must know of its article."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from foldline.pages.fragment import EMPTY, Fragment
from foldline.policy.facts import Article

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class PublicPage:
    """An article's public record: everything that stands above the fold, in ready fragments.

    A page of an origin has `headers` of its own, and a `digest` of what it was made from.
    """

    path: str
    article: Article
    version: int
    gated: bool
    before: Fragment
    between: Fragment
    after: Fragment
    walls: Mapping[str, Fragment]
    opened: tuple[Fragment, Fragment] = (EMPTY, EMPTY)
    headers: tuple[tuple[bytes, bytes], ...] = ()
    digest: str = ""
    ready: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def parts(self, wall: str, rest: Fragment = EMPTY) -> tuple[Fragment, ...]:
        """One presentation's fragments, in order."""
        return (self.before, rest, self.between, self.walls[wall], self.after)

    def whole(self, rest: Rest, below: Fragment = EMPTY) -> tuple[Fragment, ...]:
        """The whole, for whom an Opening is, with something of ours `below` it."""
        if rest.after is not None:
            return (rest.fragment, self.walls["open"], below, rest.after)
        return (self.before, rest.fragment, self.between, self.walls["open"], below, self.after)

    def opened_parts(self, label: Fragment, rest: Rest) -> tuple[Fragment, ...]:
        """The whole for everybody, while it is open to all."""
        if rest.after is not None:
            return (rest.fragment, label, self.walls["open"], rest.after)
        head, body = self.opened
        return (head, label, body, rest.fragment, self.between, self.walls["open"], self.after)

    def size(self) -> int:
        parts = (self.before, self.between, self.after, *self.walls.values(), *self.opened)
        return sum(len(part.plain) + len(part.deflated) for part in parts)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page without a fold: a list of articles, an error page, or a list that machines read. `modified` is the epoch
    second in which it was written, 0 where nobody is told."""

    path: str
    body: Fragment
    content_type: str = HTML
    modified: int = 0
    ready: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def size(self) -> int:
        return len(self.body.plain) + len(self.body.deflated)


@dataclass(frozen=True, slots=True)
class Redirect:
    """An old path of something that moved to `to`, for good."""

    path: str
    to: str

    def size(self) -> int:
        return 200


@dataclass(frozen=True, slots=True)
class Gone:
    """A path whose article was withdrawn."""

    path: str

    def size(self) -> int:
        return 200


@dataclass(frozen=True, slots=True)
class Rest:
    """What stands below the fold, and the gzip trailer of the whole page (it depends on the rest, so it is sealed).

    Of a page of an origin it is the whole itself, up to the gate's place in it, and `after` what comes behind.
    """

    fragment: Fragment
    whole_end: bytes
    after: Fragment | None = None
    ready: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def size(self) -> int:
        parts = (self.fragment, self.after or EMPTY)
        return sum(len(part.plain) + len(part.deflated) for part in parts)


class FeedItem(NamedTuple):
    """What feeds say of one version of an article, as text (`syndication.feeds.item`)."""

    article: int
    version: int
    path: str
    text: str


class FeedItems(NamedTuple):
    """The articles of a feed in their order, and the title of their list, "" for the whole site."""

    title: str
    items: tuple[FeedItem, ...]


Record = PublicPage | Sheet | Redirect | Gone
