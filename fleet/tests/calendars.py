"""Helpers for tests of calendars."""

from datetime import UTC, datetime, timedelta

import pytest

from cities.registry import registry
from fleet.models import Allocation, VehicleEvent
from fleet.services import VehicleRefused, book_vehicle, put_in_maintenance, reserve_vehicle

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)


def reserve(rider, vehicle, token="one form", city=None):
    return reserve_vehicle(
        rider=rider,
        city=registry[city or vehicle.city],
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        token=token,
    )


def book(rider, vehicle, start, end, token="one form"):
    """``start`` and ``end`` in hours after noon."""
    return book_vehicle(
        rider=rider,
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        starts_at=NOON + start * HOUR,
        ends_at=NOON + end * HOUR,
        token=token,
    )


def maintain(vehicle, start=None, end=None, by=None):
    return put_in_maintenance(
        city=vehicle.city,
        vehicle_id=vehicle.id,
        by=by,
        starts_at=None if start is None else NOON + start * HOUR,
        ends_at=None if end is None else NOON + end * HOUR,
    )


def code_of(service, *args, **kwargs) -> str:
    """Return the code of the error that the block raises."""
    with pytest.raises(VehicleRefused) as refused:
        service(*args, **kwargs)
    assert str(refused.value)
    return refused.value.code


def live(vehicle) -> list[Allocation]:
    return list(Allocation.objects.live().filter(city=vehicle.city, vehicle_id=vehicle.id).in_order())


def log(vehicle) -> list[tuple[list[str], str]]:
    events = VehicleEvent.objects.filter(city=vehicle.city, vehicle_id=vehicle.id).order_by("occurred_at")
    return [(event.event_types, event.state) for event in events]
