"""The cut of a page whose fold was found, and its proof: by the text, and where that fails by the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from turbohtml import Node, parse

from foldline.fold.page.actions import Action, DropAttribute, Edit, Reason, edit_of
from foldline.fold.page.alarms import Alarm
from foldline.fold.page.below import Below, text_before
from foldline.fold.page.charset import Letters
from foldline.fold.page.copies import comments, copies
from foldline.fold.page.derived import derived
from foldline.fold.page.facts import PageFacts
from foldline.fold.page.oracle import closed_by_another, survivors
from foldline.fold.page.parts import Parts, edited, merged, parted, replaced
from foldline.fold.page.place import Place
from foldline.fold.page.places import places_of
from foldline.fold.page.source import Source, open_nodes, readable, said
from foldline.fold.page.structured import REST_CLASS, closed_selector, structured
from foldline.fold.page.tree_cut import tree_preview
from foldline.fold.prove import letters_of

#: Letters of a rest whose shingles are kept in memory: some seventy thousand words.
_LONGEST_REST = 500_000
#: A text of more letters is no headline, whatever it is called, and one of more than that no name and no tag.
_HEADLINE = 200
_NAME = 60


@dataclass(frozen=True, slots=True)
class Read:
    """A page as it is read, before it is cut."""

    letters: Letters
    source: Source
    facts: PageFacts
    place: Place


@dataclass(frozen=True, slots=True)
class Made:
    """A page that is cut and proved."""

    parts: Parts
    removed: tuple[Reason, ...]
    standfirst: str
    by_tree: bool = False


def cut_and_prove(page: Read) -> Made | Alarm:
    """The cut, or why there is none that can be proved."""
    rest = _rest(page)
    if rest is None:
        return "parsers-disagree"
    if len(letters_of(rest)) > _LONGEST_REST:
        return "too-long"
    roots = page.place.roots()
    below = _below(page, rest, roots)
    selector = closed_selector(page.source, page.place)
    changed, script = structured(page.source, roots, page.facts, below, selector)
    own = (script, f'<div class="{REST_CLASS}"></div>' if selector == f".{REST_CLASS}" else "")
    actions = [*changed, *derived(page.source, roots, below)]
    standfirst = "" if below.reaches(page.facts.standfirst) else page.facts.standfirst
    parts = _by_text(page, actions, [], own, below)
    if parts is not None:
        return Made(parts, _reasons(actions), standfirst)
    hidden = comments(page.source, below)
    gone = {*roots, *(action.element for action in actions if not isinstance(action, DropAttribute))}
    actions += copies(page.source, gone, _kept(page.place), below)
    removed = _reasons(actions, "comment" if hidden else None)
    parts = _by_text(page, actions, hidden, own, below)
    if parts is not None:
        return Made(parts, removed, standfirst)
    parts = _by_tree(page, actions, own, below)
    return "not-proved" if parts is None else Made(parts, removed, standfirst, by_tree=True)


def _rest(page: Read) -> str | None:
    """What is closed by the verdict of either parser, with scripts on and off."""
    place = page.place
    ours = said(node for gap in place.gaps for node in gap.nodes)
    other = closed_by_another(page.letters.read, place.gaps, place.selectors)
    if other is None:
        return None
    scripting = parse(page.letters.read, scripting=True, allow_declarative_shadow_roots=False)
    third = said(element for selector in place.selectors for element in scripting.select(selector))
    texts = {letters_of(text): text for text in (third, other, ours)}
    return "\n".join(texts.values())


def _below(page: Read, rest: str, roots: set[Node]) -> Below:
    tree, facts = page.source.tree, page.facts
    titles = [facts.headline, *(readable([element]) for element in tree.select("title, h1"))]
    terms = [facts.section, facts.site, *facts.tags, *facts.authors]
    public = [text for text in titles if len(text) <= _HEADLINE] + [text for text in terms if len(text) <= _NAME]
    nodes = [node for gap in page.place.gaps for node in gap.nodes]
    above = text_before(page.place.containers, roots)
    return Below(rest, above, public, nodes, open_nodes(tree, roots), titles)


def _kept(place: Place) -> set[Node]:
    """The elements that the closed parts stand in; these can't go without taking the article along."""
    within = [gap.within for gap in place.gaps]
    return {*within, *place.containers, *(parent for element in within for parent in element.ancestors)}


def _reasons(actions: Sequence[Action], another: Reason | None = None) -> tuple[Reason, ...]:
    listed = [action.reason for action in actions]
    return tuple(dict.fromkeys([*listed, another] if another else listed))


def _by_text(
    page: Read, actions: Sequence[Action], hidden: Sequence[Edit], own: tuple[str, str], below: Below
) -> Parts | None:
    """Every byte outside of the edits stays. None where that can't be done, or can't be proved."""
    edits = list(hidden)
    for gap in page.place.gaps:
        if gap.start is None or gap.end is None or gap.end < gap.start:
            return None
        edits.append(Edit(gap.start, gap.end))
    for action in actions:
        edit = edit_of(page.source, action)
        if edit is None:
            return None
        edits.append(edit)
    edits = merged(edits)
    if survivors("".join([edited(page.letters.read, edits), *own]), below.wanted):
        return None
    return parted(page.letters, edits, places_of(page.source, page.place.containers[0]), own[1], own[0])


def _by_tree(page: Read, actions: Sequence[Action], own: tuple[str, str], below: Below) -> Parts | None:
    """Written anew; the whole stays as it was. The places of the whole are found first: the tree is changed."""
    container = page.place.containers[0]
    places = places_of(page.source, container)
    preview = tree_preview(page.source, page.place.roots(), actions, container, own)
    if preview is None or survivors("".join(preview), below.wanted):
        return None
    first, second, third = map(page.letters.written, preview)
    return replaced(page.letters, (first, second, third), places)
