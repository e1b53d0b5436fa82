"""The articles of the day, and how to tell what an answer holds: which version, and whether the rest is in it."""

from __future__ import annotations

import re

#: The story that breaks, and the article that is taken down. Neither is free.
STORY, TAKEN_DOWN = 0, 4
#: The level of an article, by its number.
ACCESS = ("metered", "metered", "metered", "subscribers", "metered", "subscribers", "registered", "metered")
RULES = """\
default-access = "metered"
[meter.site]
anonymous = 3
registered = 5
[[rule]]
name = "Crawlers read everything"
opens-for = "crawler"
"""
_PREVIEW = re.compile(rb"Preview of article (\d+), version (\d+)\.")
_REST = re.compile(rb"Kept words of article (\d+), version (\d+)\.")
_FILLING = "A day has many hours, and a newspaper fills each of them with whatever happened in the one before. " * 6


def slug(number: int) -> str:
    """The address of an article, without its slash."""
    return f"of-the-day-{number}"


def metered(articles: int) -> list[int]:
    """Articles that a meter opens, and that nobody takes down."""
    numbers = range(1, articles + 1)
    return [number for number in numbers if ACCESS[number % len(ACCESS)] == "metered" and number != TAKEN_DOWN]


def body(number: int, version: int) -> str:
    """The text of a version, cut in the middle. Each half says what it is."""
    above = "\n\n".join([f"Preview of article {number}, version {version}.", *[_FILLING] * 6])
    below = "\n\n".join([*[_FILLING] * 14, f"Kept words of article {number}, version {version}."])
    return f"{above}\n\n<!-- fold -->\n\n{below}\n"


def preview_in(text: bytes) -> tuple[int, int] | None:
    """(article, version) of the preview in an answer."""
    return _found(_PREVIEW.search(text))


def rest_in(text: bytes) -> tuple[int, int] | None:
    """(article, version) of the rest in an answer; None where not a word of any stands there."""
    return _found(_REST.search(text)) or ((-1, -1) if b"Kept words" in text else None)


def _found(match: re.Match[bytes] | None) -> tuple[int, int] | None:
    return (int(match[1]), int(match[2])) if match else None
