import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("terms", "Terms of use"), ("privacy", "Privacy"), ("help", "Help")],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                ("version", models.PositiveIntegerField(editable=False, verbose_name="version")),
                ("text", models.TextField(help_text="In Markdown.", verbose_name="text")),
                (
                    "must_accept",
                    models.BooleanField(
                        default=False,
                        help_text="For terms only. People must accept this version before they continue.",
                        verbose_name="ask everyone again",
                    ),
                ),
                (
                    "published_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="published"),
                ),
            ],
            options={
                "verbose_name": "text",
                "verbose_name_plural": "texts",
                "db_table": "documents",
                "ordering": ["kind", "-version"],
                "constraints": [models.UniqueConstraint(fields=("kind", "version"), name="documents_kind_version")],
            },
        ),
        migrations.CreateModel(
            name="TermsAcceptance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                ("accepted_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="accepted")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="terms_acceptances",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "acceptance of the terms",
                "verbose_name_plural": "acceptances of the terms",
                "db_table": "terms_acceptances",
                "constraints": [models.UniqueConstraint(fields=("user", "version"), name="terms_accepted_once")],
            },
        ),
    ]
