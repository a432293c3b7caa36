"""From signing up to a finished ride, on a phone and a desktop, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from fleet.models import Vehicle
from fleet.tests.factories import EIFFEL_TOWER, VehicleFactory
from movr_project.tests.browser.conftest import PHONE
from movr_project.tests.browser.steps import BROWSERS, SCREENS, SCRIPTS, fits, log_in, open_end_form, see
from rides.models import Ride
from rides.tests.factories import RideFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@SCREENS
@SCRIPTS
def test_a_rider_signs_up_rides_and_finds_the_ride_in_the_history(open_browser, viewport, javascript):
    vehicle = VehicleFactory()
    with open_browser(viewport, javascript=javascript) as page:
        page.goto("/")
        page.locator("main").get_by_role("link", name="Sign up").first.click()
        expect(page.locator("main").locator("input:visible, select:visible")).to_have_count(4)
        page.get_by_label("E-mail").fill("ada@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("First name").fill("Ada")
        page.get_by_label("Home city").select_option("paris")
        assert fits(page)
        page.locator("main").get_by_role("button", name="Sign up").click()
        see(page, "Welcome, Ada! Your username is ada.")
        see(page, "Vehicles in Paris")
        see(page, vehicle.plate)
        assert fits(page)

        if javascript and viewport == PHONE:
            page.get_by_role("link", name="List", exact=True).click()
        page.get_by_role("button", name=f"Start ride {vehicle.plate}").click()
        see(page, "Ride started.")
        see(page, vehicle.lock_code)
        assert fits(page)

        open_end_form(page)
        page.get_by_label("Where are you leaving the vehicle?").fill("Eiffel Tower")
        page.get_by_role("button", name="End ride here").click()
        see(page, "Ride ended.")
        see(page, "Ride summary")
        assert fits(page)
        page.get_by_role("link", name="All my rides").click()
        row = page.locator(".ride-row")
        assert re.search(r"Notre-Dame\s+to\s+Eiffel Tower", row.inner_text())
        assert re.search(r"\b0:0\d\b", row.locator(".ride-length").inner_text())
    assert Ride.objects.get().end_location == Vehicle.objects.get().last_location == "Eiffel Tower"


@BROWSERS
def test_an_owner_adds_a_vehicle_and_takes_it_off_again(open_browser, viewport, javascript):
    owner = UserFactory()
    with open_browser(viewport, javascript=javascript) as page:
        log_in(page, owner.username)
        page.get_by_role("link", name="Add vehicle").first.click()
        page.get_by_label("Type").select_option("bike")
        page.get_by_label("Color").fill("red")
        page.get_by_label("Current location").fill("Louvre")
        page.get_by_role("button", name="Add vehicle").click()
        see(page, "Vehicle added in Paris!")
        code = Vehicle.objects.get().code
        see(page, code)

        page.goto("/profile/")
        page.get_by_role("link", name=f"Remove {code}").click()
        see(page, "Remove this vehicle?")
        page.get_by_role("button", name="Remove").click()
        see(page, "You have successfully removed a vehicle.")
        expect(page.get_by_text(code)).to_have_count(0)
    assert Vehicle.objects.get().is_removed


@SCREENS
def test_staff_find_people_vehicles_and_rides_in_the_administration(open_browser, viewport, settings):
    settings.STAFF_SECOND_FACTOR = False
    ride = RideFactory()
    staff = StaffFactory()
    with open_browser(viewport) as page:
        log_in(page, staff.username)
        for path, text in (
            ("accounts/user", ride.rider.username),
            ("fleet/vehicle", ride.vehicle.code),
            ("rides/ride", "Eiffel Tower"),
            ("cities/city", "Paris"),
        ):
            page.goto(f"/admin/{path}/")
            page.locator("#result_list").get_by_text(text).first.wait_for()


def test_someone_who_gives_the_position_sees_the_nearest_first(open_browser):
    far = VehicleFactory()
    near = VehicleFactory(latitude=EIFFEL_TOWER[0], longitude=EIFFEL_TOWER[1])
    position = {"latitude": EIFFEL_TOWER[0], "longitude": EIFFEL_TOWER[1]}
    with open_browser(geolocation=position, permissions=["geolocation"]) as page:
        log_in(page, UserFactory().username)
        page.get_by_role("button", name="Near me").click()
        see(page, "Nearest first.")
        assert page.locator(".plate").all_inner_texts() == [near.plate, far.plate]


def test_someone_who_refuses_the_position_reads_that_the_list_is_still_there(open_browser):
    VehicleFactory()
    with open_browser() as page:
        log_in(page, UserFactory().username)
        page.get_by_role("button", name="Near me").click()
        see(page, "get your location.")


def test_the_time_of_an_open_ride_runs_on(open_browser):
    rider = UserFactory()
    vehicle = VehicleFactory()
    with open_browser() as page:
        log_in(page, rider.username)
        page.get_by_role("button", name=f"Start ride {vehicle.plate}").click()
        clock = page.locator("[data-running]")
        first = clock.inner_text()
        page.wait_for_function("first => document.querySelector('[data-running]').innerText !== first", arg=first)


def test_someone_who_scans_a_label_rides_after_three_taps_and_three_fields(open_browser):
    vehicle = VehicleFactory(city="rome")
    with open_browser() as page:
        page.goto(f"/v/{vehicle.code}/")
        page.locator("main").get_by_role("link", name="Sign up").click()
        page.get_by_label("E-mail").fill("ada@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("First name").fill("Ada")
        expect(page.get_by_label("Home city")).to_have_value("rome")
        page.locator("main").get_by_role("button", name="Sign up").click()
        page.get_by_role("button", name=f"Start ride {vehicle.code}").click()
        see(page, "Ride started.")
    assert Ride.objects.get().rider.city == "rome"


@SCRIPTS
def test_someone_who_scans_a_label_logs_in_and_is_back_at_the_vehicle(open_browser, javascript):
    vehicle = VehicleFactory()
    rider = UserFactory()
    with open_browser(javascript=javascript) as page:
        page.goto(f"/v/{vehicle.code}/")
        page.locator("main").get_by_role("link", name="Log in").click()
        page.get_by_label("Username or e-mail").fill(rider.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.locator("main").get_by_role("button", name="Log in", exact=True).click()
        page.get_by_role("button", name=f"Start ride {vehicle.code}").click()
        see(page, "Ride started.")
