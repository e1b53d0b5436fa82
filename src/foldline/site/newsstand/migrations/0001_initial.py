from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=500, unique=True)),
                ("title", models.CharField(max_length=80)),
                ("named", models.BooleanField(default=False)),
                ("language", models.CharField(blank=True, default="", max_length=40)),
                ("added_at", models.BigIntegerField()),
                ("next_at", models.BigIntegerField(db_index=True, default=0)),
                ("fetched_at", models.BigIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("problem", models.CharField(blank=True, default="", max_length=200)),
                ("left_out", models.CharField(blank=True, default="", max_length=200)),
                ("etag", models.CharField(blank=True, default="", max_length=500)),
                ("last_modified", models.CharField(blank=True, default="", max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name="SourceCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=300)),
                ("link", models.CharField(max_length=2000)),
                ("headline", models.CharField(max_length=200)),
                ("standfirst", models.CharField(blank=True, default="", max_length=300)),
                ("at", models.DateTimeField(null=True)),
                ("tags", models.JSONField(default=list)),
                ("first_seen", models.DateTimeField()),
                ("sorted_at", models.DateTimeField(db_index=True)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="cards", to="newsstand.source"
                    ),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("source", "key"), name="one_card_of_a_key")]},
        ),
    ]
