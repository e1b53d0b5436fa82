from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from .pages import ROOT, anchor, headings, markdown_files, read, without_fences

_LINK = re.compile(r"\]\((?P<to>[^)\s]+)\)")

#: Host names of package registries, written apart so that this file holds none of them.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("golang", "org"))
)


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", markdown_files(), ids=_id)
def test_every_relative_link_leads_to_a_file_and_to_a_heading_in_it(path: Path) -> None:
    lost = []
    for found in _LINK.finditer(without_fences(read(path))):
        address, _, fragment = found["to"].partition("#")
        if "://" in address or address.startswith("mailto:"):
            continue
        target = (path.parent / address).resolve() if address else path
        if not target.exists() or (fragment and fragment not in {anchor(text) for _, text in headings(read(target))}):
            lost.append(found["to"])
    assert lost == []


@pytest.mark.parametrize("path", markdown_files(), ids=_id)
def test_no_page_names_a_registry_or_a_folder_of_one_machine(path: Path) -> None:
    text = read(path)
    assert [name for name in (*REGISTRIES, "/" + "work/", "/" + "root/", "/" + "tmp/bash") if name in text] == []


@pytest.mark.parametrize("path", markdown_files(), ids=_id)
def test_a_page_has_one_title_and_skips_no_level_of_headings(path: Path) -> None:
    depths = [depth for depth, _ in headings(read(path))]
    assert depths[0] == 1
    assert depths.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(depths))


def test_the_fixed_pages_are_all_there() -> None:
    wanted = (
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/glossary.md",
        "docs/decisions/README.md",
    )
    assert [name for name in wanted if not (ROOT / name).is_file()] == []
    assert "Apache License" in read(ROOT / "LICENSE")
