from django.db import migrations, models

from cities.served_cities import add_region_names


def add(apps, schema_editor):
    add_region_names(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("cities", "0003_places")]

    operations = [
        migrations.CreateModel(
            name="Region",
            fields=[
                (
                    "name",
                    models.CharField(
                        help_text="As the database names it: gcp-europe-west1.",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                        verbose_name="name",
                    ),
                ),
                ("display_name", models.CharField(max_length=64, verbose_name="display name")),
            ],
            options={
                "verbose_name": "region",
                "verbose_name_plural": "regions",
                "db_table": "regions",
                "ordering": ["display_name"],
            },
        ),
        migrations.RunPython(add, migrations.RunPython.noop),
    ]
