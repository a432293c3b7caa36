from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0004_items_without_a_city"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="follow",
            index=models.Index(fields=["followed_city", "followed_id", "id"], name="follows_followed_in_order"),
        ),
        migrations.RemoveIndex(
            model_name="follow",
            name="follows_followed",
        ),
    ]
