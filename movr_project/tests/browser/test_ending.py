"""Ending and parking on a phone: two taps, without scrolling."""

import pytest
from playwright.sync_api import expect

from fleet.tests.factories import EIFFEL_TOWER, VehicleFactory
from movr_project.tests.browser.conftest import PHONE
from movr_project.tests.browser.steps import log_in, see
from rides.models import Ride
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABS = 64  # pixels at the bottom
HERE = {"latitude": EIFFEL_TOWER[0], "longitude": EIFFEL_TOWER[1]}


def tap(page, button):
    """Tap a button that is on the screen, above the tabs, without scrolling."""
    expect(button).to_be_visible()
    box = button.bounding_box()
    assert box["y"] + box["height"] <= PHONE["height"] - TABS
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.evaluate("scrollY") == 0


def test_a_ride_ends_in_two_taps_on_the_screen_as_it_opens(open_browser):
    ride = OpenRideFactory()
    VehicleFactory(latitude=EIFFEL_TOWER[0], longitude=EIFFEL_TOWER[1], last_location="Eiffel Tower, north pillar")
    with open_browser(geolocation=HERE, permissions=["geolocation"]) as page:
        log_in(page, ride.rider.username)
        page.goto("/rides/")
        tap(page, page.locator("summary", has_text="End ride"))
        expect(page.get_by_label("Where are you leaving the vehicle?")).to_have_value("Eiffel Tower, north pillar")
        page.locator(".pick-place .marker").wait_for()
        tap(page, page.get_by_role("button", name="End ride here"))
        see(page, "Ride ended.")
    ended = Ride.objects.get()
    assert (ended.end_location, ended.end_position) == ("Eiffel Tower, north pillar", EIFFEL_TOWER)
