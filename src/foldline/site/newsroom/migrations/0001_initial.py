import django.db.models.deletion
from django.db import migrations, models

import foldline.site.newsroom.addresses


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Article",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("headline", models.CharField(max_length=300)),
                (
                    "standfirst",
                    models.TextField(
                        blank=True, help_text="One sentence under the headline. Left empty, there is none."
                    ),
                ),
                (
                    "byline",
                    models.CharField(
                        blank=True,
                        help_text="As it is to be read. Left empty, it is made of the authors below.",
                        max_length=300,
                    ),
                ),
                (
                    "body",
                    models.TextField(
                        blank=True,
                        help_text="Markdown. The preview ends at a line &lt;!-- fold --&gt;; without one, after the opening.",
                    ),
                ),
                (
                    "access",
                    models.CharField(
                        choices=[
                            ("free", "free"),
                            ("registered", "registered"),
                            ("metered", "metered"),
                            ("subscribers", "subscribers"),
                        ],
                        default="metered",
                        max_length=20,
                    ),
                ),
                (
                    "slug",
                    models.CharField(
                        blank=True,
                        help_text="Left empty, it is made of the headline. Changed later, the old address leads to the new one.",
                        max_length=120,
                        unique=True,
                        validators=[foldline.site.newsroom.addresses.validate_article_slug],
                        verbose_name="address",
                    ),
                ),
                ("social_text", models.TextField(blank=True, help_text="Left empty, other sites show the standfirst.")),
                (
                    "reading_time",
                    models.CharField(
                        blank=True,
                        help_text="As in: 4 min read. Left empty, none is shown; it is never computed.",
                        max_length=40,
                    ),
                ),
                (
                    "publish_at",
                    models.DateTimeField(
                        blank=True, help_text="When a draft appears by itself.", null=True, verbose_name="publish at"
                    ),
                ),
                (
                    "published_at",
                    models.DateTimeField(
                        blank=True, help_text="The date on the page.", null=True, verbose_name="published"
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Shown as “Updated …”. Left empty, it is the last note's date.",
                        null=True,
                        verbose_name="updated",
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("version", models.PositiveIntegerField(default=0, editable=False)),
                ("settled_version", models.PositiveIntegerField(default=0, editable=False)),
                ("published_slug", models.CharField(blank=True, editable=False, max_length=120)),
                ("listed_in", models.JSONField(default=list, editable=False)),
                ("import_key", models.CharField(blank=True, db_index=True, editable=False, max_length=300)),
                ("content_hash", models.CharField(blank=True, editable=False, max_length=64)),
            ],
            options={
                "ordering": ("-published_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="Author",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="Shown as typed.", max_length=200)),
                (
                    "slug",
                    models.CharField(
                        blank=True,
                        help_text="The last part of its address. Left empty, it is made of the name.",
                        max_length=120,
                        unique=True,
                        validators=[foldline.site.newsroom.addresses.validate_slug],
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="DueList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=200, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fingerprint", models.CharField(max_length=64)),
                ("at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="Image",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(editable=False, max_length=48, unique=True)),
                ("width", models.PositiveIntegerField(editable=False)),
                ("height", models.PositiveIntegerField(editable=False)),
                ("source_name", models.CharField(blank=True, editable=False, max_length=255, verbose_name="file")),
                ("source_digest", models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                ("address", models.CharField(blank=True, db_index=True, editable=False, max_length=300)),
                (
                    "alt",
                    models.TextField(
                        blank=True,
                        help_text="What the picture shows, for those who can't see it. Not the caption.",
                        verbose_name="description",
                    ),
                ),
                (
                    "decorative",
                    models.BooleanField(default=False, help_text="It only adorns: a description would add nothing."),
                ),
                ("caption", models.TextField(blank=True)),
                ("credit", models.CharField(blank=True, help_text="As in: name for agency.", max_length=300)),
                ("added_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("-added_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="Section",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="Shown as typed.", max_length=200)),
                (
                    "slug",
                    models.CharField(
                        blank=True,
                        help_text="The last part of its address. Left empty, it is made of the name.",
                        max_length=120,
                        unique=True,
                        validators=[foldline.site.newsroom.addresses.validate_slug],
                    ),
                ),
                ("order", models.PositiveSmallIntegerField(default=0, help_text="The smallest comes first.")),
            ],
            options={
                "ordering": ("order", "name"),
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="Shown as typed.", max_length=200)),
                (
                    "slug",
                    models.CharField(
                        blank=True,
                        help_text="The last part of its address. Left empty, it is made of the name.",
                        max_length=120,
                        unique=True,
                        validators=[foldline.site.newsroom.addresses.validate_slug],
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Authorship",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order", models.PositiveSmallIntegerField(default=0)),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="authorships", to="newsroom.article"
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="authorships", to="newsroom.author"
                    ),
                ),
            ],
            options={
                "verbose_name": "author",
                "ordering": ("order", "id"),
            },
        ),
        migrations.AddField(
            model_name="article",
            name="authors",
            field=models.ManyToManyField(
                blank=True, related_name="articles", through="newsroom.Authorship", to="newsroom.author"
            ),
        ),
        migrations.AddField(
            model_name="article",
            name="lead_image",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="articles",
                to="newsroom.image",
            ),
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("update", "update"), ("correction", "correction")], default="update", max_length=12
                    ),
                ),
                ("at", models.DateTimeField()),
                ("text", models.TextField()),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="newsroom.article"
                    ),
                ),
            ],
            options={
                "ordering": ("at", "id"),
            },
        ),
        migrations.CreateModel(
            name="OldPath",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=400, unique=True)),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="old_paths", to="newsroom.article"
                    ),
                ),
            ],
            options={
                "ordering": ("path",),
            },
        ),
        migrations.AddField(
            model_name="article",
            name="section",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="articles",
                to="newsroom.section",
            ),
        ),
        migrations.AddField(
            model_name="article",
            name="tags",
            field=models.ManyToManyField(blank=True, related_name="articles", to="newsroom.tag"),
        ),
        migrations.CreateModel(
            name="ArticleAlarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("problem", models.CharField(max_length=20)),
                ("what", models.TextField()),
                ("hint", models.TextField(blank=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alarms", to="newsroom.article"
                    ),
                ),
            ],
            options={
                "ordering": ("at", "id"),
                "constraints": [models.UniqueConstraint(fields=("article", "problem"), name="newsroom_alarm_once")],
            },
        ),
        migrations.AddConstraint(
            model_name="authorship",
            constraint=models.UniqueConstraint(fields=("article", "author"), name="newsroom_author_once"),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(fields=["-published_at", "-id"], name="newsroom_article_newest"),
        ),
    ]
