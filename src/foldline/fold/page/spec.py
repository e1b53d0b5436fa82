"""What a publisher says about where the fold of a page is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, SelectolaxError
from turbohtml import SelectorSyntaxError, parse

from foldline.fold.cut import FoldRule

#: Selectors longer than this are a mistake, or somebody's attempt.
_LONGEST = 300
#: A selector that a page itself names: no part of it may take long on a large page.
_SIMPLE = re.compile(r"[\w .#>,\[\]=\"'-]{1,200}")
#: One class, as search engines want the selector of the part that is closed.
CLASS = re.compile(r"\.(-?[A-Za-z_][A-Za-z0-9_-]*)")


@dataclass(frozen=True, slots=True)
class FoldSpec:
    """Every way that finds something closes something; the rule is asked only where none of the others is there.

    `markers`: comments and the `more` of WordPress. `page_selector`: what the page's own structured data names.
    `closed`: a CSS selector of the closed part. `body`: a CSS selector of the article's text, which `rule` parts, and
    in which a marker counts; without it the usual containers are looked for, and no rule.
    """

    markers: bool = True
    page_selector: bool = True
    closed: str = ""
    body: str = ""
    rule: FoldRule = field(default_factory=FoldRule)

    def problems(self, where: str = "") -> tuple[str, ...]:
        """What is wrong with the selectors, in words; each must be understood by both parsers."""
        return tuple(
            f"{where}{name} is no selector that can be used here: {selector!r}"
            for name, selector in (("closed", self.closed), ("body", self.body))
            if selector and not usable(selector)
        )


def usable(selector: str) -> bool:
    """Whether both parsers understand it."""
    if not selector.strip() or len(selector) > _LONGEST or "\0" in selector:
        return False
    try:
        parse("<p>").select(selector)
        LexborHTMLParser("<p>").css(selector)
    except (SelectorSyntaxError, SelectolaxError, ValueError):
        return False
    return True


def usable_of_page(selector: str) -> bool:
    """The same for a selector that stands in a page: classes, ids, names and attributes alone."""
    return bool(_SIMPLE.fullmatch(selector)) and usable(selector)
