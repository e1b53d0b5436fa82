"""The application. Its article page gives the whole away in every way that plug-ins do: counts, reading time,
`articleBody`, a description made from the text, and the state with which a front end would hydrate."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from flask import Flask, Response, abort, jsonify, render_template, request
from tests.sites.articles import Article

NAME = "The Saltmere Dispatch"
PER_PAGE = 5
DESCRIPTION = 900


def app_of(published: Callable[[], Sequence[Article]], style: str) -> Flask:
    """The application; `published` tells what is published now, newest last.

    `style` is "plain" (no sign of a fold), "marker" (`<!-- fold -->` in the text) or "selector" (JSON-LD names
    a class).
    """
    app = Flask(__name__)

    def found(slug: str) -> Article:
        return next((one for one in published() if one.slug == slug), None) or abort(404)

    @app.get("/")
    def front() -> str:
        page = max(request.args.get("page", 1, int), 1)
        newest = list(reversed(published()))
        shown = newest[(page - 1) * PER_PAGE : page * PER_PAGE]
        more = len(newest) > page * PER_PAGE
        return render_template("front.html", paper=NAME, articles=shown, page=page, more=more)

    @app.get("/section/<name>")
    def section(name: str) -> str:
        shown = [one for one in reversed(published()) if one.section.lower() == name]
        return render_template("front.html", paper=NAME, articles=shown or abort(404), page=1, more=False)

    @app.get("/news/<slug>")
    def article(slug: str) -> str:
        one = found(slug)
        page = request.args.get("page", 1, int)
        text = " ".join(each.text for each in one.paragraphs)
        return render_template(
            "article.html",
            paper=NAME,
            article=one,
            style=style,
            page=page,
            minutes=max(1, one.words // 50),
            description=text[:DESCRIPTION],
            linked=json.dumps(linked_data(one, request.base_url, style)),
            state=json.dumps({"article": {"slug": one.slug, "body": [each.text for each in one.paragraphs]}}),
        )

    @app.get("/news/<slug>/print")
    def print_view(slug: str) -> str:
        return render_template("print.html", article=found(slug))

    @app.get("/search")
    def search() -> str:
        words = request.args.get("q", "").lower()
        hits = [
            (one, each.text) for one in published() for each in one.paragraphs if words and words in each.text.lower()
        ]
        return render_template("search.html", paper=NAME, words=words, hits=hits)

    @app.get("/api/articles")
    def listing() -> Response:
        return jsonify([{"slug": one.slug, "headline": one.headline} for one in published()])

    @app.get("/api/articles/<slug>")
    def data(slug: str) -> Response:
        one = found(slug)
        return jsonify(slug=one.slug, headline=one.headline, body=[each.text for each in one.paragraphs])

    @app.get("/feed.xml")
    def feed() -> Response:
        items = list(reversed(published()))
        page = render_template("feed.xml", paper=NAME, root=request.url_root, articles=items, stamp=rfc822)
        return Response(page, mimetype="application/rss+xml")

    @app.get("/sitemap.xml")
    def sitemap() -> Response:
        page = render_template("sitemap.xml", root=request.url_root, articles=published())
        return Response(page, mimetype="application/xml")

    @app.get("/robots.txt")
    def robots() -> Response:
        text = f"User-agent: *\nDisallow: /api/\nSitemap: {request.url_root}sitemap.xml\n"
        return Response(text, mimetype="text/plain")

    @app.get("/about")
    def about() -> str:
        return render_template("front.html", paper=NAME, articles=[], page=1, more=False)

    return app


def rfc822(when: datetime) -> str:
    """A moment as RSS writes it."""
    return format_datetime(when, usegmt=True)


def linked_data(article: Article, url: str, style: str) -> dict[str, Any]:
    """JSON-LD as search plug-ins write it."""
    said: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "url": url,
        "headline": article.headline,
        "articleSection": article.section,
        "keywords": list(article.tags),
        "datePublished": article.published.isoformat(),
        "author": {"@type": "Person", "name": article.author},
        "wordCount": article.words,
        "timeRequired": f"PT{max(1, article.words // 50)}M",
        "articleBody": "\n".join(each.text for each in article.paragraphs),
    }
    if style == "selector":
        part = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".behind-the-wall"}
        said |= {"isAccessibleForFree": False, "hasPart": part}
    return said
