"""What another answer of a site may say of an article, as a feed: taken from its preview, never from its whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import unescape
from urllib.parse import unquote, urlsplit

from turbohtml import Document, Element, parse

from foldline.fold.page.charset import letters_of_page
from foldline.fold.page.facts import Metas
from foldline.fold.page.source import readable, said, texts
from foldline.fold.page.structured import REST_CLASS
from foldline.fold.prove import Wanted, letters_of
from foldline.fold.sanitise import clean_elsewhere
from foldline.fold.tree import names

#: A letter that is in no text: the end of one piece with the start of another is no run of words that anybody wrote.
SEAM = " \ua66e "
_PLACE = "foldline-place"
_ADDRESSES = names("href src cite")
#: What the gate's place may stand behind, where that is the article's text.
_TEXTS = names("article main section div")
#: Letters of a whole whose shingles are made: as of a rest.
_LONGEST = 500_000


@dataclass(frozen=True)
class Excerpt:
    """One article. `html` is the text above its fold, sanitised, with whole addresses ("" where it was not found);
    `standfirst` the description that stands in its preview. `public` is the preview's source. `sealed` is the text of
    the page as the site sent it, for a proof and for nothing else; "" of an article that is free for everybody."""

    gated: bool
    standfirst: str
    html: str
    public: str
    sealed: str = ""

    @cached_property
    def _letters(self) -> str:
        """All that the preview says, in its text and in its source."""
        return f"{letters_of(said([parse(self.public)]))}\0{letters_of(unescape(self.public))}"

    def wanted(self, more: str = "") -> Wanted:
        """What of the whole, and of `more` that was said of it elsewhere, the preview does not say."""
        return Wanted(f"{self.sealed}{SEAM}{more}"[:_LONGEST], (self.public, self.html, self.standfirst))

    def public_part(self, html: str, address: str) -> str:
        """What of a text from elsewhere is on the public page, sanitised: each piece that is not there is left out."""
        tree = parse(f"<body>{clean_elsewhere(html, address)}")
        for text in list(texts(tree)):
            if letters_of(text.data) not in self._letters:
                text.extract()
        for element in (node for node in tree.descendants if isinstance(node, Element)):
            for name, value in list(element.attrs.items()):
                told = (
                    urlsplit(str(value))._replace(scheme="", netloc="").geturl() if name in _ADDRESSES else str(value)
                )
                if letters_of(unquote(told)) not in self._letters:
                    element.attrs.pop(name)
        body = tree.select_one("body")
        return body.inner_html.strip() if body is not None and readable([body]).strip() else ""

    def size(self) -> int:
        return len(self.public) + len(self.sealed) + len(self.html) + 500


def excerpt_of(before: str, after: str, address: str, *, gated: bool, whole: bytes = b"", charset: str = "") -> Excerpt:
    """`before` and `after` are the preview in front of the gate's place and behind it; `whole` is the site's page as it
    came, of a gated article. `address` is where it lies."""
    tree = parse(f"{before}<{_PLACE}></{_PLACE}>{after}", allow_declarative_shadow_roots=False)
    metas = Metas(tree)
    text = _text_before(tree)
    html = clean_elsewhere(text.inner_html, address).strip() if text is not None else ""
    sealed = ""
    if gated:
        letters = letters_of_page(whole, charset)
        sealed = said([parse(letters.read if letters else whole.decode("utf-8", "replace"))])
    standfirst = metas.first("description", "og:description")
    return Excerpt(gated, standfirst, html if readable([parse(html)]).strip() else "", before + after, sealed)


def _text_before(tree: Document) -> Element | None:
    """The element that the gate's place stands behind."""
    place = tree.select_one(_PLACE)
    for sibling in place.previous_siblings if place is not None else ():
        if isinstance(sibling, Element) and REST_CLASS not in (sibling.attr("class") or "").split():
            return sibling if sibling.tag in _TEXTS else None
    return None


def _within_site(address: str) -> str:
    return unquote(urlsplit(address)._replace(scheme="", netloc="").geturl())
