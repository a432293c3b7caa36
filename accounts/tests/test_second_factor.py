"""The admin requires a second factor of staff."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings as settings_module
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import AuthenticatorApp
from accounts.sealing import CannotUnseal, hash_code, seal
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from accounts.two_factor import services as second_factor
from accounts.two_factor.services import SecondFactorRefused
from movr_project.tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

PAGE = "/profile/second-factor/"
SET_UP = PAGE + "set-up/"
RENEW = PAGE + "codes/"
REMOVE = PAGE + "remove/"
KEY = "3132333435363738393031323334353637383930"


@pytest.fixture(autouse=True)
def _required(settings):
    settings.STAFF_SECOND_FACTOR = True


@pytest.fixture
def clock():
    """Freeze time, so that codes don't expire during a test."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def staff(client, clock):
    """Logged in with a password, without a second factor."""
    staff = StaffFactory()
    client.force_login(staff)
    return staff


@pytest.fixture
def device(staff):
    return with_second_factor(staff)


def with_second_factor(user):
    codes = StaticDevice.objects.create(user=user, name="recovery codes")
    for number in "234":
        StaticToken.objects.create(device=codes, token=hash_code(number * 8, owner=user.id))
    key = seal(bytes.fromhex(KEY), owner=user.id)
    return AuthenticatorApp.objects.create(user=user, name="authenticator app", key=key)


def code(key=KEY):
    return f"{totp(bytes.fromhex(key)):06}"


def wrong_code():
    return f"{(int(code()) + 1) % 1_000_000:06}"


def offer_on(page):
    return re.search('name="offer" value="([^"]+)"', page.content.decode())[1]


def key_of(offer, user):
    return second_factor.read_offer(user, offer).bin_key.hex()


def codes_on(page):
    return re.findall(r"<code>([a-z2-7]{4}-[a-z2-7]{4})</code>", page.content.decode())


def admin_opens(client):
    return client.get("/admin/").status_code == 200


# --- Setting up ---------------------------------------------------------------------------------


def test_after_the_password_staff_are_sent_to_set_one_up_and_then_where_they_were_going(client, clock):
    staff = StaffFactory()
    going = "/admin/accounts/user/?q=ada"
    data = {"username": staff.username, "password": PASSWORD, "next": going}
    page = client.post("/admin/login/", data, follow=True)
    assert urlsplit(page.redirect_chain[-1][0]).path == SET_UP
    offer = offer_on(page)
    data = {"offer": offer, "code": code(key_of(offer, staff)), "next": page.context["next"]}
    page = client.post(SET_UP, data)
    assert page.context["target"] == going
    assert client.get(going).status_code == 200


def test_the_page_shows_the_secret_as_a_picture_and_as_text_and_stores_nothing(client, staff):
    page = client.get(SET_UP)
    html = page.content.decode()
    key = key_of(offer_on(page), staff)
    assert 'src="data:image/svg+xml' in html
    assert second_factor.secret_text(AuthenticatorApp(user=staff, key=seal(bytes.fromhex(key), owner=staff.id))) in html
    assert "otpauth://totp/MovR" in html
    assert " style=" not in html
    assert 'autocomplete="one-time-code"' in html
    assert 'inputmode="numeric"' in html
    assert "no-store" in page["Cache-Control"]
    assert not TOTPDevice.objects.exists()


def test_a_code_confirms_it_and_ten_recovery_codes_are_shown_once(client, staff):
    offer = offer_on(client.get(SET_UP))
    page = client.post(SET_UP, {"offer": offer, "code": code(key_of(offer, staff))})
    assert len(set(codes_on(page))) == 10
    assert admin_opens(client)
    assert not codes_on(client.get(PAGE))


def test_the_code_that_set_it_up_does_not_log_in_too(client, staff):
    offer = offer_on(client.get(SET_UP))
    client.post(SET_UP, {"offer": offer, "code": code(key_of(offer, staff))})
    with pytest.raises(SecondFactorRefused) as refused:
        second_factor.prove(user=staff, code=code(key_of(offer, staff)))
    assert refused.value.code == "wrong_code"


@pytest.mark.parametrize(("seconds", "accepted"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_an_app_may_be_half_a_minute_fast_or_slow_at_set_up(client, staff, clock, seconds, accepted):
    offer = offer_on(client.get(SET_UP))
    clock.shift(seconds)
    shown = code(key_of(offer, staff))
    clock.shift(-seconds)
    client.post(SET_UP, {"offer": offer, "code": shown})
    assert TOTPDevice.objects.exists() is accepted


def test_a_slow_app_may_be_somewhat_slower_later(client, staff, clock):
    offer = offer_on(client.get(SET_UP))
    key = key_of(offer, staff)
    shown = code(key)
    clock.shift(30)
    client.post(SET_UP, {"offer": offer, "code": shown})
    clock.shift(60)
    shown = code(key)
    clock.shift(60)
    assert second_factor.prove(user=staff, code=shown)


def test_a_wrong_code_sets_nothing_up(client, staff):
    offer = offer_on(client.get(SET_UP))
    page = client.post(SET_UP, {"offer": offer, "code": wrong_code()})
    assert "This code is wrong" in page.content.decode()
    assert offer_on(page) == offer
    assert not TOTPDevice.objects.exists()


def test_the_same_form_twice_shows_the_same_codes(client, staff):
    offer = offer_on(client.get(SET_UP))
    data = {"offer": offer, "code": code(key_of(offer, staff))}
    assert codes_on(client.post(SET_UP, data)) == codes_on(client.post(SET_UP, data))
    assert TOTPDevice.objects.count() == 1


def test_a_second_one_can_not_be_set_up(client, staff, device):
    offer = second_factor.new_offer(staff)
    page = client.post(SET_UP, {"offer": offer, "code": code(key_of(offer, staff))}, follow=True)
    assert "already" in page.content.decode()
    assert not admin_opens(client)
    assert client.get(SET_UP)["Location"] == PAGE


@pytest.mark.parametrize("offer", ["", "nonsense", "\x00", "x" * 10_000])
def test_a_secret_that_was_not_offered_is_rejected(client, staff, offer):
    page = client.post(SET_UP, {"offer": offer, "code": "123456"})
    assert "expired" in page.content.decode()
    assert not TOTPDevice.objects.exists()


def test_a_secret_offered_to_someone_else_is_rejected(client, staff):
    offer = second_factor.new_offer(StaffFactory())
    assert second_factor.read_offer(staff, offer) is None


def test_an_expired_secret_is_rejected(client, staff, clock):
    offer = second_factor.new_offer(staff)
    clock.shift(second_factor.OFFER_LASTS + 1)
    assert second_factor.read_offer(staff, offer) is None


# --- Logging in ---------------------------------------------------------------------------------


def test_a_code_is_required_at_each_log_in(client, staff, device):
    assert client.get("/admin/")["Location"] == f"{PAGE}?next=%2Fadmin%2F"
    page = client.post(PAGE, {"code": code(), "next": "/admin/cities/city/"})
    assert page["Location"] == "/admin/cities/city/"
    assert admin_opens(client)
    elsewhere = Client()
    elsewhere.force_login(staff)
    assert not admin_opens(elsewhere)


def test_a_code_may_be_typed_with_a_space(client, staff, device):
    client.post(PAGE, {"code": f" {code()[:3]} {code()[3:]} "})
    assert admin_opens(client)


def test_a_code_works_once(client, staff, device, clock):
    client.post(PAGE, {"code": code()})
    watcher = Client()
    watcher.force_login(staff)
    watcher.post(PAGE, {"code": code()})
    assert not admin_opens(watcher)
    clock.shift(31)
    watcher.post(PAGE, {"code": code()})
    assert admin_opens(watcher)


def test_each_wrong_code_lengthens_the_wait_even_for_the_right_one(client, staff, device, clock):
    for _attempt in range(6):
        clock.shift(60)
        assert client.post(PAGE, {"code": wrong_code()}).status_code == 200
    page = client.post(PAGE, {"code": code()})
    assert page.status_code == 429
    assert page["Retry-After"] == "32"
    assert "try again in 32 seconds" in page.content.decode()
    assert not admin_opens(client)
    clock.shift(33)
    client.post(PAGE, {"code": code()})
    assert admin_opens(client)


def test_a_long_wait_is_in_minutes(staff, device):
    TOTPDevice.objects.update(throttling_failure_count=9, throttling_failure_timestamp=timezone.now())
    with pytest.raises(SecondFactorRefused, match="in 5 minutes") as refused:
        second_factor.prove(user=staff, code=code())
    assert refused.value.code == "too_many_codes"


def test_a_recovery_code_works_once(client, staff, device):
    page = client.post(PAGE, {"code": "2222-2222", "recovery": "yes"}, follow=True)
    assert "2 recovery codes left" in page.content.decode()
    assert admin_opens(client)
    with pytest.raises(SecondFactorRefused) as refused:
        second_factor.prove(user=staff, code="22222222")
    assert refused.value.code == "wrong_code"


def test_wrong_recovery_codes_cause_a_wait_too(client, staff, device):
    for expected in (200, 429):
        page = client.post(PAGE, {"code": "77777777", "recovery": "yes"})
        assert page.status_code == expected
    assert "<details" in page.content.decode()


@pytest.mark.parametrize(
    "nonsense", ["", " ", "12345", "1234567", "١٢٣٤٥٦", "-12345", "0x1234", "\x00", "x" * 99, "💥"]
)
def test_an_invalid_code_is_rejected(client, staff, device, nonsense):
    for extra in ({}, {"recovery": "yes"}):
        assert client.post(PAGE, {"code": nonsense, **extra}).status_code == 200
    assert not admin_opens(client)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "admin:index", ""]
)
def test_nobody_is_sent_to_another_site(client, staff, device, target):
    assert client.post(PAGE, {"code": code(), "next": target})["Location"] == "/admin/"


def test_logging_out_of_the_admin_needs_no_second_factor(client, staff, device):
    client.post("/admin/logout/")
    assert client.get(PAGE)["Location"].startswith("/login/")


def test_someone_who_is_logged_in_is_not_asked_for_the_password_again(client, staff, device):
    assert client.get("/admin/login/?next=/admin/")["Location"].startswith(PAGE)


def test_changing_things_in_the_admin_needs_it_too(client, staff, device):
    person = UserFactory()
    url = reverse("admin:accounts_user_change", args=[person.pk])
    assert client.post(url, {"first_name": "Grace"})["Location"].startswith(PAGE)
    person.refresh_from_db()
    assert person.first_name == "Ada"


# --- Changing it --------------------------------------------------------------------------------


@pytest.fixture
def verified(client, staff, device, clock):
    client.post(PAGE, {"code": code()})
    clock.shift(31)
    return staff


def test_its_page_says_what_is_set_up(client, verified):
    page = client.get(PAGE).content.decode()
    assert "Recovery codes left" in page
    assert "<dd>3</dd>" in page


def test_after_a_code_it_is_removed_and_every_session_has_to_prove_one_again(client, verified):
    assert client.post(REMOVE, {"code": code()})["Location"] == SET_UP
    assert not TOTPDevice.objects.exists()
    assert not StaticToken.objects.exists()
    assert not admin_opens(client)


def test_after_a_code_the_recovery_codes_are_replaced(client, verified):
    page = client.post(RENEW, {"code": code()})
    assert len(codes_on(page)) == 10
    assert StaticToken.objects.count() == 10
    assert not StaticToken.objects.filter(
        token=hash_code("22222222", owner=StaticDevice.objects.get().user_id)
    ).exists()


@pytest.mark.parametrize("url", [RENEW, REMOVE])
def test_a_wrong_code_changes_nothing(client, verified, url):
    assert "This code is wrong" in client.post(url, {"code": wrong_code()}).content.decode()
    assert client.post(url, {"code": code()}).status_code == 429
    assert client.post(url, {}).status_code == 200
    assert TOTPDevice.objects.count() == 1
    assert StaticToken.objects.filter(token=hash_code("22222222", owner=StaticDevice.objects.get().user_id)).exists()


@pytest.mark.parametrize("url", [RENEW, REMOVE])
def test_without_having_proved_it_nothing_is_changed(client, staff, device, url):
    assert client.post(url, {"code": code()})["Location"] == PAGE
    assert TOTPDevice.objects.count() == 1


@pytest.mark.parametrize("url", [RENEW, REMOVE])
def test_looking_changes_nothing(client, verified, url):
    assert client.get(url).status_code == 405


# --- Who needs one ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [PAGE, SET_UP, RENEW, REMOVE])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_for_riders_there_is_no_such_page(rider_client, url, method):
    assert getattr(rider_client, method)(url).status_code == 404


@pytest.mark.parametrize("url", [PAGE, SET_UP, RENEW, REMOVE])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_logs_in_first(client, url, method):
    assert getattr(client, method)(url)["Location"].startswith("/login/")


def test_riders_pay_no_query_for_it(rider_client, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert rider_client.get("/vehicles/").status_code == 200


def test_riders_do_not_get_into_the_admin_by_it(rider_client, rider):
    with_second_factor(rider)
    assert rider_client.get("/admin/")["Location"].startswith("/admin/login/")


def test_where_it_is_not_required_the_password_is_enough(client, staff, settings):
    settings.STAFF_SECOND_FACTOR = False
    assert admin_opens(client)


def test_staff_who_lose_their_role_have_no_such_page_any_more(client, verified):
    type(verified).objects.update(is_staff=False, is_superuser=False)
    assert client.get(PAGE).status_code == 404
    assert not admin_opens(client)


# --- Resetting a colleague's --------------------------------------------------------------------


def reset(client, user, **data):
    data = {"action": "reset_second_factor", "_selected_action": [str(user.pk)], **data}
    return client.post("/admin/accounts/user/", data, follow=True).content.decode()


def test_a_superuser_resets_a_colleagues_after_confirming(client, verified):
    colleague = StaffFactory()
    with_second_factor(colleague)
    assert colleague.username in reset(client, colleague)
    assert second_factor.device_of(colleague)
    assert "Two-factor authentication reset: 1." in reset(client, colleague, confirmed="yes")
    assert second_factor.device_of(colleague) is None
    history = client.get(reverse("admin:accounts_user_history", args=[colleague.pk])).content.decode()
    assert "Two-factor authentication reset." in history


def test_their_own_is_not_reset_without_a_code(client, verified):
    assert "remove your app and passkeys" in reset(client, verified, confirmed="yes")
    assert second_factor.device_of(verified)


def test_only_superusers_reset(client, verified):
    type(verified).objects.filter(pk=verified.pk).update(is_superuser=False)
    verified.groups.add(Group.objects.get(name="Support"))
    colleague = StaffFactory()
    with_second_factor(colleague)
    reset(client, colleague, confirmed="yes")
    assert second_factor.device_of(colleague)


@pytest.mark.parametrize("model", ["otp_totp/totpdevice", "otp_static/staticdevice"])
def test_the_admin_shows_no_secret(client, verified, model):
    assert client.get(f"/admin/{model}/").status_code == 404


def test_at_the_command_line_the_last_superusers_is_reset(staff, device, capsys):
    call_command("reset_second_factor", staff.email)
    assert second_factor.device_of(staff) is None
    assert staff.username in capsys.readouterr().out
    with pytest.raises(CommandError, match="nobody"):
        call_command("reset_second_factor", "nobody-here")


# --- Concurrently, and with the password alone ---------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_who_send_the_same_code_at_once_one_gets_in():
    with time_machine.travel(timezone.now(), tick=False):
        staff = StaffFactory()
        with_second_factor(staff)
        proofs = [lambda: second_factor.prove(user=staff, code=code())] * 4
        results = at_once(*proofs)
    assert sum(isinstance(result, TOTPDevice) for result in results) == 1
    assert sum(isinstance(result, SecondFactorRefused) for result in results) == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_set_up_at_once_one_stays():
    with time_machine.travel(timezone.now(), tick=False):
        staff = StaffFactory()
        keys = [KEY, KEY[::-1]]
        calls = [
            lambda key=key: second_factor.set_up(user=staff, secret=bytes.fromhex(key), code=code(key)) for key in keys
        ]
        results = at_once(*calls)
    assert sum(isinstance(result, SecondFactorRefused) for result in results) == 1
    assert TOTPDevice.objects.count() == 1
    assert StaticToken.objects.count() == 10


def test_the_admins_log_in_is_throttled(client):
    staff = StaffFactory()
    data = {"username": staff.username, "password": "wrong"}
    answers = [client.post("/admin/login/", data).status_code for _attempt in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    page = client.post("/admin/login/", data | {"password": PASSWORD})
    assert page.status_code == 429
    assert "Too many failed log-in attempts" in page.content.decode()
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert client.post("/admin/login/", data | {"password": PASSWORD}).status_code == 302


# --- How long a proof lasts ---------------------------------------------------------------------


def test_a_proof_lasts_for_hours_and_not_as_long_as_the_session(client, device, clock, settings):
    settings.SECOND_FACTOR_HOURS = 3
    client.post(PAGE, {"code": code()})
    clock.shift(timedelta(hours=3) - timedelta(seconds=1))
    assert admin_opens(client)
    clock.shift(timedelta(seconds=1))
    assert not admin_opens(client)
    assert client.get("/profile/").status_code == 200, "logged in all the same"


@pytest.mark.parametrize("path", ["/logout/", "/admin/logout/"])
def test_a_copied_cookie_proves_nothing_after_the_log_out(client, device, path):
    client.post(PAGE, {"code": code()})
    thief = Client()
    thief.cookies = client.cookies.copy()
    assert admin_opens(thief)
    client.post(path)
    assert not admin_opens(thief)


def test_a_log_out_without_a_proof_keeps_other_proofs(client, device, client_of):
    elsewhere = client_of(device.user)
    client.post(PAGE, {"code": code()})
    elsewhere.post("/logout/")
    assert admin_opens(client)


@pytest.mark.parametrize("proof", [None, [], "x", ["", 0], [1, "x"], ["epoch", 2**62]])
def test_a_session_without_a_good_proof_proves_nothing(client, device, proof):
    session = client.session
    session["otp_device_id"] = device.persistent_id
    session[second_factor.PROOF] = proof
    session.save()
    client.cookies[settings_module.SESSION_COOKIE_NAME] = session.session_key
    assert not admin_opens(client)


# --- What a leaked password can't do ------------------------------------------------------

NEW_PASSWORD = "another-strange-word"


def profile_form(staff, **changes):
    fields = ("username", "first_name", "last_name", "email", "theme")
    return {name: getattr(staff, name) for name in fields} | {"current_password": PASSWORD, "language": ""} | changes


ACTS = {
    "e-mail": ("/profile/edit/", lambda staff: profile_form(staff, email="thief@example.com")),
    "password": (
        "/profile/password/",
        lambda staff: {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
    ),
    "deletion": ("/profile/delete/", lambda staff: {"password": PASSWORD}),
}


def account(staff):
    return list(type(staff).objects.filter(pk=staff.pk).values("email", "password", "is_active"))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("given", ["", "x", "wrong"])
def test_a_password_alone_changes_nothing_where_a_second_factor_is_set_up(client, staff, device, act, given):
    path, form = ACTS[act]
    before = account(staff)
    page = client.post(path, form(staff) | {"second_factor_code": wrong_code() if given == "wrong" else given})
    assert page.status_code == 200
    assert "second_factor_code" in page.context["form"].errors
    assert 'name="second_factor_code"' in page.content.decode()
    assert account(staff) == before


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("given", ["app", "recovery"])
def test_with_a_code_it_does(client, staff, device, act, given):
    path, form = ACTS[act]
    before = account(staff)
    fresh = code() if given == "app" else "2222-2222"
    assert client.post(path, form(staff) | {"second_factor_code": fresh}).status_code == 302
    assert account(staff) != before


def test_a_proof_of_before_is_no_fresh_one(client, staff, device):
    client.post(PAGE, {"code": code()})
    page = client.post("/profile/delete/", {"password": PASSWORD, "second_factor_code": code()})
    assert "second_factor_code" in page.context["form"].errors, "a code counts once"


def test_no_code_is_required_without_a_second_factor_or_a_relevant_change(client, staff):
    assert "second_factor_code" not in client.get("/profile/delete/").content.decode()
    with_second_factor(staff)
    assert client.post("/profile/edit/", profile_form(staff, first_name="Grace")).status_code == 302


def test_the_admins_own_page_for_a_password_is_ours(client, staff, device):
    client.post(PAGE, {"code": code()})
    assert client.get("/admin/password_change/").url == "/profile/password/"


# --- What a dump reveals ----------------------------------------------------------------------------


def set_up_by_hand(client, staff):
    offer = offer_on(client.get(SET_UP))
    key = key_of(offer, staff)
    return key, codes_on(client.post(SET_UP, {"offer": offer, "code": code(key)}))


def test_neither_the_secret_nor_the_codes_are_in_the_database(client, staff):
    key, codes = set_up_by_hand(client, staff)
    row = TOTPDevice.objects.get()
    assert len(codes) == 10
    assert key not in row.key
    assert bytes.fromhex(key) not in row.key.encode()
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert len(kept) == 10
    assert not kept & {each.replace("-", "") for each in codes}


def test_a_secret_moved_to_another_person_cannot_be_decrypted(staff, device):
    device.user = StaffFactory()
    with pytest.raises(CannotUnseal):
        _ = device.bin_key


@pytest.mark.parametrize("new", [{"SECRET_KEY": "new"}, {"SECOND_FACTOR_KEY": "new"}])
def test_older_keys_still_decrypt_it_and_a_code_encrypts_it_again(client, staff, clock, settings, new):
    key, codes = set_up_by_hand(client, staff)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    for name, value in new.items():
        setattr(settings, name, value)
    second_factor.prove(user=staff, code=codes[0])  # hashed with the previous key
    clock.shift(timedelta(minutes=2))
    second_factor.prove(user=staff, code=code(key))
    settings.SECRET_KEY_FALLBACKS = []
    if "SECOND_FACTOR_KEY" in new:
        settings.SECRET_KEY = "another"
    clock.shift(timedelta(minutes=2))
    second_factor.prove(user=staff, code=code(key))


def test_without_the_key_nothing_opens(client, staff, settings):
    key, codes = set_up_by_hand(client, staff)
    settings.SECRET_KEY = "lost"
    with pytest.raises(SecondFactorRefused):
        second_factor.prove(user=staff, code=codes[0])
    with pytest.raises(CannotUnseal):
        second_factor.prove(user=staff, code=code(key))
