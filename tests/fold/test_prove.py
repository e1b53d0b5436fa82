"""The proof finds what has slipped through, in whatever form, and stays quiet about what an editor made public."""

from __future__ import annotations

import base64
import gzip
import html
import json
import time
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest

from foldline.fold.prove import Known, shingles, survivors

REST = (
    "<p>The river had <b>three</b> names before anybody thought of asking the people who lived beside it, "
    "and each of the three was wrong.</p><p>Nobody minded: the water came anyway.</p>"
)
LEAK = "names before anybody thought of asking the people who lived beside it"
PAGE = "<html><body><p>An honest page about something else altogether, with a footer.</p></body></html>"

FORMS: dict[str, Callable[[str], str]] = {
    "text": str,
    "upper case": str.upper,
    "attribute": lambda text: f'<meta name="description" content="{text}">',
    "comment": lambda text: f"<!-- {text} -->",
    "split by tags": lambda text: text.replace(" ", "</b> <i class=x>"),
    "letter by letter": lambda text: "".join(f"<span>{letter}</span>" for letter in text),
    "soft hyphens": lambda text: "\u00ad".join(text),
    "entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "entities twice": lambda text: html.escape("".join(f"&#x{ord(letter):x};" for letter in text)),
    "percent": lambda text: quote(text, safe=""),
    "every byte percent": lambda text: "".join(f"%{ord(letter):02x}" for letter in text),
    "json": lambda text: json.dumps({"a": f"<p>{text}</p>"}),
    "json with numbers": lambda text: '"' + "".join(f"\\u{ord(letter):04x}" for letter in text) + '"',
    "json in json": lambda text: json.dumps(json.dumps("".join(f"\\u{ord(letter):04x}" for letter in text))),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(f"??>>{text}".encode()).decode().rstrip("="),
    "base64 of gzip": lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
    "base64 of zlib": lambda text: base64.b64encode(zlib.compress(text.encode())).decode(),
    "base64 of deflate": lambda text: base64.b64encode(zlib.compress(text.encode())[2:-4]).decode(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "full width": lambda text: "".join(chr(ord(x) + 0xFEE0) if x.isalpha() else x for x in text),
    "marks": lambda text: "".join(x + "\u0301" if x in "aeiou" else x for x in text),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_passage_of_the_rest_is_found_in_every_form(form: str) -> None:
    assert survivors(REST, (PAGE + FORMS[form](LEAK)).encode()) > 0


def test_an_honest_page_holds_nothing_of_the_rest() -> None:
    assert survivors(REST, PAGE.encode()) == 0


def test_seven_words_of_the_rest_are_too_few_to_be_a_passage() -> None:
    assert survivors(REST, f"{PAGE} each of the".encode()) == 0


@pytest.mark.parametrize("form", ["text", "json", "attribute"])
def test_what_an_editor_wrote_as_public_may_stand_in_the_page(form: str) -> None:
    assert survivors(REST, (PAGE + FORMS[form](LEAK)).encode(), [LEAK]) == 0


def test_an_allowed_text_with_whatever_happens_to_follow_it_is_no_passage() -> None:
    assert survivors(REST, b"<h1>The river had three names before</h1>an<p>", ["The river had three names before"]) == 0


def test_one_allowed_passage_excuses_no_other() -> None:
    assert survivors(REST, (PAGE + LEAK).encode(), ["The river had three names before anybody"]) > 0


def test_what_every_page_says_may_be_quoted() -> None:
    known = Known.of(f"<footer>{LEAK}</footer>")
    assert survivors(REST, (PAGE + LEAK).encode(), [known]) == 0
    assert survivors(REST, (PAGE + LEAK + " and each of the three was wrong").encode(), [known]) > 0


def test_the_description_of_a_picture_below_the_fold_is_part_of_the_rest() -> None:
    rest = '<figure><img src="/a.png" alt="Two women carry a door across the flooded market square"></figure>'
    assert survivors(rest, b"<p>Two women carry a door across the flooded market square</p>") > 0


@pytest.mark.parametrize(
    ("rest", "page", "found"),
    [
        ("<p>It was the butler after all.</p>", "<i>It was the butler after all</i>", 1),
        ("<p>It was the butler after all.</p>", "<i>It was the butler</i>", 0),
        ("<p>The butler!</p>", "<i>the butler</i>", 1),
        ("<p>He did.</p>", "<i>He did.</i>", 0),
        ("<p>犯人は執事だった。誰も驚かなかった。</p>", "<i>犯人は執事だった。誰も驚かなかった。</i>", 1),
    ],
)
def test_a_short_rest_is_looked_for_as_a_whole(rest: str, page: str, found: int) -> None:
    assert survivors(rest, page.encode()) == found


def test_a_long_text_without_spaces_is_found_in_parts() -> None:
    rest = "".join(chr(0x4E00 + n * 7 % 5000) for n in range(400))
    assert survivors(f"<p>{rest}</p>", f"<p>{rest[100:140]}</p>".encode()) > 0


def test_repeated_words_and_marks_make_the_same_shingles() -> None:
    assert shingles("Á B c d e f g h") == shingles("a b C d e f g h")
    assert shingles("too short") == frozenset()


def test_forty_kilobytes_are_proved_in_a_blink() -> None:
    words = [f"{chr(97 + n % 26)}{chr(97 + n * 7 % 26)}{chr(97 + n * 3 % 26)}{n % 977}x" for n in range(7000)]
    page, rest = f"<p>{' '.join(words)}</p>".encode(), f"<p>{' '.join(reversed(words))}</p>"
    best = min(_seconds(lambda: survivors(rest, page)) for _ in range(3))
    assert best < 0.25


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
