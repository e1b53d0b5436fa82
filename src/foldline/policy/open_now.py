"""Open now: an editor opens an article, a section or the whole site to everybody, for a reason and until an end."""

from __future__ import annotations

from typing import Literal, NamedTuple

from foldline.policy.facts import Article

Scope = Literal["article", "section", "site"]

#: The longest that anything may be opened at once, in seconds.
LONGEST = 30 * 86_400


class OpenNow(NamedTuple):
    """`key` is the article's number as text, the section's word, or "" for the site; `reason` is shown to readers;
    `starts` and `ends` are epoch seconds, the end not included."""

    scope: Scope
    key: str
    reason: str
    starts: int
    ends: int

    def about(self, article: Article) -> bool:
        """Whether it opens this article while it runs. Time is compared elsewhere."""
        if self.scope == "article":
            return self.key == str(article.id)
        return self.scope == "site" or (self.scope == "section" and self.key == article.section)

    def runs(self, now: int) -> bool:
        return self.starts <= now < self.ends
