"""Recipes are files of this package (`recipes/*.jinja`), filled with what a home says of itself."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from foldline.errors import FoldlineError

_FOLDER = files("foldline.cli").joinpath("recipes")


class _Recipes(BaseLoader):
    def get_source(self, environment: Environment, template: str) -> tuple[str, None, None]:
        found = _FOLDER.joinpath(template)
        if not found.is_file():
            raise TemplateNotFound(template)
        return found.read_text(encoding="utf-8"), None, None


# What is printed is configuration: nothing of it is HTML, and a name without a value is a mistake of ours.
_ENVIRONMENT = Environment(
    loader=_Recipes(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701
)


_ENVIRONMENT.filters["php"] = lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
_ENVIRONMENT.filters["python"] = json.dumps


def require_plain(text: str) -> None:
    """A path, an address or a name, as every program's configuration takes it without quotes.

    Raises:
        FoldlineError: it has a space, a quote or another sign that means something there.
    """
    if not re.fullmatch(r"[\w./:@+~\[\]-]*", text, re.ASCII):
        raise FoldlineError(
            f"{text!r} can't stand in a configuration as it is. Use letters, digits and . / : - _ alone."
        )


def filled(recipe: str, /, **values: Any) -> str:
    """A recipe by the name of its file without `.jinja`, filled."""
    return _ENVIRONMENT.get_template(f"{recipe}.jinja").render(values)
