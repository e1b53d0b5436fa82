"""A newspaper in Starlette, with the gate mounted in it. FastAPI is mounted the same way."""

import hashlib
import json
import tomllib
from html import escape
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from foldline.mounted import gate_asgi

HERE = Path(__file__).parent
ARTICLES = {
    article["slug"]: article
    for article in tomllib.loads((HERE.parent / "articles.toml").read_text(encoding="utf-8"))["article"]
}
HEAD = '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><link rel="stylesheet" href="/static/site.css">'


async def front(request):
    items = "".join(
        f'<li><a href="/articles/{slug}">{escape(article["headline"])}</a>' for slug, article in ARTICLES.items()
    )
    answer = HTMLResponse(f"{HEAD}<title>The Example</title></head><body><h1>The Example</h1><ul>{items}</ul></body>")
    answer.set_cookie("visited", "yes")
    return answer


async def article(request):
    found = ARTICLES.get(request.path_params["slug"])
    if found is None:
        raise HTTPException(404)
    body = page(found).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    answer = HTMLResponse(body, headers={"etag": tag})
    answer.set_cookie("last", found["slug"])
    return answer


def page(found):
    facts = {"@context": "https://schema.org", "@type": "NewsArticle", "headline": found["headline"]}
    facts["isAccessibleForFree"] = found["access"] == "free"
    if found["access"] != "free":
        facts["hasPart"] = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".rest"}
    preview = "\n".join(f"<p>{escape(text)}</p>" for text in found["preview"])
    rest = "\n".join(f"<p>{escape(text)}</p>" for text in found["rest"])
    return f"""{HEAD}
<title>{escape(found["headline"])}</title>
<meta name="description" content="{escape(found["standfirst"])}">
<meta name="foldline:access" content="{found["access"]}">
<script type="application/ld+json">{json.dumps(facts)}</script>
</head>
<body>
<article>
<h1>{escape(found["headline"])}</h1>
<p class="standfirst">{escape(found["standfirst"])}</p>
{preview}
<div class="rest">{rest}</div>
</article>
</body>
</html>
"""


async def cookies(request):
    return JSONResponse({"cookies": sorted(request.cookies)})


async def live(socket):
    await socket.accept()
    await socket.send_json({"cookies": sorted(socket.cookies)})
    await socket.close()


application = Starlette(
    routes=[
        Route("/", front),
        Route("/articles/{slug}", article),
        Route("/cookies", cookies),
        WebSocketRoute("/live", live),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
)
application = gate_asgi(application, home=HERE / "home")
