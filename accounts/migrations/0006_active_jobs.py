from django.db import migrations

import movr_project.db.counters


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_mail_preference"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="active_jobs",
            field=movr_project.db.counters.CounterField(verbose_name="jobs in progress"),
        ),
    ]
