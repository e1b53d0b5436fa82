"""From a feed to cards: what is right is shown, what is not is left out, and nothing else of it is kept."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import astuple
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.fold.feed.model import NotUnderstood
from foldline.syndication.newsstand.cards import MOST_CARDS, ReadFeed, SourceCard, canonical, read_feed
from foldline.syndication.newsstand.plain import is_notice, shortened, text_of_html, without_notices

from .feed_host import item, rss

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ADDRESS = "https://courier.example/feeds/all.xml"
BODY = "Nobody but a subscriber reads this sentence of the article."


def read(body: bytes, **headers: str) -> ReadFeed:
    return read_feed(body, {name.replace("_", "-"): value for name, value in headers.items()}, ADDRESS, NOW)


def card(*items: str) -> SourceCard:
    (found,) = read(rss(*items)).cards
    return found


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr">
<title type="html">Le &lt;b&gt;Delta&lt;/b&gt;</title>
<entry><id>urn:1</id><title type="html">L&#8217;eau &amp;amp; le pain</title>
<link href="/eau"/><link rel="enclosure" href="/x.mp3"/>
<summary>Un résumé.</summary><content type="html">&lt;p&gt;BODY&lt;/p&gt;</content>
<published>2025-02-12T08:44:00-05:00</published><category term="rivers" label="Rivières"/></entry></feed>""".encode()
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://courier.example/"><title>Delta</title></channel>
<item rdf:about="https://courier.example/eau"><title>L’eau &amp; le pain</title><link>https://courier.example/eau</link>
<description>Un résumé.</description><dc:date>2025-02-12T13:44:00Z</dc:date><dc:subject>Rivières</dc:subject></item>
</rdf:RDF>""".encode()
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Le Delta",
        "language": "fr",
        "items": [
            {
                "id": 7,
                "url": "/eau",
                "title": "L’eau & le pain",
                "summary": "Un résumé.",
                "content_html": f"<p>{BODY}</p>",
                "date_published": "2025-02-12T08:44:00-05:00",
                "tags": ["Rivières", "", None],
            }
        ],
    }
).encode()
OLD_RSS = rss(
    item(
        title="L’eau &amp;amp; le pain",
        link="/eau",
        about="&lt;p&gt;Un &lt;i&gt;résumé&lt;/i&gt;.&lt;/p&gt;",
        more="<category>Rivières</category><category/>",
    )
)


@pytest.mark.parametrize("feed", [ATOM, RDF, JSON, OLD_RSS], ids=["atom", "rss 1.0", "json", "rss 2.0"])
def test_every_form_gives_the_same_card(feed: bytes) -> None:
    (found,) = read(feed).cards
    assert found.link == "https://courier.example/eau"
    assert (found.headline, found.standfirst) == ("L’eau & le pain", "Un résumé.")
    assert found.at == datetime(2025, 2, 12, 13, 44, tzinfo=UTC)
    assert found.tags == ("Rivières",)


@pytest.mark.parametrize(
    "text",
    [
        f"<content:encoded>&lt;p&gt;{BODY}&lt;/p&gt;</content:encoded>",
        f"<content:encoded><![CDATA[<p>{BODY}</p>]]></content:encoded>",
        f"<body xmlns='http://www.w3.org/1999/xhtml'><p>{BODY}</p></body>",
    ],
)
@pytest.mark.parametrize("about", ["About it.", ""])
def test_no_word_of_a_body_is_kept_whether_or_not_there_is_a_summary(text: str, about: str) -> None:
    feed = read(rss(item(about=about, more=text)))
    assert BODY not in repr(feed)
    assert feed.cards[0].standfirst == about


def test_a_summary_that_is_a_whole_article_is_cut_at_a_word() -> None:
    standfirst = card(item(about="The river came up in the night. " * 400)).standfirst
    assert len(standfirst) <= 280
    assert standfirst.endswith("…")
    assert standfirst[:-1] in "The river came up in the night. " * 10


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("&lt;script&gt;alert(1)&lt;/script&gt;Rain", "Rain"),
        ("<![CDATA[<b onclick=x()>Rain</b>]]>", "Rain"),
        ("Rain &amp;amp; wind", "Rain & wind"),
        ("AT&amp;T &lt;3 rain", "AT&T <3 rain"),
        ("  Rain\n\tand   wind ", "Rain and wind"),
        ("Rain\u202egnp.exe", "Rain gnp.exe"),
        ("The town’s rain", "The town’s rain"),
    ],
)
def test_a_headline_is_text(title: str, headline: str) -> None:
    assert card(item(title=title)).headline == headline


@pytest.mark.parametrize("title", ["&lt;script&gt;alert(1)&lt;/script&gt;", " ", "&lt;img src=x onerror=y&gt;"])
def test_an_article_without_a_headline_is_left_out_and_counted(title: str) -> None:
    feed = read(rss(item(title=title), item(2)))
    assert [found.headline for found in feed.cards] == ["Headline 2"]
    assert feed.left_out == {"without a headline": 1}


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://courier.example/1",
        "http://user:pass@courier.example/1",
        "http://[",
        "https://a.example/%20\\x",
    ],
)
def test_an_article_that_leads_nowhere_good_is_left_out_and_counted(link: str) -> None:
    feed = read(rss(item(link=link), item(2)))
    assert [found.headline for found in feed.cards] == ["Headline 2"]
    assert feed.left_out == {"without an address": 1}


@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        ("/rain", "https://courier.example/rain"),
        ("rain", "https://courier.example/feeds/rain"),
        ("//other.example/rain", "https://other.example/rain"),
        (
            "https://courier.example/rain?utm_source=rss&amp;id=7&amp;utm_medium=feed",
            "https://courier.example/rain?id=7",
        ),
    ],
)
def test_a_link_is_whole_and_counts_nobody(link: str, leads_to: str) -> None:
    assert card(item(link=link)).link == leads_to


def test_an_address_without_tracking_stays_to_the_letter() -> None:
    for link in ("https://a.example/b?c=%41&d", "https://a.example/%E2%82%AC?x=a+b"):
        assert canonical(link) == link


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Mon, 01 Jun 2099 00:00:00 GMT", None),
        ("Fri, 27 Nov 2026 13:00:00 GMT", None),
        ("yesterday", None),
        ("Wed, 32 Feb 2025 25:61:00 GMT", None),
        ("Thu, 26 Nov 2026 12:03:00 GMT", datetime(2026, 11, 26, 12, 3, tzinfo=UTC)),
        ("Wed, 12 Feb 2025 08:44:00 EST", datetime(2025, 2, 12, 13, 44, tzinfo=UTC)),
        ("2025-02-12T08:44:00-05:00", datetime(2025, 2, 12, 13, 44, tzinfo=UTC)),
    ],
)
def test_a_date_that_cannot_be_right_is_none(date: str, at: datetime | None) -> None:
    assert card(item(date=date)).at == at


def test_an_article_that_stands_twice_has_one_card_and_a_feed_not_more_than_fifty() -> None:
    assert read(rss(item(1), item(1))).left_out == {"twice": 1}
    assert len(read(rss(*(item(number) for number in range(80)))).cards) == MOST_CARDS


def test_a_feed_says_how_long_it_wants_to_be_left_alone_within_a_day() -> None:
    assert read(rss(item(), more="<ttl>90</ttl>")).wait == 5400
    assert read(rss(item(), more="<ttl>99999</ttl>")).wait == 86_400
    assert read(rss(item(), more="<ttl>soon</ttl>")).wait == 0
    period = '<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">daily</sy:updatePeriod>'
    assert read(rss(item(), more=period)).wait == 86_400


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
BOMB = f'<!DOCTYPE rss [<!ENTITY e0 "boom">{ENTITIES}]>'
BOOM = '<rss version="2.0"><channel><title>&e11;</title></channel></rss>'
READS_A_FILE = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><title>&x;</title>'
LAUGHS = f'<?xml version="1.0"?>{BOMB}{BOOM}'.encode()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no feed"),
        (b"<html><body><h1>Sign in</h1></body></html>", "no feed"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "no feed"),
        (b"{}", "no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": 7}', "no JSON Feed"),
        (b'{"a":' * 100_000, "no JSON"),
        (LAUGHS, "entities"),
        (f"<!--<item>-->{BOMB}{BOOM}".encode(), "entities"),
        (f"{BOMB}{BOOM}".encode("utf-16"), "entities"),
        (READS_A_FILE, "entities"),
        (rss(*(["<item/>"] * 20_000)), "more elements"),
        (b"<rss version='2.0'>" + b"<a>" * 250_000, "more elements"),
        (b"<rss version='2.0'>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</rss>", "without end"),
        (rss(item()) + b"<" + b"x" * (600 << 10), "too large to guess"),
    ],
    ids=[
        "empty",
        "page",
        "picture",
        "json",
        "odd json",
        "deep json",
        "bomb",
        "bomb after a comment",
        "bomb in wide letters",
        "file",
        "items",
        "elements",
        "deep",
        "broken",
    ],
)
def test_what_is_no_feed_is_refused_before_it_costs_memory(body: bytes, why: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(NotUnderstood, match=why):
            read(body)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_a_path_that_is_a_body_opens_no_file() -> None:
    with pytest.raises(NotUnderstood, match="no feed"):
        read(b"/etc/passwd")
    with pytest.raises(NotUnderstood, match="no feed"):
        read(b"http://127.0.0.1/feed")


def test_a_feed_with_small_mistakes_is_read_all_the_same() -> None:
    found = read(b"\n\n" + rss(item(title="Rain & wind")).replace(b"</channel></rss>", b""))
    assert [one.headline for one in found.cards] == ["Rain & wind"]


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16"])
def test_letters_are_read_as_the_header_says(charset: str) -> None:
    body = rss(item(title="Café")).decode().replace('encoding="UTF-8"', f'encoding="{charset}"').encode(charset)
    assert read(body, content_type=f"application/rss+xml; charset={charset}").cards[0].headline == "Café"


#: What the captured page said among the paragraphs, and what other walls and feeds say.
NOTICES = (
    "You have a preview view of this article while we are checking your access.",
    "When we have confirmed access, the full article content will load.",
    "Thank you for your patience while we verify access.",
    "If you are in Reader mode please exit and log into your Times account, or subscribe for all of The Times.",
    "Already a subscriber? Log in.",
    "Want all of The Times? Subscribe.",
    "Subscribe now to keep reading.",
    "This article is for subscribers only.",
    "Sign in to continue.",
    "You have 2 free articles left.",
    "The post Rain appeared first on The Delta Courier.",
    "Continue reading…",
    "Read more.",
    "You have a preview of this article while we check your access.",
    "Déjà abonné ? Connectez-vous.",
    "Cet article est réservé aux abonnés.",
    "We could not check your access.",
    "Your subscription is not affected.",
)


@pytest.mark.parametrize("notice", NOTICES)
def test_a_notice_of_a_wall_stands_in_no_card(notice: str) -> None:
    assert (
        card(item(about=f"The river came up. {notice} The bridge held.")).standfirst
        == "The river came up. The bridge held."
    )
    assert card(item(about=notice)).standfirst == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "Officials confirmed access to the bridge was closed.",
        "The library has a preview of its new hall.",
        "A new plan for subscribers of the water service begins in May.",
        "Readers who signed in at the door were counted.",
        "The council will subscribe to the fund.",
        "She has read more than a hundred books this year.",
        "They thanked the town for its patience.",
    ],
)
def test_a_sentence_of_an_article_is_no_notice(sentence: str) -> None:
    assert not is_notice(sentence)
    assert without_notices(sentence) == sentence


@given(st.text(max_size=400), st.integers(2, 300))
def test_a_shortened_text_is_the_beginning_of_it_and_never_longer(text: str, most: int) -> None:
    short = shortened(text, most)
    assert len(short) <= most
    assert short == text or text.startswith(short[:-1])


@given(st.text(alphabet=st.sampled_from("<>&;/ab\"'= \n\x00‮pscrit"), max_size=200))
def test_text_of_any_html_is_one_line_of_readable_letters(html: str) -> None:
    text = text_of_html(html)
    assert text == " ".join(text.split())
    assert not set(text) & set("\x00\n‮")


@given(st.binary(max_size=400), st.binary(max_size=200))
def test_any_bytes_are_a_feed_or_are_refused(first: bytes, second: bytes) -> None:
    for body in (first, rss(item()).replace(b"About it.", second), rss(item())[: len(second)] + first):
        try:
            feed = read(body)
        except NotUnderstood:
            continue
        for found in feed.cards:
            assert found.link.startswith(("http://", "https://"))
            assert found.headline
            assert len(astuple(found)) == 6
