"""Passkeys with Chromium's own authenticator."""

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import PASSWORD, UserFactory
from movr_project.tests.browser.conftest import PHONE
from movr_project.tests.browser.steps import fits, log_in, see

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def with_authenticator(live_server, settings):
    """``with_authenticator(page)`` gives a page's browser a device, and returns a function that changes it."""
    settings.SITE_URL = live_server.url

    def add(page):
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        device = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options | {"isUserVerified": True}})
        return lambda command, **values: devtools.send(f"WebAuthn.{command}", device | values)

    return add


def test_a_passkey_is_added_and_logs_in_without_a_password(open_browser, with_authenticator):
    rider = UserFactory()
    with open_browser(PHONE) as page:
        change = with_authenticator(page)
        log_in(page, rider.username, "/profile/passkeys/")
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_label("Name").fill("My phone")
        page.get_by_label("Your password").fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Create the passkey").click()
        see(page, "Your passkey has been added.")
        expect(page.get_by_role("heading", name="My phone")).to_be_visible()
        assert fits(page)

        page.context.clear_cookies()
        page.goto("/login/?next=/rides/")
        change("setUserVerified", isUserVerified=False)
        page.get_by_role("button", name="Log in with a passkey").click()
        expect(page.get_by_text("That was cancelled, or took too long.")).to_be_visible()
        assert fits(page)
        change("setUserVerified", isUserVerified=True)
        page.get_by_role("button", name="Use a passkey").click()
        page.wait_for_url("**/rides/")
        see(page, "Rides")


def test_without_scripts_the_page_says_what_is_needed(open_browser):
    rider = UserFactory()
    with open_browser(PHONE, javascript=False) as page:
        log_in(page, rider.username, "/profile/passkeys/")
        see(page, "Passkeys need JavaScript")
        expect(page.get_by_role("link", name="Add a passkey")).to_be_hidden()
        page.context.clear_cookies()
        page.goto("/login/")
        expect(page.get_by_role("button", name="Log in with a passkey")).to_be_hidden()
