"""Rules for every page: access, methods, titles and content security policy."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from pytest_django.asserts import assertContains, assertRedirects

from accounts.tests.factories import (
    VAPID_KEY,
    ApiTokenFactory,
    NotificationFactory,
    PasskeyFactory,
    PushSubscriptionFactory,
)
from community.services import send_message
from community.tests.factories import DecisionFactory, MemberFactory, PostFactory
from fleet.tests.factories import BookingFactory, VehicleFactory
from jobs.tests import tasks
from jobs.tests.work import job_of
from movr_project.tests.databases import on_server
from photos.tests.factories import PhotoFactory
from rides.tests.factories import RideFactory

# Pages that respond to GET without a login. All others redirect to the log-in page.
PUBLIC = {
    "home": 200,
    "robots": 200,
    "favicon": 302,
    "change_password": 302,
    "security_txt": 404,
    "manifest": 200,
    "service_worker": 200,
    "offline": 200,
    "offline_form": 200,
    "cities:choose": 405,
    "accounts:language": 405,
    "accounts:register": 200,
    "accounts:login": 200,
    "accounts:log_in_mail": 200,
    "accounts:passkey_log_in": 302,
    "accounts:log_in_link": 200,
    "accounts:logout": 405,
    "accounts:password_reset": 200,
    "accounts:password_reset_confirm": 200,
    "accounts:email_confirm": 200,
    "documents:terms": 200,
    "documents:terms_version": 200,
    "documents:privacy": 200,
    "documents:privacy_version": 200,
    "documents:help": 200,
    "documents:help_version": 200,
    "fleet:vehicle_code": 200,
    "fleet:vehicle_label": 200,
    "gbfs:manifest": 200,
    "gbfs:file": 200,
    "gbfs:rental": 200,
    "jobs:bar": 302,
}
POST_ONLY = {
    "cities:choose",
    "accounts:language",
    "accounts:logout",
    "accounts:email_send",
    "accounts:log_out_everywhere",
    "accounts:token_revoke",
    "jobs:cancel",
    "notifications:device_remove",
    "notifications:notification_read",
    "notifications:read_all",
    "fleet:vehicle_reserve",
    "fleet:vehicle_pause",
    "fleet:vehicle_resume",
    "fleet:booking_cancel",
    "rides:ride_start",
    "rides:ride_unlock",
    "rides:ride_pause",
    "rides:ride_resume",
    "community:block",
    "community:conversation_read",
    "community:export",
    "community:follow",
    "community:translate",
    "community:unblock",
    "community:unfollow",
}
# Django responds to every method with the page for an invalid link.
ANY_METHOD = {"accounts:password_reset_confirm"}
# The same page at another URL.
ONCE_MORE = {
    "documents:terms_version",
    "documents:privacy_version",
    "documents:help_version",
    "fleet:vehicle_label",
}
# What a rider gets instead of a page.
NO_PAGE = {
    "home": 302,
    "favicon": 302,
    "change_password": 302,
    "fleet:vehicle_sheet": 302,
    "rides:ride_end": 302,
    "security_txt": 404,
    "community:card": 302,
    "community:search": 302,
    "accounts:passkey_log_in": 302,
    "accounts:passkey_create": 302,
    "accounts:second_factor": 404,
    "accounts:second_factor_passkey": 404,
    "accounts:second_factor_set_up": 404,
    "accounts:second_factor_codes": 404,
    "accounts:second_factor_remove": 404,
    "operations:field_work": 404,
    "gbfs:rental": 302,
    "jobs:bar": 302,
    "jobs:file": 410,
}
FOR_STRANGERS = {"accounts:register", "accounts:login", "accounts:log_in_mail"}
NOT_OURS = {"admin", "api"}
OUR_APPS = {
    "accounts",
    "cities",
    "documents",
    "feeds",
    "fleet",
    "jobs",
    "notifications",
    "operations",
    "photos",
    "community",
    "rides",
    "throttling",
}
NONSENSE = {
    "page": "9" * 5000,
    "city": "\x00",
    "type": "🚲",
    "lat": "nan",
    "lon": "1e999",
    "latitude": "-inf",
    "longitude": "x" * 10_000,
    "next": "//evil.example",
    "username": "\ud800",
    "email": "@",
    "token": "\x00",
    "": "",
}


def view_names(patterns, namespace="") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield namespace + pattern.name
        elif pattern.namespace not in NOT_OURS:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from view_names(pattern.url_patterns, inner)


NAMES = sorted(view_names(get_resolver().url_patterns))
PRIVATE = [name for name in NAMES if name not in PUBLIC]


@pytest.fixture
def url_of(db, rider, settings, photo_folder):
    """Return a page's URL, with a vehicle and a ride of the rider."""
    settings.VAPID_PRIVATE_KEY = VAPID_KEY
    vehicle = VehicleFactory(owner=rider)
    ride = RideFactory(vehicle=vehicle, rider=rider)
    member = MemberFactory()
    values = {
        "city": "paris",
        "vehicle_id": vehicle.id,
        "public_id": vehicle.public_id,
        "name": "vehicle_status",
        "ride_id": ride.id,
        "allocation_id": BookingFactory(rider=rider).id,
        "notification_id": NotificationFactory(user=rider).id,
        "job_id": job_of(tasks.count.using(user=rider).enqueue()).id,
        "token_id": ApiTokenFactory(user=rider).id,
        "passkey_id": PasskeyFactory(user=rider).id,
        "device_id": PushSubscriptionFactory(user=rider).id,
        "code": vehicle.code,
        "username": member.username,
        "post_id": PostFactory(author=rider).id,
        "message_id": send_message(sender=member, recipient=rider, body="Hello", token="one form").id,
        "decision_id": DecisionFactory(person=rider).id,
        "uidb64": "MQ",
        "token": "nonsense",
        "version": 1,
        "photo_id": PhotoFactory(photographer=rider).id,
    }

    def url_of(name):
        return reverse(name, kwargs={key: values[key] for key in arguments_of(name)})

    return url_of


def arguments_of(name):
    resolver = get_resolver()
    *namespaces, last = name.split(":")
    for namespace in namespaces:
        resolver = resolver.namespace_dict[namespace][1]
    ((_route, arguments),) = resolver.reverse_dict.getlist(last)[0][0]
    return arguments


@pytest.fixture
def visitor_of(rider):
    """A client that has messages to show."""

    def visitor_of(name):
        client = Client()
        if name not in FOR_STRANGERS:
            client.force_login(rider)
        return client

    return visitor_of


@pytest.mark.any_engine
class TestWhoMayOpenIt:
    @pytest.mark.parametrize("name", [name for name in NAMES if name in PUBLIC])
    def test_everyone(self, client, url_of, name):
        assert client.get(url_of(name)).status_code == PUBLIC[name]

    @pytest.mark.parametrize("method", ["get", "post"])
    @pytest.mark.parametrize("name", PRIVATE)
    def test_only_people_who_are_logged_in(self, client, url_of, name, method):
        url = url_of(name)
        page = getattr(client, method)(url)
        # The target of a form may not accept GET: without a page to return to, go to the home page.
        back = quote(url) if method == "get" else "/"
        assertRedirects(page, f"/login/?next={back}", fetch_redirect_response=False)

    @pytest.mark.parametrize("page", ["/admin/", "/admin/cities/city/", "/admin/accounts/user/"])
    def test_the_administration_has_its_own_log_in(self, client, db, page):
        answer = client.get(page)
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith(f"login/?next={page}")


@pytest.mark.any_engine
class TestHowItIsOpened:
    @pytest.mark.parametrize("name", [name for name in NAMES if name in POST_ONLY])
    def test_a_form_can_not_be_opened_as_a_page(self, visitor_of, url_of, name):
        page = visitor_of(name).get(url_of(name))
        assertContains(page, "be opened directly", status_code=405)

    @pytest.mark.parametrize("name", [name for name in NAMES if name not in POST_ONLY])
    def test_everything_else_can(self, visitor_of, url_of, name):
        assert visitor_of(name).get(url_of(name)).status_code == NO_PAGE.get(name, 200)

    @pytest.mark.parametrize("name", [name for name in NAMES if name not in ANY_METHOD])
    def test_a_method_that_no_page_knows_is_refused(self, visitor_of, url_of, name):
        assert visitor_of(name).delete(url_of(name)).status_code in {404, 405}

    @pytest.mark.parametrize("name", NAMES)
    def test_no_form_is_accepted_from_another_site(self, rider, url_of, name):
        client = Client(enforce_csrf_checks=True)
        client.force_login(rider)
        page = client.post(url_of(name), {"city": "rome"})
        assertContains(page, "Please submit the form again", status_code=403)

    @pytest.mark.parametrize("name", NAMES)
    def test_an_invalid_query_string_breaks_nothing(self, visitor_of, url_of, name):
        query = {key: value.encode("utf-8", "surrogatepass") for key, value in NONSENSE.items()}
        expected = NO_PAGE | dict.fromkeys(POST_ONLY, 405)
        assert visitor_of(name).get(url_of(name), query).status_code == expected.get(name, 200)

    @pytest.mark.parametrize("name", NAMES)
    def test_invalid_form_data_breaks_nothing(self, visitor_of, url_of, name):
        form = urlencode({key: value.encode("utf-8", "surrogatepass") for key, value in NONSENSE.items()})
        page = visitor_of(name).post(url_of(name), form, content_type="application/x-www-form-urlencoded")
        assert page.status_code in {200, 302, 404, 405, 409}

    def test_looking_at_every_page_changes_nothing(self, visitor_of, url_of, rider):
        visits = [(visitor_of(name), url_of(name)) for name in NAMES]
        before = everything_stored()
        for browser, url in visits:
            browser.get(url)
        assert everything_stored() == before


def everything_stored():
    models = [model for model in apps.get_models() if model._meta.app_label in OUR_APPS]
    return {model: sorted(map(str, model._base_manager.values_list())) for model in models}


@pytest.fixture
def pages(visitor_of, url_of):
    """All pages that can be viewed, by URL name."""
    found = {}
    for name in NAMES:
        if name in POST_ONLY:
            continue
        page = visitor_of(name).get(url_of(name))
        if page.status_code == 200 and page.headers["Content-Type"].startswith("text/html"):
            found[name] = page
    assert len(found) > 8
    return found


@pytest.mark.any_engine
class TestWhatItSays:
    def test_each_page_has_a_title_of_its_own(self, pages):
        titles = sorted(title_of(page) for name, page in pages.items() if name not in ONCE_MORE)
        assert titles == sorted(set(titles))

    def test_each_title_ends_in_the_name_of_the_site(self, pages):
        for name, page in pages.items():
            assert re.fullmatch(r"\S.* · MovR", title_of(page)), name

    def test_each_page_has_one_heading_that_says_what_it_is(self, pages):
        for name, page in pages.items():
            assert len(re.findall(r"<h1\b", page.content.decode())) == 1, name


def title_of(page):
    (title,) = re.findall(r"<title>(.*?)</title>", page.content.decode(), flags=re.DOTALL)
    return " ".join(title.split())


@pytest.mark.any_engine
class TestWhatItLetsABrowserRun:
    def test_nothing_inline(self, pages):
        for name, page in pages.items():
            text = page.content.decode()
            assert not re.search(r"<script(?![^>]*\bsrc=)", text), name
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), name

    def test_nothing_of_others(self, pages):
        for name, page in pages.items():
            text = page.content.decode()
            assert not re.search(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//', text), name

    def test_and_the_browser_learns_it(self, pages):
        for name, page in pages.items():
            policy = page.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy, name
            assert "unsafe" not in policy, name

    def test_no_page_can_be_framed(self, pages):
        for name, page in pages.items():
            assert page.headers["X-Frame-Options"] == "DENY", name


@pytest.mark.any_engine
class TestTheFrontDoor:
    def test_a_stranger_is_welcomed(self, client, db):
        assertContains(client.get("/"), "Welcome to MovR")

    def test_a_rider_goes_on_to_the_vehicles(self, rider_client):
        assertRedirects(rider_client.get("/"), "/vehicles/")

    def test_a_stranger_is_offered_what_strangers_can_do(self, client, db):
        page = client.get("/")
        for url in ("/login/", "/register/"):
            assertContains(page, f'href="{url}"')


@pytest.mark.any_engine
class TestHealth:
    URL = "/health/"

    def test_it_is_healthy_when_the_database_answers(self, client, db):
        page = client.get(self.URL)
        assert (page.status_code, page.content) == (200, b"Health check.\njobs: no worker\n")

    def test_it_is_queried_each_time(self, client, db, django_assert_num_queries):
        with django_assert_num_queries(2):
            assert "no-store" in client.get(self.URL).headers["Cache-Control"]

    @pytest.mark.django_db(transaction=True)
    def test_it_is_unhealthy_when_the_database_does_not_answer(self, client, database_out_of_reach):
        page = client.get(self.URL)
        assert (page.status_code, page.content) == (503, b"The database is not responding.\n")

    @pytest.mark.django_db(transaction=True)
    def test_it_recovers_when_the_database_is_back(self, client, database_out_of_reach):
        client.get(self.URL)
        database_out_of_reach.undo()
        assert client.get(self.URL).status_code == 200

    @pytest.mark.django_db(transaction=True)
    def test_it_says_nothing_of_the_database(self, client, database_out_of_reach):
        name = str(connection.settings_dict["NAME"])
        assert name not in client.get(self.URL).content.decode()


@on_server
@pytest.mark.django_db(transaction=True)
class TestADatabaseOutOfReach:
    """A stranger sees pages that need no data; a rider is asked to try again soon."""

    @pytest.fixture
    def rider_client(self, rider_client, database_out_of_reach):
        rider_client.raise_request_exception = False
        return rider_client

    @pytest.mark.parametrize("url", ["/", "/vehicles/", "/admin/"])
    def test_a_rider_is_asked_to_come_back(self, rider_client, url):
        page = rider_client.get(url)
        assertContains(page, "Back in a moment", status_code=503)
        assert page.headers["Retry-After"]

    def test_so_is_someone_who_submits_a_form(self, rider_client):
        page = rider_client.post("/logout/")
        assertContains(page, "Back in a moment", status_code=503)
