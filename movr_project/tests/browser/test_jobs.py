"""The progress of a job, on every page and on its own."""

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.models import Vehicle
from jobs.running import JobContext, Run, run_job
from jobs.services.progress import store_progress
from jobs.tests import tasks
from jobs.tests.work import claim_one
from movr_project.tests.browser.conftest import DESKTOP, PHONE
from movr_project.tests.browser.steps import ask_at_once, fits, log_in

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


def test_a_page_that_was_already_open_shows_a_job_that_begins(open_browser):
    person = UserFactory(username="ada", city="paris")
    with open_browser(PHONE) as page:
        log_in(page, "ada", "/profile/")
        bar = page.locator("#jobs-bar")
        expect(bar).to_have_count(0)
        tasks.count.using(user=person).enqueue()
        ask_at_once(page)
        expect(bar.get_by_role("link")).to_contain_text("Counting")
        run = Run(claim_one())
        report(run, 30)
        ask_at_once(page)
        expect(bar).to_contain_text("30%")
        run_job(run)
        ask_at_once(page)
        expect(bar).to_contain_text("Done")
        assert fits(page)


def test_a_job_is_followed_and_cancelled_without_scripts(open_browser):
    person = UserFactory(username="ada", city="paris")
    tasks.count.using(user=person).enqueue()
    with open_browser(DESKTOP, javascript=False) as page:
        log_in(page, "ada")
        page.locator("#jobs-bar").get_by_role("link").click()
        page.get_by_role("link", name="Counting").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#job")).to_contain_text("Cancelled.")


def upload(page, rows):
    """Upload a file of vehicles, without the trial, and return the run of the job that imports it."""
    content = "\n".join(["city,type,color,last_location", *rows])
    file = {"name": "vehicles.csv", "mimeType": "text/csv", "buffer": content.encode()}
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_label("Only check the file").uncheck()
    page.get_by_role("button", name="Upload").click()
    page.locator("#job").wait_for()
    return Run(claim_one())


def test_staff_correct_a_file_of_vehicles_and_import_it(open_browser, settings):
    settings.STAFF_SECOND_FACTOR = False
    staff = StaffFactory()
    with open_browser(DESKTOP) as page:
        log_in(page, staff.username, "/admin/fleet/vehicle/import/")
        part = page.locator("#job")
        run_job(upload(page, ["paris,bike,red,Louvre", "atlantis,bike,red,Louvre", "rome,scooter,,Termini"]))
        expect(part).to_contain_text("No vehicle was added. 2 rows have errors:")
        expect(part.get_by_role("listitem")).to_contain_text(
            ["Line 3: city: We don't serve that city yet.", "Line 4: color: This field is required."]
        )
        assert not Vehicle.objects.exists()

        page.get_by_role("link", name="Upload another file").click()
        run = upload(page, ["paris,bike,red,Louvre", "boston,bike,red,Common", "rome,scooter,blue,Termini"])
        report(run, 40)
        expect(part.locator("progress")).to_have_attribute("value", "40")
        expect(part).to_contain_text("In progress. 40%")
        run_job(run)
        expect(part).to_contain_text("3 vehicles were added:")
        expect(part).to_contain_text(Vehicle.objects.get(city="rome").code)
    assert Vehicle.objects.count() == 3
