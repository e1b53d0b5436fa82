"""Two versions of the closed text, asked the same: what differs between them tells of it, though no word is shown.

A first version is asked (A),
the publisher's own hook changes what is closed (B), and changes it back (A′). An answer that
differs between A and B and not between A and A′ depends on what nobody may read.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import tempfile
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol

from foldline.errors import Problem
from foldline.proof.asks import Ask, Pairs
from foldline.proof.audit.asking import Reply
from foldline.proof.audit.finding import CantAudit, Finding, Report
from foldline.proof.audit.judging import Judge, digest_of
from foldline.proof.audit.learning import Article
from foldline.proof.audit.probes import Probe

#: What may differ between two answers, and nothing else but what a person declares. Printed in every report.
DECLARED = ("date", "age")
_PATIENCE = 300.0
#: How often a subscriber's page is asked for until a change shows there, and how many seconds between.
_TRIES, _PAUSE = 30, 2.0
_TOKEN = re.compile(r"[^\s\"'<>]+|[\"'<>]|\s+")
_NUMBER = re.compile(r"\W*\d[\d.,: ]*\W*|\d+\s*\w{0,7}")
_MOMENT = re.compile(r"\W*\d{4}-\d\d-\d\dT[\d:.+Z-]+\W*|\W*\d{1,2}:\d\d(?::\d\d)?\W*")
_HASHED = re.compile(r".*?[0-9a-f]{6,}.*", re.IGNORECASE)
_FIELDS = {
    "etag": "F02", "digest": "F02", "repr-digest": "F02", "content-digest": "F02", "content-md5": "F02",
    "x-content-hash": "F02",
    "content-length": "F01", "content-range": "D10", "last-modified": "F03", "x-wp-total": "F05",
    "x-wp-totalpages": "F05",
    "x-total-count": "F05",
}  # fmt: skip
_SHOWN = 40
#: Passages of more tokens by tokens than these are not compared piece by piece.
_MOST_COMPARED = 250_000


class Editor(Protocol):
    """Changes what is closed of the articles at these paths, and changes it back."""

    async def change(self, paths: Sequence[str]) -> None: ...

    async def restore(self, paths: Sequence[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Hook:
    """A command of the publisher's, run with `change` or `restore` behind it, and told the site and the articles."""

    command: str
    url: str

    async def change(self, paths: Sequence[str]) -> None:
        """Raises CantAudit (FL333) where the command fails."""
        await self._run("change", paths)

    async def restore(self, paths: Sequence[str]) -> None:
        """Raises CantAudit (FL333) where the command fails."""
        await self._run("restore", paths)

    async def _run(self, word: str, paths: Sequence[str]) -> None:
        told = {"FOLDLINE_AUDIT_URL": self.url, "FOLDLINE_AUDIT_ARTICLES": "\n".join(paths)}
        why = "it ended with an error"
        try:
            running = await asyncio.create_subprocess_exec(
                *shlex.split(self.command), word, env={**os.environ, **told}, stdin=asyncio.subprocess.DEVNULL
            )
            try:
                async with asyncio.timeout(_PATIENCE):
                    if await running.wait() == 0:
                        return
            except TimeoutError:
                running.kill()
                await running.wait()
                why = f"it took more than {_PATIENCE:.0f} s"
        except (OSError, ValueError) as error:
            why = str(error)
        hint = "Run it by hand, and see docs/audit.md for what it is told."
        raise CantAudit(Problem("FL333", f"the edit hook failed at {word}: {why}", self.command, hint))


@dataclass(frozen=True, slots=True)
class _Kept:
    probe: Probe
    status: int
    headers: Pairs
    body: tuple[int, int]
    whole: bool
    is_html: bool


class Recorder:
    """Answers of the first version, their bodies in a file that nobody else can read and that has no name."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `close` ends it
        self._at: dict[bytes, tuple[int, int]] = {}
        self.kept: list[_Kept] = []

    def keep(self, probe: Probe, reply: Reply) -> None:
        """Remember an answer, to be compared."""
        if reply.failed:
            return
        digest = digest_of(Reply(0, (), reply.body))
        where = self._at.get(digest)
        if where is None:
            packed = zlib.compress(reply.body, 1)
            self._file.seek(0, os.SEEK_END)
            where = self._at[digest] = (self._file.tell(), len(packed))
            self._file.write(packed)
        self.kept.append(_Kept(probe, reply.status, reply.headers, where, reply.whole, reply.is_html))

    def reply_of(self, kept: _Kept) -> Reply:
        """The answer again."""
        self._file.seek(kept.body[0])
        return Reply(kept.status, kept.headers, zlib.decompress(self._file.read(kept.body[1])), whole=kept.whole)

    def close(self) -> None:
        """Forget all of it."""
        self._file.close()


class TwinRun:
    """Asks the second version what the first was asked. `declared` are names of fields that may differ, in small
    letters; `words_of` gives what a subscriber is shown of an article now."""

    def __init__(
        self,
        recorder: Recorder,
        judge: Judge,
        report: Report,
        ask: Callable[[Ask], Awaitable[Reply]],
        words_of: Callable[[Article], Awaitable[str]],
        declared: Sequence[str] = (),
    ) -> None:
        self._recorder = recorder
        self._judge = judge
        self._report = report
        self._ask = ask
        self._words_of = words_of
        self._declared = frozenset((*DECLARED, *declared))
        self._known: dict[tuple[bytes, ...], list[tuple[str, str]]] = {}

    async def run(self, editor: Editor, articles: Sequence[Article]) -> None:
        """Change, ask again, change back, and ask for what differed once more. What was changed is always changed back.

        Raises:
            CantAudit: FL333, the hook failed or changed nothing that a subscriber is shown, or did not change it back.
            Stopped: a bound is reached.
        """
        paths = [article.path for article in articles]
        before = [await self._words_of(article) for article in articles]
        differing: list[tuple[_Kept, Reply]] = []
        try:
            await editor.change(paths)
            await self._until(articles, before, changed=True)
            self._report.twin = True
            for kept in self._recorder.kept:
                reply = await self._ask(kept.probe.ask)
                self._report.twin_compared += 1
                if self._compared(reply) != self._compared(self._recorder.reply_of(kept)):
                    differing.append((kept, reply))
        finally:
            await editor.restore(paths)
        await self._until(articles, before, changed=False)
        for kept, other in differing:
            first = self._recorder.reply_of(kept)
            if not other.failed and not self._leaks(first) and not self._leaks(other):
                self._tell(kept, first, other, await self._ask(kept.probe.ask))

    async def _until(self, articles: Sequence[Article], before: Sequence[str], *, changed: bool) -> None:
        for article, words in zip(articles, before, strict=True):
            for attempt in range(_TRIES):
                if (await self._words_of(article) != words) is changed:
                    break
                if attempt + 1 < _TRIES:
                    await asyncio.sleep(_PAUSE if attempt else 0)
            else:
                what = (
                    "a subscriber is shown the same text after the edit hook" if changed else "it was not changed back"
                )
                hint = "Does the hook write to this site, and does a cache keep the old page?"
                raise CantAudit(Problem("FL333", what, article.path, hint))

    def _leaks(self, reply: Reply) -> bool:
        """Whether the words themselves stand there: that was told by what it shows."""
        return any(self._judge.gives_away(reply, number) for number in range(len(self._judge.articles)))

    def _compared(self, reply: Reply) -> tuple[int, Pairs, bytes]:
        return reply.status, self._fields(reply), reply.body

    def _fields(self, reply: Reply) -> Pairs:
        return tuple(pair for pair in reply.headers if pair[0].decode("latin-1") not in self._declared)

    def _tell(self, kept: _Kept, first: Reply, other: Reply, again: Reply) -> None:
        key = tuple(digest_of(reply) for reply in (first, other, again))
        if key not in self._known:
            self._known[key] = list(self._differences(first, other, again))
        found = self._known[key]
        if not found:
            self._report.unstable += 1
        of_article = kept.probe.article is not None and kept.is_html
        articles = [] if kept.probe.article is None else [self._judge.articles[kept.probe.article].path]
        for vector, where in found:
            if vector == "F01" and kept.probe.ask.method == "HEAD" and not self._judge.was_told("F01"):
                vector = "D09"
            surface = "article" if of_article else kept.probe.surface
            curl = self._judge.curl(kept.probe.told or kept.probe.ask)
            self._judge.tell(Finding(vector, articles, surface, kept.probe.state, where, "twin", first.status, curl))

    def _differences(self, first: Reply, other: Reply, again: Reply) -> Iterator[tuple[str, str]]:
        """What moves with the closed text and not by itself, as (vector, in words)."""
        if again.failed or (again.status != first.status):
            return
        if first.status != other.status:
            yield "F10", f"as the status {first.status} or {other.status}"
            return
        bodies = _moved(_text(first), _text(other), _text(again))
        fields = list(self._moved_fields(first, other, again))
        for name, one, two in fields:
            # A body that differs has another length: that is one finding, not two.
            if name == "content-length" and bodies:
                continue
            yield _FIELDS.get(name, "A14"), f"in {name}: {one[:_SHOWN]} or {two[:_SHOWN]}"
        for vector, (a, b) in _kinds(bodies or ()).items():
            yield vector, f"as “{_short(a)}” or “{_short(b)}”" if vector != "F01" else "in the length of the body"

    def _moved_fields(self, first: Reply, other: Reply, again: Reply) -> Iterator[tuple[str, str, str]]:
        names = dict.fromkeys(name.decode("latin-1") for name, _ in (*first.headers, *other.headers))
        for name in names:
            if name in self._declared:
                continue
            one, two, three = (reply.header(name.encode("latin-1")) for reply in (first, other, again))
            if _moved(one, two, three):
                yield name, one, two


def _text(reply: Reply) -> str:
    return reply.body.decode("utf-8", "surrogateescape")


def _moved(first: str, other: str, again: str) -> list[tuple[str, str]] | None:
    """Pairs of passages in which the second version differs, where the first is the same twice; what moves by itself is
    left out. None where the first has not even the same number of tokens twice."""
    one, three = _TOKEN.findall(first), _TOKEN.findall(again)
    if len(one) != len(three):
        return None
    loose = {at for at, (a, b) in enumerate(zip(one, three, strict=True)) if a != b}
    two = _TOKEN.findall(other)
    if len(one) == len(two):
        return [(a, b) for at, (a, b) in enumerate(zip(one, two, strict=True)) if a != b and at not in loose]
    start = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    most = min(len(one), len(two)) - start
    end = next((at for at in range(most) if one[-1 - at] != two[-1 - at]), most)
    mine, theirs = one[start : len(one) - end], two[start : len(two) - end]
    if len(mine) * len(theirs) > _MOST_COMPARED:
        return [("".join(mine), "".join(theirs))]
    return [
        ("".join(mine[a:b]), "".join(theirs[c:d]))
        for tag, a, b, c, d in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes()
        if tag != "equal"
        and not (tag == "replace" and loose.issuperset(range(start + a, start + b)) and b - a == d - c)
    ]


def _kinds(pairs: Sequence[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """What it is that moves, each with the first pair of it: lengths, moments, numbers, names, or structure."""
    kinds: dict[str, tuple[str, str]] = {}
    for pair in pairs:
        kinds.setdefault(_kind([text for text in pair if text.strip()]), pair)
    return kinds


def _kind(texts: Sequence[str]) -> str:
    if not texts:
        return "F01"
    for vector, form in (("F03", _MOMENT), ("A12", _NUMBER), ("A23", _HASHED)):
        if all(map(form.fullmatch, texts)):
            return vector
    return "A13"


def _short(passage: str) -> str:
    text = json.dumps(" ".join(passage.split()), ensure_ascii=False)[1:-1]
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
