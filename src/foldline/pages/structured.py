"""One NewsArticle in JSON-LD, from public facts. It tells search engines which part is behind the fold, and no size."""

from __future__ import annotations

import json

from foldline.pages.dates import machine
from foldline.pages.public import Picture, PublicArticle, Publication

#: JSON inside `<script>`: nothing in it may close the element, and U+2028/9 end a line in older JavaScript.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def news_article(article: PublicArticle, publication: Publication) -> str:
    """JSON that may stand inside `<script type="application/ld+json">` as it is."""
    said: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.headline,
        "mainEntityOfPage": publication.url + article.path,
        "datePublished": machine(article.published_at, publication.zone),
        "dateModified": machine(article.updated_at or article.published_at, publication.zone),
        "isAccessibleForFree": not article.gated,
        "publisher": {"@type": "NewsMediaOrganization", "name": publication.name, "url": f"{publication.url}/"},
    }
    description = article.social_text or article.standfirst
    if description:
        said["description"] = description
    if article.section is not None:
        said["articleSection"] = article.section.name
    authors = _authors(article, publication)
    if authors:
        said["author"] = authors
    if article.picture is not None:
        said["image"] = [_image(article.picture, publication)]
    if article.gated:
        said["hasPart"] = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".rest"}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def _authors(article: PublicArticle, publication: Publication) -> list[dict[str, str]]:
    """The linked authors; where there is none, the byline as the one name that it is."""
    if article.authors:
        return [
            {"@type": "Person", "name": author.name, "url": publication.url + author.path} for author in article.authors
        ]
    return [{"@type": "Person", "name": article.byline}] if article.byline else []


def _image(picture: Picture, publication: Publication) -> dict[str, object]:
    image: dict[str, object] = {
        "@type": "ImageObject",
        "url": publication.url + picture.src,
        "width": picture.width,
        "height": picture.height,
    }
    if picture.caption:
        image["caption"] = picture.caption
    if picture.credit:
        image["creditText"] = picture.credit
    return image
