"""A newspaper in Flask, with the gate mounted in it."""

import tomllib
from pathlib import Path

from flask import Flask, abort, make_response, render_template, request

from foldline.mounted import gate_wsgi

HERE = Path(__file__).parent
ARTICLES = {
    article["slug"]: article
    for article in tomllib.loads((HERE.parent / "articles.toml").read_text(encoding="utf-8"))["article"]
}

app = Flask(__name__)


@app.get("/")
def front():
    answer = make_response(render_template("front.html", articles=ARTICLES.values()))
    answer.set_cookie("visited", "yes")
    return answer


@app.get("/articles/<slug>")
def article(slug):
    found = ARTICLES.get(slug) or abort(404)
    answer = make_response(render_template("article.html", article=found))
    answer.set_cookie("last", slug)
    answer.add_etag()
    return answer.make_conditional(request)


@app.get("/cookies")
def cookies():
    return {"cookies": sorted(request.cookies)}


application = gate_wsgi(app.wsgi_app, home=HERE / "home")
