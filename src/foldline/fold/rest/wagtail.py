"""Pages of Wagtail: https://docs.wagtail.org/en/stable/advanced_topics/api/v2/usage.html"""

from __future__ import annotations

from foldline.fold.feed.json_feed import everything
from foldline.fold.feed.marks import ACCESS_KEY, ACCESS_WORD
from foldline.fold.feed.model import NotUnderstood
from foldline.fold.feed.words import plain
from foldline.fold.page.excerpt import Excerpt
from foldline.fold.rest.entry import Check, Entry, Json, kept, number, slug, when, where, word, yes_or_no

#: Of `meta`. `search_description` is in the preview where an editor wrote it.
_META: dict[str, Check] = {
    "type": word,
    "detail_url": where,
    "html_url": where,
    "slug": slug,
    "show_in_menus": yes_or_no,
    "first_published_at": when,
    "locale": word,
}
#: How sites call the text of a page, in the order in which they are looked for.
BODIES = ("body", "content", "text")


def is_page(said: object) -> bool:
    """Whether this is a page."""
    if not isinstance(said, dict):
        return False
    meta = said.get("meta")
    return number(said.get("id")) is not None and isinstance(meta, dict) and word(meta.get("type")) is not None


def read(said: Json) -> Entry:
    """One page.

    Raises:
        NotUnderstood: it is none.
    """
    if not is_page(said):
        raise NotUnderstood("no page")
    title = plain(said.get("title"))
    told: Json = {"id": said["id"], "meta": kept(said["meta"], _META), "title": title}
    has = frozenset(name for name in BODIES if isinstance(said.get(name), str))
    text = next((said[name] for name in BODIES if name in has), "")
    return Entry(told, str(told["meta"].get("html_url", "")), title, text, has, tuple(everything(said)))


def write(entry: Entry, excerpt: Excerpt | None) -> Json:
    """The page, with the text of its preview where it had one as HTML."""
    content = ""
    if excerpt is not None:
        own = "" if excerpt.gated else excerpt.public_part(entry.text, entry.link)
        content = own or excerpt.html
    made = entry.kept | dict.fromkeys(sorted(entry.has), content)
    return made | {ACCESS_KEY: {"access": ACCESS_WORD}} if excerpt is not None and excerpt.gated else made
