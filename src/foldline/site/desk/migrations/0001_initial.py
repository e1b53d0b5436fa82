from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import foldline.site.readers.moment

# A later migration that makes this table anew must make these anew too.
REFUSE = """
CREATE TRIGGER desk_auditentry_no_{verb} BEFORE {verb} ON desk_auditentry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""

REFUSE_IN_POSTGRES = """
CREATE FUNCTION desk_auditentry_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER desk_auditentry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON desk_auditentry
FOR EACH STATEMENT EXECUTE FUNCTION desk_auditentry_stays();
"""


def refuse_changes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The audit log is append-only in the database itself, whatever asks it."""
    if schema_editor.connection.vendor == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(REFUSE.format(verb=verb))
    else:
        schema_editor.execute(REFUSE_IN_POSTGRES)


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Desk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={
                "permissions": (
                    ("see_as", "See an article as any reader"),
                    ("open_now", "Open articles for everybody"),
                    ("serve_readers", "Find readers, and help them"),
                    ("see_rules", "See the rules"),
                    ("change_rules", "Publish rules"),
                    ("see_decisions", "See the last decisions"),
                    ("see_jobs", "See what the site does by itself"),
                    ("see_audit", "See who changed what"),
                ),
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DueJob",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("every", models.FloatField()),
                ("due", models.FloatField(default=0.0)),
                ("leased_by", models.CharField(blank=True, max_length=40)),
                ("leased_until", models.FloatField(default=0.0)),
                ("began", models.FloatField(default=0.0)),
                ("ended", models.FloatField(default=0.0)),
                ("runs", models.PositiveBigIntegerField(default=0)),
                ("failures", models.PositiveBigIntegerField(default=0)),
                ("failing", models.PositiveIntegerField(default=0)),
                ("problem", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "ordering": ("name",),
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=foldline.site.readers.moment.now, editable=False)),
                ("by", models.CharField(editable=False, max_length=254)),
                ("what", models.CharField(editable=False, max_length=60)),
                ("kind", models.CharField(editable=False, max_length=40)),
                ("key", models.CharField(blank=True, editable=False, max_length=120)),
                ("name", models.CharField(blank=True, editable=False, max_length=300)),
                ("before", models.TextField(blank=True, editable=False)),
                ("after", models.TextField(blank=True, editable=False)),
            ],
            options={
                "ordering": ("-id",),
                "default_permissions": (),
                "indexes": [models.Index(fields=["kind", "key"], name="desk_audit_subject")],
            },
        ),
        migrations.CreateModel(
            name="ReaderNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("by", models.CharField(max_length=254)),
                ("at", models.DateTimeField(default=foldline.site.readers.moment.now)),
                ("text", models.TextField(max_length=2000)),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="desk_notes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-at", "-id"),
                "default_permissions": (),
            },
        ),
        migrations.RunPython(refuse_changes, migrations.RunPython.noop),
    ]
