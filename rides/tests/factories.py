import uuid
from datetime import timedelta

import factory
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from fleet.choices import VehicleStatus
from fleet.models import Vehicle
from fleet.tests.factories import VehicleFactory
from rides.models import Ride


class RideFactory(factory.django.DjangoModelFactory):
    """A ride of ten minutes that ended just now."""

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


class OpenRideFactory(RideFactory):
    """A ride that goes on, with its vehicle and its rider's count in step."""

    end_location = ""
    end_time = None

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        ride = super()._create(model_class, *args, **kwargs)
        Vehicle.objects.filter(pk=ride.vehicle.pk).update(status=VehicleStatus.ON_TRIP)
        User.objects.filter(id=ride.rider_id).update(open_rides=F("open_rides") + 1)
        ride.vehicle.status = VehicleStatus.ON_TRIP
        ride.rider.refresh_from_db()
        return ride
