"""Calendars in the admin: maintenance, field work, allocations and the log."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.models import Allocation, Vehicle
from fleet.services import cancel_allocation, delete_vehicle, pause_vehicle
from fleet.tests.calendars import HOUR, NOON, book, code_of, live, log, maintain, reserve
from fleet.tests.factories import EIFFEL_TOWER, VehicleFactory
from movr_project.tests.pages import page
from notifications.models import Notification
from operations.services.field_work import drop_off_vehicle, pick_up_vehicle, report_missing
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

VEHICLES = "/admin/fleet/vehicle/"
ALLOCATIONS = "/admin/fleet/allocation/"
EVENTS = "/admin/fleet/vehicleevent/"


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
    return VehicleFactory(type="e-bike", battery_percent=20, range_m=8000)


def act(client, action, rows, *, at=VEHICLES, confirmed=True, **data):
    keys = [str(row.pk) for row in rows]
    sent = {"action": action, "_selected_action": keys, **data, **({"confirmed": "yes"} if confirmed else {})}
    page = client.post(at, sent, follow=True)
    assert page.status_code == 200
    return page


def said(page) -> list[str]:
    return [str(message) for message in page.context["messages"]]


def errors(page) -> set[str]:
    return set(page.context["form"].errors)


def found(client, at=VEHICLES, **filters) -> set:
    page = client.get(at, filters)
    assert page.status_code == 200
    return {row.pk for row in page.context["cl"].result_list}


def key(vehicle):
    return {"city": vehicle.city, "vehicle_id": vehicle.id}


# --- Maintenance -------------------------------------------------------------------------------------------


def test_maintenance_is_confirmed_first(client, staff, vehicle):
    choice = page(act(client, "maintain", [vehicle], confirmed=False)).one("fieldset")
    for part in ("Leave empty if you choose “until further notice”", "Until:", "Until further notice"):
        assert part in choice.text
    assert live(vehicle) == []


def test_errors_are_shown_at_the_choice(client, staff, vehicle):
    choice = page(act(client, "maintain", [vehicle])).one("fieldset")
    assert "Enter an end time or choose" in choice.one(class_="errorlist").text


def test_vehicles_go_into_maintenance_until_further_notice(client, staff, vehicle):
    other = VehicleFactory(city="rome")
    page = act(client, "maintain", [vehicle, other], without_end="on", description="Brakes")
    assert said(page) == ["Vehicles put in maintenance: 2."]
    for one in (vehicle, other):
        [maintenance] = live(one)
        assert (maintenance.starts_at, maintenance.ends_at) == (NOON, None)
        assert (maintenance.description, maintenance.made_by_id) == ("Brakes", staff.id)
    assert LogEntry.objects.filter(user=staff, change_message="Put in maintenance.").count() == 2


def test_its_times_are_those_of_each_vehicles_city(client, staff, vehicle):
    american = VehicleFactory(city="new york")
    act(client, "maintain", [vehicle, american], starts="2030-05-02T09:00", ends="2030-05-02T11:30")
    [here], [there] = live(vehicle), live(american)
    assert here.starts_at == datetime(2030, 5, 2, 7, tzinfo=UTC)
    assert there.starts_at == datetime(2030, 5, 2, 13, tzinfo=UTC)
    assert there.ends_at - there.starts_at == here.ends_at - here.starts_at == timedelta(hours=2.5)


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, {"ends"}),
        ({"starts": "2030-05-02T09:00"}, {"ends"}),
        ({"ends": "2030-05-02T11:00", "without_end": "on"}, {"without_end"}),
        ({"starts": "2030-05-02T11:00", "ends": "2030-05-02T09:00"}, {"ends"}),
        ({"starts": "2030-05-02T11:00", "ends": "2030-05-02T11:00"}, {"ends"}),
        ({"starts": "tomorrow", "without_end": "on"}, {"starts"}),
        ({"starts": "0001-01-01T00:00", "without_end": "on"}, {"starts"}),
        ({"ends": "9999-12-31T23:59"}, {"ends"}),
        ({"ends": "2030-03-31T02:30"}, {"ends"}),
        ({"without_end": "on", "description": "x" * 101}, {"description"}),
    ],
)
def test_an_open_end_is_explicit_and_contradictions_are_errors(client, staff, vehicle, sent, wrong):
    page = act(client, "maintain", [vehicle], **sent)
    assert errors(page) == wrong
    assert live(vehicle) == []


def test_deleted_vehicles_are_not_maintained(client, staff, vehicle):
    delete_vehicle(vehicle)
    act(client, "maintain", [vehicle], starts="2030-05-02T10:00", ends="2030-05-02T11:00", description="Brakes")
    assert not Allocation.objects.exists()


def test_a_time_that_one_of_the_cities_skips_is_an_error(client, staff, vehicle, clock):
    clock.move_to(datetime(2030, 2, 1, tzinfo=UTC))
    american = VehicleFactory(city="new york")
    page = act(client, "maintain", [vehicle, american], ends="2030-03-10T02:30")
    assert errors(page) == {"ends"}
    assert "New York" in page.content.decode()
    assert said(act(client, "maintain", [vehicle], ends="2030-03-10T02:30")) == ["Vehicles put in maintenance: 1."]


def test_someone_who_refuses_is_named_and_the_others_are_done(client, staff, vehicle):
    busy, waiting = VehicleFactory(), VehicleFactory(approved_at=None)
    maintain(busy, 0, 2)
    page = act(client, "maintain", [vehicle, busy, waiting], without_end="on")
    assert len(said(page)) == 3
    assert sum("Vehicles put in maintenance: 1." in sentence for sentence in said(page)) == 1
    assert any(busy.code in sentence and "unavailable from" in sentence for sentence in said(page))
    assert any(waiting.code in sentence and "approved" in sentence for sentence in said(page))


def test_maintenance_that_would_have_ended_is_refused(client, staff, vehicle):
    page = act(client, "maintain", [vehicle], ends="2030-05-01T13:00")
    assert "in the future" in said(page)[0]


@pytest.mark.parametrize("confirmed", [True, False])
@pytest.mark.parametrize("action", ["maintain", "pick_up", "swap_battery"])
def test_at_most_500_at_once(client, staff, action, confirmed):
    Vehicle.objects.bulk_create([VehicleFactory.build() for _number in range(501)])
    page = act(client, action, [Vehicle.objects.first()], confirmed=confirmed, select_across="1", without_end="on")
    assert "at most 500" in said(page)[0]
    assert not Allocation.objects.exists()


def test_vehicles_come_back_from_maintenance(client, staff, vehicle):
    maintain(vehicle)
    other = VehicleFactory()
    page = act(client, "end_maintenance", [vehicle, other])
    assert said(page) == ["Vehicles back in service: 1.", f"{other}: This vehicle is not in maintenance."]
    assert log(vehicle)[-1] == (["maintenance"], "available")


# --- Field work from the list ----------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["maintenance_pick_up", "rebalance_pick_up", "compliance_pick_up"])
def test_vehicles_are_picked_up_for_a_reason(client, staff, vehicle, reason):
    page = act(client, "pick_up", [vehicle], reason=reason, note="Depot 2")
    assert said(page) == ["Vehicles picked up: 1."]
    event = vehicle.events.latest("occurred_at")
    assert (event.event_types, event.state, event.note) == ([reason], "removed", "Depot 2")


def test_a_pick_up_without_a_reason_is_an_error(client, staff, vehicle):
    assert errors(act(client, "pick_up", [vehicle], reason="trip_start")) == {"reason"}
    assert live(vehicle) == []


def test_missing_and_found(client, staff, vehicle):
    act(client, "missing", [vehicle], note="Two of us looked")
    assert log(vehicle)[-1] == (["not_located"], "missing")
    position = {"latitude": EIFFEL_TOWER[0], "longitude": EIFFEL_TOWER[1]}
    page = act(client, "bring_back", [vehicle], location="Eiffel Tower", **position)
    assert said(page) == ["Vehicles back on the street: 1."]
    assert log(vehicle)[-1] == (["located"], "available")
    assert Vehicle.objects.get(pk=vehicle.pk).position == EIFFEL_TOWER


def test_a_picked_up_vehicle_is_dropped_off(client, staff, vehicle):
    pick_up_vehicle(**key(vehicle), by=staff)
    act(client, "bring_back", [vehicle], location="Louvre")
    assert log(vehicle)[-1] == (["provider_drop_off"], "available")
    assert Vehicle.objects.get(pk=vehicle.pk).position is None


@pytest.mark.parametrize(
    ("sent", "wrong"), [({}, {"location"}), ({"location": "Louvre", "latitude": "48.8"}, {"longitude"})]
)
def test_a_place_is_shown_completely(client, staff, vehicle, sent, wrong):
    pick_up_vehicle(**key(vehicle), by=staff)
    assert errors(act(client, "bring_back", [vehicle], **sent)) == wrong


def test_a_place_in_another_city_is_refused(client, staff, vehicle):
    pick_up_vehicle(**key(vehicle), by=staff)
    page = act(client, "bring_back", [vehicle], location="Colosseum", latitude="41.89", longitude="12.49")
    assert "outside Paris" in said(page)[0]


def test_a_vehicle_on_the_street_is_not_brought_back(client, staff, vehicle):
    page = act(client, "bring_back", [vehicle], location="Louvre")
    assert "neither picked up nor missing" in said(page)[0]


def test_batteries_are_swapped(client, staff, vehicle):
    bike = VehicleFactory(type="bike")
    page = act(client, "swap_battery", [vehicle, bike], percent="95")
    assert sorted(said(page)) == ["Batteries swapped: 1.", f"{bike}: This vehicle has no battery."]
    assert Vehicle.objects.get(pk=vehicle.pk).battery_percent == 95


@pytest.mark.parametrize("percent", ["", "101", "-1", "full"])
def test_a_battery_has_so_many_percent(client, staff, vehicle, percent):
    assert errors(act(client, "swap_battery", [vehicle], percent=percent)) == {"percent"}


@pytest.mark.parametrize("action", ["pick_up", "missing", "swap_battery"])
def test_a_vehicle_on_a_trip_is_left_alone(client, staff, action):
    ride = OpenRideFactory()
    page = act(client, action, [ride.vehicle], reason="rebalance_pick_up", percent="90")
    assert "is in use" in said(page)[0]


@pytest.mark.parametrize("action", ["maintain", "end_maintenance", "pick_up", "missing", "bring_back", "swap_battery"])
@pytest.mark.parametrize("role", ["Support", "Read-only"])
def test_those_who_may_look_do_none_of_it(client, vehicle, role, action):
    person = StaffFactory(is_superuser=False)
    person.groups.add(Group.objects.get(name=role))
    client.force_login(person)
    before = log(vehicle)
    act(client, action, [vehicle], without_end="on", reason="rebalance_pick_up", percent="90", location="Louvre")
    assert log(vehicle) == before
    page = client.get(reverse("admin:fleet_vehicle_change", args=[str(vehicle.pk)])).content.decode()
    assert f'value="{action}"' not in page


# --- The list and the page of a vehicle ------------------------------------------------------------------


@pytest.fixture
def fleet(staff):
    """One vehicle in each state."""
    rider = UserFactory()
    made = {name: VehicleFactory(owner=rider if name == "paused" else None) for name in STATES}
    maintain(made["maintenance"])
    reserve(rider, made["reserved"])
    book(UserFactory(), made["booked"], 0, 2)
    book(UserFactory(), made["booked later"], 5, 6)
    pick_up_vehicle(**key(made["picked up"]), by=staff)
    report_missing(**key(made["missing"]), by=staff)
    pause_vehicle(**key(made["paused"]), owner=rider)
    OpenRideFactory(vehicle=made["in use"])
    return made


STATES = {
    "free": "Available",
    "maintenance": "In maintenance",
    "reserved": "Reserved",
    "booked": "Booked",
    "booked later": "Available",
    "picked up": "Picked up",
    "missing": "Missing",
    "paused": "Paused by its owner",
    "in use": "In use",
}


def test_the_list_says_what_each_is_doing(client, fleet):
    page = client.get(VEHICLES).content.decode()
    for name, label in STATES.items():
        row = re.search(rf"{fleet[name].code}.*?</tr>", page, re.DOTALL).group()
        assert f'field-situation">{label}<' in row


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("free", {"free", "booked later"}),
        ("taken", {"reserved", "booked"}),
        ("maintenance", {"maintenance"}),
        ("picked_up", {"picked up"}),
        ("missing", {"missing"}),
        ("paused", {"paused"}),
        ("in_use", {"in use"}),
    ],
)
def test_the_list_can_be_narrowed_to_a_state(client, fleet, state, names):
    assert found(client, state=state) == {fleet[name].pk for name in names}


def test_what_has_expired_or_was_cancelled_narrows_nothing(client, fleet, clock):
    clock.move_to(NOON + 3 * HOUR)
    assert found(client, state="taken") == set()
    assert fleet["reserved"].pk in found(client, state="free")


def test_the_list_of_vehicles_takes_no_query_per_row(client, fleet, django_assert_max_num_queries):
    for _number in range(20):
        maintain(VehicleFactory(owner=UserFactory()))
    with django_assert_max_num_queries(8):
        client.get(VEHICLES)


def test_the_worklist_has_vehicles_whose_place_is_unknown(client, staff):
    nowhere = VehicleFactory(somewhere=True)
    VehicleFactory()
    VehicleFactory(somewhere=True, approved_at=None)
    VehicleFactory(somewhere=True, status="removed")
    OpenRideFactory(vehicle=VehicleFactory(somewhere=True))
    picked_up, missing = VehicleFactory(somewhere=True), VehicleFactory(somewhere=True)
    pick_up_vehicle(**key(picked_up), by=staff)
    report_missing(**key(missing), by=staff)
    assert found(client, work="place_unknown") == {nowhere.pk, missing.pk}
    assert f"{VEHICLES}?work=place_unknown" in client.get("/admin/").content.decode()


def test_booked_but_still_being_ridden(client, staff, clock):
    late, own = VehicleFactory(), VehicleFactory()
    booker = UserFactory()
    OpenRideFactory(vehicle=late)
    OpenRideFactory(vehicle=own, rider=booker)
    book(booker, late, 1, 3)
    book(booker, own, 1, 3, token="another")
    book(UserFactory(), VehicleFactory(), 1, 3)
    assert found(client, work="late") == set()
    clock.move_to(NOON + 2 * HOUR)
    assert found(client, work="late") == {late.pk}
    assert "In use, Booked" in client.get(VEHICLES, {"work": "late"}).content.decode()


def test_the_page_of_a_vehicle_shows_its_log_and_its_calendar(client, staff, vehicle):
    rider = UserFactory(username="rita")
    book(rider, vehicle, 30, 31)
    act(client, "swap_battery", [vehicle], percent="90")
    page = client.get(reverse("admin:fleet_vehicle_change", args=[str(vehicle.pk)])).content.decode()
    assert "Battery swapped" in page
    assert "May 1, 2030, 14:00" in page  # Paris time
    assert "May 2, 2030, 20:00" in page
    assert staff.username in page
    assert 'name="action" value="pick_up"' in page


def test_the_page_of_a_vehicle_costs_the_same_however_long_its_past(
    client, staff, vehicle, django_assert_max_num_queries
):
    for number in range(12):
        book(UserFactory(), vehicle, 2 * number + 1, 2 * number + 2, token=str(number))
    with django_assert_max_num_queries(14):
        client.get(reverse("admin:fleet_vehicle_change", args=[str(vehicle.pk)]))


def test_a_button_on_the_page_leads_to_the_question(client, staff, vehicle):
    page = client.post(VEHICLES, {"action": "pick_up", "_selected_action": str(vehicle.pk)})
    assert "Pick up this vehicle?" in page.content.decode()


# --- Allocations -------------------------------------------------------------------------------------------


@pytest.fixture
def allocations(staff):
    rider = UserFactory(username="rita")
    rome = VehicleFactory(city="rome")
    return {
        "booking": book(rider, VehicleFactory(), 5, 6),
        "reservation": reserve(rider, VehicleFactory()),
        "maintenance": maintain(rome, by=staff),
        "planned": maintain(VehicleFactory(), 3, 4, by=staff),
    }


def test_allocations_are_listed_in_local_time(client, allocations):
    page = client.get(ALLOCATIONS).content.decode()
    assert found(client, ALLOCATIONS) == {one.pk for one in allocations.values()}
    assert "May 1, 2030, 19:00" in page
    assert "until further notice" in page


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"city": "rome"}, {"maintenance"}),
        ({"kind__exact": "booking"}, {"booking"}),
        ({"when": "now"}, {"reservation", "maintenance"}),
        ({"when": "ahead"}, {"booking", "planned"}),
        ({"when": "over"}, set()),
        ({"when": "cancelled"}, set()),
        ({"q": "rita"}, {"booking", "reservation"}),
        ({"q": "nobody"}, set()),
        ({"starts_at__year": "2030", "starts_at__month": "5"}, {"booking", "reservation", "maintenance", "planned"}),
        ({"starts_at__year": "2031"}, set()),
    ],
)
def test_allocations_can_be_narrowed(client, allocations, filters, names):
    assert found(client, ALLOCATIONS, **filters) == {allocations[name].pk for name in names}


def test_allocations_are_found_by_code_and_by_id(client, allocations):
    booking = allocations["booking"]
    assert found(client, ALLOCATIONS, q=booking.vehicle.code.lower()) == {booking.pk}
    assert found(client, ALLOCATIONS, q=str(booking.id)) == {booking.pk}


def test_past_ones_are_listed_on_request(client, allocations, clock):
    clock.move_to(NOON + 24 * HOUR)
    endless, booking = allocations["maintenance"], allocations["booking"]
    assert found(client, ALLOCATIONS) == found(client, ALLOCATIONS, when="junk") == {endless.pk}
    assert len(found(client, ALLOCATIONS, when="all")) == 4
    assert found(client, ALLOCATIONS, q=str(booking.id)) == {booking.pk}
    assert found(client, ALLOCATIONS, when="over") == {
        allocations[name].pk for name in ("booking", "reservation", "planned")
    }


def test_the_list_of_allocations_takes_no_query_per_row(client, staff, django_assert_max_num_queries):
    for number in range(20):
        book(UserFactory(), VehicleFactory(), 1, 2, token=str(number))
    with django_assert_max_num_queries(9):
        client.get(ALLOCATIONS)


def test_the_page_of_an_allocation_shows_it_and_changes_nothing(client, allocations):
    url = reverse("admin:fleet_allocation_change", args=[str(allocations["booking"].pk)])
    page = client.get(url).content.decode()
    assert "rita" in page
    assert 'name="action" value="cancel"' in page
    assert client.post(url, {"kind": "maintenance"}).status_code == 403


def test_staff_cancel_and_people_are_notified(client, allocations, clock):
    page = act(client, "cancel", allocations.values(), at=ALLOCATIONS, confirmed=False)
    assert "Cancel these" in page.content.decode()
    assert not Notification.objects.exists()
    page = act(client, "cancel", allocations.values(), at=ALLOCATIONS)
    assert said(page) == ["Cancelled: 4."]
    assert set(Notification.objects.values_list("code", flat=True)) == {"booking_cancelled", "reservation_cancelled"}
    clock.move_to(NOON + timedelta(seconds=1))
    assert not Allocation.objects.from_now_on(timezone.now()).exists()
    assert LogEntry.objects.filter(change_message="Cancelled.").count() == 4


def test_cancelling_twice_says_that_it_is_over(client, allocations):
    act(client, "cancel", [allocations["booking"]], at=ALLOCATIONS)
    page = act(client, "cancel", [allocations["booking"]], at=ALLOCATIONS)
    assert "It has already ended" in said(page)[0]
    assert Notification.objects.count() == 1


@pytest.mark.parametrize("take_away", [pick_up_vehicle, report_missing])
def test_what_is_away_comes_back_with_a_place_only(client, staff, vehicle, take_away):
    take_away(**key(vehicle), by=staff)
    [away] = live(vehicle)
    page = act(client, "cancel", [away], at=ALLOCATIONS)
    assert "Enter its location" in said(page)[0]
    assert live(vehicle) == [away]
    assert code_of(cancel_allocation, city=away.city, allocation_id=away.id, by=staff) == "not_on_the_street"


def test_a_vehicle_that_is_back_stays_as_it_is(staff, vehicle, clock):
    pick_up_vehicle(**key(vehicle), by=staff)
    [away] = live(vehicle)
    clock.move_to(NOON + HOUR, tick=False)
    drop_off_vehicle(**key(vehicle), by=staff, place="The station")
    assert cancel_allocation(city=away.city, allocation_id=away.id, by=staff).ends_at == NOON + HOUR


def test_there_is_nothing_to_cancel_that_is_not_there(staff, vehicle):
    assert code_of(cancel_allocation, city="paris", allocation_id=vehicle.id, by=staff) == "allocation_gone"


def test_those_who_may_look_cancel_nothing(client, allocations):
    person = StaffFactory(is_superuser=False)
    person.groups.add(Group.objects.get(name="Read-only"))
    client.force_login(person)
    act(client, "cancel", allocations.values(), at=ALLOCATIONS)
    assert Allocation.objects.from_now_on(timezone.now()).count() == 4


# --- The log -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        ({}, 4),
        ({"event": "maintenance"}, 1),
        ({"event": "not_located"}, 1),
        ({"event": "trip_start"}, 0),
        ({"state__exact": "missing"}, 1),
        ({"city": "rome"}, 2),
        ({"occurred_at__year": "2030"}, 2),  # they were put on the street earlier
    ],
)
def test_the_log_can_be_narrowed(client, staff, filters, number):
    maintain(VehicleFactory(), by=staff)
    report_missing(**key(VehicleFactory(city="rome")), by=staff)
    page = client.get(EVENTS, filters)
    assert len(page.context["cl"].result_list) == number


def test_the_log_is_found_by_code_and_takes_no_query_per_row(client, staff, vehicle, django_assert_max_num_queries):
    for _number in range(20):
        maintain(VehicleFactory(), by=staff)
    assert len(found(client, EVENTS, q=vehicle.code)) == 1
    with django_assert_max_num_queries(9):
        client.get(EVENTS)


def test_nobody_changes_the_log(client, staff, vehicle):
    event = maintain(vehicle, by=staff).events.get()
    url = reverse("admin:fleet_vehicleevent_change", args=[str(event.pk)])
    page = client.get(url).content.decode()
    assert "May 1, 2030, 14:00" in page
    assert 'name="_save"' not in page
    assert client.post(url, {"state": "available"}).status_code == 403


@pytest.mark.parametrize("at", [ALLOCATIONS, EVENTS, "/admin/operations/problemreport/"])
def test_a_huge_table_is_not_counted_to_its_end(client, staff, at, monkeypatch):
    monkeypatch.setattr("movr_project.admin.model_admins.MAX_COUNTED_ROWS", 2)
    for _number in range(3):
        maintain(VehicleFactory(), by=staff)
    assert client.get(at).context["cl"].paginator.count <= 2
