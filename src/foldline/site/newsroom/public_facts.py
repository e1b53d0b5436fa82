"""An article of the newsroom as the public facts that a page and a card are made of. Nothing here reads a body."""

from __future__ import annotations

from django.conf import settings

from foldline.pages import public
from foldline.policy.facts import Access
from foldline.site.newsroom.models import Article, Image, Named

_AND = {"en": "and", "fr": "et"}


def term(named: Named) -> public.Term:
    return public.Term(named.name, named.path)


def access_of(article: Article) -> Access | None:
    """None where the stored word is not an access level: unknown means closed."""
    try:
        return Access(article.access)
    except ValueError:
        return None


def authors_of(article: Article) -> tuple[public.Term, ...]:
    return tuple(term(authorship.author) for authorship in article.authorships.all())


def byline_of(article: Article) -> str:
    """The editor's byline as typed; where there is none, the authors' names in their order."""
    names = tuple(author.name for author in authors_of(article))
    return article.byline.strip() or joined(names, settings.LANGUAGE_CODE)


def joined(names: tuple[str, ...], language: str = "en") -> str:
    """Names in one line, as in "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {_AND.get(language, _AND['en'])} {names[-1]}"


def picture_of(image: Image | None, prefix: str) -> public.Picture | None:
    """None as long as nobody has described the picture or called it decorative."""
    return shown(image, prefix) if image is not None and image.described else None


def shown(image: Image, prefix: str) -> public.Picture:
    return public.Picture(
        src=f"{prefix}media/{image.name}",
        width=image.width,
        height=image.height,
        alt="" if image.decorative else image.alt.strip(),
        caption=image.caption.strip(),
        credit=image.credit.strip(),
    )


def notes_of(article: Article) -> tuple[public.Note, ...]:
    return tuple(
        public.Note("correction" if note.kind == "correction" else "update", note.at, note.text)
        for note in article.notes.all()
    )


def card_of(article: Article, prefix: str, reads: int = 0) -> public.Card:
    """The card of a published article: what stands above its fold, and no word of its body. `reads` is the figure that
    it shows, 0 for none."""
    if article.published_at is None:
        raise ValueError("only a published article has a card")
    return public.Card(
        path=article.path,
        headline=article.headline,
        standfirst=article.standfirst,
        byline=byline_of(article),
        published_at=article.published_at,
        access=access_of(article),
        section=term(article.section) if article.section else None,
        picture=picture_of(article.lead_image, prefix),
        tags=tuple(term(tag) for tag in article.tags.all()),
        reads=reads,
    )
