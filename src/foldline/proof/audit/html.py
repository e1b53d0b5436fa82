"""The report as one page: nothing is loaded, nothing runs, and it can be printed."""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from foldline import __version__
from foldline.proof.audit.finding import HOW, Report
from foldline.proof.audit.telling import verdict_of

_HERE = Path(__file__).parent / "templates"
_FONTS = Path(__file__).parents[2] / "pages" / "assets" / "fonts"
#: Families of our pages, and the file of each that holds Latin letters.
_FACES = (
    ("Newsreader Text", "newsreader-text-latin.woff2"),
    ("Newsreader Display", "newsreader-display-latin.woff2"),
    ("Figtree", "figtree-latin.woff2"),
)
_WITNESSES = {
    "shingle": "the words themselves",
    "oracle": "a field or a yes that depends on them",
    "twin": "two versions of the text, asked the same",
}


def report_page(report: Report) -> str:
    """The page, whole."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["curly"] = lambda text: text.replace("'", "’")
    return environment.get_template("report.html").render(
        report=report,
        verdict=verdict_of(report),
        css=Markup(_faces() + (_HERE / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - a file of ours
        when=_moment(report.at),
        duration=_duration(report.seconds),
        received=_size(report.received),
        pace=f"at most {report.rate:g} a second" if report.rate else "without a pause, as it is on this machine",
        how=HOW,
        witness=_WITNESSES,
        version=__version__,
    )


def _faces() -> str:
    faces = []
    for family, file in _FACES:
        coded = base64.b64encode((_FONTS / file).read_bytes()).decode()
        source = f'url("data:font/woff2;base64,{coded}") format("woff2")'
        faces.append(f'@font-face {{ font-family: "{family}"; font-weight: 400 700; src: {source}; }}\n')
    return "".join(faces)


def _moment(iso: str) -> str:
    if not iso:
        return ""
    moment = datetime.fromisoformat(iso)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min"


def _size(count: int) -> str:
    return f"{count >> 10} KB" if count < 1 << 20 else f"{count / (1 << 20):.1f} MB"
