"""A vehicle's calendar pages: months and days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from fleet.calendar.availability import Availability
from fleet.services import pause_vehicle
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, maintain, reserve
from fleet.tests.factories import BookingFactory, VehicleFactory
from movr_project.tests.locality import assert_local
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

TODAY, TOMORROW = date(2030, 5, 1), date(2030, 5, 2)  # at NOON it is 14:00 in Paris


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def vehicle():
    return VehicleFactory()


def seen(vehicle, rider):
    return Availability.of(vehicle, viewer=rider)


def uses(vehicle, rider, day):
    """Return the stretches of a day, in hours after local midnight."""
    found = seen(vehicle, rider).day_of(day)
    return [
        ((part.start - found.start) / HOUR, (part.end - found.start) / HOUR, str(part.use)) for part in found.stretches
    ]


def standings(vehicle, rider, day=TODAY):
    return {
        cell.date.day: str(cell.status) for week in seen(vehicle, rider).month_of(day).weeks for cell in week if cell
    }


def calendar_of(client, vehicle, **query):
    response = client.get(reverse("fleet:vehicle_calendar", args=[vehicle.city, vehicle.public_id]), query)
    assert response.status_code == 200
    return response


class TestADay:
    def test_nothing_is_free_all_day(self, vehicle, rider):
        assert uses(vehicle, rider, TOMORROW) == [(0, 24, "free")]

    def test_todays_hours_until_now_are_past(self, vehicle, rider):
        assert uses(vehicle, rider, TODAY) == [(0, 14, "past"), (14, 24, "free")]

    def test_yesterday_is_past(self, vehicle, rider):
        assert uses(vehicle, rider, TODAY - timedelta(days=1)) == [(0, 24, "past")]

    def test_someone_elses_booking_is_shown_as_taken_and_the_riders_as_theirs(self, vehicle, rider):
        book(rider, vehicle, 1, 2)
        book(UserFactory(), vehicle, 4, 5)
        assert uses(vehicle, rider, TODAY) == [
            (0, 14, "past"), (14, 15, "free"), (15, 16, "own"), (16, 18, "free"), (18, 19, "taken"), (19, 24, "free"),
        ]  # fmt: skip

    def test_boundaries_between_others_bookings_are_not_revealed(self, vehicle, rider):
        book(UserFactory(), vehicle, 1, 2)
        book(UserFactory(), vehicle, 2, 3)
        assert (15, 17, "taken") in uses(vehicle, rider, TODAY)

    def test_a_booking_over_midnight_is_on_both_days(self, vehicle, rider):
        book(UserFactory(), vehicle, 8, 12)
        assert uses(vehicle, rider, TODAY)[-1] == (22, 24, "taken")
        assert uses(vehicle, rider, TOMORROW)[0] == (0, 2, "taken")

    def test_without_an_end_it_takes_every_day_to_come(self, vehicle, rider):
        maintain(vehicle, start=1)
        assert uses(vehicle, rider, TODAY)[-1] == (15, 24, "taken")
        assert uses(vehicle, rider, date(2031, 5, 1)) == [(0, 24, "taken")]

    def test_without_a_beginning_it_takes_from_now_on(self, vehicle, rider):
        BookingFactory(
            vehicle=vehicle, kind="maintenance", state="non_operational", rider=None, made_by=None,
            starts_at=None, ends_at=NOON + HOUR,
        )  # fmt: skip
        assert uses(vehicle, rider, TODAY) == [(0, 14, "past"), (14, 15, "taken"), (15, 24, "free")]

    def test_a_ride_conflicts_until_the_end_of_the_buffer(self, rider):
        vehicle = OpenRideFactory().vehicle
        assert uses(vehicle, rider, TODAY) == [(0, 14, "past"), (14, 14.25, "ride"), (14.25, 24, "free")]

    def test_a_cancelled_interval_is_free(self, vehicle, rider):
        BookingFactory(vehicle=vehicle, cancelled_at=NOON)
        assert uses(vehicle, rider, TOMORROW) == [(0, 24, "free")]

    @pytest.mark.parametrize(("day", "hours"), [(date(2030, 3, 31), 23), (date(2030, 10, 27), 25), (TOMORROW, 24)])
    def test_it_has_as_many_hours_as_the_clocks_give_it(self, vehicle, rider, clock, day, hours):
        clock.move_to(datetime(2030, 3, 1, tzinfo=UTC), tick=False)
        assert uses(vehicle, rider, day) == [(0, hours, "free")]

    def test_midnight_is_that_of_the_vehicles_city(self, rider):
        there = VehicleFactory(city="los angeles")
        assert seen(there, rider).day_of(TODAY).start == datetime(2030, 5, 1, 7, tzinfo=UTC)


class TestAMonth:
    def test_each_day_is_past_free_partly_free_or_taken(self, vehicle, rider):
        book(UserFactory(), vehicle, 24, 25)
        book(UserFactory(), vehicle, 34, 58)  # the whole third of May, in Paris
        found = standings(vehicle, rider)
        assert [found[day] for day in (1, 2, 3, 4)] == ["free", "partly", "taken", "free"]

    def test_a_gap_too_short_to_book_counts_as_taken(self, vehicle, rider):
        maintain(vehicle, start=0.2)
        assert standings(vehicle, rider)[1] == "taken"

    def test_the_days_before_today_are_past(self, vehicle, rider, clock):
        clock.move_to(NOON + timedelta(days=3), tick=False)
        found = standings(vehicle, rider, date(2030, 5, 4))
        assert [found[day] for day in (1, 2, 3, 4)] == ["past", "past", "past", "free"]

    def test_weeks_begin_on_monday(self, vehicle, rider):
        first, *_rest = seen(vehicle, rider).month_of(TODAY).weeks
        assert [day and day.date.day for day in first] == [None, None, 1, 2, 3, 4, 5]

    @pytest.mark.parametrize(
        ("asked", "shown"),
        [(date(2029, 1, 1), TODAY), (TODAY, TODAY), (date(2030, 5, 31), TODAY), (date(2099, 1, 1), date(2030, 5, 1))],
    )
    def test_there_is_nothing_to_see_before_today_and_beyond_what_can_be_booked(self, vehicle, rider, asked, shown):
        month = seen(vehicle, rider).month_of(asked)
        assert (month.first, month.previous, month.next) == (shown, None, None)

    def test_links_lead_to_the_next_month_and_back(self, vehicle, rider, clock):
        clock.move_to(NOON + timedelta(days=10), tick=False)
        may = seen(vehicle, rider).month_of(date(2030, 5, 20))
        june = seen(vehicle, rider).month_of(may.next)
        assert (may.next, june.previous) == (date(2030, 6, 1), date(2030, 5, 1))


class TestWhatIsFreeNext:
    def test_now(self, vehicle, rider):
        assert seen(vehicle, rider).next_start == NOON

    def test_after_the_conflicting_one(self, vehicle, rider):
        book(UserFactory(), vehicle, 0, 2)
        assert seen(vehicle, rider).next_start == NOON + 2 * HOUR

    def test_never_in_open_ended_maintenance(self, vehicle, rider):
        maintain(vehicle)
        assert seen(vehicle, rider).next_start is None

    def test_during_a_ride_after_the_buffer(self, rider):
        assert seen(OpenRideFactory().vehicle, rider).next_start == NOON + 15 * MINUTE


class TestThePage:
    def test_a_day_links_to_its_hours_and_a_free_stretch_to_the_booking_form(self, rider_client, vehicle):
        book(UserFactory(), vehicle, 24, 25)
        page = calendar_of(rider_client, vehicle).content.decode()
        assert "?day=2030-05-02#day" in page
        day = calendar_of(rider_client, vehicle, day="2030-05-02").content.decode()
        assert "Thursday, May 2, 2030" in day
        assert "/book/?from=2030-05-01T22%3A00Z" in day
        assert "/book/?from=2030-05-02T13%3A00Z" in day

    def test_the_riders_own_is_marked_and_linked(self, rider_client, rider, vehicle):
        booking = book(rider, vehicle, 24, 25)
        day = calendar_of(rider_client, vehicle, day="2030-05-02").content.decode()
        assert "Yours" in day
        assert booking.get_absolute_url() in day

    @pytest.mark.parametrize("kind", ["booking", "reservation", "pause", "maintenance"])
    def test_it_never_reveals_whose_it_is_or_what_for(self, client_of, rider, kind):
        other = UserFactory(username="zelda", first_name="Zelda")
        vehicle = VehicleFactory(owner=other)
        if kind == "booking":
            booking = book(other, vehicle, 1, 2)
            type(booking).objects.filter(city="paris", id=booking.id).update(description="Wedding of Zelda")
        elif kind == "reservation":
            reserve(other, vehicle)
        elif kind == "pause":
            pause_vehicle(city="paris", vehicle_id=vehicle.id, owner=other)
        else:
            maintain(vehicle, by=other)
        client = client_of(rider)
        for page in (calendar_of(client, vehicle, day="2030-05-01"), client.get(vehicle.get_absolute_url())):
            text = page.content.decode().lower()
            assert "zelda" not in text
            assert str(other.id) not in text

    def test_a_day_with_a_clock_change_says_so(self, rider_client, vehicle, clock):
        page = calendar_of(rider_client, vehicle, day="2030-10-27").content.decode()
        assert "this day has 25 hours" in page

    @pytest.mark.parametrize("name", ["day", "month"])
    @pytest.mark.parametrize(
        "value", ["", "x", "2030-13-01", "2030-02-31", "9999-12-31", "0001-01-01", "\0", "2030-99"]
    )
    def test_an_invalid_month_shows_the_current_one(self, rider_client, vehicle, name, value):
        assert calendar_of(rider_client, vehicle, **{name: value}).context["month"].first == TODAY

    def test_it_takes_three_statements_in_one_city(self, rider_client, vehicle, django_assert_num_queries):
        for number in range(5):
            book(UserFactory(), vehicle, 20 * number + 1, 20 * number + 2)
        with assert_local(), django_assert_num_queries(3):  # the user, the vehicle, its calendar
            calendar_of(rider_client, vehicle, day="2030-05-02")

    def test_vehicles_waiting_for_approval_have_none_for_others(self, rider_client):
        vehicle = VehicleFactory(approved_at=None)
        url = reverse("fleet:vehicle_calendar", args=["paris", vehicle.public_id])
        assert rider_client.get(url).status_code == 404
