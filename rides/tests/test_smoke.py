import pytest
from django.urls import reverse

from fleet.tests.factories import EIFFEL_TOWER, VehicleFactory
from rides.models import Ride
from rides.tests.factories import RideFactory


@pytest.mark.django_db
def test_flow(rider_client, rider):
    v = VehicleFactory()
    RideFactory(rider=rider)
    r = rider_client.get("/vehicles/")
    assert r.status_code == 200, r.content
    r = rider_client.get("/vehicles/?lat=48.85&lon=2.35")
    assert r.status_code == 200
    r = rider_client.get(v.get_absolute_url())
    assert r.status_code == 200
    r = rider_client.post(reverse("rides:ride_start", args=[v.city, v.id]), {"token": "x"})
    assert r.status_code == 302, r.content
    assert Ride.objects.open().count() == 1
    r = rider_client.get("/rides/")
    assert r.status_code == 200
    ride = Ride.objects.open().get()
    r = rider_client.post(
        reverse("rides:ride_end", args=[v.city, ride.id]),
        {"end_location": "x", "latitude": EIFFEL_TOWER[0], "longitude": EIFFEL_TOWER[1]},
    )
    assert r.status_code == 302
    r = rider_client.get("/rides/")
    assert r.status_code == 200
    rider.refresh_from_db()
    assert rider.open_rides == 0
    assert rider_client.get("/profile/").status_code == 200
