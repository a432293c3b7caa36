import datetime

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0001_initial"),
        ("rides", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="ride",
            name="pause_until",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="ride",
            name="paused_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="ride",
            name="paused_for",
            field=models.DurationField(default=datetime.timedelta, editable=False),
        ),
        migrations.AddConstraint(
            model_name="ride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("pause_until__isnull", True), ("paused_at__isnull", True)),
                    models.Q(
                        ("end_time__isnull", True),
                        ("pause_until__gt", models.F("paused_at")),
                        ("pause_until__isnull", False),
                        ("paused_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="rides_pause_is_whole",
            ),
        ),
    ]
