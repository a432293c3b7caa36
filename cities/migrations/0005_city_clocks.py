from django.db import migrations, models

from cities.served_cities import set_clocks


def set_(apps, schema_editor):
    set_clocks(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("cities", "0004_region_names")]

    operations = [
        migrations.AddField(
            model_name="city",
            name="uses_24_hours",
            field=models.BooleanField(
                default=True,
                help_text="Whether people there write 15:30 instead of 3:30 PM.",
                verbose_name="24-hour clock",
            ),
        ),
        migrations.RunPython(set_, migrations.RunPython.noop),
    ]
