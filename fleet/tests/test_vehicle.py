"""The ``Vehicle`` model."""

import uuid

from fleet.models import Vehicle
from fleet.models.choices import VehicleState

ID = uuid.UUID("2804df7c-d8fd-4b1c-9799-b1d44452554b")


def test_developers_read_city_id_type_and_status():
    vehicle = Vehicle(id=ID, city="new york", type="bike", status=VehicleState.ON_TRIP)
    assert repr(vehicle) == f"<Vehicle(city='new york', id='{ID}', type='bike', status='on_trip')>"
