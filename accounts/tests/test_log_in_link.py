"""Log in by a link in an e-mail."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import change_password, send_log_in_link, use_log_in_link
from accounts.tests.factories import PASSWORD, PasskeyFactory, StaffFactory, UserFactory
from movr_project.tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

ASK = "/login/link/"
NO_LONGER = "This link no longer works."


@pytest.fixture
def link_for(mailoutbox, django_capture_on_commit_callbacks):
    """``link_for(user)`` returns the path in the e-mail that the person gets."""

    def ask(user, **form):
        with django_capture_on_commit_callbacks(execute=True):
            Client().post(ASK, {"email": user.email} | form)
        return re.search(r"https?://[^/]+(/login/link/\S+)", mailoutbox[-1].body)[1]

    return ask


def no_longer_works(link):
    return all(NO_LONGER in ask(link).content.decode() for ask in (Client().get, Client().post))


def test_the_button_behind_the_link_logs_in_and_leads_on(client, rider, link_for):
    link = link_for(rider, next="/rides/?page=2")
    page = client.get(link)
    assert rider.email in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert get_user(client).is_anonymous, "a GET changes nothing"
    assert client.post(link).headers["Location"] == "/rides/?page=2"
    assert get_user(client) == rider
    assert client.session.get_expire_at_browser_close()


def test_without_a_page_to_go_to_it_leads_to_the_vehicles(client, rider, link_for):
    link = link_for(rider, next="https://evil.example/")
    assert client.post(link).headers["Location"] == "/vehicles/"


def test_it_confirms_the_address(client, rider, link_for):
    client.post(link_for(rider))
    rider.refresh_from_db()
    assert rider.email_is_confirmed


def test_it_shuts_out_who_signed_up_with_someone_elses_address(client, link_for):
    owner = UserFactory(email_confirmed_at=None)
    PasskeyFactory(user=owner)
    squatter = Client()
    squatter.force_login(owner)
    page = client.post(link_for(owner), follow=True)
    assert "Your account has no password." in page.content.decode()
    owner.refresh_from_db()
    assert get_user(client) == owner
    assert get_user(squatter).is_anonymous
    assert not owner.check_password(PASSWORD)
    assert not owner.passkeys.exists()


def test_it_changes_nothing_for_who_has_confirmed_the_address(client, rider, link_for):
    User.objects.filter(id=rider.id).update(email_confirmed_at=timezone.now())
    PasskeyFactory(user=rider)
    phone = Client()
    phone.force_login(rider)
    client.post(link_for(rider))
    rider.refresh_from_db()
    assert get_user(phone) == rider
    assert rider.check_password(PASSWORD)
    assert rider.passkeys.exists()


def test_it_works_once_and_ends_earlier_links(client, rider, link_for):
    earlier, link = link_for(rider), link_for(rider)
    assert client.post(link).status_code == 302
    assert no_longer_works(link)
    assert no_longer_works(earlier)


def test_it_works_for_ten_minutes(rider, link_for):
    link = link_for(rider)
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=10)):
        assert no_longer_works(link)
    with time_machine.travel(timezone.now() + timedelta(minutes=9, seconds=50)):
        assert Client().post(link).status_code == 302


@pytest.mark.parametrize(
    "change",
    [
        lambda user: User.objects.filter(id=user.id).update(is_active=False),
        lambda user: User.objects.filter(id=user.id).update(email="new@example.com"),
        lambda user: change_password(user=user, password="another-strange-word"),
        lambda user: Client().post("/login/", {"username": user.username, "password": PASSWORD}),
    ],
    ids=["suspension", "another address", "another password", "a log-in"],
)
def test_it_ends_with(rider, link_for, change):
    link = link_for(rider)
    change(rider)
    assert no_longer_works(link)


@pytest.mark.parametrize("token", ["forged", "a:b:c", "%00", "x" * 5000])
def test_a_forged_link_is_refused(db, token):
    assert no_longer_works(f"/login/link/{token}/")


def test_it_takes_no_second_factors_place(client, link_for, settings):
    settings.STAFF_SECOND_FACTOR = True
    client.post(link_for(StaffFactory()))
    assert client.get("/admin/").headers["Location"].startswith("/profile/second-factor/")


def test_the_answer_is_the_same_for_a_known_and_an_unknown_address(
    client, rider, mailoutbox, settings, django_capture_on_commit_callbacks
):
    settings.MAILS_PER_HOUR = 1
    UserFactory(email="gone@example.com", is_active=False)
    for email in (rider.email.upper(), "nobody@example.com", "gone@example.com"):
        with django_capture_on_commit_callbacks(execute=True):
            page = client.post(ASK, {"email": email}, follow=True)
        assert page.redirect_chain == [("/login/", 302)]
        assert "Check your e-mail for a link to log in." in page.content.decode()
        assert client.post(ASK, {"email": email}).status_code == 429
    assert [mail.to for mail in mailoutbox] == [[rider.email]]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_it_at_once_one_is_logged_in(rider, mailoutbox):
    send_log_in_link(email=rider.email)
    token = re.search(r"/login/link/([^/]+)/", mailoutbox[0].body)[1]
    assert sorted(at_once(*[lambda: use_log_in_link(token)] * 2), key=bool) == [None, rider]
