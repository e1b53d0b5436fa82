from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [("readers", "0005_companies")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Powers",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={
                "permissions": (("change_institutions", "Set up libraries and companies, and see what they use"),),
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Provided",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("institution", models.PositiveBigIntegerField(db_index=True)),
                ("proven_at", models.DateTimeField()),
                (
                    "entitlement",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="provided", to="readers.entitlement"
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
    ]
