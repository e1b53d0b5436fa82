"""Where in an answer the rest stands, and its first words as the publisher wrote them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from foldline.fold.prove import Seen, Wanted, letters_of
from foldline.fold.tree import Node
from foldline.proof.audit.asking import Reply
from foldline.proof.audit.learning import Article, drawn
from foldline.proof.audit.reading import texts

#: Fewer shingles than these are a phrase that two texts may share: a quotation, a line about an author.
ENOUGH = 12
#: A report quotes no more of what leaked.
MOST_WORDS = 12
_STATE = re.compile(
    r"__NEXT_DATA__|__next_f|__NUXT|__APOLLO|__INITIAL|__PRELOADED|__remixContext|__sveltekit|__data\b|Fusion\.|_STATE__"
    r"|window\.\w+\s*=\s*[\[{]|JSON\.parse"
)
_COMMENTS = (("<!--", "-->"), ("<![CDATA[", "]]>"))
#: What stands in an element of XML before the next one, in CDATA or not.
_ELEMENT = re.compile(r"<([\w:]{1,60})(?:\s[^<>]{0,2000})?>\s*(?:<!\[CDATA\[)?([^<]+)")
_LABELS = ("aria-label", "aria-description", "title", "alt", "placeholder", "summary", "label")
_MOST_NODES = 20_000
_TOKEN = re.compile(r"\S+")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Place:
    """`vector` is what it is in an article's own page; `name` says it in words."""

    vector: str
    name: str


def sees(wanted: Wanted, reply: Reply) -> Seen:
    """What of a rest stands anywhere in an answer, body and head."""
    head = "\n".join(f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in reply.headers)
    seen = [wanted.seen(head), *(wanted.seen(text) for text in texts(reply.body))]
    return Seen(
        frozenset().union(*(one.letters for one in seen)),
        frozenset().union(*(one.words for one in seen)),
        all(one.whole for one in seen),
    )


def is_found(wanted: Wanted, seen: Seen) -> bool:
    """Whether it is more than a phrase. A rest of a few words is found as a whole or not at all."""
    return seen.count >= (1 if wanted.short else ENOUGH)


def places(wanted: Wanted, reply: Reply, sheets: Sequence[str] = ()) -> tuple[Place, ...]:
    """Every place of an answer where the rest stands; the likeliest first, never none."""
    found = [*_in_head(wanted, reply)]
    if reply.status >= 300 and reply.body and has(wanted, reply.text):
        found.append(Place("A20", f"behind the status {reply.status}"))
    elif reply.is_html:
        found += _in_page(wanted, reply.text, sheets)
    elif any(is_found(wanted, wanted.seen(text)) for text in texts(reply.body)):
        found += _in_data(wanted, reply)
    return tuple(dict.fromkeys(found)) or (Place("A06", f"in an encoded view of {reply.kind or 'the answer'}"),)


def has(wanted: Wanted, text: str) -> bool:
    """Whether the rest stands in a text, in any decoded view."""
    return bool(text) and is_found(wanted, wanted.seen(text))


def first_words(article: Article, seen: Seen) -> str:
    """The first words of what was found, at most MOST_WORDS, as they stand in the rest."""
    tokens = _TOKEN.findall(article.rest)
    spelt = [letters_of(token) for token in tokens]
    starts, at = [], 0
    for one in spelt:
        starts.append(at)
        at += len(one)
    letters = "".join(spelt)
    firsts = [where for run in seen.letters if (where := letters.find(run)) >= 0]
    words = [letters_of("".join(run)) for run in seen.words]
    firsts += [where for run in words if len(run) > 3 and (where := letters.find(run)) >= 0]
    if not firsts:
        return ""
    first = min(firsts)
    # The word in whose middle a run of letters begins has perhaps not been found whole.
    index = next((number for number, start in enumerate(starts) if start >= first), 0)
    return " ".join(tokens[index : index + MOST_WORDS])


def _in_head(wanted: Wanted, reply: Reply) -> Iterator[Place]:
    for name, value in reply.headers:
        if has(wanted, value.decode("latin-1")):
            yield Place("A14", f"in the field {name.decode('latin-1')}")


def _in_page(wanted: Wanted, html: str, sheets: Sequence[str]) -> Iterator[Place]:
    tree = LexborHTMLParser(html)
    yield from _in_scripts(wanted, tree)
    for node in tree.css("meta[content]"):
        if has(wanted, node.attributes.get("content") or ""):
            name = node.attributes.get("itemprop")
            vector = "A09" if name else "A10"
            yield Place(vector, f"in <meta {name or node.attributes.get('name') or node.attributes.get('property')}>")
    for node in tree.css("noscript"):
        if has(wanted, node.html or ""):
            yield Place("A04", "in <noscript>")
    for node in tree.css("template"):
        if has(wanted, node.html or ""):
            yield Place("A05", "in <template>")
    if any(has(wanted, comment) for comment in _comments(html)):
        yield Place("A05", "in a comment")
    yield from _in_attributes(wanted, tree)
    texts_of = drawn(html, sheets)
    if has(wanted, texts_of.clipped):
        yield Place("A02", "under a blur or a bounded height")
    if has(wanted, texts_of.hidden):
        yield from _microdata(wanted, tree)
        yield Place("A01", "in an element that a style hides")
    if has(wanted, texts_of.shown):
        yield Place("A03", "in the page's open text")


def _comments(html: str) -> Iterator[str]:
    """What stands in comments and CDATA sections; the last may have no end."""
    for begin, end in _COMMENTS:
        at = html.find(begin)
        while at >= 0:
            last = html.find(end, at)
            yield html[at + len(begin) : last if last >= 0 else None]
            at = html.find(begin, last) if last >= 0 else -1


def _microdata(wanted: Wanted, tree: LexborHTMLParser) -> Iterator[Place]:
    for node in tree.css("[itemprop~=articleBody]"):
        if has(wanted, node.text(separator=" ")):
            yield Place("A09", "in itemprop=articleBody")
            return


def _in_scripts(wanted: Wanted, tree: LexborHTMLParser) -> Iterator[Place]:
    for node in tree.css("script"):
        text = node.text()
        if not has(wanted, text):
            continue
        if "ld+json" in (node.attributes.get("type") or ""):
            yield Place("A08", f"in JSON-LD ({_field(wanted, text)})")
        elif not _stands_plain(wanted, text):
            yield Place("A06", "encoded in a script")
        elif _STATE.search(text) or "json" in (node.attributes.get("type") or "") or node.attributes.get("id"):
            name = node.attributes.get("id") or "an inline script"
            yield Place("A07", f"in the state of scripts ({name})")
        else:
            yield Place("A06", "in a script")


def _stands_plain(wanted: Wanted, text: str) -> bool:
    """Whether it can be read without decoding more than JSON's own escapes."""
    letters = letters_of(re.sub(r"\\u[0-9a-fA-F]{4}|\\[nrt]|<[^<>]*>|&\w+;", " ", text))
    return bool(wanted.places(letters))


def _in_attributes(wanted: Wanted, tree: LexborHTMLParser) -> Iterator[Place]:
    for number, node in enumerate(tree.css("*")):
        if number > _MOST_NODES:
            return
        if node.tag in ("meta", "script"):
            continue
        for name, value in node.attributes.items():
            if value and len(value) >= 24 and has(wanted, value):
                yield _attribute(node, name, value)
    for node in tree.css("svg"):
        if has(wanted, node.text(separator=" ")):
            yield Place("A26", "in an SVG")


def _attribute(node: Node, name: str, value: str) -> Place:
    where = f"in {name} of <{node.tag}>"
    if name == "srcdoc" or value.startswith("data:"):
        return Place("A26", where)
    if name in _LABELS:
        return Place("A27", where)
    return Place("A06", where)


def _in_data(wanted: Wanted, reply: Reply) -> Iterator[Place]:
    if "json" in reply.kind:
        field = _field(wanted, reply.text)
        yield Place("A06", f"in the field {field}" if field else "in JSON")
    elif "xml" in reply.kind:
        tag = next((found[1] for found in _ELEMENT.finditer(reply.text) if has(wanted, found[2])), "")
        yield Place("A06", f"in <{tag}>" if tag else "in XML")
    else:
        yield Place("A06", f"in {reply.kind or 'the answer'}")


def _field(wanted: Wanted, text: str) -> str:
    """The name of the innermost value in JSON that holds the rest; "" where it is none."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    waiting: list[tuple[str, object]] = [("", whole)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str):
            if has(wanted, value):
                return name.lstrip(".") or "text"
        elif isinstance(value, dict):
            waiting += [(f"{name}.{key}", one) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [(name, one) for one in value]
    return ""
