"""Web Push: notifications on devices that have no page of MovR open."""

import json
from datetime import timedelta

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.checks import run_checks
from django.core.management import call_command
from django.utils import timezone
from py_vapid import Vapid02

from accounts.models import User
from accounts.personal_data import export_all
from accounts.services import log_out_everywhere, move_home, remove_account
from accounts.tests.factories import VAPID_KEY, PushSubscriptionFactory, UserFactory
from cities.registry import registry
from jobs.models import Job, Status
from jobs.tests.work import new_worker, run_jobs
from movr_project.tests.locality import assert_local
from movr_project.tests.pages import assert_valid
from movr_project.tests.threads import at_once
from notifications.models import PushSubscription
from notifications.push import delivery, keys, services
from notifications.push.browsers import browser_of
from notifications.push.services import turn_on
from notifications.services import mark_all_read, notify

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

DEVICES = "/notifications/devices/"
ENDPOINT = "https://fcm.googleapis.com/fcm/send/abc:def"
SECRET = b"0123456789abcdef"


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.VAPID_PRIVATE_KEY = VAPID_KEY


@pytest.fixture
def browser_key():
    return ec.generate_private_key(keys.CURVE)


@pytest.fixture
def subscription(browser_key):
    """What a browser's Push API gives."""
    p256dh = keys.encode(keys.point(browser_key.public_key()))
    return {"endpoint": ENDPOINT, "p256dh": p256dh, "auth": keys.encode(SECRET)}


class PushService:
    """Takes the place of the connections to push services. Answers with ``status``, or fails with ``error``."""

    def __init__(self):
        self.requests, self.status, self.error = [], 201, None

    def __call__(self, host, timeout):
        self.host = host
        return self

    def request(self, method, path, body, headers):
        if self.error:
            raise self.error
        self.requests.append((method, f"https://{self.host}{path}", body, headers))

    def getresponse(self):
        return self

    def close(self):
        pass


@pytest.fixture
def push_service(monkeypatch):
    service = PushService()
    monkeypatch.setattr(delivery, "HTTPSConnection", service)
    return service


@pytest.fixture
def tell(django_capture_on_commit_callbacks):
    """Notify someone, and run what follows the commit."""

    def tell(person, **options):
        with django_capture_on_commit_callbacks(execute=True):
            notify(person, **{"code": "a", "text": "Hello", "url": "/rides/"} | options)

    return tell


@pytest.mark.any_engine
class TestSending:
    def test_a_browser_gets_what_only_it_can_read_from_whom_it_knows(
        self, rider, subscription, browser_key, push_service, tell
    ):
        turn_on(user=rider, **subscription)
        tell(rider, text="Your booking begins at 9:00.")
        ((method, url, body, headers),) = push_service.requests
        assert (method, url) == ("POST", ENDPOINT)
        message = http_ece.decrypt(body, private_key=browser_key, auth_secret=SECRET, version="aes128gcm")
        told = json.loads(message)
        assert (told["text"], told["url"]) == ("Your booking begins at 9:00.", "/rides/")
        assert Vapid02.verify(headers["Authorization"])
        assert keys.public_key() in headers["Authorization"]
        assert headers["TTL"] == "86400"

    def test_each_browser_of_the_person_and_nobody_elses(self, rider, push_service, tell):
        PushSubscriptionFactory.create_batch(2, user=rider)
        PushSubscriptionFactory()
        tell(rider)
        assert len(push_service.requests) == 2

    def test_nothing_without_a_key_of_the_server(self, rider, push_service, tell, settings):
        settings.VAPID_PRIVATE_KEY = ""
        PushSubscriptionFactory(user=rider)
        tell(rider)
        assert push_service.requests == []

    def test_nothing_that_is_stale_or_has_been_read(self, rider, push_service, tell):
        PushSubscriptionFactory(user=rider)
        tell(rider, stale_at=timezone.now())
        mark_all_read(rider)
        delivery.deliver(rider.city, rider.notifications.get().id)
        assert push_service.requests == []
        tell(rider, stale_at=timezone.now() + timedelta(seconds=100))
        assert 90 < int(push_service.requests[0][3]["TTL"]) <= 100

    def test_a_worker_sends_it_if_there_is_one(self, rider, push_service, tell):
        PushSubscriptionFactory(user=rider)
        new_worker()
        tell(rider)
        assert push_service.requests == []
        run_jobs()
        assert len(push_service.requests) == 1
        assert Job.objects.get().status == Status.DONE

    def test_who_has_turned_it_on_nowhere_has_no_job(self, rider, tell):
        tell(rider)
        assert not Job.objects.exists()

    def test_it_takes_two_statements_each_naming_the_city(self, rider, push_service, django_assert_num_queries):
        PushSubscriptionFactory(user=rider)
        notify(rider, code="a", text="Hello")
        notification = rider.notifications.get()
        with django_assert_num_queries(2), assert_local():
            assert delivery.deliver(rider.city, notification.id) == 1

    @pytest.mark.parametrize(("status", "kept"), [(404, 0), (410, 0), (429, 1), (500, 1), (301, 1)])
    def test_a_browser_that_is_gone_is_forgotten_and_a_redirect_is_not_followed(
        self, rider, push_service, tell, status, kept
    ):
        PushSubscriptionFactory(user=rider)
        push_service.status = status
        tell(rider)
        assert PushSubscription.objects.count() == kept
        assert len(push_service.requests) == 1

    def test_a_service_that_does_not_answer_disturbs_nobody(self, rider, push_service, tell):
        PushSubscriptionFactory(user=rider)
        push_service.error = TimeoutError()
        tell(rider)
        assert rider.notifications.count() == 1


class TestTurningOn:
    def test_the_page_adds_this_browser_and_lists_it(self, rider_client, rider, subscription):
        page = rider_client.get(DEVICES)
        assert f'data-push="{keys.public_key()}"' in page.content.decode()
        page = rider_client.post(DEVICES, subscription, follow=True)
        html = page.content.decode()
        assert "Notifications are on for this browser." in html
        assert "Chrome or a browser based on it" in html
        assert "data-this-device" in html
        assert_valid(page)
        device = PushSubscription.objects.get()
        assert (device.city, device.user, device.endpoint) == ("paris", rider, ENDPOINT)

    def test_twice_is_one(self, rider_client, subscription):
        for _time in range(2):
            assert rider_client.post(DEVICES, subscription).status_code == 302
        assert PushSubscription.objects.count() == 1

    @pytest.mark.parametrize("city", ["paris", "rome"])
    def test_a_browser_notifies_whoever_turned_it_on_last(self, rider, subscription, city):
        turn_on(user=UserFactory(city=city), **subscription)
        turn_on(user=rider, **subscription)
        assert PushSubscription.objects.get().user == rider

    @pytest.mark.parametrize(
        "wrong",
        [
            {"endpoint": "http://fcm.googleapis.com/x"},
            {"endpoint": "https://evil.example/x"},
            {"endpoint": "https://fcm.googleapis.com.evil.example/x"},
            {"endpoint": "https://fcm.googleapis.com:8443/x"},
            {"endpoint": "https://me@fcm.googleapis.com/x"},
            {"endpoint": "https://notify.windows.com/x"},
            {"endpoint": "https://[/x"},
            {"endpoint": "https://fcm.googleapis.com/é"},
            {"endpoint": ""},
            {"p256dh": "AAAA"},
            {"p256dh": "é" * 20},
            {"p256dh": keys.encode(b"\x04" + b"\x01" * 64)},
            {"auth": "AAAA"},
        ],
    )
    def test_what_is_no_subscription_of_a_known_service_is_refused(self, rider_client, subscription, wrong):
        page = rider_client.post(DEVICES, subscription | wrong)
        assert page.status_code == 200
        assert "Your browser&#x27;s notifications don&#x27;t work with MovR." in page.content.decode()
        assert not PushSubscription.objects.exists()

    def test_ten_at_most_and_a_newer_one_replaces_the_oldest(self, rider, subscription, monkeypatch):
        monkeypatch.setattr(services, "MAX_DEVICES", 2)
        PushSubscriptionFactory(user=rider, created_at=timezone.now() - timedelta(days=2))
        new = PushSubscriptionFactory(user=rider, created_at=timezone.now() - timedelta(days=1))
        turn_on(user=rider, **subscription)
        assert set(rider.push_subscriptions.values_list("endpoint", flat=True)) == {new.endpoint, ENDPOINT}

    def test_without_a_key_of_the_server_there_is_no_such_page(self, rider_client, subscription, settings):
        assert DEVICES in rider_client.get("/profile/").content.decode()
        settings.VAPID_PRIVATE_KEY = ""
        assert rider_client.get(DEVICES).status_code == rider_client.post(DEVICES, subscription).status_code == 404
        assert DEVICES not in rider_client.get("/profile/").content.decode()

    def test_the_city_is_named(self, rider, subscription):
        with assert_local():
            turn_on(user=rider, **subscription)


class TestTurningOff:
    def test_on_the_page(self, rider_client, rider):
        device = PushSubscriptionFactory(user=rider)
        assert rider_client.post(f"{DEVICES}{device.id}/remove/").status_code == 302
        assert not PushSubscription.objects.exists()

    def test_not_somebody_elses(self, rider_client):
        device = PushSubscriptionFactory()
        assert rider_client.post(f"{DEVICES}{device.id}/remove/").status_code == 404
        assert PushSubscription.objects.exists()

    def test_logging_out_turns_off_that_browser_alone(self, rider_client, rider, subscription):
        other = PushSubscriptionFactory(user=rider)
        rider_client.post(DEVICES, subscription)
        rider_client.post("/logout/")
        assert PushSubscription.objects.get() == other

    def test_logging_out_everywhere_turns_off_all(self, rider, subscription, push_service, tell):
        PushSubscriptionFactory(user=rider)
        log_out_everywhere(user=rider)
        tell(rider)
        assert push_service.requests == []
        turn_on(user=User.objects.get(id=rider.id), **subscription)
        assert PushSubscription.objects.get().endpoint == ENDPOINT, "the others are deleted at the latest now"

    def test_a_person_downloads_them_and_leaves_none(self, rider):
        device = PushSubscriptionFactory(user=rider)
        (row,) = export_all(rider)["browsers with notifications"]
        assert row["endpoint"] == device.endpoint
        remove_account(user=rider)
        assert not PushSubscription.objects.exists()

    def test_they_move_along(self, rider, push_service, tell):
        PushSubscriptionFactory(user=rider)
        move_home(user=rider, city=registry["rome"])
        tell(User.objects.get(id=rider.id))
        assert len(push_service.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_turn_on_the_same_browser_at_once(subscription):
    people = UserFactory.create_batch(4)
    ids = at_once(*[lambda person=person: turn_on(user=person, **subscription) for person in people])
    assert PushSubscription.objects.get().id == ids[0]
    assert len(set(ids)) == 1
    assert PushSubscription.objects.get().user in people


@pytest.mark.any_engine
class TestTheKey:
    def test_the_command_makes_one_that_the_check_accepts(self, settings, capsys):
        call_command("make_vapid_key")
        name, key = capsys.readouterr().out.strip().split("=", 1)
        assert name == "VAPID_PRIVATE_KEY"
        settings.VAPID_PRIVATE_KEY = key
        assert run_checks() == []

    @pytest.mark.parametrize("key", ["x", "é", "A" * 43, "AAAA", VAPID_KEY[:-4], "/" * 43])
    def test_another_one_stops_the_start(self, settings, key):
        settings.VAPID_PRIVATE_KEY = key
        assert [error.id for error in run_checks()] == ["notifications.E001"]


@pytest.mark.any_engine
def test_each_browsers_service_has_a_name():
    assert browser_of("https://wns2-par02p.notify.windows.com/w/?token=x") == "Edge"
    assert browser_of("https://web.push.apple.com/x") == "Safari"


@pytest.mark.any_engine
def test_who_wants_no_mail_gets_none(rider, mailoutbox, tell):
    User.objects.filter(id=rider.id).update(notify_by_mail=False)
    tell(rider, mail=True)
    assert mailoutbox == []
    assert rider.notifications.count() == 1
