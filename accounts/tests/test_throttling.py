"""Rate limits, and the waiting times that people see."""

from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.backends import UsernameOrEmailBackend
from accounts.models import User
from accounts.services import change_password, remove_account
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from accounts.views import SHARED_LIMIT_FACTOR
from movr_project.tests.databases import conflict
from movr_project.tests.threads import at_once
from throttling.models import Throttle
from throttling.services import Throttled, throttle


def log_in(client, name, password, **headers):
    return client.post("/login/", {"username": name, "password": password}, **headers)


def fail(client, name, times, **headers):
    return [log_in(client, name, "wrong", **headers) for _time in range(times)][-1]


@pytest.fixture
def ada(db):
    return UserFactory(username="ada")


def test_five_failures_lock_the_name_for_a_quarter_of_an_hour(client, ada):
    assert fail(client, "ada", 4).status_code == 200
    page = fail(client, "ada", 1)
    assert page.status_code == 429
    assert "15 minutes" in page.content.decode()
    assert int(page.headers["Retry-After"]) <= 15 * 60
    assert log_in(client, "ada", PASSWORD).status_code == 429, "the right password does not help now"


def test_the_wait_runs_down_and_then_a_code_works(client, ada):
    fail(client, "ada", 5)
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=30)):
        assert "5 minutes" in log_in(client, "ada", PASSWORD).content.decode()
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=5)):
        assert log_in(client, "ada", PASSWORD).status_code == 302


def test_trying_on_while_locked_does_not_make_it_longer(client, ada):
    fail(client, "ada", 5)
    with time_machine.travel(timezone.now() + timedelta(minutes=14)):
        fail(client, "ada", 3)
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=5)):
        assert log_in(client, "ada", PASSWORD).status_code == 302


def test_case_and_spaces_make_no_new_name(client, ada):
    for name in ("ada", "ADA", " ada", "Ada ", "aDa"):
        page = fail(client, name, 1)
    assert page.status_code == 429


def test_a_strangers_failures_do_not_lock_out_people_elsewhere(client, ada):
    fail(client, "ada", 5, REMOTE_ADDR="203.0.113.7")
    assert log_in(client, "ada", PASSWORD, REMOTE_ADDR="198.51.100.1").status_code == 302


def test_a_strangers_failures_elsewhere_do_not_lengthen_the_wait(client, ada):
    fail(client, "ada", 5)
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=30)):
        fail(client, "ada", 1, REMOTE_ADDR="203.0.113.9")
        assert "in 5 minutes" in log_in(client, "ada", PASSWORD).content.decode()


def test_another_name_from_the_same_address_is_not_locked(client, ada):
    UserFactory(username="grace")
    fail(client, "ada", 5)
    assert log_in(client, "grace", PASSWORD).status_code == 302


def test_an_unknown_name_is_locked_just_the_same(client, db):
    assert fail(client, "nobody", 5).status_code == 429


def test_a_forged_x_forwarded_for_does_not_help_without_a_proxy(client, ada):
    for number in range(5):
        page = fail(client, "ada", 1, HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
    assert page.status_code == 429


def test_behind_a_proxy_its_own_entry_counts_and_forged_ones_do_not(client, ada, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    for number in range(5):
        page = fail(client, "ada", 1, HTTP_X_FORWARDED_FOR=f"10.0.0.{number}, 203.0.113.7")
    assert page.status_code == 429
    other = log_in(client, "ada", PASSWORD, HTTP_X_FORWARDED_FOR="203.0.113.7, 198.51.100.1")
    assert other.status_code == 302


def test_a_password_reset_by_mail_lifts_the_lock_out(client, ada):
    fail(client, "ada", 5)
    fail(client, ada.email, 5)
    change_password(user=ada, password="another-strange-word", reads_mail=True)
    assert log_in(client, "ada", "another-strange-word").status_code == 302


def test_a_password_changed_by_a_logged_in_user_does_not(client, ada):
    fail(client, "ada", 5)
    change_password(user=ada, password="another-strange-word")
    assert log_in(client, "ada", "another-strange-word").status_code == 429


def test_getting_in_forgets_the_failures(client, ada):
    fail(client, "ada", 4)
    log_in(client, "ada", PASSWORD)
    assert not AccessAttempt.objects.exists()


def test_the_admins_log_in_is_limited_too(client, db):
    StaffFactory(username="sam")
    for _time in range(5):
        page = client.post("/admin/login/", {"username": "sam", "password": "wrong"})
    assert page.status_code == 429


@pytest.mark.parametrize("name", ["\0", "é" * 10_000, "ada\0", "🛴", "a" * 255, ""])
def test_unknown_names_are_no_error(client, db, name):
    assert log_in(client, name, "wrong").status_code in {200, 429}


def test_sign_ups_from_one_address_are_limited(client, db, settings):
    settings.REGISTRATIONS_PER_HOUR = 1
    form = {
        "city": "paris",
        "first_name": "Ada",
        "password": PASSWORD,
    }
    client.post("/register/", form | {"email": "one@example.com"})
    page = Client().post("/register/", form | {"email": "two@example.com"})
    assert page.status_code == 429
    assert "Too many requests" in page.content.decode()
    assert page.context["form"]["email"].value() == "two@example.com", "what was typed is kept"
    assert User.objects.count() == 1


def test_a_limit_ends_with_its_period_and_says_how_long_that_is(db):
    throttle("test", "ada", limit=1)
    with pytest.raises(Throttled) as refused:
        throttle("test", "ADA", limit=1)
    assert refused.value.code == "too_often"
    assert timedelta(minutes=59) < refused.value.wait <= timedelta(hours=1)
    throttle("test", "grace", limit=1)
    throttle("another", "ada", limit=1)
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        throttle("test", "ada", limit=1)


def test_the_table_has_no_names_and_old_rows_go(db):
    throttle("test", "ada@example.com", limit=1)
    assert "ada" not in Throttle.objects.get().key
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        throttle("test", "grace@example.com", limit=1)
    assert Throttle.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_a_limit_lets_exactly_its_number_through():
    answers = at_once(*[lambda: throttle("test", "ada", limit=7)] * 20)
    assert [answer for answer in answers if answer is None] == [None] * 7
    assert {type(answer) for answer in answers if answer} == {Throttled}


@pytest.mark.django_db(transaction=True)
def test_twenty_right_and_twenty_wrong_log_ins_at_once_give_no_error_and_count_every_failure(settings):
    settings.AXES_FAILURE_LIMIT = 100
    # At SERIALIZABLE, PostgreSQL finds false conflicts. How long that takes depends on the machine.
    settings.TRANSACTION_ATTEMPTS, settings.TRANSACTION_DEADLINE_SECONDS = 50, 60
    people = UserFactory.create_batch(20)
    UserFactory(username="ada")

    def attempt(name, password):
        client = Client(raise_request_exception=False)
        return lambda: log_in(client, name, password).status_code

    right = [attempt(person.username, PASSWORD) for person in people]
    wrong = [attempt("ada", "wrong") for _time in range(20)]
    answers = at_once(*right, *wrong)
    assert answers == [302] * 20 + [200] * 20
    failures = AccessAttempt.objects.filter(username="ada").values_list("failures_since_start", flat=True)
    assert sum(failures) == 20


@pytest.mark.django_db(transaction=True)
def test_a_failure_whose_transaction_ran_into_a_conflict_is_counted_once(client, settings):
    settings.TRANSACTION_BACKOFF_SECONDS = 0.001
    runs = []

    def conflict_in_the_first_run(**kwargs):
        runs.append("run")
        if len(runs) == 1:
            conflict()

    user_login_failed.connect(conflict_in_the_first_run)
    try:
        page = log_in(client, "ada", "wrong")
    finally:
        user_login_failed.disconnect(conflict_in_the_first_run)
    assert page.status_code == 200
    assert len(runs) == 2
    assert AccessAttempt.objects.get().failures_since_start == 1


def change_email(client, person, email):
    names = ("username", "first_name", "last_name")
    data = {name: getattr(person, name) for name in names}
    data |= {"email": email, "current_password": PASSWORD, "theme": "auto"}
    return client.post("/profile/edit/", data)


def test_changes_of_the_e_mail_address_are_limited(rider, rider_client, settings):
    settings.MAILS_PER_HOUR = 2
    for number in range(2):
        assert change_email(rider_client, rider, f"stranger{number}@example.com").status_code == 302
    page = change_email(rider_client, rider, "stranger2@example.com")
    assert page.status_code == 429
    assert "Too many requests" in page.content.decode()
    rider.refresh_from_db()
    assert rider.email == "stranger1@example.com"


def test_several_strangers_together_can_not_flood_a_mailbox(client_of, settings):
    settings.MAILS_PER_HOUR = 2
    for _time in range(2 * SHARED_LIMIT_FACTOR):
        throttle("confirm-to", "stranger@example.com", limit=2 * SHARED_LIMIT_FACTOR)
    person = UserFactory()
    assert change_email(client_of(person), person, "stranger@example.com").status_code == 429


def test_without_a_new_address_profile_changes_are_unlimited(rider, rider_client, settings):
    settings.MAILS_PER_HOUR = 1
    for _time in range(3):
        assert change_email(rider_client, rider, rider.email).status_code == 302


def test_removing_an_account_erases_what_was_counted_for_it(rider, rider_client):
    change_email(rider_client, rider, "new@example.com")
    assert Throttle.objects.exists()
    rider.refresh_from_db()
    remove_account(user=rider)
    assert not Throttle.objects.exists()


def test_an_address_that_tries_many_names_is_locked(client, ada, settings):
    settings.LOGINS_PER_HOUR = 3
    for number in range(3):
        assert fail(client, f"name{number}", 1).status_code == 200
    page = log_in(client, "ada", PASSWORD)
    assert page.status_code == 429
    assert int(page.headers["Retry-After"]) > 59 * 60
    assert client.post("/admin/login/", {"username": "ada", "password": PASSWORD}).status_code == 429
    assert log_in(client, "ada", PASSWORD, REMOTE_ADDR="198.51.100.1").status_code == 302


def test_log_ins_that_succeed_are_not_counted(ada, settings):
    settings.LOGINS_PER_HOUR = 1
    for _time in range(3):
        assert log_in(Client(), "ada", PASSWORD).status_code == 302


def test_a_name_and_its_e_mail_address_count_apart(client, ada):
    """A common counter would reveal that the two belong together."""
    fail(client, "ada", 4)
    assert fail(client, ada.email.upper(), 4).status_code == 200
    assert {attempt.username for attempt in AccessAttempt.objects.all()} == {"ada", ada.email}


@pytest.mark.parametrize(
    ("url", "field", "more"),
    [
        ("/profile/delete/", "password", {}),
        ("/profile/password/", "old_password", {"new_password1": "x", "new_password2": "x"}),
        ("/profile/edit/", "current_password", {"email": "new@example.com"}),
    ],
)
def test_the_password_is_not_guessed_by_way_of_a_session_left_open(rider, rider_client, url, field, more):
    for _time in range(10):
        assert rider_client.post(url, {field: "wrong", **more}).status_code == 200
    page = rider_client.post(url, {field: PASSWORD, **more})
    assert page.status_code == 429
    assert "Too many requests" in page.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("url", ["/login/", "/admin/login/"])
@pytest.mark.parametrize("name", ["sam", "nobody"])
def test_a_password_is_hashed_once_and_outside_the_transaction(client, settings, monkeypatch, url, name):
    settings.TRANSACTION_BACKOFF_SECONDS = 0.001
    StaffFactory(username="sam")
    hashed, runs = [], []
    encode = MD5PasswordHasher.encode

    def noted(self, password, salt):
        hashed.append(connection.in_atomic_block)
        return encode(self, password, salt)

    def conflict_in_the_first_run(**kwargs):
        runs.append("run")
        if len(runs) == 1:
            conflict()

    monkeypatch.setattr(MD5PasswordHasher, "encode", noted)
    signals = (user_login_failed, user_logged_in)
    for signal in signals:
        signal.connect(conflict_in_the_first_run)
    try:
        client.post(url, {"username": name, "password": PASSWORD})
    finally:
        for signal in signals:
            signal.disconnect(conflict_in_the_first_run)
    assert len(runs) == 2
    assert hashed == [False]


def test_an_early_check_is_not_believed_once_the_password_has_changed(rf, ada):
    request = rf.post("/login/")
    UsernameOrEmailBackend.check_early(request, "ada", PASSWORD)
    assert UsernameOrEmailBackend().authenticate(request, "ada", PASSWORD) == ada
    assert UsernameOrEmailBackend().authenticate(request, "ada", "wrong") is None
    change_password(user=ada, password="another-strange-word")
    assert UsernameOrEmailBackend().authenticate(request, "ada", PASSWORD) is None
