"""Staff suspend people, whose reservations, bookings and vehicles no longer block others."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from cities.registry import registry
from fleet.models import Allocation
from fleet.services import VehicleRefused, remove_vehicle, resume_vehicle
from fleet.tests.calendars import HOUR, NOON, book, live, log, maintain, reserve
from fleet.tests.factories import AllocationFactory, BookingFactory, VehicleFactory
from movr_project.tests.threads import at_once, behind
from operations.services.suspension import SuspensionRefused, lift_suspension, release_holdings, suspend_person
from operations.tests.consistency import contradictions
from rides.services import RideRefused, end_ride, start_ride
from rides.tests.factories import OpenRideFactory

PEOPLE, RIDES, VEHICLES = "/admin/accounts/user/", "/admin/rides/ride/", "/admin/fleet/vehicle/"
REASON = "Codes collected."


def suspend(person, by=None, reason=REASON):
    suspend_person(person=person, reason=reason, by=by or StaffFactory())


def act(client, action, people, **data):
    keys = [str(person.pk) for person in people]
    return client.post(PEOPLE, {"action": action, "_selected_action": keys, **data}, follow=True)


def log_in(client, person):
    return client.post("/login/", {"username": person.username, "password": PASSWORD}).content.decode()


def code_of(call, *args, **kwargs):
    with pytest.raises(SuspensionRefused) as refused:
        call(*args, **kwargs)
    return refused.value.code


@pytest.fixture
def staff_client(client_of):
    return client_of(StaffFactory())


@pytest.mark.django_db
class TestHoldings:
    def test_reservations_and_bookings_in_all_cities_end(self, rider, time_machine):
        time_machine.move_to(NOON, tick=False)
        held, ahead = VehicleFactory(), VehicleFactory(city="rome")
        reserve(rider, held)
        book(rider, ahead, 5, 6)
        others = book(UserFactory(), held, 9, 10)
        suspend(rider)
        assert [one for one in live(held) if one.ends_at > NOON + HOUR] == [others]
        assert log(held)[-1] == (["reservation_cancel"], "available")
        assert live(ahead) == []
        assert User.objects.get(id=rider.id).hold_until is None

    def test_a_current_booking_ends_now(self, rider):
        booking = BookingFactory(rider=rider, starts_at=timezone.now() - HOUR)
        suspend(rider)
        booking.refresh_from_db()
        assert booking.cancelled_at is None
        assert booking.ends_at <= timezone.now()
        assert log(booking.vehicle)[-1] == (["reservation_cancel"], "available")

    def test_an_open_ride_goes_on_until_staff_end_it(self, rider, staff_client):
        ride = OpenRideFactory(rider=rider)
        OpenRideFactory()
        suspend(rider)
        for url, query, row in [
            (RIDES, {"attention": "inactive"}, ride),
            (VEHICLES, {"work": "inactive"}, ride.vehicle),
        ]:
            assert list(staff_client.get(url, query).context["cl"].result_list) == [row]
        end_ride(city=ride.city, ride_id=ride.id, rider=None, end_location="Depot", by=StaffFactory())
        assert User.objects.get(id=rider.id).open_rides == 0

    def test_their_vehicles_are_paused_until_further_notice(self, time_machine):
        time_machine.move_to(NOON, tick=False)
        vehicle = VehicleFactory(owner=UserFactory())
        rider = UserFactory()
        book(rider, vehicle, 5, 6)
        suspend(vehicle.owner)
        [pause] = live(vehicle)
        assert (pause.kind, pause.ends_at) == ("paused", None)
        assert log(vehicle)[-1] == (["off_hours"], "non_operational")
        assert [notice.code for notice in rider.notifications.all()] == ["booking_cancelled"]

    def test_one_that_is_ridden_is_paused_and_the_ride_may_be_finished(self):
        ride = OpenRideFactory(vehicle=VehicleFactory(owner=UserFactory()))
        suspend(ride.vehicle.owner)
        end_ride(city="paris", ride_id=ride.id, rider=ride.rider, end_location="Louvre")
        assert log(ride.vehicle)[-1] == (["trip_end", "off_hours"], "non_operational")

    def test_maintenance_stays_and_the_pause_surrounds_it(self, time_machine):
        time_machine.move_to(NOON, tick=False)
        vehicle = VehicleFactory(owner=UserFactory())
        maintain(vehicle, 5, 6)
        time_machine.move_to(NOON + timedelta(minutes=1), tick=False)
        suspend(vehicle.owner)
        assert [(one.kind, one.ends_at) for one in live(vehicle)] == [
            ("paused", NOON + 5 * HOUR),
            ("maintenance", NOON + 6 * HOUR),
            ("paused", None),
        ]

    def test_between_two_maintenances_without_a_gap_there_is_no_pause(self, time_machine):
        time_machine.move_to(NOON, tick=False)
        vehicle = VehicleFactory(owner=UserFactory())
        maintain(vehicle, 5, 6)
        maintain(vehicle, 6, 7)
        suspend(vehicle.owner)
        assert [one.kind for one in live(vehicle)] == ["paused", "maintenance", "maintenance", "paused"]

    def test_what_is_in_maintenance_until_further_notice_stays_so(self):
        vehicle = VehicleFactory(owner=UserFactory())
        maintain(vehicle)
        suspend(vehicle.owner)
        assert [one.kind for one in live(vehicle)] == ["maintenance"]

    def test_back_from_the_depot_it_is_on_the_staffs_list(self, staff_client):
        owner = UserFactory()
        away, free, _paused = VehicleFactory.create_batch(3, owner=owner)
        maintain(away)
        suspend(owner)
        Allocation.objects.filter(vehicle_id=free.id).update(cancelled_at=timezone.now())
        listed = staff_client.get(VEHICLES, {"work": "inactive"}).context["cl"].result_list
        assert list(listed) == [free]

    def test_a_pause_of_their_own_becomes_one_without_an_end(self):
        vehicle = VehicleFactory(owner=UserFactory())
        AllocationFactory(vehicle=vehicle, paused=True, ends_at=timezone.now() + HOUR)
        suspend(vehicle.owner)
        assert live(vehicle)[-1].ends_at is None
        assert not vehicle.owner.notifications.exists()

    def test_one_that_awaits_approval_is_not_paused(self):
        vehicle = VehicleFactory(owner=UserFactory(), approved_at=None)
        suspend(vehicle.owner)
        assert live(vehicle) == []

    def test_if_the_suspension_is_lifted_meanwhile_nothing_more_is_released(self, rider):
        booking, own = BookingFactory(rider=rider), VehicleFactory(owner=rider)
        release_holdings(person=rider, by=StaffFactory())
        assert live(booking.vehicle) == [booking]
        assert live(own) == []

    def test_again_it_changes_nothing(self, rider, mailoutbox, django_capture_on_commit_callbacks):
        vehicle = VehicleFactory(owner=rider)
        with django_capture_on_commit_callbacks(execute=True):
            suspend(rider)
            suspend(rider, reason="Another one.")
        assert len(live(vehicle)) == 1
        assert User.objects.get(id=rider.id).suspension_reason == REASON
        assert len(mailoutbox) == 1

    def test_all_rows_agree_afterwards(self, rider):
        BookingFactory(rider=rider)
        AllocationFactory(reservation=True, rider=rider)
        AllocationFactory(paused=True, vehicle=VehicleFactory(owner=rider))
        OpenRideFactory(rider=rider)
        suspend(rider)
        assert not contradictions()


@pytest.mark.django_db
class TestThePerson:
    def test_reads_the_reason_at_log_in_and_by_mail(
        self, client, rider, mailoutbox, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            suspend(rider)
        assert f"Your account is suspended. Reason: {REASON}" in log_in(client, rider)
        [mail] = mailoutbox
        assert (mail.to, REASON in mail.body) == ([rider.email], True)

    def test_someone_who_guesses_a_password_reads_nothing_of_it(self, client, rider):
        suspend(rider)
        page = client.post("/login/", {"username": rider.username, "password": "x"}).content.decode()
        assert REASON not in page
        assert "Invalid user credentials" in page

    def test_is_logged_out_at_once_and_for_good(self, client, rider):
        client.force_login(rider)
        suspend(rider)
        assert client.get("/rides/").url.startswith("/login/")
        lift_suspension(person=rider, by=StaffFactory())
        assert client.get("/rides/").url.startswith("/login/")

    def test_starts_and_books_nothing_with_a_page_that_is_still_open(self, rider):
        vehicle = VehicleFactory()
        suspend(rider)
        with pytest.raises(RideRefused):
            start_ride(rider=rider, city=registry["paris"], vehicle_city="paris", vehicle_id=vehicle.id, token="form")
        with pytest.raises(VehicleRefused):
            reserve(rider, vehicle)

    def test_once_it_is_lifted_logs_in_and_resumes_the_vehicles(
        self, client, rider, mailoutbox, django_capture_on_commit_callbacks
    ):
        vehicle = VehicleFactory(owner=rider)
        suspend(rider)
        with django_capture_on_commit_callbacks(execute=True):
            lift_suspension(person=rider, by=StaffFactory())
        assert [mail.to for mail in mailoutbox] == [[rider.email]] * 2  # suspended, then lifted
        log_in(client, rider)
        assert client.get("/rides/").status_code == 200
        assert len(live(vehicle)) == 1
        resume_vehicle(city="paris", vehicle_id=vehicle.id, owner=User.objects.get(id=rider.id))
        assert log(vehicle)[-1] == (["on_hours"], "available")


@pytest.mark.django_db
class TestStaff:
    def test_give_a_reason_and_the_history_says_it(self, staff_client, rider):
        assert "Reason" in act(staff_client, "suspend", [rider]).content.decode()
        assert User.objects.get(id=rider.id).is_active
        act(staff_client, "suspend", [rider], confirmed="yes", reason=" ")
        assert User.objects.get(id=rider.id).is_active
        act(staff_client, "suspend", [rider], confirmed="yes", reason=REASON)
        assert not User.objects.get(id=rider.id).is_active
        assert LogEntry.objects.get().get_change_message() == f"Suspended. {REASON}"
        page = staff_client.get(f"{PEOPLE}{rider.id}/change/").content.decode()
        assert REASON in page
        assert 'name="is_active"' not in page

    def test_lift_it(self, staff_client, rider):
        suspend(rider)
        act(staff_client, "lift_suspension", [rider])
        assert not User.objects.get(id=rider.id).is_active
        act(staff_client, "lift_suspension", [rider], confirmed="yes")
        row = User.objects.get(id=rider.id)
        assert (row.is_active, row.suspended_at, row.suspension_reason) == (True, None, "")
        assert code_of(lift_suspension, person=rider, by=StaffFactory()) == "not_suspended"

    def test_find_who_is_suspended(self, staff_client, rider):
        suspend(rider)
        found = staff_client.get(PEOPLE, {"suspended": "yes"}).context["cl"].result_list
        assert list(found) == [rider]
        assert rider not in staff_client.get(PEOPLE, {"suspended": "no"}).context["cl"].result_list

    def test_viewing_people_is_not_enough_to_suspend(self, client, rider):
        colleague = UserFactory(is_staff=True)
        colleague.user_permissions.add(Permission.objects.get(codename="view_user"))
        client.force_login(colleague)
        act(client, "suspend", [rider], confirmed="yes", reason=REASON)
        assert User.objects.get(id=rider.id).is_active

    def test_only_superusers_suspend_colleagues_and_no_one_themselves(self):
        support, colleague, boss = UserFactory(is_staff=True), UserFactory(is_staff=True), StaffFactory()
        assert code_of(suspend, colleague, by=support) == "colleague"
        assert code_of(suspend, boss, by=boss) == "colleague"
        assert code_of(suspend, UserFactory(is_superuser=True), by=support) == "colleague"
        suspend(colleague, by=boss)
        assert code_of(lift_suspension, person=colleague, by=support) == "colleague"

    def test_a_deleted_account_can_not_be_suspended(self):
        gone = UserFactory(email=None, is_active=False)
        assert code_of(suspend, gone) == "account_gone"

    def test_deactivating_someone_by_hand_releases_what_they_hold(
        self, staff_client, rider, django_capture_on_commit_callbacks
    ):
        booking = BookingFactory(rider=rider)
        vehicle = VehicleFactory(owner=rider)
        fields = {"username": rider.username, "first_name": "Ada", "last_name": "Byron", "email": rider.email}
        with django_capture_on_commit_callbacks(execute=True):
            response = staff_client.post(f"{PEOPLE}{rider.id}/change/", fields)
        assert response.status_code == 302
        assert not User.objects.get(id=rider.id).is_active
        assert live(booking.vehicle) == []
        assert [one.kind for one in live(vehicle)] == ["paused"]


@pytest.mark.django_db(transaction=True)
def test_a_start_or_reservation_during_a_suspension_is_released():
    rider, by = UserFactory(), StaffFactory()
    vehicles = VehicleFactory.create_batch(3)
    results = at_once(
        lambda: suspend(rider, by),
        lambda: reserve(rider, vehicles[0]),
        lambda: book_later(rider, vehicles[1], "one"),
        lambda: book_later(rider, vehicles[2], "two"),
    )
    unexpected = [one for one in results if isinstance(one, Exception) and not isinstance(one, VehicleRefused)]
    assert not unexpected
    assert not Allocation.objects.for_rider(rider).from_now_on(timezone.now()).exists()
    assert User.objects.get(id=rider.id).hold_until is None


def book_later(rider, vehicle, token):
    from fleet.services import book_vehicle

    start = timezone.now() + HOUR
    return book_vehicle(
        rider=rider, vehicle_city="paris", vehicle_id=vehicle.id, starts_at=start, ends_at=start + HOUR, token=token
    )


@pytest.mark.django_db(transaction=True)
def test_a_vehicle_that_was_just_removed_is_not_paused():
    vehicle = VehicleFactory(owner=UserFactory(is_active=False))
    (released,) = behind(
        lambda: remove_vehicle.__wrapped__(city="paris", vehicle_id=vehicle.id, by=StaffFactory()),
        lambda: release_holdings(person=vehicle.owner, by=None),
    )
    assert released is None
    assert not Allocation.objects.exists()
