"""Addresses and passwords are validated in their normal form, whose length may differ."""

from unicodedata import normalize

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.email_addresses import MAX_EMAIL_LENGTH, fold_email
from accounts.models import User
from accounts.passwords import MAX_PASSWORD_LENGTH
from accounts.services import AccountRefused, register_rider, remove_account
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

COMPOSED = normalize("NFC", "çà-et-là-épelé")
DECOMPOSED = normalize("NFD", COMPOSED)
NO_ADDRESSES = ["İ" * 200 + "@example.org", "İ" * 20 + "@example.org", "\u017fam@example.org", "\u0131da@example.org"]
PERSON = {
    "city": "paris",
    "first_name": "Ada",
    "email": "ada@example.com",
    "password": PASSWORD,
}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("\u212aim@example.com", "kim@example.com"),
        ("ada@a..b", "ada@a..b"),
        ("no address", "no address"),
        ("@", "@"),
    ],
)
def test_an_address_has_one_form(typed, kept):
    assert fold_email(typed) == kept
    assert fold_email(kept) == kept


def test_an_overlong_address_is_not_folded():
    text = "É" * MAX_EMAIL_LENGTH + "@a"
    assert fold_email(text) == text


@pytest.mark.parametrize("email", NO_ADDRESSES)
def test_an_address_that_no_mail_reaches_is_refused_when_registering(client, email):
    page = client.post("/register/", PERSON | {"email": email})
    assert "email" in page.context["form"].errors
    assert not User.objects.exists()


@pytest.mark.parametrize("email", NO_ADDRESSES)
def test_and_when_changing_it(rider_client, rider, email):
    form = {"username": rider.username, "first_name": "A", "last_name": "B", "theme": "auto", "email": email}
    page = rider_client.post("/profile/edit/", form | {"current_password": PASSWORD})
    assert "email" in page.context["form"].errors


@pytest.mark.parametrize("email", NO_ADDRESSES)
def test_and_in_the_admin_and_when_asking_for_a_link(client, email):
    assert "email" in client.post("/password-reset/", {"email": email}).context["form"].errors
    client.force_login(StaffFactory())
    page = client.post(reverse("admin:accounts_user_add"), PERSON | {"email": email, "usable_password": "true"})
    assert "email" in page.context["adminform"].form.errors


@pytest.mark.parametrize("email", NO_ADDRESSES)
def test_and_by_the_model_itself(email):
    with pytest.raises(ValidationError) as error:
        UserFactory.build(email=email).full_clean()
    assert "email" in error.value.message_dict


def test_variants_of_an_address_are_one_person():
    UserFactory(email="ada@bücher.example")
    for twin in ("ada@xn--bcher-kva.example", "ada@BÜCHER.example", "ada@bu\u0308cher.example"):
        with pytest.raises(AccountRefused) as refused:
            register_rider(city="paris", first_name="A", last_name="B", email=twin, username="twin", password=PASSWORD)
        assert refused.value.code == "email_taken"


@pytest.mark.parametrize("twin", ["ada@bücher.example", "ada@xn--bcher-kva.example", "ADA@bu\u0308cher.EXAMPLE"])
def test_and_log_in_by_each(client, twin):
    UserFactory(email="ada@bücher.example")
    assert client.post("/login/", {"username": twin, "password": PASSWORD}).status_code == 302


def test_wrong_passwords_for_twins_are_counted_together(client):
    UserFactory(email="ada@bücher.example")
    twins = ["ada@bücher.example", "ada@xn--bcher-kva.example"]
    for number in range(5):
        page = client.post("/login/", {"username": twins[number % 2], "password": "wrong"})
    assert page.status_code == 429


@pytest.mark.parametrize("twin", ["ada@bücher.example", "ada@xn--bcher-kva.example"])
def test_a_link_reaches_each(client, mailoutbox, django_capture_on_commit_callbacks, twin):
    UserFactory(email="ada@bücher.example")
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/password-reset/", {"email": twin})
    assert [mail.to for mail in mailoutbox] == [["ada@xn--bcher-kva.example"]]


def with_hash_of(password, user):
    """As passwords were stored before normalisation."""
    User.objects.filter(id=user.id).update(password=make_password(password))
    user.refresh_from_db()
    return user


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
@pytest.mark.parametrize("kept", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
def test_one_password_however_a_keyboard_encodes_it(client, path, kept, typed):
    user = with_hash_of(kept, StaffFactory())
    assert client.post(path, {"username": user.username, "password": typed}).status_code == 302
    user.refresh_from_db()
    assert check_password(COMPOSED, user.password), "it is kept composed from now on"
    assert client.get("/profile/").status_code == 200, "and the session it opened goes on"


def test_a_log_in_sends_no_password_change_mail(client, mailoutbox, django_capture_on_commit_callbacks):
    user = with_hash_of(DECOMPOSED, UserFactory())
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/login/", {"username": user.username, "password": COMPOSED})
    assert not mailoutbox


def test_a_wrong_password_changes_nothing(client):
    user = with_hash_of(DECOMPOSED, UserFactory())
    client.post("/login/", {"username": user.username, "password": COMPOSED + "!"})
    before = user.password
    user.refresh_from_db()
    assert user.password == before


@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
def test_it_is_chosen_in_either_form(client, typed):
    client.post("/register/", PERSON | {"password": typed})
    user = User.objects.get()
    assert check_password(COMPOSED, user.password)


@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
def test_it_is_confirmed_in_either_form(client, typed):
    user = UserFactory()
    user.set_password(DECOMPOSED)
    user.save()
    client.force_login(user)
    assert client.post("/profile/delete/", {"password": typed}).status_code == 302


LONG_PASSWORD = "é" + "x" * (MAX_PASSWORD_LENGTH - 1)


@pytest.fixture
def set_by():
    """The pages that set a password. Each function is called with the user and a new password."""

    def change(user, password):
        client = Client()
        client.force_login(user)
        data = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
        return client.post("/profile/password/", data)

    def register(user, password):
        remove_account(user=user)
        return Client().post("/register/", PERSON | {"password": password})

    def admin(user, password):
        client = Client()
        client.force_login(StaffFactory())
        url = reverse("admin:auth_user_password_change", args=[user.pk])
        return client.post(url, {"password1": password, "password2": password, "usable_password": "true"})

    return {"change": change, "register": register, "admin": admin}


@pytest.mark.parametrize("way", ["change", "register", "admin"])
def test_what_can_be_set_can_be_confirmed(set_by, way):
    user = UserFactory(username="ada.byron", email="ada@example.com")
    assert set_by[way](user, normalize("NFD", LONG_PASSWORD)).status_code == 302
    user = User.objects.get(email="ada@example.com")
    client = Client()
    assert client.post("/login/", {"username": user.username, "password": LONG_PASSWORD}).status_code == 302
    form = {"username": "ada.byron", "first_name": "A", "last_name": "B", "theme": "auto", "email": "new@example.com"}
    assert client.post("/profile/edit/", form | {"current_password": LONG_PASSWORD}).status_code == 302
    assert client.post("/profile/delete/", {"password": LONG_PASSWORD}).status_code == 302


@pytest.mark.parametrize("way", ["change", "register", "admin"])
def test_what_cannot_be_confirmed_cannot_be_set(set_by, way):
    assert (
        set_by[way](UserFactory(username="ada.byron", email="ada@example.com"), LONG_PASSWORD + "x").status_code == 200
    )


def test_nor_at_the_command_line():
    validate_password(LONG_PASSWORD)
    with pytest.raises(ValidationError):
        validate_password(LONG_PASSWORD + "x")


def test_no_browser_cuts_a_password_that_is_pasted(client):
    assert b'maxlength="128"' not in client.get("/register/").content
