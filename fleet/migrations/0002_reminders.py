from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="allocation",
            name="reminded_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="rider reminded"),
        ),
        migrations.AddIndex(
            model_name="allocation",
            index=models.Index(
                condition=models.Q(
                    ("cancelled_at__isnull", True), ("reminded_at__isnull", True), ("rider_id__isnull", False)
                ),
                fields=["city", "starts_at"],
                name="allocations_to_remind",
            ),
        ),
    ]
