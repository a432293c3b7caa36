"""A city's day or night in the admin: rides beside calendar entries, past and present."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, Permission

from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.services import cancel_allocation
from fleet.tests.calendars import HOUR, NOON, book, maintain
from fleet.tests.factories import AllocationFactory, VehicleFactory
from movr_project.admin.links import change_url
from movr_project.tests.pages import page as parsed
from operations.admin.day import StaffDay
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

CALENDAR = "/admin/fleet/allocation/calendar/"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def staff(client):
    staff = StaffFactory()
    client.force_login(staff)
    return staff


@pytest.fixture
def vehicle(db):
    return VehicleFactory(type="e-bike")


def day_page(client, **query):
    page = client.get(CALENDAR, {"city": "paris", **query})
    assert page.status_code == 200
    return page


def bars(page) -> list[list[tuple]]:
    return [[(bar.word, bar.start, bar.length, bar.when) for bar in row.bars] for row in page.context["rows"]]


def test_the_day_shows_the_vehicles_allocations(client, staff, vehicle):
    rider = UserFactory(username="rita")
    booking = book(rider, vehicle, 1, 3)
    page = day_page(client)
    assert page.context["day"].date == date(2030, 5, 1)
    assert bars(page) == [[("booking", 15 * 60, 120, "15:00 to 17:00")]]
    text = page.content.decode()
    assert "Booked, 15:00 to 17:00" in text
    assert "rita" in text
    assert change_url(booking) in text
    assert 'x="900.0"' in text
    assert 'style="' not in text


def test_bars_beyond_the_day_are_cut_and_say_so(client, staff, vehicle):
    maintain(vehicle, 5)
    assert bars(day_page(client)) == [[("maintenance", 19 * 60, 5 * 60, "from 19:00 until further notice")]]
    [[(_word, start, length, when)]] = bars(day_page(client, day="2030-05-02"))
    assert (start, length) == (0, 24 * 60)
    assert when == "from 1 May 19:00 until further notice"
    assert bars(day_page(client, day="2030-04-30")) == []


def test_cancelled_and_other_cities_are_not_shown(client, staff, vehicle):
    maintain(VehicleFactory(city="rome"))
    booking = book(UserFactory(), vehicle, 1, 2)
    cancel_allocation(city=booking.city, allocation_id=booking.id, by=staff)
    assert bars(day_page(client)) == []
    assert "No rides or calendar entries" in day_page(client).content.decode()


def test_the_day_can_be_narrowed_to_a_type(client, staff, vehicle):
    maintain(vehicle)
    maintain(VehicleFactory(type="car"))
    assert [row.vehicle for row in day_page(client, type="e-bike").context["rows"]] == [vehicle]


@pytest.mark.parametrize(
    ("city", "day", "hours"),
    [
        ("paris", date(2026, 3, 29), 23),
        ("paris", date(2026, 10, 25), 25),
        ("new york", date(2026, 11, 1), 25),
        ("paris", date(2026, 6, 1), 24),
    ],
)
def test_a_day_has_as_many_hours_as_its_clocks_say(client, staff, city, day, hours):
    shown = StaffDay(registry[city], day)
    clocks = [hour.clock for hour in shown.hours]
    assert (len(clocks), shown.minutes) == (hours, hours * 60)
    assert clocks.count("02" if city == "paris" else "01") == {23: 0, 24: 1, 25: 2}[hours]
    page = client.get(CALENDAR, {"city": city, "day": str(day)}).content.decode()
    assert (f"this day has {hours} hours" in page) == (hours != 24)


def test_on_a_long_day_bars_follow_local_time(client, staff, clock):
    clock.move_to(datetime(2026, 10, 20, tzinfo=UTC))
    vehicle = VehicleFactory()
    noon = datetime(2026, 10, 25, 11, tzinfo=UTC)
    AllocationFactory(vehicle=vehicle, maintenance=True, starts_at=noon, ends_at=noon + HOUR)
    [[(_word, start, length, when)]] = bars(day_page(client, day="2026-10-25"))
    assert (start, length, when) == (13 * 60, 60, "12:00 to 13:00")


def test_from_day_to_day(client, staff):
    text = day_page(client, day="2026-12-31", type="car").content.decode()
    assert "day=2026-12-30" in text
    assert "day=2027-01-01" in text
    assert "type=car" in text


@pytest.mark.parametrize("query", [{"city": "mars"}, {"day": "today"}, {"day": "0001-01-01"}, {"day": "9999-12-31"}])
def test_invalid_values_mean_here_and_today(client, staff, query):
    page = client.get(CALENDAR, query)
    assert page.status_code == 200
    assert page.context["day"].city == registry["paris"]
    assert page.context["day"].is_now


def test_fifty_vehicles_a_page(client, staff):
    for _number in range(51):
        maintain(VehicleFactory())
    assert len(day_page(client).context["rows"]) == 50
    assert len(day_page(client, page="2").context["rows"]) == 1
    assert day_page(client, page="9").context["rows"] == []


def test_the_day_costs_the_same_for_one_vehicle_and_for_many(client, staff, django_assert_max_num_queries):
    for number in range(20):
        book(UserFactory(), VehicleFactory(), 1, 2, token=str(number))
        RideFactory()
    with django_assert_max_num_queries(5):  # the user, rides by the hour, the vehicles, their allocations and rides
        day_page(client)


def test_who_may_see_the_day(client, staff):
    person = StaffFactory(is_superuser=False)
    client.force_login(person)
    assert client.get(CALENDAR).status_code == 403
    person.groups.add(Group.objects.get(name="Read-only"))
    assert client.get(CALENDAR).status_code == 200
    assert client.post(CALENDAR).status_code == 405


# Rides


def ridden(start, minutes, **fields):
    """``start`` in hours after noon UTC, which is 14:00 in Paris."""
    length = minutes * MINUTE
    return RideFactory(start_time=NOON + start * HOUR, end_time=NOON + start * HOUR + length, length=length, **fields)


def by_hour(page) -> dict[str, tuple[int, int]]:
    hours = page.context["rides"].hours
    return {hour.clock: (hour.started, hour.under_way) for hour in hours if hour.started or hour.under_way}


def test_rides_are_bars_beside_the_calendar_entries(client, staff, vehicle):
    book(UserFactory(), vehicle, 1, 3)
    ride = ridden(-4, 20, vehicle=vehicle, rider=UserFactory(username="rita"))
    page = day_page(client)
    assert bars(page) == [[("booking", 15 * 60, 120, "15:00 to 17:00"), ("ride", 10 * 60, 20, "10:00 to 10:20")]]
    assert [bar.lane for bar in page.context["rows"][0].bars] == [0, 1]
    row = parsed(page).one("table", class_="day").one("tbody").one("tr")
    assert "1 ride" in row.one("th").text
    link = row.one("a", text="Ride, 10:00 to 10:20")
    assert link["href"] == change_url(ride)
    assert "rita" in row.text


def test_an_open_ride_lasts_until_now(client, staff):
    OpenRideFactory(start_time=NOON - 30 * HOUR)
    assert bars(day_page(client)) == [[("ride", 0, 14 * 60, "since 30 Apr 08:00")]]
    assert bars(day_page(client, day="2030-05-02")) == []


def test_a_saturday_night_goes_from_noon_to_noon(client, staff, clock):
    clock.move_to(datetime(2030, 5, 9, 12, tzinfo=UTC))
    saturday = datetime(2030, 5, 4, 12, tzinfo=UTC)
    vehicle = VehicleFactory()
    for hours in (-3, 9, 11, 23):
        start = saturday + hours * HOUR
        RideFactory(vehicle=vehicle, start_time=start, end_time=start + 30 * MINUTE)
    page = day_page(client, day="2030-05-04", part="night")
    assert "Night of Saturday, May 4, 2030" in parsed(page).one("h2", text="Night").text
    assert [bar[1:] for bar in bars(page)[0]] == [(11 * 60, 30, "23:00 to 23:30"), (13 * 60, 30, "01:00 to 01:30")]
    assert page.context["rides"].hours[0].clock == "12"
    assert "day=2030-05-03" in parsed(page).one("a", text="Previous night")["href"]


def test_before_noon_the_night_is_the_one_that_ends_today(client, staff, clock):
    clock.move_to(datetime(2030, 5, 5, 1, tzinfo=UTC))
    assert day_page(client, part="night").context["day"].date == date(2030, 5, 4)


def test_rides_are_counted_by_the_hour(client, staff, vehicle):
    ridden(-2, 20)
    ridden(-2.25, 90)
    ridden(-3, 20, vehicle=VehicleFactory(city="rome"))
    ridden(-14.5, 60)  # began on the day before
    OpenRideFactory(start_time=NOON - HOUR)
    page = day_page(client)
    assert by_hour(page) == {"00": (0, 1), "11": (1, 1), "12": (1, 2), "13": (1, 2), "14": (0, 1)}
    assert "3 rides started" in parsed(page).one("summary").text
    assert by_hour(day_page(client, type="e-bike")) == {}


def test_hours_are_those_of_a_city_with_half_an_hour(staff, monkeypatch):
    delhi = registry["paris"]
    monkeypatch.setattr(delhi, "time_zone", "Asia/Kolkata")
    delhi.__dict__.pop("tzinfo", None)
    ridden(-2.25, 5)  # 15:15 in Delhi
    hours = StaffDay(delhi, NOON.date()).rides_by_hour().hours
    assert [hour.clock for hour in hours if hour.started] == ["15"]


def test_an_hour_shows_the_vehicles_that_were_used_in_it(client, staff, vehicle):
    ridden(-2.25, 30, vehicle=vehicle)
    ridden(-5, 30)
    page = day_page(client, hour="12")
    assert [row.vehicle for row in page.context["rows"]] == [vehicle]
    assert "in the hour from 12:00" in page.content.decode()
    assert len(day_page(client, hour="24").context["rows"]) == 2


def test_a_vehicle_is_found_by_the_beginning_of_its_code(client, staff, vehicle):
    ridden(-2, 20, vehicle=vehicle)
    ridden(-2, 20)
    assert [row.vehicle for row in day_page(client, code=vehicle.code.lower()).context["rows"]] == [vehicle]
    assert len(day_page(client, code="PAR").context["rows"]) == 2


def test_a_deleted_accounts_ride_names_no_one(client, staff):
    ridden(-2, 20, rider=None, rider_city="paris")
    assert "(deleted account)" in day_page(client).content.decode()


def test_those_who_may_not_see_rides_see_only_the_calendar(client, vehicle):
    person = StaffFactory(is_superuser=False)
    person.user_permissions.add(Permission.objects.get(codename="view_allocation"))
    client.force_login(person)
    ridden(-2, 20, vehicle=vehicle)
    page = day_page(client)
    assert bars(page) == []
    assert by_hour(page) == {}
