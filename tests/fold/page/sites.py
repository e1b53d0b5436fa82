"""Article pages as publishing systems write them, with everything that such a page says twice."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

HEADLINE = "The keepers who never left the rock"
STANDFIRST = "Seven people kept one lamp for forty years, and none of them wrote it down."
OPEN = (
    "On a clear morning the rock can be seen from the harbour wall, a grey tooth with a white cap.",
    "Boats have gone around it for as long as there have been boats, and nobody asks any longer who lit it first.",
)
CLOSED = (
    "What the ledger in the cellar shows is that the oil was paid for by the wreckers themselves, year after year.",
    "The second keeper, Maren Holt, burned her own letters in the lamp during the winter of the long storm.",
    "Nobody in the village had ever been told that the last entry was written two days after the lamp went out.",
)
REST_PICTURE = "/media/2026/ledger-page-seven.jpg"
LEAD_PICTURE = "/media/2026/rock-at-dawn.jpg"
ADDRESS = "https://news.example/keepers"
REST = "".join(f"<p>{text}</p>\n" for text in CLOSED) + (
    f'<h2 id="ledger">The ledger</h2>\n<figure><img src="{REST_PICTURE}" alt="A page of the ledger with seven names'
    ' struck out in red ink"></figure>\n'
)
PREVIEW = "".join(f"<p>{text}</p>\n" for text in OPEN)
WHOLE_TEXT = " ".join((*OPEN, *CLOSED))
MARKER = "<!-- fold -->\n"


def wordpress_with_yoast() -> str:
    graph = [
        {
            "@type": "Article",
            "@id": f"{ADDRESS}#article",
            "isPartOf": {"@id": ADDRESS},
            "author": {"name": "Ida Krog", "@id": "https://news.example/#/schema/person/1"},
            "headline": HEADLINE,
            "datePublished": "2026-05-04T06:00:00+00:00",
            "dateModified": "2026-05-05T07:30:00+00:00",
            "mainEntityOfPage": {"@id": ADDRESS},
            "wordCount": 812,
            "commentCount": 4,
            "keywords": ["lighthouses", "archives"],
            "articleSection": ["Coast"],
            "articleBody": WHOLE_TEXT,
        },
        {"@type": "WebPage", "@id": ADDRESS, "url": ADDRESS, "name": HEADLINE, "isAccessibleForFree": True},
        {"@type": "Person", "@id": "https://news.example/#/schema/person/1", "name": "Ida Krog"},
    ]
    ld = json.dumps({"@context": "https://schema.org", "@graph": graph})
    theme = json.dumps(
        {"@context": "https://schema.org", "@type": "NewsArticle", "headline": HEADLINE, "inLanguage": "en"}
    )
    return f"""<!DOCTYPE html>
<html lang="en-GB" class="no-js">
<head>
<meta charset="UTF-8">
<title>{HEADLINE} - The Example</title>
<meta name="description" content="{OPEN[1]} {CLOSED[0][:60]} [&hellip;]" />
<link rel="canonical" href="{ADDRESS}" />
<link rel="amphtml" href="{ADDRESS}/amp" />
<link rel="preload" as="image" href="{REST_PICTURE}">
<link rel="preload" as="image" href="{LEAD_PICTURE}">
<meta property="og:type" content="article" />
<meta property="og:title" content="{HEADLINE}" />
<meta property="og:description" content="{OPEN[0]} {OPEN[1]} {CLOSED[0]}" />
<meta property="og:image" content="https://news.example{LEAD_PICTURE}" />
<meta property="og:image" content="https://news.example{REST_PICTURE}" />
<meta name="twitter:label1" content="Written by" />
<meta name="twitter:data1" content="Ida Krog" />
<meta name="twitter:label2" content="Est. reading time" />
<meta name="twitter:data2" content="5 minutes" />
<script type="application/ld+json" class="yoast-schema-graph">{ld}</script>
<script type="application/ld+json">{theme}</script>
<script type="application/ld+json">{{"@type": "NewsArticle", "articleBody": "{CLOSED[0]}",}}</script>
</head>
<body class="single single-post postid-31">
<main><article id="post-31" class="post-31 post type-post">
<header><h1 class="entry-title">{HEADLINE}</h1><span class="rt-reading-time">5 min</span></header>
<nav class="toc"><ul><li><a href="#ledger">The ledger</a></li><li><a href="#top">Top</a></li></ul></nav>
<div class="entry-content">
{PREVIEW}<p><span id="more-31"></span></p>
{REST}</div><!-- .entry-content -->
<footer class="entry-footer">Filed under Coast</footer>
</article></main>
<noscript><img src="/pixel.gif"><p>{CLOSED[1]}</p></noscript>
<!-- cached copy: {CLOSED[2]} -->
<script>window.dataLayer = [{{"text": {json.dumps(CLOSED[0])}}}];</script>
</body>
</html>
"""


def wagtail() -> str:
    ld = json.dumps(
        {
            "@context": "http://schema.org",
            "@type": "NewsArticle",
            "headline": HEADLINE,
            "description": STANDFIRST,
            "isAccessibleForFree": "False",
            "hasPart": [{"@type": "WebPageElement", "isAccessibleForFree": "False", "cssSelector": ".paywall"}],
            "timeRequired": "PT5M",
            "backstory": CLOSED[2],
        }
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{HEADLINE}</title>
<meta name="description" content="{STANDFIRST}">
<link rel="canonical" href="{ADDRESS}">
<script type="application/ld+json">{ld}</script></head>
<body><main><article>
<h1>{HEADLINE}</h1><p class="standfirst">{STANDFIRST}</p>
<div class="block-rich_text">{PREVIEW}</div>
<div class="block-rich_text paywall" data-block="{base64.b64encode(WHOLE_TEXT.encode()).decode()}">{REST}</div>
<div class="print-only" style="display:none">{PREVIEW}{REST}</div>
</article></main>
<template id="full"><section>{REST}</section></template>
<button aria-label="Listen: {CLOSED[0]}">Listen</button><p title="{CLOSED[1]}">Two diaries</p>
<span class="visually-hidden">{CLOSED[2]}</span>
<div id="app" data-article="{quote(json.dumps({"body": WHOLE_TEXT}))}" data-mode="light"></div>
</body></html>
"""


def hugo() -> str:
    return f"""<!DOCTYPE html>
<html lang=en><head><meta charset=utf-8><title>{HEADLINE}</title>
<meta name=description content="{OPEN[0]}">
<meta itemprop=wordCount content=812>
<meta itemprop=description content="{OPEN[0]} {OPEN[1]} What the">
<link rel=canonical href={ADDRESS}></head>
<body><article class=post itemscope itemtype=http://schema.org/BlogPosting>
<h1 itemprop=headline>{HEADLINE}</h1>
<p class=meta><time datetime=2026-05-04>4 May 2026</time> <span class=reading-time>5 minutes read</span></p>
<div class=post-content itemprop=articleBody>
{PREVIEW}{MARKER}{REST}
</div></article>
<svg><desc>{CLOSED[0]}</desc></svg>
<textarea hidden>{CLOSED[1]}</textarea>
<iframe srcdoc="&lt;p&gt;{CLOSED[2]}&lt;/p&gt;"></iframe>
</body></html>
"""


def like_ghost() -> str:
    ld = json.dumps(
        {"@context": "https://schema.org", "@type": "Article", "headline": HEADLINE, "description": WHOLE_TEXT[:500]}
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{HEADLINE}</title>
<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Ida Krog">
<meta name="twitter:label2" content="Filed under"><meta name="twitter:data2" content="Coast">
<meta property="foldline:access" content="subscribers">
<script type="application/ld+json">
{ld}
</script></head>
<body class="post-template"><main><article class="gh-article post">
<h1 class="gh-article-title">{HEADLINE}</h1>
<span class="gh-article-meta-length">5 min</span><span class="bull reading-time">5 min read</span>
<section class="gh-content gh-canvas">
{PREVIEW}<!--members-only-->
{REST}</section>
<section class="gh-content gh-notes"><p>{CLOSED[1]}</p></section>
</article></main>
<aside><ul class="related"><li><a href="/x">{CLOSED[2]}</a></li>
<li><a href="/y">Another story altogether</a></li></ul></aside>
</body></html>
"""


def next_js() -> str:
    state = {
        "props": {
            "pageProps": {
                "article": {
                    "title": HEADLINE,
                    "html": PREVIEW + REST,
                    "readingTime": 5,
                    "excerpt": f"{OPEN[1]} What the",
                },
                "gallery": [{"src": REST_PICTURE}, {"src": LEAD_PICTURE}],
            }
        },
        "page": "/[slug]",
        "buildId": "k3y",
    }
    ld = {"@context": "https://schema.org", "@type": ["NewsArticle"], "headline": HEADLINE, "isAccessibleForFree": True}
    flight = json.dumps(f'5:["$","div",null,{{"children":{json.dumps(WHOLE_TEXT)}}}]')
    return f"""<!DOCTYPE html><html lang="en"><head><meta charSet="utf-8"/><title>{HEADLINE}</title>\
<script type="application/ld+json">{json.dumps(ld)}</script></head><body><div id="__next"><main>\
<h1>{HEADLINE}</h1><img src="{LEAD_PICTURE}" alt=""/><div class="Article_body__x1">{PREVIEW}{REST}</div></main></div>\
<script id="__NEXT_DATA__" type="application/json">{json.dumps(state).replace("<", chr(92) + "u003c")}</script>\
<script>self.__next_f.push([1,{flight}])</script>\
<script>window.__NUXT__=(function(a){{return {{body:a}}}})({json.dumps(CLOSED[0])})</script>\
<script src="/_next/static/chunks/main.js" defer=""></script></body></html>"""
