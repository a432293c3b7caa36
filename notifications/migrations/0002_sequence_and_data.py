from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="data",
            field=models.JSONField(blank=True, default=dict, verbose_name="data"),
        ),
        migrations.AddField(
            model_name="notification",
            name="sequence",
            field=models.PositiveIntegerField(default=0, editable=False, verbose_name="sequence"),
        ),
        migrations.AlterField(
            model_name="notification",
            name="text",
            field=models.CharField(blank=True, max_length=300, verbose_name="text"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["city", "user_id", "sequence"], name="notifications_sequence"),
        ),
    ]
