"""What may be odd about a page. With some of it the page is locked: headline and standfirst alone."""

from __future__ import annotations

from typing import Literal

Alarm = Literal[
    "no-way-to-the-fold",
    "selector-nothing",
    "selector-everything",
    "selector-unusable",
    "body-nothing",
    "too-large",
    "too-odd",
    "too-long",
    "charset",
    "parsers-disagree",
    "not-proved",
    "nothing-below",
    "shorter-than-the-rule",
    "cut-by-tree",
]
