"""Footnotes: numbered in the order in which a text refers to them, and put together at its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin


class Footnotes:
    """The footnote plugin's elements, marked with the key as our own."""

    NAMES = ("footnote_ref", "footnote_block_open", "footnote_block_close", "footnote_open", "footnote_anchor")

    def __init__(self, key: str) -> None:
        self.key = key

    @staticmethod
    def _number(token: Token) -> str:
        return str(int(token.meta["id"]) + 1)

    def _reference(self, token: Token) -> str:
        number, again = self._number(token), int(token.meta.get("subId", 0))
        return f"{number}-{again + 1}" if again > 0 else number

    def footnote_ref(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        number = self._number(tokens[at])
        shown = number if tokens[at].meta.get("undefined") else f'<a href="#fn{number}">{number}</a>'
        return f'<sup class="footnote-ref {self.key}" id="{self.key}fnref{self._reference(tokens[at])}">{shown}</sup>'

    def footnote_block_open(self, *_: Any) -> str:
        return f'<section class="footnotes {self.key}"><ol>'

    def footnote_block_close(self, *_: Any) -> str:
        return "</ol></section>"

    def footnote_open(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        number = self._number(tokens[at])
        value = f' value="{number}"' if tokens[at].meta.get("after_a_gap") else ""
        return f'<li id="{self.key}fn{number}"{value}>'

    def footnote_anchor(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        reference = self._reference(tokens[at])
        return f' <a href="#fnref{reference}" class="footnote-backref {self.key}" title="Back to the text">↩</a>'


def enable(markdown: MarkdownIt, *, undefined_too: bool) -> None:
    """`undefined_too`: a reference is one whether or not its note is written in the same part of the text."""
    markdown.use(footnote_plugin, move_to_end=False, always_match_refs=undefined_too)
    markdown.core.ruler.after("block", "footnote_numbers", _known_numbers)


def following(env: EnvType) -> EnvType:
    """What the part below may use of the part above: its definitions, and the numbers that were given."""
    notes = env.get("footnotes") or {"refs": {}, "list": {}}
    return {
        "references": dict(env.get("references", {})),
        "footnotes": notes,
        "numbers": {label: number for label, number in notes.get("refs", {}).items() if number >= 0},
    }


def _known_numbers(state: StateCore) -> None:
    """A definition forgets the number that its label has: it is remembered here."""
    if state.env.get("numbers"):
        state.env["footnotes"]["refs"].update(state.env["numbers"])


def taken(tokens: Sequence[Token], defined: dict[str, list[Token]]) -> list[Token]:
    """The tokens without the notes, which are put into `defined` by their labels."""
    left: list[Token] = []
    into = left
    for token in tokens:
        if token.type == "footnote_reference_open":
            into = defined[token.meta["label"]] = []
        elif token.type == "footnote_reference_close":
            into = left
        else:
            into.append(token)
    return left


def gathered(env: EnvType, defined: Mapping[str, list[Token]], texts: Sequence[Sequence[Token]]) -> list[Token]:
    """The list of notes as tokens. References to notes that are written nowhere are marked in all of these."""
    notes: Mapping[int, Mapping[str, Any]] = env.get("footnotes", {}).get("list", {})
    inline = [note["tokens"] for note in notes.values() if "tokens" in note]
    for token in _each([*texts, *defined.values(), *inline]):
        if token.type == "footnote_ref" and "label" in token.meta and token.meta["label"] not in defined:
            token.meta["undefined"] = True
    made: list[Token] = []
    expected = 0
    for number, note in notes.items():
        if "tokens" not in note and note.get("label") not in defined:
            continue
        meta = {"id": number, "after_a_gap": number != expected}
        made += [_token("footnote_open", 1, meta), *_note(number, note, defined)]
        made.append(_token("footnote_close", -1))
        expected = number + 1
    return [_token("footnote_block_open", 1), *made, _token("footnote_block_close", -1)] if made else []


def _note(number: int, note: Mapping[str, Any], defined: Mapping[str, list[Token]]) -> Iterator[Token]:
    if "tokens" in note:
        words = _token("inline", 0)
        words.children, words.content = note["tokens"], note["content"]
        tokens = [Token("paragraph_open", "p", 1, block=True), words, Token("paragraph_close", "p", -1, block=True)]
    else:
        tokens = list(defined[note["label"]])
    last = tokens.pop() if tokens and tokens[-1].type == "paragraph_close" else None
    yield from tokens
    for again in range(max(1, int(note.get("count") or 1))):
        yield _token("footnote_anchor", 0, {"id": number, "subId": again})
    if last is not None:
        yield last


def _token(kind: str, nesting: int, meta: dict[str, Any] | None = None) -> Token:
    return Token(kind, "", -1 if nesting < 0 else 1 if nesting else 0, meta=meta or {})


def _each(lists: Sequence[Sequence[Token]]) -> Iterator[Token]:
    for tokens in lists:
        for token in tokens:
            yield token
            if token.children:
                yield from _each([token.children])
