"""Reserving, booking and reporting, on a phone and a desktop, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import UserFactory
from fleet.models import Allocation
from fleet.tests.factories import BookingFactory, VehicleFactory
from movr_project.tests.browser.steps import BROWSERS, SCREENS, fits, log_in, see
from operations.models import ProblemReport
from rides.models import Ride

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WITHOUT_POSITION = {"somewhere": True}  # no map, whose tiles come from elsewhere


def shows_no_scrollbar(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth") and fits(page)


@BROWSERS
def test_a_rider_reserves_a_vehicle_sees_the_time_run_and_starts_the_ride(open_browser, viewport, javascript):
    rider = UserFactory()
    vehicle = VehicleFactory(**WITHOUT_POSITION)
    with open_browser(viewport, javascript=javascript) as page:
        log_in(page, rider.username)
        see(page, "Vehicles in Paris")
        page.get_by_role("button", name=f"Reserve {vehicle.plate}").click()
        see(page, "Reserved until")
        countdown = page.locator("main .act .countdown")
        if javascript:
            countdown.get_by_text(re.compile(r"^9:\d\d left$")).wait_for()
            shown = countdown.inner_text()
            page.wait_for_function("shown => document.querySelector('.act .countdown').innerText !== shown", arg=shown)
        else:
            assert re.match(r"until \d", countdown.inner_text())
        assert not javascript or shows_no_scrollbar(page)

        page.get_by_role("link", name="Reserved").click()
        see(page, "My bookings")
        page.get_by_role("button", name=f"Start ride {vehicle.code}").click()
        see(page, "Ride started.")
        expect(page.get_by_role("link", name="Reserved")).to_have_count(0)
    assert Ride.objects.get().vehicle == vehicle


@BROWSERS
def test_a_rider_books_and_cancels_while_others_book_too(open_browser, viewport, javascript):
    rider = UserFactory()
    taken = BookingFactory(vehicle=VehicleFactory(**WITHOUT_POSITION))
    vehicle = taken.vehicle
    local = taken.starts_at.astimezone(vehicle.served_city.tzinfo)
    with open_browser(viewport, javascript=javascript) as page:
        log_in(page, rider.username)
        page.goto(vehicle.get_absolute_url())
        page.get_by_role("link", name="Book for later").click()
        page.get_by_label("From").wait_for()
        expect(page.locator(".book-until")).to_be_hidden()
        page.get_by_label("From").fill(local.strftime("%Y-%m-%dT%H:%M"))
        page.get_by_label("2 hours").check()
        page.get_by_label("Note").fill("A picnic")
        page.get_by_role("button", name="Book", exact=True).click()
        see(page, "This vehicle is unavailable from")
        assert not javascript or shows_no_scrollbar(page)
        page.get_by_role("button", name=re.compile("^Book from .* instead$")).click()
        see(page, "Booked.")
        see(page, "A picnic")
        booking = Allocation.objects.get(rider_id=rider.id)
        assert booking.starts_at == taken.ends_at

        day = booking.starts_at.astimezone(vehicle.served_city.tzinfo).date()
        page.goto(f"{vehicle.get_absolute_url()}calendar/?day={day}")
        see(page, "Yours")
        see(page, "Unavailable")
        assert not javascript or shows_no_scrollbar(page)

        page.get_by_role("link", name="Bookings").first.click()
        page.locator("summary", has_text="Cancel the booking").click()
        page.get_by_role("button", name=f"Cancel booking {vehicle.code}").click()
        see(page, "Your booking is cancelled.")
        see(page, "Past and cancelled")
    assert Allocation.objects.get(id=booking.id).cancelled_at


@BROWSERS
def test_a_rider_reports_bad_brakes(open_browser, viewport, javascript):
    rider = UserFactory()
    vehicle = VehicleFactory(**WITHOUT_POSITION)
    with open_browser(viewport, javascript=javascript) as page:
        log_in(page, rider.username)
        page.goto(f"/v/{vehicle.code}/")
        page.get_by_role("link", name="Report a problem").click()
        page.get_by_label("Brakes").check()
        page.get_by_label("Tell us more").fill("They squeal, and little else.")
        page.get_by_role("button", name="Report").click()
        see(page, "is out of service for 12 hours")
        see(page, "Out of service")
        expect(page.get_by_role("button", name=re.compile("^Start ride"))).to_have_count(0)
    assert ProblemReport.objects.get().took_off


@SCREENS
def test_the_list_is_narrowed_in_place_to_what_is_free(open_browser, viewport):
    rider = UserFactory()
    taken = BookingFactory(vehicle=VehicleFactory(**WITHOUT_POSITION))
    free = VehicleFactory(**WITHOUT_POSITION)
    zone = free.served_city.tzinfo
    start, end = (moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M") for moment in (taken.starts_at, taken.ends_at))
    with open_browser(viewport) as page:
        log_in(page, rider.username)
        page.locator(".when-menu summary").click()
        page.get_by_label("From").fill(start)
        page.locator("#free-error").get_by_text("Enter an end time.").wait_for()
        page.get_by_label("Until").fill(end)
        page.get_by_role("link", name=f"Book {free.plate}").wait_for()
        expect(page.locator("#free-error")).to_have_text("")
        expect(page.locator("#results").get_by_text(taken.vehicle.plate)).to_have_count(0)
        assert shows_no_scrollbar(page)
