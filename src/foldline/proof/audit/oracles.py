"""Answers that show not a word of the rest and tell of it all the same: lengths, validators, a search's yes or no, and
what a cache kept of a subscriber's answer."""

from __future__ import annotations

import re
import secrets
from typing import Protocol

from foldline.fold.prove import LETTERS, letters_of
from foldline.proof.asks import Ask
from foldline.proof.audit.asking import Reply
from foldline.proof.audit.discovery import Search
from foldline.proof.audit.finding import Finding
from foldline.proof.audit.judging import Judge
from foldline.proof.audit.learning import Article
from foldline.proof.audit.probes import Probe, ask

_TOTAL = re.compile(r"/(\d+)\s*$")
_LETTERS = re.compile(r"[^\W\d_]+")


class Asks(Protocol):
    """The part of an audit that is needed here."""

    judge: Judge

    async def as_subscriber(self, path: str) -> Reply: ...

    async def as_stranger(self, asked: Ask) -> Reply: ...


async def of_lengths(audit: Asks, number: int, article: Article, theirs: Reply) -> None:
    """Whether a stranger's fields carry the whole's validator or its length."""
    plain = ask(article.path, accept_encoding="identity")
    mine = await audit.as_stranger(plain)
    whole = await audit.as_subscriber(article.path)
    if mine.failed or whole.failed or mine.body == whole.body:
        return
    tag = theirs.header(b"etag")
    if tag and tag == mine.header(b"etag"):
        _tell(audit, "D12", article, mine, plain, "in ETag: both versions carry the same")
    lengths = {len(whole.body), whole.sent, len(theirs.body), theirs.sent} - {len(mine.body), mine.sent, 0}
    head = Ask(plain.path, "HEAD", plain.query, plain.headers)
    reply = await audit.as_stranger(head)
    if _number(reply.header(b"content-length")) in lengths:
        _tell(audit, "D09", article, reply, head, "in Content-Length: it is the whole's")
    ranged = plain.with_header(b"range", b"bytes=0-9")
    reply = await audit.as_stranger(ranged)
    total = _TOTAL.search(reply.header(b"content-range"))
    if total and int(total[1]) in lengths:
        _tell(audit, "D10", article, reply, ranged, "in Content-Range: it tells the whole's length")
    if tag and tag != mine.header(b"etag"):
        asked = plain.with_header(b"if-none-match", tag.encode("latin-1", "replace"))
        junk = plain.with_header(b"if-none-match", b'"0123456789abcdef"')
        if (await audit.as_stranger(asked)).status == 304 and (await audit.as_stranger(junk)).status == 200:
            _tell(audit, "D12", article, mine, asked, "as 304: a stranger may ask whether the whole has changed")


async def of_search(audit: Asks, search: Search, article: Article, url: str) -> None:
    """Whether words that stand in the rest alone find the article, and words that stand nowhere don't."""
    phrases = words_of(article)
    if len(phrases) < 2:
        return
    surface, found = "search", []
    for words in (phrases[0], _nonsense(phrases[0]), phrases[1], _nonsense(phrases[1])):
        asked = ask(search.target(words))
        reply = await audit.as_stranger(asked)
        if reply.status != 200:
            return
        audit.judge.look(Probe(surface, "B12", asked), reply)
        found.append((asked, reply, _names(reply, article, url)))
    if [named for _, _, named in found] == [True, False, True, False]:
        asked, reply, _ = found[0]
        _tell(audit, "F04", article, reply, asked, "as a result: words of the rest find the article", surface)


async def of_caches(audit: Asks, number: int, article: Article) -> None:
    """Whether what a subscriber was sent at an address of this audit's own is kept there for a stranger."""
    nonce = secrets.token_hex(6)
    bare = article.path.partition("?")[0].rstrip("/")
    for vector, target in (
        ("D01", f"{article.path}{'&' if '?' in article.path else '?'}audit={nonce}"),
        ("D06", f"{bare}/{nonce}.css"),
        ("D06", f"{bare};{nonce}.css"),
        ("D06", f"{bare}%2f{nonce}.js"),
    ):
        await audit.as_subscriber(target)
        asked = ask(target)
        reply = await audit.as_stranger(asked)
        audit.judge.look(Probe("cache", vector, asked, number, "after a subscriber asked for the same"), reply)


def words_of(article: Article) -> list[str]:
    """Two words that only the rest holds, shorter than a shingle: an answer that repeats the question is no leak."""
    public = set(_LETTERS.findall(f"{article.public} {article.title}".casefold()))
    own = [word for word in dict.fromkeys(_LETTERS.findall(article.rest)) if word.casefold() not in public]
    own = sorted((word for word in own if 5 <= len(word) <= LETTERS // 2 - 1), key=len, reverse=True)
    return own[:2]


def _nonsense(words: str) -> str:
    """Words of the same lengths that no language has."""
    return "".join(letter if letter == " " else "qxzvk"[at % 5] for at, letter in enumerate(words))


def _names(reply: Reply, article: Article, url: str) -> bool:
    return article.path in reply.text or (url + article.path) in reply.text or _titled(reply, article)


def _titled(reply: Reply, article: Article) -> bool:
    title = letters_of(article.title)
    return len(title) > LETTERS // 2 and title in letters_of(reply.text)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else -1


def _tell(
    audit: Asks, vector: str, article: Article, reply: Reply, asked: Ask, where: str, surface: str = "article"
) -> None:
    curl = audit.judge.curl(asked)
    audit.judge.tell(Finding(vector, [article.path], surface, "", where, "oracle", reply.status, curl))
