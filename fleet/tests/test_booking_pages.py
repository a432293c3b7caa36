"""The pages for reserving, booking, cancelling and pausing."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.services import move_home
from accounts.tests.factories import StaffFactory, UserFactory
from cities.placement.locality import Exemption
from cities.registry import registry
from fleet.models import Allocation
from fleet.services import cancel_allocation, cancel_own_allocation
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, live, maintain, reserve
from fleet.tests.factories import NOTRE_DAME, BookingFactory, VehicleFactory
from movr_project.tests.locality import assert_local
from movr_project.tests.pages import page
from rides.services import end_ride, start_ride
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

OWN_BOOKINGS = Exemption(
    "allocations",
    frozenset({"rider_city", "rider_id"}),
    "A person's bookings in all cities: named by where the rider lives.",
    exactly=False,
)
numbers = count()


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)  # 14:00 in Paris
    return time_machine


@pytest.fixture
def vehicle():
    return VehicleFactory()


def of(name, vehicle):
    return reverse(f"fleet:vehicle_{name}", args=[vehicle.city, vehicle.public_id])


def press(client, name, vehicle, **data):
    """Submit, and return the message and the page that the rider sees."""
    response = client.post(of(name, vehicle), {"token": f"form {next(numbers)}", **data}, follow=True)
    assert response.status_code == 200
    page, _status = response.redirect_chain[0]
    return [str(message) for message in response.context["messages"]], page


def send(client, vehicle, **data):
    form = {"starts": "2030-05-02T10:00", "length": "60", "ends": "", "description": "", "token": "form"}
    return client.post(of("book", vehicle), form | data)


def errors(response):
    assert response.status_code == 200
    return {name: " ".join(found) for name, found in response.context["form"].errors.items()}


def actions(shown):
    """Return the URLs to which the page's forms are submitted."""
    return [form["action"] for form in shown.all("form")]


def page_of(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def cancel(client, allocation):
    return client.post(reverse("fleet:booking_cancel", args=[allocation.city, allocation.id]), follow=True)


def start(rider, vehicle):
    city = registry[vehicle.city]
    return start_ride(rider=rider, city=city, vehicle_city=city.name, vehicle_id=vehicle.id, token=str(vehicle.id))


class TestReserving:
    def test_it_is_held_and_the_page_counts_down(self, rider_client, rider, vehicle):
        sentences, page = press(rider_client, "reserve", vehicle)
        assert sentences[0] == "Reserved until 14:10."
        assert page == vehicle.get_absolute_url()
        assert User.objects.get(id=rider.id).hold_until == NOON + 10 * MINUTE
        text = page_of(rider_client, page)
        assert 'data-countdown="600"' in text
        assert "until 14:10" in text
        assert "Cancel the reservation" in text
        assert of("reserve", vehicle) not in text

    def test_the_bar_on_top_says_so_until_it_is_over(self, rider_client, rider, vehicle, clock):
        reserve(rider, vehicle)
        assert '<a class="riding" href="/bookings/">' in page_of(rider_client, "/rides/")
        clock.move_to(NOON + 10 * MINUTE, tick=False)
        assert '<a class="riding"' not in page_of(rider_client, "/rides/")

    def test_the_same_form_twice_is_one(self, rider_client, vehicle):
        for _time in range(2):
            press(rider_client, "reserve", vehicle, token="same")
        assert len(live(vehicle)) == 1

    @pytest.mark.parametrize("on", ["the list", "its page"])
    def test_the_button_is_beside_start_if_available(self, rider_client, vehicle, on):
        url = "/vehicles/" if on == "the list" else vehicle.get_absolute_url()
        assert f'formaction="{of("reserve", vehicle)}"' in page_of(rider_client, url)
        reserve(UserFactory(), vehicle)
        text = page_of(rider_client, url)
        assert of("reserve", vehicle) not in text

    def test_someone_elses_leads_to_the_vehicle_and_alternatives(self, rider_client, vehicle):
        reserve(UserFactory(), vehicle)
        sentences, page = press(rider_client, "reserve", vehicle)
        assert (sentences, page) == (["Someone else has reserved this vehicle."], vehicle.get_absolute_url())
        assert "See what's available nearby" in page_of(rider_client, page)

    def test_a_second_one_leads_to_the_first(self, rider_client, rider, vehicle):
        reserve(rider, VehicleFactory())
        assert press(rider_client, "reserve", vehicle)[1] == "/bookings/"

    def test_with_a_reservation_no_second_one_is_offered(self, rider_client, rider, vehicle, clock):
        assert of("reserve", vehicle) in page_of(rider_client, "/vehicles/")
        held = VehicleFactory()
        reserve(rider, held)
        page = page_of(rider_client, vehicle.get_absolute_url())
        assert "You have another reservation until 14:10" in page
        assert reverse("rides:ride_start", args=["paris", vehicle.public_id]) in page
        assert of("reserve", vehicle) not in page
        assert of("reserve", vehicle) not in page_of(rider_client, "/vehicles/")
        assert "You already have a reservation" not in page_of(rider_client, held.get_absolute_url())
        clock.move_to(NOON + 11 * MINUTE, tick=False)
        rider_client.force_login(rider)
        page = page_of(rider_client, vehicle.get_absolute_url())
        assert "You already have a reservation" not in page
        assert of("reserve", vehicle) in page

    def test_one_in_maintenance_leads_to_its_page(self, rider_client, vehicle):
        maintain(vehicle)
        assert press(rider_client, "reserve", vehicle)[1] == vehicle.get_absolute_url()

    def test_a_vehicle_that_is_gone_leads_to_the_list(self, rider_client):
        assert press(rider_client, "reserve", VehicleFactory(status="removed"))[1] == "/vehicles/"

    def test_in_another_city_it_is_refused_unless_the_rider_is_at_it(self, rider_client):
        there = VehicleFactory(city="rome")
        sentences, _page = press(rider_client, "reserve", there)
        assert sentences == ["This vehicle is in Rome, and you're browsing Paris."]
        assert "Reserved until" in press(rider_client, "reserve", there, at_it="on")[0][0]

    def test_without_a_confirmed_address_it_leads_to_the_profile(self, rider_client, vehicle, settings):
        settings.EMAIL_VERIFICATION = True
        assert press(rider_client, "reserve", vehicle)[1] == "/profile/"

    def test_starting_ends_it(self, rider_client, rider, vehicle):
        reserve(rider, vehicle)
        rider_client.post(reverse("rides:ride_start", args=["paris", vehicle.public_id]), {"token": "ride"})
        vehicle.refresh_from_db()
        assert vehicle.is_on_trip
        assert User.objects.get(id=rider.id).hold_until is None


class TestWhatTheVehiclesPageSays:
    @pytest.mark.parametrize(
        ("how", "words"),
        [
            (lambda vehicle: reserve(UserFactory(), vehicle), "Reserved"),
            (lambda vehicle: book(UserFactory(), vehicle, 0, 2), "Booked"),
            (lambda vehicle: book(UserFactory(), vehicle, 0.1, 2), "Booked soon"),
            (lambda vehicle: maintain(vehicle), "Out of service"),
        ],
        ids=["reserved", "booked", "booked soon", "in maintenance"],
    )
    def test_a_vehicle_taken_by_someone_else_says_so_and_can_not_be_started(self, rider_client, vehicle, how, words):
        how(vehicle)
        text = page_of(rider_client, vehicle.get_absolute_url())
        assert words in text
        assert reverse("rides:ride_start", args=["paris", vehicle.public_id]) not in text
        assert "See what's available nearby" in text
        assert vehicle not in list(rider_client.get("/vehicles/").context["page"])

    def test_the_riders_own_booking_can_be_started(self, rider_client, rider, vehicle):
        book(rider, vehicle, 0, 2)
        text = page_of(rider_client, vehicle.get_absolute_url())
        assert "Booked by you" in text
        assert reverse("rides:ride_start", args=["paris", vehicle.public_id]) in text
        assert list(rider_client.get("/vehicles/").context["page"]) == [vehicle]

    def test_the_riders_own_can_be_started_until_the_next_one_begins(self, rider_client, rider, vehicle, clock):
        book(rider, vehicle, 0, 0.5)
        book(UserFactory(), vehicle, 0.5, 2)
        clock.move_to(NOON + 20 * MINUTE, tick=False)
        shown = page(page_of(rider_client, vehicle.get_absolute_url()))
        assert reverse("rides:ride_start", args=["paris", vehicle.public_id]) in actions(shown)
        assert "Booked from 14:30, so you can ride for up to 10 minutes." in shown.text

    def test_the_time_left_before_someone_elses_booking(self, rider_client, vehicle):
        book(UserFactory(), vehicle, 1.5, 3)
        shown = page(page_of(rider_client, vehicle.get_absolute_url()))
        assert "Booked from 15:30, so you can ride for up to 1 hour, 30 minutes." in shown.text
        assert reverse("rides:ride_start", args=["paris", vehicle.public_id]) in actions(shown)

    def test_a_booking_far_ahead_is_nothing_to_warn_of(self, rider_client, vehicle):
        book(UserFactory(), vehicle, 3, 4)
        assert "Someone else" not in page_of(rider_client, vehicle.get_absolute_url())

    def test_a_vehicle_booked_soon_offers_no_reservation(self, rider_client, vehicle):
        book(UserFactory(), vehicle, 20 / 60, 1)
        text = page_of(rider_client, vehicle.get_absolute_url())
        assert reverse("rides:ride_start", args=["paris", vehicle.public_id]) in text
        assert of("reserve", vehicle) not in text


class TestPausing:
    def test_the_owner_pauses_and_resumes(self, client_of, clock):
        owner = UserFactory()
        vehicle = VehicleFactory(owner=owner)
        client = client_of(owner)
        assert of("pause", vehicle) in page_of(client, vehicle.get_absolute_url())
        press(client, "pause", vehicle)
        text = page_of(client, vehicle.get_absolute_url())
        assert "You have paused it" in text
        assert of("resume", vehicle) in text
        clock.move_to(NOON + MINUTE, tick=False)
        press(client, "resume", vehicle)
        clock.move_to(NOON + 2 * MINUTE, tick=False)
        assert "Available" in page_of(client, vehicle.get_absolute_url())

    def test_a_booked_vehicle_is_paused_until_the_booking(self, client_of):
        vehicle = VehicleFactory(owner=UserFactory())
        book(UserFactory(), vehicle, 5, 6)
        sentences, page = press(client_of(vehicle.owner), "pause", vehicle)
        assert "There is a booking on May 1, 2030, 19:00" in sentences[1]
        assert page == vehicle.get_absolute_url()

    @pytest.mark.parametrize("name", ["pause", "resume"])
    def test_someone_elses_does_not_exist(self, rider_client, name):
        vehicle = VehicleFactory(owner=UserFactory())
        assert rider_client.post(of(name, vehicle)).status_code == 404
        assert of(name, vehicle) not in page_of(rider_client, vehicle.get_absolute_url())


class TestBooking:
    def test_an_interval_in_the_time_of_the_vehicles_city(self, rider_client, rider, vehicle):
        response = send(rider_client, vehicle, length="until", ends="2030-05-02T12:30", description="Moving")
        booking = Allocation.objects.get()
        assert response.url == booking.get_absolute_url()
        assert (booking.starts_at, booking.ends_at) == (
            datetime(2030, 5, 2, 8, tzinfo=UTC), datetime(2030, 5, 2, 10, 30, tzinfo=UTC),
        )  # fmt: skip
        assert (booking.rider_id, booking.description) == (rider.id, "Moving")

    def test_a_usual_length_overrides_the_end_field(self, rider_client, vehicle):
        send(rider_client, vehicle, length="120", ends="nonsense")
        booking = Allocation.objects.get()
        assert booking.ends_at - booking.starts_at == 2 * HOUR

    def test_one_elsewhere_uses_its_local_time(self, rider_client):
        send(rider_client, VehicleFactory(city="los angeles"))
        assert Allocation.objects.get().starts_at == datetime(2030, 5, 2, 17, tzinfo=UTC)

    def test_the_same_form_twice_is_one(self, rider_client, vehicle):
        assert send(rider_client, vehicle).url == send(rider_client, vehicle).url
        assert Allocation.objects.count() == 1

    def test_a_form_whose_booking_was_cancelled_says_so_and_can_book_again(self, rider_client, vehicle):
        send(rider_client, vehicle)
        cancel(rider_client, Allocation.objects.get())
        response = send(rider_client, vehicle)
        assert "has ended or was cancelled" in errors(response)["__all__"]
        again = response.context["form"].data["token"]
        assert send(rider_client, vehicle, token=again).status_code == 302

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"starts": ""}, "starts"),
            ({"starts": "soon"}, "starts"),
            ({"starts": "0001-01-01T00:00"}, "starts"),
            ({"starts": "9999-12-31T23:59"}, "starts"),
            ({"starts": "2030-04-30T10:00"}, "starts"),
            ({"starts": "2031-05-02T10:00"}, "starts"),
            ({"length": "7"}, "length"),
            ({"length": "until"}, "ends"),
            ({"length": "until", "ends": "2030-05-02T10:00"}, "ends"),
            ({"length": "until", "ends": "2030-05-02T09:00"}, "ends"),
            ({"length": "until", "ends": "2030-05-02T10:05"}, "ends"),
            ({"length": "until", "ends": "2030-05-09T10:00"}, "ends"),
            ({"description": "x" * 101}, "description"),
        ],
        ids=lambda value: str(value) if isinstance(value, dict) else "",
    )
    def test_errors_are_shown_at_their_field(self, rider_client, vehicle, data, field):
        assert field in errors(send(rider_client, vehicle, **data))
        assert not Allocation.objects.exists()

    def test_a_time_that_the_clocks_skip_is_refused(self, rider_client, vehicle, clock):
        clock.move_to(datetime(2030, 3, 20, tzinfo=UTC), tick=False)
        rider_client.force_login(User.objects.get())
        assert "exist in Paris" in errors(send(rider_client, vehicle, starts="2030-03-31T02:30"))["starts"]

    def test_a_time_that_comes_twice_is_refused(self, rider_client, vehicle, clock):
        clock.move_to(datetime(2030, 10, 20, tzinfo=UTC), tick=False)
        rider_client.force_login(User.objects.get())
        assert "occurs twice" in errors(send(rider_client, vehicle, starts="2030-10-27T02:30"))["starts"]

    def test_an_hour_over_the_change_of_the_clocks_is_a_real_hour(self, rider_client, vehicle, clock):
        clock.move_to(datetime(2030, 10, 20, tzinfo=UTC), tick=False)
        rider_client.force_login(User.objects.get())
        send(rider_client, vehicle, starts="2030-10-27T01:30")
        booking = Allocation.objects.get()
        assert booking.ends_at - booking.starts_at == HOUR

    def test_a_conflict_names_the_interval_and_offers_the_next_free_one(self, rider_client, vehicle):
        book(UserFactory(), vehicle, 20, 22)  # 10:00 to 12:00 in Paris
        response = send(rider_client, vehicle)
        assert errors(response)["starts"] == (
            "This vehicle is unavailable from May 2, 2030, 10:00 to May 2, 2030, 12:00. "
            "Available again from May 2, 2030, 12:00."
        )
        assert "instead" in response.content.decode()
        free = response.context["form"].instead
        assert (free.start, free.end) == (NOON + 22 * HOUR, NOON + 23 * HOUR)
        instead = f"{free.start.isoformat()}/{free.end.isoformat()}"
        assert send(rider_client, vehicle, instead=instead).status_code == 302
        assert Allocation.objects.filter(starts_at=free.start, ends_at=free.end).count() == 1

    @pytest.mark.parametrize("instead", ["", "/", "x/y", "2030-05-02T10:00", "\0"])
    def test_an_invalid_offered_interval_is_an_error_at_the_fields(self, rider_client, vehicle, instead):
        assert errors(send(rider_client, vehicle, instead=instead))

    def test_too_many_lead_to_the_list_of_bookings(self, rider_client, vehicle, settings):
        settings.MAX_BOOKINGS = 1
        send(rider_client, VehicleFactory())
        assert send(rider_client, vehicle).url == "/bookings/"

    def test_the_form_begins_with_what_is_free_next(self, rider_client, vehicle):
        book(UserFactory(), vehicle, 0, 2)
        assert 'value="2030-05-01T16:00"' in page_of(rider_client, of("book", vehicle))

    def test_a_link_fills_it_in(self, rider_client, vehicle):
        url = of("book", vehicle)
        text = page_of(rider_client, f"{url}?from=2030-05-03T08:00Z&until=2030-05-03T12:00Z")
        assert 'value="2030-05-03T10:00"' in text
        assert 'value="2030-05-03T14:00"' in text

    @pytest.mark.parametrize("query", ["from=x&until=y", "from=%00", "from=2030-05-03T10:00&until=2030-05-03T09:00"])
    def test_an_invalid_link_fills_in_nothing_wrong(self, rider_client, vehicle, query):
        choices = page(page_of(rider_client, f"{of('book', vehicle)}?{query}")).all("input")
        assert [each["value"] for each in choices if each["name"] == "length" and "checked" in each] == ["60"]


class TestTheListOfWhatIsFree:
    def found(self, client, start, end, **query):
        response = client.get("/vehicles/", {"from": start, "until": end, **query})
        assert response.status_code == 200
        return response

    def test_rows_that_conflict_meanwhile_are_left_out(self, rider_client, vehicle):
        book(UserFactory(), VehicleFactory(), 20, 22)
        touching = VehicleFactory()
        book(UserFactory(), touching, 22, 24)
        response = self.found(rider_client, "2030-05-02T10:00", "2030-05-02T12:00")
        assert set(response.context["page"]) == {vehicle, touching}

    def test_a_card_leads_to_booking_that_interval(self, rider_client, vehicle):
        text = self.found(rider_client, "2030-05-02T10:00", "2030-05-02T12:00").content.decode()
        assert f"{of('book', vehicle)}?from=2030-05-02T08%3A00Z&amp;until=2030-05-02T10%3A00Z" in text

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("x", "2030-05-02T12:00"),
            ("2030-05-02T12:00", "2030-05-02T10:00"),
            ("2030-05-02T12:00", "2030-05-02T12:00"),
            ("2030-05-02T12:00", ""),
            ("", "2030-04-02T12:00"),
            ("\0", "\0"),
        ],
    )
    def test_invalid_filters_are_errors_and_are_ignored(self, rider_client, vehicle, start, end):
        maintain(VehicleFactory())
        response = self.found(rider_client, start, end)
        assert list(response.context["page"]) == [vehicle]
        assert response.context["filter_form"].interval_error
        assert response.context["filter_form"].interval_error in response.content.decode()

    def test_it_takes_three_statements_in_one_city(self, rider_client, django_assert_num_queries):
        VehicleFactory.create_batch(3)
        with assert_local(), django_assert_num_queries(3):
            self.found(rider_client, "2030-05-02T10:00", "2030-05-02T12:00")

    def test_pages_keep_it(self, rider_client):
        VehicleFactory.create_batch(25)
        text = self.found(rider_client, "2030-05-02T10:00", "2030-05-02T12:00").content.decode()
        assert "until=2030-05-02T12%3A00&amp;page=2" in text


class TestMyBookings:
    def test_current_future_and_past_ones(self, rider_client, rider, vehicle, clock):
        over = book(rider, vehicle, 0, 1, token="a")
        clock.move_to(NOON + 2 * HOUR, tick=False)
        rider_client.force_login(rider)
        ahead = book(rider, vehicle, 24, 25, token="b")
        hold = reserve(rider, VehicleFactory())
        BookingFactory()  # another person's
        context = rider_client.get("/bookings/").context
        assert context["holds"] == [hold]
        assert context["bookings"] == [ahead]
        assert list(context["page"]) == [over]

    def test_one_that_has_begun_can_be_started(self, rider_client, rider, vehicle, clock):
        start = reverse("rides:ride_start", args=["paris", vehicle.public_id])
        book(rider, vehicle, 1, 2, token="a")
        assert start not in page_of(rider_client, "/bookings/")
        book(rider, vehicle, 0, 1, token="b")
        clock.move_to(NOON + MINUTE, tick=False)
        assert start in page_of(rider_client, "/bookings/")

    def test_a_late_booking_offers_the_nearest_available_vehicle(self, rider_client, rider):
        vehicle = VehicleFactory()
        booking = book(rider, vehicle, 0, 2)
        OpenRideFactory(vehicle=vehicle, rider=UserFactory())
        VehicleFactory(latitude=NOTRE_DAME[0] + 0.02, color="far")
        near = VehicleFactory(latitude=NOTRE_DAME[0] + 0.01)
        maintain(VehicleFactory())
        VehicleFactory(type="bike")
        for url in ("/bookings/", booking.get_absolute_url()):
            text = page_of(rider_client, url)
            assert "the vehicle is still in use" in text
            assert "1.1 km away" in text
            assert reverse("rides:ride_start", args=["paris", near.public_id]) in text
            assert of("book", near) in text
            assert "Your booking lasts until 16:00" in text
            assert "data-countdown" not in text
        assert "data-countdown" not in page_of(rider_client, vehicle.get_absolute_url())
        assert "data-countdown" not in page_of(rider_client, "/vehicles/")

    def test_a_late_end_includes_its_day(self, rider_client, rider, vehicle):
        booking = book(rider, vehicle, 0, 20)
        OpenRideFactory(vehicle=vehicle, rider=UserFactory())
        assert "Your booking lasts until May 2, 2030, 10:00" in page_of(rider_client, booking.get_absolute_url())

    def test_the_riders_own_ride_within_it_is_not_late(self, rider_client, rider, vehicle):
        booking = book(rider, vehicle, 0, 2)
        OpenRideFactory(vehicle=vehicle, rider=rider)
        assert "the vehicle is still in use" not in page_of(rider_client, booking.get_absolute_url())

    def test_cancelling_works_and_twice_is_fine(self, rider_client, rider, vehicle):
        booking = book(rider, vehicle, 1, 2)
        for _time in range(2):
            response = cancel(rider_client, booking)
            assert response.redirect_chain[0][0] == "/bookings/"
        assert live(vehicle) == []

    def test_cancelling_a_reservation_frees_the_rider_and_leads_back(self, rider_client, rider, vehicle):
        hold = reserve(rider, vehicle)
        url = reverse("fleet:booking_cancel", args=["paris", hold.id])
        assert rider_client.post(url, {"next": vehicle.get_absolute_url()}).url == vehicle.get_absolute_url()
        assert User.objects.get(id=rider.id).hold_until is None

    def test_someone_who_moves_meanwhile_keeps_it_and_is_notified(self, rider_client, rider, vehicle, monkeypatch):
        booking = book(rider, vehicle, 1, 2)

        def after_moving(**arguments):
            move_home(user=User.objects.get(id=rider.id), city=registry["rome"])
            return cancel_own_allocation(**arguments)

        monkeypatch.setattr("fleet.views.bookings.cancel_own_allocation", after_moving)
        assert "Your account has changed" in cancel(rider_client, booking).content.decode()
        assert live(vehicle) == [booking]

    def test_someone_elses_does_not_exist(self, rider_client, vehicle):
        booking = book(UserFactory(), vehicle, 1, 2)
        assert rider_client.get(booking.get_absolute_url()).status_code == 404
        assert cancel(rider_client, booking).status_code == 404
        assert live(vehicle) == [booking]

    def test_maintenance_is_no_ones_booking(self, rider_client, vehicle):
        assert cancel(rider_client, maintain(vehicle)).status_code == 404

    def test_the_list_takes_three_statements_however_long_it_is(self, rider_client, rider, django_assert_num_queries):
        for number in range(5):
            book(rider, VehicleFactory(), number, number + 1, token=str(number))
            BookingFactory(rider=rider, starts_at=NOON - timedelta(days=number + 1))
        with assert_local(OWN_BOOKINGS), django_assert_num_queries(3):  # the user, future bookings, past bookings
            rider_client.get("/bookings/")

    def test_each_shows_its_outcome(self, rider_client, rider, clock):
        def later(minutes):
            clock.move_to(NOON + minutes * MINUTE, tick=False)

        staff = StaffFactory()
        vehicles = [VehicleFactory() for _number in range(10)]
        expired = reserve(rider, vehicles[0], token="0")
        later(20)
        ridden = reserve(rider, vehicles[1], token="1")
        later(21)
        ride = start(rider, vehicles[1])
        later(22)
        end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="Here")
        later(23)
        back = reserve(rider, vehicles[2], token="2")
        later(24)
        cancel_own_allocation(rider=rider, city="paris", allocation_id=back.id)
        later(25)
        taken = reserve(rider, vehicles[3], token="3")
        later(26)
        maintain(vehicles[3], by=staff)
        later(27)
        swallowed = reserve(rider, vehicles[4], token="4")
        later(28)
        in_its_place = book(rider, vehicles[4], 0.5, 1, token="5")
        called_off = book(rider, vehicles[5], 30, 31, token="6")
        cancel_allocation(city="paris", allocation_id=called_off.id, by=staff)
        changed = book(rider, vehicles[6], 30, 31, token="7")
        cancel_own_allocation(rider=rider, city="paris", allocation_id=changed.id)
        unused = book(rider, vehicles[7], 1, 2, token="8")
        used = book(rider, vehicles[8], 1, 2, token="9")
        later(61)
        ride = start(rider, vehicles[8])
        later(70)
        end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="Here")
        later(150)
        rider_client.force_login(rider)
        found = {one.id: str(one.outcome.label) for one in rider_client.get("/bookings/").context["page"]}
        assert found == {
            expired.id: "Expired",
            ridden.id: "Completed",
            back.id: "Cancelled",
            taken.id: "Cancelled by us",
            swallowed.id: "Turned into a booking",
            in_its_place.id: "Ended",
            called_off.id: "Cancelled by us",
            changed.id: "Cancelled",
            unused.id: "Released",
            used.id: "Completed",
        }
        assert f'<a href="{ride.get_absolute_url()}">Completed</a>' in page_of(rider_client, "/bookings/")
        assert f'<a href="{ride.get_absolute_url()}">Completed</a>' in page_of(rider_client, used.get_absolute_url())
        assert "Turned into a booking" in page_of(rider_client, swallowed.get_absolute_url())

    def test_deleted_parts_of_the_log_are_not_guessed(self, rider_client, rider, vehicle):
        BookingFactory(reservation=True, rider=rider, starts_at=NOON - HOUR, ends_at=NOON - HOUR + MINUTE)
        [allocation] = rider_client.get("/bookings/").context["page"]
        assert allocation.outcome == "over"

    def test_a_cancelled_future_booking_leads_to_alternatives(self, rider_client, rider, vehicle, clock):
        booking = book(rider, vehicle, 2, 3)
        maintain(vehicle)
        other = VehicleFactory()
        VehicleFactory(type="car")
        [found] = re.findall(r'href="([^"]*)">See what\'s available then', page_of(rider_client, "/bookings/"))
        response = rider_client.get(unescape(found))
        assert response.context["interval"] == booking.interval
        assert list(response.context["page"]) == [other]
        clock.move_to(NOON + 3 * HOUR, tick=False)
        rider_client.force_login(rider)
        assert "See what's available then" not in page_of(rider_client, "/bookings/")

    def test_someone_who_looks_at_another_city_is_switched_on_the_way_there(self, rider_client, rider):
        booking = book(rider, VehicleFactory(city="rome"), 2, 3)
        cancel_own_allocation(rider=rider, city="rome", allocation_id=booking.id)
        page = page_of(rider_client, "/bookings/")
        [following] = re.findall(r'name="next" value="(/vehicles/[^"]*)"', page)
        response = rider_client.post("/city/", {"city": "rome", "next": unescape(following)}, follow=True)
        assert response.context["request"].city.name == "rome"
        assert response.context["interval"] == booking.interval

    def test_what_is_over_comes_in_pages(self, rider_client, rider, vehicle):
        for number in range(26):
            BookingFactory(rider=rider, vehicle=vehicle, starts_at=NOON - timedelta(days=number + 1))
        assert len(rider_client.get("/bookings/").context["page"]) == 25
        assert len(rider_client.get("/bookings/", {"page": 2}).context["page"]) == 1


class TestFilterFromALink:
    """MovR's own links contain times with a time zone."""

    LINK = "/vehicles/?from=2030-12-20T09:00Z&until=2030-12-20T11:30Z"

    def test_its_fields_show_the_interval_in_local_time(self, rider_client):
        form = rider_client.get(self.LINK).context["filter_form"]
        assert 'value="2030-12-20T10:00"' in str(form["from"])
        assert 'value="2030-12-20T12:30"' in str(form["until"])

    def test_the_next_filter_keeps_it(self, rider_client):
        first = rider_client.get(self.LINK).context
        form = first["filter_form"]
        kept = {"from": form["from"].value(), "until": form["until"].value(), "type": "bike"}
        assert rider_client.get("/vehicles/", kept).context["interval"] == first["interval"]

    def test_an_alternative_is_shown_in_local_time_if_it_is_refused(self, rider_client):
        vehicle = VehicleFactory()
        BookingFactory(vehicle=vehicle, starts_at=datetime(2030, 5, 2, 10, tzinfo=UTC))
        data = {"instead": "2030-05-02T10:00:00+00:00/2030-05-02T11:00:00+00:00", "token": "form"}
        page = rider_client.post(
            reverse("fleet:vehicle_book", args=["paris", vehicle.public_id]), data
        ).content.decode()
        assert 'value="2030-05-02T12:00"' in page
        assert 'value="2030-05-02T13:00"' in page


class TestTheRepeatedHour:
    """Paris, 31 October 2027: at 01:00Z the clocks go from 3 a.m. back to 2 a.m."""

    START, END = datetime(2027, 10, 31, 0, 0, tzinfo=UTC), datetime(2027, 10, 31, 1, 30, tzinfo=UTC)

    @pytest.fixture
    def vehicle(self, clock):
        clock.move_to(datetime(2027, 10, 30, 12, tzinfo=UTC), tick=False)
        return VehicleFactory()

    @staticmethod
    def url_of(vehicle):
        return reverse("fleet:vehicle_book", args=["paris", vehicle.public_id])

    @staticmethod
    def sent_on(form, **more):
        """Return what a browser submits for a displayed form."""
        data = {"length": "60", "token": "form"} | more
        for name in ("starts", "ends"):
            html = str(form[name])
            for field, value in [(name, r'value="([^"]*)"'), (f"{name}_fold", r'value="(.)" selected')]:
                found = re.search(value, html)
                if found and f'name="{field}"' in html:
                    data[field] = found[1]
        return data

    def test_what_the_calendar_offers_can_be_booked(self, rider_client, vehicle):
        form = rider_client.get(self.url_of(vehicle), {"from": "2027-10-31T01:30Z"}).context["form"]
        assert rider_client.post(self.url_of(vehicle), self.sent_on(form)).status_code == 302
        assert Allocation.objects.get().starts_at == self.END

    @pytest.mark.parametrize("minutes", [10, 70])
    def test_now_can_be_booked_in_both_of_its_halves(self, rider_client, vehicle, clock, minutes):
        now = self.START + minutes * MINUTE
        clock.move_to(now, tick=False)
        form = rider_client.get(self.url_of(vehicle)).context["form"]
        assert rider_client.post(self.url_of(vehicle), self.sent_on(form)).status_code == 302
        assert Allocation.objects.get().starts_at == now

    def test_the_list_keeps_an_interval_in_it(self, rider_client, vehicle):
        link = "/vehicles/?from=2027-10-31T00:30Z&until=2027-10-31T01:30Z"
        context = rider_client.get(link).context
        kept = {"from": "2027-10-31T02:30", "from_fold": "0", "until": "2027-10-31T02:30", "until_fold": "1"}
        assert rider_client.get("/vehicles/", kept).context["interval"] == context["interval"]

    def test_a_span_over_it_says_how_long_it_lasts(self, rider_client, rider, vehicle):
        booking = BookingFactory(vehicle=vehicle, rider=rider, starts_at=self.START, ends_at=self.END)
        long = "02:00 \N{EN DASH} 02:30 (1 hour 30 minutes)"
        assert long in text_of(rider_client.get(booking.get_absolute_url()))
        calendar = reverse("fleet:vehicle_calendar", args=["paris", vehicle.public_id])
        assert long in text_of(rider_client.get(calendar, {"day": "2027-10-31"}))

    def test_other_spans_do_not(self, rider_client, rider, vehicle):
        booking = BookingFactory(vehicle=vehicle, rider=rider, starts_at=self.END, ends_at=self.END + HOUR)
        assert "(1 hour" not in text_of(rider_client.get(booking.get_absolute_url()))


def text_of(response) -> str:
    return unescape(re.sub(r"<[^>]*>", "", response.content.decode()))
