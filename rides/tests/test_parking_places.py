"""Where a ride ends: known places, words alone, and the photo of the parked vehicle."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.tests.factories import StaffFactory
from cities.models import Place
from fleet.tests.factories import EIFFEL_TOWER, NOTRE_DAME
from movr_project.tests.api import api_client
from movr_project.tests.pages import text_of
from movr_project.tests.threads import at_once
from photos.models import Photo, Subject
from photos.pictures import MAX_BYTES, Picture
from photos.tests.factories import PhotoFactory
from photos.tests.pictures import picture
from rides.models import Ride
from rides.parking_photos import add_parking_photo
from rides.services import end_ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("photo_folder")]

AT_THE_TOWER = {"latitude": str(EIFFEL_TOWER[0]), "longitude": str(EIFFEL_TOWER[1])}
IN_WORDS = {"end_location": "Eiffel Tower"}
WORDS = "/rides/place/paris/"


@pytest.fixture
def ride(rider):
    return OpenRideFactory(rider=rider)


def url_of(ride):
    return reverse("rides:ride_end", args=[ride.city, ride.id])


def photo(content=None, name="photo.jpg"):
    return SimpleUploadedFile(name, picture() if content is None else content)


def told(response):
    return [str(message) for message in response.context["messages"]]


class TestKnownPlaces:
    @pytest.fixture(autouse=True)
    def places(self):
        for city, name, (latitude, longitude) in (
            ("paris", "Eiffel Tower", EIFFEL_TOWER),
            ("paris", "Notre-Dame", NOTRE_DAME),
            ("rome", "Elsewhere", EIFFEL_TOWER),
        ):
            Place.objects.create(city=city, name=name, latitude=latitude, longitude=longitude)

    def test_the_form_is_filled_with_what_is_known_of_the_place(self, rider_client):
        response = rider_client.get(WORDS, {"lat": "48.85840", "lon": "2.29450"})
        assert response.json() == {"words": "near Eiffel Tower"}

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"lat": "48.86", "lon": "2.30"},
            {"lat": "x", "lon": "1e999"},
            {"lat": "90", "lon": "180"},
            {"lat": str(NOTRE_DAME[0])},
        ],
    )
    def test_elsewhere_nothing_is_known(self, rider_client, query):
        assert rider_client.get(WORDS, query).json() == {"words": ""}

    def test_a_position_alone_is_described(self, rider_client, ride):
        rider_client.post(url_of(ride), AT_THE_TOWER)
        ride.refresh_from_db()
        assert (ride.end_location, ride.end_position) == ("near Eiffel Tower", EIFFEL_TOWER)

    def test_so_it_is_in_the_api(self, rider, ride):
        place = {"latitude": EIFFEL_TOWER[0], "longitude": EIFFEL_TOWER[1]}
        ended = api_client(rider).post(f"/api/v1/cities/paris/rides/{ride.id}/end", place).json()
        assert ended["end"]["location"] == "near Eiffel Tower"


def test_who_ends_in_words_alone_is_warned_and_the_last_position_is_kept_as_old(rider_client, ride):
    assert "our team will have to look for the vehicle" in text_of(rider_client, ride.get_absolute_url())
    response = rider_client.post(url_of(ride), IN_WORDS, follow=True)
    assert "our team will have to look for it" in told(response)[1]
    vehicle = Ride.objects.select_related("vehicle").get().vehicle
    assert (vehicle.position, vehicle.old_position) == (None, NOTRE_DAME)


class TestThePhoto:
    def test_it_is_in_the_summary(self, rider_client, ride):
        rider_client.post(url_of(ride), AT_THE_TOWER | {"photo": photo()})
        kept = Photo.objects.get()
        assert (kept.subject, kept.subject_id) == (Subject.RIDE, ride.id)
        assert kept.get_absolute_url() in rider_client.get(ride.get_absolute_url()).content.decode()

    def test_staff_find_it_beside_the_ride(self, client_of, rider_client, ride):
        rider_client.post(url_of(ride), AT_THE_TOWER | {"photo": photo()})
        page = client_of(StaffFactory()).get(reverse("admin:rides_ride_change", args=[str(ride.pk)])).content.decode()
        assert f'<img src="{Photo.objects.get().get_absolute_url()}"' in page

    def test_it_is_optional_unless_it_is_required(self, rider_client, ride, settings):
        settings.PARKING_PHOTO_REQUIRED = True
        response = rider_client.post(url_of(ride), AT_THE_TOWER)
        assert response.context["ride"].end_form.errors == {"photo": ["Take a photo of the parked vehicle."]}
        rider_client.post(url_of(ride), AT_THE_TOWER | {"photo": photo()})
        assert not Ride.objects.open().exists()

    def test_it_is_kept_if_the_place_is_refused(self, rider_client, ride, settings):
        settings.PARKING_PHOTO_REQUIRED = True
        response = rider_client.post(url_of(ride), {"latitude": "0", "longitude": "0", "photo": photo()})
        assert "Your photo is saved." in response.content.decode()
        rider_client.post(url_of(ride), AT_THE_TOWER)
        assert not Ride.objects.open().exists()

    @pytest.mark.usefixtures("photo_storage_fails")
    def test_a_ride_ends_without_one_that_cannot_be_stored(self, rider, rider_client, ride, settings):
        settings.PARKING_PHOTO_REQUIRED = True
        refused = api_client(rider).post(f"/api/v1/cities/paris/rides/{ride.id}/photo", picture(), "image/jpeg")
        assert (refused.status_code, refused.json()["code"]) == (503, "photo_storage_unavailable")
        response = rider_client.post(url_of(ride), AT_THE_TOWER | {"photo": photo()}, follow=True)
        assert told(response) == ["We couldn't save your photo.", "Ride ended."]
        assert not Ride.objects.open().exists()

    def test_staff_end_rides_without_one(self, ride, settings):
        settings.PARKING_PHOTO_REQUIRED = True
        end_ride(city=ride.city, ride_id=ride.id, rider=None, end_location="Depot")
        assert not Ride.objects.open().exists()

    @pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff" + b"\0" * 100, b"x" * (MAX_BYTES + 1)])
    def test_a_file_that_is_no_photo_is_refused_beside_the_field(self, rider_client, ride, content):
        response = rider_client.post(url_of(ride), AT_THE_TOWER | {"photo": photo(content)})
        assert set(response.context["ride"].end_form.errors) == {"photo"}
        assert (Ride.objects.open().count(), Photo.objects.count()) == (1, 0)

    def test_a_huge_one_is_not_even_read(self, rider_client, ride):
        response = rider_client.post(url_of(ride), AT_THE_TOWER | {"photo": photo(b"x" * (MAX_BYTES + 3 * 1024**2))})
        assert response.status_code == 413

    def test_a_person_may_send_so_many_per_hour(self, rider, rider_client, ride, settings):
        settings.PHOTOS_PER_HOUR = 1
        rider_client.post(url_of(ride), AT_THE_TOWER | {"photo": photo(b"GIF89a")})  # counts, as reading it costs
        response = rider_client.post(url_of(ride), AT_THE_TOWER | {"photo": photo()})
        assert response.status_code == 429
        (error,) = response.context["ride"].end_form.errors["photo"]
        assert error.startswith("Too many requests.")
        refused = api_client(rider).post(f"/api/v1/cities/paris/rides/{ride.id}/photo", picture(), "image/jpeg")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
        assert not Photo.objects.exists()
        rider_client.post(url_of(ride), AT_THE_TOWER)
        assert not Ride.objects.open().exists()

    def test_someone_elses_ride_gets_none(self, rider_client, photo_folder):
        response = rider_client.post(url_of(OpenRideFactory()), AT_THE_TOWER | {"photo": photo()})
        assert response.status_code == 404
        assert not Photo.objects.exists()
        assert not [path for path in photo_folder.rglob("*") if path.is_file()]

    def test_sent_again_after_the_end_it_changes_nothing(
        self, rider_client, ride, photo_folder, django_capture_on_commit_callbacks
    ):
        for _twice in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                rider_client.post(url_of(ride), AT_THE_TOWER | {"photo": photo()})
        assert [path.name for path in photo_folder.rglob("*.jpg")] == [Photo.objects.get().file.split("/")[1]]


class TestInTheApi:
    @pytest.fixture
    def path(self, ride):
        return f"/api/v1/cities/paris/rides/{ride.id}/photo"

    def test_a_photo_is_sent_before_the_end_and_read_later(self, rider, ride, path, settings):
        settings.PARKING_PHOTO_REQUIRED = True
        app = api_client(rider)
        end = path.replace("photo", "end")
        assert app.get(path).status_code == 404
        refused = app.post(end, {"location": "Louvre"})
        assert (refused.status_code, refused.json()["code"]) == (409, "photo_missing")
        assert app.post(path, picture(format="PNG"), "image/png").status_code == 204
        assert app.post(end, {"location": "Louvre"}).status_code == 200
        assert app.get(path)["Content-Type"] == "image/jpeg"

    @pytest.mark.parametrize(
        ("content", "type_", "status"),
        [
            (b"x", "image/jpeg", 422),
            (b"", "image/jpeg", 422),
            (picture(), "image/svg+xml", 415),
            (b"{}", "application/json", 415),
            (b"x" * (MAX_BYTES + 1), "image/jpeg", 413),
        ],
    )
    def test_anything_else_is_refused(self, rider, path, content, type_, status):
        assert api_client(rider).post(path, content, type_).status_code == status

    def test_other_peoples_photos_do_not_exist(self, rider):
        ride = RideFactory()
        PhotoFactory(subject_id=ride.id, photographer=ride.rider)
        path = f"/api/v1/cities/paris/rides/{ride.id}/photo"
        app = api_client(rider)
        assert (app.get(path).status_code, app.post(path, picture(), "image/jpeg").status_code) == (404, 404)


@pytest.mark.django_db(transaction=True)
def test_of_photos_sent_at_once_one_is_kept_with_its_file(ride, photo_folder):
    def add():
        kept = Picture(picture(), 40, 30)
        add_parking_photo(city=ride.city, ride_id=ride.id, rider=ride.rider, picture=kept)

    assert at_once(add, add, add) == [None, None, None]
    assert [path.name for path in photo_folder.rglob("*.jpg")] == [Photo.objects.get().file.split("/")[1]]
