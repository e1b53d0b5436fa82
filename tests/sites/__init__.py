"""Sites made by real software that is not ours, with articles of ours, for anything that stands in front of a site.

    with pelican_site(folder, theme="paywall") as site:           # tests.sites.pelican_paper; "simple", "notmyidea"
    with wagtail_site(folder, wagtail_database) as site:          # tests.sites.wagtail_paper.site; style="marker"
    with flask_site(variant="b", style="selector") as site:       # tests.sites.flask_paper.site; "plain", "marker"
        site.url, site.articles, site.path_of(article), site.address_of(article)
        site.change(article(0, "b")); site.unpublish(site.articles[1])

    with wordpress_site(folder, style="more") as site:            # tests.sites.wordpress_paper.site; `make wordpress`

All take `variant` ("a" or "b": the same previews, other rests, so they are twins), `count` of articles, and `secret`:
then whoever does not send `X-Foldline-Secret: …` is answered 403. `tests.sites.articles` has the texts; each paragraph
holds a token of its own. Fixtures for the session, which nobody changes (`tests/sites/fixtures.py`): `pelican_paper`,
`pelican_paywall`, `wagtail_paper`, `flask_paper`; and `wagtail_database`, which takes some seconds once.
"""
