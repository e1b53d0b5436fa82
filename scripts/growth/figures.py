"""What was measured at each size, and the budgets it is held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from scripts.bench.figures import Budget
from scripts.growth.invented import Size
from scripts.growth.site_hand import Cost

#: What a gate worker does, what the site's process does, and how much more each may cost at the last size than at the
#: first. The first three are the design's; the others were set when what was found here had been mended. An article
#: that is in no memory is looked for in a tree that is two levels deeper, and outside of what SQLite holds of its file;
#: a publication writes fronts of lists, which in the smallest are not full.
LIMITS: Mapping[str, float] = {
    "page by a fresh pass": 1.3,
    "page by a pass that asks": 1.3,
    "spend": 1.3,
    "article not in memory": 4.0,
    "sign in": 1.5,
    "find a reader": 1.5,
    "change the rules": 1.5,
    "publish": 2.5,
    "edit": 2.5,
    "withdraw": 2.5,
    "look what is due": 1.5,
}


@dataclass(frozen=True, slots=True)
class Growth:
    """`costs` are, by task, those of each round in the order of `sizes`. `grown` is by how many bytes a worker grew
    while `read` articles of the largest publication were read, and `bound` what its caches may hold. `made`
    is how many seconds it took to make each publication, 0 for one that was there."""

    sizes: tuple[Size, ...]
    costs: Mapping[str, tuple[tuple[Cost, ...], ...]]
    grown: int
    read: int
    bound: int
    load: float
    made: tuple[float, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    def cpu(self, task: str) -> tuple[float, ...]:
        """Seconds of processor time at each size: the middle of the rounds."""
        return tuple(median(costs[number].cpu for costs in self.costs[task]) for number in range(len(self.sizes)))

    def wall(self, task: str) -> tuple[float, ...]:
        """Seconds of waiting at each size: the middle of the rounds."""
        return tuple(median(costs[number].wall for costs in self.costs[task]) for number in range(len(self.sizes)))

    def ratio(self, task: str) -> float:
        """The last size beside the first, in processor time: the middle of each round's own ratio."""
        return median(costs[-1].cpu / costs[0].cpu for costs in self.costs[task])

    def budgets(self) -> tuple[Budget, ...]:
        """Growth of each task, and of a worker's memory."""
        of_tasks = tuple(Budget(task, self.ratio(task), LIMITS[task]) for task in LIMITS if task in self.costs)
        return (
            *of_tasks,
            Budget(f"memory by {self.read:,} articles, by its bounds", self.grown / self.bound, 1.0),
        )

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "versions": dict(self.versions),
            "load_average": self.load,
            "sizes": [asdict(size) for size in self.sizes],
            "made_seconds": list(self.made),
            "costs": {
                task: {"cpu": self.cpu(task), "wall": self.wall(task), "ratio": self.ratio(task)} for task in self.costs
            },
            "memory": {"grown": self.grown, "bound": self.bound, "articles": self.read},
            "budgets": [{**asdict(one), "met": one.met} for one in self.budgets()],
        }
