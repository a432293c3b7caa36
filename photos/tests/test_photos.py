"""Photos: who sees them, when they are deleted, and where they are stored."""

from datetime import timedelta
from uuid import uuid4

import boto3
import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from moto import mock_aws

from accounts.personal_data import export_all
from accounts.services import remove_account
from accounts.tests.factories import StaffFactory, UserFactory
from movr_project.storage import file_storage
from photos.models import Photo, Subject, photo_storage
from photos.services import delete_old_photos, put_photo, stored
from rides.services import RideRefused

from ..pictures import Picture
from .factories import PhotoFactory
from .pictures import picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("photo_folder"), pytest.mark.postgresql_does]

PICTURE = Picture(picture(), 40, 30)
ANY_SUBJECT = uuid4()


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def keep(photographer):
    with stored(PICTURE) as name:
        put_photo(Subject.RIDE, "paris", ANY_SUBJECT, photographer=photographer, picture=PICTURE, name=name)
    return Photo.objects.get()


class TestSeeing:
    def test_the_photographer_sees_it(self, rider_client, rider):
        photo = PhotoFactory(photographer=rider)
        response = rider_client.get(photo.get_absolute_url())
        assert (response.content, response["Content-Type"]) == (picture(), "image/jpeg")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "private" in response["Cache-Control"]

    @pytest.mark.parametrize("role", ["Operations", "Support", "Read-only"])
    @pytest.mark.parametrize("subject", Subject)
    def test_so_do_staff_who_see_what_it_belongs_to(self, client_of, role, subject):
        staff = StaffFactory(is_superuser=False)
        staff.groups.add(Group.objects.get(name=role))
        assert client_of(staff).get(PhotoFactory(subject=subject).get_absolute_url()).status_code == 200

    def test_staff_without_a_role_or_a_second_factor_do_not(self, client_of, settings):
        photo = PhotoFactory()
        assert client_of(StaffFactory(is_superuser=False)).get(photo.get_absolute_url()).status_code == 404
        settings.STAFF_SECOND_FACTOR = True
        assert client_of(StaffFactory()).get(photo.get_absolute_url()).status_code == 404

    def test_for_others_and_in_other_cities_it_does_not_exist(self, client, rider_client, rider):
        url = PhotoFactory().get_absolute_url()
        assert rider_client.get(url).status_code == 404
        own = PhotoFactory(photographer=rider)
        assert rider_client.get(reverse("photos:photo", args=["rome", own.id])).status_code == 404

    def test_nobody_logged_in_is_asked_to_log_in(self, client):
        assert client.get(PhotoFactory().get_absolute_url()).url.startswith("/login/")

    def test_a_file_that_is_lost_is_not_found(self, rider_client, rider):
        photo = PhotoFactory(photographer=rider)
        photo_storage().delete(photo.file)
        assert rider_client.get(photo.get_absolute_url()).status_code == 404

    @pytest.mark.usefixtures("photo_storage_fails")
    def test_while_the_storage_fails_it_is_unavailable(self, rider_client, rider):
        photo = PhotoFactory(photographer=rider, file="2026-01-01/1.jpg")
        assert rider_client.get(photo.get_absolute_url()).status_code == 503


class TestKeeping:
    def test_a_new_photo_replaces_the_one_before(self, rider, photo_folder, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            first = keep(rider).file
            second = keep(rider).file
        assert first != second
        assert names(photo_folder) == [second]

    def test_the_file_of_a_refused_photo_is_deleted(self, photo_folder):
        with pytest.raises(RideRefused), stored(PICTURE):
            raise RideRefused("No.", code="ride_gone")
        assert names(photo_folder) == []


class TestDeleting:
    def test_after_a_month_rows_and_files_are_gone(
        self, rider, photo_folder, time_machine, django_capture_on_commit_callbacks, capsys
    ):
        time_machine.move_to(timezone.now() - timedelta(days=32))
        keep(rider)
        stray = photo_storage().save(f"{timezone.now():%Y-%m-%d}/stray.jpg", ContentFile(b"x"))
        assert len(names(photo_folder)) == 2
        time_machine.shift(timedelta(days=29))
        assert delete_old_photos(days=30) == 0
        assert stray in names(photo_folder)
        time_machine.shift(timedelta(days=3))
        with django_capture_on_commit_callbacks(execute=True):
            call_command("delete_old_photos")
        assert capsys.readouterr().out == "Photos deleted: 1.\n"
        assert not Photo.objects.exists()
        assert list(photo_folder.iterdir()) == []

    def test_what_is_no_day_of_photos_stays(self, photo_folder):
        (photo_folder / "lost+found").mkdir(parents=True)
        (photo_folder / "README").write_text("Mounted.")
        delete_old_photos(days=30)
        assert len(list(photo_folder.iterdir())) == 2

    def test_a_deleted_account_leaves_no_photo(self, rider, photo_folder, django_capture_on_commit_callbacks):
        others = PhotoFactory()
        PhotoFactory(photographer=rider, city="rome")
        with django_capture_on_commit_callbacks(execute=True):
            remove_account(user=rider)
        assert list(Photo.objects.all()) == [others]
        assert names(photo_folder) == [others.file]

    def test_the_download_says_what_there_is(self, rider):
        photo = PhotoFactory(photographer=rider)
        PhotoFactory()
        (row,) = export_all(rider)["photos"]
        assert (row["subject"], row["width"], row["url"]) == ("ride", 40, photo.get_absolute_url())


@pytest.mark.any_engine
@mock_aws
def test_s3_stores_shows_and_deletes_photos(
    settings, monkeypatch, rider_client, rider, django_capture_on_commit_callbacks
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = boto3.resource("s3").create_bucket(Bucket="movr-photos")
    settings.STORAGES = settings.STORAGES | {"photos": file_storage("s3://movr-photos/street")}
    photo = keep(rider)
    assert [found.key for found in bucket.objects.all()] == [f"street/{photo.file}"]
    assert rider_client.get(photo.get_absolute_url()).content == picture()
    Photo.objects.update(created_at=timezone.now() - timedelta(days=31))
    with django_capture_on_commit_callbacks(execute=True):
        assert delete_old_photos(days=30) == 1
    assert list(bucket.objects.all()) == []
    lost = PhotoFactory(photographer=UserFactory())
    photo_storage().delete(lost.file)
    rider_client.force_login(lost.photographer)
    assert rider_client.get(lost.get_absolute_url()).status_code == 404
