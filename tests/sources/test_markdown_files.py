"""A folder of Markdown is read file by file: nothing is guessed, nothing is written, everything is named."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from foldline.errors import ConfigurationError
from foldline.fold.cut import FoldRule
from foldline.fold.dress import Image
from foldline.fold.markdown import render
from foldline.sources.articles.imported import FileResult, ImportedArticle
from foldline.sources.articles.markdown_files import markdown_files, read_authors, read_folder

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, fields: str = "", text: str = "Text.") -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"---\ntitle: A title\ndate: 2021-03-04\n{fields}\n---\n{text}\n", encoding="utf-8")
        return file

    return write


def read(folder: Path, **options: object) -> list[FileResult]:
    return list(read_folder(folder, **{"access": "metered", **options}))  # type: ignore[arg-type]


def only(folder: Path, **options: object) -> ImportedArticle:
    (result,) = read(folder, **options)
    assert result.errors == ()
    assert result.article is not None
    return result.article


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2014-03-12", datetime(2014, 3, 12, 4, tzinfo=UTC)),
        ("'2014-03-12T10:11:00-04:00'", datetime(2014, 3, 12, 14, 11, tzinfo=UTC)),
        ("2014-03-12T10:11:12.345Z", datetime(2014, 3, 12, 10, 11, 12, tzinfo=UTC)),
        ("2014-03-12 10:11:00 -4", datetime(2014, 3, 12, 14, 11, tzinfo=UTC)),
        ("2014-03-12 10:11", datetime(2014, 3, 12, 14, 11, tzinfo=UTC)),
        ("2014-12-12 9:05 +0530", datetime(2014, 12, 12, 3, 35, tzinfo=UTC)),
    ],
)
def test_a_date_is_read_in_the_zone_it_names_and_else_in_the_publications(
    tmp_path: Path, written: str, meant: datetime
) -> None:
    (tmp_path / "a.md").write_text(f"---\ntitle: t\ndate: {written}\n---\n")
    assert only(tmp_path, zone="America/New_York").published_at == meant


@pytest.mark.parametrize(
    "written", ["2014-13-45", "soon", "12.3.2014", "2014-03-12T25:00", "[2014, 3]", "2014", "0000-01-01"]
)
def test_a_date_that_is_none_keeps_the_file_out_even_where_its_name_has_one(tmp_path: Path, written: str) -> None:
    (tmp_path / "2014-03-12-a.md").write_text(f"---\ntitle: t\ndate: {written}\n---\n")
    (result,) = read(tmp_path)
    assert [(error.id, error.where) for error in result.errors] == [("FL424", "2014-03-12-a.md:3")]


def test_the_date_comes_from_the_files_name_where_the_front_matter_has_none(tmp_path: Path) -> None:
    (tmp_path / "2014-03-12-coming-soon.md").write_text("---\ntitle: t\n---\n")
    article = only(tmp_path)
    assert (article.published_at, article.slug) == (datetime(2014, 3, 12, tzinfo=UTC), "coming-soon")


@pytest.mark.parametrize(
    ("name", "fields", "slug"),
    [
        ("2014-03-12-18F_Pages.md", "", "18f-pages"),
        ("a.md", "slug: The Crème", "the-creme"),
        ("a.md", "permalink: /2015/05/21/tockingtime/", "tockingtime"),
        ("a.md", "slug: s\npermalink: /p/", "s"),
        ("2014-03-12-The ’Quoted’ name.md", "", "the-quoted-name"),
    ],
)
def test_the_slug_is_the_front_matters_and_else_the_files_name_without_its_date(
    tmp_path: Path, write: Write, name: str, fields: str, slug: str
) -> None:
    write(name, fields)
    assert only(tmp_path).slug == slug


def test_a_name_without_a_latin_letter_has_a_slug_that_stays_the_same(tmp_path: Path, write: Write) -> None:
    write("潮.md")
    assert only(tmp_path).slug == "n" + hashlib.sha256("潮".encode()).hexdigest()[:10]


def test_old_paths_are_kept_with_the_one_that_jekyll_gives_to_such_a_file(tmp_path: Path, write: Write) -> None:
    write(
        "2015-05-21-TockingTime.md", "permalink: /p/tock/\nredirect_from:\n- /old/\n- https://other.example/\n- //x/y"
    )
    assert only(tmp_path).old_paths == ("/p/tock/", "/old/", "/2015/05/21/TockingTime/")


def test_the_standfirst_is_an_editors_and_is_never_made_from_the_text(tmp_path: Path, write: Write) -> None:
    write("a.md", 'excerpt: "<em>An</em> excerpt &amp; more {{ x }}"\ndescription: other')
    write("b.md", "", "The first sentence. The second.")
    assert [result.article.standfirst for result in read(tmp_path) if result.article] == ["An excerpt & more", ""]


def test_the_files_own_access_and_section_win_over_what_is_given(tmp_path: Path, write: Write) -> None:
    write("a.md", "access: Subscribers\nsection: Science")
    write("b.md")
    articles = [result.article for result in read(tmp_path, section="News") if result.article]
    assert [(article.access, article.section) for article in articles] == [
        ("subscribers", "Science"),
        ("metered", "News"),
    ]


def test_an_empty_access_level_in_a_file_is_unknown_and_not_the_given_one(tmp_path: Path, write: Write) -> None:
    write("a.md", "access:")
    (result,) = read(tmp_path, access="free")
    assert [error.id for error in result.errors] == ["FL425"]


def test_a_file_is_told_all_of_its_errors_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle:\ndate: never\naccess: gold\nupdates: [x]\n---\n")
    (result,) = read(tmp_path)
    assert [(error.id, error.where) for error in result.errors] == [
        ("FL423", "a.md:2"),
        ("FL424", "a.md:3"),
        ("FL425", "a.md:4"),
        ("FL427", "a.md:5"),
    ]


def test_a_bad_file_keeps_no_other_one_out(tmp_path: Path, write: Write) -> None:
    write("a.md")
    (tmp_path / "b.md").write_bytes(b"---\ntitle: \xff\n---\n")
    write("c.md")
    assert [bool(result.article) for result in read(tmp_path)] == [True, False, True]


def test_updates_and_corrections_come_with_their_moment_and_kind(tmp_path: Path, write: Write) -> None:
    write("a.md", 'updates:\n  - {kind: correction, at: 2021-03-05T09:00:00-04:00, text: "It was <b>1807</b>."}')
    (note,) = only(tmp_path).notes
    assert (note.kind, note.text) == ("correction", "It was 1807.")
    assert note.at == datetime(2021, 3, 5, 9, tzinfo=timezone(timedelta(hours=-4)))


def test_authors_are_named_by_the_list_of_authors_and_unknown_ones_are_warned_about(
    tmp_path: Path, write: Write
) -> None:
    write("a.md", "authors: [laura, jo-ann, Okonkwo Adaeze]")
    (result,) = read(tmp_path, known_authors={"laura": "Laura Gerhardt"}, access="free")
    assert result.article is not None
    assert [author.name for author in result.article.authors] == ["Laura Gerhardt", "Jo Ann", "Okonkwo Adaeze"]
    assert [warning.id for warning in result.warnings] == ["FL439", "FL439"]


def test_without_a_list_of_authors_a_written_out_name_is_a_name(tmp_path: Path, write: Write) -> None:
    write("a.md", "authors: [18F, Okonkwo Adaeze]")
    (result,) = read(tmp_path, access="free")
    assert result.warnings == ()


def test_a_list_of_authors_may_be_written_in_three_ways(tmp_path: Path) -> None:
    for text in ("laura: Laura G", "laura: {full_name: Laura G}", "- {name: laura, full_name: Laura G}"):
        file = tmp_path / "authors.yml"
        file.write_text(text)
        assert read_authors(file) == {"laura": "Laura G"}


def test_a_list_of_authors_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "authors.yml").write_text("a: [")
    with pytest.raises(ConfigurationError):
        read_authors(tmp_path / "authors.yml")


def test_pictures_that_are_there_are_handed_over_and_shown_by_their_new_address(tmp_path: Path, write: Write) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "A map (1).png").write_bytes(b"png")
    text = (
        '![A map](<pictures/A map (1).png> "Title")\n\n<img src="/pictures/A%20map%20(1).png" alt="Again">\n\n'
        "```\n![x](pictures/A map (1).png)\n```"
    )
    write("a.md", "image: pictures/A map (1).png\nimage_alt: The map\nimage_caption: c\nimage_credit: d", text)
    (result,) = read(tmp_path, access="free")
    article = result.article
    assert article is not None
    (picture,) = article.pictures
    assert picture.address == f"picture:{hashlib.sha256(b'png').hexdigest()[:12]}-a-map-1.png"
    assert article.body.count(picture.address) == 2
    assert "![x](pictures/A map (1).png)" in article.body
    html = render(article.body, {picture.address: Image("/-/media/1.png", 3, 4)}).html
    assert html.count('src="/-/media/1.png"') == 2
    assert article.picture is not None
    assert (article.picture.alt, article.picture.caption, article.picture.credit) == ("The map", "c", "d")
    assert result.warnings == ()


def test_no_picture_is_taken_from_outside_the_folder(tmp_path: Path, write: Write) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    inside = tmp_path / "posts"
    inside.mkdir()
    os.symlink(tmp_path / "secret.png", inside / "link.png")
    write(
        "posts/a.md",
        "image: ../secret.png",
        "![a](../secret.png) ![b](link.png) ![c](/etc/passwd) ![d](%2e%2e/secret.png)",
    )
    (result,) = read(inside, access="free")
    assert result.article is not None
    assert (result.article.pictures, result.article.picture) == ((), None)
    assert [warning.id for warning in result.warnings] == ["FL433"] * 5


def test_pictures_are_also_looked_for_where_one_is_told_to(tmp_path: Path, write: Write) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.webp").write_bytes(b"x")
    write("articles/a.md", "image: a.webp\nimage_alt: a")
    article = only(tmp_path / "articles", picture_folders=[tmp_path / "pictures"])
    assert article.picture is not None


def test_a_second_reading_says_that_nothing_changed_and_any_change_says_so(tmp_path: Path, write: Write) -> None:
    write("a.md")
    first = only(tmp_path)
    assert only(tmp_path).content_hash == first.content_hash
    assert only(tmp_path, access="free").content_hash != first.content_hash
    write("a.md", "tags: [x]")
    assert only(tmp_path).content_hash != first.content_hash
    assert replace(first, body="other").hashed().content_hash != first.content_hash


def test_a_new_picture_under_an_old_name_is_a_change(tmp_path: Path, write: Write) -> None:
    write("a.md", "", "![a](a.png)")
    (tmp_path / "a.png").write_bytes(b"one")
    first = only(tmp_path).content_hash
    (tmp_path / "a.png").write_bytes(b"two")
    assert only(tmp_path).content_hash != first


def test_hidden_files_and_other_kinds_of_files_are_left_out(tmp_path: Path, write: Write) -> None:
    for name in ("a.md", "b/c.markdown", ".d.md", ".git/e.md", "f.txt"):
        write(name)
    assert [file.relative_to(tmp_path).as_posix() for file in markdown_files(tmp_path)] == ["a.md", "b/c.markdown"]


def test_an_unknown_access_level_or_no_folder_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="FL425"):
        read(tmp_path, access="gold")
    with pytest.raises(ConfigurationError, match="FL428"):
        read(tmp_path / "nowhere")


def test_tags_around_code_that_a_template_engine_guarded_are_taken_off(tmp_path: Path, write: Write) -> None:
    write(
        "a.md",
        "",
        "```\n{% raw %}{{{% endraw %} name }}\n```\n\nIn `{% raw %}{{{% endraw %} }}`, {% raw %}{{ x }}{% endraw %}.",
    )
    html = render(only(tmp_path).body).html
    assert "<code>{{ name }}\n</code>" in html
    assert "<p>In <code>{{ }}</code>, {{ x }}.</p>" in html


def test_slips_in_html_are_mended_and_named(tmp_path: Path, write: Write) -> None:
    write(
        "a.md", "", '<img src="a.png" alt="A "quoted" map" />\n\n<a href="https://e.example/x>here</a>\n\n<br>\n## Head'
    )
    (result,) = read(tmp_path)
    assert result.article is not None
    html = render(result.article.body).html
    assert '[Picture: A "quoted" map]' in html
    assert '<a href="https://e.example/x" rel="noopener">here</a>' in html
    assert '<h2 id="head">Head</h2>' in html
    assert [(w.id, w.where) for w in result.warnings if w.id == "FL441"] == [
        ("FL441", "a.md:6"),
        ("FL441", "a.md:8"),
        ("FL441", "a.md:10"),
    ]


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ("title: [", 3),
        ("title: t\n\tdate: x", 3),
        ("- a\n- b", 2),
        ("just words", 2),
        ("title: t\ntitle: u", 3),
        ("title: &a t\nb: *a", 2),
        ("title: !!python/object:os.system x", 2),
        ("? [a]\n: b", 2),
        ("a: " + "[" * 5000, 1),
        ("title: t\nx: @y", 3),
        ("title: \x1b", 2),
    ],
)
def test_broken_front_matter_is_named_with_its_line(tmp_path: Path, block: str, line: int) -> None:
    (tmp_path / "a.md").write_text(f"---\n{block}\n---\nText\n")
    (result,) = read(tmp_path)
    assert [error.id for error in result.errors] == ["FL422"]
    assert abs(int(result.errors[0].where.split(":")[1]) - line) <= 1


def test_an_article_that_is_published_as_free_though_it_should_not_be_is_counted(tmp_path: Path, write: Write) -> None:
    write("a.md", "access: subscribers", "One paragraph.\n\n<!-- fold -->")
    write("b.md", "access: metered", "One.\n\n<!-- fold -->\n\nTwo.")
    write("c.md", "access: free", "One.")
    write("d.md", "access: metered", "One <!-- fold --> two.")
    found = {result.path: [(warning.id, warning.where) for warning in result.warnings] for result in read(tmp_path)}
    assert found == {"a.md": [("FL442", "a.md:6")], "b.md": [], "c.md": [], "d.md": [("FL438", "d.md:6")]}


def test_what_is_published_as_free_depends_on_the_publications_own_rule(tmp_path: Path, write: Write) -> None:
    write("a.md", "access: metered", "One.\n\nTwo.")
    assert [warning.id for warning in read(tmp_path)[0].warnings] == ["FL442"]
    assert read(tmp_path, rule=FoldRule(1, 0))[0].warnings == ()


GOOD_FILE = "---\ntitle: Good\ndate: 2020-01-02\n---\n\nText.\n"


def test_one_strange_file_never_stops_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "posts"
    folder.mkdir()
    (folder / "good.md").write_text(GOOD_FILE, encoding="utf-8")
    (folder / "surrogate.md").write_text('---\ntitle: "\\ud800"\ndate: 2020-01-02\n---\n\nText.\n', encoding="utf-8")
    edge = "---\ntitle: Edge\ndate: 9999-12-31 23:59:59 -12:00\n---\n\nText.\n"
    (folder / "edge.md").write_text(edge, encoding="utf-8")
    (folder / "large.md").write_text(GOOD_FILE + "x" * (2 << 20), encoding="utf-8")
    os.mkfifo(folder / "pipe.md")
    outside = tmp_path / "outside.md"
    outside.write_text(GOOD_FILE, encoding="utf-8")
    (folder / "link.md").symlink_to(outside)
    (folder / os.fsdecode(b"caf\xe9.md")).write_text(GOOD_FILE.replace("Good", "Named"), encoding="utf-8")
    results = {result.path: result for result in read_folder(folder, access="free")}
    assert results["good.md"].article is not None
    for name in ("surrogate.md", "edge.md", "large.md", "pipe.md", "link.md"):
        assert results[name].article is None, name
        assert results[name].errors, name
    assert all(path.encode("utf-8") for path in results)


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("a.md", "draft: true"),
        ("a.md", "published: false"),
        ("a.md", "status: draft"),
        ("_drafts/a.md", "x: y"),
    ],
)
def test_a_draft_is_left_out_and_said_to_be(tmp_path: Path, name: str, mark: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"---\ntitle: Not yet\ndate: 2020-01-02\n{mark}\n---\n\nText.\n", encoding="utf-8")
    (result,) = read_folder(tmp_path, access="metered")
    assert result.article is None
    assert not result.errors
    assert [warning.id for warning in result.warnings] == ["FL444"]


def test_what_is_marked_as_published_is_no_draft(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("---\ntitle: T\ndate: 2020-01-02\npublished: true\ndraft: false\n---\n\nText.\n", encoding="utf-8")
    (result,) = read_folder(tmp_path, access="metered")
    assert result.article is not None
