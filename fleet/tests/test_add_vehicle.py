"""Owners add vehicles in their home city."""

import re

import pytest
from django.utils import timezone, translation

from accounts.models import User
from accounts.tests.factories import UserFactory
from fleet.models import Vehicle
from fleet.models.choices import VehicleType
from fleet.services import VehicleRefused, add_vehicle, remove_vehicle
from fleet.tests.factories import EIFFEL_TOWER, VehicleFactory
from movr_project.tests.locality import assert_local
from movr_project.tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]
at_the_same_moment = pytest.mark.django_db(transaction=True)

ADD = "/vehicles/add/"
FORM = {"type": "bike", "color": "red", "brand": "Gazelle", "last_location": "Eiffel Tower", "token": "form"}
COLOSSEUM = {"latitude": "41.890210", "longitude": "12.492231"}


def errors(response):
    assert response.status_code == 200
    return response.context["form"].errors


def texts(response):
    return [str(message) for message in response.context["messages"]]


def value_of(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def test_a_vehicle_is_added_free_in_the_home_city_and_dated_today(rider_client, rider):
    rider_client.post(ADD, FORM)
    vehicle = Vehicle.objects.get()
    assert vehicle.owner == rider
    assert (vehicle.city, vehicle.status, vehicle.date_added) == ("paris", "available", timezone.localdate())
    assert (vehicle.type, vehicle.color, vehicle.brand) == ("bike", "red", "Gazelle")
    assert (vehicle.last_location, vehicle.position, vehicle.cell) == ("Eiffel Tower", None, "")


def test_its_code_begins_with_the_citys(rider_client):
    rider_client.post(ADD, FORM)
    assert re.fullmatch(r"PAR[2-9A-HJKMNP-Z]{5}", Vehicle.objects.get().code)


def test_the_person_becomes_an_owner(rider_client, rider):
    rider_client.post(ADD, FORM)
    rider.refresh_from_db()
    assert rider.is_owner


def test_the_person_reads_that_it_was_added_and_sees_it_on_the_list(rider_client):
    response = rider_client.post(ADD, FORM, follow=True)
    vehicle = Vehicle.objects.get()
    hint = f"Its code is {vehicle.code}. Print the label and attach it."
    assert texts(response) == ["Vehicle added in Paris!", hint]
    assert response.redirect_chain == [(vehicle.get_absolute_url(), 302)]
    assert "Print its label" in response.content.decode()
    assert list(rider_client.get("/vehicles/").context["page"]) == [vehicle]


def test_only_type_color_and_place_are_required(rider_client):
    assert set(errors(rider_client.post(ADD, {}))) == {"type", "color", "last_location"}


def test_a_point_on_the_map_is_enough_and_is_shown_in_the_readers_language(rider_client):
    latitude, longitude = map(str, EIFFEL_TOWER)
    rider_client.post(ADD, FORM | {"last_location": "", "latitude": latitude, "longitude": longitude})
    vehicle = Vehicle.objects.get()
    assert (vehicle.last_location, vehicle.position) == ("", EIFFEL_TOWER)
    assert vehicle.place == "Pinned location, Paris"
    with translation.override("es"):
        assert vehicle.place == "Ubicación marcada en el mapa, París"


def test_without_words_and_without_a_position_the_form_says_what_is_missing(rider_client):
    response = rider_client.post(ADD, FORM | {"last_location": " "})
    assert errors(response) == {"last_location": ["Tell us where it's parked: describe it or pin it on the map."]}
    assert not Vehicle.objects.exists()


@pytest.mark.parametrize("type_", VehicleType.values)
def test_every_type_can_be_added(rider_client, type_):
    rider_client.post(ADD, FORM | {"type": type_})
    assert Vehicle.objects.get().type == type_


def test_a_position_in_the_city_is_kept_to_six_decimals(rider_client):
    rider_client.post(ADD, FORM | {"latitude": "48.8583701234", "longitude": "2.2944811234"})
    vehicle = Vehicle.objects.get()
    assert vehicle.position == EIFFEL_TOWER
    assert vehicle.cell


def test_away_from_home_the_page_says_where_it_will_be_added(rider_client):
    rider_client.post("/city/", {"city": "rome"}, follow=True)
    assert texts(rider_client.get(ADD)) == ["You can only add vehicles in your home city, Paris."]


def test_away_from_home_it_is_added_at_home_and_home_is_shown(rider_client):
    rider_client.post("/city/", {"city": "rome"}, follow=True)
    response = rider_client.post(ADD, FORM, follow=True)
    assert Vehicle.objects.get().city == "paris"
    assert texts(response)[0] == "Vehicle added in Paris!"
    assert "Vehicles in Paris" in rider_client.get("/vehicles/").content.decode()


@pytest.mark.parametrize("forged", [{"city": "rome"}, {"owner_id": "x"}, {"status": "removed"}, {"code": "ROM22222"}])
def test_data_without_a_form_field_is_ignored(rider_client, rider, forged):
    rider_client.post(ADD, FORM | forged)
    vehicle = Vehicle.objects.get()
    assert (vehicle.city, vehicle.owner_id, vehicle.status) == ("paris", rider.id, "available")
    assert vehicle.code.startswith("PAR")


def test_someone_who_has_moved_meanwhile_adds_nothing(rider):
    User.objects.filter(id=rider.id).update(city="rome")
    with pytest.raises(VehicleRefused) as refused:
        add_vehicle(owner=rider, type="bike", color="red", last_location="Here", token="form")
    assert refused.value.code == "account_changed"
    assert not Vehicle.objects.exists()


def test_a_concurrently_removed_account_adds_nothing(rider):
    User.objects.filter(id=rider.id).update(is_active=False)
    with pytest.raises(VehicleRefused):
        add_vehicle(owner=rider, type="bike", color="red", last_location="Here", token="form")
    assert not Vehicle.objects.exists()


def test_with_approval_the_owner_is_notified_and_riders_do_not_see_it(rider_client, settings):
    settings.VEHICLES_NEED_APPROVAL = True
    response = rider_client.post(ADD, FORM, follow=True)
    vehicle = Vehicle.objects.get()
    assert vehicle.awaits_approval
    assert texts(response)[0] == "Vehicle added in Paris!"
    assert texts(response)[-1] == "Riders will see it once it's approved."
    assert response.redirect_chain == [(vehicle.get_absolute_url(), 302)]
    assert list(rider_client.get("/vehicles/").context["page"]) == []


def test_the_same_form_sent_twice_adds_one(rider_client, rider):
    for _time in range(2):
        response = rider_client.post(ADD, FORM, follow=True)
    assert texts(response)[0] == "Vehicle added in Paris!"
    assert Vehicle.objects.count() == 1
    rider.refresh_from_db()
    assert rider.owned_vehicles == 1


def test_each_form_has_a_token_of_its_own(rider_client):
    tokens = {value_of(rider_client.get(ADD).content.decode(), "token") for _time in range(2)}
    assert len(tokens) == 2


@pytest.mark.parametrize("token", [None, "", "\0", "x" * 10_000])
def test_a_form_without_a_usable_token_adds_a_vehicle_each_time(rider_client, token):
    form = {name: value for name, value in (FORM | {"token": token}).items() if value is not None}
    for _time in range(2):
        rider_client.post(ADD, form)
    assert Vehicle.objects.count() == 2


def test_the_same_token_of_two_people_adds_two(client):
    for user in UserFactory.create_batch(2):
        client.force_login(user)
        client.post(ADD, FORM)
    assert Vehicle.objects.count() == 2


def test_a_form_with_errors_keeps_its_token(rider_client):
    page = rider_client.post(ADD, FORM | {"color": ""}).content.decode()
    assert value_of(page, "token") == "form"


def add(owner, token):
    return lambda: add_vehicle(owner=owner, type="bike", color="red", last_location="Here", token=token)


@at_the_same_moment
def test_ten_vehicles_added_at_once_are_ten_and_the_count_agrees(rider):
    vehicles = at_once(*(add(rider, str(number)) for number in range(10)))
    assert len({vehicle.code for vehicle in vehicles}) == 10
    rider.refresh_from_db()
    assert Vehicle.objects.count() == rider.owned_vehicles == 10


@at_the_same_moment
def test_one_form_sent_ten_times_at_once_adds_one_vehicle(rider):
    vehicles = at_once(*[add(rider, "form")] * 10)
    assert {vehicle.pk for vehicle in vehicles} == {Vehicle.objects.get().pk}
    rider.refresh_from_db()
    assert rider.owned_vehicles == 1


@pytest.mark.parametrize("position", [COLOSSEUM, {"latitude": "0", "longitude": "0"}])
def test_a_position_outside_the_city_is_refused_beside_the_field(rider_client, position):
    assert errors(rider_client.post(ADD, FORM | position)) == {"latitude": ["That position is outside Paris."]}
    assert not Vehicle.objects.exists()


@pytest.mark.parametrize(
    ("given", "missing"), [({"latitude": "48.85"}, "longitude"), ({"longitude": "2.35"}, "latitude")]
)
def test_half_a_position_is_refused_beside_the_missing_half(rider_client, given, missing):
    response = rider_client.post(ADD, FORM | given)
    assert errors(response) == {missing: ["A position needs both latitude and longitude."]}


@pytest.mark.parametrize("number", ["NaN", "inf", "-Infinity", "91", "-91", "x", "\0", "48,85,1", "🛴", "9" * 10_000])
def test_an_invalid_latitude_is_an_error_at_the_field(rider_client, number):
    assert "latitude" in errors(rider_client.post(ADD, FORM | {"latitude": number, "longitude": "2.35"}))


@pytest.mark.parametrize(
    ("field", "nonsense"),
    [(field, text) for field in ("type", "color", "last_location") for text in ("", "  ", "\0", "x" * 10_000)]
    + [("type", "tank"), ("type", "🛴"), ("brand", "\0"), ("brand", "x" * 65)],
)
def test_invalid_input_is_an_error_at_its_field(rider_client, field, nonsense):
    assert set(errors(rider_client.post(ADD, FORM | {field: nonsense}))) == {field}


def test_emoji_are_words_like_others(rider_client):
    rider_client.post(ADD, FORM | {"color": "🌈", "brand": "🦄", "last_location": "🗼" * 200})
    assert Vehicle.objects.get().color == "🌈"


def test_of_a_field_sent_twice_the_last_counts(rider_client):
    rider_client.post(ADD, FORM | {"color": ["red", "green"]})
    assert Vehicle.objects.get().color == "green"


def test_a_form_with_errors_keeps_its_input(rider_client):
    typed = {"color": "mauve", "brand": "Own make", "latitude": "48.85", "longitude": "x"}
    page = rider_client.post(ADD, FORM | typed).content.decode()
    for name, text in {**typed, "last_location": "Eiffel Tower"}.items():
        assert value_of(page, name) == text
    assert '<option value="bike" selected>' in page


def test_opening_the_page_adds_nothing(rider_client):
    assert rider_client.get(ADD, FORM).status_code == 200
    assert not Vehicle.objects.exists()


def test_nobody_logged_in_adds_nothing(client):
    assert client.post(ADD, FORM).url.startswith("/login/")
    assert not Vehicle.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(rider_client, method):
    assert getattr(rider_client, method)(ADD).status_code == 405


def test_adding_queries_one_city_only(rider_client):
    with assert_local():
        rider_client.post(ADD, FORM | {"latitude": "48.85", "longitude": "2.35"})
    assert Vehicle.objects.exists()


def test_a_taken_code_is_replaced(rider, monkeypatch):
    taken = VehicleFactory().code
    codes = iter([taken, taken, "PAR7K3M2"])
    monkeypatch.setattr("fleet.services.vehicles.new_code", lambda city: next(codes))
    assert add(rider, "form")().code == "PAR7K3M2"


def test_the_form_again_with_another_color_is_another_vehicle(rider_client):
    token = {"token": "the same"}
    rider_client.post(ADD, FORM | token)
    rider_client.post(ADD, FORM | token | {"color": "green"})
    assert Vehicle.objects.count() == 2


def test_the_form_of_a_vehicle_that_was_removed_since_says_so(rider, rider_client):
    token = {"token": "the same"}
    rider_client.post(ADD, FORM | token)
    vehicle = Vehicle.objects.get()
    remove_vehicle(city=vehicle.city, vehicle_id=vehicle.id, by=rider)
    page = rider_client.post(ADD, FORM | token)
    html = page.content.decode()
    assert "has been removed" in html
    assert Vehicle.objects.count() == 1
    rider_client.post(ADD, FORM | {"token": value_of(html, "token")})
    assert Vehicle.objects.count() == 2, "sent once more, the form adds a new one"
