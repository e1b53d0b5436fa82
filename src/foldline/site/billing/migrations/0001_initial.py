from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# A later migration that makes this table anew must make these anew too.
REFUSE = """
CREATE TRIGGER billing_billingevent_no_{verb} BEFORE {verb} ON billing_billingevent
BEGIN SELECT RAISE(ABORT, 'the log of billing is append-only'); END
"""

REFUSE_IN_POSTGRES = """
CREATE FUNCTION billing_billingevent_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the log of billing is append-only'; END $$;
CREATE TRIGGER billing_billingevent_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_billingevent
FOR EACH STATEMENT EXECUTE FUNCTION billing_billingevent_stays();
"""

STATES = [
    (state, state)
    for state in (
        "none", "trialing", "active", "past-due", "paused", "cancelled", "lapsed", "refunded", "disputed",
    )
]  # fmt: skip


def refuse_changes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The log of billing is append-only in the database itself, whatever asks it."""
    if schema_editor.connection.vendor == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(REFUSE.format(verb=verb))
    else:
        schema_editor.execute(REFUSE_IN_POSTGRES)


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        ("readers", "0004_kinds_of_entitlements"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SeenNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=20)),
                ("event", models.CharField(max_length=255)),
                ("at", models.BigIntegerField()),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("provider", "event"), name="an_event_counts_once")],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=20)),
                ("provider_id", models.CharField(max_length=255)),
                ("customer", models.CharField(max_length=255)),
                ("plan", models.CharField(max_length=40)),
                (
                    "products",
                    models.CharField(max_length=120),
                ),
                ("grace_days", models.PositiveSmallIntegerField()),
                ("state", models.CharField(choices=STATES, max_length=10)),
                ("status", models.CharField(max_length=20)),
                ("period_end", models.BigIntegerField()),
                ("cancel_at_period_end", models.BooleanField()),
                ("trial_end", models.BigIntegerField(null=True)),
                ("paused", models.BooleanField()),
                ("refunded", models.BooleanField()),
                ("disputed", models.BooleanField()),
                ("amount", models.PositiveBigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("created", models.BigIntegerField()),
                ("version", models.BigIntegerField()),
                ("seen", models.BigIntegerField()),
                (
                    "reader",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="paid_subscriptions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-created", "-pk"),
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="OwnedEntitlement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "entitlement",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="owner", to="readers.entitlement"
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="owned", to="billing.subscription"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="BillingEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.BigIntegerField()),
                (
                    "heard",
                    models.CharField(
                        choices=[
                            ("notice", "Notice"),
                            ("return", "Return"),
                            ("account", "Account"),
                            ("reconcile", "Reconcile"),
                        ],
                        max_length=10,
                    ),
                ),
                ("what", models.CharField(max_length=200)),
                ("before", models.CharField(choices=STATES, max_length=10)),
                ("after", models.CharField(choices=STATES, max_length=10)),
                ("until", models.BigIntegerField()),
                ("version", models.BigIntegerField()),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="billing.subscription"
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "default_permissions": (),
            },
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(fields=("provider", "provider_id"), name="one_row_for_a_subscription"),
        ),
        migrations.RunPython(refuse_changes, migrations.RunPython.noop),
    ]
