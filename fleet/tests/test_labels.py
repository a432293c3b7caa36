"""Labels: printing them, scanning them, and entering their codes."""

import re
import xml.etree.ElementTree as ET
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission

from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from cities.location import CHOSEN
from cities.registry import registry
from documents.models import Document
from documents.services import publish_document
from fleet.labels import Label, UnreadableCodeError, read_code
from fleet.tests.factories import VehicleFactory
from movr_project.admin.actions import MAX_ACTION_ROWS
from movr_project.tests.locality import assert_local
from rides.models import Ride
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

LIST = "/admin/fleet/vehicle/"


def label_of(vehicle):
    return f"{vehicle.get_absolute_url()}label/"


def scan(vehicle):
    return f"/v/{vehicle.code}/"


class TestTheLabelOfOneVehicle:
    def test_it_shows_the_code_and_leads_to_it(self, client, settings):
        settings.SITE_URL = "https://movr.example"
        vehicle = VehicleFactory(code="PAR7K3M2", owner=UserFactory())
        client.force_login(vehicle.owner)
        page = client.get(label_of(vehicle)).content.decode()
        assert "<span>PAR</span><strong>7K3M2</strong>" in page
        assert 'aria-label="QR code that leads to https://movr.example/v/PAR7K3M2/"' in page
        assert "movr.example/v/" in page

    def test_the_qr_code_is_a_drawing_without_style_or_script(self, settings):
        svg = Label(VehicleFactory()).qr_code
        assert ET.fromstring(svg).tag == "svg"  # noqa: S314
        assert not re.search(r"style|script|href", svg)

    def test_people_who_may_not_print_it_learn_nothing(self, client_of):
        vehicle = VehicleFactory(owner=UserFactory())
        for person in (UserFactory(), StaffFactory(is_superuser=False)):
            assert client_of(person).get(label_of(vehicle)).status_code == 404

    def test_staff_who_may_see_vehicles_print_it(self, client_of):
        staff = StaffFactory(is_superuser=False)
        staff.user_permissions.add(Permission.objects.get(codename="view_vehicle"))
        assert client_of(staff).get(label_of(VehicleFactory())).status_code == 200

    def test_staff_prove_the_second_factor_first(self, client_of, settings):
        settings.STAFF_SECOND_FACTOR = True
        assert client_of(StaffFactory()).get(label_of(VehicleFactory())).status_code == 404

    def test_an_owner_who_is_staff_prints_their_own_without_it(self, client_of, settings):
        settings.STAFF_SECOND_FACTOR = True
        staff = StaffFactory(city="paris")
        assert client_of(staff).get(label_of(VehicleFactory(owner=staff))).status_code == 200

    def test_a_vehicle_that_waits_for_approval_has_one_already(self, client_of):
        vehicle = VehicleFactory(owner=UserFactory(), approved_at=None)
        assert client_of(vehicle.owner).get(label_of(vehicle)).status_code == 200

    def test_a_removed_vehicle_has_none(self, client_of):
        vehicle = VehicleFactory(owner=UserFactory(), status="removed")
        assert client_of(vehicle.owner).get(label_of(vehicle)).status_code == 404

    def test_the_vehicles_page_links_to_it_for_those_who_may(self, client_of):
        vehicle = VehicleFactory(owner=UserFactory())
        for person, may in ((vehicle.owner, True), (StaffFactory(), True), (UserFactory(), False)):
            page = client_of(person).get(vehicle.get_absolute_url()).content.decode()
            assert (label_of(vehicle) in page) == may

    def test_the_lock_code_is_not_on_it(self, client_of):
        vehicle = VehicleFactory(owner=UserFactory(), lock_code="70531864")
        assert "70531864" not in client_of(vehicle.owner).get(label_of(vehicle)).content.decode()


class TestASheetOfLabels:
    @pytest.fixture
    def staff_client(self, client_of):
        return client_of(StaffFactory())

    def print_labels(self, client, vehicles):
        keys = [str(vehicle.pk) for vehicle in vehicles]
        return client.post(LIST, {"action": "print_labels", "_selected_action": keys})

    def test_staff_print_those_they_chose(self, staff_client):
        chosen = VehicleFactory.create_batch(3)
        other = VehicleFactory()
        page = self.print_labels(staff_client, chosen)
        assert page.status_code == 200
        assert sorted(label.vehicle.code for label in page.context["labels"]) == [v.code for v in chosen]
        assert other.code[3:] not in page.content.decode()

    def test_nine_fit_on_a_page(self, staff_client):
        page = self.print_labels(staff_client, VehicleFactory.create_batch(10))
        assert [len(sheet) for sheet in page.context["sheets"]] == [9, 1]

    def test_removed_vehicles_are_left_out_and_counted(self, staff_client):
        page = self.print_labels(staff_client, [VehicleFactory(), VehicleFactory(status="removed")])
        assert len(page.context["labels"]) == 1
        assert "1 vehicle was removed and gets no label." in page.content.decode()

    def test_too_many_are_refused(self, staff_client, monkeypatch):
        monkeypatch.setattr("movr_project.admin.actions.MAX_ACTION_ROWS", 2)
        page = self.print_labels(staff_client, VehicleFactory.create_batch(3))
        assert page.status_code == 302
        assert "Choose at most 2 at a time." in staff_client.get(LIST).content.decode()

    def test_the_largest_selection_takes_no_statement_per_row(self, staff_client, django_assert_max_num_queries):
        vehicles = VehicleFactory.create_batch(30)
        assert MAX_ACTION_ROWS >= 30
        with django_assert_max_num_queries(12):
            self.print_labels(staff_client, vehicles)

    def test_staff_who_may_only_look_print_too(self, client_of):
        staff = StaffFactory(is_superuser=False)
        staff.user_permissions.add(Permission.objects.get(codename="view_vehicle"))
        assert self.print_labels(client_of(staff), [VehicleFactory()]).status_code == 200


class TestReadingACode:
    @pytest.mark.parametrize(
        "typed",
        [
            "PAR7K3M2",
            "par7k3m2",
            " par 7k3m2 ",
            "PAR-7K3-M2",
            "par.7k3m2",
            "７k3m2",  # noqa: RUF001  (full width)
            "7K3M2",  # in the current city
            "https://movr.example/v/PAR7K3M2/",
            "movr.example/v/par7k3m2",
        ],
    )
    def test_however_it_is_typed(self, typed):
        read = read_code(typed, here=registry["paris"])
        assert (read.city.name, read.readings) == ("paris", ["PAR7K3M2"])

    @pytest.mark.parametrize(
        ("typed", "readings"),
        [
            ("R0M7K3M2", ["ROM7K3M2"]),  # city codes contain only letters
            ("80S7K3M2", ["BOS7K3M2"]),
            ("PAR7K3MO", ["PAR7K3MD", "PAR7K3MQ"]),  # codes contain no O or 0
            ("PAR7K3M0", ["PAR7K3MD", "PAR7K3MQ"]),
            ("PARIK3M2", ["PAR7K3M2", "PARJK3M2", "PARTK3M2"]),  # nor I, L or 1
            ("PAR1K3M2", ["PAR7K3M2", "PARJK3M2", "PARTK3M2"]),
            ("PARUK3M2", ["PARVK3M2"]),
        ],
    )
    def test_characters_that_no_code_has_are_what_they_look_like(self, typed, readings):
        assert read_code(typed, here=registry["paris"]).readings == readings

    @pytest.mark.parametrize("typed", ["", "PAR", "PAR7K3M", "PAR7K3M22", "🛴", "é" * 8, "XXX7K3M2"])
    def test_an_invalid_code_has_an_error_message(self, typed):
        with pytest.raises(UnreadableCodeError, match=r"\.$"):
            read_code(typed, here=registry["paris"])


class TestTypingTheCode:
    def go(self, client, code):
        return client.get("/v/", {"code": code})

    @pytest.mark.parametrize("typed", ["{}", " {} ", "{}-"])
    def test_it_leads_to_the_vehicle(self, rider_client, typed):
        vehicle = VehicleFactory()
        page = self.go(rider_client, typed.format(vehicle.code.lower()))
        assert page.headers["Location"] == scan(vehicle)

    def test_strangers_may_type_too(self, client):
        vehicle = VehicleFactory()
        assert self.go(client, vehicle.code).headers["Location"] == scan(vehicle)

    def test_of_another_city_by_its_letters(self, rider_client):
        vehicle = VehicleFactory(city="rome")
        assert self.go(rider_client, vehicle.code).headers["Location"] == scan(vehicle)

    def test_an_unknown_one_is_an_error_and_stays_in_the_form(self, rider_client):
        page = self.go(rider_client, "par 7k3-m2")
        assert page.status_code == 200
        text = page.content.decode()
        assert "No vehicle has the code PAR7K3M2. Please check the label." in text
        assert 'value="par 7k3-m2"' in text

    def test_a_misread_code_leads_to_the_intended_vehicle_and_says_so(self, rider_client):
        VehicleFactory(code="PAR7K3MQ")
        page = rider_client.get("/v/", {"code": "PAR7K3M0"}, follow=True)
        assert "We read the code as PAR7K3MQ. Please check it against the label." in page.content.decode()

    def test_a_code_read_as_typed_needs_no_message(self, rider_client):
        VehicleFactory(code="PAR7K3MQ")
        page = rider_client.get("/v/", {"code": "7k3-mq"}, follow=True)
        assert "We read the code" not in page.content.decode()

    def test_two_that_could_be_meant_are_both_offered(self, rider_client):
        VehicleFactory(code="PAR7K3MQ")
        VehicleFactory(code="PAR7K3MD")
        page = self.go(rider_client, "PAR7K3M0").content.decode()
        assert "Which one is it?" in page
        assert "/v/PAR7K3MQ/" in page
        assert "/v/PAR7K3MD/" in page

    def test_removed_and_unapproved_vehicles_are_unknown(self, rider_client):
        for vehicle in (VehicleFactory(status="removed"), VehicleFactory(approved_at=None)):
            assert "No vehicle has the code" in self.go(rider_client, vehicle.code).content.decode()

    def test_one_city_is_queried(self, rider_client):
        vehicle = VehicleFactory(city="rome")
        with assert_local():
            self.go(rider_client, vehicle.code)

    def test_the_vehicle_list_links_to_it(self, client, rider_client):
        assert 'href="/v/"' in rider_client.get("/vehicles/").content.decode()
        rider_client.logout()
        assert 'href="/v/"' in client.get("/").content.decode()


class TestFromALabelToARide:
    def start_from(self, client, vehicle):
        """Submit the label page's start form."""
        page = client.get(scan(vehicle)).content.decode()
        (form,) = re.findall(r'<form[^>]* method="post" action="(/rides/start/[^"]+)">(.*?)</form>', page, re.DOTALL)
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[1]))
        return client.post(form[0], fields, follow=True)

    def test_by_logging_in(self, client, rider):
        vehicle = VehicleFactory()
        page = client.get(scan(vehicle)).content.decode()
        log_in = f"/login/?next={quote(scan(vehicle), safe='')}"
        assert log_in in page
        answer = client.post(log_in, {"username": rider.username, "password": PASSWORD, "next": scan(vehicle)})
        assert answer.headers["Location"] == scan(vehicle)
        self.start_from(client, vehicle)
        assert Ride.objects.get().rider_id == rider.id

    def test_by_signing_up(self, client):
        vehicle = VehicleFactory()
        sign_up = f"/register/?next={quote(scan(vehicle), safe='')}"
        assert sign_up in client.get(scan(vehicle)).content.decode()
        data = {"first_name": "Ada", "email": "a@example.com", "password": PASSWORD}
        data |= {"city": "paris", "next": scan(vehicle)}
        assert client.post(sign_up, data).headers["Location"] == scan(vehicle)
        self.start_from(client, vehicle)
        assert Ride.objects.get().vehicle == vehicle

    def test_in_another_city_one_tap_switches_and_starts(self, rider_client):
        vehicle = VehicleFactory(city="rome")
        page = rider_client.get(scan(vehicle)).content.decode()
        assert "Switch to Rome and start ride" in page
        self.start_from(rider_client, vehicle)
        assert Ride.objects.get().vehicle == vehicle
        assert rider_client.session[CHOSEN] == "rome"

    def test_looking_at_the_label_changes_no_city(self, rider_client):
        rider_client.get(scan(VehicleFactory(city="rome")))
        assert CHOSEN not in rider_client.session

    def test_a_taken_vehicle_in_another_city_can_not_be_started(self, rider_client):
        vehicle = OpenRideFactory(vehicle=VehicleFactory(city="rome")).vehicle
        page = rider_client.get(scan(vehicle)).content.decode()
        assert "/rides/start/" not in page

    def test_through_new_terms_and_back(self, rider_client, rider):
        vehicle = VehicleFactory(city="rome")
        publish_document(kind=Document.Kind.TERMS, text="# New words", must_accept=True)
        start = f"/rides/start/rome/{vehicle.public_id}/"
        asked = rider_client.post(
            start, {"token": "t", "at_it": "on"}, headers={"referer": f"http://testserver{scan(vehicle)}"}
        )
        assert asked.headers["Location"] == f"/terms/accept/?next={quote(scan(vehicle), safe='')}"
        accepted = rider_client.post(asked.headers["Location"], {"version": 2, "next": scan(vehicle)})
        assert accepted.headers["Location"] == scan(vehicle)
        self.start_from(rider_client, vehicle)
        assert Ride.objects.get().vehicle == vehicle
