from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

KINDS = [
    ("staff", "Staff"),
    ("complimentary", "Complimentary"),
    ("paid", "Paid"),
    ("trial", "Trial"),
    ("gift", "Gift"),
    ("print", "Print"),
    ("library", "Library"),
    ("company", "Company"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("readers", "0004_kinds_of_entitlements")]

    operations: ClassVar = [
        migrations.AlterField(
            "entitlement", "kind", models.CharField(choices=KINDS, default="complimentary", max_length=20)
        ),
    ]
