"""An article as its feeds tell of it, from public facts only. Made when it is published, kept beside its record."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape

from foldline.fold.feed.model import Item
from foldline.pages.public import PublicArticle, Publication
from foldline.pages.words import Words
from foldline.syndication.feeds.addresses import absolute
from foldline.syndication.feeds.naming import item_id


@dataclass(frozen=True, slots=True)
class Told:
    """`item` is without a text; `preview` is HTML with whole addresses. `gated` tells whether the article goes on
    behind the gate, `onward` is what leads there."""

    item: Item
    preview: str
    onward: str
    gated: bool

    def in_preview(self) -> Item:
        """What everybody may read of it."""
        content = self.preview + self.onward if self.gated else self.preview
        return replace(self.item, content=content, full=True, gated=self.gated)

    def whole(self, rest: str, url: str) -> Item:
        """Preview and rest, for the reader whom an Opening was made for. `url` is the publication's."""
        return replace(self.item, content=self.preview + absolute(rest, url, self.item.link), full=True)


def told(a: PublicArticle, publication: Publication, words: Words) -> Told:
    """What feeds say of an article. Headline and byline are the page's own strings, byte for byte."""
    link = publication.url + a.path
    terms = (*((a.section,) if a.section else ()), *a.tags)
    item = Item(
        link,
        title=a.headline,
        id=item_id(publication.url, a.id),
        authors=(a.byline,) if a.byline else (),
        tags=tuple(dict.fromkeys(term.name for term in terms if term.name.strip())),
        published=a.published_at,
        updated=a.updated_at,
        summary=a.standfirst,
    )
    onward = f'<p><a href="{escape(link)}">{escape(words["feed.continue"])}</a></p>'
    return Told(item, absolute(_picture(a) + a.preview_html, publication.url, link), onward, a.gated)


def _picture(a: PublicArticle) -> str:
    if a.picture is None:
        return ""
    shown = a.picture
    said = " ".join(text for text in (shown.caption, shown.credit) if text)
    caption = f"<figcaption>{escape(said)}</figcaption>" if said else ""
    size = f'width="{shown.width}" height="{shown.height}"'
    return f'<figure><img src="{escape(shown.src)}" {size} alt="{escape(shown.alt)}">{caption}</figure>\n'


def written(said: Told) -> str:
    """As it is stored beside the record."""
    item = said.item
    return json.dumps(
        {
            "link": item.link,
            "title": item.title,
            "id": item.id,
            "authors": item.authors,
            "tags": item.tags,
            "published": _moment(item.published),
            "updated": _moment(item.updated),
            "summary": item.summary,
            "preview": said.preview,
            "onward": said.onward,
            "gated": said.gated,
        },
        ensure_ascii=False,
    )


def read(text: str) -> Told:
    """What `written` wrote."""
    kept = json.loads(text)
    item = Item(
        kept["link"],
        title=kept["title"],
        id=kept["id"],
        authors=tuple(kept["authors"]),
        tags=tuple(kept["tags"]),
        published=_read_moment(kept["published"]),
        updated=_read_moment(kept["updated"]),
        summary=kept["summary"],
    )
    return Told(item, kept["preview"], kept["onward"], kept["gated"])


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _read_moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
