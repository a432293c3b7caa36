from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_notification_sequence"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="notify_by_mail",
            field=models.BooleanField(
                default=True,
                help_text="About your rides, bookings and vehicles. We always e-mail you about your account.",
                verbose_name="notifications by e-mail",
            ),
        ),
    ]
