"""The body of an imported file: its template tags resolved, its pictures found on disk or named as missing."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from foldline.errors import Problem
from foldline.fold import templates
from foldline.fold.dress import Image
from foldline.fold.findings import Finding
from foldline.fold.markdown import Rendered, readable, render
from foldline.fold.regions import parser, regions
from foldline.sources.articles.imported import ImportedPicture
from foldline.sources.articles.mending import mended
from foldline.sources.articles.values import slug_of

_SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".gif"))
_IMG = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"']+)[^>]*>", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_IDS = {
    "template-tag-resolved": "FL430",
    "template-tag-removed": "FL431",
    "attribute-list": "FL432",
    "picture-missing": "FL433",
    "picture-elsewhere": "FL434",
    "picture-without-alt": "FL435",
    "embed": "FL436",
    "element-removed": "FL437",
    "fold-marker": "FL438",
    "reference-below": "FL443",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """The only folders from which a picture is ever taken."""

    folder: Path
    others: tuple[Path, ...] = ()

    def find(self, reference: str, beside: Path) -> Path | None:
        """The picture file that a text means, or None: looked for beside the text, then below each folder."""
        try:
            path = unquote(urlsplit(reference).path)
        except ValueError:
            return None
        roots = (self.folder, *self.others)
        places = [root / path.lstrip("/") for root in roots]
        if not path.startswith("/"):
            places.insert(0, beside.parent / path)
        for place in places:
            try:
                found = place.resolve()
                inside = any(found.is_relative_to(root.resolve()) for root in roots)
                if inside and found.suffix.lower() in _SUFFIXES and found.is_file():
                    return found
            except (OSError, ValueError):
                continue
        return None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reference stands: in which file, under which name in the report, on which line."""

    shelf: Shelf
    file: Path
    path: str
    line: int = 1

    def at(self, line: int) -> str:
        """`line` counts from 1 in the body."""
        return f"{self.path}:{self.line + line - 1}"

    def taken(self, reference: str, alt: str = "", caption: str = "", credit: str = "") -> ImportedPicture | None:
        """The picture with an address made of what is in it: the same file has the same one in every import."""
        file = self.shelf.find(reference, self.file)
        if file is None:
            return None
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        name = f"{digest[:12]}-{slug_of(file.stem)[:60]}".rstrip("-") + file.suffix.lower()
        return ImportedPicture(f"picture:{name}", file, digest, alt, caption, credit)

    def lead(
        self, reference: str, alt: str, caption: str, credit: str, warnings: list[Problem]
    ) -> ImportedPicture | None:
        """The lead picture, or None with a warning: nothing stands in its place."""
        picture = self.taken(reference, alt, caption, credit)
        if picture is None:
            elsewhere = reference.startswith(("http://", "https://", "//"))
            kind = "picture-elsewhere" if elsewhere else "picture-missing"
            what = f"the lead picture {reference} is not in the folder; left out."
            warnings.append(Problem(_IDS[kind], what, self.at(1)))
        elif not alt:
            what = f"the lead picture {reference} has no `image_alt`."
            warnings.append(Problem(_IDS["picture-without-alt"], what, self.at(1)))
        return picture


@dataclass(slots=True)
class Body:
    """Markdown to be stored; its pictures carry the addresses that it now gives them."""

    text: str
    rendered: Rendered
    pictures: tuple[ImportedPicture, ...] = ()
    warnings: list[Problem] = field(default_factory=list)


def body_of(source: str, context: templates.Context, place: Place) -> Body:
    """Resolves, looks for pictures, then renders once to learn what rendering will replace or remove."""
    text, resolved = templates.resolve(readable(source), context)
    text, slips = mended(text)
    pictures: dict[str, ImportedPicture] = {}
    for reference, alt in dict(_references(text)).items():
        picture = place.taken(reference, alt)
        if picture is not None:
            pictures[reference] = picture
    text = _renamed(text, pictures)
    shown = {picture.address: Image(picture.address) for picture in pictures.values()}
    rendered = render(text, shown)
    findings = (*resolved, *rendered.findings)
    warnings = [Problem(_IDS[one.kind], _what(one), place.at(one.line or _line_of(one, source))) for one in findings]
    warnings += [Problem("FL441", f"broken HTML mended: {what}", place.at(line)) for what, line in slips]
    unique = {picture.address: picture for picture in pictures.values()}
    return Body(text.strip("\n") + "\n", rendered, tuple(unique.values()), warnings)


def _line_of(finding: Finding, source: str) -> int:
    """Where the text names what the finding is about; its first line where it does not."""
    at = source.find(
        finding.detail.removesuffix(">").split(" ")[0] if finding.kind == "element-removed" else finding.detail
    )
    return source.count("\n", 0, at) + 1 if at > 0 else 1


def _what(finding: Finding) -> str:
    return {
        "template-tag-resolved": f"template tag resolved: {finding.detail}",
        "template-tag-removed": f"template tag removed: {finding.detail}",
        "attribute-list": f"attribute list removed: {finding.detail}",
        "picture-missing": f"picture not in the folder, its description is shown: {finding.detail}",
        "picture-elsewhere": f"picture on another site, now a link: {finding.detail}",
        "picture-without-alt": f"picture without a description: {finding.detail}",
        "embed": f"embedded media, now a link: {finding.detail}",
        "element-removed": f"removed: {finding.detail}",
        "fold-marker": finding.detail,
        "reference-below": f"the reference [{finding.detail}] is defined below the fold; above it, it stays text",
    }[finding.kind]


def _references(text: str) -> Iterator[tuple[str, str]]:
    """Every picture that the text shows, with its description."""
    for token in parser().parse(text):
        for inner in (token, *(token.children or ())):
            if inner.type == "image":
                yield str(inner.attrs.get("src", "")), inner.content
            elif inner.type in ("html_inline", "html_block"):
                for found in _IMG.finditer(inner.content):
                    alt = _ALT.search(found[0])
                    yield html.unescape(found[1].strip("\"'")), html.unescape(alt[1][1:-1]) if alt else ""


def _renamed(text: str, pictures: dict[str, ImportedPicture]) -> str:
    """The text with its pictures' new addresses, code left alone."""
    if not pictures:
        return text
    addresses = {
        spelling: picture.address
        for reference, picture in pictures.items()
        for spelling in (reference, unquote(reference), html.escape(reference))
    }
    pattern = re.compile(
        r"(?<=[(<\"'=\s])(?:" + "|".join(map(re.escape, _longest_first(addresses))) + r")(?=[)>\"'\s]|$)", re.MULTILINE
    )
    return "".join(
        region.text if region.where == "code" else pattern.sub(lambda found: addresses[found[0]], region.text)
        for region in regions(text)
    )


def _longest_first(spellings: dict[str, str]) -> Sequence[str]:
    return sorted(spellings, key=len, reverse=True)
