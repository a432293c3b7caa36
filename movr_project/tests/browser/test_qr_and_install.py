"""From a label to a ride, printed labels, live lists, and offline pages."""

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from documents.models import Document
from documents.services import publish_document
from fleet.search import PAGE_SIZE
from fleet.tests.factories import VehicleFactory
from movr_project.tests.browser.conftest import DESKTOP, PATIENCE_MS, PHONE
from movr_project.tests.browser.steps import BROWSERS, SCREENS, SCRIPTS, fits, log_in, see
from rides.models import Ride
from rides.tests.factories import RideFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MM = 72 / 25.4  # points of a PDF in a millimeter


def log_in_here(page, username):
    """Log in on the page that the browser was redirected to."""
    page.get_by_label("Username or e-mail").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Log in", exact=True).click()


# From a label to a ride


@BROWSERS
def test_someone_who_scans_a_label_signs_up_and_is_back_at_the_vehicle(open_browser, viewport, javascript):
    vehicle = VehicleFactory()
    with open_browser(viewport, javascript=javascript) as page:
        page.goto(f"/v/{vehicle.code}/")
        page.locator("main").get_by_role("link", name="Sign up").click()
        page.get_by_label("E-mail").fill("ada@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("First name").fill("Ada")
        page.locator("main").get_by_role("button", name="Sign up").click()
        page.get_by_role("button", name=f"Start ride {vehicle.code}").click()
        see(page, "Ride started.")
    assert Ride.objects.get().vehicle == vehicle


@SCRIPTS
def test_away_from_home_and_with_new_terms_it_is_three_taps_to_the_ride(open_browser, javascript):
    vehicle = VehicleFactory(city="rome")
    rider = UserFactory()
    publish_document(kind=Document.Kind.TERMS, text="# New words", must_accept=True)
    with open_browser(javascript=javascript) as page:
        log_in(page, rider.username)
        page.goto(f"/v/{vehicle.code}/")
        page.get_by_role("button", name="Switch to Rome and start ride").click()
        page.get_by_role("button", name="I accept version 2").click()
        page.get_by_role("button", name="Switch to Rome and start ride").click()
        see(page, "Ride started.")
    assert Ride.objects.get().vehicle == vehicle


@BROWSERS
def test_a_carelessly_typed_code_works(open_browser, viewport, javascript):
    vehicle = VehicleFactory(code="PAR7K3MQ")
    with open_browser(viewport, javascript=javascript) as page:
        page.goto("/")
        page.get_by_role("link", name="Already at a vehicle? Enter its code").click()
        page.get_by_label("Code on the label").fill("par 7k3 mx")
        page.get_by_role("button", name="Go to the vehicle").click()
        see(page, "No vehicle has the code PAR7K3MX.")
        expect(page.get_by_label("Code on the label")).to_have_value("par 7k3 mx")
        assert fits(page)
        page.get_by_label("Code on the label").fill("par-7k3-mo")
        page.keyboard.press("Enter")
        see(page, "We read the code as PAR7K3MQ.")
        expect(page.locator("h1")).to_have_text(re.compile(f"{vehicle.code}$"))


# Labels on paper


def pages_of(page, tmp_path):
    """Return width and height, in whole millimetres, of each page when printed."""
    pdf = page.pdf(prefer_css_page_size=True, print_background=True, path=tmp_path / "labels.pdf")
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return [(round(float(width) / MM), round(float(height) / MM)) for width, height in boxes]


def test_an_owner_prints_a_label_of_its_true_size(open_browser, tmp_path):
    vehicle = VehicleFactory(owner=UserFactory(), code="PAR7K3MQ")
    with open_browser() as page:
        log_in(page, vehicle.owner.username)
        page.goto(vehicle.get_absolute_url())
        page.get_by_role("link", name="Print its label").click()
        expect(page.locator(".label-code")).to_have_text("PAR7K3MQ")
        page.wait_for_load_state()
        assert fits(page)
        page.evaluate("window.print = () => { document.title = 'printed'; }")
        page.get_by_role("button", name="Print").click()
        expect(page).to_have_title("printed")
        assert pages_of(page, tmp_path) == [(70, 90)]


def test_staff_print_sheets_of_nine(open_browser, tmp_path, settings):
    settings.STAFF_SECOND_FACTOR = False
    VehicleFactory.create_batch(19)
    with open_browser(DESKTOP) as page:
        log_in(page, StaffFactory().username)
        page.goto("/admin/fleet/vehicle/")
        page.locator("#action-toggle").check()
        page.get_by_label("Action:").select_option("print_labels")
        page.locator("button[name=index]").click()
        see(page, "19 labels")
        assert pages_of(page, tmp_path) == [(210, 297)] * 3
        page.emulate_media(media="print")
        boxes = [label.bounding_box() for label in page.locator(".label").all()[:9]]
        assert len({round(box["x"]) for box in boxes}) == 3
        assert len({round(box["y"]) for box in boxes}) == 3


# Live lists


@SCREENS
def test_filters_and_pages_change_the_list_in_place(open_browser, viewport):
    VehicleFactory.create_batch(PAGE_SIZE + 1)
    bike = VehicleFactory(type="bike")
    with open_browser(viewport) as page:
        log_in(page, UserFactory().username)
        page.evaluate("window.samePage = true")
        page.get_by_role("link", name="Next").click()
        expect(page.locator("#results-status")).to_have_text("Showing 2 vehicles.")
        expect(page.locator("#results")).to_be_focused()
        bikes = page.get_by_role("radio", name="Bike", exact=True)
        bikes.focus()
        bikes.check()
        expect(page.locator("#results-status")).to_have_text("Showing 1 vehicle.")
        expect(bikes).to_be_focused()
        assert page.locator(".vehicle-card .plate").all_inner_texts() == [bike.plate]
        assert "type=bike" in page.url
        assert page.evaluate("window.samePage")
        page.go_back()
        expect(page.locator(".vehicle-card")).to_have_count(2)
        assert "page=2" in page.url
        page.get_by_role("link", name="Previous").click()
        page.get_by_role("button", name="Start ride").first.click()
        see(page, "Ride started.")


def test_an_address_that_a_filter_made_is_a_whole_page(open_browser):
    VehicleFactory(type="bike")
    with open_browser() as page:
        log_in(page, UserFactory().username)
        page.get_by_role("radio", name="Bike", exact=True).check()
        expect(page).to_have_url(re.compile("type=bike"))
        page.reload()
        see(page, "Vehicles in Paris")
        page.get_by_role("link", name="My rides").click()
        page.go_back()
        see(page, "Vehicles in Paris")


def test_someone_who_was_logged_out_meanwhile_sees_the_log_in_page(open_browser):
    VehicleFactory(type="bike")
    rider = UserFactory()
    with open_browser() as page:
        log_in(page, rider.username)
        page.context.clear_cookies()
        page.get_by_role("radio", name="Bike", exact=True).check()
        page.wait_for_url("**/login/**")
        log_in_here(page, rider.username)
        page.wait_for_url("**/vehicles/?view=list&type=bike**")


def test_past_rides_change_in_place_too(open_browser):
    rider = UserFactory()
    RideFactory.create_batch(26, rider=rider)
    with open_browser() as page:
        log_in(page, rider.username)
        page.goto("/rides/")
        page.evaluate("window.samePage = true")
        page.get_by_role("link", name="Next").click()
        expect(page.locator("#past-rides-status")).to_have_text("Showing 1 ride.")
        expect(page.locator(".ride-row")).to_have_count(1)
        assert page.evaluate("window.samePage")


# Offline


@pytest.fixture
def open_installed(chromium, live_server):
    """A browser that has visited MovR before, so that its service worker is active."""

    @contextmanager
    def open_(username="", viewport=PHONE, script=""):
        context = chromium.new_context(base_url=live_server.url, viewport=viewport, locale="en-US")
        context.set_default_timeout(PATIENCE_MS)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.site = live_server.url
        if username:
            log_in(page, username)
        else:
            page.goto("/")
        page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        page.reload()
        assert page.evaluate("() => navigator.serviceWorker.controller !== null")
        yield page
        context.close()

    return open_


@SCREENS
def test_an_offline_page_says_so_and_reloads_by_itself(open_installed, viewport):
    rider = UserFactory()
    with open_installed(rider.username, viewport) as page:
        page.context.set_offline(True)
        expect(page.locator("[data-say=gone]")).to_be_visible()
        page.goto("/rides/")
        see(page, "You're offline")
        assert page.evaluate("document.styleSheets.length") >= 2
        assert fits(page)
        assert rider.username not in page.content()
        page.context.set_offline(False)
        see(page, "You are not riding at the moment.")


def test_a_form_that_is_sent_without_a_connection_stays_filled_in(open_installed):
    rider = UserFactory()
    with open_installed(rider.username) as page:
        page.goto("/vehicles/add/")
        page.get_by_label("Type").select_option("bike")
        page.get_by_label("Color").fill("red")
        page.get_by_label("Current location").fill("Louvre")
        page.context.set_offline(True)
        page.get_by_role("button", name="Add vehicle").click()
        expect(page.get_by_text("Not sent, because you're offline.")).to_be_visible()
        expect(page.get_by_label("Color")).to_have_value("red")
        page.context.set_offline(False)
        page.get_by_role("button", name="Add vehicle").click()
        see(page, "Vehicle added in Paris!")


def test_a_form_that_got_no_answer_can_be_sent_again(open_installed):
    """Simulate a connection that the phone reports but that doesn't work."""
    vehicle = VehicleFactory()
    rider = UserFactory()
    believes = "Object.defineProperty(Navigator.prototype, 'onLine', {get: () => true})"
    with open_installed(rider.username, script=believes) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"/v/{vehicle.code}/")
        page.context.set_offline(True)
        page.get_by_role("button", name="Start ride").click()
        see(page, "No response received")
        assert not Ride.objects.exists()
        page.context.set_offline(False)
        page.get_by_role("button", name="Send it again").click()
        see(page, "Ride started.")
    assert Ride.objects.get().rider_id == rider.id


def test_nothing_of_a_person_is_kept(open_installed):
    rider = UserFactory()
    VehicleFactory()
    with open_installed(rider.username) as page:
        for url in ("/profile/", "/rides/", "/vehicles/"):
            page.goto(url)
        kept = page.evaluate(
            "async () => (await Promise.all((await caches.keys()).map(async (name) => "
            "(await (await caches.open(name)).keys()).map(({ url }) => url.slice(location.origin.length))))).flat()"
        )
        assert sorted(url for url in kept if not url.startswith("/static/")) == [
            "/offline/?language=en",
            "/offline/form/?language=en",
        ]


def test_an_older_cache_is_thrown_away(open_installed):
    with open_installed(script="caches.open('movr-0').catch(() => {})") as page:
        page.wait_for_function("async () => (await caches.keys()).some((name) => name !== 'movr-0')")
        page.evaluate("navigator.serviceWorker.getRegistration().then((worker) => worker.unregister())")
        page.reload()
        page.wait_for_function("async () => (await navigator.serviceWorker.ready).active.state === 'activated'")
        names = page.evaluate("caches.keys()")
        assert len([name for name in names if name != "movr-0"]) == 1


def test_logging_out_works_behind_the_service_worker(open_installed):
    rider = UserFactory()
    with open_installed(rider.username) as page:
        page.goto("/profile/")
        page.locator("summary.tab").click()
        page.get_by_role("button", name="Log out", exact=True).click()
        see(page, "You have successfully logged out.")
        page.goto("/profile/")
        page.wait_for_url("**/login/**")
