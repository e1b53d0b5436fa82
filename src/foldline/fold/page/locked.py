"""The page of an article whose fold was not found: headline and standfirst, and nothing of the page itself."""

from __future__ import annotations

from html import escape

from foldline.fold.page import jsonld
from foldline.fold.page.facts import PageFacts
from foldline.fold.page.source import Source, readable
from foldline.fold.prove import letters_of

_STANDFIRST = (
    "[class~=standfirst], [class*=__standfirst], [class~=dek], [class~=subtitle], [class~=subheadline], [class~=deck],"
    " [itemprop=alternativeHeadline], [class~=article-standfirst], [class~=entry-subtitle]"
)
#: A text in a body that is no longer than a sentence of these letters may be what it seems.
_LONGEST = 400


def standfirst_of(source: Source | None, facts: PageFacts) -> str:
    """The description, if an editor wrote it: it stands nowhere in the page's text, or alone in a standfirst."""
    said = letters_of(facts.standfirst.rstrip(" .…]["))
    if source is None or not said or len(facts.standfirst) > _LONGEST:
        return ""
    if any(letters_of(readable([element])) == said for element in source.tree.select(_STANDFIRST)):
        return facts.standfirst
    body = source.tree.select_one("body")
    return facts.standfirst if body is not None and said not in letters_of(readable([body])) else ""


def locked_page(facts: PageFacts, standfirst: str) -> tuple[str, str, str]:
    """A bare page in three: up to the end of the head, up to where the wall goes, and the end."""
    said = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": facts.headline,
        "isAccessibleForFree": False,
        "hasPart": {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".foldline-rest"},
    }
    if facts.canonical:
        said["mainEntityOfPage"] = facts.canonical
    if facts.published:
        said["datePublished"] = facts.published.isoformat()
    language = f' lang="{escape(facts.language)}"' if facts.language else ""
    link = f'<link rel="canonical" href="{escape(facts.canonical)}">' if facts.canonical else ""
    head = (
        f"<!doctype html>\n<html{language}>\n<head>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(facts.headline)}</title>\n{link}\n"
        f'<script type="application/ld+json">{jsonld.written(said)}</script>\n'
    )
    text = f"<p>{escape(standfirst)}</p>\n" if standfirst else ""
    body = f"</head>\n<body>\n<main>\n<article>\n<h1>{escape(facts.headline)}</h1>\n{text}</article>\n"
    return head, f'{body}<div class="foldline-rest"></div>\n', "</main>\n</body>\n</html>\n"
