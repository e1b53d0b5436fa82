"""Every messy file of ours has its verdict: what it is refused for and where, or what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from foldline.fold.cut import Cut, FoldRule, cut
from foldline.fold.markdown import render
from foldline.sources.articles.imported import FileResult
from foldline.sources.articles.markdown_files import read_folder

MESSY = Path(__file__).resolve().parents[1] / "messy"

#: (id, line) of what keeps a file out.
REFUSED: dict[str, tuple[str, int]] = {
    "2019-02-30-impossible-date-in-the-name.md": ("FL424", 1),
    "entity-bomb.md": ("FL422", 4),
    "impossible-date.md": ("FL424", 3),
    "incomplete-correction.md": ("FL427", 5),
    "key-twice.md": ("FL422", 5),
    "latin-1.md": ("FL420", 2),
    "no-closing-line.md": ("FL422", 1),
    "no-date.md": ("FL424", 1),
    "no-front-matter.md": ("FL421", 1),
    "no-title.md": ("FL423", 3),
    "nul-in-front-matter.md": ("FL422", 2),
    "same-address-b.md": ("FL426", 1),
    "tab-in-front-matter.md": ("FL422", 4),
    "title-is-a-list.md": ("FL423", 4),
    "unknown-access.md": ("FL425", 4),
}

#: How the text is cut, what stands above its fold (None: not looked at), and the warnings.
IMPORTED: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    "authors-as-a-text.md": ("nothing-below", None, ("FL439", "FL442")),
    "bom.md": ("nothing-below", "The file begins with a byte-order mark.", ("FL442",)),
    "crlf.md": ("marker", "First line.", ()),
    "deep-nesting.md": ("nothing-below", "Deep down. And quoted.", ("FL442",)),
    "emoji-rtl-cjk.md": (
        "marker",
        "潮が満ちると舟は岸を離れる。 عندما يرتفع المد تغادر القوارب الشاطئ. \u202eevil\u202c",
        (),
    ),
    "empty-text.md": ("nothing-below", "", ("FL442",)),
    "footnotes-across-the-fold.md": ("marker", "Above1, and again2.", ()),
    "future-date.md": ("nothing-below", "Not yet.", ("FL442",)),
    "marker-first.md": ("marker", "", ()),
    "marker-in-a-quotation.md": ("marker", "Above.", ("FL438",)),
    "marker-in-attribute.md": ("not-found", "", ("FL438",)),
    "marker-in-code.md": ("paragraphs", None, ()),
    "marker-in-upper-case.md": ("marker", "Above.", ()),
    "marker-last.md": ("nothing-below", None, ("FL442",)),
    "marker-twice.md": ("marker", "Above.", ("FL438",)),
    "missing-pictures.md": (
        "nothing-below",
        "[Picture: A map] Picture: Elsewhere [Picture: Up]",
        ("FL433", "FL434", "FL435", "FL442"),
    ),
    "nul-in-text.md": ("nothing-below", "A NUL\ufffd stands here. And a bell\ufffd here.", ("FL440", "FL442")),
    "one-giant-div.md": ("not-found", "", ()),
    "only-a-table.md": ("not-found", "", ()),
    "reference-links-below-the-fold.md": ("marker", "See [the harbour book][book] above.", ("FL443",)),
    "same-address-a.md": ("nothing-below", "The first of two.", ("FL442",)),
    "script.md": ("nothing-below", "Before. Embedded: A film Press", ("FL436", "FL437", "FL442")),
    "tags-null.md": ("nothing-below", "Text.", ("FL442",)),
    "template-syntax.md": (
        "nothing-below",
        "A link by Laura Gerhardt. . [Picture: A map of the tides] Video: A talk {{ shown }} and {{ shown too }}.",
        ("FL430", "FL431", "FL432", "FL433", "FL436", "FL442"),
    ),
    "unclosed-html.md": ("marker", None, ("FL438",)),
    "unknown-author.md": ("nothing-below", "Text.", ("FL439", "FL442")),
    "yaml-words.md": ("nothing-below", None, ("FL442",)),
}


@cache
def results() -> dict[str, FileResult]:
    read = read_folder(MESSY, access="metered", known_authors={"laura-gerhardt": "Laura Gerhardt"})
    return {result.path: result for result in read}


def cut_of(name: str) -> Cut:
    article = results()[name].article
    assert article is not None
    rendered = render(article.body)
    return cut(rendered.html, FoldRule(), uncut=rendered.uncut)


def words(html: str) -> str:
    from foldline.fold.tree import Fragment

    return " ".join(Fragment(html).top.text().split())


def test_every_messy_file_has_a_verdict() -> None:
    assert len(results()) >= 30
    assert results().keys() == {*REFUSED, *IMPORTED}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_refused_is_named_with_its_line(name: str) -> None:
    result = results()[name]
    assert result.article is None
    assert [(error.id, error.where) for error in result.errors] == [(REFUSED[name][0], f"{name}:{REFUSED[name][1]}")]
    assert result.errors[0].what.endswith(".")


@pytest.mark.parametrize("name", IMPORTED)
def test_a_file_that_is_imported_is_cut_as_its_author_meant_and_says_what_was_changed(name: str) -> None:
    how, above, warnings = IMPORTED[name]
    made = cut_of(name)
    assert made.how == how
    assert above is None or words(made.preview) == above
    assert tuple(sorted({warning.id for warning in results()[name].warnings})) == warnings
    assert all(warning.where.startswith(f"{name}:") for warning in results()[name].warnings)


def test_what_stands_below_a_marker_is_never_above_it() -> None:
    for name in IMPORTED:
        made = cut_of(name)
        if made.how == "marker":
            assert not {"Below.", "Six.", "Second line.", "All of it below."} & set(words(made.preview).split(". "))


def test_a_future_date_is_kept_for_the_newsroom_to_wait_for() -> None:
    article = results()["future-date.md"].article
    assert article is not None
    assert article.published_at == datetime(2999, 1, 1, 8, tzinfo=UTC)


def test_words_that_yaml_takes_for_something_else_stay_words() -> None:
    article = results()["yaml-words.md"].article
    assert article is not None
    assert (article.headline, article.slug, article.tags) == ("No", "0x10", ("on", "1.10", "2021-03-04"))


def test_a_name_with_a_comma_is_one_name() -> None:
    article = results()["authors-as-a-text.md"].article
    assert article is not None
    assert [author.name for author in article.authors] == ["Okonkwo, Adaeze"]


def test_empty_keys_are_as_if_they_were_not_there() -> None:
    article = results()["tags-null.md"].article
    assert article is not None
    assert (article.tags, article.authors, article.section, article.standfirst) == ((), (), None, "")
