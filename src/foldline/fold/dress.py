"""What a sanitised body is given: shown or missing pictures, header scopes, scrolling boxes, anchors."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from foldline.fold.findings import Finding
from foldline.fold.tree import Fragment, Node, ancestors

#: Anchors that pages use themselves; a heading of that name gets a suffix.
_TAKEN = frozenset(("continue", "main", "content", "top", "gate", "article", "wall", "search", "menu", "footer"))
_NOT_SLUG = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Image:
    """An image of our own: the path it is served under, and its size in pixels (0 where unknown)."""

    src: str
    width: int = 0
    height: int = 0


def dress(body: Fragment, pictures: Mapping[str, Image], found: list[Finding]) -> None:
    """Changes the tree in place. Everything before a node decides what it gets, never anything behind it."""
    for node in body.top.css("img"):
        _picture(body, node, pictures, found)
    for node in body.top.css("a"):
        if not node.attributes.get("href") or (node.attributes.get("href") or "").startswith("picture:"):
            node.unwrap()
    for node in body.top.css("p"):
        if node.first_child is None:
            node.decompose()
    _scopes(body)
    _scrolling(body)
    _anchors(body)


def _picture(body: Fragment, node: Node, pictures: Mapping[str, Image], found: list[Finding]) -> None:
    src = (node.attributes.get("src") or "").strip()
    alt = " ".join((node.attributes.get("alt") or "").split())
    if "alt" not in node.attributes or (not alt and not _shown(node)):
        found.append(Finding("picture-without-alt", src[:120]))
    image = pictures.get(src)
    if image is not None:
        _show(body, node, image, alt)
        return
    elsewhere = src.startswith(("http://", "https://", "//"))
    found.append(Finding("picture-elsewhere" if elsewhere else "picture-missing", src[:120]))
    if elsewhere and not any(parent.tag == "a" for parent in ancestors(node)):
        link = body.element("a", href=src if not src.startswith("//") else "https:" + src, rel="noopener")
        link.insert_child(f"Picture: {alt}" if alt else "Picture")
        _replace(body, node, link, alt)
    elif alt:
        text = body.element("span", class_="missing-picture")
        text.insert_child(f"[Picture: {alt}]")
        _replace(body, node, text, alt)
    else:
        parent = node.parent
        node.decompose()
        _drop_empty(parent)


def _shown(node: Node) -> bool:
    """Whether a caption says what a picture without alternative text shows."""
    return any(parent.tag == "figure" and parent.css_first("figcaption") for parent in ancestors(node))


def _show(body: Fragment, node: Node, image: Image, alt: str) -> None:
    title = node.attributes.get("title")
    shown = body.element("img", src=image.src, alt=alt)
    if image.width and image.height:
        shown.attrs["width"], shown.attrs["height"] = str(image.width), str(image.height)
    shown.attrs["loading"], shown.attrs["decoding"] = "lazy", "async"
    paragraph = _alone_in(node)
    if paragraph is None:
        node.replace_with(shown, move=True)
        return
    figure = body.element("figure")
    figure.insert_child(shown, move=True)
    if title:
        caption = body.element("figcaption")
        caption.insert_child(title)
        figure.insert_child(caption, move=True)
    paragraph.replace_with(figure, move=True)


def _replace(body: Fragment, node: Node, instead: Node, alt: str) -> None:
    """A picture that had a line of its own leaves a quiet line; one within a sentence leaves words."""
    paragraph = _alone_in(node)
    parent = node.parent
    at_top = parent is not None and parent.parent is None
    if paragraph is None and not at_top and (parent is None or parent.tag not in ("figure", "div")):
        node.replace_with(instead, move=True)
        return
    line = body.element("p", class_="missing-picture")
    if instead.tag == "a":
        line.insert_child(instead, move=True)
    else:
        line.insert_child(f"[Picture: {alt}]")
    (paragraph or node).replace_with(line, move=True)


def _alone_in(node: Node) -> Node | None:
    """The paragraph that holds this picture and nothing else."""
    parent = node.parent
    if parent is None or parent.tag != "p" or parent.text().strip():
        return None
    return parent if len(list(parent.iter())) == 1 else None


def _drop_empty(node: Node | None) -> None:
    while node is not None and node.parent is not None and node.tag in ("p", "a", "figure", "span"):
        if node.text().strip() or node.css_first("img, br, hr, table"):
            return
        parent = node.parent
        node.decompose()
        node = parent


def _scopes(body: Fragment) -> None:
    for cell in body.top.css("th"):
        if not cell.attributes.get("scope"):
            head = any(parent.tag == "thead" for parent in ancestors(cell))
            row = cell.parent
            lonely = row is not None and len(row.css("th")) == 1 and bool(row.css("td"))
            cell.attrs["scope"] = "row" if lonely and not head else "col"


def _scrolling(body: Fragment) -> None:
    """Wide tables and code scroll in a box that the keyboard reaches (WCAG 2.2, 2.1.1); each box has its own name."""
    count = {"table": 0, "pre": 0}
    for node in body.top.css("table, pre"):
        if any(parent.tag in ("table", "pre") for parent in ancestors(node)):
            continue
        tag = node.tag or "pre"
        count[tag] += 1
        caption = node.css_first("caption") if tag == "table" else None
        words = " ".join(caption.text().split()) if caption else ""
        label = words or f"{'Table' if tag == 'table' else 'Code'} {count[tag]}"
        box = body.element("div", class_="scroll", tabindex="0", role="region", aria_label=label)
        node.insert_before(box, move=True)
        box.insert_child(node, move=True)


def _anchors(body: Fragment) -> None:
    """One id per element; headings without one get theirs from their words."""
    seen: set[str] = set()
    counts: dict[str, int] = {}
    for node in body.top.css("h2, h3, h4, h5, h6, li[id], sup[id]"):
        wanted = node.attributes.get("id") or ""
        heading = node.tag not in ("li", "sup")
        if heading:
            wanted = _free(wanted or _slug(node.text()), seen, counts)
        if not wanted or wanted in seen:
            if "id" in node.attributes:
                del node.attrs["id"]
            continue
        seen.add(wanted)
        node.attrs["id"] = wanted


def _slug(text: str) -> str:
    return _NOT_SLUG.sub("-", unicodedata.normalize("NFKC", text).lower()).strip("-")[:60].strip("-")


def _free(wanted: str, seen: set[str], counts: dict[str, int]) -> str:
    """`counts` remembers where the last search for a name ended: a thousand headings of one name cost a thousand."""
    if not wanted:
        return ""
    number = counts.get(wanted, 1)
    while (candidate := _numbered(wanted, number)) in seen or candidate in _TAKEN or candidate.startswith("fn"):
        number += 1
    counts[wanted] = number
    return candidate


def _numbered(wanted: str, number: int) -> str:
    return wanted if number == 1 else f"h-{wanted}" if number == 2 else f"h-{wanted}-{number}"
