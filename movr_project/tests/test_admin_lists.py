"""Filters and search of every admin list."""

import uuid

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import StaffFactory, UserFactory
from cities.models import City
from documents.models import Document, TermsAcceptance
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.tests.factories import BookingFactory, VehicleFactory
from movr_project.admin.model_admins import MAX_SEARCH_LENGTH, KeySearchMixin, ListedLookupsMixin
from operations.models import ProblemReport
from operations.services.reports import report_problem
from rides.models import Ride
from rides.tests.factories import RideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]

ROLES = ["operations", "support", "read-only", "superuser"]
LOOKUPS = ["", "exact", "iexact", "startswith", "contains", "regex", "gt", "lt", "range", "in", "isnull", "year__gt"]
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
each_model = pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)


def changelist(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.fixture
def staff():
    def with_role(role):
        user = StaffFactory(is_superuser=role == "superuser")
        if role != "superuser":
            user.groups.add(Group.objects.get(name=role.capitalize()))
        client = Client()
        client.force_login(user)
        return client

    return with_role


def columns(model, depth=1):
    """Return the lookups for columns of a model and its relations."""
    yield "pk"
    for field in model._meta.get_fields():
        if isinstance(field, models.Field) and not isinstance(field, models.CompositePrimaryKey):
            yield from {field.name, field.attname or field.name}
        if depth and field.related_model:
            yield from (f"{field.name}__{name}" for name in columns(field.related_model, depth - 1))


def offered(model_admin):
    """Return the lookups in the page's own links."""
    if model_admin.date_hierarchy:
        yield from (f"{model_admin.date_hierarchy}__{part}" for part in ("year", "month", "day"))
    for item in model_admin.list_filter:
        yield from [f"{item}__exact", f"{item}__isnull", item] if isinstance(item, str) else [item.parameter_name]


def test_every_list_has_both_rules():
    for model_admin in admin.site._registry.values():
        assert isinstance(model_admin, ListedLookupsMixin), model_admin
        assert isinstance(model_admin, KeySearchMixin), model_admin


@each_model
def test_no_column_can_be_guessed_letter_by_letter(rf, model):
    model_admin = admin.site._registry[model]
    request = rf.get("/")
    allowed = {
        lookup
        for column in columns(model)
        for lookup in (f"{column}__{suffix}".removesuffix("__") for suffix in LOOKUPS)
        if model_admin.lookup_allowed(lookup, "1", request)
    }
    assert allowed <= set(offered(model_admin))


@pytest.mark.parametrize("role", ROLES)
@each_model
def test_an_address_that_asks_for_one_is_refused(staff, model, role):
    client = staff(role)
    if client.get(changelist(model)).status_code == 403:
        return
    links = set(offered(admin.site._registry[model]))
    for column in set(columns(model, depth=0)) - {"city"}:
        lookup = f"{column}__startswith"
        assert lookup not in links
        assert client.get(changelist(model), {lookup: "a"}).status_code == 400, lookup


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        (Vehicle, "lock_code__startswith"),
        (User, "session_epoch__startswith"),
        (User, "password__contains"),
        (Ride, "rider__password__startswith"),
        (VehicleEvent, "actor__session_epoch__gt"),
        (Allocation, "vehicle__lock_code"),
        (ProblemReport, "reporter__email__endswith"),
        (TermsAcceptance, "user__password__regex"),
        (Group, "user__password__startswith"),
        (City, "id__in"),
    ],
)
def test_nor_by_way_of_a_relation(staff, model, lookup):
    assert staff("superuser").get(changelist(model), {lookup: "a"}).status_code == 400


@each_model
def test_what_the_page_offers_works(staff, model):
    client = staff("superuser")
    for lookup in offered(admin.site._registry[model]):
        page = client.get(changelist(model), {lookup: "1"})
        assert page.status_code in {200, 302}, lookup  # 302: an invalid value


class TestSearching:
    @pytest.fixture
    def rows(self):
        ada = UserFactory(username="zelda.q", first_name="Zelda", last_name="de Quux")
        UserFactory(username="other", first_name="Zelda", last_name="Other")
        vehicle = VehicleFactory(owner=ada)
        VehicleFactory()
        ride, booking = RideFactory(rider=ada), BookingFactory(rider=ada)
        RideFactory()
        report = report_problem(
            reporter=ada, vehicle_city="paris", vehicle_id=vehicle.id, kind="lights", token="a form"
        )
        acceptance = TermsAcceptance.objects.create(user=ada, version=1)
        TermsAcceptance.objects.create(user=UserFactory(), version=1)
        rows = [ada, vehicle, ride, booking, ProblemReport.objects.get(pk=report.pk), acceptance]
        event = VehicleEvent.objects.filter(actor_id=ada.id).first()
        return {
            type(row): row
            for row in [*rows, Document.objects.first(), Group.objects.first(), City.objects.first(), event]
            if row
        }

    def find(self, client, model, words):
        page = client.get(changelist(model), {"q": words, "when": "all"} if model is Allocation else {"q": words})
        assert page.status_code == 200
        return list(page.context["cl"].result_list)

    @each_model
    def test_every_list_finds_its_rows_by_key(self, staff, rows, model):
        row = rows.get(model) or pytest.skip("this list has no such rows")
        client = staff("superuser")
        assert self.find(client, model, f"  {row.pk} ") == [row]
        if hasattr(row, "id") and not isinstance(row, City):
            assert row in self.find(client, model, str(row.id))

    @pytest.mark.parametrize("model", [User, Vehicle, Ride, Allocation, ProblemReport, TermsAcceptance])
    @pytest.mark.parametrize("words", ["Zelda de Quux", "quux zelda", "ZELDA.Q", "Zelda  de  Quux"])
    def test_every_list_of_peoples_things_finds_them_by_name(self, staff, rows, model, words):
        assert self.find(staff("superuser"), model, words) == [rows[model]]

    @each_model
    def test_a_key_of_nothing_finds_nothing(self, staff, model):
        assert self.find(staff("superuser"), model, str(uuid.uuid4())) == []

    @each_model
    @pytest.mark.parametrize(
        "words",
        [
            "a:b",
            ":",
            "paris:1",
            "1:2",
            "x " * MAX_SEARCH_LENGTH,
            "9" * 18,
            '"',
            "'a b",
            "%",
        ],
    )
    def test_odd_words_find_little(self, staff, model, words):
        self.find(staff("superuser"), model, words)
