from __future__ import annotations

from foldline.gate.kept import Kept


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    kept: Kept[str, int] = Kept(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert kept.get("b") is None
    assert (kept.get("a"), kept.get("c"), len(kept), kept.weight) == (1, 3, 2, 2)


def test_weights_are_bounded_and_given_back() -> None:
    kept: Kept[str, bytes] = Kept(10)
    kept.put("a", b"old", 6)
    kept.put("a", b"new", 4)
    kept.put("b", b"b", 6)
    assert kept.weight == 10
    kept.put("c", b"c", 1)
    assert "a" not in kept
    assert kept.weight == 7
    assert kept.pop("b") == b"b"
    assert kept.pop("b") is None
    assert kept.weight == 1
    kept.clear()
    assert (len(kept), kept.weight) == (0, 0)


def test_what_is_heavier_than_everything_is_not_kept_and_its_older_value_goes() -> None:
    kept: Kept[str, bytes] = Kept(10)
    kept.put("a", b"old", 4)
    kept.put("a", b"new", 11)
    assert kept.get("a") is None
    assert kept.weight == 0
