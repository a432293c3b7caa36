"""Ending and parking on a phone: two taps, without scrolling."""

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import NotificationFactory
from cities.models import Place
from fleet.tests.factories import EIFFEL_TOWER
from movr_project.tests.browser.conftest import PHONE
from movr_project.tests.browser.steps import log_in, see
from photos.models import Photo
from photos.tests.pictures import picture
from rides.models import Ride
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABS = 64  # pixels at the bottom
HERE = {"latitude": EIFFEL_TOWER[0], "longitude": EIFFEL_TOWER[1]}


def tap(page, button):
    """Tap a button that is on the screen, above the tabs, without scrolling."""
    expect(button).to_be_in_viewport(ratio=1)
    box = button.bounding_box()
    assert box["y"] + box["height"] <= PHONE["height"] - TABS
    assert page.evaluate("scrollY") == 0
    button.tap()


def test_a_ride_ends_in_two_taps_on_the_screen_as_it_opens(open_browser):
    ride = OpenRideFactory()
    NotificationFactory(user=ride.rider)  # at the top of the page
    Place.objects.create(city="paris", name="Eiffel Tower", **HERE)
    with open_browser(geolocation=HERE, permissions=["geolocation"]) as page:
        log_in(page, ride.rider.username)
        page.goto("/rides/")
        tap(page, page.locator("summary", has_text="End ride"))
        expect(page.get_by_label("Where are you leaving the vehicle?")).to_have_value("near Eiffel Tower")
        page.locator(".pick-place .marker").wait_for()
        tap(page, page.get_by_role("button", name="End ride here"))
        see(page, "Ride ended.")
    ended = Ride.objects.get()
    assert (ended.end_location, ended.end_position) == ("near Eiffel Tower", EIFFEL_TOWER)


def test_a_vehicle_is_parked_and_ridden_on_and_two_rides_end_apart(open_browser, settings, photo_folder):
    settings.MAX_OPEN_RIDES = 2
    first = OpenRideFactory()
    second = OpenRideFactory(rider=first.rider)
    with open_browser() as page:
        log_in(page, first.rider.username)
        page.goto("/rides/")
        page.get_by_role("button", name=f"Pause ride {second.vehicle.code}").click()
        see(page, "Paused. It's yours until")
        expect(page.get_by_role("button", name=f"Pause ride {first.vehicle.code}")).to_be_visible()
        page.get_by_role("button", name=f"Resume ride {second.vehicle.code}").click()
        expect(page.get_by_role("button", name=f"Pause ride {second.vehicle.code}")).to_be_visible()
        card = page.locator(".open-ride", has_text=first.vehicle.code)
        card.locator("summary", has_text="End ride").click()
        card.get_by_label("Where are you leaving the vehicle?").fill("Louvre")
        card.get_by_label("Photo of the parked vehicle").set_input_files(
            {"name": "huge.png", "mimeType": "image/png", "buffer": picture(3000, 2000, format="PNG")}
        )
        page.wait_for_function(
            "() => [...document.querySelectorAll('[data-photo]')].some(input => input.files[0]?.name === 'photo.jpg')"
        )
        card.get_by_role("button", name="End ride here").click()
        see(page, "Ride ended.")
        expect(page.get_by_alt_text("Your photo of the parked vehicle")).to_be_visible()
    assert not Ride.objects.get(id=first.id).is_open
    assert Ride.objects.get(id=second.id).is_open
    assert Photo.objects.get().width == 1600
