"""Two people meet in the community, on a phone with scripts and on a desktop without."""

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import StaffFactory
from community.models import Decision, Report
from community.services import publish_post, send_message
from community.tests.factories import MemberFactory
from community.translation import LibreTranslate
from movr_project.tests.browser.conftest import DESKTOP
from movr_project.tests.browser.steps import BROWSERS, ask_at_once, fits, log_in, see

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@BROWSERS
def test_two_people_meet_write_and_part(open_browser, viewport, javascript, settings, monkeypatch):
    settings.TRANSLATE_URL = "https://translate.example/translate"
    monkeypatch.setattr(LibreTranslate, "translate", lambda self, text, source, target: "Is the lift working?")
    anna, bob = MemberFactory(username="anna"), MemberFactory(username="bob")
    publish_post(author=bob, body="¿Funciona el ascensor de la estación?", token="one")
    with open_browser(viewport, javascript=javascript) as page:
        log_in(page, anna.username)
        page.goto("/community/explore/")
        main = page.locator("main")
        if javascript:
            main.get_by_role("link", name="bob", exact=True).focus()
            expect(page.locator(".person-popover")).to_contain_text("0 followers")
            page.locator(".person-popover").get_by_role("button", name="Follow").click()
            see(page, "You are following bob!")
            main.get_by_role("button", name="Translate").click()
            expect(main.locator(".post-translation")).to_have_text("Is the lift working? (Translated by a machine)")
        else:
            expect(main.get_by_role("button", name="Translate")).to_be_hidden()
            main.get_by_role("link", name="bob", exact=True).click()
            main.get_by_role("button", name="Follow").click()
            see(page, "You are following bob!")

        page.goto("/community/")
        see(page, "Funciona el ascensor")
        page.get_by_label("Say something").fill("The ramp on the east side works")
        page.get_by_role("button", name="Post", exact=True).click()
        see(page, "Your post is now live!")
        main.get_by_role("searchbox").fill("ramp")
        main.get_by_role("searchbox").press("Enter")
        see(page, "Search Results")
        see(page, "The ramp on the east side works")

        send_message(sender=bob, recipient=anna, body="Thanks for the tip", token="two")
        badge = page.locator("[data-unread-messages]").first
        if javascript:
            ask_at_once(page)
            expect(badge).to_have_text("1 unread")
        page.goto("/messages/")
        expect(badge).to_have_text("1 unread")
        main.get_by_role("link", name="@bob").click()
        see(page, "Thanks for the tip")
        if not javascript:
            main.get_by_role("button", name="Mark as read").click()
        expect(badge).to_have_attribute("hidden", "")
        page.get_by_label("Message").fill("You're welcome")
        page.get_by_role("button", name="Send").click()
        see(page, "Your message has been sent.")
        assert fits(page)

        page.goto("/users/bob/")
        main.get_by_role("link", name="Report").first.click()
        page.get_by_label("Spam or advertising").check()
        main.get_by_role("button", name="Report").click()
        see(page, "Thanks for reporting this.")
        page.goto("/users/bob/")
        main.get_by_role("button", name="Block").click()
        see(page, "You have blocked bob.")
        expect(main.get_by_text("Funciona el ascensor")).to_have_count(0)
    if not javascript:
        moderate(open_browser)


def moderate(open_browser):
    """Have a member of staff decide about the report."""
    with open_browser(DESKTOP) as page:
        log_in(page, StaffFactory().username)
        page.goto(f"/admin/community/report/{Report.objects.get().pk}/change/")
        page.get_by_role("button", name="Warn the author").click()
        page.get_by_label("Reasons").fill("Please don't advertise here.")
        page.get_by_role("button", name="Warn the author").click()
        page.get_by_text("Decisions: 1.").wait_for()
    assert Decision.objects.get().measure == "warn"
