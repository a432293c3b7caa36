from django.db import migrations

import movr_project.db.counters


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_active_jobs"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="followed_count",
            field=movr_project.db.counters.CounterField(verbose_name="following"),
        ),
        migrations.AddField(
            model_name="user",
            name="follower_count",
            field=movr_project.db.counters.CounterField(verbose_name="followers"),
        ),
        migrations.AddField(
            model_name="user",
            name="post_count",
            field=movr_project.db.counters.CounterField(verbose_name="posts"),
        ),
        migrations.AddField(
            model_name="user",
            name="silenced_until",
            field=movr_project.db.counters.DeadlineField(verbose_name="silenced until"),
        ),
        migrations.AddField(
            model_name="user",
            name="unread_messages",
            field=movr_project.db.counters.CounterField(verbose_name="unread messages"),
        ),
    ]
