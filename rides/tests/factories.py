import uuid
from datetime import timedelta

import factory
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from fleet.models import Vehicle, VehicleEvent
from fleet.models.choices import EventType, VehicleState
from fleet.tests.factories import VehicleFactory
from rides.models import Ride

A_DAY, MOMENT = timedelta(days=1), timedelta(microseconds=1)


class RideFactory(factory.django.DjangoModelFactory):
    """A ten-minute ride that has just ended, with events in its vehicle's log.

    Rides of the same vehicle must not overlap.
    """

    class Meta:
        model = Ride

    id = factory.LazyFunction(uuid.uuid4)
    vehicle = factory.SubFactory(VehicleFactory)
    city = factory.SelfAttribute("vehicle.city")
    rider = factory.SubFactory(UserFactory)
    start_location = "Notre-Dame"
    start_time = factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=10))
    end_location = "Eiffel Tower"
    end_time = factory.LazyAttribute(lambda ride: ride.start_time + timedelta(minutes=10))
    length = factory.LazyAttribute(lambda ride: ride.end_time and ride.end_time - ride.start_time)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        ride = super()._create(model_class, *args, **kwargs)
        if ride.vehicle.last_event_at:
            log(ride)
        return ride


def log(ride: Ride) -> None:
    """Insert a ride's events into its vehicle's log, moving the events around it."""
    vehicle = ride.vehicle
    own = VehicleEvent.objects.filter(city=vehicle.city, vehicle_id=vehicle.id)
    there = list(own.order_by("occurred_at"))
    taken = {event.occurred_at for event in there}
    start = event_of(ride, EventType.TRIP_START, VehicleState.ON_TRIP, ride.start_time, "start", taken)
    events = [start]
    if not ride.is_open:
        events.append(event_of(ride, EventType.TRIP_END, VehicleState.AVAILABLE, ride.end_time, "end", taken))
    VehicleEvent.objects.bulk_create(events)
    if there and start.occurred_at < there[0].occurred_at:
        own.filter(id=there[0].id).update(occurred_at=start.occurred_at - A_DAY)
    last = max(taken)
    Vehicle.objects.filter(city=vehicle.city, id=vehicle.id).update(last_event_at=last)
    vehicle.last_event_at = last


def event_of(ride, type_, state, moment, end, taken) -> VehicleEvent:
    while moment in taken:
        moment += MOMENT
    taken.add(moment)
    return VehicleEvent(
        city=ride.city,
        vehicle_id=ride.vehicle_id,
        state=state,
        event_types=[type_],
        occurred_at=moment,
        place=getattr(ride, f"{end}_location"),
        latitude=getattr(ride, f"{end}_latitude"),
        longitude=getattr(ride, f"{end}_longitude"),
        ride_id=ride.id,
        actor_city=ride.rider_city if ride.rider_id else None,
        actor_id=ride.rider_id,
    )


class OpenRideFactory(RideFactory):
    """An open ride, with its vehicle's status and its rider's counter."""

    end_location = ""
    end_time = None

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        ride = super()._create(model_class, *args, **kwargs)
        Vehicle.objects.filter(pk=ride.vehicle.pk).update(status=VehicleState.ON_TRIP)
        User.objects.filter(id=ride.rider_id).update(open_rides=F("open_rides") + 1)
        ride.vehicle.status = VehicleState.ON_TRIP
        ride.rider.refresh_from_db()
        return ride
