from datetime import timedelta

import factory
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from fleet import geohash
from fleet.models import CODE_ALPHABET, CODE_DIGITS, Allocation, Vehicle

NOTRE_DAME = 48.852968, 2.349902
EIFFEL_TOWER = 48.858370, 2.294481


def numbered_code(city: str, number: int) -> str:
    """A label as services make them, but in order."""
    from cities.registry import registry

    digits = ""
    for _place in range(CODE_DIGITS):
        number, digit = divmod(number, len(CODE_ALPHABET))
        digits = CODE_ALPHABET[digit] + digits
    return registry[city].code + digits


class VehicleFactory(factory.django.DjangoModelFactory):
    """A free scooter of the operator's at Notre-Dame in Paris; ``owner=`` makes it somebody's."""

    class Meta:
        model = Vehicle

    class Params:
        number = factory.Sequence(lambda n: n)
        somewhere = factory.Trait(latitude=None, longitude=None)

    city = "paris"
    code = factory.LazyAttribute(lambda vehicle: numbered_code(vehicle.city, vehicle.number))
    type = "scooter"
    brand = "Razor"
    color = "blue"
    last_location = "Notre-Dame"
    latitude = NOTRE_DAME[0]
    longitude = NOTRE_DAME[1]
    cell = factory.LazyAttribute(
        lambda vehicle: "" if vehicle.latitude is None else geohash.encode(vehicle.latitude, vehicle.longitude)
    )
    approved_at = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        vehicle = super()._create(model_class, *args, **kwargs)
        if vehicle.owner_id:
            owner = User.objects.filter(id=vehicle.owner_id)
            owner.update(owned_vehicles=F("owned_vehicles") + 1)
        return vehicle


class BookingFactory(factory.django.DjangoModelFactory):
    """Two hours from this time tomorrow on."""

    class Meta:
        model = Allocation

    vehicle = factory.SubFactory(VehicleFactory)
    city = factory.SelfAttribute("vehicle.city")
    kind = "booking"
    state = "reserved"
    rider = factory.SubFactory(UserFactory)
    made_by = factory.SelfAttribute("rider")
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=1))
    ends_at = factory.LazyAttribute(lambda booking: booking.starts_at + timedelta(hours=2))
