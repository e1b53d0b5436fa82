"""Only a Decision makes an Opening, and an Opening reaches its own article only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from foldline.gate.library import Library
from foldline.pages.record import PublicPage
from foldline.policy.decide import Opening
from foldline.policy.reasons import Reason
from foldline.stores.records import PublicStore, SealedStore
from foldline.testing.builders import METERED, SUBSCRIBERS

from .room import Pair

SOURCE = Path(__file__).parents[2] / "src" / "foldline"
DECIDER = SOURCE / "policy" / "decide.py"


def makes_an_opening(node: ast.AST) -> bool:
    """A call of `Opening`, or of anything that is handed an `opening=` (as `_replace` would be)."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return name in ("Opening", "Decision") or any(keyword.arg == "opening" for keyword in node.keywords)


def test_an_opening_is_made_in_the_decider_and_nowhere_else() -> None:
    files = [path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] not in ("testing", "proof")]
    making = [path for path in files if any(map(makes_an_opening, ast.walk(ast.parse(path.read_text("utf-8")))))]
    assert making == [DECIDER]


def test_the_scan_sees_what_it_looks_for() -> None:
    for source in ("Opening(1, reason)", "decide.Opening(1, reason)", "d._replace(opening=x)", "Decision(1)"):
        assert any(map(makes_an_opening, ast.walk(ast.parse(source))))


def test_the_sealed_store_refuses_an_opening_of_another_article(pair: Pair) -> None:
    page = PublicStore(pair.one.home).find(METERED.path)
    assert isinstance(page, PublicPage)
    with pytest.raises(ValueError, match="its own article"):
        SealedStore(pair.one.home).rest(page, Opening(SUBSCRIBERS.id, Reason.SUBSCRIPTION_COVERS))


def test_the_library_refuses_an_opening_of_another_article_even_when_it_holds_the_rest(pair: Pair) -> None:
    library = Library(PublicStore(pair.one.home), SealedStore(pair.one.home))
    page = library.page(METERED.path.encode())
    assert isinstance(page, PublicPage)
    assert library.rest(page, Opening(METERED.id, Reason.SUBSCRIPTION_COVERS)).fragment.plain
    with pytest.raises(ValueError, match="its own article"):
        library.rest(page, Opening(SUBSCRIBERS.id, Reason.SUBSCRIPTION_COVERS))


def test_the_public_store_holds_nothing_sealed(pair: Pair) -> None:
    rests = [made.rest.encode() for made in pair.one.made.values() if made.rest]
    public = pair.one.home.public_db.read_bytes()
    assert rests
    assert not any(rest in public for rest in rests)
    assert b"elkomar" not in public
