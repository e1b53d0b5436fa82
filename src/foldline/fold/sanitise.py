"""The allow-list: which elements, attributes and classes the body of an article may hold. nh3 enforces it.

`key` is a random word, new for each text: only what the renderer itself wrote carries it, so that no article can
write a fold marker, a footnote section or a reference of its own.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin

import nh3

from foldline.fold.tree import names

_HEADINGS = names("h1 h2 h3 h4 h5 h6")
#: Kept through the sanitiser so that their content stays a block, then written as `div` (or `h2`).
_RENAMED = {
    **dict.fromkeys(sorted(names("aside section article header footer main nav center hgroup")), "div"),
    "h1": "h2",
}
_TAGS = _HEADINGS.union(
    _RENAMED,
    names("p br hr blockquote ul ol li dl dt dd pre div figure figcaption details summary address span img"),
    names("a em strong b i u s del ins mark small sup sub abbr cite q dfn code kbd samp var time wbr bdi bdo"),
    names("table caption thead tbody tfoot tr th td ruby rt rp"),
)
_GONE = names(
    "script style iframe object embed noscript template svg math form input button select textarea video audio canvas"
    " title head noembed noframes xmp plaintext frameset applet dialog"
)
_KNOWN = _TAGS | _GONE
_KNOWN |= names("html body link meta base font big tt strike acronym label fieldset legend col colgroup picture source")
_KNOWN |= names("track param map area option optgroup output progress meter data slot frame menu dir nobr search")
_KNOWN |= names("portal image marquee blink basefont")
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"lang", "dir"},
    "a": {"href", "title", "class"},
    "img": {"src", "alt", "title"},
    "th": {"scope", "colspan", "rowspan", "abbr"},
    "td": {"colspan", "rowspan"},
    "ol": {"start", "reversed", "type", "class"},
    "li": {"value", "id"},
    "blockquote": {"cite"},
    "q": {"cite"},
    "del": {"cite", "datetime"},
    "ins": {"cite", "datetime"},
    "time": {"datetime"},
    "abbr": {"title"},
    "dfn": {"title"},
    "code": {"class"},
    "sup": {"class", "id"},
    "section": {"class"},
    **{heading: {"id"} for heading in _HEADINGS},
}
_SCHEMES = {"http", "https", "mailto", "tel", "picture"}
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,79}")
_LANGUAGE = re.compile(r"language-[A-Za-z0-9+#_.-]{1,30}")
_NUMBER = re.compile(r"-?[0-9]{1,4}")
_SCOPES = ("col", "row", "colgroup", "rowgroup")
_OURS = ("footnotes", "footnote-ref", "footnote-backref")
_RENAME = re.compile(r"<(/?)(" + "|".join(_RENAMED) + r")(?=[ >])")
_UNKNOWN = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)")


def clean(html: str, key: str) -> str:
    """Only what the allow-list names. Comments stay, for the caller to tell its own marker from others."""

    def keep(tag: str, name: str, value: str) -> str | None:
        return _keep(tag, name, value, key)

    cleaned = nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_GONE),
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        strip_comments=False,
        link_rel="noopener",
        url_schemes=_SCHEMES,
    )
    return _RENAME.sub(lambda found: f"<{found[1]}{_RENAMED[found[2]]}", cleaned)


def clean_elsewhere(html: str, address: str) -> str:
    """A piece of a page for another place than its own, as a feed: no names, no classes, and every address whole.

    `address` is where the page lies. Headings of the first rank go: what holds the piece has a title of its own.
    """

    def keep(tag: str, name: str, value: str) -> str | None:
        if name in ("href", "src", "cite"):
            try:
                joined = urljoin(address, value.strip())
            except ValueError:
                return None
            return joined if joined.startswith(("https://", "http://", "mailto:", "tel:")) else None
        return None if name in ("class", "id") else _keep(tag, name, value, "")

    return nh3.clean(
        html,
        tags=set(_TAGS - {"h1"}),
        clean_content_tags={*_GONE, "h1"},
        attributes={tag: allowed for tag, allowed in _ATTRIBUTES.items() if tag != "h1"},
        attribute_filter=keep,
        link_rel=None,
        url_schemes={"http", "https", "mailto", "tel"},
    )


def is_element_name(source: str) -> bool:
    """Whether `<name …` is HTML. `<branch-name>` in a text is not, and is shown as it is written."""
    found = _UNKNOWN.match(source)
    return found is None or found[1].lower() in _KNOWN


def _keep(tag: str, name: str, value: str, key: str) -> str | None:
    if name == "class":
        return _class(tag, value, key)
    if name == "id":
        if tag in ("li", "sup"):
            return value.removeprefix(key) if value.startswith(key) else None
        return value if _ID.fullmatch(value) else None
    if name in ("colspan", "rowspan", "start", "value"):
        return value if _NUMBER.fullmatch(value) else None
    if name == "scope":
        return value if value in _SCOPES else None
    if name == "dir":
        return value if value in ("ltr", "rtl", "auto") else None
    return value


def _class(tag: str, value: str, key: str) -> str | None:
    words = value.split()
    if tag == "code":
        return next((word for word in words if _LANGUAGE.fullmatch(word)), None)
    if key in words:
        return next((word for word in words if word in _OURS), None)
    return None
