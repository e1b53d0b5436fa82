"""The words of the site's pages: those of `pages.words`, with the few that only these pages need."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from foldline import config
from foldline.pages.words import Words, load_words

EXTRA: dict[str, dict[str, str]] = {
    "en": {
        "link.elsewhere-title": "Type this code where you asked for it",
        "link.elsewhere": "This link signs nobody in by itself. Type the code on the device and in the browser where "
        "you asked for it.",
        "link.again": "Ask for a new code",
        "account.sign-out": "Sign out",
        "sign-out.everywhere": "Sign out on all devices",
        "sign-out.stay": "Stay signed in",
        "error.too-many.title": "Too many tries",
        "error.too-many.sentence": "Please wait a few minutes, then try once more.",
        "error.forbidden.title": "This form could not be trusted",
        "error.forbidden.sentence": "It was open for too long, came from another site, or cookies are switched off. "
        "Please go back, load the page anew and send it once more.",
    },
    "fr": {
        "link.elsewhere-title": "Saisissez ce code là où vous l’avez demandé",
        "link.elsewhere": "Ce lien ne connecte personne à lui seul. Saisissez le code sur l’appareil et dans le "
        "navigateur où vous l’avez demandé.",
        "link.again": "Demander un nouveau code",
        "account.sign-out": "Se déconnecter",
        "sign-out.everywhere": "Se déconnecter de tous les appareils",
        "sign-out.stay": "Rester connecté",
        "error.too-many.title": "Trop d’essais",
        "error.too-many.sentence": "Attendez quelques minutes, puis réessayez.",
        "error.forbidden.title": "Ce formulaire n’a pas pu être vérifié",
        "error.forbidden.sentence": "Il est resté ouvert trop longtemps, vient d’un autre site, ou les cookies sont "
        "désactivés. Revenez en arrière, rechargez la page et envoyez-le de nouveau.",
    },
}


@cache
def _words(language: str) -> Words:
    shipped = load_words(language)
    return Words(shipped.language, {**EXTRA["en"], **EXTRA.get(shipped.language, {}), **shipped})


def words() -> Words:
    """The words in the publication's language."""
    foldline: config.Settings = settings.FOLDLINE
    return _words(foldline.publication.language)
