"""No one can book a whole fleet, keep a vehicle for good or fill a city with vehicles."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import UserFactory
from cities.placement.locality import BOOKED_EVERYWHERE
from fleet.models import Allocation, Vehicle
from fleet.services import VehicleRefused, cancel_own_allocation
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, code_of, reserve
from fleet.tests.factories import VehicleFactory
from movr_project.tests.locality import NotLocal, assert_local
from movr_project.tests.threads import at_once


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


def cancel(rider, allocation):
    cancel_own_allocation(rider=rider, city=allocation.city, allocation_id=allocation.id)


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
class TestBookings:
    def test_they_count_in_all_cities(self, rider, settings):
        settings.MAX_BOOKINGS = 2
        book(rider, VehicleFactory(), 5, 6)
        book(rider, VehicleFactory(city="rome"), 5, 6)
        assert code_of(book, rider, VehicleFactory(city="boston"), 5, 6) == "too_many_bookings"

    def test_the_last_hour_of_the_limit_can_be_booked_and_no_more(self, rider, settings):
        settings.MAX_BOOKED_HOURS = 10
        book(rider, VehicleFactory(), 1, 7)
        book(rider, VehicleFactory(city="rome"), 10, 14)
        assert code_of(book, rider, VehicleFactory(), 20, 20.25) == "too_many_hours"

    def test_what_is_cancelled_over_or_anothers_does_not_count(self, rider, settings, clock):
        settings.MAX_BOOKED_HOURS = 4
        book(UserFactory(), VehicleFactory(), 1, 5)
        cancel(rider, book(rider, VehicleFactory(), 1, 5))
        book(rider, VehicleFactory(), 1, 2)
        clock.move_to(NOON + 121 * MINUTE, tick=False)
        book(rider, VehicleFactory(), 5, 9)

    def test_the_form_says_so_beside_the_end(self, rider, rider_client, settings):
        settings.MAX_BOOKED_HOURS = 2
        vehicle = VehicleFactory()
        data = {"starts": "2030-05-02T10:00", "length": "until", "ends": "2030-05-02T13:00", "token": "form"}
        response = rider_client.post(reverse("fleet:vehicle_book", args=["paris", vehicle.public_id]), data)
        assert "You can book up to 2 hours in all." in str(response.context["form"].errors["ends"])
        assert not Allocation.objects.exists()

    def test_that_is_the_only_query_across_cities(self, rider):
        with assert_local(BOOKED_EVERYWHERE):
            book(rider, VehicleFactory(), 5, 6)
        with pytest.raises(NotLocal), assert_local():
            book(rider, VehicleFactory(), 5, 6)


@pytest.mark.django_db(transaction=True)
def test_in_two_cities_at_once_the_hours_count_once(settings):
    settings.MAX_BOOKED_HOURS = 6
    rider = UserFactory()
    vehicles = [VehicleFactory(city=city) for city in ("paris", "rome", "boston", "seattle")]
    hours = (timezone.now() - NOON) / HOUR + 24
    results = at_once(*(lambda vehicle=vehicle: book(rider, vehicle, hours, hours + 3) for vehicle in vehicles))
    codes = [result.code for result in results if isinstance(result, VehicleRefused)]
    assert codes == ["too_many_hours"] * 2
    assert Allocation.objects.count() == 2


@pytest.mark.django_db
class TestCoolDown:
    def test_a_booking_that_is_cancelled_cools_down_as_a_reservation_does(self, rider, clock):
        vehicle = VehicleFactory()
        cancel(rider, book(rider, vehicle, 0, 1))
        clock.move_to(NOON + MINUTE, tick=False)
        assert code_of(reserve, rider, vehicle, "soon") == "cool_down"
        clock.move_to(NOON + 16 * MINUTE, tick=False)
        reserve(rider, vehicle, "later")

    @pytest.mark.parametrize(("minutes", "code"), [(10, "cool_down"), (40, None)])
    def test_one_ahead_counts_if_it_had_taken_the_vehicle_off_the_street(self, rider, clock, minutes, code):
        vehicle = VehicleFactory()
        cancel(rider, book(rider, vehicle, minutes / 60, 2))
        clock.move_to(NOON + MINUTE, tick=False)
        if code:
            assert code_of(reserve, rider, vehicle, "soon") == code
        else:
            reserve(rider, vehicle, "soon")

    def test_a_reservation_cancelled_at_once_counts(self, rider, clock):
        vehicle = VehicleFactory()
        cancel(rider, reserve(rider, vehicle))
        assert code_of(reserve, rider, vehicle, "again") == "cool_down"

    def test_someone_elses_does_not_count(self, rider, clock):
        vehicle, other = VehicleFactory(), UserFactory()
        cancel(other, book(other, vehicle, 0, 1))
        clock.move_to(NOON + MINUTE, tick=False)
        reserve(rider, vehicle)


@pytest.mark.django_db
def test_the_eleventh_vehicle_in_an_hour_is_refused_in_words(rider_client, rider, settings):
    settings.VEHICLES_ADDED_PER_HOUR = 2
    data = {"type": "bike", "color": "red", "last_location": "Louvre"}
    for number in range(2):
        assert rider_client.post("/vehicles/add/", data | {"token": f"form {number}"}).status_code == 302
    response = rider_client.post("/vehicles/add/", data | {"token": "third"})
    assert response.status_code == 429
    assert "Too many requests" in response.content.decode()
    assert Vehicle.objects.filter(owner_id=rider.id).count() == 2
