from django.db import migrations

PROXY = {"proxy": True, "indexes": [], "constraints": []}


class Migration(migrations.Migration):
    """Apart from 0001, because django-otp's tables refer to the users."""

    dependencies = [
        ("accounts", "0001_initial"),
        ("otp_static", "0003_add_timestamps"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    operations = [
        migrations.CreateModel(name="AuthenticatorApp", fields=[], options=PROXY, bases=("otp_totp.totpdevice",)),
        migrations.CreateModel(name="RecoveryCodes", fields=[], options=PROXY, bases=("otp_static.staticdevice",)),
    ]
