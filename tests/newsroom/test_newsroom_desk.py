from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import TYPE_CHECKING

import pytest

from foldline.pages.record import Gone, PublicPage, Redirect

from .room import Newsroom, body
from .test_newsroom_pictures import drawn

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]


@pytest.fixture
def desk(newsroom: Newsroom) -> Iterator[Client]:
    """Somebody of the staff at the desk, past its door."""
    from django.test import Client, override_settings

    from foldline.site.readers.models import Reader

    Reader.objects.filter(email="editor@example.org").delete()
    editor = Reader.objects.create_superuser("editor@example.org", "correct horse battery staple")
    with override_settings(ROOT_URLCONF=f"{__package__}.desk_urls", MIDDLEWARE=MIDDLEWARE):
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(editor)
        yield client
    editor.delete()


def form(**fields: object) -> dict[str, object]:
    """The article form as a browser sends it, with nothing in its inline tables."""
    empty = {"headline": "A river’s way home", "body": body(), "access": "metered", "slug": "", "tags": []}
    tables = {}
    for name in ("authorships", "notes", "old_paths"):
        tables |= {f"{name}-TOTAL_FORMS": 0, f"{name}-INITIAL_FORMS": 0}
    return empty | tables | fields


def errors(response: HttpResponse) -> str:
    found = re.findall(r'<ul class="errorlist.*?</ul>', response.content.decode(), re.DOTALL)
    return unescape(" ".join(found))


def upload(desk: Client, kind: str = "PNG", **fields: object) -> HttpResponse:
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("weir.png", drawn(kind), "image/png")
    return desk.post("/newsroom/image/add/", {"upload": file, **fields})


def test_save_and_publish_puts_an_article_on_its_page(desk: Client, newsroom: Newsroom) -> None:
    answer = desk.post("/newsroom/article/add/", form(_publish="1"))
    assert answer.status_code == 302, errors(answer)
    assert isinstance(newsroom.find("/a-rivers-way-home"), PublicPage)
    page = desk.get(answer.headers["Location"]).content.decode()
    assert "http://127.0.0.1:8080/a-rivers-way-home" in page


def test_saving_keeps_a_draft_and_scheduling_keeps_a_moment(desk: Client, newsroom: Newsroom) -> None:
    from foldline.site.newsroom.models import Article

    answer = desk.post("/newsroom/article/add/", form(_save="1", publish_at_0="2030-01-02", publish_at_1="06:00"))
    assert answer.status_code == 302, errors(answer)
    article = Article.objects.get()
    assert article.state == "scheduled"
    assert newsroom.find(article.path) is None
    assert "scheduled for 2030-01-02 06:00" in desk.get(f"/newsroom/article/{article.pk}/change/").content.decode()


def test_the_desk_refuses_to_publish_a_lead_image_without_a_description(desk: Client, newsroom: Newsroom) -> None:
    from foldline.site.newsroom.models import Article, Image

    assert upload(desk).status_code == 302
    image = Image.objects.get()
    answer = desk.post("/newsroom/article/add/", form(_publish="1", lead_image=image.pk))
    assert "This picture has no description." in errors(answer)
    assert not Article.objects.exists()
    assert desk.post("/newsroom/article/add/", form(_save="1", lead_image=image.pk)).status_code == 302
    Article.objects.all().delete()
    desk.post(f"/newsroom/image/{image.pk}/change/", {"alt": "A weir in spring."})
    assert desk.post("/newsroom/article/add/", form(_publish="1", lead_image=image.pk)).status_code == 302
    assert 'alt="A weir in spring."' in newsroom.html("/a-rivers-way-home")


def test_an_upload_that_is_no_picture_is_refused_and_nothing_is_stored(desk: Client, newsroom: Newsroom) -> None:
    from foldline.site.newsroom.models import Image

    answer = upload(desk, "BMP")
    assert "not a picture that we can read" in errors(answer)
    assert not Image.objects.exists()
    assert newsroom.pictures() == {}


def test_an_upload_is_stored_under_a_random_name_with_its_size_and_shown_to_staff(
    desk: Client, newsroom: Newsroom
) -> None:
    from foldline.site.newsroom.models import Image

    upload(desk, alt="A weir.")
    image = Image.objects.get()
    assert (image.width, image.height, image.source_name) == (40, 20, "weir.png")
    assert re.fullmatch(r"[0-9a-f]{32}\.png", image.name)
    assert list(newsroom.pictures()) == [image.name]
    page = desk.get(f"/newsroom/image/{image.pk}/change/").content.decode()
    assert f"![A weir.](picture:{image.name})" in page
    shown = desk.get(f"/newsroom/image/{image.pk}/picture")
    assert shown.headers["Content-Type"] == "image/png"
    assert shown.content == newsroom.pictures()[image.name]


def test_another_file_and_a_deleted_picture_leave_no_file_behind(desk: Client, newsroom: Newsroom) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from foldline.site.newsroom.models import Image

    upload(desk, alt="A weir.")
    first = Image.objects.get()
    other = SimpleUploadedFile("other.jpg", drawn("JPEG"), "image/jpeg")
    desk.post(f"/newsroom/image/{first.pk}/change/", {"upload": other, "alt": "A weir."})
    second = Image.objects.get()
    assert second.name != first.name
    assert list(newsroom.pictures()) == [second.name]
    desk.post(f"/newsroom/image/{first.pk}/delete/", {"post": "yes"})
    assert newsroom.pictures() == {}


def test_saving_what_is_published_publishes_it_again_and_moves_its_address(desk: Client, newsroom: Newsroom) -> None:
    from foldline.site.newsroom.models import Article

    desk.post("/newsroom/article/add/", form(_publish="1"))
    article = Article.objects.get()
    moment = {"published_at_0": "2025-02-12", "published_at_1": "08:44"}
    changed = form(_save="1", headline="The river’s way", slug="the-way", **moment)
    answer = desk.post(f"/newsroom/article/{article.pk}/change/", changed)
    assert answer.status_code == 302, errors(answer)
    assert "The river’s way" in newsroom.html("/the-way")
    assert "Feb. 12, 2025, 8:44 a.m. ET" in newsroom.html("/the-way")
    assert newsroom.find("/a-rivers-way-home") == Redirect("/a-rivers-way-home", "/the-way")


def test_an_address_of_the_publication_itself_is_refused(desk: Client, newsroom: Newsroom) -> None:
    for slug in ("section", "tag", "-", "Großes", "a--b", "a/b"):
        assert errors(desk.post("/newsroom/article/add/", form(_save="1", slug=slug))), slug


def test_withdraw_answers_gone_and_keeps_the_article_at_the_desk(desk: Client, newsroom: Newsroom) -> None:
    from foldline.site.newsroom.models import Article

    desk.post("/newsroom/article/add/", form(_publish="1"))
    article = Article.objects.get()
    moment = {"published_at_0": "2025-02-12", "published_at_1": "08:44"}
    desk.post(f"/newsroom/article/{article.pk}/change/", form(_withdraw="1", slug=article.slug, **moment))
    assert isinstance(newsroom.find(article.path), Gone)
    assert "withdrawn on" in desk.get(f"/newsroom/article/{article.pk}/change/").content.decode()


def test_many_are_published_and_withdrawn_from_the_list(desk: Client, newsroom: Newsroom) -> None:
    from foldline.site.newsroom.models import Article

    for headline in ("One", "Two"):
        desk.post("/newsroom/article/add/", form(_save="1", headline=headline))
    chosen = list(Article.objects.values_list("pk", flat=True))
    desk.post("/newsroom/article/", {"action": "publish_chosen", "_selected_action": chosen})
    assert isinstance(newsroom.find("/one"), PublicPage)
    assert isinstance(newsroom.find("/two"), PublicPage)
    desk.post("/newsroom/article/", {"action": "withdraw_chosen", "_selected_action": chosen})
    assert isinstance(newsroom.find("/one"), Gone)


def test_what_is_published_cannot_be_deleted(desk: Client, newsroom: Newsroom) -> None:
    from foldline.site.newsroom.models import Article

    desk.post("/newsroom/article/add/", form(_publish="1"))
    article = Article.objects.get()
    assert desk.post(f"/newsroom/article/{article.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Article.objects.exists()


def test_the_desk_shows_where_the_fold_falls(desk: Client, newsroom: Newsroom) -> None:
    from foldline.site.newsroom.models import Article

    desk.post("/newsroom/article/add/", form(_save="1"))
    long = desk.get(f"/newsroom/article/{Article.objects.get().pk}/change/").content.decode()
    assert "the fold (after the opening paragraphs)" in long
    assert "ends at a line &lt;!-- fold --&gt;" in long
    assert "Paragraph 5 tells of the meadow." in long[long.index('class="fold-below"') :]
    desk.post("/newsroom/article/add/", form(_save="1", headline="Marked", body="Above.\n\n<!-- fold -->\n\nBelow."))
    marked = desk.get(f"/newsroom/article/{Article.objects.get(slug='marked').pk}/change/").content.decode()
    assert "the fold (by its marker)" in marked
    desk.post("/newsroom/article/add/", form(_save="1", headline="Short", body="Only this."))
    short = desk.get(f"/newsroom/article/{Article.objects.get(slug='short').pk}/change/").content.decode()
    assert "Nothing stands below the fold: the article is published as free." in short


def test_a_renamed_author_shows_wherever_the_name_stands(desk: Client, newsroom: Newsroom) -> None:
    from foldline.site.newsroom.due import Due
    from foldline.site.newsroom.models import Author

    author = Author.objects.create(name="Nagy Agnes")
    by = {"authorships-TOTAL_FORMS": 1, "authorships-0-author": author.pk, "authorships-0-order": 0}
    desk.post("/newsroom/article/add/", form(_publish="1", **by))
    desk.post(f"/newsroom/author/{author.pk}/change/", {"name": "Nagy Ágnes", "slug": author.slug})
    Due().look()
    for path in ("/a-rivers-way-home", "/", f"/author/{author.slug}"):
        assert "Nagy Ágnes" in newsroom.html(path)
        assert "Nagy Agnes" not in newsroom.html(path)


def test_no_page_of_the_newsroom_needs_an_inline_script_or_style(desk: Client, newsroom: Newsroom) -> None:
    from foldline.site.newsroom.models import Article, Image

    upload(desk, alt="A weir.")
    desk.post("/newsroom/article/add/", form(_publish="1", lead_image=Image.objects.get().pk))
    article = Article.objects.get()
    pages = ["/newsroom/article/", "/newsroom/article/add/", f"/newsroom/article/{article.pk}/change/"]
    pages += ["/newsroom/image/", "/newsroom/image/add/", "/newsroom/section/add/", "/newsroom/author/"]
    for page in pages:
        answer = desk.get(page)
        html = answer.content.decode()
        assert answer.status_code == 200
        scripts = re.findall(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))[^>]*>", html)
        assert scripts == [], page
        assert not re.search(r"\son[a-z]+=\"|<style|\sstyle=\"", html), page
