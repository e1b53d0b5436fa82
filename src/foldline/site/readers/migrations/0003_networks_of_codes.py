from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("readers", "0002_account")]

    operations: ClassVar = [
        migrations.AddField("signincode", "network", models.CharField(blank=True, default="", max_length=64)),
    ]
