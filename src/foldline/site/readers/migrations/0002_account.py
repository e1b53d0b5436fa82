from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("readers", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField("readersession", "device", models.CharField(blank=True, default="", max_length=60)),
    ]
