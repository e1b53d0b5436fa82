"""Markdown into the sanitised body of an article, with the place of its fold."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, cast

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from foldline.fold import marker, notes, regions, templates
from foldline.fold.cut import cut
from foldline.fold.dress import Image, dress
from foldline.fold.findings import Finding
from foldline.fold.sanitise import clean, is_element_name
from foldline.fold.tree import Fragment, Node, Unstable, ancestors, stable

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")
_LABEL = re.compile(r"\[([^\[\]]+)\]")
_NO_PICTURES: Mapping[str, Image] = MappingProxyType({})
_EMBEDS = ("iframe", "embed", "object", "video", "audio")
_REMOVED = (*_EMBEDS, "script", "style", "form", "input", "button", "select", "textarea", "svg", "math", "link", "meta")


@dataclass(frozen=True, slots=True)
class Rendered:
    """Sanitised HTML, with `<!--fold-->` where the author's marker stood; no other comment is ever in it.

    `uncut` says why no rule may look for the fold: `marker-unused`, a marker was written and could not be used;
    `read-differently`, the text was replaced by its source. Such a text is below the fold as a whole.
    """

    html: str
    findings: tuple[Finding, ...] = ()
    uncut: Literal["", "marker-unused", "read-differently"] = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(str(finding) for finding in self.findings)


@dataclass(frozen=True, slots=True)
class _Parts:
    """HTML above the marker, below it, and the footnotes: apart, so that what one leaves open can't swallow another.

    Without a `place` all of the text is above.
    """

    above: str
    below: str
    notes: str
    place: marker.Place | None


def render(source: str, pictures: Mapping[str, Image] = _NO_PICTURES) -> Rendered:
    """Markdown with raw HTML, tables, strikethrough and footnotes, as sanitised HTML.

    `pictures` holds the images that may be shown, by the address that the text gives them (`picture:name`, or a path);
    every other image becomes its alternative text. Markup that no parser reads back as it was written is shown as text.
    What stands above a marker is rendered from the source above it alone.
    """
    source = readable(source)
    written = marker.written(source)
    source, resolved = templates.resolve(source)
    found = list(resolved)
    key = "k" + secrets.token_hex(12)
    parts = _parts(source, key, found)
    html, as_text = _finished(parts, source, key, pictures, found)
    uncut: Literal["", "marker-unused", "read-differently"] = ""
    if parts.place and _is_lost(parts.place, html, key):
        uncut = "marker-unused"
        found.append(Finding("fold-marker", marker.LOST, parts.place.line))
    elif f"<!--{key}-->" not in html:
        uncut = "marker-unused" if written or parts.place else "read-differently" if as_text else ""
    if uncut == "marker-unused" and not any(finding.kind == "fold-marker" for finding in found):
        found.append(Finding("fold-marker", marker.UNUSED, written))
    return Rendered(html.replace(key, "fold"), tuple(found), uncut)


def _is_lost(place: marker.Place, html: str, key: str) -> bool:
    """Whether something was written below the marker, and nothing of it is left to be sealed."""
    return not place.is_last and cut(html.replace(key, "fold")).how == "nothing-below"


def _finished(
    parts: _Parts, source: str, key: str, pictures: Mapping[str, Image], found: list[Finding]
) -> tuple[str, bool]:
    """The body, and whether any of it is shown as its source. What is above the marker does not depend on the rest."""
    place = parts.place
    mark = f"<!--{key}-->"
    texts = (place.above, place.source_below) if place else (source, "")
    plain = ["".join(_paragraphs(text)) for text in texts]
    ways: list[tuple[str, ...]] = [(parts.above, parts.below, parts.notes)]
    ways += [(parts.above, plain[1])] if place else []
    ways.append((plain[0], plain[1]))
    for at, (above, *others) in enumerate(ways):
        seen: list[Finding] = []
        if at:
            seen.append(Finding("element-removed", "HTML that browsers read in more than one way is shown as text"))
        try:
            written = [above, *others]
            # Notes stand last wherever they were written: behind a marker that ends the text there is nothing.
            written[-1 if place and place.is_last else 0] += mark if place else ""
            cleaned = [clean(_before_cleaning(part, key, seen), key) for part in written]
            body = Fragment("".join(Fragment(part).html for part in cleaned))
            dress(body, pictures, seen)
            html = stable(body.html)
        except Unstable:
            continue
        found.extend(seen)
        return html, at > 0
    raise Unstable("paragraphs of words are read back as they were written")  # pragma: no cover


def readable(source: str) -> str:
    """One kind of line end, no byte-order mark, no character that HTML forbids."""
    return _FORBIDDEN.sub("\ufffd", source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))


def _paragraphs(source: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", source):
        if paragraph.strip():
            shown = paragraph.strip("\n").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            yield f"<p>{shown}</p>\n"


def _parts(source: str, key: str, found: list[Finding]) -> _Parts:
    markdown = _markdown(key)
    env: EnvType = {}
    tokens = markdown.parse(source, env)

    def write(some: Sequence[Token]) -> str:
        return str(markdown.renderer.render(some, markdown.options, {}))

    listed = marker.places(tokens, source, found)
    for place in listed:
        parts, deep = _parted(place, markdown, write, key, found)
        if deep is not None:
            found.extend(marker.about(place, deep, listed))
            return parts
        found.append(Finding("fold-marker", marker.ELSEWHERE, place.line))
    defined: dict[str, list[Token]] = {}
    text = notes.taken(tokens, defined)
    listed_notes = notes.gathered(env, defined, [text])
    return _Parts(write(text), "", write(listed_notes), None)


def _parted(
    place: marker.Place, markdown: MarkdownIt, write: Callable[[Sequence[Token]], str], key: str, found: list[Finding]
) -> tuple[_Parts, int | None]:
    """The source above is read alone; the source below may use what is defined above."""
    defined: dict[str, list[Token]] = {}
    env: EnvType = {}
    above = notes.taken(_markdown(key, undefined_notes=True).parse(place.above, env), defined)
    further = notes.following(env)
    below = notes.taken(markdown.parse(place.below, further), defined)
    listed = notes.gathered(further, defined, [above, below])
    html = write(above)
    deep = marker.depth(html, key)
    if deep is not None:
        only_below = further["references"].keys() - env.get("references", {}).keys()
        found.extend(_used_too_early(above, only_below))
    return _Parts(html, place.raw + "\n" + write(below), write(listed), place), deep


def _used_too_early(above: Sequence[Token], labels: Collection[str]) -> Iterator[Finding]:
    """References that stay text, because their definition stands below the fold."""
    for token in above:
        if token.type == "inline" and labels:
            for label in dict.fromkeys(_LABEL.findall(token.content)):
                if normalizeReference(label) in labels:
                    line = token.map[0] + 1 if token.map else 0
                    yield Finding("reference-below", label, line)


def _markdown(key: str, *, undefined_notes: bool = False) -> MarkdownIt:
    markdown = regions.parser()
    notes.enable(markdown, undefined_too=undefined_notes)
    # The sanitiser decides about addresses: refused here, a link would stand in the text as it was typed.
    markdown.validateLink = _any_address  # type: ignore[method-assign]
    if isinstance(markdown.renderer, RendererHTML):
        footnotes, rules = notes.Footnotes(key), cast("dict[str, Any]", markdown.renderer.rules)
        for name in footnotes.NAMES:
            rules[name] = getattr(footnotes, name)
        rules["html_inline"] = _inline
    return markdown


def _any_address(url: str) -> bool:
    return True


def _inline(tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    content = tokens[at].content
    return content if is_element_name(content) else content.replace("<", "&lt;").replace(">", "&gt;")


def _before_cleaning(html: str, key: str, found: list[Finding]) -> str:
    """Embeds become links; what the sanitiser will take out is counted; comments that are no marker of ours go."""
    body = Fragment(html)
    for node in [node for node in body.top.traverse() if node.is_comment_node]:
        if node.comment_content != key:
            node.decompose()
    outermost = [
        node for node in body.top.css(", ".join(_REMOVED)) if not any(up.tag in _REMOVED for up in ancestors(node))
    ]
    for node in outermost:
        if node.tag in _EMBEDS:
            _embed(body, node, found)
            continue
        found.append(Finding("element-removed", f"<{node.tag}>"))
        label = node.attributes.get("aria-label")
        if node.tag == "svg" and label:
            node.insert_before(body.element("img", alt=label), move=True)
        node.decompose()
    return body.html


def _embed(body: Fragment, node: Node, found: list[Finding]) -> None:
    inner = node.css_first("source")
    address = node.attributes.get("src") or node.attributes.get("data") or ""
    address = address or (inner.attributes.get("src") if inner else "") or ""
    found.append(Finding("embed", f"<{node.tag}> {address}".strip()[:120]))
    if address.startswith(("https://", "http://", "//")):
        link = body.element("a", href=templates.watchable(address))
        title = node.attributes.get("title") or node.attributes.get("aria-label")
        link.insert_child(f"Embedded: {title}" if title else "Embedded media")
        paragraph = body.element("p")
        paragraph.insert_child(link, move=True)
        node.insert_before(paragraph, move=True)
    node.decompose()
