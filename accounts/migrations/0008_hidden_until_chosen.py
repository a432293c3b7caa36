from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_community_counts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="is_listed",
            field=models.BooleanField(
                default=False,
                help_text="Other people can see the username, the first name and “about me”.",
                verbose_name="visible to others",
            ),
        ),
    ]
