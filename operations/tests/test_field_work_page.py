"""The field work page."""

import time

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.tests.factories import StaffFactory, UserFactory
from accounts.two_factor.services import PROOF
from cities.registry import registry
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.services import pause_vehicle, reserve_vehicle
from fleet.tests.calendars import code_of, live, log, maintain
from fleet.tests.factories import EIFFEL_TOWER, NOTRE_DAME, VehicleFactory
from operations.services.field_work import mark_found, pick_up_vehicle, report_missing
from operations.services.reports import report_problem
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

PLACE = {"location": "Eiffel Tower", "latitude": str(EIFFEL_TOWER[0]), "longitude": str(EIFFEL_TOWER[1])}
REASON = {"reason": "rebalance_pick_up", "note": "Too many here"}
# The data that each button submits.
SENT = {
    "pick_up": REASON,
    "drop_off": PLACE,
    "found": PLACE,
    "missing": {"note": "Nobody saw it"},
    "battery": {"percent": "90"},
    "maintenance": {"description": "Flat tire"},
    "back": {},
}


@pytest.fixture
def staff(client):
    staff = StaffFactory(is_superuser=False)
    staff.groups.add(Group.objects.get(name="Operations"))
    client.force_login(staff)
    return staff


@pytest.fixture
def vehicle():
    return VehicleFactory(type="e-bike", battery_percent=20, range_m=8000)


def key(vehicle):
    return {"city": vehicle.city, "vehicle_id": vehicle.id}


def url_of(vehicle):
    return reverse("operations:field_work", args=[vehicle.city, vehicle.id])


def act(client, vehicle, name, **data):
    page = client.post(url_of(vehicle), {"act": name, **SENT.get(name, {}), **data}, follow=True)
    assert page.status_code == 200
    return page


def said(page) -> list[str]:
    return [str(message) for message in page.context["messages"]]


def state_of(vehicle) -> str:
    return VehicleEvent.objects.filter(city=vehicle.city, vehicle_id=vehicle.id).latest("occurred_at").state


def bring_into(situation, vehicle, staff):
    if situation == "picked_up":
        pick_up_vehicle(**key(vehicle), by=staff)
    elif situation == "missing":
        report_missing(**key(vehicle), by=staff)
    elif situation == "maintenance":
        maintain(vehicle, by=staff)
    elif situation == "in_use":
        OpenRideFactory(vehicle=vehicle)
    elif situation == "reservation":
        rider = UserFactory()
        reserve_vehicle(rider=rider, city=registry["paris"], vehicle_city="paris", vehicle_id=vehicle.id, token="t")
    elif situation == "awaits_approval":
        Vehicle.objects.filter(pk=vehicle.pk).update(approved_at=None)


@pytest.mark.parametrize(
    ("situation", "offered"),
    [
        ("available", {"pick_up", "battery", "maintenance", "missing"}),
        ("reservation", {"pick_up", "battery", "maintenance", "missing"}),
        ("maintenance", {"back", "pick_up", "battery", "missing"}),
        ("picked_up", {"drop_off", "battery"}),
        ("missing", {"found"}),
        ("in_use", {"maintenance"}),
        ("awaits_approval", set()),
    ],
)
def test_the_page_offers_what_makes_sense(client, staff, vehicle, situation, offered):
    bring_into(situation, vehicle, staff)
    page = client.get(url_of(vehicle))
    assert page.status_code == 200
    assert set(page.context["acts"]) == offered
    text = page.content.decode()
    shown = {name for name in SENT if f'value="{name}"' in text}
    assert shown == offered


def test_a_place_has_a_description_or_a_position(client, staff, vehicle):
    bring_into("missing", vehicle, staff)
    page = act(client, vehicle, "found", location="", latitude="", longitude="")
    assert "parked: describe it or pin it on the map." in page.content.decode()
    assert state_of(vehicle) == "missing"
    page = act(client, vehicle, "found", location="")
    assert "Pinned location, Paris" in page.content.decode()
    assert state_of(vehicle) == "available"


@pytest.mark.parametrize(
    ("situation", "name", "state"),
    [
        ("available", "pick_up", "removed"),
        ("maintenance", "pick_up", "removed"),
        ("available", "missing", "missing"),
        ("available", "battery", "available"),
        ("picked_up", "battery", "removed"),
        ("available", "maintenance", "non_operational"),
        ("reservation", "maintenance", "non_operational"),
        ("picked_up", "drop_off", "available"),
        ("missing", "found", "available"),
        ("maintenance", "back", "available"),
    ],
)
def test_a_button_does_what_it_says_and_the_page_stays(client, staff, vehicle, situation, name, state):
    bring_into(situation, vehicle, staff)
    page = act(client, vehicle, name)
    assert page.redirect_chain == [(url_of(vehicle), 302)]
    assert len(said(page)) == 1
    assert vehicle.code in said(page)[0]
    event = vehicle.events.latest("occurred_at")
    assert (event.state, event.actor_id) == (state, staff.id)


def test_messages_are_kept(client, staff, vehicle):
    act(client, vehicle, "pick_up")
    event = vehicle.events.latest("occurred_at")
    assert (event.event_types, event.note) == (["rebalance_pick_up"], "Too many here")
    act(client, vehicle, "battery")
    act(client, vehicle, "drop_off")
    fresh = Vehicle.objects.get(pk=vehicle.pk)
    assert (fresh.last_location, fresh.position) == ("Eiffel Tower", EIFFEL_TOWER)
    assert (fresh.battery_percent, fresh.range_m) == (90, 36000)
    assert fresh.public_id != vehicle.public_id
    act(client, vehicle, "maintenance")
    [maintenance] = live(vehicle)[-1:]
    assert (maintenance.description, maintenance.ends_at) == ("Flat tire", None)


def test_words_are_enough_for_a_place(client, staff, vehicle):
    bring_into("picked_up", vehicle, staff)
    act(client, vehicle, "drop_off", latitude="", longitude="")
    fresh = Vehicle.objects.get(pk=vehicle.pk)
    assert (fresh.last_location, fresh.position) == ("Eiffel Tower", None)


@pytest.mark.parametrize(
    ("situation", "name"),
    [
        ("available", "drop_off"),
        ("available", "found"),
        ("available", "back"),
        ("missing", "drop_off"),
        ("picked_up", "found"),
        ("picked_up", "back"),
        ("in_use", "pick_up"),
        ("in_use", "missing"),
        ("in_use", "battery"),
        ("awaits_approval", "maintenance"),
    ],
)
def test_in_the_wrong_state_a_sentence_says_why(client, staff, vehicle, situation, name):
    bring_into(situation, vehicle, staff)
    before = log(vehicle)
    page = act(client, vehicle, name)
    assert len(said(page)) == 1
    assert "This vehicle" in said(page)[0] or "approved" in said(page)[0]
    assert log(vehicle) == before


@pytest.mark.parametrize("name", ["pick_up", "missing", "maintenance"])
def test_a_button_pressed_twice_counts_once(client, staff, vehicle, name):
    act(client, vehicle, name)
    once = log(vehicle)
    act(client, vehicle, name)
    assert log(vehicle) == once
    assert len(live(vehicle)) == 1


def test_concurrent_changes_are_not_undone(client, staff, vehicle):
    bring_into("missing", vehicle, staff)
    client.get(url_of(vehicle))
    mark_found(**key(vehicle), by=StaffFactory(), place="Louvre", position=NOTRE_DAME)
    page = act(client, vehicle, "found")
    assert said(page) == ["This vehicle is not missing."]
    assert Vehicle.objects.get(pk=vehicle.pk).last_location == "Louvre"


@pytest.mark.parametrize(
    ("situation", "name", "wrong", "field"),
    [
        ("picked_up", "drop_off", {"location": "", "latitude": "", "longitude": ""}, "location"),
        ("picked_up", "drop_off", {"location": "x" * 201}, "location"),
        ("picked_up", "drop_off", {"longitude": ""}, "longitude"),
        ("picked_up", "drop_off", {"latitude": "north"}, "latitude"),
        ("picked_up", "drop_off", {"latitude": "41.9", "longitude": "12.5"}, "latitude"),
        ("missing", "found", {"latitude": "41.9", "longitude": "12.5"}, "latitude"),
        ("available", "pick_up", {"reason": "trip_start"}, "reason"),
        ("available", "pick_up", {"reason": ""}, "reason"),
        ("available", "pick_up", {"note": "x" * 201}, "note"),
        ("available", "battery", {"percent": "101"}, "percent"),
        ("available", "battery", {"percent": "-1"}, "percent"),
        ("available", "battery", {"percent": "full"}, "percent"),
        ("available", "maintenance", {"description": "x" * 101}, "description"),
        ("available", "missing", {"note": "x" * 201}, "note"),
    ],
)
def test_invalid_input_is_an_error_beside_its_field(client, staff, vehicle, situation, name, wrong, field):
    bring_into(situation, vehicle, staff)
    before = log(vehicle)
    page = act(client, vehicle, name, **wrong)
    assert field in page.context["acts"][name].errors
    assert str(page.context["acts"][name].errors[field][0]) in page.content.decode().replace("&#x27;", "'")
    assert log(vehicle) == before


@pytest.mark.parametrize("name", ["", "junk", "trip_start", "decommission"])
def test_an_unknown_act_does_nothing(client, staff, vehicle, name):
    before = log(vehicle)
    page = act(client, vehicle, name)
    assert said(page) == ["Choose what you have done."]
    assert log(vehicle) == before


def test_a_vehicle_without_a_battery_gets_none(client, staff):
    bike = VehicleFactory(type="bike")
    assert "battery" not in client.get(url_of(bike)).context["acts"]
    assert said(act(client, bike, "battery")) == ["This vehicle has no battery."]


def test_a_removed_vehicle_has_no_such_page(client, staff):
    assert client.get(url_of(VehicleFactory(status="removed"))).status_code == 404


# Permissions

PEOPLE = {
    "nobody": 302,
    "rider": 404,
    "owner": 404,
    "Support": 404,
    "Read-only": 404,
    "Operations": 200,
    "superuser": 200,
}


@pytest.mark.parametrize(("who", "status"), PEOPLE.items())
def test_only_those_who_may_change_vehicles_work_on_them(client, who, status):
    owner = UserFactory()
    vehicle = VehicleFactory(owner=owner)
    if who == "rider":
        client.force_login(UserFactory())
    elif who == "owner":
        client.force_login(owner)
    elif who != "nobody":
        person = StaffFactory(is_superuser=who == "superuser")
        person.groups.set(Group.objects.filter(name=who))
        client.force_login(person)
    assert client.get(url_of(vehicle)).status_code == status
    client.post(url_of(vehicle), {"act": "pick_up", **REASON})
    assert bool(live(vehicle)) == (status == 200)
    page = client.get(reverse("fleet:vehicle_label", args=[vehicle.code])).content.decode()
    assert (url_of(vehicle) in page) == (status == 200)
    if who != "nobody":
        assert (url_of(vehicle) in client.get(vehicle.get_absolute_url()).content.decode()) == (status == 200)


def test_staff_prove_their_second_factor_first(client, staff, vehicle, settings):
    settings.STAFF_SECOND_FACTOR = True
    label = reverse("fleet:vehicle_label", args=[vehicle.code])
    assert client.get(url_of(vehicle)).status_code == 404
    assert url_of(vehicle) not in client.get(label).content.decode()
    device = TOTPDevice.objects.create(user=staff, name="app", confirmed=True)
    session = client.session
    session["otp_device_id"] = device.persistent_id
    session[PROOF] = [staff.proof_epoch, int(time.time())]
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    assert client.get(url_of(vehicle)).status_code == 200
    assert url_of(vehicle) in client.get(label).content.decode()


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_not_allowed(client, staff, vehicle, method):
    assert getattr(client, method)(url_of(vehicle)).status_code == 405


def test_looking_changes_nothing(client, staff, vehicle):
    before = log(vehicle)
    client.get(url_of(vehicle), {"act": "pick_up", **REASON})
    assert log(vehicle) == before


# Contents, and the next vehicle


def test_the_page_says_what_is_wrong_and_what_is_ahead(client, staff, vehicle):
    report_problem(
        reporter=UserFactory(), vehicle_city="paris", vehicle_id=vehicle.id, kind="lights", text="Flickers", token="t"
    )
    bring_into("reservation", vehicle, staff)
    page = client.get(url_of(vehicle)).content.decode()
    assert "Lights: Flickers" in page
    assert "Reservation" in page
    assert vehicle.lock_code in page


def test_the_next_code_leads_to_the_next_vehicle(client, staff, vehicle):
    other = VehicleFactory(city="rome")
    typed = other.code.lower()
    page = client.get(url_of(vehicle), {"code": f" {typed[:3]}-{typed[3:]} "})
    assert page["Location"] == url_of(other)


def test_without_the_city_a_code_is_of_the_same_city(client, staff):
    vehicle, other = VehicleFactory(city="rome"), VehicleFactory(city="rome")
    assert client.get(url_of(vehicle), {"code": other.code[3:]})["Location"] == url_of(other)


@pytest.mark.parametrize("code", ["", "x", "PAR99999", "ZZZ22222", "x" * 201, "\x01", "🛴" * 8])
def test_a_code_without_a_vehicle_is_an_error(client, staff, vehicle, code):
    page = client.get(url_of(vehicle), {"code": code})
    assert page.status_code == 200
    assert page.context["code_form"].errors["code"]
    assert 'aria-invalid="true"' in page.content.decode()


def test_a_pause_of_the_owner_makes_way_for_staff(client, staff):
    owner = UserFactory()
    vehicle = VehicleFactory(owner=owner)
    pause_vehicle(**key(vehicle), owner=owner)
    act(client, vehicle, "pick_up")
    assert state_of(vehicle) == "removed"
    assert not Allocation.objects.live().filter(kind="paused", ends_at=None).exists()
    assert code_of(maintain, vehicle) == "conflict"


def test_the_page_costs_the_same_however_much_there_is(client, staff, vehicle, django_assert_max_num_queries):
    for number in range(12):
        report_problem(
            reporter=UserFactory(), vehicle_city="paris", vehicle_id=vehicle.id, kind="dirty", token=str(number)
        )
    with django_assert_max_num_queries(6):
        client.get(url_of(vehicle))
