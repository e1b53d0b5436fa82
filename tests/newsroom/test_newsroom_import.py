from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from foldline.cli.importing import importing
from foldline.pages.record import Gone, PublicPage, Redirect
from foldline.stores.records import PublicStore

from .room import Newsroom, body
from .test_newsroom_pictures import drawn

if TYPE_CHECKING:
    from foldline.site.newsroom.models import Article

Run = Callable[..., Result]
SAMPLES = Path(os.environ.get("FOLDLINE_SAMPLES", Path(__file__).parents[3] / "shared" / "data")) / "18f" / "posts"


@pytest.fixture
def run(newsroom: Newsroom, tmp_path: Path) -> Run:
    """`foldline import markdown` on a folder of the test's own."""

    def run(*arguments: str) -> Result:
        command = ["markdown", str(tmp_path / "posts"), "--home", str(newsroom.home.path), *arguments]
        return CliRunner().invoke(importing, command, catch_exceptions=False)

    (tmp_path / "posts").mkdir()
    return run


def post(tmp_path: Path, name: str = "2015-09-04-a-river.md", text: str = "", **fields: str) -> Path:
    given = {"title": '"A river’s way home"'} | fields
    matter = "\n".join(f"{key}: {value}" for key, value in given.items())
    file = tmp_path / "posts" / name
    file.write_text(f"---\n{matter}\n---\n{text or body()}\n", encoding="utf-8")
    return file


def only() -> Article:
    from foldline.site.newsroom.models import Article

    return Article.objects.get()


def test_an_imported_file_is_a_published_article_with_its_own_date(
    run: Run, newsroom: Newsroom, tmp_path: Path
) -> None:
    post(tmp_path, tags="[rivers, floods]", authors='["Nagy Ágnes"]', section="Science", access="subscribers")
    result = run()
    assert result.exit_code == 0, result.output
    assert "1 imported" in result.output
    article = only()
    assert (article.state, article.version, article.access) == ("published", article.settled_version, "subscribers")
    page = newsroom.html("/a-river")
    assert '<time datetime="2015-09-04">Sept. 4, 2015</time>' in page
    assert "Nagy Ágnes" in page
    for path in ("/", "/section/science", "/tag/rivers", "/tag/floods", "/author/nagy-agnes"):
        assert "A river’s way home" in newsroom.html(path), path
    assert {"/a-river", "/", "/section/science", "/tag/rivers"} <= set(newsroom.changes())


def test_a_second_run_says_that_nothing_changed_and_writes_nothing(
    run: Run, newsroom: Newsroom, tmp_path: Path
) -> None:
    post(tmp_path)
    run()
    newsroom.changes()
    result = run()
    assert result.exit_code == 0
    assert "Nothing changed" in result.output
    assert newsroom.changes() == []


def test_a_changed_file_updates_its_article_and_a_new_address_keeps_the_old_one(
    run: Run, newsroom: Newsroom, tmp_path: Path
) -> None:
    post(tmp_path)
    run()
    post(tmp_path, title='"Another headline"', slug="another-river")
    result = run()
    assert "1 updated" in result.output
    assert "Another headline" in newsroom.html("/another-river")
    assert newsroom.find("/a-river") == Redirect("/a-river", "/another-river")


def test_where_an_article_stood_before_leads_to_it(run: Run, newsroom: Newsroom, tmp_path: Path) -> None:
    post(tmp_path, redirect_from="[/news/river.html, /tag/river]")
    result = run()
    for path in ("/2015/09/04/a-river", "/2015/09/04/a-river/", "/news/river.html"):
        assert newsroom.find(path) == Redirect(path, "/a-river")
    assert newsroom.find("/tag/river") is None
    assert "FL450" in result.output


def test_bad_files_are_named_with_their_line_and_the_rest_is_imported(
    run: Run, newsroom: Newsroom, tmp_path: Path
) -> None:
    from foldline.site.newsroom.models import Article

    post(tmp_path)
    post(tmp_path, "broken.md", title='"unclosed')
    post(tmp_path, "untitled.md", title="", date="2020-01-01")
    post(tmp_path, "dated.md", date="someday")
    post(tmp_path, "levels.md", date="2020-01-01", access="vip")
    post(tmp_path, "tag.md", date="2020-01-01")
    (tmp_path / "posts" / "latin.md").write_bytes("---\ntitle: Größe\n---\n".encode("latin-1"))
    (tmp_path / "posts" / "bare.md").write_text("No front matter at all.\n", encoding="utf-8")
    for _ in range(2):
        result = run()
        assert result.exit_code == 1
        for line in (
            "broken.md:3",
            "untitled.md:2",
            "dated.md:3",
            "levels.md:4",
            "tag.md:1",
            "latin.md:2",
            "bare.md:1",
        ):
            assert line in result.output, (line, result.output)
        assert [article.slug for article in Article.objects.all()] == ["a-river"]


def test_a_file_that_breaks_while_it_is_kept_leaves_nothing_half_written(
    run: Run, newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.site.newsroom import models, publishing

    (tmp_path / "posts" / "weir.png").write_bytes(drawn("PNG"))
    post(tmp_path, image="weir.png", image_alt="A weir.", tags="[rivers]", authors="[Somebody Else]")

    def crash(*_: object) -> None:
        raise OSError("disk")

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "order", crash)
        with pytest.raises(OSError, match="disk"):
            run()
    for model in (models.Article, models.Tag, models.Author, models.Image, models.OldPath):
        assert not model.objects.exists()
    assert newsroom.pictures() == {}
    assert run().exit_code == 0


def test_pictures_come_along_and_a_lead_picture_without_alt_stays_away(
    run: Run, newsroom: Newsroom, tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "weir.jpg").write_bytes(drawn("JPEG"))
    (pictures / "bank.png").write_bytes(drawn("PNG"))
    text = f"![The bank](bank.png)\n\n{body()}"
    post(tmp_path, text=text, image="weir.jpg", image_alt="A weir.", image_caption="In spring.", image_credit="Ì. Adé")
    post(tmp_path, "2015-09-05-bare.md", image="weir.jpg")
    result = run("--pictures", str(pictures))
    assert result.exit_code == 0, result.output
    page = newsroom.html("/a-river")
    names = set(newsroom.pictures())
    assert len(names) == 2
    assert all(f"/-/media/{name}" in page for name in names)
    assert 'alt="A weir."' in page
    assert 'alt="The bank"' in page
    assert all(b"SECRET-NAME" not in data for data in newsroom.pictures().values())
    assert "/-/media/" not in newsroom.html("/bare")
    assert "FL435" in result.output


def test_a_new_caption_in_the_file_changes_the_picture_and_stores_it_once(
    run: Run, newsroom: Newsroom, tmp_path: Path
) -> None:
    (tmp_path / "posts" / "weir.png").write_bytes(drawn("PNG"))
    for caption in ("In spring.", "In autumn."):
        post(tmp_path, image="weir.png", image_alt="A weir.", image_caption=caption)
        run()
        assert caption in newsroom.html("/a-river")
    assert len(newsroom.pictures()) == 1


def test_updates_and_corrections_are_notes_on_the_page(run: Run, newsroom: Newsroom, tmp_path: Path) -> None:
    note = '\n  - {kind: correction, at: 2015-10-01T10:00:00-04:00, text: "It was the other bank."}'
    post(tmp_path, updates=note)
    assert run().exit_code == 0
    assert "It was the other bank." in newsroom.html("/a-river")


def test_a_date_that_is_still_to_come_schedules_the_article(run: Run, newsroom: Newsroom, tmp_path: Path) -> None:
    post(tmp_path, date="2999-01-01T06:00:00Z")
    result = run()
    assert "1 of them have a date that is still to come" in result.output
    assert only().state == "scheduled"
    assert newsroom.find("/a-river") is None


def test_what_the_desk_has_withdrawn_stays_withdrawn(run: Run, newsroom: Newsroom, tmp_path: Path) -> None:
    from foldline.site.newsroom import publishing

    post(tmp_path)
    run()
    publishing.withdraw(only())
    post(tmp_path, title='"Another headline"')
    run()
    assert only().state == "withdrawn"
    assert isinstance(newsroom.find("/a-river"), Gone)


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(run: Run, newsroom: Newsroom, tmp_path: Path) -> None:
    from foldline.site.newsroom.models import Article

    post(tmp_path)
    result = run("--dry-run")
    assert "1 would be imported" in result.output
    assert not Article.objects.exists()
    assert newsroom.find("/a-river") is None


def test_options_stand_for_what_files_do_not_say_and_authors_get_their_names(
    run: Run, newsroom: Newsroom, tmp_path: Path
) -> None:
    authors = tmp_path / "authors.yml"
    authors.write_text("nagy: Nagy Ágnes\n", encoding="utf-8")
    post(tmp_path, authors="[nagy, unknown-one]")
    report = tmp_path / "report.txt"
    result = run("--access", "registered", "--section", "Archive", "--authors", str(authors), "--report", str(report))
    article = only()
    assert (article.access, article.section and article.section.name) == ("registered", "Archive")
    assert "Nagy Ágnes and Unknown One" in newsroom.html("/")
    assert "unknown-one" in report.read_text(encoding="utf-8")
    assert "FL439" in result.output


def test_the_demonstration_is_seeded_once_and_left_alone_afterwards(newsroom: Newsroom) -> None:
    import foldline.server
    from foldline.site.newsroom.importing import Outcome
    from foldline.site.newsroom.seed import seed_demo

    folder = Path(foldline.server.__file__).parent / "demo"
    files = len(list((folder / "articles").glob("*.md")))
    first = seed_demo(folder)
    assert first.outcomes == {Outcome.IMPORTED: files}, first.errors
    assert first.warnings == []
    pages = [newsroom.find(path) for path, _ in PublicStore(newsroom.home).article_paths()]
    assert len(pages) == files
    assert all(isinstance(page, PublicPage) for page in pages)
    newsroom.changes()
    assert seed_demo(folder).outcomes == {Outcome.UNCHANGED: files}
    assert newsroom.changes() == []


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the 18F posts are not at {SAMPLES} (FOLDLINE_SAMPLES)")
def test_all_of_the_18f_posts_are_imported_or_named(newsroom: Newsroom, tmp_path: Path) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article

    # All of them under `make long`; that every one of them is read is tried of the source (tests/sources).
    chosen = sorted(SAMPLES.glob("*.md"))[:: 1 if os.environ.get("FOLDLINE_PROOF") == "long" else 6]
    (tmp_path / "posts").mkdir()
    for file in chosen:
        shutil.copy(file, tmp_path / "posts")
    command = ["markdown", str(tmp_path / "posts"), "--home", str(newsroom.home.path)]
    files = len(chosen)
    assert files > 80
    first = CliRunner().invoke(importing, command, catch_exceptions=False)
    kept = Article.objects.count()
    _, _, errors = first.output.partition(" errors\n")
    named = errors.split("\n\n")[0].splitlines()
    assert kept + len(named) == files
    assert len(PublicStore(newsroom.home).article_paths()) == kept
    assert publishing.unsettled().count() == 0
    assert publishing.alarms() == []
    newsroom.changes()
    second = CliRunner().invoke(importing, command, catch_exceptions=False)
    # What is told where some files can't be imported, and where all of them were.
    told = (f"{kept} unchanged", "Nothing changed.") if named else (f"Nothing changed: {kept} files",)
    assert [words for words in told if words not in second.output] == []
    assert second.exit_code == first.exit_code == (1 if named else 0)
    assert newsroom.changes() == []
