"""A booking whose rider has not started a ride 30 minutes after its start is released."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone, translation

from accounts.personal_data import export_all
from accounts.services import remove_account
from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.calendar.availability import Availability
from fleet.calendar.intervals import Interval
from fleet.map import Box, MapQuery, places_on_map
from fleet.models import Allocation, Vehicle
from fleet.models.choices import Situation
from fleet.search import see
from fleet.services import cancel_own_allocation, pause_vehicle
from fleet.services.no_shows import notify_released_bookings
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, code_of, live, log, maintain, reserve
from fleet.tests.factories import VehicleFactory
from movr_project.errors import Refused
from movr_project.tests.locality import assert_local
from movr_project.tests.threads import at_once, behind
from notifications.models import Notification
from rides.late_bookings import notify_late_bookings
from rides.services import end_ride, start_ride
from rides.tests.agreement import assert_everything_agrees

DEADLINE = 30 * MINUTE
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def vehicle():
    return VehicleFactory(owner=UserFactory(), last_event_at=NOON - HOUR)


@pytest.fixture
def later(clock):
    """Move the clock to a time after noon. Afterwards, everything agrees."""
    yield lambda passed: clock.move_to(NOON + passed, tick=False)
    assert_everything_agrees()


def start(person, vehicle, token="ride"):
    return start_ride(
        rider=person, city=registry[vehicle.city], vehicle_city=vehicle.city, vehicle_id=vehicle.id, token=token
    )


def end(ride):
    return end_ride(city=ride.city, ride_id=ride.id, rider=ride.rider, end_location="Louvre")


def pause(person, vehicle):
    return pause_vehicle(city=vehicle.city, vehicle_id=vehicle.id, owner=vehicle.owner, ends_at=timezone.now() + HOUR)


def book_now(person, vehicle):
    passed = (timezone.now() - NOON) / HOUR
    return book(person, vehicle, passed, passed + 0.5, "another form")


def refusal(act, *args):
    with pytest.raises(Refused) as refused:
        act(*args)
    return refused.value


def stored(booking):
    return Allocation.objects.get(city=booking.city, id=booking.id)


def seen(vehicle, viewer):
    """Return the vehicle as its viewer sees it."""
    same = Vehicle.objects.get(pk=vehicle.pk)
    see([same], "paris", viewer)
    return same


def free_on_map(viewer):
    city = registry["paris"]
    return sum(place["count"] for place in places_on_map(city, MapQuery(Box.around(city)), viewer))


@pytest.mark.django_db
class TestRelease:
    @pytest.mark.parametrize(
        ("act", "code"),
        [(start, "booked"), (reserve, "booked"), (book_now, "conflict"), (pause, "conflict")],
        ids=["start", "reserve", "book", "pause"],
    )
    def test_anybody_can_have_the_vehicle_from_the_deadline_on(self, rider, other_rider, vehicle, later, act, code):
        book(rider, vehicle, 0, 3)
        later(DEADLINE - MOMENT)
        assert refusal(act, other_rider, vehicle).code == code
        later(DEADLINE)
        act(other_rider, vehicle)

    def test_the_list_the_map_and_the_calendar_show_it_free_then(self, rider, other_rider, vehicle, later):
        book(rider, vehicle, 0, 3)
        rest = Interval(NOON + HOUR, NOON + 2 * HOUR)
        found = []
        for passed in (DEADLINE - MOMENT, DEADLINE):
            later(passed)
            vehicles = Vehicle.objects.in_city("paris")
            found.append(
                [
                    seen(vehicle, other_rider).is_rideable,
                    vehicles.rideable_by(other_rider).exists(),
                    vehicles.free_for(rest).exists(),
                    vehicles.not_allocated().exists(),
                    bool(free_on_map(other_rider)),
                    bool(free_on_map(None)),
                    Availability.of(vehicle, viewer=other_rider).next_free(HOUR).start == timezone.now(),
                ]
            )
        assert found == [[False] * 7, [True] * 7]

    def test_who_did_not_come_has_no_claim_while_another_has_it(self, rider, other_rider, vehicle, later):
        book(rider, vehicle, 0, 3)
        later(DEADLINE)
        assert seen(vehicle, rider).is_rideable
        assert not seen(vehicle, rider).is_taken_by_viewer
        reserve(other_rider, vehicle)
        assert not seen(vehicle, rider).is_rideable
        assert not Vehicle.objects.in_city("paris").rideable_by(rider).exists()
        assert free_on_map(rider) == 0
        assert seen(vehicle, other_rider).is_rideable

    def test_a_booking_ahead_takes_all_of_its_time(self, rider, other_rider, vehicle, later):
        book(rider, vehicle, 1, 3)
        assert code_of(book, other_rider, vehicle, 2, 2.5) == "conflict"
        assert not Vehicle.objects.free_for(Interval(NOON + 2 * HOUR, NOON + 2.5 * HOUR)).exists()

    def test_maintenance_that_comes_later_cancels_nothing(self, rider, vehicle, later):
        booking = book(rider, vehicle, 0, 3)
        later(DEADLINE)
        maintain(vehicle)
        assert (stored(booking).ends_at, stored(booking).released_at) == (NOON + 3 * HOUR, NOON + DEADLINE)
        assert not rider.notifications.exists()

    @pytest.mark.parametrize(("act", "why"), [(start, "This vehicle is in use."), (reserve, "else has reserved")])
    def test_who_comes_too_late_reads_why_there_is_no_vehicle(self, rider, other_rider, vehicle, later, act, why):
        book(rider, vehicle, 0, 3)
        later(DEADLINE)
        act(other_rider, vehicle)
        sentence = str(refusal(start, rider, vehicle))
        assert sentence.startswith("Your booking was released, because you hadn't started a ride by 14:30. ")
        assert why in sentence
        assert "Your booking" not in str(refusal(start, UserFactory(), vehicle))

    def test_who_comes_too_late_to_a_free_vehicle_rides_it_like_anybody(self, rider, vehicle, later):
        booking = book(rider, vehicle, 0, 3)
        later(DEADLINE)
        ride = start(rider, vehicle)
        later(HOUR)
        end(ride)
        assert log(vehicle)[-1] == (["trip_end"], "available")
        assert stored(booking).start_by == NOON + DEADLINE

    def test_it_can_not_be_cancelled_any_more(self, rider, vehicle, later):
        booking = book(rider, vehicle, 0, 3)
        later(DEADLINE)
        cancel_own_allocation(rider=rider, city="paris", allocation_id=booking.id)
        assert (stored(booking).ends_at, stored(booking).cancelled_at) == (NOON + 3 * HOUR, None)

    def test_given_back_before_it_is_cancelled_and_not_released(self, rider, vehicle, later):
        ahead, begun = book(rider, vehicle, 1, 3), book(rider, VehicleFactory(), 0, 3)
        later(MINUTE)
        for booking in (ahead, begun):
            cancel_own_allocation(rider=rider, city="paris", allocation_id=booking.id)
            assert stored(booking).start_by is None

    def test_its_hours_do_not_count_any_more(self, rider, vehicle, later, settings):
        settings.MAX_BOOKED_HOURS, settings.MAX_BOOKINGS = 4, 1
        book(rider, vehicle, 0, 3)
        later(DEADLINE - MOMENT)
        assert code_of(book, rider, VehicleFactory(), 5, 9, "another") == "too_many_bookings"
        later(DEADLINE)
        book(rider, VehicleFactory(), 5, 9, "another")

    def test_it_counts_for_the_cool_down_from_its_release_on(self, rider, vehicle, later):
        book(rider, vehicle, 0, 3)
        later(DEADLINE + 14 * MINUTE)
        assert code_of(reserve, rider, vehicle, "another") == "cool_down"
        later(DEADLINE + 15 * MINUTE)
        reserve(rider, vehicle, "another")

    @pytest.mark.parametrize(("minutes", "hours"), [(0, 3), (30, 0.5), (180, 3)], ids=["off", "as short", "as long"])
    def test_some_are_never_released(self, rider, vehicle, later, settings, minutes, hours):
        settings.BOOKING_NO_SHOW_MINUTES = minutes
        assert book(rider, vehicle, 0, hours).start_by is None

    def test_the_deadline_is_that_of_the_setting(self, rider, vehicle, later, settings):
        settings.BOOKING_NO_SHOW_MINUTES = 7
        assert book(rider, vehicle, 1, 2).start_by == NOON + HOUR + 7 * MINUTE

    def test_what_is_booked_from_a_moment_ago_begins_now(self, rider, vehicle, later):
        later(5 * MINUTE)
        assert book(rider, vehicle, 0, 3).start_by == NOON + 35 * MINUTE


@pytest.mark.django_db
class TestNoRelease:
    def test_whose_ride_has_started_in_time_keeps_the_booking(self, rider, other_rider, vehicle, later):
        booking = book(rider, vehicle, 0, 3)
        later(DEADLINE - MOMENT)
        ride = start(rider, vehicle)
        assert stored(booking).start_by is None
        later(HOUR)
        end(ride)
        assert log(vehicle)[-1] == (["trip_end", "reservation_start"], "reserved")
        later(2 * HOUR)
        assert refusal(start, other_rider, vehicle).code == "booked"
        assert start(rider, vehicle, "again")

    def test_who_rides_early_into_the_booking_has_come(self, rider, other_rider, vehicle, later):
        booking = book(rider, vehicle, 1, 3)
        later(HOUR - 10 * MINUTE)
        ride = start(rider, vehicle)
        later(HOUR + 45 * MINUTE)
        assert stored(booking).covers(timezone.now())
        end(ride)
        later(2 * HOUR + 50 * MINUTE)
        assert refusal(start, other_rider, vehicle).code == "booked"

    def test_who_is_back_before_it_begins_has_yet_to_come(self, rider, other_rider, vehicle, later):
        book(rider, vehicle, 1, 3)
        ride = start(rider, vehicle)
        later(HOUR - MINUTE)
        end(ride)
        later(HOUR + DEADLINE)
        start(other_rider, vehicle)

    def test_while_the_rider_before_is_late_it_is_not_released(
        self, rider, other_rider, vehicle, later, rider_client, settings
    ):
        settings.MAX_BOOKINGS = 1
        book(rider, vehicle, 1, 3)
        ride = start(other_rider, vehicle)
        later(HOUR + DEADLINE + MINUTE)
        third = UserFactory()
        assert code_of(book, third, vehicle, 2, 2.5) == "conflict"
        assert not Vehicle.objects.free_for(Interval(NOON + 2 * HOUR, NOON + 2.5 * HOUR)).exists()
        assert code_of(book, rider, VehicleFactory(), 5, 9, "another") == "too_many_bookings"
        assert (notify_late_bookings(), notify_released_bookings()) == (1, 0)
        page = rider_client.get("/bookings/").content.decode()
        assert "Your booking lasts until 17:00" in page
        later(2 * HOUR)
        end(ride)
        later(2 * HOUR + DEADLINE - MOMENT)
        assert refusal(start, third, vehicle).code == "booked"
        later(2 * HOUR + DEADLINE)
        start(third, vehicle)

    def test_who_waited_rides_after_the_late_ride(self, rider, other_rider, vehicle, later):
        booking = book(rider, vehicle, 1, 3)
        ride = start(other_rider, vehicle)
        later(2 * HOUR)
        end(ride)
        later(2 * HOUR + 29 * MINUTE)
        start(rider, vehicle)
        assert stored(booking).start_by is None

    def test_a_ride_that_ends_when_little_is_left_sets_no_deadline(self, rider, other_rider, vehicle, later):
        booking = book(rider, vehicle, 1, 3)
        ride = start(other_rider, vehicle)
        later(2.5 * HOUR)
        end(ride)
        assert stored(booking).start_by is None

    def test_a_ride_leaves_the_bookings_after_it_their_deadlines(self, rider, other_rider, vehicle, later):
        first, second = book(rider, vehicle, 3, 5), book(UserFactory(), vehicle, 24, 26)
        ride = start(other_rider, vehicle)
        assert [one.start_by for one in live(vehicle)] == [None, None]
        later(HOUR)
        end(ride)
        found = [stored(one).start_by for one in (first, second)]
        assert found == [NOON + 3 * HOUR + DEADLINE, NOON + 24 * HOUR + DEADLINE]

    def test_what_is_booked_during_a_ride_has_its_deadline_when_the_ride_ends(self, rider, other_rider, vehicle, later):
        ride = start(other_rider, vehicle)
        booking = book(rider, vehicle, 2, 4)
        assert booking.start_by is None
        later(HOUR)
        end(ride)
        assert stored(booking).start_by == NOON + 2 * HOUR + DEADLINE

    def test_a_ride_after_the_release_does_not_bring_it_back(self, rider, other_rider, vehicle, later):
        booking = book(rider, vehicle, 0, 3)
        book(UserFactory(), vehicle, 5, 7)
        later(HOUR)
        ride = start(other_rider, vehicle)
        assert (notify_late_bookings(), stored(booking).released_at) == (0, NOON + DEADLINE)
        later(2 * HOUR)
        end(ride)
        assert stored(booking).start_by == NOON + DEADLINE
        assert log(vehicle)[-1] == (["trip_end"], "available")

    def test_no_statement_is_added_where_nothing_is_booked(self, rider, vehicle, later):
        with assert_local() as statements:
            end(start(rider, vehicle))
        assert not [sql for sql in statements if sql.startswith('UPDATE "allocations"')]

    def test_the_statements_name_the_city(self, rider, other_rider, vehicle, later):
        book(rider, vehicle, 1, 3)
        with assert_local() as statements:
            end(start(other_rider, vehicle))
        assert len([sql for sql in statements if sql.startswith('UPDATE "allocations"')]) == 2


@pytest.mark.django_db
class TestPages:
    def test_before_the_rider_reads_by_when_to_start(self, later, rider, rider_client, vehicle):
        booking = book(rider, vehicle, 0, 3)
        pages = [booking.get_absolute_url(), "/bookings/", vehicle.get_absolute_url()]
        for page in pages:
            assert "Start your ride by 14:30" in rider_client.get(page).content.decode()
        start(rider, vehicle)
        for page in pages:
            assert "Start your ride by" not in rider_client.get(page).content.decode()

    def test_afterwards_that_it_was_not_picked_up(self, later, rider, rider_client, vehicle):
        booking = book(rider, vehicle, 0, 3)
        later(DEADLINE)
        response = rider_client.get("/bookings/")
        assert [one.outcome for one in response.context["page"]] == ["released"]
        assert response.context["bookings"] == []
        assert "Released: not picked up by 14:30" in response.content.decode()
        page = rider_client.get(booking.get_absolute_url()).content.decode()
        assert "Released: not picked up by 14:30" in page
        assert "Start ride" not in page
        assert reverse("fleet:booking_cancel", args=["paris", booking.id]) not in page

    def test_staff_see_it_among_what_is_past(self, client, rider, vehicle, later):
        booking = book(rider, vehicle, 0, 3)
        client.force_login(StaffFactory())
        for passed, filters in ((DEADLINE - MOMENT, ["live", "now"]), (DEADLINE, ["over"])):
            later(passed)
            lists = {when: client.get("/admin/fleet/allocation/", {"when": when}) for when in ("live", "now", "over")}
            found = {when: list(page.context["cl"].result_list) for when, page in lists.items()}
            assert found == {when: [booking] if when in filters else [] for when in found}
        assert "14:30 CEST" in lists["over"].content.decode()

    def test_the_day_view_shows_it_as_far_as_it_kept_the_vehicle(self, client, rider, vehicle, later):
        book(rider, vehicle, 0, 3)
        client.force_login(StaffFactory())
        calendar = {"city": "paris", "day": "2030-05-01"}
        for passed, length, when in ((MINUTE, 180, "14:00 to 17:00"), (2 * HOUR, 30, "14:00 to 14:30")):
            later(passed)
            [row] = client.get("/admin/fleet/allocation/calendar/", calendar).context["rows"]
            assert [(bar.length, bar.when) for bar in row.bars] == [(length, when)]
        later(20 * HOUR)
        page = client.get("/admin/fleet/allocation/calendar/", {"city": "paris", "day": "2030-05-02"})
        assert page.context["rows"] == []

    def test_staff_find_the_vehicle_available(self, rider, vehicle, later):
        book(rider, vehicle, 0, 3)
        for passed, situation in ((MINUTE, Situation.BOOKED), (DEADLINE, Situation.AVAILABLE)):
            later(passed)
            assert Vehicle.objects.with_situation().get(id=vehicle.id).staff_situation == situation

    def test_it_is_in_the_export_and_leaves_with_the_person(self, rider, vehicle, later):
        booking = book(rider, vehicle, 0, 3)
        later(DEADLINE)
        [exported] = export_all(rider)["reservations and bookings"]
        assert exported["start_by"] == NOON + DEADLINE
        remove_account(user=rider)
        assert (stored(booking).rider_id, stored(booking).ends_at) == (None, NOON + 3 * HOUR)


@pytest.mark.django_db
class TestNotice:
    def test_the_rider_is_notified_once_in_their_language(
        self, rider, vehicle, later, mailoutbox, django_capture_on_commit_callbacks
    ):
        rider.language = "es"
        rider.save()
        book(rider, vehicle, 0, 3)
        later(DEADLINE - MOMENT)
        assert notify_released_bookings() == 0
        later(DEADLINE)
        with django_capture_on_commit_callbacks(execute=True), translation.override("en"):
            assert [notify_released_bookings(), notify_released_bookings()] == [1, 1]
        [notice] = rider.notifications.all()
        assert notice.code == "booking_released"
        assert "Your booking" not in notice.text
        assert vehicle.code in notice.text
        assert "14:30" in notice.text
        assert len(mailoutbox) == 1

    def test_what_is_long_past_is_no_news(self, rider, vehicle, later):
        book(rider, vehicle, 0, 3)
        later(DEADLINE + 24 * HOUR - MOMENT)
        assert notify_released_bookings() == 1
        later(DEADLINE + 24 * HOUR)
        assert notify_released_bookings() == 0

    def test_who_has_left_is_not_notified(self, rider, vehicle, later):
        book(rider, vehicle, 0, 3)
        later(DEADLINE)
        remove_account(user=rider)
        assert notify_released_bookings() == 1
        assert not Notification.objects.exists()

    def test_the_command_says_how_many(self, rider, vehicle, later, capsys):
        book(rider, vehicle, 0, 3)
        later(DEADLINE)
        call_command("notify_released_bookings")
        assert capsys.readouterr().out == "Bookings released within the last day: 1.\n"
        call_command("notify_released_bookings", verbosity=0)
        assert capsys.readouterr().out == ""

    def test_its_statements_name_the_city(self, rider, vehicle, later):
        book(rider, vehicle, 0, 3)
        later(DEADLINE)
        with assert_local():
            notify_released_bookings()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_of_the_booker_and_others_at_the_deadline_one_rides(self, rider, vehicle, later):
        booking = book(rider, vehicle, 0, 3)
        later(DEADLINE)
        people = [rider, *UserFactory.create_batch(5)]
        results = at_once(*(lambda person=person: start(person, vehicle) for person in people))
        refused = [result.code for result in results if isinstance(result, Refused)]
        assert refused == ["vehicle_in_use"] * 5
        assert stored(booking).start_by == NOON + DEADLINE

    def test_before_the_deadline_it_is_the_booker(self, rider, vehicle, later):
        book(rider, vehicle, 0, 3)
        later(DEADLINE - MINUTE)
        people = [rider, *UserFactory.create_batch(5)]
        results = at_once(*(lambda person=person: start(person, vehicle) for person in people))
        assert [isinstance(result, Refused) for result in results] == [False] + [True] * 5

    @pytest.mark.parametrize("act", [start, reserve, book_now])
    def test_who_comes_while_the_booker_starts_in_time_is_refused(self, rider, other_rider, vehicle, later, act):
        booking = book(rider, vehicle, 0, 3)
        later(DEADLINE - MOMENT)

        def start_in_time():
            start_ride.__wrapped__(
                rider=rider, city=registry["paris"], vehicle_city="paris", vehicle_id=vehicle.id, token="ride"
            )
            later(DEADLINE)

        (refused,) = behind(start_in_time, lambda: act(other_rider, vehicle))
        assert refused.code == "vehicle_in_use"
        assert stored(booking).start_by is None

    def test_whose_ride_is_being_started_in_time_is_not_notified(self, rider, vehicle, later):
        book(rider, vehicle, 0, 3)
        later(DEADLINE - MOMENT)

        def start_in_time():
            start_ride.__wrapped__(
                rider=rider, city=registry["paris"], vehicle_city="paris", vehicle_id=vehicle.id, token="ride"
            )
            later(DEADLINE)

        assert behind(start_in_time, notify_released_bookings) == [1]
        assert not Notification.objects.exists()

    def test_two_commands_at_once_notify_once(self, rider, vehicle, later, mailoutbox):
        book(rider, vehicle, 0, 3)
        later(DEADLINE)
        assert at_once(*[notify_released_bookings] * 4) == [1] * 4
        assert Notification.objects.filter(user_id=rider.id).count() == len(mailoutbox) == 1

    def test_a_late_ride_that_ends_while_another_books_leaves_the_deadline(self, rider, other_rider, vehicle, later):
        booking = book(rider, vehicle, 1, 3)
        ride = start(other_rider, vehicle)
        later(2 * HOUR)
        ended, refused = at_once(lambda: end(ride), lambda: book(UserFactory(), vehicle, 2, 2.5))
        assert refused.code in {"conflict", "vehicle_in_use"}
        assert not isinstance(ended, Exception)
        assert stored(booking).start_by == NOON + 2 * HOUR + DEADLINE


@pytest.mark.django_db
class TestBookingAgain:
    """A person who has missed a booking can't go on keeping the vehicle from others by booking it again."""

    @pytest.fixture
    def missed(self, rider, vehicle, clock):
        booking = book(rider, vehicle, 0, 4)
        clock.move_to(booking.start_by, tick=False)
        return booking

    def test_at_once_is_refused(self, rider, vehicle, missed):
        assert refusal(book_now, rider, vehicle).code == "cool_down"

    def test_after_the_cool_down_works(self, rider, vehicle, missed, clock, settings):
        clock.move_to(missed.start_by + settings.RESERVATION_COOLDOWN_MINUTES * MINUTE, tick=False)
        assert book_now(rider, vehicle)

    def test_for_later_works(self, rider, vehicle, missed):
        assert book(rider, vehicle, 24, 25, "another form")

    def test_another_vehicle_and_another_person_are_not_affected(self, rider, vehicle, missed):
        assert book_now(rider, VehicleFactory())
        assert book_now(UserFactory(), vehicle)

    def test_the_form_says_so_beforehand(self, client, vehicle, settings):
        client.force_login(UserFactory())
        page = client.get(f"{vehicle.get_absolute_url()}book/").content.decode()
        assert "If you don't start your ride within 30 minutes, the booking is released." in page.replace("&#x27;", "'")
        settings.BOOKING_NO_SHOW_MINUTES = 0
        assert "is released" not in client.get(f"{vehicle.get_absolute_url()}book/").content.decode()
