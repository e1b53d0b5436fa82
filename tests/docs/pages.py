"""The repository's Markdown files, and what can be read out of them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "foldline"

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(?P<depth>#+) (?P<text>.+)$", re.MULTILINE)


def markdown_files() -> list[Path]:
    """Every Markdown file that is ours to read: no articles, no test data, nothing installed."""
    more = (path for folder in ("deploy", "examples") for path in sorted((ROOT / folder).rglob("*.md")))
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), *more]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def fences(text: str, language: str) -> list[str]:
    """The blocks of one language."""
    return [found["text"] for found in _FENCE.finditer(text) if found["language"] == language]


def without_fences(text: str) -> str:
    return _FENCE.sub("", text)


def headings(text: str) -> list[tuple[int, str]]:
    """(depth, text) of each heading outside code."""
    return [(len(found["depth"]), found["text"]) for found in _HEADING.finditer(without_fences(text))]


def sections(text: str, depth: int) -> dict[str, str]:
    """What stands under each heading of a depth, by the heading without its backquotes; lines stay lines."""
    parts = re.split(rf"^{'#' * depth} (.+)$", without_fences(text), flags=re.MULTILINE)
    cut = re.compile(rf"^#{{1,{depth}}} ", re.MULTILINE)
    return {name.strip("`"): cut.split(body)[0] for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def anchor(heading: str) -> str:
    """The anchor that a Markdown viewer makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def spoken(text: str) -> list[str]:
    """What is typed: each line of a console or shell block without its prompt, and each piece of inline code."""
    typed = [
        line.strip().removeprefix("$ ").removeprefix("# ")
        for language in ("console", "sh")
        for block in fences(text, language)
        for line in block.splitlines()
    ]
    return [*typed, *re.findall(r"`([^`\n]+)`", without_fences(text))]


def tables(text: str) -> list[list[str]]:
    """The cells of every row of every table, heads and rulers left out."""
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if not set("".join(row)) <= set("-: ")]
