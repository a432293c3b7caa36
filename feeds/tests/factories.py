import factory

from feeds.models import Alert


class AlertFactory(factory.django.DjangoModelFactory):
    """An alert in Paris, from now on."""

    class Meta:
        model = Alert

    city = "paris"
    summary = {"en": "Closed for a storm", "es": "Cerrado por tormenta"}
