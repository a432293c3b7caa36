"""Every time in the admin names its time zone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group
from django.db import models
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import StaffFactory, UserFactory
from cities.admin_times import clock, length_in_words
from cities.local_times import LocalMomentField
from cities.registry import registry
from documents.models import Document, TermsAcceptance
from feeds.tests.factories import AlertFactory
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.tests.factories import BookingFactory, VehicleFactory
from operations.models import ProblemReport
from operations.services.reports import report_problem
from rides.models import Ride
from rides.tests.factories import RideFactory

pytestmark = pytest.mark.django_db
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
SUMMER, WINTER = datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def staff_client(client):
    client.force_login(StaffFactory())
    return client


@pytest.mark.parametrize(
    ("moment", "city", "expected"),
    [
        (SUMMER, "paris", "14:00 CEST"),
        (WINTER, "paris", "13:00 CET"),
        (SUMMER, "new york", "8:00 AM EDT"),
        (WINTER, "seattle", "4:00 AM PST"),
    ],
)
def test_a_time_is_local_to_the_city(moment, city, expected):
    assert clock(moment, registry[city]).endswith(expected)


def test_without_a_city_it_is_utc():
    assert clock(SUMMER, None).endswith("12:00 UTC")


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=75), "1 min 15 s"),
        (timedelta(hours=1, minutes=2, seconds=3), "1 h 2 min"),
        (timedelta(days=2, hours=5, minutes=3), "2 d 5 h"),
        (timedelta(seconds=-1), "0 s"),
        (None, "-"),
    ],
)
def test_a_duration_is_in_words(length, words):
    assert length_in_words(length) == words


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_no_list_and_no_page_shows_a_bare_moment(rf, model):
    """Django's own columns are in UTC without saying so."""
    model_admin = admin.site._registry[model]
    request = rf.get("/")
    request.user = StaffFactory()
    bare = {field.name for field in model._meta.fields if isinstance(field, models.DateTimeField)}
    bare |= {field.name for field in model._meta.fields if isinstance(field, models.DurationField)} | {"length"}
    obj = model.objects.first()
    shown = {*model_admin.list_display, *model_admin.get_readonly_fields(request, obj)}
    for _name, options in model_admin.get_fieldsets(request, obj):
        shown |= set(options["fields"]) - in_local_time(model_admin.form)
    assert not bare & shown


def in_local_time(form):
    """Return the names of a form's fields whose times are those of a city."""
    return {name for name, field in form.base_fields.items() if isinstance(field, LocalMomentField)}


def test_who_may_only_view_an_alert_is_told_the_zone_too(client):
    viewer = StaffFactory(is_superuser=False)
    viewer.groups.add(Group.objects.get(name="Read-only"))
    client.force_login(viewer)
    alert = AlertFactory(city="paris", starts_at=SUMMER, ends_at=WINTER)
    html = client.get(reverse("admin:feeds_alert_change", args=[quote(alert.pk)])).content.decode()
    assert "14:00 CEST" in html
    assert "13:00 CET" in html


def made():
    person = UserFactory(city="paris", last_login=SUMMER)
    vehicle = VehicleFactory(city="paris")
    TermsAcceptance.objects.create(user=person, version=1)
    report_problem(reporter=person, vehicle_city="paris", vehicle_id=vehicle.id, kind="lights", token="a form")
    ride = RideFactory(rider=person, start_time=SUMMER, end_time=SUMMER + timedelta(seconds=75))
    return {User: person, Vehicle: vehicle, Ride: ride, Allocation: BookingFactory(rider=person)}


@pytest.mark.parametrize("model", [Ride, Allocation, ProblemReport, VehicleEvent, TermsAcceptance])
def test_lists_name_the_zone(staff_client, model):
    made()
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    html = staff_client.get(url).content.decode()
    assert " CET" in html or " CEST" in html
    assert "Days are in UTC." in html


def test_pages_of_a_row_do_too(staff_client):
    for model, row in made().items():
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[str(row.pk)])
        html = staff_client.get(url.replace(":", "_3A")).content.decode()
        assert " CET" in html or " CEST" in html, model


def test_a_ride_says_how_long_it_took(staff_client):
    made()
    assert "1 min 15 s" in staff_client.get(reverse("admin:rides_ride_changelist")).content.decode()


def test_texts_are_of_no_city(staff_client):
    assert Document.objects.exists()
    assert " UTC" in staff_client.get(reverse("admin:documents_document_changelist")).content.decode()


def test_a_history_says_that_it_is_in_utc(staff_client):
    url = reverse("admin:accounts_user_history", args=[UserFactory().pk])
    assert "Times are in UTC." in staff_client.get(url).content.decode()
