"""Pages of the site: a template of ours inside the publication's own layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.context_processors import csrf
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from foldline import config
from foldline.pages.public import Publication, Term
from foldline.pages.shell import shell
from foldline.site.readers.wording import words


class Texts(Mapping[str, Any]):
    """The words as templates can ask for them: `{{ w.sign-in }}` is no template syntax, `{{ w.sign_in.lead }}` is."""

    def __init__(self, at: str = "") -> None:
        self._at = at

    def __getitem__(self, name: str) -> Any:
        key = f"{self._at}{name.replace('_', '-')}"
        return words()[key] if key in words() else Texts(f"{key}.")

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 1

    def __str__(self) -> str:
        raise KeyError(self._at)


def publication() -> Publication:
    """The publication whose pages these are."""
    foldline: config.Settings = settings.FOLDLINE
    return foldline.publication


def page(
    request: HttpRequest, template: str, title: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page of the site. `template` is the name of a file in `templates/readers/` without its ending; the name of
    another room's folder stands before it, as in `billing/cancel`."""
    values = {
        "w": Texts(),
        "publication": publication(),
        "title": title,
        "prefix": publication().prefix,
        **csrf(request),
        **(context or {}),
    }
    # Without the request: a page reads the session and sets cookies only where its template has a form.
    main = render_to_string(f"{template if '/' in template else f'readers/{template}'}.html", values)
    return framed(title, main, status)


def framed(title: str, main: str, status: int = 200) -> HttpResponse:
    """HTML that is ready, inside the publication's layout."""
    today = replace(publication(), sections=_sections())
    html = shell(today, words(), title, mark_safe(main))  # noqa: S308 - rendered by an escaping template
    return HttpResponse(html, status=status, content_type="text/html; charset=utf-8")


def _sections() -> tuple[Term, ...]:
    """The newsroom's sections as they are now. A page about an error stands without them, where they can't be read."""
    try:
        return tuple(
            Term(section.name, section.path) for section in apps.get_model("newsroom", "Section").objects.all()
        )
    except DatabaseError:
        return ()
