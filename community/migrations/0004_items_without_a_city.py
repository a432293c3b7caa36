from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0003_roles"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="decision",
            name="item_city",
        ),
        migrations.RemoveField(
            model_name="report",
            name="item_city",
        ),
    ]
