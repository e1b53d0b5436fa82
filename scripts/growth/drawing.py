"""How costs grow, as a picture: an SVG that is light or dark as its reader's screen is. No library draws so little."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

from scripts.growth.figures import Growth

WIDTH, ROW, TOP, LEFT, RIGHT = 720, 30, 64, 210, 70
#: The scale's ends: half of what it cost, and four times.
LEAST, MOST = 0.5, 4.0
_STYLE = """
text{font:14px system-ui,sans-serif;fill:#1a1a1a}.small{font-size:12px;fill:#555}.line{stroke:#ccc;stroke-width:1}
.one{stroke:#888;stroke-width:1.5}.limit{stroke:#b3261e;stroke-width:2}.bar{fill:#2f5d8a}.paper{fill:#fcfbf8}
@media (prefers-color-scheme:dark){text{fill:#eee}.small{fill:#aaa}.line{stroke:#444}.one{stroke:#999}
.limit{stroke:#ff8a80}.bar{fill:#8ab4e0}.paper{fill:#151413}}"""


def picture(growth: Growth) -> str:
    """The cost at the last size beside the first, a bar for each task, with its limit. The scale is logarithmic."""
    first, last = growth.sizes[0], growth.sizes[-1]
    title = (
        f"Cost with {last.readers:,} readers and {last.articles:,} articles, "
        f"beside {first.readers:,} and {first.articles:,}"
    )
    budgets = [budget for budget in growth.budgets() if budget.name in growth.costs]
    height = TOP + ROW * len(budgets) + 34
    told = ", ".join(f"{budget.name} {budget.value:.2f}" for budget in budgets)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(told)}</desc><style>{_STYLE}</style>',
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        f'<text x="16" y="26">{escape(title)}</text>',
        '<text class="small" x="16" y="46">1 is no growth; the red mark is the limit</text>',
        *_scale(height),
    ]
    for number, budget in enumerate(budgets):
        y = TOP + ROW * number
        one, end = _at(1.0), _at(budget.value)
        parts += [
            f'<text x="16" y="{y + 20}">{escape(budget.name)}</text>',
            f'<rect class="bar" x="{min(one, end):.1f}" y="{y + 8}" width="{max(2, abs(end - one)):.1f}" height="14"/>',
            f'<path class="limit" d="M{_at(budget.limit):.1f} {y + 3}v24"/>',
            f'<text x="{WIDTH - RIGHT + 16}" y="{y + 20}">{budget.value:.2f}</text>',
        ]
    return "\n".join((*parts, "</svg>\n"))


def _scale(height: int) -> Iterable[str]:
    for value in (0.5, 1.0, 2.0, 4.0):
        kind = "one" if value == 1.0 else "line"
        yield f'<path class="{kind}" d="M{_at(value):.1f} {TOP - 4}V{height - 28}"/>'
        yield f'<text class="small" x="{_at(value) - 8:.1f}" y="{height - 10}">{value:g}</text>'


def _at(value: float) -> float:
    share = (math.log(min(MOST, max(LEAST, value))) - math.log(LEAST)) / (math.log(MOST) - math.log(LEAST))
    return LEFT + share * (WIDTH - LEFT - RIGHT)
