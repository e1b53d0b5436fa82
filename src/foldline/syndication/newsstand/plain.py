"""Texts of strangers in one plain line, within bounds, and without the notices of walls among them."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from selectolax.lexbor import LexborHTMLParser

from foldline.pages.words import LANGUAGES, catalogue

ELLIPSIS = "…"
#: Longer HTML than this is looked at up to here, in characters: a summary is short, and a body is not kept.
_MOST_HTML = 20_000
#: So much of a summary, and of one sentence of it, is looked at, in characters.
_MOST_SUMMARY, _MOST_SENTENCE = 2000, 500
#: Nobody reads what is in these.
_UNREAD = ["script", "style", "template", "noscript", "iframe", "object", "svg", "math", "head", "title", "select"]
_SENTENCE = re.compile(r"(?<=[.!?…])[\"”’»)\]]*\s+")
#: Control characters, and those that turn the direction of what follows them.
_STRANGE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]+"
)

#: What walls, players and feeds say beside an article, in small letters. A list, and no promise: whoever writes another
#: sentence there is read with it.
_NOTICES = re.compile(
    r"""
      \b(?:have|reading|seeing|viewing)\ a\ preview\b | \bpreview\ (?:view\ )?of\ this\ (?:article|story)\b
    | \bwe\b.{0,20}\b(?:check|verify|confirm)(?:ing|ed)?\ (?:your\ )?access\b
    | \bthank\ you\ for\ your\ patience\b
    | \breader\ mode\b.{0,30}\bexit\b
    | \balready\ (?:a\ |have\ an?\ )?(?:subscrib\w+|member|account|registered)\b
    | \b(?:log|sign)\ ?in(?:to)?\b.*\b(?:to\ (?:read|continue|view|see)|subscri\w+|account)\b
    | ^(?:please\ )?(?:(?:log|sign)\ ?in|subscribe)\b
    | \b(?:subscribe|register|join|sign\ up)\b.*\bto\ (?:read|continue|view|see|unlock|keep)\b
    | \b(?:subscribe|register|join|sign\ up)\b.*\bfor\ (?:all|full|unlimited)\b
    | ^want\ all\ of\b
    | \b(?:article|story|content|post)\b.{0,40}\b(?:for|to)\ (?:paid\ |our\ )?(?:subscribers|members)\b
    | \b(?:subscribers|members)[ -]only\b
    | \bto\ (?:continue|keep)\ reading\b
    | \b(?:free|complimentary)\ articles?\ (?:left|remaining|this\ month)\b
    | ^(?:continue\ reading|read\ (?:more|on|the\ (?:full|rest|entire))|click\ here)\b
    | ^the\ post\b.*\b(?:appeared\ first\ on|first\ appeared\ on)\b
    | \b(?:enable|turn\ on|disable)\ (?:javascript|your\ ad\ ?blocker|cookies)\b
    | \b(?:article|contenu)\b.{0,30}\br[ée]serv\w+\ aux\ abonn\w+ | \bdéjà\ abonn\w+
    | ^(?:abonnez|connectez)-vous\b | ^lire\ la\ suite\b
    | \bnur\ für\ abonnent\w+ | ^jetzt\ abonnieren\b | \bbereits\ abonnent\w*\b | ^weiterlesen\b
    | ^suscr[ií]b\w+\b | \bsolo\ para\ suscriptores\b | ^(?:leer\ más|seguir\ leyendo)\b
    """,
    re.VERBOSE,
)
_BLOCK = re.compile(
    r"<(?=/?(?:p|br|div|li|[uo]l|d[ltd]|h[1-6]|t[rdh]|table|blockquote|fig|section|article|hr|pre)\b)", re.I
)


def text_of_html(html: str) -> str:
    """What somebody reads of a piece of HTML, in one line."""
    tree = LexborHTMLParser(f"<body>{_BLOCK.sub(' <', html[:_MOST_HTML])}")
    tree.strip_tags(_UNREAD, recursive=True)
    return one_line(tree.body.text()) if tree.body is not None else ""


def one_line(text: str) -> str:
    """A text with single spaces, composed, and without characters that are none."""
    return " ".join(unicodedata.normalize("NFC", _STRANGE.sub(" ", text)).split())


def shortened(text: str, most: int) -> str:
    """At most so many characters, ended at a word with an ellipsis."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    return cut[: cut.rfind(" ") if " " in cut[most // 2 :] else len(cut)].rstrip(" ,;:–—-") + ELLIPSIS


def without_notices(text: str) -> str:
    """The beginning of a summary without the sentences that are a wall's and not the article's."""
    kept = [sentence for sentence in _SENTENCE.split(text[:_MOST_SUMMARY]) if not is_notice(sentence)]
    return " ".join(kept).strip()


def is_notice(sentence: str) -> bool:
    """Whether a sentence is one that walls say: of a list, or of our own walls in any language."""
    plain = one_line(sentence[:_MOST_SENTENCE]).replace("’", "'").casefold().strip(' "“”»«')
    return bool(_NOTICES.search(plain)) or plain.rstrip(".!?…") in _own_notices()


@cache
def _own_notices() -> frozenset[str]:
    """The sentences of our own walls that name nothing of a publication."""
    found = set()
    for language in LANGUAGES:
        for key, text in catalogue(language).items():
            if key.startswith(("wall.", "gate.")) and "{" not in text:
                found |= {one.replace("’", "'").casefold().rstrip(".!?…") for one in _SENTENCE.split(text)}
    return frozenset(found)
