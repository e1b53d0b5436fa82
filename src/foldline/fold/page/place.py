"""Where the fold of a page is: which parts of its tree are closed, and where these stand in its text."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from turbohtml import Comment, Document, Element, Node, Text

from foldline.fold.cut import Block, before_headings, by_rule
from foldline.fold.page.alarms import Alarm
from foldline.fold.page.blocks import leaves, transparent
from foldline.fold.page.source import VOID, Source, comment_with, is_in, open_nodes, readable, said
from foldline.fold.page.spec import FoldSpec, usable, usable_of_page
from foldline.fold.tree import HEADINGS, names

How = Literal["marker", "page-selector", "selector", "paragraphs", "nothing-below", "not-found"]

#: Where themes and publishing systems put an article's text.
CONTAINERS = (
    "[itemprop~=articleBody]",
    ".entry-content",
    ".post-content",
    ".gh-content",
    ".article-body",
    ".article__body",
    ".article-content",
    ".post-body",
    ".story-body",
    ".e-content",
)
_WIDER = ("article", "main", "[role=main]", "body")
_MARKER = re.compile(r"<!--\s*(?:fold|more|members-only)\s*-->", re.IGNORECASE)
_MORE = re.compile(r"more-\d+")
#: A comment in one of these is no mark of an author.
_NO_PLACE = names("template noscript svg math select head script style textarea title iframe object")
#: So many comments that look like a marker are tried.
_TRIED = 12


@dataclass(frozen=True, slots=True)
class Gap:
    """One closed part: siblings in the tree, and from where to where they stand in the text.

    The offsets are None where the text does not say it; then a cut of the text is impossible.
    """

    start: int | None
    end: int | None
    nodes: tuple[Node, ...]
    within: Element


@dataclass(slots=True)
class Place:
    """Where the fold is. `containers` hold the article's text, those with something above the fold first."""

    how: How
    gaps: list[Gap] = field(default_factory=list)
    containers: list[Element] = field(default_factory=list)
    selectors: list[str] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)

    def roots(self) -> set[Node]:
        """The nodes that are closed with all that is in them."""
        return {node for gap in self.gaps for node in gap.nodes}

    @property
    def found(self) -> bool:
        return self.how != "not-found"


def place_of(source: Source, spec: FoldSpec, named: Sequence[str]) -> Place:
    """`named` are the selectors of the page's own structured data. Never opens more than any one way closes."""
    if source.tree.select_one("body") is None:
        return Place("not-found", alarms=["no-way-to-the-fold"])
    ways = [_by_selectors(source, named, "page-selector")] if spec.page_selector and named else []
    ways += [_by_selectors(source, [spec.closed], "selector")] if spec.closed else []
    ways += _by_marker(source, spec) if spec.markers else []
    ways = ways or ([_by_rule(source, spec)] if spec.body else [])
    found = [way for way in ways if way.found]
    if not found:
        return ways[0] if ways else Place("not-found", alarms=["no-way-to-the-fold"])
    place = found[-1]
    for other in found[:-1]:
        place.gaps += other.gaps
        place.selectors += other.selectors
    place.alarms += [alarm for way in ways if not way.found for alarm in way.alarms]
    place.containers = place.containers or [container_of(source.tree, place.gaps[0].within, spec)]
    return _checked(source, place)


def container_of(tree: Document, node: Node, spec: FoldSpec) -> Element:
    """The element that holds the article's text around this node."""
    for selector in (*([spec.body] if spec.body else []), ", ".join(CONTAINERS), *_WIDER):
        found = node.closest(selector)
        if found is not None:
            return found
    body = tree.select_one("body")
    assert body is not None  # place_of looks for no fold where there is none
    return body


def _by_selectors(source: Source, selectors: Sequence[str], how: How) -> Place:
    may = usable if how == "selector" else usable_of_page
    usables = [selector for selector in selectors if may(selector)]
    if len(usables) < len(selectors):
        return Place("not-found", alarms=["selector-unusable"])
    matched = {element: None for selector in usables for element in source.tree.select(selector)}
    if not matched:
        return Place("not-found", alarms=["selector-nothing"])
    outer = [element for element in matched if not any(parent in matched for parent in element.ancestors)]
    gaps = [_inner(source, element) for element in outer if element.tag not in ("link", "meta", "script")]
    if any(element.tag in ("html", "head", "body", "main") for element in outer):
        return Place("not-found", alarms=["selector-everything"])
    if not said(node for gap in gaps for node in gap.nodes).strip():
        return Place("not-found", alarms=["selector-nothing"])
    return Place(how, gaps=gaps, selectors=list(usables))


def _inner(source: Source, element: Element) -> Gap:
    """All that is in an element; of one that can hold nothing, the element itself."""
    if element.tag in VOID:
        return Gap(source.start(element), source.end(element), (element,), element)
    return Gap(source.inner_start(element), source.inner_end(element), tuple(element.children), element)


def _by_marker(source: Source, spec: FoldSpec) -> list[Place]:
    """The first comment or `more` that stands in a place of an author's; none where there is none."""
    at = _first_comment(source)
    mores = (span for span in source.tree.find_all("span") if _MORE.fullmatch(span.attr("id") or ""))
    more = next((span for span in mores if _may_mark(span)), None)
    start = source.start(more) if more is not None else None
    if more is not None and start is not None and (at is None or start < at[0]):
        return [_behind(source, more, start, spec)]
    return [_behind(source, at[1], at[0], spec)] if at is not None else []


def _first_comment(source: Source) -> tuple[int, Comment] | None:
    """Comments do not know where they stand: a second one, that nobody else wrote, is put there and looked for."""
    for found in list(_MARKER.finditer(source.text))[:_TRIED]:
        key = secrets.token_hex(12)
        at = found.start()
        marked = Source(f"{source.text[:at]}<!--{key}-->{source.text[at:]}")
        ours = comment_with(marked.tree, key)
        if ours is None or not _may_mark(ours):
            continue
        comments = _comments(source.tree)
        order = next(index for index, node in enumerate(_comments(marked.tree)) if node.data == key)
        if order < len(comments) and _MARKER.fullmatch(f"<!--{comments[order].data}-->"):
            return at, comments[order]
    return None


def _may_mark(node: Node) -> bool:
    tags = {parent.tag for parent in node.ancestors if isinstance(parent, Element)}
    return "body" in tags and not tags & _NO_PLACE


def _comments(tree: Document) -> list[Comment]:
    return [node for node in tree.descendants if isinstance(node, Comment)]


def _behind(source: Source, marker: Node, start: int, spec: FoldSpec) -> Place:
    """The fold at a marker; inside a block, before that block, or behind the paragraph that it ends."""
    container = container_of(source.tree, marker, spec)
    block = _outermost_block(marker, container)
    if block is None:
        point = _Point(*_parent_and_index(marker), start)
    elif block.tag == "p" and _ends(marker, block):
        parent, index = _parent_and_index(block)
        point = _Point(parent, index + 1, source.end(block))
    else:
        point = _before(source, block)
    gaps = list(_from(source, _before_a_heading(source, point), container))
    gaps += [_inner(source, later) for later in _later_bodies(source.tree, container, spec)]
    return Place("marker", gaps=gaps, containers=[container])


def _by_rule(source: Source, spec: FoldSpec) -> Place:
    bodies = _outermost(source.tree.select(spec.body)) if usable(spec.body) else []
    if not bodies:
        return Place("not-found", alarms=["body-nothing" if usable(spec.body) else "selector-unusable"])
    listed = [(leaf, body) for body in bodies for leaf in leaves(body)]
    blocks = [leaf.block for leaf, _ in listed]
    if not any(block.characters for block in blocks):
        return Place("not-found", alarms=["body-nothing"])
    at, how = by_rule(blocks, spec.rule)
    alarms: list[Alarm] = []
    if how != "paragraphs":
        alarms = ["shorter-than-the-rule"]
        at = _after_first(blocks)
    at = before_headings(blocks, at)
    leaf, body = listed[at] if at < len(listed) else listed[0]
    gaps = list(_from(source, _before(source, leaf.nodes[0]), body))
    gaps += [_inner(source, later) for later in bodies[bodies.index(body) + 1 :]]
    return Place("paragraphs", gaps=gaps, containers=bodies, alarms=alarms)


def _after_first(blocks: Sequence[Block]) -> int:
    """Closed articles that are shorter than the rule show their first block, if it is not their only one."""
    read = [index for index, block in enumerate(blocks) if block.kind in ("paragraph", "text")]
    return read[0] + 1 if len(read) > 1 else 0


@dataclass(frozen=True, slots=True)
class _Point:
    """Before the child of `parent` with this index; `offset` is where that is in the text, if it says so."""

    parent: Element
    index: int
    offset: int | None


def _before(source: Source, node: Node) -> _Point:
    parent, index = _parent_and_index(node)
    offset = source.start(node)
    if offset is None and not isinstance(node, Element):
        previous = parent.children[index - 1] if index else None
        offset = source.end(previous) if isinstance(previous, Element) else None
        offset = source.inner_start(parent) if index == 0 else offset
    return _Point(parent, index, offset)


def _before_a_heading(source: Source, point: _Point) -> _Point:
    """A heading belongs to what follows it."""
    for index in reversed(range(point.index)):
        node = point.parent.children[index]
        if isinstance(node, Element) and node.tag in HEADINGS and node.tag != "h1":
            point = _before(source, node)
        elif isinstance(node, Element) or readable([node]).strip():
            break
    return point


def _from(source: Source, point: _Point, container: Element) -> Iterator[Gap]:
    """All that follows the point in the container: one gap in each element that the point is in."""
    parent, index, offset = point.parent, point.index, point.offset
    while True:
        nodes = tuple(parent.children[index:])
        if nodes:
            yield Gap(offset, source.inner_end(parent), nodes, parent)
        if parent == container:
            return
        offset = source.end(parent)
        parent, index = _parent_and_index(parent)
        index += 1


def _parent_and_index(node: Node) -> tuple[Element, int]:
    parent = node.parent
    assert isinstance(parent, Element)  # what is asked about stands in a body
    return parent, next(index for index, child in enumerate(parent.children) if child == node)


def _outermost_block(marker: Node, container: Element) -> Element | None:
    found = None
    for parent in marker.ancestors:
        if parent == container or not isinstance(parent, Element):
            break
        if not transparent(parent):
            found = parent
    return found


def _ends(marker: Node, block: Element) -> bool:
    """Whether the block has text, and none of it behind the marker."""
    behind = False
    before = ""
    for node in block.descendants:
        if node == marker:
            behind = True
        elif behind and readable([node]).strip():
            return False
        elif isinstance(node, Text):
            before += node.data
    return bool(before.strip())


def _later_bodies(tree: Document, container: Element, spec: FoldSpec) -> list[Element]:
    """An article whose text stands in several containers is closed in all that come behind the fold."""
    selector = spec.body or ", ".join(CONTAINERS)
    if not container.matches(selector):
        return []
    alike = _outermost(tree.select(selector))
    around = container.closest("article, main") if not spec.body else None
    alike = [element for element in alike if around is None or element.closest("article, main") == around]
    return alike[alike.index(container) + 1 :] if container in alike else []


def _outermost(elements: Sequence[Element]) -> list[Element]:
    listed = set(elements)
    return [element for element in elements if not any(parent in listed for parent in element.ancestors)]


def _checked(source: Source, place: Place) -> Place:
    """A fold with nothing below it is none of a rule's, and one with the headline below it is none at all."""
    if not said(node for gap in place.gaps for node in gap.nodes).strip():
        return Place("nothing-below", containers=place.containers, alarms=[*place.alarms, "nothing-below"])
    roots = place.roots()
    headlines = source.tree.select("h1")
    if headlines and not any(_is_read(headline, roots) for headline in headlines):
        return Place("not-found", alarms=["selector-everything"])
    body = source.tree.select_one("body")
    if body is None or not _is_read(body, roots):
        return Place("not-found", alarms=["selector-everything"])
    return place


def _is_read(element: Element, roots: set[Node]) -> bool:
    """Whether some of its text stays open."""
    if is_in(element, roots):
        return False
    return any(isinstance(node, Text) and node.data.strip() for node in open_nodes(element, roots))
