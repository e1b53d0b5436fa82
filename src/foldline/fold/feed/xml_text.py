"""XML of strangers, read without document types, entities of its own and addresses; and XML of ours, written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from foldline.fold.feed.model import DEEPEST, MOST_ELEMENTS, NotUnderstood

XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
#: What XML 1.0 can't say, not even as a reference.
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class _Bounded(TreeBuilder):
    """A tree of so many elements and no deeper."""

    def __init__(self) -> None:
        super().__init__()
        self._deep = self._many = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._deep += 1
        self._many += 1
        if self._deep > DEEPEST or self._many > MOST_ELEMENTS:
            raise NotUnderstood("too many elements")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Element:
        self._deep -= 1
        return super().end(tag)


def read_xml(body: bytes, charset: str = "") -> Element:
    """The root of a document. `charset` is that of the HTTP header, which counts more than the document's own word
    (RFC 7303, 3).

    Raises:
        NotUnderstood: it is no XML, has a document type, or is too large.
    """
    try:
        parser = DefusedXMLParser(target=_Bounded(), encoding=charset or None, forbid_dtd=True)
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise NotUnderstood(f"no XML that is read: {type(error).__name__}") from error
    return root


def name_of(element: Element) -> str:
    """`{namespace}name`, or the name alone."""
    return element.tag if isinstance(element.tag, str) else ""


def text_of(element: Element | None) -> str:
    """Its text, and that of what is in it."""
    return "" if element is None else "".join(element.itertext())


def everything(element: Element) -> Iterator[str]:
    """All that it says, in order: texts and the values of attributes."""
    for inner in element.iter():
        yield from inner.attrib.values()
        yield inner.text or ""
        yield inner.tail or ""


def written(name: str, text: str = "", attributes: Mapping[str, str] | None = None, *inner: str) -> str:
    """One element. `inner` is XML already."""
    given = "".join(f' {key}="{_said(value)}"' for key, value in (attributes or {}).items())
    within = _said(text) + "".join(inner)
    return f"<{name}{given}>{within}</{name}>" if within else f"<{name}{given}/>"


def _said(text: str) -> str:
    return escape(_UNSAYABLE.sub("", text), {'"': "&quot;", "\r": "&#13;"})
