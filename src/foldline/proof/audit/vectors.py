"""The ways in which a closed text gets out that an audit can see, each with a cure, and those that it can't.

The ids are those of our catalogue of 219 vectors; `docs/audit.md` lists the ones that are used here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vector:
    """`what` completes "Closed text gets out …"; `cure` is the next step for who runs the site."""

    id: str
    what: str
    cure: str


_SEND = "Cut the text on the server, before the page is made: what was sent can't be hidden."
_ONE = "Answer this address by the same decision as the article, or with 404."
_STRANGER = "Decide by who is signed in, never by a header that every client can set."
_VERIFY = "Verify crawlers by their published addresses or by reverse and forward DNS; a name proves nothing."

VECTORS: dict[str, Vector] = {
    vector.id: vector
    for vector in (
        Vector("A01", "in an element that a style hides", _SEND),
        Vector("A02", "under an overlay, a blur or a clipped height", _SEND),
        Vector("A03", "in the open page, for a script to take away", _SEND),
        Vector(
            "A04", "in <noscript>", "Leave the rest out of <noscript>: readers without scripts get the preview too."
        ),
        Vector(
            "A05",
            "in a template, a comment or a CDATA section",
            "Don't write the rest into parts that browsers don't draw.",
        ),
        Vector(
            "A06",
            "encoded in the page (base64, escapes, data-*)",
            "Encoding is not access control: leave the rest out of the page.",
        ),
        Vector(
            "A07",
            "in the state that scripts start from",
            "Give the page's scripts the article as it was cut: the cut belongs before the serializer.",
        ),
        Vector(
            "A08",
            "in JSON-LD (articleBody)",
            "Leave articleBody out; isAccessibleForFree with hasPart is what search engines ask for.",
        ),
        Vector("A09", "in microdata (itemprop)", "Mark up the preview alone."),
        Vector(
            "A10",
            "in a description for search engines or social cards",
            "Write descriptions by hand or from the preview, with a bound.",
        ),
        Vector(
            "A12",
            "as a number made from it (words, minutes, pages)",
            "Count what everybody may read, or leave the number out.",
        ),
        Vector(
            "A13",
            "as structure (contents, parts, links, order)",
            "Make contents, counts of parts and related texts from the preview.",
        ),
        Vector("A14", "in the fields of the answer's head", "Build Link and other fields from the preview."),
        Vector(
            "A20",
            "behind a redirect or an error status",
            "Send these answers without a body: a program does not follow, it reads.",
        ),
        Vector("A23", "as a name or hash made from it", "Make names of files and elements from what is public."),
        Vector(
            "A25", "in a script, a search index or data that the page loads", "Build what browsers load from previews."
        ),
        Vector("A26", "in srcdoc, SVG or a data: address", "Leave the rest out of embedded documents."),
        Vector("A27", "in labels, titles or alternative texts", "Labels repeat what is shown, never what is closed."),
        Vector("A29", "on a further page of the article", "Decide on every page of an article, not on the first."),
        Vector(
            "B01", "in a feed", "Cut feed items as pages are cut, or give subscribers feeds with a key of their own."
        ),
        Vector(
            "B02",
            "in the feed of a section, tag, author or search",
            "One function writes every feed's items: cut there.",
        ),
        Vector("B04", "in an AMP or alternate page", "Serve AMP from the cut article, or give it up."),
        Vector(
            "B05",
            "in a print, PDF, mobile or text version",
            "Every version asks the same decision; nothing is kept as a public file.",
        ),
        Vector(
            "B06",
            "by an interface that gives one article",
            "Cut the object before it is serialized, in every field, excerpts too.",
        ),
        Vector("B07", "by an interface that lists articles", "Cut the objects of lists as those of single answers."),
        Vector(
            "B08",
            "at another address of the article",
            "All names of an article lead to one decision, or redirect to it.",
        ),
        Vector("B09", "by GraphQL", "Put the decision into the resolver of the text, not into the page."),
        Vector("B10", "in an embed card", "Make embeds and oEmbed from the preview."),
        Vector("B11", "in a sitemap", "Write sitemaps from titles and public descriptions."),
        Vector("B12", "by the site's search", "Build the public index from previews alone."),
        Vector(
            "B14",
            "by an endpoint that scripts call",
            "Every endpoint that returns text decides about the article itself.",
        ),
        Vector(
            "B15",
            "in a list, a section or the front page",
            "Lists take the preview or an excerpt that an editor wrote.",
        ),
        Vector("B19", "as an ActivityPub object", "Federate the preview and a link."),
        Vector("B20", "as Markdown or for language models", "Write .md and llms.txt from the cut article."),
        Vector("B21", "in captions or a transcript", "Give audio, captions and transcripts the article's own access."),
        Vector("B24", "in a file for download", "Send downloads through the decision; a public folder is public."),
        Vector("B26", "as a preview, draft or revision", "Previews need a signed, short-lived token of one article."),
        Vector(
            "B27",
            "by the route that page transitions use",
            "Data routes carry the cut article: the page and its data are one decision.",
        ),
        Vector(
            "B30",
            "in a source map, a backup or a built file",
            "Don't publish source maps, backups and built pages of closed articles.",
        ),
        Vector("C01", "to whoever calls themselves a crawler", _VERIFY),
        Vector(
            "C02",
            "to whoever claims a crawler's address",
            f"{_VERIFY} Believe X-Forwarded-For only from your own proxies.",
        ),
        Vector("C07", "to whoever claims to come from a search or a network", _STRANGER),
        Vector(
            "C08", "to a word in the query", "Ignore unknown parameters; a gift needs a signed token of one article."
        ),
        Vector(
            "C11",
            "to whoever claims an address",
            "Take the client's address from your own proxies by count, never from the field's left end.",
        ),
        Vector("C13", "to whoever claims a country", "Set such fields at your edge and drop what clients send."),
        Vector(
            "C14", "under another host name", "Answer unknown hosts with 421, and known ones by their own decision."
        ),
        Vector(
            "C15",
            "to whoever sets an internal header",
            "Drop internal headers at the edge, and sign what your gate tells your application.",
        ),
        Vector("C19", "to a reader app, translator or feed reader by its name", _STRANGER),
        Vector(
            "D01",
            "from a cache that kept a subscriber's answer",
            "Send wholes with Cache-Control: private, no-store, and have the cache obey it.",
        ),
        Vector(
            "D06",
            "from a cache that took the page for a static file",
            "Answer unknown suffixes with 404, and don't cache by file name alone.",
        ),
        Vector("D09", "to HEAD, by its length or validator", "Answer HEAD with the fields of the stranger's own GET."),
        Vector(
            "D10",
            "to a range, or as the total of one",
            "Decide first; then apply ranges to what this visitor may read, or ignore them.",
        ),
        Vector(
            "D11", "to a conditional request", "Decide first; then evaluate conditions on what this visitor may read."
        ),
        Vector(
            "D12", "as a validator that both versions share", "Give the whole no ETag, or one that names the version."
        ),
        Vector("D18", "in one content coding alone", "Compress what was cut; vary by Accept-Encoding."),
        Vector("D21", "to a prefetch", _STRANGER),
        Vector("E01", "with or without a slash at the end", _ONE),
        Vector("E02", "under a path with more slashes or dots", _ONE),
        Vector("E03", "under an encoded path", _ONE),
        Vector("E04", "under a path in other letters", _ONE),
        Vector("E05", "under a path with a parameter or a suffix", _ONE),
        Vector("E06", "under a path with something behind it", _ONE),
        Vector("E08", "to a doubled or broken query", _ONE),
        Vector("E09", "to another method", "Answer other methods than GET and HEAD with 405 and no body."),
        Vector("E10", "to a method override", "Ignore method overrides on articles."),
        Vector("E14", "to another Accept, language or client hint", "Every representation takes the same cut article."),
        Vector("E17", "under a translated or old address", _ONE),
        Vector("F01", "as a length", "Make every length from the preview: no padding, no total of the whole."),
        Vector("F02", "as a validator made from it", "Make ETags from the bytes that are sent, per version."),
        Vector(
            "F03",
            "as a time of change",
            "Decide whether an edit below the fold may move public dates, and write it down.",
        ),
        Vector(
            "F04",
            "as a search's yes or no",
            "Build the public index from previews: a result without a snippet answers too.",
        ),
        Vector("F05", "as a count", "Count public parts alone."),
        Vector("F10", "as a different status", "Answer alike whatever the closed text is."),
        Vector(
            "G01",
            "to whoever clears their cookies",
            "A meter in cookies is a courtesy: close by account what must stay closed.",
        ),
        Vector(
            "H13",
            "to a subscriber's cookie that was changed",
            "Verify the signature over all of a cookie, with one algorithm, before anything of it is read.",
        ),
        Vector("H14", "to an unsigned cookie that claims access", "Sign what cookies say, or keep it on the server."),
    )
}

#: What no audit from outside drives, as sentences for the report.
NEVER_DRIVEN: tuple[tuple[str, str], ...] = (
    ("E11–E13, E20, D28", "malformed HTTP, request smuggling and upgrades: not on a site that readers use"),
    ("G02–G21, H01–H12, H15–H24", "meters, gifts, sign-in and sessions, which need accounts of their own"),
    ("I01–I12", "payment, webhooks and administration"),
    ("J01–J13", "logs, mail, backups and devices, which can't be seen from outside"),
    ("A03, A25, B34", "what scripts do when they run: they are read, not run"),
    ("D23–D25", "the back button, the disk and service workers of a browser"),
    ("A17, A24, A28, B22", "models, experiments and what a subscriber's own browser keeps"),
    ("B13, B29, B32, B36", "other hosts: hosted search, archives, third parties, mirrors, staging"),
    ("B17, B18, B31, B33", "newsletters, push, partners' feeds and live channels"),
    ("B23, B25", "what pictures show"),
    (
        "A11, A16, A18, A19, A21, A22",
        "other articles than these: their markup, their edits, and failures behind the site",
    ),
    ("A15, B28, B35, B37", "comments, old interfaces, fragments of an edge and maintenance, unless a page names them"),
    ("B03, B16", "feeds of one reader, and lists that differ from reader to reader"),
    (
        "C03–C06, C09, C10, C12, C16–C18, C20",
        "networks and signatures that others own, and rights of staff and partners",
    ),
    ("D02–D05, D07, D08, D13–D17, D19, D20, D22, D26, D27", "caches, beyond what they keep at addresses of this run"),
    ("E07, E15, E16, E18, E19", "paths in other scripts, other ports and origins, huge requests, bodies on GET"),
    ("F06, F07, F11–F14", "orders, filters and limits of interfaces, and what other sites can tell of a reader"),
    ("F08, F09, F15", "times of answers"),
)
