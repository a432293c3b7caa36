"""Maps on a phone and a desktop, by touch and keyboard, and with missing parts."""

import re
import struct
import zlib
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import UserFactory
from fleet.map import MAX_PLACES
from fleet.models import Vehicle
from fleet.tests.factories import EIFFEL_TOWER, NOTRE_DAME, VehicleFactory, numbered_code
from movr_project.tests.browser.conftest import DESKTOP, PHONE
from movr_project.tests.browser.steps import SCREENS, fits, log_in, open_end_form, see
from rides.models import Ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TILES = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
ANY_TILE = "https://tile.openstreetmap.org/**"
ROME = {"latitude": 41.8902, "longitude": 12.4922}


def part(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


PIXEL = b"\x89PNG\r\n\x1a\n" + b"".join(
    [
        part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        part(b"IDAT", zlib.compress(b"\0\xdd\xdd\xdd")),
        part(b"IEND", b""),
    ]
)


@pytest.fixture
def open_browser(open_browser, settings):
    """A browser with a fake tile server. ``page.tiles`` are the requests to it."""
    settings.MAP_TILE_URL = TILES

    @contextmanager
    def open_(viewport=PHONE, **options):
        with open_browser(viewport, **options) as page:
            page.tiles = []

            def answer(route):
                page.tiles.append(route.request)
                route.fulfill(body=PIXEL, content_type="image/png")

            page.route(ANY_TILE, answer)
            yield page

    return open_


def marker(page, vehicle):
    return page.get_by_role("button", name=re.compile(vehicle.plate)).and_(page.locator(".marker"))


@SCREENS
def test_the_map_shows_the_vehicles_with_type_and_state(open_browser, viewport):
    free, ridden = VehicleFactory(), OpenRideFactory().vehicle
    VehicleFactory(somewhere=True)
    with open_browser(viewport) as page:
        log_in(page, UserFactory().username)
        page.get_by_role("button", name=f"Scooter {free.plate}, available").wait_for()
        expect(page.get_by_role("button", name=f"Scooter {ridden.plate}, in use")).to_have_count(1)
        see(page, "2 vehicles on the map")
        assert page.locator(".vehicle-card").count() == 3
        expect(page.get_by_role("link", name="OpenStreetMap")).to_be_visible()
        assert fits(page)


@SCREENS
def test_map_and_list_fit_the_screen(open_browser, viewport):
    VehicleFactory()
    with open_browser(viewport) as page:
        log_in(page, UserFactory().username)
        page.wait_for_load_state("networkidle")
        card, frame = (page.locator(name).first.bounding_box() for name in (".vehicle-card", ".map"))
        if viewport == PHONE:
            assert frame["height"] == pytest.approx(viewport["height"] * 0.45, abs=2)
            assert card["y"] > frame["y"] + frame["height"]
        else:
            assert card["x"] > frame["x"] + frame["width"]


def test_tiles_are_asked_for_with_the_site_they_are_for(open_browser, live_server):
    VehicleFactory()
    with open_browser() as page:
        log_in(page, UserFactory().username)
        page.locator(".leaflet-tile-loaded").first.wait_for()
        assert page.tiles[0].header_value("referer") == f"{live_server.url}/"


@SCREENS
def test_a_tap_on_a_marker_shows_the_vehicle_and_links_to_it(open_browser, viewport):
    vehicle = VehicleFactory(battery_percent=61)
    with open_browser(viewport) as page:
        log_in(page, UserFactory().username)
        marker(page, vehicle).click()
        popup = page.locator(".leaflet-popup")
        assert popup.inner_text().split("\n")[:5:2] == [f"Scooter {vehicle.plate}", "Available", "61% charged"]
        expect(page.locator(".vehicle-card")).to_contain_class("is-marked")
        popup.get_by_role("button", name="Close").wait_for()
        popup.get_by_role("link", name=vehicle.plate).click()
        page.wait_for_url(f"**{vehicle.get_absolute_url()}")


def test_markers_are_opened_and_closed_by_the_keyboard(open_browser):
    vehicle = VehicleFactory()
    with open_browser(DESKTOP) as page:
        log_in(page, UserFactory().username)
        marker(page, vehicle).focus()
        page.keyboard.press("Enter")
        popup = page.locator(".leaflet-popup")
        expect(popup.get_by_role("link", name=vehicle.plate)).to_be_focused()
        page.keyboard.press("Escape")
        popup.wait_for(state="detached")
        expect(marker(page, vehicle)).to_be_focused()


def test_a_card_marks_its_vehicle_on_the_map(open_browser):
    vehicle = VehicleFactory()
    with open_browser(DESKTOP) as page:
        log_in(page, UserFactory().username)
        marker(page, vehicle).wait_for()
        page.locator(".vehicle-card").hover()
        page.locator(".marker.is-marked").wait_for()
        page.locator("h1").hover()
        page.locator(".marker.is-marked").wait_for(state="detached")
        page.get_by_role("button", name=f"Start ride {vehicle.plate}").focus()
        page.locator(".marker.is-marked").wait_for()


@SCREENS
def test_many_vehicles_are_groups_that_open_by_going_nearer(open_browser, viewport):
    fields = {"latitude": NOTRE_DAME[0], "longitude": NOTRE_DAME[1]}
    Vehicle.objects.bulk_create(
        VehicleFactory.build(code=numbered_code("paris", number), **fields) for number in range(MAX_PLACES + 1)
    )
    with open_browser(viewport) as page:
        log_in(page, UserFactory().username)
        group = page.get_by_role("button", name="Vehicles here: 301, available: 301. Zoom in.")
        for _zoom in range(3):  # from 13 to the deepest, where they still overlap
            group.click()
            page.wait_for_function("() => !document.querySelector('.leaflet-zoom-anim')")
            page.wait_for_timeout(600)
            group.wait_for()
        group.click()
        page.get_by_role("link", name="Vehicles here: 301. See them in the list.").click()
        see(page, "Nearest first.")


def test_the_filters_narrow_map_and_list_alike(open_browser):
    scooter, bike = VehicleFactory(), VehicleFactory(type="bike", latitude=48.86, longitude=2.36)
    with open_browser(DESKTOP) as page:
        log_in(page, UserFactory().username)
        marker(page, scooter).wait_for()
        page.get_by_label("Type").select_option("bike")
        marker(page, scooter).wait_for(state="detached")
        marker(page, bike).wait_for()
        assert page.locator(".vehicle-card .plate").all_inner_texts() == [bike.plate]
        page.reload()
        see(page, "1 vehicle on the map")


def test_the_map_is_refreshed_while_it_is_open(open_browser):
    first = VehicleFactory()
    with open_browser() as page:
        page.clock.install()
        log_in(page, UserFactory().username)
        marker(page, first).wait_for()
        Vehicle.objects.update(status="on_trip")
        VehicleFactory()
        page.clock.run_for(31_000)
        see(page, "2 vehicles on the map")
        page.get_by_role("button", name=f"Scooter {first.plate}, in use").wait_for()


def test_near_me_shows_the_users_position(open_browser):
    far = VehicleFactory()
    near = VehicleFactory(latitude=EIFFEL_TOWER[0], longitude=EIFFEL_TOWER[1])
    position = {"latitude": EIFFEL_TOWER[0], "longitude": EIFFEL_TOWER[1]}
    with open_browser(geolocation=position, permissions=["geolocation"]) as page:
        log_in(page, UserFactory().username)
        marker(page, far).wait_for()
        page.get_by_role("button", name="Near me").click()
        page.locator(".marker-person").wait_for()
        marker(page, far).wait_for(state="detached")
        marker(page, near).wait_for()
        assert page.locator(".vehicle-card .plate").all_inner_texts() == [near.plate, far.plate]


@SCREENS
def test_someone_in_another_city_is_offered_to_switch(open_browser, viewport):
    VehicleFactory()
    there = VehicleFactory(city="rome", **ROME)
    with open_browser(viewport, geolocation=ROME, permissions=["geolocation"]) as page:
        log_in(page, UserFactory().username)
        page.get_by_role("button", name="Near me").click()
        switch = page.locator("main").get_by_role("button", name="Switch to Rome")
        expect(switch).to_be_in_viewport(ratio=1)
        switch.click()
        see(page, "Vehicles in Rome")
        marker(page, there).wait_for()


@SCREENS
def test_without_tiles_the_vehicles_are_still_there(open_browser, viewport):
    vehicle = VehicleFactory()
    with open_browser(viewport) as page:
        # A response that isn't an image, as a failed request would be reported as an error.
        page.route(ANY_TILE, lambda route: route.fulfill(body="", content_type="image/png"))
        log_in(page, UserFactory().username)
        see(page, "Street map unavailable.")
        marker(page, vehicle).wait_for()
        page.unroute(ANY_TILE)
        page.route(ANY_TILE, lambda route: route.fulfill(body=PIXEL, content_type="image/png"))
        page.locator("main").get_by_role("button", name="Try again").click()
        page.locator(".leaflet-tile-loaded").first.wait_for()
        page.get_by_text("Street map unavailable").wait_for(state="detached")


def test_an_operator_without_tiles_has_a_plain_map(open_browser, settings):
    settings.MAP_TILE_URL = ""
    vehicle = VehicleFactory()
    with open_browser() as page:
        log_in(page, UserFactory().username)
        marker(page, vehicle).wait_for()
        assert page.tiles == []


def test_a_failed_request_for_vehicles_can_be_repeated(open_browser):
    vehicle = VehicleFactory()
    with open_browser() as page:
        page.route("**/vehicles/map/*", lambda route: route.fulfill(body="<p>Busy</p>", content_type="text/html"))
        log_in(page, UserFactory().username)
        see(page, "The vehicles on the map may be out of date.")
        page.unroute("**/vehicles/map/*")
        page.locator("main").get_by_role("button", name="Try again").click()
        marker(page, vehicle).wait_for()
        page.locator(".map-notices p").wait_for(state="detached")


@SCREENS
def test_without_scripts_there_is_only_the_list(open_browser, viewport):
    vehicle = VehicleFactory()
    with open_browser(viewport, javascript=False) as page:
        log_in(page, UserFactory().username)
        see(page, vehicle.plate)
        expect(page.locator(".vehicle-map")).to_be_hidden()
        page.get_by_role("link", name=vehicle.plate).click()
        page.wait_for_url("**/vehicles/paris/**")
        page.locator(".small-map").wait_for(state="hidden")


@SCREENS
def test_a_tap_on_the_map_says_where_a_ride_ends(open_browser, viewport):
    rider, vehicle = UserFactory(), VehicleFactory()
    with open_browser(viewport) as page:
        log_in(page, rider.username)
        page.get_by_role("button", name=f"Start ride {vehicle.plate}").click()
        open_end_form(page)
        page.get_by_role("button", name="Choose on the map").click()
        page.locator(".pick-place .leaflet-control-zoom").wait_for()
        page.locator(".pick-place .map").click(position={"x": 150, "y": 60})
        see(page, "Location marked.")
        expect(page.get_by_label("Where are you leaving the vehicle?")).to_have_value("")
        assert fits(page)
        page.get_by_role("button", name="End ride here").click()
        see(page, "Ride ended.")
        see(page, "Pinned location")
    vehicle, ride = Vehicle.objects.get(), Ride.objects.get()
    assert vehicle.position == ride.end_position
    assert vehicle.position != NOTRE_DAME
    assert vehicle.position == pytest.approx(NOTRE_DAME, abs=0.01)
    assert ride.end_location == vehicle.last_location == ""


def test_a_place_is_chosen_described_and_cleared_by_keyboard(open_browser):
    rider, vehicle = UserFactory(), VehicleFactory()
    with open_browser() as page:
        log_in(page, rider.username)
        page.get_by_role("button", name=f"Start ride {vehicle.plate}").click()
        open_end_form(page)
        words = page.get_by_label("Where are you leaving the vehicle?")
        words.fill("At the bridge")
        page.get_by_role("button", name="Choose on the map").press("Enter")
        page.locator(".pick-place .leaflet-control-zoom").wait_for()
        page.get_by_role("button", name="Use map center").press("Enter")
        see(page, "Location marked.")
        expect(words).to_have_value("At the bridge")
        expect(page.locator("[name=latitude]")).to_have_value(f"{NOTRE_DAME[0]:.6f}")
        page.get_by_role("button", name="Clear location").press("Enter")
        expect(page.locator("[name=latitude]")).to_have_value("")
        expect(words).to_have_value("At the bridge")


@SCREENS
def test_a_vehicle_is_added_where_the_map_was_tapped(open_browser, viewport):
    with open_browser(viewport) as page:
        log_in(page, UserFactory().username)
        page.goto("/vehicles/add/")
        page.get_by_label("Type").select_option("bike")
        page.get_by_label("Color").fill("red")
        page.get_by_role("button", name="Choose on the map").click()
        page.locator(".pick-place .leaflet-control-zoom").wait_for()
        page.locator(".pick-place .map").click(position={"x": 150, "y": 120})
        page.get_by_role("button", name="Add vehicle").click()
        see(page, "Vehicle added in Paris!")
    assert Vehicle.objects.get().has_position


@SCREENS
def test_a_vehicles_page_and_a_rides_summary_have_a_map(open_browser, viewport):
    rider = UserFactory()
    start, end = NOTRE_DAME, EIFFEL_TOWER
    ride = RideFactory(
        rider=rider,
        start_latitude=start[0],
        start_longitude=start[1],
        end_latitude=end[0],
        end_longitude=end[1],
    )
    with open_browser(viewport) as page:
        log_in(page, rider.username)
        page.goto(ride.vehicle.get_absolute_url())
        page.locator(".small-map").scroll_into_view_if_needed()
        page.locator(".small-map .marker-free").wait_for()
        page.goto(ride.get_absolute_url())
        page.locator(".small-map").scroll_into_view_if_needed()
        page.locator(".small-map .marker-end").wait_for()
        assert page.locator(".marker-text").all_inner_texts() == ["Start", "End"]
        assert fits(page)
