"""The addresses of reader service. Whatever shows a reader's page is handed the desk's eye."""

from __future__ import annotations

from django.urls import URLPattern, path

from foldline.site.desk.looking import Eye
from foldline.site.desk.service import acts, endless, finding, merging_page, reader_page


def addresses(eye: Eye) -> list[URLPattern]:
    """Finding a reader, their page, and each act on it."""
    return [
        path("service/", finding.find, name="readers"),
        path("service/without-end", endless.listed, name="endless"),
        path("service/without-end/<int:pk>", endless.review, name="endless_review"),
        path("service/<int:pk>", reader_page.reader, {"eye": eye}, name="reader"),
        path("service/<int:pk>/give", acts.give, {"eye": eye}, name="reader_give"),
        path("service/<int:pk>/end", acts.end, name="reader_end"),
        path("service/<int:pk>/code", acts.resend_code, name="reader_code"),
        path("service/<int:pk>/sign-out", acts.sign_out, name="reader_sign_out"),
        path("service/<int:pk>/end-feed", acts.end_feed, name="reader_end_feed"),
        path("service/<int:pk>/erase", acts.erase, {"eye": eye}, name="reader_erase"),
        path("service/<int:pk>/merge", merging_page.merge, {"eye": eye}, name="reader_merge"),
        path("service/<int:pk>/note", acts.note, {"eye": eye}, name="reader_note"),
    ]
