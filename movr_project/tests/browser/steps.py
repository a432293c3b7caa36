"""Common steps of browser tests."""

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from accounts.models import User
from movr_project.tests.browser.conftest import DESKTOP, PHONE

SCREENS = pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desk"])
SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
BROWSERS = pytest.mark.parametrize(
    ("viewport", "javascript"), [(PHONE, True), (DESKTOP, False)], ids=["phone", "desk without scripts"]
)


def log_in(page, username, path="/vehicles/?view=list"):
    """Open the list of vehicles as someone, without the log-in page, which journeys from its form show."""
    page.context.add_cookies([session_cookie(User.objects.get(username=username), page.site)])
    page.goto(path)


def session_cookie(person, url):
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


def open_end_form(page, name="End ride"):
    """Take the first step of ending a ride, and wait until the position is known or isn't to be had."""
    page.locator(".end-details > summary", has_text=name).click()
    page.locator(".end-form [name=end_location]").wait_for()
    expect(page.locator("[data-use-position]:disabled")).to_have_count(0)


def see(page, text):
    """Wait for a text, and for the style sheets of the page that has it."""
    page.locator("main").get_by_text(text).first.wait_for()
    page.wait_for_load_state()


def ask_at_once(page):
    """Let an open page ask for news now, as when its tab is shown again, instead of within ten seconds."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def fits(page):
    """Assert that the page doesn't scroll sideways."""
    wide = page.locator("html").bounding_box()["width"]
    boxes = [element.bounding_box() for element in page.locator("main, header, footer").all()]
    return all(box["x"] + box["width"] <= wide + 1 for box in boxes if box)
