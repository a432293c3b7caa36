"""People in the admin."""

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import remove_account
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

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


def test_deactivating_someone_ends_their_sessions(client, staff):
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


def test_a_new_address_must_be_confirmed_and_the_old_one_is_notified(
    client, staff, mailoutbox, django_capture_on_commit_callbacks
):
    person = UserFactory(email_confirmed_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url_of(person), form_of(person, email="new@example.com"))
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted([person.email, "new@example.com"])
    person.refresh_from_db()
    assert not person.email_is_confirmed


def test_a_name_that_staff_take_away_is_left_nowhere(client, client_of, staff):
    person = UserFactory(username="xerxes")
    Client().post("/login/", {"username": "xerxes", "password": "wrong"})
    client.post(url_of(person), form_of(person, username="renamed"))
    assert not AccessAttempt.objects.exists()


def test_what_is_no_name_changes_without_mails(client, staff, mailoutbox, django_capture_on_commit_callbacks):
    person = UserFactory(email_confirmed_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url_of(person), form_of(person, first_name="Grace"))
    person.refresh_from_db()
    assert person.email_is_confirmed
    assert not mailoutbox


def test_new_staff_log_in_again(client, staff):
    person = UserFactory()
    epoch = person.session_epoch
    client.post(url_of(person), form_of(person, is_staff="on"))
    person.refresh_from_db()
    assert person.is_staff
    assert person.session_epoch != epoch


def new_password(client, url, **more):
    words = {"new_password1": "a-new-strange-word", "new_password2": "a-new-strange-word"}
    words |= {"password1": "a-new-strange-word", "password2": "a-new-strange-word", "usable_password": "true"}
    return client.post(url, words | {"set-password": "1"} | more)


def test_a_password_set_by_staff_ends_the_sessions_and_is_announced(
    client, client_of, staff, mailoutbox, django_capture_on_commit_callbacks
):
    person = UserFactory()
    theirs, epoch = client_of(person), person.session_epoch
    with django_capture_on_commit_callbacks(execute=True):
        page = new_password(client, reverse("admin:auth_user_password_change", args=[person.pk]))
    assert page.status_code == 302
    person.refresh_from_db()
    assert person.session_epoch != epoch
    assert [mail.to for mail in mailoutbox] == [[person.email]]
    assert theirs.get("/profile/").status_code == 302
    assert client.get("/admin/").status_code == 200


def test_staff_who_change_their_own_password_stay_where_they_are(
    client, client_of, staff, mailoutbox, django_capture_on_commit_callbacks
):
    other = client_of(staff)
    with django_capture_on_commit_callbacks(execute=True):
        page = new_password(client, "/profile/password/", old_password=PASSWORD)
    assert page.status_code == 302
    assert [mail.to for mail in mailoutbox] == [[staff.email]]
    assert client.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 302
