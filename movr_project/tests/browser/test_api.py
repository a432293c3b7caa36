"""The API in Chromium: an app on another host that uses cookies, and the page on which to try it."""

from urllib.parse import urlsplit

import pytest

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from movr_project.tests.browser.conftest import DESKTOP

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FETCH = """async ([url, method, headers, body]) => {
  try {
    const answer = await fetch(url, {method, headers, body, credentials: "include"});
    return {status: answer.status, body: await answer.json(), etag: answer.headers.get("ETag")};
  } catch (error) {
    return {status: 0};
  }
}"""


@pytest.fixture
def hosts(live_server, settings):
    """The addresses of the site, of an app on another host of its domain, and of a stranger."""
    port = urlsplit(live_server.url).port
    site, app, stranger = (f"http://{host}.localhost:{port}" for host in ("www.movr", "app.movr", "www.evil"))
    settings.ALLOWED_HOSTS = [".localhost"]
    settings.CORS_ALLOWED_ORIGINS = settings.CSRF_TRUSTED_ORIGINS = [app]
    settings.SESSION_COOKIE_DOMAIN = settings.CSRF_COOKIE_DOMAIN = ".movr.localhost"
    return site, app, stranger


def test_an_app_on_another_host_uses_the_cookies(chromium, hosts):
    site, app, stranger = hosts
    rider = UserFactory(username="ada")
    context = chromium.new_context(service_workers="block")
    page = context.new_page()

    def fetch(path, method="GET", headers=None, body=None):
        return page.evaluate(FETCH, [f"{site}{path}", method, headers or {}, body])

    page.goto(f"{app}/health/")
    assert fetch("/api/v1/session")["status"] == 401

    page.goto(f"{site}/login/")
    page.get_by_label("Username or e-mail").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"{site}/vehicles/**")

    page.goto(f"{app}/health/")
    session = fetch("/api/v1/session")
    assert (session["status"], session["body"]["username"]) == (200, "ada")
    profile = fetch("/api/v1/profile")
    headers = {"Content-Type": "application/json", "If-Match": profile["etag"]}
    assert fetch("/api/v1/profile", "PATCH", headers, '{"about_me": "No."}')["status"] == 403
    headers["X-CSRFToken"] = session["body"]["csrf_token"]
    assert fetch("/api/v1/profile", "PATCH", headers, '{"about_me": "Trains."}')["status"] == 200
    assert User.objects.get(id=rider.id).about_me == "Trains."

    page.goto(f"{stranger}/health/")
    assert fetch("/api/v1/session")["status"] == 0  # the browser hides the answer
    assert fetch("/api/v1/profile", "PATCH", headers, '{"about_me": "Evil."}')["status"] == 0
    assert User.objects.get(id=rider.id).about_me == "Trains."
    context.close()


def test_the_page_on_which_to_try_it(open_browser):
    """Its scripts and styles obey the Content-Security-Policy: ``open_browser`` fails on complaints."""
    with open_browser(DESKTOP) as page:
        page.goto("/api/v1/docs")
        page.get_by_role("heading", name="MovR").wait_for()
        page.locator("#operations-cities-list_cities").get_by_role("button").first.click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        page.get_by_text('"amsterdam"').first.wait_for()
