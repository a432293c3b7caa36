"""People who use a deployed MovR as with a browser: by its pages and forms."""

import shlex
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

from bench.html import Page

from . import servers
from .servers import Server

PASSWORD = "a-long-and-strange-word"
MAKE = """
from accounts.models import User
from fleet.tests.factories import VehicleFactory
User.objects.create_user("{name}", "{name}@example.com", "{password}", city="paris", first_name="Rita")
print(VehicleFactory(city="paris", number={number}).code)
"""


class Browser:
    """Follow a site's forms, with its cookies."""

    def __init__(self, site: Server):
        self.site = site
        self.cookies: dict[str, str] = {}
        self.statuses: set[int] = set()

    def get(self, path):
        return self._keep(self.site.get(path, Cookie=self._cookie()))

    def submit(self, path, pattern, **fields):
        """Submit the page's first form whose address matches."""
        _response, body = self.get(path)
        form = Page(body.decode(), path).submit(pattern)
        origin = f"https://{self.site.host}"
        return self._keep(self.site.post(form.url, form.fields | fields, Cookie=self._cookie(), Origin=origin))

    def _cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def _keep(self, answer):
        response, _body = answer
        self.statuses.add(response.status)
        for header in response.headers.get_all("Set-Cookie", []):
            for name, cookie in SimpleCookie(header).items():
                self.cookies[name] = cookie.coded_value
        return answer


def make_a_rider_and_a_vehicle(slug: Path, name: str, number: int, variables: dict[str, str]) -> str:
    """Return the address on the vehicle's label. ``number`` must be a different one for each caller."""
    code = MAKE.format(name=name, number=number, password=PASSWORD)
    result = servers.run(f"python manage.py shell -v 0 -c {shlex.quote(code)}", slug=slug, **variables)
    assert result.returncode == 0, result.stderr
    return f"/v/{result.stdout.strip()}/"


def log_in(site: Server, name: str) -> Browser:
    browser = Browser(site)
    response, _body = browser.submit("/login/", "/login/", username=name, password=PASSWORD)
    assert response.status == 302
    return browser


def ride(site: Server, name: str, label: str) -> None:
    """Log in, scan the label, start a ride, look at its page and end it."""
    browser = log_in(site, name)
    started, _body = browser.submit(label, "/rides/start/")
    assert started.status == 302
    page = urlsplit(started.headers["Location"]).path
    assert browser.get(page)[0].status == 200
    ended, _body = browser.submit(page, "/end/$", end_location="The station")
    assert ended.status == 302
