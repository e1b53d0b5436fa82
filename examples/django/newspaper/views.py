"""Pages as any application has them: they know nothing of the gate."""

import json
import tomllib

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render

ARTICLES = {
    article["slug"]: article
    for article in tomllib.loads((settings.BASE_DIR.parent / "articles.toml").read_text(encoding="utf-8"))["article"]
}


def front(request):
    answer = render(request, "front.html", {"articles": ARTICLES.values()})
    answer.set_cookie("visited", "yes")
    return answer


def article(request, slug):
    if slug not in ARTICLES:
        raise Http404(slug)
    found = ARTICLES[slug]
    facts = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": found["headline"],
        "isAccessibleForFree": found["access"] == "free",
    }
    if found["access"] != "free":
        facts["hasPart"] = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".rest"}
    answer = render(request, "article.html", {"article": found, "facts": json.dumps(facts).replace("<", "\\u003c")})
    answer.set_cookie("last", slug)
    return answer


def cookies(request):
    return JsonResponse({"cookies": sorted(request.COOKIES)})


def style(request):
    return HttpResponse("body { margin: 2rem auto; max-width: 40rem; }\n", content_type="text/css")
