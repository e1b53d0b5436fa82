"""The 509 posts of a real newsroom come through, or each that does not is named."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from foldline.fold.cut import FoldRule, cut
from foldline.fold.markdown import render
from foldline.fold.prove import survivors
from foldline.fold.tree import Fragment
from foldline.sources.articles.imported import FileResult
from foldline.sources.articles.markdown_files import read_folder

pytestmark = pytest.mark.samples

#: Two of three posts of one name; their authors have to choose.
REFUSED = {"2024-01-12-andrew-hyder-award.md": "FL426", "2024-08-20-andrew-hyder-award.md": "FL426"}


@cache
def read(folder: Path) -> tuple[FileResult, ...]:
    return tuple(read_folder(folder, access="metered", zone="America/New_York"))


@pytest.fixture(scope="session")
def posts(samples: Path) -> tuple[FileResult, ...]:
    folder = samples / "18f" / "posts"
    if not folder.is_dir():
        pytest.skip(f"FOLDLINE_SAMPLES: there are no posts at {folder}")
    return read(folder)


def test_every_post_is_imported_or_named(posts: tuple[FileResult, ...]) -> None:
    assert len(posts) == 509
    assert {post.path: post.errors[0].id for post in posts if post.article is None} == REFUSED


def test_the_date_of_every_post_is_that_of_its_file(posts: tuple[FileResult, ...]) -> None:
    for post in posts:
        if post.article:
            days = abs((post.article.published_at.date() - _date_in(post.path)).days)
            assert days <= 370, post.path


def _date_in(path: str) -> date:
    year, month, day = path.split("-")[:3]
    return date(int(year), int(month), int(day))


def test_every_warning_names_its_file_and_line(posts: tuple[FileResult, ...]) -> None:
    counted = Counter(warning.id for post in posts for warning in post.warnings)
    assert counted.keys() == {"FL430", "FL431", "FL433", "FL434", "FL435", "FL436", "FL437", "FL439", "FL441", "FL442"}
    assert counted["FL442"] == 42
    assert all(
        re.fullmatch(re.escape(post.path) + r":\d+", warning.where) for post in posts for warning in post.warnings
    )


def test_no_template_tag_is_left_outside_code_but_the_one_that_a_post_shows_on_purpose(
    posts: tuple[FileResult, ...],
) -> None:
    left = []
    for post in posts:
        if post.article:
            tree = Fragment(render(post.article.body).html).top
            for node in tree.css("pre, code"):
                node.decompose()
            found = re.search(r"\{%|%\}|\{\{|\}\}|\{:|</?(div|p|blockquote|figure|img|td)\b", tree.text(separator=" "))
            if found:
                left.append((post.path[:10], found[0]))
    assert left == [("2024-07-17", "{{")]


def test_every_post_is_cut_and_its_preview_holds_no_passage_of_its_rest(posts: tuple[FileResult, ...]) -> None:
    hows: Counter[str] = Counter()
    for post in posts:
        if post.article:
            made = cut(render(post.article.body).html, FoldRule())
            hows[made.how] += 1
            assert survivors(made.rest, made.preview.encode(), [made.preview]) == 0
            words = Fragment(made.preview).top.text(separator=" ").split()
            assert made.how != "paragraphs" or len(" ".join(words)) >= 1400
    assert hows["not-found"] == 0
    assert hows["paragraphs"] > 400


def test_no_preview_goes_on_after_two_and_a_half_times_the_least_number_of_characters(
    posts: tuple[FileResult, ...],
) -> None:
    rule = FoldRule()
    for post in posts:
        made = cut(render(post.article.body).html, rule) if post.article else None
        if made is not None and made.how == "paragraphs":
            shown = [node for node in Fragment(made.preview).children() if not node.css_matches(".missing-picture")]
            texts = [" ".join(node.text().split()) for node in shown if node.text().strip()]
            assert sum(map(len, texts[:-1])) < rule.most, post.path
