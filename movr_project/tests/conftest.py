"""The sweep's world, a deployed MovR, and a browser.

Tests that use the deployed MovR are marked ``xdist_group("deployment")``, so that it is created once, in one worker.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, sync_playwright

from accounts.models import AuthenticatorApp
from accounts.sealing import seal
from accounts.tests.factories import (
    VAPID_KEY,
    ApiClientFactory,
    ApiTokenFactory,
    NotificationFactory,
    PasskeyFactory,
    PushSubscriptionFactory,
    StaffFactory,
    UserFactory,
)
from cities.models import Place
from community.services import send_message
from community.tests.factories import CommunityReportFactory, DecisionFactory, MemberFactory, PostFactory
from documents.models import Document, TermsAcceptance
from feeds.tests.factories import AlertFactory
from fleet.tests.calendars import maintain
from fleet.tests.factories import BookingFactory, VehicleFactory
from jobs.models import Schedule
from jobs.tests import tasks
from jobs.tests.work import job_of, new_worker
from operations.services.reports import report_problem
from photos.tests.factories import PhotoFactory
from rides.tests.factories import OpenRideFactory, RideFactory

from . import servers
from .api_table import World
from .sweep import OPERATIONS, OTHER_OWNER, OTHER_RIDER, OWNER, READ_ONLY, RIDER, SUPERUSER, SUPPORT, WITH_APP

# Each page would start two pages and a process for the address bar's suggestions, and a process for the next page.
UNNEEDED = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess"]
# Chromium heeds only the last list of features, so this repeats what Playwright turns off.
TURNED_OFF_BY_PLAYWRIGHT = [
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
]
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    f"--disable-features={','.join(UNNEEDED + TURNED_OFF_BY_PLAYWRIGHT)}",
]


@pytest.fixture(scope="session")
def slug(tmp_path_factory):
    return servers.push(tmp_path_factory.mktemp("push"))


@pytest.fixture(scope="session")
def collected(slug):
    result = servers.run("python manage.py collectstatic --noinput", slug=slug)
    assert result.returncode == 0, result.stderr
    return slug / "staticfiles"


@pytest.fixture(scope="session")
def database_url(tmp_path_factory):
    """An empty database on the tested engine."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'pushed.sqlite3'}"
    elif connection.vendor == "postgresql":
        yield from servers.postgres_database(settings.DATABASE_URL)
    else:
        pytest.skip("deployments are only tested on SQLite and PostgreSQL")


@pytest.fixture(scope="session")
def released(slug, database_url):
    """The environment of an app behind one router, after its release command."""
    variables = servers.NEEDED | {"DATABASE_URL": database_url, "TRUSTED_PROXY_COUNT": "1"}
    result = servers.run(servers.procfile()["release"], slug=slug, **variables)
    assert result.returncode == 0, result.stderr
    return variables


@pytest.fixture(scope="session")
def mails(tmp_path_factory):
    """The folder to which the deployed MovR writes its e-mails."""
    return tmp_path_factory.mktemp("mails")


@pytest.fixture(scope="session")
def server(slug, collected, released, mails, tmp_path_factory):
    variables = released | {
        "EMAIL_URL": f"filemail:///{mails}",
        "ADMINS": "ops@movr.example",
        "STAFF_SECOND_FACTOR": "off",
        "METRICS_TOKEN": servers.METRICS_TOKEN,
    }
    with servers.serving(slug, tmp_path_factory.mktemp("server"), **variables) as server:
        yield server


@pytest.fixture
def world(db, settings, photo_folder):
    """Two riders, one of them riding; two owners with a vehicle each; staff of every role."""
    settings.VAPID_PRIVATE_KEY = VAPID_KEY
    world = SimpleNamespace()
    world.rider = UserFactory(username="rita")
    world.ride = OpenRideFactory(rider=world.rider)
    ended = RideFactory(rider=world.rider)
    world.photo = PhotoFactory(photographer=world.rider, subject_id=ended.id)
    world.notice = NotificationFactory(user=world.rider)
    world.passkey = PasskeyFactory(user=world.rider)
    world.device = PushSubscriptionFactory(user=world.rider)
    owner = UserFactory()
    world.vehicle = VehicleFactory(owner=owner)
    world.booking = BookingFactory(rider=world.rider)
    other_owner = UserFactory()
    VehicleFactory(owner=other_owner)
    out_of_service = VehicleFactory()
    world.maintenance = maintain(out_of_service)
    world.report = report_problem(
        reporter=world.rider, vehicle_city="paris", vehicle_id=out_of_service.id, kind="lights", token="one form"
    )
    world.member = MemberFactory()
    world.post = PostFactory(author=world.rider)
    world.message = send_message(sender=world.member, recipient=world.rider, body="Hello", token="one form")
    world.decision = DecisionFactory(person=world.rider)
    world.people = {
        RIDER: world.rider,
        OTHER_RIDER: UserFactory(),
        OWNER: owner,
        OTHER_OWNER: other_owner,
        SUPERUSER: StaffFactory(),
    }
    for role in (OPERATIONS, SUPPORT, READ_ONLY):
        staff = StaffFactory(is_superuser=False)
        staff.groups.add(Group.objects.get(name=role.capitalize()))
        world.people[role] = staff
    world.people[WITH_APP] = StaffFactory(is_superuser=False)
    key = seal(b"12345678901234567890", owner=world.people[WITH_APP].id)
    AuthenticatorApp.objects.create(user=world.people[WITH_APP], name="app", key=key)
    world.token = ApiTokenFactory(user=world.rider)
    world.job = job_of(tasks.count.using(user=world.rider).enqueue())
    world.objects = {
        "accounts_apitoken": str(world.token.pk),
        "accounts_apiclient": str(ApiClientFactory().pk),
        "cities_city": "boston",
        "cities_region": "gcp-us-east1",
        "cities_place": str(Place.objects.create(city="boston", name="Common", latitude=42.355, longitude=-71.066).pk),
        "auth_group": str(Group.objects.first().pk),
        "accounts_user": str(world.people[OTHER_RIDER].pk),
        "community_post": str(world.post.pk),
        "community_report": str(CommunityReportFactory(post=world.post).pk),
        "community_decision": str(world.decision.pk),
        "documents_document": str(Document.objects.first().pk),
        "documents_termsacceptance": str(TermsAcceptance.objects.create(user=world.rider, version=1).pk),
        "fleet_vehicle": str(world.vehicle.pk),
        "fleet_allocation": str(world.maintenance.pk),
        "fleet_vehicleevent": str(world.maintenance.events.get().pk),
        "feeds_system": "boston",
        "feeds_alert": str(AlertFactory().pk),
        "jobs_job": str(world.job.pk),
        "jobs_schedule": Schedule.objects.create(task="jobs.tasks.prune").pk,
        "jobs_worker": str(new_worker().pk),
        "operations_problemreport": str(world.report.pk),
        "rides_ride": str(world.ride.pk),
    }
    return world


@pytest.fixture
def database_out_of_reach():
    """A closed port, or a file in a missing folder, until ``undo()``."""
    with pytest.MonkeyPatch.context() as patch:
        connection.close()
        if connection.vendor == "sqlite":
            patch.setitem(connection.settings_dict, "NAME", f"/{uuid.uuid4()}/movr.sqlite3")
        else:
            patch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
            patch.setitem(connection.settings_dict, "PORT", "1")
        yield patch
        connection.close()


@pytest.fixture
def api_world(db, photo_folder):
    return World()


@pytest.fixture
def browser(world):
    def browser_of(who: str) -> Client:
        client = Client()
        if who in world.people:
            client.force_login(world.people[who])
        return client

    return browser_of


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run a browser. The environment variable CHROMIUM names the executable."""
    program = os.environ.get("CHROMIUM")
    if not program:
        pytest.skip("Chromium is not installed")
    # Playwright runs an event loop in this thread, in which Django would refuse database access.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def chromium():
    """A browser for all tests."""
    with running_chromium() as browser:
        yield browser
