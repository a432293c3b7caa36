from django.db import migrations

import movr_project.db.counters


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_api_access"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="notification_sequence",
            field=movr_project.db.counters.CounterField(verbose_name="changes of notifications"),
        ),
    ]
