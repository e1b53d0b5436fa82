"""What two parsers take for closed on a page, asked by rules of their own and not through the code under test."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import turbohtml
from selectolax.lexbor import LexborHTMLParser, LexborNode

RUN = 8
_WORD = re.compile(r"[a-z]+")
_UNREAD = ("script", "style")
_NO_MARK = {"template", "noscript", "svg", "math", "select", "head", "script", "style", "textarea", "title"}
_NO_MARK |= {"iframe", "object"}
_CONTAINER = ".entry-content"


@dataclass(frozen=True)
class Verdict:
    """Texts that one parser takes for closed, in order."""

    texts: tuple[str, ...]

    def words(self) -> set[str]:
        return {word for text in self.texts for word in words(text) if is_own(word)}

    def runs(self) -> set[tuple[str, ...]]:
        return {run for text in self.texts for run in runs(words(text))}


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def is_own(word: str) -> bool:
    """A word that stands in one place of one page."""
    return word.startswith("w") and len(word) >= 5 and set(word[1:]) <= set("abcdefghij")


def runs(listed: list[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(listed[at : at + RUN]) for at in range(len(listed) - RUN + 1))


def by_lexbor(page: str, selector: str) -> Verdict:
    tree = LexborHTMLParser(page)
    assert tree.root is not None
    if selector:
        nodes = [inner for top in tree.css(selector) for inner in top.traverse(include_text=True)]
        return Verdict(tuple(_text(node) for node in nodes if node.is_text_node))
    listed = list(tree.root.traverse(include_text=True))
    at = next((at for at, node in enumerate(listed) if _is_mark(node)), None)
    if at is None:
        return Verdict(())
    container = next((up for up in _above(listed[at]) if "entry-content" in (up.attributes.get("class") or "")), None)
    behind = [node for node in listed[at:] if node.is_text_node]
    if container is not None:
        behind = [node for node in behind if any(up.mem_id == container.mem_id for up in _above(node))]
    return Verdict(tuple(map(_text, behind)))


def _text(node: LexborNode) -> str:
    return "" if node.parent is not None and node.parent.tag in _UNREAD else node.text_content or ""


def _above(node: LexborNode) -> Iterator[LexborNode]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def _is_mark(node: LexborNode) -> bool:
    said = (node.comment_content or "").strip() if node.is_comment_node else ""
    more = node.is_element_node and node.tag == "span" and (node.attributes.get("id") or "") == "more-7"
    return (said in ("fold", "more") or more) and not any(up.tag in _NO_MARK for up in _above(node))


def by_turbohtml(page: str, selector: str) -> Verdict:
    tops = turbohtml.parse(page).select(selector) if selector else []
    return Verdict(tuple(text for top in tops for text in _texts(top)))


def _texts(top: turbohtml.Node) -> Iterator[str]:
    for node in top.descendants:
        parent = node.parent
        if isinstance(node, turbohtml.Text) and not (isinstance(parent, turbohtml.Element) and parent.tag in _UNREAD):
            yield node.data


def views(page: str) -> list[str]:
    """Every way to read a page that a thief would try first."""
    lexbor = LexborHTMLParser(page)
    assert lexbor.root is not None
    texts = [node.text_content or "" for node in lexbor.root.traverse(include_text=True) if node.is_text_node]
    trees = [turbohtml.parse(page, scripting=scripting) for scripting in (False, True)]
    return [
        page,
        re.sub(r"<[^>]*>", " ", page),
        html.unescape(page),
        unquote(page),
        " ".join(texts),
        *(" ".join(_texts(tree)) for tree in trees),
    ]
