from django.core.validators import MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cities", "0005_city_clocks")]

    operations = [
        migrations.AlterField(
            model_name="city",
            name="radius_km",
            field=models.PositiveSmallIntegerField(
                help_text="How far from its center vehicles may be, in km.",
                validators=[MinValueValidator(1)],
                verbose_name="radius",
            ),
        )
    ]
