"""Passkeys: adding, naming and removing them, logging in, and staff's second factor."""

import json
from datetime import timedelta
from html import unescape
from types import SimpleNamespace

import pytest
import time_machine
from django.contrib.auth import get_user
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Passkey, PasskeyChallenge, User
from accounts.passkeys import services as passkeys
from accounts.passkeys.services import PasskeyRefused
from accounts.personal_data import export_all
from accounts.services import move_home, remove_account
from accounts.tests.authenticator import Device, encode
from accounts.tests.factories import PASSWORD, PasskeyFactory, StaffFactory, UserFactory
from cities.registry import registry
from movr_project.tests.locality import assert_local
from movr_project.tests.pages import assert_valid
from movr_project.tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

PAGE = "/profile/passkeys/"
ADD, CREATE = PAGE + "add/", PAGE + "create/"
LOG_IN = "/login/passkey/"
SECOND_FACTOR = "/profile/second-factor/"
PROVE = SECOND_FACTOR + "passkey/"


def options_on(page):
    assert_valid(page)
    _before, _attribute, rest = page.content.decode().partition('data-passkey="')
    return json.loads(unescape(rest.partition('"')[0]))


def add(client, device, name="My phone", **form):
    """Add a passkey on its pages, and return the last one."""
    options = options_on(client.post(ADD, {"name": name, "password": PASSWORD} | form))
    return client.post(CREATE, {"name": name, "response": device.create(options)}, follow=True)


def log_in(client, device, follow=True, **form):
    answer = device.get(options_on(client.post(LOG_IN, form)))
    return client.post(LOG_IN, {"response": answer, **form}, follow=follow)


def with_passkey(user, **kwargs):
    """Return a device with a passkey of the person."""
    device = Device(**kwargs)
    passkeys.add_passkey(user=user, name="My phone", response=device.create(passkeys.options_to_add(user)))
    return device


def refused(call, *args, **kwargs):
    with pytest.raises(PasskeyRefused) as error:
        call(*args, **kwargs)
    return error.value.code


@pytest.fixture
def device(rider):
    return with_passkey(rider)


# --- Adding, naming and removing ----------------------------------------------------------------


def test_a_passkey_is_added_after_the_password_and_by_mail_the_person_is_told(
    rider_client, rider, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        page = add(rider_client, Device(), name="Ada's <phone>").content.decode()
    assert "Your passkey has been added." in page
    assert "Ada&#x27;s &lt;phone&gt;" in page
    assert "never used" in page
    assert [mail.to for mail in mailoutbox] == [[rider.email]]
    assert "“Ada's <phone>” was added" in mailoutbox[0].body


def test_the_password_is_asked_for_first(rider_client):
    page = rider_client.post(ADD, {"name": "My phone", "password": "wrong"})
    assert "Wrong password." in page.content.decode()
    assert not PasskeyChallenge.objects.exists()


def test_a_device_is_told_which_passkeys_there_are_and_must_verify_its_person(rider_client, rider, device):
    options = options_on(rider_client.post(ADD, {"name": "Again", "password": PASSWORD}))
    assert [known["id"] for known in options["excludeCredentials"]] == [encode(device.credential_id)]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["rp"]["id"] == "localhost"


@pytest.mark.any_engine
@pytest.mark.parametrize(
    "wrong",
    [{"origin": "https://evil.example"}, {"origin": "http://localhost:9000"}, {"verifies": False}],
    ids=["another site", "another port", "unverified"],
)
def test_a_wrong_answer_adds_and_opens_nothing(rider_client, rider, wrong):
    assert "couldn&#x27;t be checked" in add(rider_client, Device(**wrong)).content.decode()
    device = with_passkey(rider)
    vars(device).update(wrong)
    assert "couldn&#x27;t be checked" in log_in(Client(), device).content.decode()
    assert Passkey.objects.get().last_used_at is None


def test_a_passkey_belongs_to_one_person(device):
    other = UserFactory(city="seattle")
    options = passkeys.options_to_add(other)
    assert refused(passkeys.add_passkey, user=other, name="x", response=device.create(options)) == "passkey_exists"


@pytest.mark.parametrize(("length", "code"), [(1023, None), (1024, "wrong_passkey")])
def test_the_longest_id_of_the_standard_fits(rider, length, code):
    response = Device(credential_id=bytes(length)).create(passkeys.options_to_add(rider))
    if code:
        assert refused(passkeys.add_passkey, user=rider, name="x", response=response) == code
    else:
        assert passkeys.add_passkey(user=rider, name="x", response=response).credential_id == "A" * 1364


def test_nobody_has_more_than_twenty(rider):
    PasskeyFactory.create_batch(passkeys.PASSKEYS_PER_PERSON, user=rider)
    response = Device().create(passkeys.options_to_add(rider))
    assert refused(passkeys.add_passkey, user=rider, name="x", response=response) == "too_many_passkeys"


def test_it_can_be_renamed(rider_client, rider):
    passkey = PasskeyFactory(user=rider)
    page = rider_client.post(f"{PAGE}{passkey.id}/", {"name": "Work laptop"}, follow=True)
    assert "Work laptop" in page.content.decode()
    assert rider_client.post(f"{PAGE}{passkey.id}/", {"name": "\u200b"}).status_code == 200


def test_it_is_removed_after_the_password_and_then_opens_nothing(
    rider_client, rider, device, mailoutbox, django_capture_on_commit_callbacks
):
    path = f"{PAGE}{Passkey.objects.get().id}/remove/"
    assert "Wrong password." in rider_client.post(path, {"password": "wrong"}).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        page = rider_client.post(path, {"password": PASSWORD}, follow=True)
    assert "You have no passkeys yet." in page.content.decode()
    assert "“My phone” was removed" in mailoutbox[-1].body
    assert "doesn&#x27;t know this passkey" in log_in(Client(), device).content.decode()


@pytest.mark.parametrize("path", ["", "remove/"])
def test_someone_elses_does_not_exist(rider_client, path):
    url = f"{PAGE}{PasskeyFactory().id}/{path}"
    assert rider_client.get(url).status_code == 404
    assert rider_client.post(url, {"name": "Mine", "password": PASSWORD}).status_code == 404


# --- Logging in ---------------------------------------------------------------------------------


def test_it_logs_in_and_leads_on(client, rider, device):
    page = log_in(client, device, follow=False, next="/rides/?page=2")
    assert page.headers["Location"] == "/rides/?page=2"
    assert get_user(client) == rider
    assert client.session.get_expire_at_browser_close()
    assert Passkey.objects.get().last_used_at is not None
    rider.refresh_from_db()
    assert rider.last_seen is not None
    assert client.get(LOG_IN).headers["Location"] == "/vehicles/", "logged in already"


@pytest.mark.any_engine
def test_nobody_is_sent_to_another_site(client, device):
    assert log_in(client, device, follow=False, next="https://evil.example/").headers["Location"] == "/vehicles/"


def test_looking_stores_nothing_and_leads_to_the_log_in_page(client):
    assert client.get(LOG_IN + "?next=/rides/").headers["Location"] == "/login/?next=%2Frides%2F"
    assert not PasskeyChallenge.objects.exists()
    assert "passkeys.js" in client.get("/login/").content.decode()


def test_a_copied_cookie_and_answer_open_nothing_again(client, device):
    answer = device.get(options_on(client.post(LOG_IN)))
    cookies = client.cookies.copy()
    client.post(LOG_IN, {"response": answer})
    thief = Client()
    thief.cookies = cookies
    assert "took too long" in thief.post(LOG_IN, {"response": answer}, follow=True).content.decode()
    assert get_user(thief).is_anonymous


def test_a_wrong_answer_uses_up_the_challenge_too(rider, device):
    options = passkeys.options_to_log_in()
    device.origin = "https://evil.example"
    assert refused(passkeys.log_in, response=device.get(options)) == "wrong_passkey"
    device.origin = Device().origin
    assert refused(passkeys.log_in, response=device.get(options)) == "challenge_expired"


def test_a_challenge_lasts_five_minutes_and_is_deleted_then(device):
    answer = device.get(passkeys.options_to_log_in())
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1)):
        assert refused(passkeys.log_in, response=answer) == "challenge_expired"
        passkeys.options_to_log_in()
        assert passkeys.delete_expired_challenges() == 1
    assert PasskeyChallenge.objects.count() == 1


def test_a_challenge_is_for_one_person_and_one_purpose(rider, device):
    other = UserFactory()
    create, prove = Device().create, device.get
    assert refused(passkeys.add_passkey, user=other, name="x", response=create(passkeys.options_to_add(rider))) == (
        "challenge_expired"
    )
    for options in (passkeys.options_to_add(rider) | {"rpId": "localhost"}, passkeys.options_to_prove(rider)):
        assert refused(passkeys.log_in, response=prove(options)) == "challenge_expired"
    for options in (passkeys.options_to_log_in(), passkeys.options_to_prove(other)):
        assert refused(passkeys.prove, user=rider, response=prove(options)) == "challenge_expired"


def test_a_device_that_names_another_person_is_unknown(rider, device):
    for handle in (b"", UserFactory().id.bytes):
        device.user_handle = handle
        assert refused(passkeys.log_in, response=device.get(passkeys.options_to_log_in())) == "unknown_passkey"
    response = device.get(passkeys.options_to_prove(rider))
    assert refused(passkeys.prove, user=rider, response=response) == "unknown_passkey"


def test_a_copy_of_the_key_falls_behind(rider, device):
    for _time in range(2):
        passkeys.log_in(response=device.get(passkeys.options_to_log_in()))
    device.sign_count = 1
    assert refused(passkeys.log_in, response=device.get(passkeys.options_to_log_in())) == "wrong_passkey"


def test_a_device_that_does_not_count_works_again(rider):
    device = with_passkey(rider, counts=False)
    for _time in range(2):
        assert passkeys.log_in(response=device.get(passkeys.options_to_log_in())).user == rider


def test_it_works_after_moving_to_another_city(rider, device):
    move_home(user=rider, city=registry["rome"])
    assert passkeys.log_in(response=device.get(passkeys.options_to_log_in())).user.city == "rome"


def test_a_suspended_person_reads_why(client, rider, device):
    User.objects.filter(id=rider.id).update(is_active=False, suspended_at=timezone.now(), suspension_reason="Speeding")
    assert "Reason: Speeding" in log_in(client, device).content.decode()
    assert get_user(client).is_anonymous
    User.objects.filter(id=rider.id).update(suspended_at=None, suspension_reason="")
    assert "doesn&#x27;t know this passkey" in log_in(client, device).content.decode()


def test_failures_and_requests_are_limited_per_address(client, device, settings):
    settings.LOGINS_PER_HOUR = 1
    client.post(LOG_IN, {"response": "{}"})
    page = client.post(LOG_IN, {"response": device.get(passkeys.options_to_log_in())})
    assert page.status_code == 429
    assert "Retry-After" in page.headers
    assert [client.post(LOG_IN).status_code for _time in range(6)] == [200] * 5 + [429]


@pytest.mark.any_engine
@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: "",
        lambda answer: "[" * 9_000,
        lambda answer: json.dumps({"response": {"clientDataJSON": encode(b'{"challenge": 1}')}}),
        lambda answer: json.dumps(answer | {"id": 7}),
        lambda answer: json.dumps(answer | {"response": answer["response"] | {"signature": "AAAA"}}),
        lambda answer: json.dumps(answer | {"response": answer["response"] | {"authenticatorData": "AAAA"}}),
    ],
    ids=["nothing", "nested", "no text", "a number", "another signature", "too short"],
)
def test_a_malformed_answer_is_refused(device, spoil):
    answer = json.loads(device.get(passkeys.options_to_log_in()))
    assert refused(passkeys.log_in, response=spoil(answer)) == "wrong_passkey"


@pytest.mark.any_engine
def test_another_key_is_refused(rider, device):
    thief = Device(credential_id=device.credential_id, user_handle=device.user_handle)
    assert refused(passkeys.log_in, response=thief.get(passkeys.options_to_log_in())) == "wrong_passkey"


def test_it_is_found_in_the_persons_city(device):
    answer = device.get(passkeys.options_to_log_in())
    with assert_local():
        passkeys.log_in(response=answer)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_send_the_same_answer_at_once_one_is_logged_in(rider):
    device = with_passkey(rider, counts=False)
    answer = device.get(passkeys.options_to_log_in())
    results = at_once(*[lambda: passkeys.log_in(response=answer)] * 2)
    assert sorted(getattr(result, "code", "logged in") for result in results) == ["challenge_expired", "logged in"]


# --- The person's data --------------------------------------------------------------------------


def test_the_download_has_them_and_they_go_with_the_account(rider, device):
    PasskeyFactory()
    passkeys.options_to_prove(rider)
    assert [passkey["name"] for passkey in export_all(rider)["passkeys"]] == ["My phone"]
    remove_account(user=rider)
    assert not Passkey.objects.filter(user_id=rider.id).exists()
    assert not PasskeyChallenge.objects.filter(user_id=rider.id).exists()
    assert Passkey.objects.exists()
    assert refused(passkeys.log_in, response=device.get(passkeys.options_to_log_in())) == "unknown_passkey"


# --- Staff --------------------------------------------------------------------------------------


@pytest.fixture
def staff(settings, client):
    """Staff with a passkey but no app, logged in by password alone."""
    settings.STAFF_SECOND_FACTOR = True
    user = StaffFactory()
    device = with_passkey(user)
    client.force_login(user)
    return SimpleNamespace(user=user, device=device, client=client)


def admin_opens(client):
    return client.get("/admin/").status_code == 200


def prove(staff):
    answer = staff.device.get(options_on(staff.client.post(PROVE, {"next": "/admin/cities/city/"})))
    return staff.client.post(PROVE, {"response": answer, "next": "/admin/cities/city/"})


def test_logging_in_with_a_passkey_is_a_second_factor_too(staff):
    client = Client()
    log_in(client, staff.device)
    assert admin_opens(client)


def test_after_the_password_a_passkey_opens_the_admin(staff):
    assert staff.client.get("/admin/").headers["Location"] == f"{SECOND_FACTOR}?next=%2Fadmin%2F"
    page = staff.client.get(SECOND_FACTOR).content.decode()
    assert PROVE in page
    assert "Code from the app" not in page
    assert prove(staff).headers["Location"] == "/admin/cities/city/"
    assert admin_opens(staff.client)
    assert_valid(staff.client.get(SECOND_FACTOR))


def test_only_ones_own_proves_anything(staff):
    colleague = with_passkey(StaffFactory())
    answer = colleague.get(options_on(staff.client.post(PROVE)))
    page = staff.client.post(PROVE, {"response": answer}, follow=True)
    assert "doesn&#x27;t know this passkey" in page.content.decode()
    assert not admin_opens(staff.client)


def test_a_proof_ends_with_the_log_out_and_with_the_passkey(staff, client_of):
    prove(staff)
    thief = Client()
    thief.cookies = staff.client.cookies.copy()
    assert admin_opens(thief)
    staff.client.post("/logout/")
    assert not admin_opens(thief)
    staff.client.force_login(staff.user)
    prove(staff)
    Passkey.objects.all().delete()
    assert not admin_opens(staff.client)


def test_a_leaked_password_adds_no_second_factor_and_changes_nothing(staff):
    assert staff.client.get(SECOND_FACTOR + "set-up/").headers["Location"] == SECOND_FACTOR
    for path, form in {
        ADD: {"name": "Thief"},
        f"{PAGE}{Passkey.objects.get().id}/remove/": {},
        "/profile/delete/": {},
    }.items():
        page = staff.client.post(path, form | {"password": PASSWORD})
        assert page.context["form"].has_error("__all__", "passkey_required"), path
    prove(staff)
    assert staff.client.get(SECOND_FACTOR + "set-up/").status_code == 200
    assert "data-passkey=" in staff.client.post(ADD, {"name": "Mine", "password": PASSWORD}).content.decode()


def test_staff_without_a_second_factor_may_add_a_passkey_instead_of_an_app(client, settings):
    settings.STAFF_SECOND_FACTOR = True
    client.force_login(StaffFactory())
    assert ADD in client.get(SECOND_FACTOR + "set-up/").content.decode()
    add(client, Device())
    assert admin_opens(client)


def test_requests_for_a_passkey_are_limited(staff, monkeypatch):
    monkeypatch.setattr("accounts.two_factor.views.PASSKEY_REQUESTS_PER_HOUR", 1)
    assert [staff.client.post(PROVE).status_code for _time in range(2)] == [200, 429]


def test_a_reset_removes_them(staff, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        call_command("reset_second_factor", staff.user.username)
    assert not Passkey.objects.exists()
    assert "“My phone” was removed" in mailoutbox[-1].body


def test_those_of_a_new_member_of_staff_are_removed(staff, rider, device):
    prove(staff)
    form = staff.client.get(f"/admin/accounts/user/{rider.pk}/change/").context["adminform"].form
    values = {name: value for name, value in form.initial.items() if isinstance(value, str)}
    page = staff.client.post(f"/admin/accounts/user/{rider.pk}/change/", values | {"is_active": "on", "is_staff": "on"})
    assert page.status_code == 302
    assert not rider.passkeys.exists()
    assert Passkey.objects.exists()
