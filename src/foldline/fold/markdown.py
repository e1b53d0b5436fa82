"""Markdown into the sanitised body of an article, with the place of its fold."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin

from foldline.fold import marker, regions, templates
from foldline.fold.dress import Image, dress
from foldline.fold.findings import Finding
from foldline.fold.sanitise import clean, is_element_name
from foldline.fold.tree import Fragment, Node, Unstable, ancestors, stable

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")
_NO_PICTURES: Mapping[str, Image] = MappingProxyType({})
_EMBEDS = ("iframe", "embed", "object", "video", "audio")
_REMOVED = (*_EMBEDS, "script", "style", "form", "input", "button", "select", "textarea", "svg", "math", "link", "meta")


@dataclass(frozen=True, slots=True)
class Rendered:
    """Sanitised HTML, with `<!--fold-->` where the author's marker stood; no other comment is ever in it."""

    html: str
    findings: tuple[Finding, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(str(finding) for finding in self.findings)


def render(source: str, pictures: Mapping[str, Image] = _NO_PICTURES) -> Rendered:
    """Markdown with raw HTML, tables, strikethrough and footnotes, as sanitised HTML.

    `pictures` holds the images that may be shown, by the address that the text gives them (`picture:name`, or a path);
    every other image becomes its alternative text. Markup that no parser reads back as it was written is shown as text.
    """
    source = readable(source)
    source, resolved = templates.resolve(source)
    found = list(resolved)
    key = "k" + secrets.token_hex(12)
    try:
        parts = [clean(_before_cleaning(part, key, found), key) for part in _parts(source, key, found)]
        body = Fragment("".join(Fragment(part).html for part in parts))
        dress(body, pictures, found)
        html = stable(body.html)
    except Unstable:
        found.append(Finding("element-removed", "HTML that browsers read in more than one way is shown as text"))
        html = stable(clean("".join(_paragraphs(source)), key))
    return Rendered(html.replace(key, "fold"), tuple(found))


def readable(source: str) -> str:
    """One kind of line end, no byte-order mark, no character that HTML forbids."""
    return _FORBIDDEN.sub("\ufffd", source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))


def _paragraphs(source: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", source):
        yield "<p>" + paragraph.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "</p>"


def _parts(source: str, key: str, found: list[Finding]) -> tuple[str, str, str]:
    """Above the marker, below it, and the footnotes: apart, so that what one leaves open cannot swallow another."""
    markdown = _markdown(key)
    tokens = markdown.parse(source)
    notes = next((at for at, token in enumerate(tokens) if token.type == "footnote_block_open"), len(tokens))

    def write(some: Sequence[Token]) -> str:
        return str(markdown.renderer.render(some, markdown.options, {}))

    above, below = marker.split(tokens[:notes], write, key, found)
    return above, below, write(tokens[notes:])


def _markdown(key: str) -> MarkdownIt:
    markdown = regions.parser().use(footnote_plugin)
    # The sanitiser decides about addresses: refused here, a link would stand in the text as it was typed.
    markdown.validateLink = _any_address  # type: ignore[method-assign]
    if isinstance(markdown.renderer, RendererHTML):
        footnotes, rules = _Footnotes(key), cast("dict[str, Any]", markdown.renderer.rules)
        for name in ("footnote_ref", "footnote_block_open", "footnote_block_close", "footnote_open", "footnote_anchor"):
            rules[name] = getattr(footnotes, name)
        rules["html_inline"] = _inline
    return markdown


def _any_address(url: str) -> bool:
    return True


def _inline(tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    content = tokens[at].content
    return content if is_element_name(content) else content.replace("<", "&lt;").replace(">", "&gt;")


class _Footnotes:
    """The footnote plugin's elements, marked with the key as our own."""

    def __init__(self, key: str) -> None:
        self.key = key

    @staticmethod
    def _number(token: Token) -> str:
        return str(int(token.meta["id"]) + 1)

    def _reference(self, token: Token) -> str:
        number, again = self._number(token), int(token.meta.get("subId", 0))
        return f"{number}-{again + 1}" if again > 0 else number

    def footnote_ref(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        number = self._number(tokens[at])
        return (
            f'<sup class="footnote-ref {self.key}" id="{self.key}fnref{self._reference(tokens[at])}">'
            f'<a href="#fn{number}">{number}</a></sup>'
        )

    def footnote_block_open(self, *_: Any) -> str:
        return f'<section class="footnotes {self.key}"><ol>'

    def footnote_block_close(self, *_: Any) -> str:
        return "</ol></section>"

    def footnote_open(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        return f'<li id="{self.key}fn{self._number(tokens[at])}">'

    def footnote_anchor(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        reference = self._reference(tokens[at])
        return f' <a href="#fnref{reference}" class="footnote-backref {self.key}" title="Back to the text">↩</a>'


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
