from __future__ import annotations

from typing import ClassVar

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import foldline.site.readers.models
import foldline.site.readers.moment


def add_whole_publication(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Every publication has one product from the start: all of it."""
    apps.get_model("readers", "Product").objects.get_or_create(number=1, defaults={"name": "All of the publication"})


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                ("key", models.TextField()),
                ("at", models.BigIntegerField()),
            ],
            options={
                "db_table": "foldline_changes",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="PassFacts",
            fields=[
                ("session", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("reader", models.CharField(max_length=32)),
                ("products", models.TextField()),
                ("session_until", models.BigIntegerField()),
                ("ended_at", models.BigIntegerField(default=0)),
            ],
            options={
                "db_table": "foldline_pass_facts",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                (
                    "number",
                    models.PositiveSmallIntegerField(
                        primary_key=True,
                        serialize=False,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                    ),
                ),
                ("name", models.CharField(max_length=120, unique=True)),
            ],
            options={
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="Reader",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="email address")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                (
                    "key",
                    models.CharField(
                        default=foldline.site.readers.models.new_key,
                        editable=False,
                        max_length=32,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("\\A[0-9a-f]{32}\\Z")],
                    ),
                ),
                ("is_staff", models.BooleanField(default=False, verbose_name="staff status")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("joined_at", models.DateTimeField(default=foldline.site.readers.moment.now, editable=False)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "ordering": ("email",),
            },
        ),
        migrations.CreateModel(
            name="ReaderSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("django_key", models.CharField(max_length=40, unique=True)),
                (
                    "pass_session",
                    models.CharField(default=foldline.site.readers.models.new_key, max_length=32, unique=True),
                ),
                ("started_at", models.DateTimeField(default=foldline.site.readers.moment.now)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SignInCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lookup", models.CharField(max_length=64, unique=True)),
                ("code_hash", models.CharField(max_length=64)),
                ("address", models.CharField(db_index=True, max_length=64)),
                ("asked_at", models.DateTimeField(db_index=True, default=foldline.site.readers.moment.now)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("spent_at", models.DateTimeField(null=True)),
                ("replaced_at", models.DateTimeField(null=True)),
                (
                    "reader",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Entitlement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("staff", "Staff"), ("complimentary", "Complimentary")],
                        default="complimentary",
                        max_length=20,
                    ),
                ),
                ("starts_at", models.DateTimeField(default=foldline.site.readers.moment.now)),
                ("ends_at", models.DateTimeField(blank=True, help_text="May stay empty for staff only.", null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("given_at", models.DateTimeField(default=foldline.site.readers.moment.now, editable=False)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                (
                    "ended_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entitlements",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="readers.product"
                    ),
                ),
            ],
            options={
                "ordering": ("-given_at",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__isnull", False), ("kind", "staff"), _connector="OR"),
                        name="only_staff_without_end",
                    )
                ],
            },
        ),
        migrations.RunPython(add_whole_publication, migrations.RunPython.noop),
    ]
