"""``manage.py seed_demo``: its rows, repeated runs, and who can log in afterwards."""

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from itertools import islice, pairwise
from uuid import UUID

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.models import F, OuterRef, Q, Subquery
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from cities import geohash
from cities.registry import registry
from community.models import FeedEntry, Post
from fleet.models import CODE_ALPHABET, Allocation, Vehicle, VehicleEvent
from fleet.models.choices import Propulsion, VehicleState, VehicleType
from fleet.tests.factories import VehicleFactory
from notifications.models import Notification
from operations.demo import trips
from operations.demo.named import DEMO_PASSWORD
from operations.demo.places import PLACES, Scatter
from operations.demo.progress import Progress
from operations.demo.seeding import Amounts
from operations.demo.streams import shares, stream
from operations.demo.vehicles import LABELS, label_digits, labels, range_at
from operations.integrity.looking import findings
from operations.management.commands import seed_demo
from operations.models import ProblemReport
from rides.models import Ride
from rides.services import end_ride

pytestmark = pytest.mark.django_db

LOG_INS = ["rider", "owner", "staff"]
CARL = UUID("2804df7c-d8fd-4b1c-9799-b1d44452554b")
TODAY = datetime(2026, 11, 20, 11, 30, tzinfo=UTC)


def seed(vehicles=90, riders=60, rides=180, **options):
    """Run the command and return its output."""
    out = StringIO()
    call_command("seed_demo", vehicles=vehicles, riders=riders, rides=rides, stdout=out, **options)
    return out.getvalue()


def everything():
    """Return all seeded rows, without passwords and values that must differ between runs."""
    people = User.objects.order_by("id").values()
    for person in people:
        del person["password"], person["session_epoch"], person["proof_epoch"]
    tables = [Vehicle, Ride, VehicleEvent, Allocation, ProblemReport, Notification]
    return [list(people), *(list(model.objects.order_by("id").values()) for model in tables)]


def counts():
    return User.objects.count(), Vehicle.objects.count(), Ride.objects.count()


def assert_counters_agree():
    owned = Counter(Vehicle.objects.not_removed().exclude(owner_id=None).values_list("owner_id", flat=True))
    riding = Counter(Ride.objects.open().values_list("rider_id", flat=True))
    for user in User.objects.all():
        assert (user.owned_vehicles, user.open_rides) == (owned[user.id], riding[user.id]), user


@pytest.mark.any_engine
class TestVehicles:
    def test_there_are_as_many_as_asked_for_and_carls_in_all_cities(self):
        seed()
        assert Vehicle.objects.count() == 90 + 1
        assert set(Vehicle.objects.values_list("city", flat=True)) == set(registry.by_name)

    def test_they_are_parked_at_known_places_in_their_city(self):
        seed()
        for vehicle in Vehicle.objects.exclude(owner_id=CARL):
            assert vehicle.served_city.contains(*vehicle.position)
            assert vehicle.cell == geohash.encode(*vehicle.position)
            place = next(place for place in PLACES[vehicle.city] if place.name == vehicle.last_location)
            assert (
                trips.distance_m(place, place._replace(latitude=vehicle.latitude, longitude=vehicle.longitude)) < 1500
            )

    @pytest.mark.parametrize("vehicles", [50, 200_000])
    @pytest.mark.parametrize("city", PLACES)
    def test_however_many_they_stay_in_the_city_and_most_are_near_its_centre(self, city, vehicles):
        city = registry[city]
        scatter, rng = Scatter(city, vehicles), stream(1, "test")
        points = [scatter.point(rng, scatter.place(rng)) for _ in range(1000)]
        distances = sorted(city.distance_km(*point[1:]) for point in points)
        assert distances[-1] <= city.radius_km
        assert distances[500] < city.radius_km / 2

    def test_a_city_that_was_drawn_smaller_keeps_them_inside(self):
        city = registry["paris"]
        type(city).objects.filter(name="paris").update(latitude=48.7, radius_km=2)
        registry.clear()
        seed()
        city = registry["paris"]
        assert all(city.contains(*vehicle.position) for vehicle in Vehicle.objects.in_city("paris"))

    def test_every_city_has_a_dozen_places_within_it(self):
        for name, places in PLACES.items():
            assert len({place.name for place in places}) == 12
            assert all(registry[name].contains(*place[1:]) for place in places)

    def test_range_goes_with_the_battery_and_only_a_motor_has_one(self):
        seed(vehicles=300)
        for vehicle in Vehicle.objects.all():
            type_ = VehicleType(vehicle.type)
            assert (vehicle.range_m is not None) == type_.is_motorised
            electric = type_.propulsion in {Propulsion.ELECTRIC, Propulsion.ELECTRIC_ASSIST}
            assert (vehicle.battery_percent is not None) == electric
            if electric:
                assert vehicle.range_m == range_at(type_, vehicle.battery_percent)

    def test_they_pass_the_checks_of_their_forms(self):
        seed()
        for vehicle in Vehicle.objects.all():
            vehicle.clean_fields()

    def test_all_types_are_there_and_scooters_are_the_most(self):
        seed(vehicles=900, riders=0, rides=0)
        types = Counter(Vehicle.objects.values_list("type", flat=True))
        assert set(types) == set(VehicleType)
        assert types.most_common(1)[0][0] == VehicleType.SCOOTER

    def test_some_belong_to_people_of_their_city_and_most_to_the_operator(self):
        seed()
        owned = Vehicle.objects.exclude(owner_id=None)
        assert 5 < owned.count() < 30
        assert all(vehicle.owner.city == vehicle.city for vehicle in owned)

    def test_labels_of_a_city_are_all_different_and_in_no_visible_order(self):
        first = list(islice(labels(registry["paris"], 1), 5000))
        assert len(set(first)) == 5000
        assert all(label.startswith("PAR") and set(label[3:]) <= set(CODE_ALPHABET) for label in first)
        assert sum(one < next_ for one, next_ in pairwise(first)) in range(1500, 3500)
        assert label_digits(0) == "22222"
        assert label_digits(LABELS - 1) == "ZZZZZ"

    def test_a_taken_label_is_replaced(self):
        taken = VehicleFactory(code=next(labels(registry["paris"], 1)))
        seed()
        assert Vehicle.objects.in_city("paris").filter(code=taken.code).get().id == taken.id
        assert Vehicle.objects.count() == 90 + 1 + 1


@pytest.mark.any_engine
class TestPeople:
    def test_there_are_as_many_as_asked_for_and_carl(self):
        seed()
        assert User.objects.count() == 60 + 1
        assert set(User.objects.values_list("city", flat=True)) == set(registry.by_name)

    def test_they_have_names_that_could_be_registered(self):
        seed()
        for user in User.objects.all():
            assert user.first_name
            assert user.last_name
            user.clean_fields()

    def test_counters_agree_with_the_rows(self):
        seed()
        assert User.objects.filter(open_rides=1).exists()
        assert User.objects.filter(owned_vehicles__gt=0).exists()
        assert_counters_agree()

    @pytest.mark.parametrize("field", ["username", "email"])
    def test_a_taken_name_is_replaced(self, field):
        seed(vehicles=0, rides=0)
        rider = User.objects.in_city("rome").first()
        User.objects.filter(id=rider.id).delete()
        theirs = UserFactory(**{field: getattr(rider, field)})
        seed(vehicles=0, rides=0)
        theirs.refresh_from_db()
        assert getattr(theirs, field) == getattr(rider, field)
        assert User.objects.get(id=rider.id).username == f"{rider.username}.{rider.id.hex[:8]}"


@pytest.mark.any_engine
class TestRides:
    def test_there_are_as_many_as_asked_for_and_carls(self):
        seed()
        assert Ride.objects.count() == 180 + 1

    def test_a_vehicle_is_in_use_exactly_when_it_has_one_open_ride(self):
        seed()
        ridden = Counter(Ride.objects.open().values_list("city", "vehicle_id"))
        in_use = Vehicle.objects.filter(status=VehicleState.ON_TRIP).values_list("city", "id")
        assert set(ridden) == set(in_use)
        assert set(ridden.values()) == {1}

    def test_no_rider_rides_twice_at_once(self):
        seed()
        assert max(Counter(Ride.objects.open().values_list("rider_id", flat=True)).values()) == 1
        for rides in self.by("rider_id").values():
            assert all(one.end_time <= next_.start_time for one, next_ in pairwise(rides))

    def test_a_vehicles_rides_lead_to_where_it_is_parked(self):
        seed()
        for rides in self.by("vehicle_id").values():
            for one, next_ in pairwise(rides):
                assert one.end_time <= next_.start_time
                assert (one.end_location, one.end_latitude) == (next_.start_location, next_.start_latitude)
            last, vehicle = rides[-1], rides[-1].vehicle
            place = (
                (last.start_location, last.start_latitude) if last.is_open else (last.end_location, last.end_latitude)
            )
            if vehicle.owner_id != CARL:
                assert place == (vehicle.last_location, vehicle.latitude)

    def by(self, column):
        rides = defaultdict(list)
        for ride in Ride.objects.select_related("vehicle").order_by("start_time"):
            rides[getattr(ride, column)].append(ride)
        return rides

    def test_ended_ones_took_place_in_the_past_weeks_while_people_are_up(self):
        seed()
        now = timezone.now()
        for ride in Ride.objects.ended().exclude(rider_id=CARL):
            assert ride.length == ride.end_time - ride.start_time
            assert timedelta(minutes=2) <= ride.length <= timedelta(minutes=55)
            assert now - timedelta(weeks=7) < ride.start_time < ride.end_time < now
            assert ride.start_time.astimezone(ride.served_city.tzinfo).hour >= 6
            assert ride.start_location != ride.end_location
            assert ride.served_city.contains(ride.start_latitude, ride.start_longitude)
            assert ride.served_city.contains(*ride.end_position)

    def test_open_ones_began_less_than_an_hour_ago(self):
        seed()
        now = timezone.now()
        assert all(now - timedelta(hours=1) < ride.start_time < now for ride in Ride.objects.open())

    def test_vehicle_and_rider_were_there_before(self):
        seed()
        for ride in Ride.objects.exclude(rider_id=CARL).select_related("vehicle", "rider"):
            assert ride.vehicle.date_added < ride.start_time.date()
            assert ride.rider.date_joined < ride.start_time

    def test_some_people_ride_in_a_city_that_is_not_their_home(self):
        seed(riders=120)
        assert 0 < Ride.objects.exclude(rider_city=F("city")).count() < 90

    def test_more_than_fit_into_the_weeks_are_left_out_with_a_sentence(self):
        said = seed(vehicles=9, riders=1, rides=1000)
        assert Ride.objects.exclude(rider_id=CARL).count() == trips.MAX_ROUNDS
        assert f"{1000 - trips.MAX_ROUNDS} rides left out. There are too few vehicles and riders" in said


@pytest.mark.any_engine
class TestCalendars:
    def test_everything_agrees(self):
        seed()
        assert list(findings()) == []

    def test_there_is_one_for_four_vehicles_and_as_many_as_asked_for(self):
        seed()
        assert Allocation.objects.count() in range(15, 90 // 4 + 1)
        seed(allocations=300)
        assert Allocation.objects.count() in range(280, 301)
        assert list(findings()) == []

    def test_zero_may_be_requested(self):
        seed(allocations=0)
        assert not Allocation.objects.exists()

    def test_more_than_fit_are_left_out_with_a_sentence(self):
        said = seed(vehicles=9, riders=9, rides=0, allocations=5000)
        assert "allocations left out" in said
        assert Allocation.objects.count() < 5000
        assert list(findings()) == []

    def test_every_kind_was_is_and_will_be(self):
        seed(vehicles=450, riders=90, rides=900)
        now = timezone.now()
        going_on = Allocation.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), starts_at__lte=now)
        assert {"reservation", "booking", "maintenance", "paused"} == set(going_on.values_list("kind", flat=True))
        assert set(going_on.values_list("state", flat=True)) == {"reserved", "non_operational", "missing", "removed"}
        assert going_on.filter(kind="maintenance", state="non_operational", ends_at__isnull=True).exists()
        past = Allocation.objects.filter(ends_at__lt=now).values_list("kind", flat=True)
        assert set(past) == {"reservation", "booking", "maintenance"}
        ahead = Allocation.objects.filter(starts_at__gt=now)
        assert set(ahead.values_list("kind", flat=True)) == {"booking", "maintenance"}
        assert not ahead.filter(starts_at__gt=now + timedelta(days=30)).exists()

    def test_someone_who_holds_a_vehicle_shows_it(self):
        seed(vehicles=450, riders=90, rides=900)
        held = Allocation.objects.filter(kind="reservation", ends_at__gt=timezone.now())
        assert held.exists()
        assert all(reservation.rider.hold_until == reservation.ends_at for reservation in held)

    def test_owners_pause_their_own(self):
        seed(vehicles=450, riders=90, rides=900)
        for pause in Allocation.objects.filter(kind="paused").select_related("vehicle"):
            assert pause.made_by_id == pause.vehicle.owner_id

    def test_problems_are_open_or_closed_and_reporters_were_notified(self):
        seed(vehicles=450, riders=90, rides=900)
        reports = ProblemReport.objects.all()
        assert reports.filter(closed_at=None, took_off=True).exists()
        closed = list(reports.exclude(closed_at=None))
        assert closed
        for report in closed:
            assert report.resolution
            assert report.created_at < report.closed_at
            assert Notification.objects.filter(user_id=report.reporter_id, code="report_closed").exists()

    def test_on_another_day_what_is_added_agrees_with_what_is_there(self):
        with time_machine.travel(TODAY, tick=False):
            seed()
        with time_machine.travel(TODAY + timedelta(days=9, hours=5), tick=False):
            seed(rides=240, allocations=90)
            assert list(findings()) == []

    @pytest.mark.parametrize("hour", [0, 5, 8, 23])
    def test_at_any_time_of_the_day(self, hour):
        with time_machine.travel(TODAY.replace(hour=hour, minute=1), tick=False):
            seed()
            assert list(findings()) == []

    def test_rows_pass_the_checks_of_their_fields(self):
        seed()
        for model in (Allocation, VehicleEvent, ProblemReport):
            for row in model.objects.all():
                row.clean_fields()


@pytest.mark.one_engine
class TestRepeating:
    def test_the_same_seed_gives_the_same_data(self):
        with time_machine.travel(TODAY, tick=False):
            seed()
            first = everything()
            for model in (FeedEntry, Post, VehicleEvent, Allocation, ProblemReport, Ride, Vehicle, User):
                model.objects.all().delete()
            seed()
        assert everything() == first

    def test_another_seed_adds_other_data_beside_it(self):
        seed()
        seed(seed=2)
        assert counts() == (120 + 1, 180 + 1, 360 + 1)
        assert_counters_agree()

    def test_twice_adds_nothing(self):
        seed()
        first = everything()
        said = seed()
        assert everything() == first
        assert "vehicles: 0 added, 90 already there or in conflict" in said

    def test_what_people_did_in_the_meantime_stays(self):
        seed()
        ride = Ride.objects.open().select_related("rider").first()
        end_ride(city=ride.city, ride_id=ride.id, rider=ride.rider, end_location="Somewhere else")
        used = everything()
        seed()
        assert everything() == used
        assert_counters_agree()

    def test_missing_rows_are_added(self):
        seed(allocations=0)
        first = everything()
        VehicleEvent.objects.filter(ride_id__in=Ride.objects.open().values("id")).delete()
        Ride.objects.open().delete()
        newest = VehicleEvent.objects.filter(city=OuterRef("city"), vehicle_id=OuterRef("id")).order_by("-occurred_at")
        Vehicle.objects.update(last_event_at=Subquery(newest.values("occurred_at")[:1]))
        Vehicle.objects.filter(status=VehicleState.ON_TRIP).update(status=VehicleState.AVAILABLE)
        User.objects.update(open_rides=0)
        seed(allocations=0)
        assert counts() == tuple(map(len, first[:3]))
        assert list(findings()) == []
        assert_counters_agree()

    def test_larger_numbers_add_the_difference(self):
        seed()
        seed(vehicles=180, riders=90, rides=360)
        people, vehicles, rides = counts()
        assert (people, vehicles) == (90 + 1, 180 + 1)
        assert 180 < rides <= 360 + 1  # those already riding, and vehicles in use, start no other ride
        assert_counters_agree()
        assert list(findings()) == []

    def test_someone_who_moved_is_not_moved_back(self):
        seed(vehicles=0, rides=0)
        User.objects.filter(city="rome").update(city="paris")
        seed()
        assert not User.objects.filter(city="rome").exists()
        assert_counters_agree()

    def test_a_database_with_vehicles_is_unchanged_on_request(self):
        VehicleFactory()
        assert "no demo data was added" in seed(if_empty=True)
        assert counts() == (0, 1, 0)

    def test_one_without_vehicles_is_filled(self):
        seed(if_empty=True)
        assert Vehicle.objects.count() == 90 + 1


@pytest.mark.one_engine
@pytest.mark.django_db(transaction=True)
def test_two_at_once_add_everything_once():
    def run(_number):
        try:
            seed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, range(2)))
    assert counts() == (60 + 1, 90 + 1, 180 + 1)
    assert_counters_agree()


@pytest.mark.any_engine
class TestCarl:
    def test_the_person(self):
        seed(0, 0, 0)
        carl = User.objects.get(id=CARL)
        assert (carl.get_full_name(), carl.username, carl.email) == ("Carl Kimball", "carl", "carl@cockroachlabs.com")
        assert carl.city == "new york"
        assert carl.owned_vehicles == 1
        assert not carl.has_usable_password()

    @time_machine.travel(TODAY)
    def test_the_vehicle(self):
        seed(0, 0, 0)
        vehicle = Vehicle.objects.get(city="new york", id="142b7c9e-6227-4dbb-b188-b1dac57d5521")
        assert (vehicle.type, vehicle.color, vehicle.brand) == ("scooter", "Blue", "Razor")
        assert vehicle.last_location == "Time Square"
        assert vehicle.owner_id == CARL
        assert vehicle.is_available
        assert vehicle.date_added == date(2026, 11, 20)
        assert vehicle.code[:3] == "NYC"
        assert set(vehicle.code[3:]) <= set(CODE_ALPHABET)

    def test_the_ride(self):
        seed(0, 0, 0)
        ride = Ride.objects.get(city="new york", rider_id=CARL)
        assert ride.vehicle_id == UUID("142b7c9e-6227-4dbb-b188-b1dac57d5521")
        assert (ride.start_location, ride.end_location) == ("Cockroach Labs, 23rd Street", "Time Square")
        assert ride.start_time.isoformat() == "2020-01-16T21:20:48.224453+00:00"
        assert ride.end_time.isoformat() == "2020-01-16T21:20:52.045813+00:00"
        assert str(ride.length) == "0:00:03.821360"

    def test_another_carl_keeps_the_name(self):
        other = UserFactory(username="carl")
        assert "“carl” was skipped. Someone else has that username" in seed(0, 0, 0)
        assert list(User.objects.all()) == [other]


@pytest.mark.any_engine
class TestLoggingIn:
    @pytest.fixture
    def debug(self, settings):
        settings.DEBUG = True

    def log_in(self, client, username):
        return client.post("/login/", {"username": username, "password": DEMO_PASSWORD}).status_code == 302

    def test_with_debug_off_nobody_can(self, client):
        said = seed()
        assert not User.objects.filter(username__in=LOG_INS).exists()
        assert not any(user.has_usable_password() for user in User.objects.all())
        assert not User.objects.filter(is_staff=True).exists()
        assert not User.objects.filter(is_superuser=True).exists()
        assert DEMO_PASSWORD not in said
        assert "DEBUG is off, so no account accepts the demo password." in said

    def test_with_debug_off_it_warns_of_accounts_from_a_time_when_it_was_on(self, debug, settings):
        seed(0, 0, 0)
        settings.DEBUG = False
        said = seed(0, 0, 0, show_logins=True)
        assert "WARNING: the public demo password still works for carl, owner, rider, staff." in said
        assert DEMO_PASSWORD not in said

    @pytest.mark.parametrize("username", LOG_INS)
    def test_in_debug_it_says_how_and_that_is_true(self, debug, client, username):
        said = seed(0, 0, 0)
        assert DEMO_PASSWORD in said
        assert f"\n  {username}  (" in said
        assert self.log_in(client, username)

    def test_the_others_still_can_not(self, debug):
        seed()
        able = {user.username for user in User.objects.all() if user.has_usable_password()}
        assert able == {"carl", *LOG_INS}

    def test_accounts_made_with_debug_off_stay_without_a_password(self, debug, settings):
        settings.DEBUG = False
        seed()
        settings.DEBUG = True
        seed()
        able = {user.username for user in User.objects.all() if user.has_usable_password()}
        assert able == set(LOG_INS)

    def test_staff_may_do_everything_and_the_others_nothing(self, debug):
        seed(0, 0, 0)
        assert User.objects.get(username="staff").is_superuser
        assert [user.username for user in User.objects.filter(is_staff=True)] == ["staff"]

    def test_the_owner_has_vehicles_in_paris(self, debug):
        seed(0, 0, 0)
        owner = User.objects.get(username="owner")
        assert owner.city == "paris"
        assert (
            owner.owned_vehicles == Vehicle.objects.in_city("paris").filter(owner_id=owner.id).available().count() == 3
        )

    def test_the_rider_of_paris_has_a_history_and_nothing_open(self, debug):
        seed(0, 0, 0)
        rider = User.objects.get(username="rider")
        rides = Ride.objects.of_rider(rider)
        assert rider.city == "paris"
        assert rider.open_rides == 0
        assert {ride.city for ride in rides} == {"paris", "amsterdam"}
        assert all(ride.length > timedelta(0) and ride.end_time < timezone.now() for ride in rides)
        for ride in rides.newest_first()[:2]:
            assert ride.vehicle.is_available

    def test_the_rider_has_future_and_past_bookings_and_notifications(self, debug, client):
        seed(0, 0, 0)
        rider = User.objects.get(username="rider")
        bookings = Allocation.objects.for_rider(rider).bookings()
        assert bookings.filter(starts_at__gt=timezone.now()).count() == 1
        assert bookings.filter(ends_at__lt=timezone.now()).count() == 2
        assert rider.unread_notifications == 1
        assert list(findings()) == []

    def test_one_of_the_owners_vehicles_is_paused(self, debug):
        seed(0, 0, 0)
        owner = User.objects.get(username="owner")
        paused = Allocation.objects.live().get(kind="paused")
        assert (paused.made_by_id, paused.vehicle.owner_id) == (owner.id, owner.id)

    def test_staff_see_open_reports(self, debug):
        seed(0, 0, 0)
        assert ProblemReport.objects.filter(closed_at=None).exists()

    def test_a_taken_name_stays_with_its_owner(self, debug):
        other = UserFactory(username="staff")
        said = seed(0, 0, 0)
        other.refresh_from_db()
        assert not other.is_staff
        assert "“staff” was skipped" in said

    def test_a_city_that_is_not_served_keeps_its_people_out(self, debug):
        registry["amsterdam"].delete()
        assert "“rider” was skipped. amsterdam is not served" in seed(0, 0, 0)

    def test_the_log_ins_are_shown_without_adding_anything(self, debug):
        assert "No demo accounts here" in seed(show_logins=True)
        assert counts() == (0, 0, 0)
        seed(0, 0, 0)
        assert DEMO_PASSWORD in seed(show_logins=True)

    def test_they_are_shown_at_each_start_of_the_server(self, debug):
        seed(0, 0, 0)
        assert DEMO_PASSWORD in seed(if_empty=True)

    def test_twice_adds_nothing(self, debug):
        seed()
        first = everything()
        seed()
        assert everything() == first
        assert_counters_agree()


@pytest.mark.any_engine
class TestNumbers:
    @pytest.mark.parametrize(
        ("vehicles", "riders", "rides"), [(0, 0, 0), (0, 60, 180), (90, 0, 180), (90, 60, 0), (1, 1, 1)]
    )
    def test_any_of_them_may_be_zero(self, vehicles, riders, rides):
        seed(vehicles, riders, rides)
        ridden = rides if vehicles and riders else 0
        assert counts() == (riders + 1, vehicles + 1, ridden + 1)
        assert_counters_agree()

    @pytest.mark.parametrize("name", ["vehicles", "riders", "rides"])
    @pytest.mark.parametrize("number", [-1, 10_000_001, "many", 1.5])
    def test_invalid_input_is_refused_with_a_message(self, name, number):
        with pytest.raises(CommandError, match=f"--{name} must be a whole number from 0 to 10,000,000, not {number}."):
            seed(**{name: number})

    def test_what_is_typed_must_be_a_number(self):
        with pytest.raises(CommandError, match="“many” is not a whole number"):
            call_command("seed_demo", "--vehicles", "many")

    def test_a_seed_must_be_a_number(self):
        with pytest.raises(CommandError, match="--seed must be a whole number, not x"):
            seed(seed="x")

    def test_shares_add_up(self):
        assert shares(10, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 3, "c": 3}
        assert shares(0, {"a": 1}) == {"a": 0}


@pytest.mark.one_engine
class TestCost:
    @pytest.fixture(autouse=True)
    def _without_other_apps(self, monkeypatch):
        """The community writes its few posts one by one, as people do."""
        monkeypatch.setattr(seed_demo, "PARTS", [])

    def statements(self, factor):
        """Return the number of queries other than INSERTs, of which SQLite needs one per fifty rows."""
        with CaptureQueriesContext(connection) as context:
            seed(90 * factor, 60 * factor, 180 * factor, seed=factor)
        return Counter("INSERT" if "INSERT INTO" in query["sql"] else "other" for query in context)

    def test_statements_grow_with_batches_and_not_with_rows(self):
        """SQLite takes 999 values at a time, so it has more batches."""
        seed(0, 0, 0)
        assert self.statements(4)["other"] <= self.statements(1)["other"] + 3 * len(registry.by_name)

    @pytest.mark.skipif(connection.vendor == "sqlite", reason="takes 999 values at a time")
    def test_a_batch_is_one_insert(self):
        """One INSERT per city and table: people, vehicles, open and ended rides, allocations, their reports and
        notifications, and for each of those four kinds their events.
        """
        seed(0, 0, 0)
        assert self.statements(4)["INSERT"] <= (7 + 4) * len(registry.by_name) + 1  # the well-known places

    def test_statements_are_not_kept_in_debug(self, settings):
        settings.DEBUG = True
        before = len(connection.queries_log)
        seed(0, 0, 0)
        # One query, which checks whether there are accounts to log in with, is made while the log is on.
        assert len(connection.queries_log) <= before + 1


@pytest.mark.any_engine
class TestProgress:
    def test_a_log_gets_a_line_every_ten_seconds(self):
        said = self.said(terminal=False)
        assert said.startswith("vehicles 100 of 1,000 (10 a second)\nvehicles 200 of 1,000 (10 a second)\n")
        assert said.count(" of 1,000") == 6

    def test_a_terminal_gets_one_line_that_changes(self):
        said = self.said(terminal=True)
        assert said.startswith("\r\033[Kvehicles 10 of 1,000 (10 a second)\r\033[Kvehicles 20 of 1,000 ")
        assert said.count(" of 1,000") == 60

    def test_it_ends_with_what_was_added_and_what_was_not(self):
        said = self.said(terminal=False)
        assert said.endswith(
            "vehicles: 540 added, 60 already there or in conflict\n"
            "400 vehicles left out. There are too few vehicles and riders for so many in six weeks.\n"
            "riders: 0 added\nrides: 0 added\nallocations: 0 added\nIn 60.0 seconds.\n"
        )

    def said(self, *, terminal):
        """Return the output for a minute in which ten vehicles per second are added."""
        written = []
        now = [0]
        progress = Progress(Amounts(1000, 0, 0), written.append, terminal=terminal, clock=lambda: now[0])
        for now[0] in range(1, 61):
            progress.report("vehicles", 10, 9)
        progress.finish()
        return "".join(written)

    def test_it_can_be_silent(self):
        assert seed(0, 0, 0, verbosity=0) == ""
