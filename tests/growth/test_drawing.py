"""The picture and the table of growth."""

from __future__ import annotations

from xml.etree import ElementTree

from scripts.growth.drawing import picture
from scripts.growth.figures import LIMITS, Growth
from scripts.growth.invented import Size
from scripts.growth.report import markdown
from scripts.growth.site_hand import Cost

SVG = "{http://www.w3.org/2000/svg}"


def growth(last: float = 0.0011, grown: int = 100 << 20) -> Growth:
    round_ = (Cost(0.001, 0.002), Cost(0.0011, 0.002), Cost(last, 0.003))
    return Growth(
        sizes=(Size(10_000, 1_000), Size(100_000, 30_000), Size(1_000_000, 1_000_000)),
        costs=dict.fromkeys(LIMITS, (round_, round_, round_)),
        grown=grown,
        read=20_000,
        bound=168 << 20,
        load=0.3,
        versions={"Python": "3.11"},
    )


def test_each_task_has_a_bar_with_its_ratio_and_a_mark_of_its_limit() -> None:
    root = ElementTree.fromstring(picture(growth()))
    said = [element.text for element in root.iter(f"{SVG}text")]
    assert set(LIMITS) <= set(said)
    assert said.count("1.10") == len(LIMITS)
    assert len([one for one in root.iter(f"{SVG}rect") if one.get("class") == "bar"]) == len(LIMITS)
    assert len([one for one in root.iter(f"{SVG}path") if one.get("class") == "limit"]) == len(LIMITS)
    assert "prefers-color-scheme:dark" in picture(growth())


def test_what_grew_too_much_is_said_in_the_table_and_fails_the_run() -> None:
    assert all(budget.met for budget in growth().budgets())
    text = markdown(growth(last=0.0014))
    assert "| page by a fresh pass | 1.00 | 1.10 | 1.40 | 1.40 | ≤ 1.3 | NOT MET |" in text
    assert "| sign in | 1.00 | 1.10 | 1.40 | 1.40 | ≤ 1.5 | met |" in text


def test_a_worker_that_grows_beyond_its_bounds_is_said() -> None:
    assert [one.name for one in growth(grown=200 << 20).budgets() if not one.met] == [
        "memory by 20,000 articles, by its bounds"
    ]
