"""Which software made a site, and which profile of surfaces fits it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from foldline.sources.survey.looks import Look

#: Generators that write a folder of files.
_STATIC = (
    "pelican", "hugo", "eleventy", "jekyll", "astro", "gatsby", "next.js", "nuxt", "hexo", "nikola", "zola", "sphinx",
    "docusaurus", "vitepress", "mkdocs", "gridsome", "lektor", "middleman", "publii",
)  # fmt: skip
#: Names of pictures as Wagtail cuts them: `.width-800.`, `.fill-300x200.format-webp.`.
_RENDITION = re.compile(r"/images/[^\"'\s]+\.(?:width|height|fill|max|min|scale)-\d+")
_BLOCKS = re.compile(r"class=[\"'][^\"']*\bblock-(?:paragraph|rich_text|heading|image|raw|quote)\b")


@dataclass(frozen=True, slots=True)
class Software:
    """`name` as people call it, or "" where nothing says it; `because` is what said it; `profile` is ours that fits."""

    name: str
    profile: str
    because: str


def software_of(looks: Sequence[Look], api: bytes | None) -> Software:
    """`looks` are the front page and others; `api` is what `/api/v2/pages/` answered, where Wagtail has its API."""
    generators = [look.generator for look in looks if look.generator]
    for said in generators:
        if said.lower().startswith("wordpress"):
            return Software(said, "wordpress", f'<meta name="generator" content="{said}">')
    for look in looks:
        if _is_wordpress(look):
            return Software("WordPress", "wordpress", "its REST API is announced (https://api.w.org/)")
    if api is not None and re.search(rb'"meta"\s*:\s*\{\s*"total_count"', api):
        return Software("Wagtail", "wagtail", "/api/v2/pages/ answers as Wagtail's API does")
    for look in looks:
        text = look.source.text if look.source is not None else ""
        if "wagtail" in look.generator.lower() or _RENDITION.search(text) or "wagtail-userbar" in text:
            return Software("Wagtail", "wagtail", "pictures or the bar are named as Wagtail names them")
    if sum(bool(look.source and _BLOCKS.search(look.source.text)) for look in looks) * 2 > len(looks):
        return Software("Wagtail", "wagtail", 'texts stand in class="block-…", as a StreamField writes them')
    for said in generators:
        if said.lower().startswith(_STATIC):
            return Software(said, "static", f'<meta name="generator" content="{said}">')
    if generators:
        return Software(
            generators[0], "static", f'<meta name="generator" content="{generators[0]}">; no profile knows it'
        )
    return Software("", "static", "no page says what made it; this profile closes the most")


def _is_wordpress(look: Look) -> bool:
    headers = b" ".join(value for name, value in look.page.headers if name == b"link")
    links = look.source.tree.select('link[rel="https://api.w.org/"]') if look.source is not None else []
    return b"https://api.w.org/" in headers or bool(links)
