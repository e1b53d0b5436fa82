"""What rendering resolved, replaced or removed in an article's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "template-tag-resolved",
    "template-tag-removed",
    "attribute-list",
    "picture-missing",
    "picture-elsewhere",
    "picture-without-alt",
    "embed",
    "element-removed",
    "fold-marker",
    "reference-below",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an author should know. `line` counts from 1 in the text that was rendered, 0 where unknown."""

    kind: Kind
    detail: str
    line: int = 0

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.kind}: {self.detail}"
