"""The permissions of staff roles in the admin."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import PASSWORD, ApiClientFactory, ApiTokenFactory, StaffFactory, UserFactory
from community.roles import ROLES as COMMUNITY_ROLES
from community.tests.factories import CommunityReportFactory, DecisionFactory, PostFactory
from documents.models import TermsAcceptance
from feeds.roles import ROLES as FEEDS_ROLES
from feeds.tests.factories import AlertFactory
from fleet.models import Allocation, Vehicle
from fleet.tests.calendars import maintain, reserve
from fleet.tests.factories import VehicleFactory
from jobs.models import Schedule
from jobs.tests import tasks
from jobs.tests.work import job_of, new_worker
from operations.models import ProblemReport
from operations.roles import JOB_ROLES, PLACE_ROLES, ROLES, add_roles, remove_roles
from operations.services.reports import report_problem
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]

LATER_ROLES = [COMMUNITY_ROLES, FEEDS_ROLES, JOB_ROLES, PLACE_ROLES]  # added after the roles
NOT, LOOK, CHANGE = "not", "look", "change"

# For each role and list: view, change and add.
TABLE = {
    "accounts_user": {"Operations": (LOOK, NOT), "Support": (CHANGE, NOT), "Read-only": (LOOK, NOT)},
    "accounts_apitoken": {"Operations": (NOT, NOT), "Support": (NOT, NOT), "Read-only": (NOT, NOT)},
    "accounts_apiclient": {"Operations": (NOT, NOT), "Support": (NOT, NOT), "Read-only": (NOT, NOT)},
    "community_post": {"Operations": (NOT, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "community_report": {"Operations": (NOT, NOT), "Support": (LOOK, NOT), "Read-only": (NOT, NOT)},
    "community_decision": {"Operations": (NOT, NOT), "Support": (LOOK, NOT), "Read-only": (NOT, NOT)},
    "documents_document": {"Operations": (NOT, NOT), "Support": (NOT, NOT), "Read-only": (LOOK, NOT)},
    "documents_termsacceptance": {"Operations": (NOT, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "auth_group": {"Operations": (NOT, NOT), "Support": (NOT, NOT), "Read-only": (NOT, NOT)},
    "cities_city": {"Operations": (LOOK, NOT), "Support": (NOT, NOT), "Read-only": (LOOK, NOT)},
    "cities_region": {"Operations": (NOT, NOT), "Support": (NOT, NOT), "Read-only": (NOT, NOT)},
    "cities_place": {"Operations": (CHANGE, CHANGE), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "fleet_vehicle": {"Operations": (CHANGE, CHANGE), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "fleet_allocation": {"Operations": (LOOK, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "fleet_vehicleevent": {"Operations": (LOOK, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "feeds_system": {"Operations": (LOOK, NOT), "Support": (NOT, NOT), "Read-only": (LOOK, NOT)},
    "feeds_alert": {"Operations": (CHANGE, CHANGE), "Support": (NOT, NOT), "Read-only": (LOOK, NOT)},
    "jobs_job": {"Operations": (LOOK, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "jobs_schedule": {"Operations": (LOOK, NOT), "Support": (NOT, NOT), "Read-only": (LOOK, NOT)},
    "jobs_worker": {"Operations": (LOOK, NOT), "Support": (NOT, NOT), "Read-only": (LOOK, NOT)},
    "operations_problemreport": {"Operations": (LOOK, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
    "rides_ride": {"Operations": (LOOK, NOT), "Support": (LOOK, NOT), "Read-only": (LOOK, NOT)},
}
DELETES = {("cities_place", "Operations")}
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
    """Create an object of each kind."""
    makers = {
        "accounts_user": UserFactory,
        "accounts_apitoken": ApiTokenFactory,
        "accounts_apiclient": ApiClientFactory,
        "community_post": PostFactory,
        "community_report": CommunityReportFactory,
        "community_decision": DecisionFactory,
        "documents_document": lambda: apps.get_model("documents.document").objects.first(),
        "documents_termsacceptance": lambda: TermsAcceptance.objects.create(user=UserFactory(), version=1),
        "auth_group": Group.objects.first,
        "cities_city": lambda: apps.get_model("cities.city").objects.first(),
        "cities_region": lambda: apps.get_model("cities.region").objects.first(),
        "cities_place": lambda: apps.get_model("cities.place").objects.create(
            city="boston", name="Common", latitude=42.355, longitude=-71.066
        ),
        "fleet_vehicle": VehicleFactory,
        "fleet_allocation": lambda: maintain(VehicleFactory()),
        "fleet_vehicleevent": lambda: maintain(VehicleFactory()).events.get(),
        "feeds_system": lambda: apps.get_model("feeds.system").objects.first(),
        "feeds_alert": AlertFactory,
        "jobs_job": lambda: job_of(tasks.do_nothing.enqueue()),
        "jobs_schedule": lambda: Schedule.objects.create(task="jobs.tasks.prune"),
        "jobs_worker": new_worker,
        "operations_problemreport": report,
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
    deleted = client.post(url_of(page, "delete", obj), {"post": "yes"})
    assert deleted.status_code == (302 if (page, role) in DELETES else 403)


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
    client.post("/admin/operations/problemreport/", data)
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


def test_support_can_not_set_passwords(client, log_in_as):
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
def test_a_role_without_staff_status_opens_nothing(client, rider, role):
    rider.groups.add(Group.objects.get(name=role))
    client.force_login(rider)
    assert client.get("/admin/fleet/vehicle/")["Location"].startswith("/admin/login/")


def codenames_of(role):
    """Return the permissions in the table of roles."""
    return sorted(name for names in ROLES[role].values() for name in names)


def has(role):
    return sorted(Group.objects.get(name=role).permissions.values_list("codename", flat=True))


def test_the_roles_come_and_go_with_their_migration():
    people = StaffFactory(is_superuser=False)
    people.groups.add(Group.objects.get(name="Support"))
    remove_roles(apps, connection.alias)
    assert not Group.objects.exists()
    for _time in range(2):
        add_roles(apps, connection.alias)
    assert sorted(Group.objects.values_list("name", flat=True)) == sorted(ROLES)


def test_groups_of_the_operators_own_stay():
    Group.objects.create(name="Couriers")
    remove_roles(apps, connection.alias)
    assert Group.objects.get().name == "Couriers"


def test_the_migration_makes_the_permissions_that_a_new_database_lacks():
    remove_roles(apps, connection.alias)
    Permission.objects.all().delete()
    add_roles(apps, connection.alias)
    for role in ROLES:
        assert has(role) == codenames_of(role)


def test_a_role_names_only_permissions_that_there_are():
    for role in ROLES:
        later = [name for app_roles in LATER_ROLES for names in app_roles.get(role, {}).values() for name in names]
        assert has(role) == sorted([*codenames_of(role), *later])


@pytest.mark.django_db(transaction=True)
def test_the_roles_are_there_in_tests_that_commit():
    assert Group.objects.count() == len(ROLES)
