"""Sign up."""

import re

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.utils.html import escape
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from accounts.services import AccountRefused, register_rider
from accounts.tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

URL = "/register/"
VEHICLES = "/vehicles/"
GRACE = {
    "city": "rome",
    "first_name": "Grace",
    "email": "grace@example.com",
    "password": PASSWORD,
}


def register(client, **changes):
    return client.post(URL, GRACE | changes)


def register_without(client, *fields):
    form = {name: value for name, value in GRACE.items() if name not in fields}
    return client.post(URL, form | {"csrfmiddlewaretoken": "browsers always send it"})


def can_log_in(client, password):
    return client.post("/login/", {"username": "grace@example.com", "password": password}).status_code == 302


def errors_of(page):
    """Return the errors of the form's fields."""
    return {name: list(errors) for name, errors in page.context["form"].errors.items()}


class TestItWorks:
    def test_the_person_is_logged_in_and_reads_the_username(self, client):
        page = client.post(URL, GRACE, follow=True)
        assertRedirects(page, VEHICLES)
        assertContains(page, "Welcome, Grace! Your username is grace.")
        assert get_user(client) == User.objects.get()

    def test_the_page_has_four_fields(self, client):
        assert [field.name for field in client.get(URL).context["form"]] == ["email", "password", "first_name", "city"]

    def test_nobody_else_sees_the_profile_until_the_person_chooses(self, client, client_of):
        reader = client_of(UserFactory())
        register(client, city="paris")
        assert reader.get("/users/grace/").status_code == 404
        assertNotContains(reader.get("/users/"), "grace")
        form = {"username": "grace", "first_name": "Grace", "email": "grace@example.com", "theme": "auto"}
        assertRedirects(client.post("/profile/edit/", form | {"is_listed": "on"}), "/profile/")
        assertContains(reader.get("/users/"), "@grace")

    def test_everything_typed_is_kept(self, client):
        register(client)
        kept = User.objects.values("city", "first_name", "email").get()
        assert kept == {name: GRACE[name] for name in kept}

    def test_the_new_rider_can_log_in(self, client):
        register(client)
        assert can_log_in(Client(), PASSWORD)

    def test_the_new_rider_is_nothing_but_a_rider(self, client):
        register(client, is_staff="on", is_superuser="on", open_rides="7", owned_vehicles="7")
        user = User.objects.get()
        assert (user.is_staff, user.is_superuser, user.is_owner, user.is_riding) == (False,) * 4

    def test_only_a_hash_of_the_password_is_stored(self, client):
        register(client)
        assert PASSWORD not in "".join(map(str, User.objects.values_list().get()))

    def test_the_e_mail_address_is_stored_in_lower_case(self, client):
        register(client, email="Grace@Example.COM")
        assert User.objects.get().email == "grace@example.com"

    @pytest.mark.parametrize(
        ("name", "username"),
        [
            ("Zoë", "zoe"),
            ("李", "rider"),
            ("🚲", "rider"),
            ("O'Brien", "obrien"),
            ("de la Cruz", "de-la-cruz"),
            ("<b>Grace</b>", "bgraceb"),
            ("x" * 64, "x" * 40),
        ],
    )
    def test_people_write_their_names_as_they_like(self, client, name, username):
        register(client, first_name=name)
        user = User.objects.get()
        assert (user.first_name, user.username) == (name, username)

    @pytest.mark.parametrize(("name", "pattern"), [("Al", r"al-\d{3}"), ("Grace", r"grace-\d{3}")])
    def test_a_name_that_is_short_or_taken_gets_a_number(self, client, name, pattern):
        UserFactory(username="grace", email="other@example.com")
        register(client, first_name=name)
        assert re.fullmatch(pattern, User.objects.get(first_name=name).username)

    def test_spaces_around_what_was_typed_are_dropped(self, client):
        register(client, email=" grace@example.com ", first_name=" Grace ")
        user = User.objects.get()
        assert (user.email, user.first_name) == ("grace@example.com", "Grace")

    def test_spaces_around_a_password_belong_to_it(self, client):
        password = f" {PASSWORD} "
        register(client, password=password)
        assert can_log_in(Client(), password)

    @pytest.mark.parametrize("password", ["пароль-велосипед", "🚲🛴🛵🏍🚗🚚🚛🛹", "x1" * 64])
    def test_any_characters_make_a_password(self, client, password):
        register(client, password=password)
        assert can_log_in(Client(), password)


class TestTheHomeCity:
    def test_the_current_city_is_preselected(self, client):
        client.post("/city/", {"city": "seattle"})
        assertContains(client.get(URL), '<option value="seattle" selected>', count=1)

    def test_every_city_is_offered_under_its_region(self, client):
        offered = client.get(URL).context["form"].fields["city"].choices
        assert {region: len(cities) for region, cities in offered} == {
            "Europe": 3,
            "US East": 3,
            "US West": 3,
        }

    @pytest.mark.parametrize("city", ["chicago", "detroit", "minneapolis", "Rome", "", "\x00", "x" * 10_000, "🚲"])
    def test_a_city_that_is_not_served_is_refused(self, client, city):
        assert "city" in errors_of(register(client, city=city))

    def test_with_a_sentence(self, client):
        assertContains(register(client, city="chicago"), escape("We don't serve that city yet."))


class TestItIsRefused:
    @pytest.fixture(autouse=True)
    def _nobody_was_registered(self):
        yield
        assert not User.objects.filter(first_name="Grace").exists()

    @pytest.mark.parametrize("field", GRACE)
    def test_without(self, client, field):
        assert errors_of(register_without(client, field)) == {field: ["This field is required."]}

    @pytest.mark.parametrize("field", GRACE)
    def test_with_nothing_but_spaces_in(self, client, field):
        assert field in errors_of(register(client, **{field: "   "}))

    def test_without_anything(self, client):
        assert errors_of(register_without(client, *GRACE)).keys() == set(GRACE)

    @pytest.mark.parametrize("field", GRACE)
    @pytest.mark.parametrize("junk", ["x" * 10_000, "\x00", "grace\x00"], ids=["long", "null", "with null"])
    def test_with_invalid_characters(self, client, field, junk):
        assert field in errors_of(register(client, **{field: junk}))

    @pytest.mark.parametrize("email", ["grace", "grace@", "@example.com", "a b@example.com", "a@b@example.com", "🚲@x"])
    def test_with_an_invalid_e_mail_address(self, client, email):
        assert errors_of(register(client, email=email)) == {"email": ["Enter a valid email address."]}

    def test_with_a_name_too_long_to_store(self, client):
        assert "first_name" in errors_of(register(client, first_name="x" * 65))

    @pytest.mark.parametrize("password", ["short-1", "password", "12345678901234", "grace@example.com"])
    def test_with_a_password_that_is_easily_guessed(self, client, password):
        assert "password" in errors_of(register(client, password=password))

    def test_input_is_kept_except_passwords(self, client):
        page = register(client, city="chicago")
        assertContains(page, 'value="grace@example.com"')
        assertNotContains(page, PASSWORD)

    def test_markup_comes_back_as_text(self, client):
        page = register(client, first_name='"><script>alert(1)</script>', city="chicago")
        assertNotContains(page, "<script>alert")


class TestAnAddressThatIsTaken:
    @pytest.fixture(autouse=True)
    def grace(self):
        return UserFactory(username="grace", email="grace@example.com", first_name="Grace")

    @pytest.mark.parametrize("changes", [{}, {"email": "Grace@EXAMPLE.com"}, {"city": "paris"}])
    def test_in_any_case_and_city(self, client, changes):
        page = register(client, **changes)
        assert errors_of(page) == {"email": ["Please use a different e-mail address."]}

    def test_the_account_stays_as_it_was(self, client, grace):
        register(client, password="another-strange-word")
        grace.refresh_from_db()
        assert grace.check_password(PASSWORD)
        assert get_user(client).is_anonymous

    def test_another_one_will_do(self, client):
        assertRedirects(register(client, email="grace2@example.com"), VEHICLES)


class TestOnTheWayToAPage:
    TARGET = "/vehicles/?type=bike"

    def test_the_new_rider_is_logged_in_and_sent_on(self, client):
        assertRedirects(register(client, next=self.TARGET), self.TARGET)

    def test_and_welcomed(self, client):
        page = client.post(URL, GRACE | {"next": self.TARGET}, follow=True)
        assertContains(page, "Welcome, Grace!")

    def test_the_form_brings_the_page_along(self, client):
        page = client.get(URL, {"next": self.TARGET})
        assertContains(page, f'<input type="hidden" name="next" value="{self.TARGET}">', html=True)

    @pytest.mark.parametrize(
        ("target", "city"),
        [
            ("/v/PAR7K3M2/", "paris"),
            ("/v/rom7k3m2/", "rome"),
            ("/vehicles/los-angeles/142b7c9e-6227-4dbb-b188-b1dac57d5521/?x=1", "los angeles"),
            ("/v/XXX7K3M2/", "new york"),
            ("/vehicles/", "new york"),
            ("/nowhere/", "new york"),
            ("", "new york"),
        ],
    )
    def test_the_city_of_a_scanned_vehicle_is_proposed_as_home(self, client, target, city):
        assert client.get(URL, {"next": target}).context["form"]["city"].value() == city

    def test_so_does_the_form_with_errors(self, client):
        assert register(client, next=self.TARGET, city="chicago").context["next"] == self.TARGET

    @pytest.mark.parametrize(
        "target",
        [
            "///evil.example/x",
            "/\\evil.example/x",
            "\\\\evil.example/x",
            "http:///evil.example/x",
            "https:evil.example/x",
            "javascript:alert(1)",
            "//evil.example",
            "accounts:profile",
            "profile",
            "\x00",
        ],
    )
    def test_an_unsafe_page_is_forgotten(self, client, target):
        assertRedirects(register(client, next=target), VEHICLES)

    def test_an_unsafe_page_is_not_brought_along(self, client):
        assert client.get(URL, {"next": "https://evil.example/"}).context["next"] == ""


class TestLoggedIn:
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_is_sent_to_the_vehicles(self, rider_client, method):
        assertRedirects(getattr(rider_client, method)(URL), VEHICLES)

    def test_opens_no_second_account(self, rider_client):
        register(rider_client)
        assert User.objects.count() == 1


class TestNonsense:
    def test_the_last_of_repeated_fields_counts(self, client):
        client.post(URL, GRACE | {"first_name": ["Grace", "Ada"], "city": ["rome", "boston"]})
        user = User.objects.get()
        assert (user.first_name, user.city) == ("Ada", "boston")

    def test_repeated_fields_with_an_error_are_refused(self, client):
        page = client.post(URL, GRACE | {"first_name": ["Grace", ""]})
        assert errors_of(page) == {"first_name": ["This field is required."]}

    @pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"username=%ff&email=%00", b"&&&==&", b'{"username": "grace"}'])
    @pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "application/json", "text/plain"])
    def test_a_body_that_is_no_form_opens_no_account(self, client, body, content_type):
        page = client.post(URL, body, content_type=content_type)
        assert page.status_code == 200
        assert not User.objects.exists()

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_another_method_is_refused(self, client, method):
        assert getattr(client, method)(URL).status_code == 405


class TestTheService:
    """The service that the page calls."""

    @pytest.fixture
    def grace(self):
        return GRACE | {"username": "grace", "last_name": "Hopper"}

    def test_it_returns_the_new_rider(self, grace):
        assert register_rider(**grace) == User.objects.get(username="grace")

    @pytest.mark.parametrize(
        ("taken", "code"),
        [
            ({"username": "Grace"}, "username_taken"),
            ({"email": "Grace@example.com"}, "email_taken"),
        ],
    )
    def test_its_refusal_has_a_stable_code(self, grace, taken, code):
        UserFactory(**taken)
        with pytest.raises(AccountRefused) as refused:
            register_rider(**grace)
        assert refused.value.code == code
