from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fleet.models import Vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.db.prepared import Prepared, PreparedUpdate
from movr_project.tests.databases import on_server
from movr_project.tests.threads import at_once
from rides.models import Ride
from rides.tests.factories import RideFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_id():
    return Prepared(lambda _shape, **key: Vehicle.objects.filter(**key))


def key_of(vehicle):
    return {"city": vehicle.city, "id": vehicle.id}


def test_objects_are_as_django_makes_them(by_id):
    first, second = VehicleFactory(), VehicleFactory(color="red")
    for vehicle in (first, second, first):
        (found,) = by_id.objects(None, key_of(vehicle))
        expected = Vehicle.objects.get(**key_of(vehicle))
        assert {name: value for name, value in vars(found).items() if name != "_state"} == {
            name: value for name, value in vars(expected).items() if name != "_state"
        }
        assert found._state.db == "default"
        assert not found._state.adding


def test_the_statement_is_the_querysets(by_id):
    vehicle = VehicleFactory()
    by_id.objects(None, key_of(VehicleFactory()))
    with CaptureQueriesContext(connection) as queries:
        by_id.objects(None, key_of(vehicle))
        list(Vehicle.objects.filter(**key_of(vehicle)))
    assert queries[0]["sql"] == queries[1]["sql"]


def test_no_row_is_an_empty_list(by_id):
    assert by_id.objects(None, {"city": "paris", "id": uuid4()}) == []


def test_related_objects_and_annotations_come_along(django_assert_num_queries):
    prepared = Prepared(
        lambda _shape, **key: Ride.objects.filter(**key).select_related("vehicle").annotate(place=F("vehicle__code"))
    )
    for ride in (RideFactory(), RideFactory()):
        with django_assert_num_queries(1):
            (found,) = prepared.objects(None, {"city": ride.city, "id": ride.id})
            assert (found, found.vehicle, found.place) == (ride, ride.vehicle, ride.vehicle.code)


def test_a_time_that_is_no_value_is_refused():
    now = timezone.now()
    prepared = Prepared(lambda _shape, **key: Ride.objects.filter(start_time__lt=now, **key))
    with pytest.raises(ValueError, match="would never change"):
        prepared.objects(None, {"city": "paris"})


def test_a_time_is_filled_in():
    ride = RideFactory()
    prepared = Prepared(lambda _shape, until: Ride.objects.filter(start_time__lt=until))
    for days, found in ((1, [ride]), (-1, []), (1, [ride])):
        assert prepared.objects(None, {"until": ride.start_time + timedelta(days=days)}) == found


def test_an_update_counts_the_rows_that_match():
    vehicle = VehicleFactory(color="red")
    prepared = PreparedUpdate(lambda _shape, color, **key: (Vehicle.objects.filter(**key), {"color": color}))
    for color in ("blue", "green"):
        assert prepared.run(None, key_of(vehicle) | {"color": color}) == 1
        vehicle.refresh_from_db()
        assert vehicle.color == color
    assert prepared.run(None, {"city": "paris", "id": uuid4(), "color": "red"}) == 0


@on_server
@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_in_a_transaction_only():
    vehicle = VehicleFactory()
    prepared = Prepared(lambda _shape, **key: Vehicle.objects.filter(**key).select_for_update())
    with transaction.atomic():
        assert prepared.objects(None, key_of(vehicle)) == [vehicle]
    with pytest.raises(TransactionManagementError):
        prepared.objects(None, key_of(vehicle))


@pytest.mark.django_db(transaction=True)
def test_threads_share_a_statement(by_id):
    """Each has its own connection."""
    vehicle = VehicleFactory()
    by_id.objects(None, key_of(vehicle))
    assert at_once(*[lambda: by_id.objects(None, key_of(vehicle))] * 4) == [[vehicle]] * 4
