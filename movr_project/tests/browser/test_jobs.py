"""The progress of a job, on every page and on its own."""

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import UserFactory
from jobs.running import JobContext, Run, run_job
from jobs.services.progress import store_progress
from jobs.tests import tasks
from jobs.tests.work import claim_one
from movr_project.tests.browser.conftest import DESKTOP, PHONE
from movr_project.tests.browser.steps import fits, log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def report(run, percent):
    JobContext(task_result=None, run=run).progress(percent, 100, f"{percent} counted")
    store_progress([run])


def test_a_bar_shows_the_progress_on_every_page_and_moves_by_itself(open_browser):
    person = UserFactory(username="ada", city="paris")
    tasks.count.using(user=person).enqueue()
    run = Run(claim_one())
    with open_browser(PHONE) as page:
        log_in(page, "ada")
        bar = page.locator("#jobs-bar")
        for number, address in enumerate(["/vehicles/", "/rides/", "/profile/"]):
            page.goto(address)
            report(run, 10 + number)
            expect(bar).to_contain_text(f"{10 + number}%")
            assert fits(page)
        page.get_by_role("link", name="Counting").click()
        part = page.locator("#job")
        for percent in (40, 80):
            report(run, percent)
            expect(part).to_contain_text(f"{percent} counted")
        run_job(run)
        expect(part).to_contain_text("Done.")


def test_a_job_is_followed_and_cancelled_without_scripts(open_browser):
    person = UserFactory(username="ada", city="paris")
    tasks.count.using(user=person).enqueue()
    with open_browser(DESKTOP, javascript=False) as page:
        log_in(page, "ada")
        page.locator("#jobs-bar").get_by_role("link").click()
        page.get_by_role("link", name="Counting").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#job")).to_contain_text("Cancelled.")
