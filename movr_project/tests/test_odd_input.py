"""Unusual but valid input, interpreted as intended."""

from datetime import timedelta

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.forms import EditProfileForm
from accounts.models import User
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from cities.geography import parse_position
from cities.models import City
from cities.registry import registry
from documents.admin import DocumentForm
from fleet.forms.bookings import BookForm
from fleet.forms.vehicles import AddVehicleForm
from fleet.labels import UnreadableCodeError, read_code
from fleet.models import Vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.web.fields import BIDI_CONTROLS, INVISIBLE_LETTERS, LinesInput, validate_visible
from operations.forms import PlaceForm, ReportForm
from operations.models import ProblemReport
from rides.forms import EndRideForm

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

PERSON = {
    "city": "paris",
    "first_name": "Ada",
    "email": "ada@example.com",
    "password": PASSWORD,
}


# --- Lengths --------------------------------------------------------------------------------------


def lines(length):
    """As browsers send it: with two characters for each line break that they counted as one."""
    text = ("word\n" * length)[:length]
    return text, text.replace("\n", "\r\n")


def test_about_me_may_be_as_long_as_browsers_allow(rider_client, rider):
    text, sent = lines(140)
    form = {"username": rider.username, "first_name": "A", "theme": "auto", "email": rider.email, "language": ""}
    assert rider_client.post("/profile/edit/", form | {"about_me": sent}).status_code == 302
    rider.refresh_from_db()
    assert rider.about_me == text.strip()
    page = rider_client.post("/profile/edit/", form | {"about_me": "x" * 141})
    assert "about_me" in page.context["form"].errors


def test_a_report_may_too(rider_client):
    vehicle = VehicleFactory()
    text, sent = lines(500)
    url = reverse("operations:vehicle_report", args=["paris", vehicle.public_id])
    assert rider_client.post(url, {"kind": "dirty", "text": sent, "token": "t"}).status_code == 302
    assert ProblemReport.objects.get().text == text.strip()


def test_a_text_is_kept_with_the_line_breaks_that_were_counted(client):
    client.force_login(StaffFactory())
    client.post(reverse("admin:documents_document_add"), {"kind": "help", "text": "# One\r\n\r\ntwo\rthree"})
    assert client.get("/help/").status_code == 200


@pytest.mark.parametrize("form", [EditProfileForm, ReportForm, DocumentForm])
def test_every_text_area_counts_so(form):
    areas = [field.widget for field in form.base_fields.values() if isinstance(field.widget, forms.Textarea)]
    assert areas
    assert all(isinstance(area, LinesInput) for area in areas)


# --- Numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "read"), [("48,8566", 48.8566), ("48.8566", 48.8566), (" 48,8566 ", 48.8566)])
def test_coordinates_may_have_a_decimal_comma(typed, read):
    for form in (
        AddVehicleForm({"type": "bike", "color": "red", "latitude": typed, "longitude": "2,35"}),
        EndRideForm({"latitude": typed, "longitude": "2,35"}),
        PlaceForm({"location": "Louvre", "latitude": typed, "longitude": "2,35"}),
    ):
        assert form.is_valid(), form.errors
        assert form.position == (read, 2.35)
    assert parse_position(typed, "2,35") == (read, 2.35)


@pytest.mark.parametrize("typed", ["48,85,1", "1,048.5", "48.85,1", ",", "4,8x"])
def test_an_ambiguous_number_is_invalid(typed):
    assert not EndRideForm({"latitude": typed, "longitude": "2,35"}).is_valid()
    assert parse_position(typed, "2,35") is None


def test_in_the_admin_too(client):
    client.force_login(StaffFactory())
    vehicle = {"city": "paris", "type": "bike", "color": "red", "latitude": "48,86", "longitude": "2,34"}
    page = client.post(reverse("admin:fleet_vehicle_add"), vehicle | {"lock_code": "1234"})
    assert page.status_code == 302, page.context["adminform"].form.errors
    assert Vehicle.objects.get().latitude == 48.86
    city = {"name": "lyon", "display_name": "Lyon", "code": "LYO", "region": "gcp-europe-west1"}
    city |= {"latitude": "45,7", "longitude": "4,8", "radius_km": "20", "time_zone": "Europe/Paris", "currency": "EUR"}
    client.post(reverse("admin:cities_city_add"), city)
    assert City.objects.get(name="lyon").latitude == 45.7


# --- Codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "PAR7K3M2",
        "par 7k3-m2",
        "Code: PAR7K3M2",
        "code PAR7K3M2",
        "CODE=par7k3m2",
        "Código: PAR7K3M2",
        "https://movr.example/v/PAR7K3M2/",
        "https://movr.example/v/PAR7K3M2/?fbclid=IwAR0abcdefg",
        "https://movr.example/v/PAR7K3M2?utm_source=a&utm_medium=b#top",
        "HTTPS://MOVR.EXAMPLE/V/PAR7K3M2/",
        "movr.example/v/par7k3m2",
        "/V/PAR7K3M2/",
        "https://movr.example/v/?code=PAR7K3M2&fbclid=x",
        "Look: https://movr.example/v/PAR7K3M2/",
    ],
)
def test_a_code_is_read_however_it_is_pasted(client, typed):
    assert read_code(typed, here=registry["rome"]).readings[0] == "PAR7K3M2"
    VehicleFactory(code="PAR7K3M2")
    page = client.get("/v/", {"code": typed}, follow=True)
    assert page.redirect_chain == [("/v/PAR7K3M2/", 302)]
    assert "We read the code as" not in page.content.decode()


@pytest.mark.parametrize("typed", ["Code:", "https://movr.example/v/", "/v/?x=PAR7K3M2", "https://movr.example/help/"])
def test_text_without_a_code_is_invalid(typed):
    with pytest.raises(UnreadableCodeError):
        read_code(typed, here=registry["paris"])


# --- One mistake, one sentence --------------------------------------------------------------------


def booked(**given):
    tomorrow = f"{timezone.now() + timedelta(days=1):%Y-%m-%dT09:00}"
    return BookForm({"starts": tomorrow, "length": "60", "ends": "", "token": "t"} | given, city=registry["paris"])


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"starts": "nonsense"}, {"starts"}),
        ({"starts": ""}, {"starts"}),
        ({"starts": "nonsense", "ends": "nonsense"}, {"starts", "ends"}),
        ({"length": "nonsense"}, {"length"}),
        ({"length": "until"}, {"ends"}),
        ({"length": ""}, {"ends"}),
        ({"starts": "nonsense", "length": "until"}, {"starts", "ends"}),
        ({}, set()),
    ],
)
def test_a_booking_says_what_is_wrong_and_no_more(given, wrong):
    form = booked(**given)
    assert set(form.errors) == wrong
    assert all(len(errors) == 1 for errors in form.errors.values())


# --- Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [*INVISIBLE_LETTERS, "\u200b", "\u200d\u200c", "\u00ad", "\ufeff", "\u0301", "\u3164 \u2800"]
)
def test_an_invisible_name_is_rejected(client, name):
    with pytest.raises(ValidationError):
        validate_visible(name)
    page = client.post("/register/", PERSON | {"first_name": name})
    assert "first_name" in page.context["form"].errors
    for form in (AddVehicleForm({"type": "bike", "color": name, "last_location": "Louvre"}),):
        assert "color" in form.errors
    assert "end_location" in EndRideForm({"end_location": name}).errors


@pytest.mark.parametrize("character", BIDI_CONTROLS)
def test_nor_one_that_turns_the_page_around(character):
    with pytest.raises(ValidationError):
        validate_visible(f"Ada{character}")


@pytest.mark.parametrize("name", ["Ada", "李", "حسین", "زهره\u200cسن", "אדה", "Zoë", "O", "👩\u200d🚀", "Ñ", "Nguyễn"])
def test_names_of_every_script_are_names(client, name):
    page = client.post("/register/", PERSON | {"first_name": name})
    assert page.status_code == 302, page.context["form"].errors
    assert User.objects.get().get_full_name() == name


def test_people_with_one_name_leave_the_other_empty(rider_client, rider):
    form = {"username": rider.username, "first_name": "Suharto", "theme": "auto", "email": rider.email, "language": ""}
    assert rider_client.post("/profile/edit/", form | {"last_name": ""}).status_code == 302
    assert "Suharto" in rider_client.get("/profile/").content.decode()


def test_a_name_does_not_change_the_direction_of_other_text(rider_client):
    UserFactory(username="dana", first_name="דנה")
    assert "<bdi>דנה</bdi>" in rider_client.get("/users/").content.decode()
    assert 'dir="auto">דנה' in rider_client.get("/users/dana/").content.decode()
    assert 'dir="auto"' in rider_client.get("/profile/edit/").content.decode()
