"""Template tags (Liquid, as Jekyll and Eleventy write them) and kramdown attribute lists: resolved or removed.

Code stays as it is: an article about templates may show them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlsplit

from foldline.fold.findings import Finding, Kind
from foldline.fold.regions import Where, regions

_TAG = re.compile(r"\{%-?\s*(?P<name>\w+)\b(?P<args>.*?)-?%\}|\{\{(?P<value>(?:(?!\{\{).)*?)\}\}", re.DOTALL)
_RAW = re.compile(r"\{%-?\s*(?:end)?raw\s*-?%\}")
_RAW_LINE = re.compile(r"^[ \t]*\{%-?\s*(?:end)?raw\s*-?%\}[ \t]*\n", re.MULTILINE)
_END_RAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
#: Which branch of these a reader would see, nobody here can tell: none is shown.
_BRANCHING = ("if", "unless", "case")
_HIDING = ("comment", *_BRANCHING)
_INSIDE = re.compile(
    r"\{%-?\s*(?:end(?P<end>comment|if|unless|case|raw)\s*-?%\}|(?P<begin>comment|if|unless|case|raw)\b)"
)
_STRING = re.compile(r"^(\"[^\"]*\"|'[^']*')")
_NAMED = re.compile(r"(\w+)\s*[:=]\s*(\"[^\"]*\"|'[^']*')", re.DOTALL)
_BRACE = re.compile(r"\{(?=[{%:])")
_LIST_LINE = re.compile(r"^[ \t]{0,3}\{:[^}\n]*\}[ \t]*(?:\n|$)", re.MULTILINE)
_LIST_INLINE = re.compile(r"(?<=[)\]*_`>])\{:\s*[^}\n]*\}")
_OPTIONS = re.compile(r"\{::[^}\n]*\}")
_PATH_FILTERS = {"url", "relative_url", "absolute_url", "prepend", "append", "escape", "xml_escape", "strip"}


@dataclass(frozen=True, slots=True)
class Context:
    """What tags may stand for: `values` by variable (`page.image`), `names` of people by their key.

    `in_code` says that the text comes from a template engine, where `raw` guards what stands in code.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    in_code: bool = False


NO_CONTEXT = Context(values={"site.baseurl": "", "site.url": ""})


def resolve(source: str, context: Context = NO_CONTEXT) -> tuple[str, tuple[Finding, ...]]:
    """The text without template tags and attribute lists outside code, and what became of each."""
    if "{" not in source:
        return source, ()
    run = _Run(context)
    text = "".join(run.region(region.where, region.text, region.line) for region in regions(source))
    return text, tuple(run.findings)


class _Run:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.findings: list[Finding] = []
        self.raw = False
        self.hiding: list[str] = []

    def region(self, where: Where, text: str, line: int) -> str:
        if where == "code":
            text = text[self._hidden(text, 0) :]
            return _RAW.sub("", _RAW_LINE.sub("", text)) if self.context.in_code else text
        return self._lists(self._tags(where, text, line), where, line)

    def _note(self, kind: Kind, detail: str, line: int) -> None:
        self.findings.append(Finding(kind, " ".join(detail.split())[:120], line))

    def _hidden(self, text: str, position: int) -> int:
        """Where the text goes on behind what is hidden: a comment or a condition, whatever parts of it are code."""
        while self.hiding:
            found = _INSIDE.search(text, position)
            if found is None:
                return len(text)
            position = found.end()
            around = self.hiding[-1]
            if found["end"] == around:
                self.hiding.pop()
            elif found["begin"] and (around in _BRANCHING or around == found["begin"] == "comment"):
                self.hiding.append(found["begin"])
        return position

    def _tags(self, where: Where, text: str, line: int) -> str:
        out: list[str] = []
        position = self._hidden(text, 0)
        while position < len(text):
            if self.raw:
                end = _END_RAW.search(text, position)
                out.append(_BRACE.sub("&#123;", text[position : end.start() if end else len(text)]))
                position = end.end() if end else len(text)
                self.raw = end is None
                continue
            found = _TAG.search(text, position)
            if found is None:
                out.append(text[position:])
                break
            out.append(text[position : found.start()])
            position = found.end()
            at = line + text.count("\n", 0, found.start())
            if found["name"] == "raw":
                self.raw = True
                self._note("template-tag-resolved", found[0], at)
            elif found["name"] in _HIDING:
                self.hiding.append(found["name"])
                position = self._hidden(text, position)
                self._note("template-tag-removed", f"{found[0]} with all up to its end", at)
            else:
                out.append(self._one(where, found, at))
        return "".join(out)

    def _one(self, where: Where, found: re.Match[str], line: int) -> str:
        known: str | None
        kind: Kind = "template-tag-resolved"
        if found["name"]:
            known = _element(where, found["name"], found["args"].strip())
        else:
            known, embed = self._value(where, found["value"].strip().strip("-").strip())
            kind = "embed" if embed else kind
        self._note(kind if known is not None else "template-tag-removed", found[0], line)
        return known or ""

    def _value(self, where: Where, expression: str) -> tuple[str | None, bool]:
        subject, *filters = [part.strip() for part in expression.split("|")]
        literal = _STRING.match(subject)
        value = literal[0][1:-1] if literal else self.context.values.get(subject)
        if value is None:
            return None, False
        for one in filters:
            name, _, argument = one.partition(":")
            name = name.strip()
            if name == "embed":
                return _link(where, watchable(value), "Video: " + (_unquote(argument) or value)), True
            if name == "team_link":
                return self.context.names.get(value) or readable_name(value), False
            if name == "team_photo":
                return "", False
            if name not in _PATH_FILTERS:
                return None, False
        return value, False

    def _lists(self, text: str, where: Where, line: int) -> str:
        if where != "text" or "{:" not in text:
            return text
        for pattern in (_LIST_LINE, _OPTIONS, _LIST_INLINE):
            for found in pattern.finditer(text):
                self._note("attribute-list", found[0].strip(), line + text.count("\n", 0, found.start()))
            text = pattern.sub("", text)
        return text


def _element(where: Where, name: str, args: str) -> str | None:
    maker = _ELEMENTS.get(name)
    return maker(where, args) if maker else None


def _image(where: Where, args: str) -> str | None:
    path = _STRING.match(args)
    if path is None:
        bare = args.split(None, 1)
        return _picture(where, bare[0], _unquote(bare[1]) if len(bare) > 1 else "") if bare else None
    rest = args[path.end() :].strip()
    classes = _STRING.match(rest)
    if classes and rest[classes.end() :].strip()[:1] in ("'", '"'):
        rest = rest[classes.end() :].strip()
    return _picture(where, path[0][1:-1], _unquote(rest))


def _include(where: Where, args: str) -> str | None:
    named = {key: value[1:-1] for key, value in _NAMED.findall(args)}
    path = named.get("image") or named.get("src")
    if not path:
        return None
    picture = _picture(where, path, named.get("alt", ""))
    caption = named.get("caption", "")
    if not caption:
        return picture
    return f"{picture}\n\n*{_escape(caption)}*" if where == "text" else f"{picture} <em>{html.escape(caption)}</em>"


_ELEMENTS: dict[str, Callable[[Where, str], str | None]] = {
    "image": _image,
    "image_with_class": _image,
    "include": _include,
}


def _picture(where: Where, path: str, alt: str) -> str:
    path = path if "://" in path or path.startswith("/") else "/" + path
    alt = " ".join(html.unescape(alt).split())
    if where == "html":
        return f'<img src="{html.escape(path)}" alt="{html.escape(alt)}">'
    return f"![{_escape(alt)}](<{quote(path, safe='/:?&=%#+@,;.~-_!()')}>)"


def _link(where: Where, address: str, text: str) -> str:
    text = " ".join(text.split())
    if where == "html":
        return f'<a href="{html.escape(address)}">{html.escape(text)}</a>'
    return f"[{_escape(text)}](<{address}>)"


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)


def _unquote(text: str) -> str:
    text = text.strip()
    while len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def readable_name(key: str) -> str:
    """`laura-gerhardt` as a name that can be shown."""
    return " ".join(part.capitalize() for part in re.split(r"[-_]", key) if part)


def watchable(address: str) -> str:
    """The page where a person can watch what an embed address plays."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    host = parts.netloc.removeprefix("www.")
    if host in ("youtube.com", "youtube-nocookie.com") and parts.path.startswith("/embed/"):
        video = parts.path.removeprefix("/embed/").strip("/")
        listed = parse_qs(parts.query).get("list")
        if video == "videoseries" and listed:
            return f"https://www.youtube.com/playlist?list={listed[0]}"
        return f"https://www.youtube.com/watch?v={video}"
    if host == "player.vimeo.com" and parts.path.startswith("/video/"):
        return f"https://vimeo.com/{parts.path.removeprefix('/video/')}"
    return f"https:{address}" if address.startswith("//") else address
