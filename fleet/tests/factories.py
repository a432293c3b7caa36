from datetime import timedelta

import factory
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from cities import geohash
from fleet.models import CODE_ALPHABET, CODE_DIGITS, Allocation, Vehicle, VehicleEvent
from fleet.models.choices import AllocationKind, EventType, VehicleState
from operations.models import ProblemKind, ProblemReport

NOTRE_DAME = 48.852968, 2.349902
EIFFEL_TOWER = 48.858370, 2.294481
A_YEAR = timedelta(days=365)


def numbered_code(city: str, number: int) -> str:
    """Return a vehicle code in sequence instead of at random."""
    from cities.registry import registry

    digits = ""
    for _place in range(CODE_DIGITS):
        number, digit = divmod(number, len(CODE_ALPHABET))
        digits = CODE_ALPHABET[digit] + digits
    return registry[city].code + digits


class VehicleFactory(factory.django.DjangoModelFactory):
    """A free scooter of the operator at Notre-Dame in Paris, or an owner's with ``owner=``.

    It has been on the street for a year, with an event in its log; ``logged=False`` leaves the log empty.
    """

    class Meta:
        model = Vehicle

    class Params:
        number = factory.Sequence(lambda n: n)
        somewhere = factory.Trait(latitude=None, longitude=None)
        logged = True

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
    last_event_at = factory.LazyAttribute(lambda vehicle: timezone.now() - A_YEAR if vehicle.logged else None)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        vehicle = super()._create(model_class, *args, **kwargs)
        if vehicle.last_event_at:
            VehicleEventFactory(vehicle=vehicle, **first_event(vehicle))
        if vehicle.owner_id:
            owner = User.objects.filter(id=vehicle.owner_id)
            owner.update(owned_vehicles=F("owned_vehicles") + 1)
        return vehicle


def first_event(vehicle: Vehicle) -> dict:
    """Record an event a year ago that leads to the vehicle's current state."""
    types, state = [EventType.PROVIDER_DROP_OFF], VehicleState.AVAILABLE
    if vehicle.awaits_approval:
        types, state = [*types, EventType.OFF_HOURS], VehicleState.NON_OPERATIONAL
    if vehicle.is_removed:
        types, state = [*types, EventType.DECOMMISSIONED], VehicleState.REMOVED
    if vehicle.is_on_trip:
        types, state = [*types, EventType.TRIP_START], VehicleState.ON_TRIP
    return {"event_types": types, "state": state, "occurred_at": vehicle.last_event_at}


class VehicleEventFactory(factory.django.DjangoModelFactory):
    """An event that occurs now. The caller sets the vehicle's ``last_event_at``."""

    class Meta:
        model = VehicleEvent

    vehicle = factory.SubFactory(VehicleFactory)
    city = factory.SelfAttribute("vehicle.city")
    event_types = factory.LazyFunction(lambda: [EventType.ALLOCATED])
    state = VehicleState.AVAILABLE
    occurred_at = factory.LazyFunction(timezone.now)
    place = factory.SelfAttribute("vehicle.last_location")
    latitude = factory.SelfAttribute("vehicle.latitude")
    longitude = factory.SelfAttribute("vehicle.longitude")


class AllocationFactory(factory.django.DjangoModelFactory):
    """A two-hour booking from tomorrow. ``reservation``, ``maintenance`` and ``paused`` are in effect now.

    It has no event, like an imported row. Replaying includes its start and end nevertheless.
    """

    class Meta:
        model = Allocation

    class Params:
        reservation = factory.Trait(
            kind=AllocationKind.RESERVATION,
            starts_at=factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=1)),
            ends_at=factory.LazyAttribute(lambda allocation: allocation.starts_at + timedelta(minutes=10)),
        )
        booking = factory.Trait(kind=AllocationKind.BOOKING)  # the default
        maintenance = factory.Trait(
            kind=AllocationKind.MAINTENANCE,
            state=VehicleState.NON_OPERATIONAL,
            rider=None,
            starts_at=factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1)),
            ends_at=None,
        )
        paused = factory.Trait(
            kind=AllocationKind.PAUSED,
            state=VehicleState.NON_OPERATIONAL,
            rider=None,
            made_by=factory.SelfAttribute("vehicle.owner"),
            starts_at=factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1)),
            ends_at=None,
        )

    vehicle = factory.SubFactory(VehicleFactory)
    city = factory.SelfAttribute("vehicle.city")
    kind = AllocationKind.BOOKING
    state = VehicleState.RESERVED
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=1))
    ends_at = factory.LazyAttribute(lambda allocation: allocation.starts_at + timedelta(hours=2))
    rider = factory.SubFactory(UserFactory)
    made_by = factory.SelfAttribute("rider")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        allocation = super()._create(model_class, *args, **kwargs)
        if allocation.is_reservation and allocation.covers(timezone.now()):
            User.objects.filter(id=allocation.rider_id).update(hold_until=allocation.ends_at)
            allocation.rider.hold_until = allocation.ends_at
        return allocation


class ProblemReportFactory(factory.django.DjangoModelFactory):
    """An open report of a dirty vehicle."""

    class Meta:
        model = ProblemReport

    vehicle = factory.SubFactory(VehicleFactory)
    city = factory.SelfAttribute("vehicle.city")
    kind = ProblemKind.DIRTY
    text = "Mud all over."
    reporter = factory.SubFactory(UserFactory)


class BookingFactory(AllocationFactory):
    """A trait for the default, so that it has a name."""
