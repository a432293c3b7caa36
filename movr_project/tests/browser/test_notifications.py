"""Notifications that arrive while a page is open."""

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import UserFactory
from movr_project.db.retry import run_transaction
from movr_project.tests.browser.conftest import PHONE
from movr_project.tests.browser.steps import fits, log_in
from notifications.services import mark_all_read, notify, publish

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_badge_rises_by_itself_and_the_list_follows(open_browser):
    rider = UserFactory()
    other = UserFactory()

    def tell(person, text):
        run_transaction(lambda: notify(person, code="a", text=text, url="/rides/"))

    with open_browser(PHONE) as page:
        page.clock.install()
        log_in(page, rider.username)
        badge = page.locator(".user-menu > summary [data-unread]")
        expect(badge).to_be_hidden()
        tell(other, "For somebody else")
        tell(rider, "Still riding?")
        with page.expect_response("**/notifications/?since=0"):
            page.clock.run_for(10_000)
        expect(badge).to_contain_text("1 unread notification")
        arrival = page.locator("[data-arrivals]")
        expect(arrival.get_by_role("link", name="Still riding?")).to_have_attribute("href", "/rides/")
        assert fits(page)
        arrival.get_by_role("button", name="Close").click()
        expect(arrival.get_by_role("link")).to_be_hidden()

        page.evaluate("document.addEventListener('movr:news', ({detail}) => { document.title = detail.data.done; })")
        run_transaction(lambda: publish(rider, code="job_progress", key="export", data={"done": "50%"}))
        page.clock.run_for(10_000)
        expect(page).to_have_title("50%")
        expect(badge).to_contain_text("1 unread notification")

        page.goto("/notifications/")
        tell(rider, "Thanks for your report.")
        page.clock.run_for(10_000)
        rows = page.locator("main .notice-row.unread")
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text("Thanks for your report.")
        mark_all_read(rider)
        page.clock.run_for(10_000)
        expect(rows).to_have_count(0)
        expect(badge).to_be_hidden()

        asked = []
        page.on("request", lambda request: asked.append(request.url) if "/notifications/?since=" in request.url else 0)
        page.context.clear_cookies()  # logged out in another tab
        with page.expect_response("**/notifications/?since=4"):
            page.clock.run_for(10_000)
        page.clock.run_for(60_000)
        assert len(asked) == 1
