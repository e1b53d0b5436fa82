"""The sites of the tests hold what their tests rely on: articles that can be told apart, changed and taken away."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.sites.articles import VARIANTS, article, articles, tokens
from tests.sites.flask_paper.site import flask_site
from tests.sites.pelican_paper import PelicanSite, pelican_site
from tests.sites.site import Site, get
from tests.sites.wagtail_paper.site import WagtailSite, wagtail_site

SECRET = "the gate's own secret, 32 bytes of it"


def text_at(url: str, secret: str = "") -> str:
    status, body = get(url, secret)
    assert status == 200, url
    return body.decode()


def test_each_paragraph_of_each_variant_names_somebody_whom_no_other_paragraph_names() -> None:
    seen = [one.token for one in articles("a") for one in one.preview]
    for variant in VARIANTS:
        seen += [each.token for one in articles(variant) for each in one.rest]
    assert len(seen) == len(set(seen)) == 20 * (3 + 6) + 10 * (8 + 5)
    for one in articles():
        assert [each.text.count(each.token) for each in one.paragraphs] == [1] * len(one.paragraphs)


def test_variants_have_the_same_previews_and_rests_of_other_lengths() -> None:
    for one, twin in zip(articles("a"), articles("b"), strict=True):
        assert (one.slug, one.headline, one.preview) == (twin.slug, twin.headline, twin.preview)
        assert abs(sum(len(each.text) for each in one.rest) - sum(len(each.text) for each in twin.rest)) > 80


def opened(name: str, folder: Path, database: Path) -> AbstractContextManager[Site]:
    if name == "wagtail":
        return wagtail_site(folder, database, count=3, secret=SECRET)
    return pelican_site(folder, count=3, secret=SECRET) if name == "pelican" else flask_site(count=3, secret=SECRET)


@pytest.mark.parametrize("name", ["pelican", "wagtail", "flask"])
def test_a_site_shows_its_articles_and_their_changes_to_who_knows_its_secret(
    name: str, tmp_path: Path, wagtail_database: Path
) -> None:
    with opened(name, tmp_path / "site", wagtail_database) as site:
        assert get(site.address_of(article(0)))[0] == 403
        for one in site.articles:
            text = text_at(site.address_of(one), SECRET)
            assert [each for each in tokens(one.paragraphs) if each not in text] == []
        site.change(article(0, "b"))
        changed = text_at(site.address_of(article(0)), SECRET)
        assert [each for each in tokens(article(0, "b").paragraphs) if each not in changed] == []
        assert [each for each in tokens(article(0, "a").rest) if each in changed] == []
        site.unpublish(article(1))
        assert get(site.address_of(article(1)), SECRET)[0] == 404
        assert [one.number for one in site.articles] == [0, 2]


def test_side_doors_of_the_sites_give_the_rest_away(
    pelican_paper: PelicanSite, wagtail_paper: WagtailSite, tmp_path: Path
) -> None:
    newest = article(7)
    doors = [
        pelican_paper.url + "/feeds/all.atom.xml",
        pelican_paper.url + "/feeds/all.rss.xml",
        wagtail_paper.url + "/feed/",
        wagtail_paper.url + "/search/?query=dredger",
        wagtail_paper.url + "/api/v2/pages/?type=news.NewsArticle&fields=*",
    ]
    with flask_site() as site:
        newest_of_flask = article(19)
        for path in ("/feed.xml", "/search?q=dredger", "/api/articles/paper-boats", "/news/paper-boats/print"):
            assert newest_of_flask.rest[4].token in text_at(site.url + path), path
    for door in doors:
        assert newest.rest[4].token in text_at(door), door
    with pelican_site(tmp_path / "featured", theme="notmyidea") as featured:
        assert newest.rest[4].token in text_at(featured.url + "/"), "this theme shows its newest article in full"
