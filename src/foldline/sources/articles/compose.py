"""An article becomes a page for everybody and a rest that is sealed; then the cut is proved on the page itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Literal, Protocol, TypeVar

from foldline.errors import FoldlineError, Problem
from foldline.fold.cut import Cut, FoldRule, after_first_block, cut, without_marker
from foldline.fold.dress import Image
from foldline.fold.findings import Finding
from foldline.fold.markdown import Rendered, render
from foldline.fold.prove import Known, survivors
from foldline.pages.public import PublicArticle
from foldline.policy.facts import Access
from foldline.sources.articles.draft import Draft

How = Literal["free", "marker", "paragraphs", "nothing-below", "not-found", "unknown-access", "first-block", "headline"]

NO_FOLD = "FL410"
UNKNOWN_ACCESS = "FL411"
NOT_PROVED = "FL412"
WITHHELD = "FL414"

#: What is wrong, and what helps, by `Rendered.uncut`.
_NO_FOLD = {
    "": ("no place for a fold was found", "Put a line `<!-- fold -->` between two paragraphs."),
    "marker-unused": (
        "a fold marker was written and could not be used",
        "Write `<!-- fold -->` on a line of its own between two paragraphs, with nothing else on the line, and outside"
        " code, quotations and other HTML. Close every code fence. An example of a marker belongs into code.",
    ),
    "read-differently": (
        "its HTML is read in more than one way, so that no place for a fold is certain",
        "Mend the HTML, or put a line `<!-- fold -->` between two paragraphs.",
    ),
}


class ArticlePage(Protocol):
    """The public pieces of an article's page, `walls` by presentation."""

    @property
    def before(self) -> str: ...
    @property
    def between(self) -> str: ...
    @property
    def walls(self) -> Mapping[str, str]: ...
    @property
    def after(self) -> str: ...
    @property
    def opened(self) -> tuple[str, str]: ...


Page_co = TypeVar("Page_co", bound=ArticlePage, covariant=True)


class Layout(Protocol[Page_co]):
    """Lays out public facts. It is never given anything from below the fold."""

    def article(self, a: PublicArticle, /) -> Page_co: ...


@dataclass(frozen=True, slots=True)
class Composed(Generic[Page_co]):
    """`page` and `public` are for everybody; `rest` is sealed, and empty where the whole is public.

    `public.access` is what the gate must decide on: free where nothing stands below the fold, None where the stored
    word is no access level. `alarms` belong on the list of `foldline check` and on the desk.
    """

    public: PublicArticle
    page: Page_co
    rest: str
    how: How
    alarms: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()


class Withheld(FoldlineError):
    """Even a page of headline and standfirst holds text of the rest: nothing of this article may be published.

    `alarms` name every step that was tried.
    """

    def __init__(self, alarms: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(alarm) for alarm in alarms))
        self.alarms = alarms


def compose(
    draft: Draft,
    layout: Layout[Page_co],
    rule: FoldRule,
    said: Iterable[Known | str] = (),
    *,
    may_close: bool = False,
) -> Composed[Page_co]:
    """Renders, cuts, lays out and proves. An escalation shows less, never more.

    A free article is cut only where a rule `may_close` it one day: then it is open by decision, not by its record.
    `said` is what the layout says on every page (`chrome(layout)`, made once): an article may quote it.
    Raises Withheld.
    """
    rendered = render(draft.body, {name: Image(p.src, p.width, p.height) for name, p in draft.pictures.items()})
    access = access_level(draft.access)
    whole = without_marker(rendered.html)
    made = Cut(whole, "", "nothing-below")
    free = access is Access.FREE and not may_close
    if access is not None and not free:
        made = cut(rendered.html, rule, uncut=rendered.uncut)
    if free or (access and made.how == "nothing-below"):
        public = _public(draft, Access.FREE, made.preview, gated=False)
        how: How = "free" if access is Access.FREE else "nothing-below"
        return Composed(public, layout.article(public), "", how, (), rendered.findings)
    alarms = []
    if access is None:
        alarms.append(_unknown_access(draft))
        made = Cut("", whole, "not-found")
    elif made.how == "not-found":
        alarms.append(_no_fold(draft, rendered))
    allowed = (*_written_as_public(draft), *said)
    for how, step in _steps(access, made, rendered.html):
        public = _public(draft, access, step.preview, gated=True)
        page = layout.article(public)
        count = survivors(step.rest, _bytes(page), (step.preview, *allowed))
        if not count:
            return Composed(public, page, step.rest, how, tuple(alarms), rendered.findings)
        alarms.append(_not_proved(draft, step, count))
    raise Withheld((*alarms, _withheld(draft)))


def chrome(layout: Layout[ArticlePage]) -> Known:
    """What a layout says on every page, from an article of nothing. Make it before any article is at hand."""
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    pages = [
        layout.article(PublicArticle(0, "/", "", "", "", epoch, "", access, gated=access is not Access.FREE))
        for access in Access
    ]
    return Known.of(*(_bytes(page).decode() for page in pages))


def access_level(word: str) -> Access | None:
    """None for a word that is no access level: unknown means closed."""
    try:
        return Access(word.strip().lower())
    except ValueError:
        return None


def _steps(access: Access | None, made: Cut, html: str) -> Iterator[tuple[How, Cut]]:
    """The cut as the rules give it, then the first block alone, then nothing of the body: each shows less."""
    yield ("unknown-access" if access is None else made.how), made
    if made.preview:
        first = after_first_block(html)
        if first.preview and len(first.preview) < len(made.preview):
            yield "first-block", first
        yield "headline", Cut("", without_marker(html), "not-found")


def _bytes(page: ArticlePage) -> bytes:
    """Everything of the page that is public, in any presentation."""
    said = (page.before, page.between, *page.walls.values(), page.after, *page.opened)
    return "\n".join(said).encode("utf-8", "replace")


def _public(draft: Draft, access: Access | None, preview: str, *, gated: bool) -> PublicArticle:
    return PublicArticle(
        id=draft.id,
        path=draft.path,
        headline=draft.headline,
        standfirst=draft.standfirst,
        byline=draft.byline,
        published_at=draft.published_at,
        preview_html=preview,
        access=access,
        gated=gated,
        section=draft.section,
        tags=draft.tags,
        authors=draft.authors,
        picture=draft.picture,
        updated_at=draft.updated_at,
        notes=draft.notes,
        social_text=draft.social_text,
        reading_time=draft.reading_time,
    )


def _written_as_public(draft: Draft) -> Iterator[str]:
    yield from (draft.headline, draft.standfirst, draft.byline, draft.social_text, draft.reading_time, draft.path)
    if draft.picture:
        yield from (draft.picture.alt, draft.picture.caption, draft.picture.credit)
    yield from (note.text for note in draft.notes)
    for term in (*draft.tags, *draft.authors, *((draft.section,) if draft.section else ())):
        yield from (term.name, term.path)


def _unknown_access(draft: Draft) -> Problem:
    return Problem(
        UNKNOWN_ACCESS,
        f"{draft.access!r} is no access level: headline and standfirst only.",
        draft.path,
        f"Set it to one of: {', '.join(Access)}.",
    )


def _no_fold(draft: Draft, rendered: Rendered) -> Problem:
    what, how = _NO_FOLD[rendered.uncut]
    line = next((found.line for found in rendered.findings if found.kind == "fold-marker" and found.line), 0)
    if rendered.uncut == "marker-unused" and line:
        what = f"{what} (line {line} of the text)"
    return Problem(NO_FOLD, f"{what}: headline and standfirst only.", draft.path, how)


def _not_proved(draft: Draft, step: Cut, count: int) -> Problem:
    what = f"{count} passages from below the fold stood in the public page"
    hint = "Look for text that is repeated above the fold or written into the page by its layout."
    then = "a stricter cut was tried." if step.preview else "although nothing of the body was shown."
    return Problem(NOT_PROVED, f"{what}: {then}", draft.path, hint)


def _withheld(draft: Draft) -> Problem:
    return Problem(WITHHELD, "this article is not published.", draft.path, "Fix what the alarms before this one name.")
