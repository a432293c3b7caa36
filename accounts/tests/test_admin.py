"""Staff look after people in the admin."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import User
from accounts.services import remove_account
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/user/"


@pytest.fixture
def staff(client):
    staff = StaffFactory()
    client.force_login(staff)
    return staff


def url_of(user, page="change"):
    return reverse(f"admin:accounts_user_{page}", args=[user.pk])


def form_of(user, **changes):
    return {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "is_active": "on",
        **changes,
    }


def test_staff_log_in_to_the_admin(client):
    staff = StaffFactory()
    page = client.post("/admin/login/", {"username": staff.email, "password": PASSWORD, "next": "/admin/"})
    assert page.headers["Location"] == "/admin/"


def test_a_rider_does_not_get_into_the_admin(client, rider):
    page = client.post("/admin/login/", {"username": rider.username, "password": PASSWORD})
    assert page.status_code == 200
    assert "staff account" in page.content.decode()


def test_staff_find_people_by_name_and_e_mail(client, staff):
    person = UserFactory(username="grace", last_name="Hopper")
    for term in ("grace", "Hopper", person.email):
        people = client.get(LIST, {"q": term}).context["cl"].result_list
        assert list(people) == [person]


def test_the_list_costs_the_same_for_one_person_and_for_many(client, staff, django_assert_max_num_queries):
    UserFactory.create_batch(20)
    with django_assert_max_num_queries(8):
        client.get(LIST)


def test_staff_add_a_person(client, staff):
    data = {
        "city": "rome",
        "first_name": "Grace",
        "last_name": "Hopper",
        "email": "Grace@Example.com",
        "username": "Grace",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    response = client.post("/admin/accounts/user/add/", data)
    assert response.status_code == 302, response.context["errors"]
    person = User.objects.get(username="grace")
    assert (person.city, person.email) == ("rome", "grace@example.com")
    assert person.check_password(PASSWORD)


def test_staff_change_a_name_but_never_counters_or_the_home_city(client, staff):
    person = UserFactory()
    forged = {"open_rides": 7, "owned_vehicles": 7, "city": "rome"}
    client.post(url_of(person), form_of(person, first_name="Grace", **forged))
    person.refresh_from_db()
    assert person.first_name == "Grace"
    assert (person.open_rides, person.owned_vehicles, person.city) == (0, 0, "paris")


def test_deactivating_somebody_ends_their_sessions(client, staff):
    person = UserFactory()
    before = person.get_session_auth_hash()
    data = form_of(person)
    del data["is_active"]
    client.post(url_of(person), data)
    person.refresh_from_db()
    assert not person.is_active
    assert person.get_session_auth_hash() != before


def test_nobody_is_deleted_by_hand(client, staff):
    assert client.post(url_of(UserFactory(), "delete"), {"post": "yes"}).status_code == 403


def test_staff_who_are_no_superusers_hand_out_no_rights(client):
    staff = StaffFactory(is_superuser=False)
    staff.user_permissions.add(*Permission.objects.filter(content_type__model="user"))
    client.force_login(staff)
    client.post(url_of(staff), form_of(staff, is_superuser="on", is_staff="on"))
    staff.refresh_from_db()
    assert not staff.is_superuser
    superuser = StaffFactory()
    page = client.post(url_of(superuser), form_of(superuser, first_name="Hacked"))
    assert page.status_code == 403


def test_a_removed_account_can_be_looked_at_but_never_brought_back(client, staff):
    person = UserFactory()
    remove_account(user=person)
    assert client.get(url_of(person)).status_code == 200
    person.refresh_from_db()
    assert client.post(url_of(person), form_of(person, email="new@example.com")).status_code == 403
    assert client.post(reverse("admin:auth_user_password_change", args=[person.pk]), {}).status_code == 403
    person.refresh_from_db()
    assert not person.is_active
