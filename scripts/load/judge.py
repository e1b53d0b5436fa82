"""Whether an answer was the right one: every answer of the day is held against what its reader may read just then."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from scripts.load.client import Answer
from scripts.load.told import STORY, TAKEN_DOWN, preview_in, rest_in

#: For so many seconds after a change an old answer is none that is wrong: of the gate, and of a cache before it.
GATE_BOUND, CACHE_BOUND = 1.0, 60.0


@dataclass(slots=True)
class Seen:
    """What came of one kind of request. Latencies in seconds, from when it was to begin."""

    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Judge:
    """Knows what the newsroom has done, and when. Times are epoch seconds."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = defaultdict(Seen)
        #: When each version of the story was there, the first one first.
        self.versions: list[float] = []
        self.withdrawn = 0.0
        #: How long after a change the old was last seen, by whether a cache may keep it.
        self.latest = {True: 0.0, False: 0.0}

    def whole(self, kind: str, article: int, answer: Answer, began: float, latency: float) -> None:
        """Somebody who may read all of it."""
        self._page(kind, article, answer, began, latency, rest=True)

    def preview(self, kind: str, article: int, answer: Answer, began: float, latency: float) -> None:
        """Somebody who may read what everybody may."""
        self._page(kind, article, answer, began, latency, rest=False)

    def opened(self, kind: str, article: int, answer: Answer, began: float, latency: float, *, opens: bool) -> None:
        """An answer of `POST /-/read` to a script: the rest alone, or why not."""
        found = rest_in(answer.text)
        if answer.status != 200:
            self.failed(kind, answer, latency)
        elif opens and (found is None or found[0] != article):
            self._wrong(kind, f"article {article} should have opened, and did not", latency)
        elif not opens and found is not None:
            self._wrong(kind, f"the rest of article {article} went to somebody who had read enough", latency)
        else:
            self.right(kind, latency, refused=not opens)

    def closed(self, kind: str, answer: Answer, latency: float) -> None:
        """A list or a feed: no word of any rest."""
        if rest_in(answer.text) is not None:
            self._wrong(kind, "words of a rest stand in a list", latency)
        elif answer.status not in (200, 304):
            self.failed(kind, answer, latency)
        else:
            self.right(kind, latency)

    def right(self, kind: str, latency: float, *, refused: bool = False) -> None:
        """As it should be. `refused` says that it was no, as it should be."""
        seen = self.seen[kind]
        seen.latencies.append(latency)
        seen.refused += refused

    def failed(self, kind: str, answer: Answer, latency: float) -> None:
        """No answer, or one that is none."""
        seen = self.seen[kind]
        seen.latencies.append(latency)
        seen.failed.append(f"{answer.status}: {answer.text[:80].decode('utf-8', 'replace')}")

    def _page(self, kind: str, article: int, answer: Answer, began: float, latency: float, *, rest: bool) -> None:
        kept = not rest
        gone = article == TAKEN_DOWN and self.withdrawn and answer.status == 410
        to_come = article == STORY and not self.versions and answer.status == 404
        if gone or to_come:
            self.right(kind, latency)
        elif answer.status != 200:
            self.failed(kind, answer, latency)
        elif complaint := self._complaint(article, answer, began, rest=rest, kept=kept):
            self._wrong(kind, complaint, latency)
        else:
            self.right(kind, latency)

    def _complaint(self, article: int, answer: Answer, began: float, *, rest: bool, kept: bool) -> str:
        above, below = preview_in(answer.text), rest_in(answer.text)
        if above is None or above[0] != article:
            return f"article {article} was answered with {above}"
        if rest and below is None:
            return f"a reader who may read article {article} got the preview"
        if not rest and below is not None:
            return f"the rest of article {article} went to somebody who may not read it"
        if below is not None and below != above:
            return f"article {article} came in two versions at once: {above[1]} and {below[1]}"
        if article == TAKEN_DOWN and self.withdrawn:
            return self._late(began - self.withdrawn, kept, "a withdrawn article")
        if article == STORY and above[1] < len(self.versions):
            return self._late(began - self.versions[above[1]], kept, f"version {above[1]} of the story")
        return ""

    def _late(self, seconds: float, kept: bool, what: str) -> str:
        self.latest[kept] = max(self.latest[kept], seconds)
        bound = CACHE_BOUND if kept else GATE_BOUND
        return f"{what} was still sent {seconds:.1f} s later, bound {bound:.0f} s" if seconds > bound else ""

    def _wrong(self, kind: str, what: str, latency: float) -> None:
        seen = self.seen[kind]
        seen.latencies.append(latency)
        seen.wrong.append(what)


def percentile(values: list[float], part: float) -> float:
    """The value that so large a part does not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
