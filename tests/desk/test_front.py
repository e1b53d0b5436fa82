"""The desk's front page, its jobs and its decisions."""

from __future__ import annotations

import pytest
from tests.newsroom.room import Newsroom, body
from tests.readers.processes import DeskBrowser

from foldline.stores.home import Home

from .staff_room import enter


@pytest.fixture
def failing(site: None) -> None:
    from foldline.site.desk import due_jobs
    from foldline.site.desk.models import DueJob

    DueJob.objects.all().delete()
    due_jobs.enrol([("publish and settle", 1.0)])
    assert due_jobs.take("publish and settle", "a loop")
    due_jobs.done("publish and settle", "a loop", 1.0, problem="OSError: No space left on device")


def test_an_article_without_a_fold_is_told_with_the_next_step(desk: DeskBrowser, newsroom: Newsroom) -> None:
    from foldline.site.desk.models import DueJob
    from foldline.site.newsroom.models import Article, ArticleAlarm

    # The home is shared: what other tests left to be done is not what this one is about.
    DueJob.objects.all().delete()
    ArticleAlarm.objects.all().delete()
    enter(desk, "editor")
    assert "Every published article has its fold" in desk.get("/").text
    article = Article.objects.create(headline="Rivers rise", body=body())
    ArticleAlarm.objects.create(article=article, problem="FL410", what="No fold was found.", hint="Set a marker.")
    page = desk.get("/").text
    for said in ("No fold was found.", "Set a marker.", "Rivers rise", "FL410"):
        assert said in page
    assert f'href="/newsroom/article/{article.pk}/change/"' in page
    article.delete()


def test_a_job_that_fails_is_told_on_the_front_page_and_in_the_table(desk: DeskBrowser, failing: None) -> None:
    enter(desk, "admin")
    assert "The job has failed once in a row: OSError: No space left on device" in desk.get("/").text
    assert "No space left on device" in desk.get("/jobs").text


def test_what_is_not_for_a_role_is_not_told_to_it(desk: DeskBrowser, newsroom: Newsroom, failing: None) -> None:
    from foldline.site.newsroom.models import Article, ArticleAlarm

    article = Article.objects.create(headline="Rivers rise", body=body())
    ArticleAlarm.objects.create(article=article, problem="FL410", what="No fold was found.")
    enter(desk, "service")
    page = desk.get("/").text
    assert "No fold was found." not in page
    assert "No space left" not in page
    assert "No alarm is for your role." in page
    article.delete()


def test_the_last_decisions_are_shown_with_their_article_and_no_person(
    desk: DeskBrowser, newsroom: Newsroom, home: Home
) -> None:
    from foldline.site.newsroom.models import Article

    article = Article.objects.create(headline="Rivers rise", body=body())
    lines = [
        f"1795000000\t{article.pk}\trefuses\tmeter-is-spent\tset-3",
        f"1795000001\t{article.pk}\topens\tsubscription-covers\tset-4\t-not-signed-in,+signed-in\tsubscribers read",
        "1795000002\t999999\topens\tarticle-is-free\tset-4\t+article-is-free\tfree",
    ]
    segment = home.events / "worker-7-000000.tsv"
    segment.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        enter(desk, "revenue")
        page = desk.get("/decisions").text
    finally:
        segment.unlink()
    for said in ("Rivers rise", "meter-is-spent", "set-3", "subscribers read", "not-signed-in", "no longer there"):
        assert said in page, said
    assert page.index("set-4") < page.index("set-3")
    assert f"/see-as?article={article.pk}" in page
    assert "article-is-free" in page


def test_from_an_article_one_comes_to_see_as_and_open_now(desk: DeskBrowser, newsroom: Newsroom) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article

    article = Article.objects.create(headline="Rivers rise", body=body())
    enter(desk, "editor")
    page = f"/newsroom/article/{article.pk}/change/"
    assert "Once it is published" in desk.get(page).text
    publishing.publish(article)
    shown = desk.get(page).text
    for path in (f"/see-as?article={article.pk}", f"/open-now?article={article.pk}"):
        assert f'href="{path}"' in shown
        assert desk.get(path).status == 200


def test_the_tables_behind_the_desk_stand_in_its_colours(desk: DeskBrowser, newsroom: Newsroom) -> None:
    enter(desk, "editor")
    page = desk.get("/newsroom/article/").text
    assert 'href="/static/desk/tables.css"' in page
    assert '<a href="/">Foldline desk</a>' in page
    for path in ("desk/tables.css", "desk/desk.css", "desk/fonts/figtree-latin.woff2"):
        assert desk.get(f"/static/{path}").status == 200, path
