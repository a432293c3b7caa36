"""Reset and change passwords."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from accounts.services import AccountRefused, change_password
from accounts.tests.factories import PASSWORD, PasskeyFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

NEW_PASSWORD = "another-strange-word"
ASK = "/password-reset/"
CHANGE = "/profile/password/"


def ask(client, email, capture):
    with capture(execute=True):
        return client.post(ASK, {"email": email}, follow=True)


def link_in(mail):
    return re.search(r"https?://[^/]+(/password-reset/\S+/\S+/)", mail.body)[1]


def follow(client, link, password=NEW_PASSWORD):
    page = client.get(link, follow=True)
    form = page.redirect_chain[-1][0] if page.redirect_chain else link
    return client.post(form, {"new_password1": password, "new_password2": password}, follow=True)


@pytest.fixture
def link(client, rider, mailoutbox, django_capture_on_commit_callbacks):
    ask(client, rider.email, django_capture_on_commit_callbacks)
    return link_in(mailoutbox[0])


def test_the_answer_is_the_same_for_a_known_and_an_unknown_address(
    client, rider, mailoutbox, django_capture_on_commit_callbacks
):
    known = ask(client, rider.email.upper(), django_capture_on_commit_callbacks)
    assert [mail.to for mail in mailoutbox] == [[rider.email]]
    unknown = ask(client, "nobody@example.com", django_capture_on_commit_callbacks)
    assert len(mailoutbox) == 1
    assert known.redirect_chain == unknown.redirect_chain
    for page in (known, unknown):
        assert "Check your e-mail for the instructions" in page.content.decode()


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_passkeys_of_who_signed_up_with_someone_elses_address_end_with_the_password(client, rider, link, is_confirmed):
    User.objects.filter(id=rider.id).update(email_confirmed_at=timezone.now() if is_confirmed else None)
    PasskeyFactory(user=rider)
    follow(client, link)
    assert rider.passkeys.exists() is is_confirmed


def test_the_link_sets_a_new_password(client, rider, link):
    page = follow(client, link)
    assert "Your password has been reset." in page.content.decode()
    rider.refresh_from_db()
    assert rider.check_password(NEW_PASSWORD)


def test_the_link_also_opens_a_log_in_that_failed_too_often(client, rider, link):
    for _time in range(5):
        client.post("/login/", {"username": rider.username, "password": "wrong"})
    follow(client, link)
    page = client.post("/login/", {"username": rider.username, "password": NEW_PASSWORD})
    assert page.status_code == 302


def test_the_link_works_once(client, rider, link):
    follow(client, link)
    page = follow(client, link, password="a-third-strange-word")
    rider.refresh_from_db()
    assert rider.check_password(NEW_PASSWORD)
    assert not page.context["validlink"]


def test_the_link_works_for_ten_minutes(client, rider, link):
    with time_machine.travel(timezone.now() + timedelta(minutes=9, seconds=50)):
        assert client.get(link, follow=True).context["validlink"]
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=10)):
        assert not client.get(link, follow=True).context["validlink"]


@pytest.mark.parametrize("link", ["/password-reset/x/y/", "/password-reset/MQ/abc-def/", "/password-reset/%00/%00/"])
def test_a_forged_link_is_rejected_with_a_message(client, link):
    assert not client.get(link).context["validlink"]


def test_a_weak_password_is_refused_beside_its_field(client, rider, link):
    page = follow(client, link, password="12345")
    assert page.context["form"].errors["new_password2"]
    assert client.get(link, follow=True).context["validlink"]


def test_a_reset_logs_out_every_other_device(client, rider, client_of, mailoutbox, django_capture_on_commit_callbacks):
    thief = client_of(rider)  # before the link is made: logging in ends links
    ask(client, rider.email, django_capture_on_commit_callbacks)
    follow(client, link_in(mailoutbox[0]))
    assert thief.get("/profile/").status_code == 302


def test_the_link_is_made_from_site_url_whatever_host_asked(
    client, rider, mailoutbox, settings, django_capture_on_commit_callbacks
):
    settings.SITE_URL = "https://movr.example"
    settings.ALLOWED_HOSTS = ["*"]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(ASK, {"email": rider.email}, headers={"host": "evil.example"})
    assert "https://movr.example/password-reset/" in mailoutbox[0].body
    assert "evil.example" not in mailoutbox[0].body + str(mailoutbox[0].alternatives)


def test_removed_or_deactivated_people_get_no_mail(client, mailoutbox, django_capture_on_commit_callbacks):
    person = UserFactory(is_active=False)
    ask(client, person.email, django_capture_on_commit_callbacks)
    assert not mailoutbox


def test_mails_to_one_address_are_limited_known_or_not(
    client, rider, mailoutbox, settings, django_capture_on_commit_callbacks
):
    settings.MAILS_PER_HOUR = 2
    for email in (rider.email, "nobody@example.com"):
        for _time in range(2):
            assert ask(client, email, django_capture_on_commit_callbacks).status_code == 200
        page = ask(client, email, django_capture_on_commit_callbacks)
        assert page.status_code == 429
        assert "Please try again in 60 minutes" in page.content.decode()
    assert len(mailoutbox) == 2


@pytest.mark.parametrize("email", ["", "x", "\0@example.com", "é" * 10_000, "a@b" * 100])
def test_an_invalid_address_is_rejected(client, email):
    assert client.post(ASK, {"email": email}).context["form"].errors["email"]


def change(client, old=PASSWORD, new=NEW_PASSWORD, again=None):
    data = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return client.post(CHANGE, data, follow=True)


def test_changing_the_password_keeps_this_device_and_ends_the_others(rider, rider_client, client_of):
    other = client_of(rider)
    page = change(rider_client)
    assert "Your password has been changed." in page.content.decode()
    assert rider_client.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302
    rider.refresh_from_db()
    assert rider.check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("old_password", {"old": "wrong"}),
        ("new_password2", {"again": "different"}),
        ("new_password2", {"new": "password"}),
    ],
)
def test_a_wrong_form_changes_nothing(rider, rider_client, field, wrong):
    assert change(rider_client, **wrong).context["form"].errors[field]
    rider.refresh_from_db()
    assert rider.check_password(PASSWORD)


def test_the_person_gets_a_mail(rider, rider_client, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        change(rider_client)
    assert mailoutbox[0].to == [rider.email]
    assert NEW_PASSWORD not in mailoutbox[0].body


def test_a_password_form_never_resets_the_count_of_open_rides(rider, rider_client):
    User.objects.filter(pk=rider.pk).update(open_rides=1)
    change(rider_client)
    rider.refresh_from_db()
    assert rider.open_rides == 1


def test_of_two_who_open_the_same_link_only_the_first_sets_a_password(rider):
    first, second = User.objects.get(id=rider.id), User.objects.get(id=rider.id)
    change_password(user=first, password=NEW_PASSWORD, reads_mail=True)
    with pytest.raises(AccountRefused) as refused:
        change_password(user=second, password="a-third-strange-word", reads_mail=True)
    assert refused.value.code == "account_changed"
    assert User.objects.get(id=rider.id).check_password(NEW_PASSWORD)
