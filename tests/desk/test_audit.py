"""Each change has who, when, before and after; nothing of it can be taken back, and nobody's address stands in it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.newsroom.room import Newsroom, body
from tests.readers.browser import Browser
from tests.readers.processes import DeskBrowser

from .conftest import Log
from .staff_room import come_in, enter

TABLES = {
    f"{name}-{kind}": "0" for name in ("authorships", "notes", "old_paths") for kind in ("TOTAL_FORMS", "INITIAL_FORMS")
}


def test_a_changed_article_is_told_with_before_and_after_and_without_its_text(
    desk: DeskBrowser, newsroom: Newsroom, log: Log
) -> None:
    from foldline.site.newsroom.models import Article, Section

    email = enter(desk, "editor")
    section = Section.objects.create(name="Town")
    desk.get("/newsroom/article/add/")
    form = {"headline": "Rivers rise", "body": body(word="meadow"), "access": "metered", "slug": "", **TABLES}
    assert desk.post("/newsroom/article/add/", {**form, "_publish": "1"}).status == 302
    article = Article.objects.get()
    page = f"/newsroom/article/{article.pk}/change/"
    desk.get(page)
    published = {"published_at_0": "2026-01-02", "published_at_1": "06:00:00"}
    note = {
        "notes-TOTAL_FORMS": "1", "notes-0-kind": "correction", "notes-0-at_0": "2026-01-03",
        "notes-0-at_1": "07:00:00",        "notes-0-text": "The river is the Ash.", "notes-0-article": str(article.pk),
    }  # fmt: skip
    changed = {**form, **published, **note, "body": body(word="harbour"), "access": "free", "section": str(section.pk)}
    assert desk.post(page, {**changed, "slug": article.slug, "_save": "1"}).status == 302
    published_first, added, published_again, change = log.changes()
    assert published_first == published_again == f"{email}|published|article||"
    who, what, kind, before, after = change.split("|")
    assert (who, what, kind) == (email, "changed", "article")
    assert "access: metered" in before
    assert "access: free" in after
    assert "section: (none)" in before
    assert "section: Town" in after
    assert "updates and corrections" not in before
    assert "The river is the Ash." in after
    assert "body: (one)" in before
    assert "body: (another)" in after
    assert "headline" not in before + after
    told = " ".join(log.entries())
    assert "access: metered" in added
    assert "meadow" not in told
    assert "harbour" not in told
    shown = desk.get(f"/newsroom/article/{article.pk}/history/").text
    assert "access: metered" in shown
    assert "access: free" in shown


def test_saving_without_a_change_writes_no_change(desk: DeskBrowser, newsroom: Newsroom, log: Log) -> None:
    from foldline.site.newsroom.models import Section

    email = enter(desk, "editor")
    section = Section.objects.create(name="Town")
    page = f"/newsroom/section/{section.pk}/change/"
    desk.get(page)
    assert desk.post(page, {"name": "Town", "slug": "town", "order": "0"}).status == 302
    assert log.changes() == []
    desk.get("/newsroom/section/")
    listed = {
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(section.pk), "form-0-order": "7",
        "_save": "Save",
    }  # fmt: skip
    assert desk.post("/newsroom/section/", listed).status == 302
    assert log.changes() == [f"{email}|changed|section|order: 0|order: 7"]


def test_what_is_deleted_and_withdrawn_is_told(desk: DeskBrowser, newsroom: Newsroom, log: Log) -> None:
    from foldline.site.desk.models import AuditEntry
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article, Tag

    email = enter(desk, "editor")
    tag = Tag.objects.create(name="Rivers")
    article = Article.objects.create(headline="Rivers rise", body=body())
    publishing.publish(article)
    desk.get(f"/newsroom/tag/{tag.pk}/delete/")
    assert desk.post(f"/newsroom/tag/{tag.pk}/delete/", {"post": "yes"}).status == 302
    desk.get("/newsroom/article/")
    chosen = {"action": "withdraw_chosen", "_selected_action": str(article.pk)}
    assert desk.post("/newsroom/article/", chosen).status == 302
    assert log.changes() == [f"{email}|deleted|tag||", f"{email}|withdrew|article||"]
    assert [entry.name for entry in AuditEntry.objects.all()[:2]] == ["Rivers rise", "Rivers"]


def test_what_is_done_to_a_reader_is_told_without_the_readers_address_or_name(desk: DeskBrowser, log: Log) -> None:
    from django.db.models import TextField
    from django.db.models.functions import Cast

    from foldline.site.desk.models import AuditEntry
    from foldline.site.readers import moment
    from foldline.site.readers.models import Entitlement, Reader

    email = enter(desk, "admin")
    Browser().sign_in("nora@example.test")
    nora = Reader.objects.get(email="nora@example.test")
    page = f"/service/{nora.pk}"
    desk.get(page)
    desk.post(f"{page}/give", {"product": "1", "days": "14", "note": "for Nora North"})
    desk.post(f"{page}/note", {"text": "Nora North rang."})
    desk.post(f"{page}/end", {"entitlement": str(Entitlement.objects.get().pk)})
    desk.post(f"{page}/sign-out")
    desk.post(f"{page}/sign-out")
    change = f"/readers/reader/{nora.pk}/change/"
    desk.get(change)
    desk.post(change, {"email": "nora.north@example.test", "name": "Nora North", "is_active": "on"})
    desk.get("/readers/entitlement/add/")
    added = {"reader": str(nora.pk), "product": "1", "kind": "staff", "note": "for Nora North"}
    desk.post("/readers/entitlement/add/", added)
    told = [entry.removeprefix(f"{email}|") for entry in log.changes()]
    end = told[2].split("|")[2]
    assert told == [
        f"gave|entitlement||complimentary, 14 days, until {moment.now() + timedelta(days=14):%Y-%m-%d}",
        "wrote a note|reader||",
        f"ended|entitlement|{end}|ended now",
        "signed out|reader|1 running|ended",
        "changed|reader|email: (one); name: (none)|email: (another); name: (another)",
        "added|entitlement||reader: (one); product: All of the publication; kind: staff; note: (one)",
    ]
    written = AuditEntry.objects.annotate(all=Cast("id", TextField())).values_list(
        "by", "what", "kind", "key", "name", "before", "after"
    )
    assert "nora" not in str(list(written)).casefold()


def test_coming_to_the_desk_for_the_first_time_is_told(desk: DeskBrowser, log: Log) -> None:
    email = come_in(desk, "service")
    assert log.entries() == ["command line|made staff|staff||service", f"{email}|second factor set up|staff||"]


def test_the_log_is_append_only_in_the_code_and_in_the_database(site: None, log: Log) -> None:
    from django.db import DatabaseError, connection, transaction

    from foldline.site.desk import audit
    from foldline.site.desk.models import AuditEntry

    audit.record("somebody", "changed", audit.Subject("thing", "1"), "a", "b")
    entry = AuditEntry.objects.latest("id")
    for change in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(by="nobody"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()
    for statement in ("UPDATE desk_auditentry SET by = 'nobody'", "DELETE FROM desk_auditentry"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert log.entries() == ["somebody|changed|thing|a|b"]


def test_an_admin_reads_the_log_by_kind_and_page(desk: DeskBrowser, site: None) -> None:
    from foldline.site.desk import audit
    from foldline.site.desk.audit_log import ON_A_PAGE

    enter(desk, "admin")
    for number in range(ON_A_PAGE + 1):
        audit.record("somebody", "changed", audit.Subject("teapot", str(number)), "cold", "hot & <b>steaming</b>")
    page = desk.get("/audit?kind=teapot").text
    assert "hot &amp; &lt;b&gt;steaming" in page
    assert f"teapot {ON_A_PAGE}<" in page.replace("</td>", "<")
    assert "1 of 2" in page
    assert "teapot 0<" in desk.get("/audit?kind=teapot&page=2").text.replace("</td>", "<")
    assert "teapot" in desk.get("/audit?kind=nothing-of-this-kind").text


def test_a_change_that_fails_is_not_in_the_log(desk: DeskBrowser, newsroom: Newsroom, log: Log) -> None:
    enter(desk, "editor")
    desk.get("/newsroom/article/add/")
    form = {"headline": "", "body": "x", "access": "metered", "slug": "", **TABLES}
    assert desk.post("/newsroom/article/add/", {**form, "_publish": "1"}).status == 200
    assert log.changes() == []
