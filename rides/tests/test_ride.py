"""The ``Ride`` model."""

import uuid

from rides.models import Ride

ID, RIDER, VEHICLE = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)


def test_developers_read_city_id_rider_and_vehicle():
    ride = Ride(id=ID, city="new york", rider_id=RIDER, rider_city="paris", vehicle_id=VEHICLE)
    assert repr(ride) == f"<Ride(city='new york', id='{ID}', rider_id='{RIDER}', vehicle_id='{VEHICLE}')>"
