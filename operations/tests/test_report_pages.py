"""The pages for reporting a problem."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.models import Allocation
from fleet.services import VehicleRefused
from fleet.tests.factories import AllocationFactory, ProblemReportFactory, VehicleFactory
from operations.models import ProblemReport
from operations.services.reports import add_report_photo
from photos.models import Photo, Subject
from photos.pictures import Picture
from photos.tests.pictures import picture
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]


@pytest.fixture
def vehicle():
    return VehicleFactory()


def url_of(vehicle):
    return reverse("operations:vehicle_report", args=[vehicle.city, vehicle.public_id])


def report(client, vehicle, kind="dirty", text="Mud everywhere", token="form"):
    return client.post(url_of(vehicle), {"kind": kind, "text": text, "token": token}, follow=True)


def told(response):
    return [str(message) for message in response.context["messages"]]


def test_a_report_is_thanked_for_and_says_that_the_vehicle_stays(rider_client, rider, vehicle):
    response = report(rider_client, vehicle)
    (sentence,) = told(response)
    assert "Thanks" in sentence
    assert "it stays available for now" in sentence
    assert response.redirect_chain[0][0] == vehicle.get_absolute_url()
    stored = ProblemReport.objects.get()
    assert (stored.kind, stored.text, stored.reporter_id) == ("dirty", "Mud everywhere", rider.id)


def test_the_form_comes_without_errors(rider_client, vehicle):
    assert not rider_client.get(url_of(vehicle)).context["form"].errors


def test_a_safety_problem_takes_it_out_of_service_and_notifies_the_rider(rider_client, vehicle):
    rider_client.get(f"/v/{vehicle.code}/")
    response = report(rider_client, vehicle, kind="brakes")
    assert "is out of service for 12 hours" in told(response)[0]
    assert "Out of service" in response.content.decode()


def test_of_what_is_off_the_road_already_the_rider_hears_that(client_of, rider, vehicle):
    AllocationFactory(vehicle=vehicle, maintenance=True)
    assert "is already out of service" in told(report(client_of(rider), vehicle))[0]


def test_someone_who_rides_it_is_asked_to_end_the_ride_and_led_there(rider_client, rider):
    ride = OpenRideFactory(rider=rider)
    response = report(rider_client, ride.vehicle, kind="brakes")
    assert "Please end your ride somewhere safe" in told(response)[0]
    assert response.redirect_chain[0][0] == "/rides/"


def test_the_same_form_twice_is_one_report(rider_client, vehicle):
    report(rider_client, vehicle)
    report(rider_client, vehicle)
    assert ProblemReport.objects.count() == 1


def test_the_eleventh_in_an_hour_is_refused(rider_client, vehicle, settings):
    settings.REPORTS_PER_HOUR = 2
    report(rider_client, vehicle, token="one")
    report(rider_client, vehicle, token="two")
    response = report(rider_client, vehicle, token="three")
    assert response.status_code == 429
    assert "Too many requests" in response.content.decode()
    assert ProblemReport.objects.count() == 2


@pytest.mark.parametrize("kind", ["", "x", "\0"])
def test_without_a_kind_the_form_keeps_the_text(rider_client, vehicle, kind):
    response = report(rider_client, vehicle, kind=kind)
    assert response.context["form"].errors.keys() == {"kind"}
    assert "Mud everywhere" in response.content.decode()
    assert not ProblemReport.objects.exists()


def test_a_text_that_is_too_long_is_refused_beside_its_field(rider_client, vehicle):
    response = report(rider_client, vehicle, text="x" * 501)
    assert response.context["form"].errors.keys() == {"text"}


@pytest.mark.parametrize("gone", [{"status": "removed"}, {"approved_at": None}])
def test_what_is_not_on_the_road_can_not_be_reported(rider_client, gone):
    vehicle = VehicleFactory(**gone)
    assert rider_client.get(url_of(vehicle)).status_code == 404
    assert report(rider_client, vehicle).status_code == 404


def test_the_owners_waiting_vehicle_is_refused_with_a_sentence(client_of):
    vehicle = VehicleFactory(approved_at=None, owner=UserFactory())
    assert told(report(client_of(vehicle.owner), vehicle))
    assert not ProblemReport.objects.exists()
    assert not Allocation.objects.exists()


def test_nobody_logged_in_is_sent_to_the_log_in(client, vehicle):
    assert client.get(url_of(vehicle)).url.startswith("/login/")


def test_the_way_to_it_is_on_the_vehicles_page_on_the_ride_and_on_its_summary(rider_client, rider, vehicle):
    assert url_of(vehicle) in rider_client.get(vehicle.get_absolute_url()).content.decode()
    over = RideFactory(rider=rider)
    lasting = f"{over.vehicle.lasting_url()}report/"  # its address has changed with the ride
    assert lasting in rider_client.get(over.get_absolute_url()).content.decode()
    ride = OpenRideFactory(rider=rider)
    assert url_of(ride.vehicle) in rider_client.get("/rides/").content.decode()


@pytest.mark.usefixtures("photo_folder")
class TestPhotos:
    def test_a_photo_is_beside_the_report_for_staff(self, rider_client, client_of, vehicle):
        file = SimpleUploadedFile("photo.jpg", picture())
        rider_client.post(url_of(vehicle), {"kind": "dirty", "text": "", "token": "form", "photo": file})
        kept, stored = Photo.objects.get(), ProblemReport.objects.get()
        assert (kept.subject, kept.subject_id) == (Subject.REPORT, stored.id)
        page = client_of(StaffFactory()).get(reverse("admin:operations_problemreport_change", args=[str(stored.pk)]))
        assert f'<img src="{kept.get_absolute_url()}"' in page.content.decode()

    @pytest.mark.usefixtures("photo_storage_fails")
    def test_a_report_stays_without_a_photo_that_cannot_be_stored(self, rider_client, vehicle):
        file = SimpleUploadedFile("photo.jpg", picture())
        form = {"kind": "dirty", "text": "", "token": "form", "photo": file}
        page = rider_client.post(url_of(vehicle), form, follow=True).content.decode()
        assert "We couldn&#x27;t save your photo." in page
        assert "Thanks for reporting this." in page
        assert ProblemReport.objects.count() == 1

    def test_a_file_that_is_no_photo_is_refused_and_nothing_reported(self, rider_client, vehicle):
        file = SimpleUploadedFile("photo.jpg", b"<script>")
        response = rider_client.post(url_of(vehicle), {"kind": "dirty", "token": "form", "photo": file})
        assert response.context["form"].errors == {"photo": ["Choose a photo in JPEG, PNG or WebP format."]}
        assert not ProblemReport.objects.exists()

    def test_one_photo_too_many_is_refused_and_nothing_reported(self, rider_client, vehicle, settings):
        settings.PHOTOS_PER_HOUR = 0
        file = SimpleUploadedFile("photo.jpg", picture())
        response = rider_client.post(url_of(vehicle), {"kind": "dirty", "token": "form", "photo": file})
        assert response.status_code == 429
        assert set(response.context["form"].errors) == {"photo"}
        assert not ProblemReport.objects.exists()

    def test_a_closed_report_takes_no_photo(self, rider, photo_folder, django_capture_on_commit_callbacks):
        stored = ProblemReportFactory(reporter=rider, closed_at=timezone.now())
        kept = Picture(picture(), 40, 30)
        with django_capture_on_commit_callbacks(execute=True):
            add_report_photo(city="paris", report_id=stored.id, reporter=rider, picture=kept)
        assert not Photo.objects.exists()
        assert not list(photo_folder.rglob("*.jpg"))

    def test_other_peoples_reports_do_not_exist(self, rider):
        with pytest.raises(VehicleRefused) as refused:
            add_report_photo(
                city="paris", report_id=ProblemReportFactory().id, reporter=rider, picture=Picture(picture(), 40, 30)
            )
        assert refused.value.code == "report_gone"
