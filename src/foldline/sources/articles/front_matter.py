"""The YAML between two lines of `---`, as texts with their line numbers: no type is guessed, nothing is built.

A title that reads `2014` or `No` is a title. Aliases, tags and doubled keys are refused: each is a way to mean two
things at once, and one of these keys says who may read the article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

_OPEN = re.compile(r"---[ \t]*\n")
_CLOSE = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_NULL = "tag:yaml.org,2002:null"
_LARGEST = 64 * 1024


class BrokenFrontMatter(ValueError):
    """`line` counts from 1 in the file; `missing` where there is none at all."""

    def __init__(self, what: str, line: int, *, missing: bool = False) -> None:
        super().__init__(what)
        self.line = line
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Field:
    """A value: a text, None for an empty one, a list, or a mapping; `line` counts from 1 in the file."""

    value: str | list[Field] | dict[str, Field] | None
    line: int

    @property
    def text(self) -> str:
        """The text in one line, "" where the value is empty or none."""
        return " ".join(self.value.split()) if isinstance(self.value, str) else ""


def front_matter(source: str) -> tuple[dict[str, Field], str, int]:
    """The fields, the body, and the line of the file at which the body begins. Raises BrokenFrontMatter."""
    opened = _OPEN.match(source)
    if opened is None:
        raise BrokenFrontMatter("there is no front matter: the first line is not `---`", 1, missing=True)
    closed = _CLOSE.search(source, opened.end())
    if closed is None:
        raise BrokenFrontMatter("the front matter has no closing line `---`", 1)
    block = _TRAILING.sub("", source[opened.end() : closed.start()])
    if len(block) > _LARGEST:
        raise BrokenFrontMatter("the front matter is larger than 64 KB", 1)
    return _fields(block), source[closed.end() :], source.count("\n", 0, closed.end()) + 1


def _fields(block: str) -> dict[str, Field]:
    try:
        for token in yaml.scan(block, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken | yaml.AnchorToken | yaml.TagToken):
                raise BrokenFrontMatter("`&`, `*` and `!` at the start of a value must be in quotes", _line(token))
        node = yaml.compose(block, Loader=yaml.SafeLoader)
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise BrokenFrontMatter("the front matter is not a list of `key: value`", _line(node))
        return _mapping(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "it can't be read as YAML"
        raise BrokenFrontMatter(what, mark.line + 2 if mark else 1) from error
    except yaml.reader.ReaderError as error:
        line = block.count("\n", 0, error.position) + 2
        raise BrokenFrontMatter("it holds a control character", line) from error
    except yaml.YAMLError as error:
        raise BrokenFrontMatter("it can't be read as YAML", 1) from error
    except RecursionError:
        raise BrokenFrontMatter("it is nested too deeply", 1) from None


def _line(where: yaml.Token | yaml.Node) -> int:
    """In the file: YAML counts from 0, and the first line is `---`."""
    return int(where.start_mark.line) + 2


def _mapping(node: yaml.MappingNode) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise BrokenFrontMatter("a key is not a word", _line(key))
        if key.value in fields:
            raise BrokenFrontMatter(f"`{key.value}` is there twice", _line(key))
        fields[key.value] = _field(value)
    return fields


def _field(node: yaml.Node) -> Field:
    if isinstance(node, yaml.MappingNode):
        return Field(_mapping(node), _line(node))
    if isinstance(node, yaml.SequenceNode):
        return Field([_field(item) for item in node.value], _line(node))
    if node.tag == _NULL:
        return Field(None, _line(node))
    return Field(str(node.value), _line(node))
