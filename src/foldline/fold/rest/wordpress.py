"""Posts and pages of WordPress: https://developer.wordpress.org/rest-api/reference/posts/"""

from __future__ import annotations

from html import escape

from foldline.fold.feed.json_feed import everything
from foldline.fold.feed.marks import ACCESS_KEY, ACCESS_WORD
from foldline.fold.feed.model import NotUnderstood
from foldline.fold.feed.words import plain
from foldline.fold.page.excerpt import Excerpt
from foldline.fold.rest.entry import Check, Entry, Json, kept, number, numbers, slug, when, where, word, yes_or_no

#: What is kept as it is. Of the others, `_links` counts revisions, and what plug-ins add (`yoast_head`) holds texts.
_KEPT: dict[str, Check] = {
    "id": number,
    "date": when,
    "date_gmt": when,
    "modified": when,
    "modified_gmt": when,
    "slug": slug,
    "status": word,
    "type": word,
    "link": where,
    "author": number,
    "featured_media": number,
    "parent": number,
    "menu_order": number,
    "comment_status": word,
    "ping_status": word,
    "sticky": yes_or_no,
    "format": word,
    "categories": numbers,
    "tags": numbers,
}


def is_post(said: object) -> bool:
    """Whether this is an article that everybody may ask for."""
    return (
        isinstance(said, dict)
        and number(said.get("id")) is not None
        and said.get("status") == "publish"
        and word(said.get("type")) is not None
        and where(said.get("link")) is not None
    )


def read(said: Json) -> Entry:
    """One post.

    Raises:
        NotUnderstood: it is none.
    """
    if not is_post(said):
        raise NotUnderstood("no post that is published")
    told = kept(said, _KEPT)
    title = plain(_rendered(said, "title"))
    guid = where(_rendered(said, "guid"))
    if "guid" in said and guid is not None:
        told["guid"] = {"rendered": guid}
    if "title" in said:
        told["title"] = {"rendered": title}
    has = frozenset(name for name in ("content", "excerpt") if name in said)
    return Entry(told, str(told["link"]), title, _rendered(said, "content"), has, tuple(everything(said)))


def write(entry: Entry, excerpt: Excerpt | None) -> Json:
    """The post with the texts of its preview."""
    content = summary = ""
    if excerpt is not None:
        summary = f"<p>{escape(excerpt.standfirst)}</p>\n" if excerpt.standfirst else ""
        own = "" if excerpt.gated else excerpt.public_part(entry.text, entry.link)
        content = own or excerpt.html or summary
    texts = {"content": content, "excerpt": summary}
    made = entry.kept | {name: {"rendered": texts[name], "protected": False} for name in sorted(entry.has)}
    return made | {ACCESS_KEY: {"access": ACCESS_WORD}} if excerpt is not None and excerpt.gated else made


def _rendered(said: Json, name: str) -> str:
    inner = said.get(name)
    text = inner.get("rendered") if isinstance(inner, dict) else None
    return text if isinstance(text, str) else ""
