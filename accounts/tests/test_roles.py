"""What each role of staff may do in the administration, and nothing else."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import TermsAcceptance
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from fleet.models import Allocation, ProblemReport, Vehicle
from fleet.services import report_problem
from fleet.tests.calendars import maintain, reserve
from fleet.tests.factories import VehicleFactory
from rides.tests.factories import OpenRideFactory

pytestmark = pytest.mark.django_db

NOT, LOOK, CHANGE = "not", "look", "change"

# Of each role and list: may one look, change what is there, and add.
TABLE = {
    "accounts_user": {"Operations": (LOOK, NOT), "Support": (CHANGE, NOT), "Read-only": (LOOK, NOT)},
    "accounts_document": {"Operations": (NOT, NOT), "Support": (NOT, NOT), "Read-only": (LOOK, NOT)},
    "accounts_termsacceptance": {"Operations": (NOT, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "auth_group": {"Operations": (NOT, NOT), "Support": (NOT, NOT), "Read-only": (NOT, NOT)},
    "cities_city": {"Operations": (LOOK, NOT), "Support": (NOT, NOT), "Read-only": (LOOK, NOT)},
    "fleet_vehicle": {"Operations": (CHANGE, CHANGE), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "fleet_allocation": {"Operations": (LOOK, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "fleet_vehicleevent": {"Operations": (LOOK, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "fleet_problemreport": {"Operations": (LOOK, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "rides_ride": {"Operations": (LOOK, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
}
ROLES = ["Operations", "Support", "Read-only"]
CELLS = [(page, role, *TABLE[page][role]) for page in TABLE for role in ROLES]


@pytest.fixture
def log_in_as(client):
    def log_in(role):
        staff = StaffFactory(is_superuser=False)
        staff.groups.add(Group.objects.get(name=role))
        client.force_login(staff)
        return staff

    return log_in


def make(page):
    """Something of each kind to look at."""
    makers = {
        "accounts_user": UserFactory,
        "accounts_document": lambda: apps.get_model("accounts.document").objects.first(),
        "accounts_termsacceptance": lambda: TermsAcceptance.objects.create(user=UserFactory(), version=1),
        "auth_group": Group.objects.first,
        "cities_city": lambda: apps.get_model("cities.city").objects.first(),
        "fleet_vehicle": VehicleFactory,
        "fleet_allocation": lambda: maintain(VehicleFactory()),
        "fleet_vehicleevent": lambda: maintain(VehicleFactory()).events.get(),
        "fleet_problemreport": report,
        "rides_ride": OpenRideFactory,
    }
    return makers[page]()


def report():
    vehicle = VehicleFactory()
    return report_problem(
        reporter=UserFactory(), vehicle_city=vehicle.city, vehicle_id=vehicle.id, kind="lights", token="one form"
    )


def url_of(page, kind, obj=None):
    return reverse(f"admin:{page}_{kind}", args=[str(obj.pk)] if obj else [])


def test_the_table_names_every_page_of_the_admin():
    from django.contrib import admin

    pages = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    assert pages == set(TABLE)


@pytest.mark.parametrize(("page", "role", "there", "adding"), CELLS)
def test_role_and_page(client, log_in_as, page, role, there, adding):
    log_in_as(role)
    obj = make(page)
    assert client.get(url_of(page, "changelist")).status_code == (403 if there == NOT else 200)
    form = client.get(url_of(page, "change", obj))
    assert form.status_code == (403 if there == NOT else 200)
    if there != NOT:
        assert form.context["has_change_permission"] == (there == CHANGE)
    sent = client.post(url_of(page, "change", obj), {})
    assert sent.status_code == (200 if there == CHANGE else 403)
    assert client.get(url_of(page, "add")).status_code == (200 if adding == CHANGE else 403)
    assert client.post(url_of(page, "delete", obj), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_the_front_page_shows_a_role_its_own_lists(client, log_in_as, role):
    log_in_as(role)
    shown = {
        f"{app['app_label']}_{model['object_name'].lower()}"
        for app in client.get("/admin/").context["app_list"]
        for model in app["models"]
    }
    assert shown == {page for page in TABLE if TABLE[page][role][0] != NOT}


@pytest.mark.parametrize(("role", "ends"), [("Operations", True), ("Support", True), ("Read-only", False)])
def test_who_ends_rides(client, log_in_as, role, ends):
    log_in_as(role)
    ride = OpenRideFactory()
    data = {"action": "end_rides", "_selected_action": [str(ride.pk)], "confirmed": "yes", "end_location": "Here"}
    client.post("/admin/rides/ride/", data)
    ride.refresh_from_db()
    assert ride.is_open != ends


@pytest.mark.parametrize(("role", "does"), [("Operations", True), ("Support", False), ("Read-only", False)])
def test_who_takes_vehicles_off_the_road(client, log_in_as, role, does):
    log_in_as(role)
    vehicle = VehicleFactory()
    data = {"action": "decommission", "_selected_action": [str(vehicle.pk)], "confirmed": "yes"}
    client.post("/admin/fleet/vehicle/", data)
    assert Vehicle.objects.get(pk=vehicle.pk).is_removed == does


@pytest.mark.parametrize(("role", "does"), [("Operations", True), ("Support", False), ("Read-only", False)])
def test_who_puts_vehicles_back_on_the_road(client, log_in_as, role, does):
    log_in_as(role)
    maintenance = maintain(VehicleFactory())
    data = {"action": "cancel", "_selected_action": [str(maintenance.pk)], "confirmed": "yes"}
    client.post("/admin/fleet/allocation/", data)
    assert Allocation.objects.from_now_on(timezone.now()).exists() != does


@pytest.mark.parametrize(("role", "does"), [("Operations", True), ("Support", True), ("Read-only", False)])
def test_who_cancels_bookings(client, log_in_as, role, does):
    log_in_as(role)
    reservation = reserve(UserFactory(), VehicleFactory())
    data = {"action": "cancel", "_selected_action": [str(reservation.pk)], "confirmed": "yes"}
    client.post("/admin/fleet/allocation/", data)
    assert Allocation.objects.from_now_on(timezone.now()).exists() != does


@pytest.mark.parametrize(("role", "does"), [("Operations", True), ("Support", True), ("Read-only", False)])
def test_who_closes_reports(client, log_in_as, role, does):
    log_in_as(role)
    data = {"action": "close", "_selected_action": [str(report().pk)], "confirmed": "yes"}
    client.post("/admin/fleet/problemreport/", data)
    assert ProblemReport.objects.get().is_open != does


def test_operations_add_a_vehicle(client, log_in_as):
    log_in_as("Operations")
    data = {"city": "paris", "type": "bike", "color": "red", "last_location": "Louvre", "lock_code": "1234"}
    page = client.post("/admin/fleet/vehicle/add/", data)
    assert page.status_code == 302, page.context["errors"]
    assert Vehicle.objects.get().last_location == "Louvre"


def person_form(person, **changes):
    return {
        "username": person.username,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "is_active": "on",
        **changes,
    }


def test_support_changes_names_and_activation(client, log_in_as):
    log_in_as("Support")
    person = UserFactory()
    data = person_form(person, first_name="Grace", last_name="Hopper")
    del data["is_active"]
    assert client.post(url_of("accounts_user", "change", person), data).status_code == 302
    person.refresh_from_db()
    assert (person.get_full_name(), person.is_active) == ("Grace Hopper", False)


def test_support_changes_no_rights_and_nothing_that_would_let_them_in(client, log_in_as):
    log_in_as("Support")
    person = UserFactory()
    group = Group.objects.get(name="Operations")
    permission = Permission.objects.get(codename="add_vehicle")
    forged = {
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [group.pk],
        "user_permissions": [permission.pk],
        "email": "mine@example.com",
        "username": "mine",
        "password": "md5$x$y",
    }
    before = (person.email, person.username, person.password)
    client.post(url_of("accounts_user", "change", person), person_form(person, **forged))
    person.refresh_from_db()
    assert (person.email, person.username, person.password) == before
    assert (person.is_staff, person.is_superuser) == (False, False)
    assert not person.groups.exists()
    assert not person.user_permissions.exists()


def test_support_sets_nobodys_password(client, log_in_as):
    log_in_as("Support")
    person = UserFactory()
    url = reverse("admin:auth_user_password_change", args=[person.pk])
    data = {"usable_password": "true", "password1": "another-strange-word", "password2": "another-strange-word"}
    assert client.post(url, data).status_code == 403
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


@pytest.mark.parametrize("superuser", [True, False])
def test_support_changes_no_colleague_and_not_themselves(client, log_in_as, superuser):
    me = log_in_as("Support")
    for colleague in (StaffFactory(is_superuser=superuser), me):
        data = person_form(colleague, first_name="Hacked")
        assert client.post(url_of("accounts_user", "change", colleague), data).status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_no_role_sees_a_password_hash(client, log_in_as, role):
    log_in_as(role)
    person = UserFactory()
    page = client.get(url_of("accounts_user", "change", person)).content.decode()
    assert person.password not in page
    assert "field-password" not in page


@pytest.mark.parametrize("role", ROLES)
def test_a_role_alone_opens_nothing_to_somebody_who_is_not_staff(client, rider, role):
    rider.groups.add(Group.objects.get(name=role))
    client.force_login(rider)
    assert client.get("/admin/fleet/vehicle/")["Location"].startswith("/admin/login/")


def migration(name="0002_staff_roles"):
    return import_module(f"rides.migrations.{name}")


def add_all(editor):
    migration().add_roles(apps, editor)
    migration("0004_calendar_roles").add_permissions(apps, editor)


def codenames_of(role):
    """What the migrations say a role may do."""
    by_app = migration().ROLES[role].values()
    return sorted([name for names in by_app for name in names] + migration("0004_calendar_roles").MORE[role])


def has(role):
    return sorted(Group.objects.get(name=role).permissions.values_list("codename", flat=True))


def test_the_roles_come_and_go_with_their_migration():
    editor = connection.schema_editor()
    people = StaffFactory(is_superuser=False)
    people.groups.add(Group.objects.get(name="Support"))
    migration().remove_roles(apps, editor)
    assert not Group.objects.exists()
    add_all(editor)
    add_all(editor)
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


def test_what_roles_may_do_with_calendars_goes_with_its_migration():
    editor = connection.schema_editor()
    calendar_roles = migration("0004_calendar_roles")
    calendar_roles.remove_permissions(apps, editor)
    for role in ROLES:
        assert not set(calendar_roles.MORE[role]) & set(has(role))
    calendar_roles.add_permissions(apps, editor)
    assert has("Support") == codenames_of("Support")


def test_a_role_that_the_operator_deleted_does_not_come_back():
    Group.objects.get(name="Support").delete()
    migration("0004_calendar_roles").add_permissions(apps, connection.schema_editor())
    assert not Group.objects.filter(name="Support").exists()


def test_the_migrations_make_the_permissions_that_a_new_database_lacks():
    editor = connection.schema_editor()
    migration().remove_roles(apps, editor)
    Permission.objects.all().delete()
    add_all(editor)
    assert {"change_ride", "change_allocation"} <= set(has("Operations"))


def test_a_role_names_only_permissions_that_there_are():
    for role in ROLES:
        assert has(role) == codenames_of(role)


@pytest.mark.django_db(transaction=True)
def test_the_roles_are_there_in_tests_that_commit():
    assert Group.objects.count() == len(ROLES)
