from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0002_calendar")]

    operations = [
        migrations.AddIndex(
            model_name="allocation",
            index=models.Index(fields=["made_by_city", "made_by_id"], name="allocations_maker"),
        ),
    ]
