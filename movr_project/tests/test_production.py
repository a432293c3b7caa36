"""Production settings, as seen over HTTP."""

import re
import socket
import time
from http.cookies import SimpleCookie

import pytest

from . import servers
from .conftest import running_chromium
from .servers import HOST, run

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.any_engine]

TILE = servers.ROOT / "static/img/icons/icon-192.png"  # any picture
NAME, EMAIL, PASSWORD = "grace.hopper", "grace@example.com", "a-long-and-strange-word"
YEAR_SECONDS = 365 * 24 * 60 * 60
MAKE_A_PERSON = f"""
from accounts.models import User
User.objects.create_user("{NAME}", "{EMAIL}", "{PASSWORD}", city="paris", first_name="Grace", is_staff=True,
    is_superuser=True)
"""
# Responses: a page, a missing one, a wrong method, and the admin's.
PAGES = {"page": "/", "404": "/nowhere/", "405": "/city/", "admin": "/admin/login/"}


@pytest.fixture(scope="module")
def person(slug, released):
    result = run(f"python manage.py shell -v 0 -c '{MAKE_A_PERSON}'", slug=slug, **released)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def unproxied(slug, collected, released, tmp_path_factory):
    """A server that isn't configured for a proxy."""
    variables = released | {"TRUSTED_PROXY_COUNT": "0"}
    with servers.serving(slug, tmp_path_factory.mktemp("unproxied"), **variables) as server:
        yield server


@pytest.fixture(params=PAGES)
def page(request, server):
    response, body = server.get(PAGES[request.param])
    expected = int(request.param) if request.param.isdigit() else 200
    assert response.status == expected
    assert b"</html>" in body
    return response


def cookies_of(response):
    cookies = SimpleCookie()
    for header in response.headers.get_all("Set-Cookie", []):
        cookies.load(header)
    return cookies


def form_of(server, path):
    """Return a form's hidden token and its cookie."""
    response, body = server.get(path)
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', body)[1].decode()
    cookie = cookies_of(response)["__Host-csrftoken"]
    return {"csrfmiddlewaretoken": token}, f"{cookie.key}={cookie.value}"


def send(server, path, **fields):
    form, cookie = form_of(server, path)
    return server.post(
        path, form | fields, Cookie=cookie, Referer=f"https://{HOST}{path}", X_Forwarded_For="203.0.113.9"
    )


class TestHttps:
    @pytest.mark.parametrize("scheme", [None, "http"])
    def test_requests_without_it_are_redirected_to_it(self, server, scheme):
        response, _ = server.get("/login/?next=/rides/", scheme=scheme)
        assert (response.status, response.headers["Location"]) == (301, f"https://{HOST}/login/?next=/rides/")

    def test_https_is_recognized_behind_the_proxy(self, server):
        response, _ = server.get("/login/")
        assert response.status == 200

    def test_without_a_proxy_no_header_is_trusted(self, unproxied):
        response, _ = unproxied.get("/login/", scheme="https")
        assert response.status == 301

    def test_browsers_remember_it_here_and_not_on_other_hosts(self, server):
        response, _ = server.get("/")
        assert response.headers["Strict-Transport-Security"] == f"max-age={YEAR_SECONDS}"

    def test_subdomains_and_preload_are_the_operators_choice(self, slug, released):
        chosen = {"SECURE_HSTS_INCLUDE_SUBDOMAINS": "on", "SECURE_HSTS_PRELOAD": "on", "SECURE_HSTS_SECONDS": "60"}
        names = ["SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD"]
        code = f"from django.conf import settings as s; print([getattr(s, name) for name in {names}])"
        result = run(f'python manage.py shell -v 0 -c "{code}"', slug=slug, **released, **chosen)
        assert "[60, True, True]" in result.stdout


class TestHeaders:
    def test_scripts_and_styles_come_only_from_here(self, page):
        policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert "*" not in page.headers["Content-Security-Policy"]

    def test_a_browser_is_asked_for_the_position_and_nothing_else(self, page):
        policy = dict(part.strip().split("=") for part in page.headers["Permissions-Policy"].split(","))
        assert policy.pop("geolocation") == "(self)"
        assert {"camera", "microphone", "payment", "usb"} <= set(policy)
        assert set(policy.values()) == {"()"}

    def test_no_cache_on_the_way_keeps_a_page(self, page):
        assert "private" in page.headers["Cache-Control"]

    def test_other_sites_learn_only_the_origin(self, page):
        assert page.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"


class TestCookies:
    def test_of_a_visitor(self, server):
        response, _ = server.get("/login/")
        cookies = cookies_of(response)
        assert "__Host-csrftoken" in cookies
        for cookie in cookies.values():
            assert (cookie["secure"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")

    @pytest.mark.usefixtures("person")
    def test_of_a_logged_in_user(self, server):
        response, _ = send(server, "/login/", username=NAME, password=PASSWORD)
        assert response.status == 302
        cookie = cookies_of(response)["__Host-sessionid"]
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["path"], cookie["domain"]) == ("/", "")


class TestTheRequestId:
    def test_is_the_proxys(self, server):
        response, _ = server.get("/", X_Request_ID="0f6a3c1e-77aa-4a51")
        assert response.headers["X-Request-ID"] == "0f6a3c1e-77aa-4a51"

    def test_is_ours_if_the_proxys_is_strange(self, server):
        response, _ = server.get("/", X_Request_ID="<script>")
        assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])

    def test_is_ours_without_a_proxy(self, unproxied):
        response, _ = unproxied.get("/", X_Request_ID="0f6a3c1e-77aa-4a51")
        assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])


class TestAnotherHost:
    def test_gets_a_page_that_says_so(self, server):
        response, body = server.get("/", host="elsewhere.example")
        assert response.status == 400
        assert b"Bad request" in body
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert "geolocation=(self)" in response.headers["Permissions-Policy"]

    def test_is_one_line_and_no_mail(self, server, mails):
        response, _ = server.get("/", host="elsewhere.example")
        lines = lines_of(server, response)
        assert [(line["event"], line["level"], line["status"]) for line in lines] == [("request", "INFO", 400)]
        assert not any("ops@movr.example" in mail.read_text() for mail in mails.iterdir())


def lines_of(server, response):
    return [line for line in server.log() if line["request_id"] == response.headers["X-Request-ID"]]


class TestTheLog:
    @pytest.mark.usefixtures("person")
    def test_has_one_line_for_each_request(self, server):
        response, _ = server.get(f"/users/{NAME}/?q={EMAIL}")
        (line,) = lines_of(server, response)
        assert (line["event"], line["method"], line["status"]) == ("request", "GET", response.status)

    def test_has_one_for_a_redirect_to_https_too(self, server):
        response, _ = server.get("/", scheme="http")
        (line,) = lines_of(server, response)
        assert line["status"] == 301

    def test_has_none_for_a_load_balancers_question(self, server):
        response, _ = server.get("/health/", scheme="http")
        assert response.status == 200
        assert lines_of(server, response) == []

    @pytest.mark.usefixtures("person")
    def test_names_nobody(self, server):
        send(server, "/login/", username=EMAIL, password="wrong")
        send(server, "/login/", username=NAME, password=PASSWORD)
        send(server, "/password-reset/", email=EMAIL)
        server.post("/login/", {"username": EMAIL})  # without the token
        server.get(f"/users/{NAME}/", X_Forwarded_For="203.0.113.9", User_Agent="Netscape")
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as nonsense:
            nonsense.sendall(f"GET /users/{NAME} HTTP/one\r\n\r\n".encode())
            assert nonsense.recv(100)
        assert any(line.get("message") == "Invalid request" for line in server.log())
        text = server.stdout.read_text()
        assert "@" not in text
        assert not re.search(r"\d+\.\d+\.\d+\.\d+", text)
        for secret in (NAME, PASSWORD, "Netscape", "Grace"):
            assert secret not in text


@pytest.mark.usefixtures("person")
def test_a_mail_links_to_the_site_and_its_link_is_in_no_log(server, mails):
    send(server, "/password-reset/", email=EMAIL)
    deadline = time.monotonic() + 20
    while not (found := [mail.read_text() for mail in mails.iterdir() if EMAIL in mail.read_text()]):
        assert time.monotonic() < deadline, "no mail"
        time.sleep(0.1)
    path = re.search(rf"^https://{HOST}(/password-reset/\S+)$", found[0], re.MULTILINE)[1]
    assert path.rstrip("/").rpartition("/")[2] not in server.stdout.read_text()


class TestTheCheck:
    def check(self, slug, released, **variables):
        line = "python manage.py check --deploy --fail-level WARNING"
        return run(line, slug=slug, **(released | variables))

    def test_has_nothing_to_say_of_a_server_that_is_set_up(self, slug, released):
        result = self.check(slug, released, EMAIL_URL="smtp+tls://user:p%40ss@mail.example:587")
        assert result.returncode == 0, result.stderr

    def test_misses_a_mail_server(self, slug, released):
        result = self.check(slug, released)
        assert "movr.W001" in result.stderr

    def test_misses_a_proxy(self, slug, released):
        result = self.check(slug, released, TRUSTED_PROXY_COUNT="0", EMAIL_URL="smtp://mail.example")
        assert "movr.W002" in result.stderr
        assert "movr.W001" not in result.stderr


ADMIN_PAGES = [
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/admin/fleet/vehicle/",
    "/admin/fleet/vehicle/add/",
    "/admin/rides/ride/",
    "/admin/password_change/",
]
PUBLIC_PAGES = ["/", "/login/", "/register/", "/nowhere/", "/vehicles/"]
NOTE_VIOLATIONS = """
addEventListener("securitypolicyviolation", event => {
    console.error(`violation: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`)
})
"""


@pytest.mark.usefixtures("collected", "person")
def test_a_browser_finds_nothing_that_the_policies_forbid(slug, released, tmp_path):
    """Use localhost, which browsers consider secure, as nothing serves HTTPS here."""
    port = servers.free_port()
    site = f"http://localhost:{port}"
    local = {"ALLOWED_HOSTS": "localhost", "CSRF_TRUSTED_ORIGINS": site, "STAFF_SECOND_FACTOR": "off"}
    served = servers.serving(slug, tmp_path, port=port, host="localhost", **(released | local))
    with running_chromium() as chromium, served:
        # The service worker's requests lack the header and would be redirected to HTTPS.
        page = chromium.new_page(extra_http_headers={"X-Forwarded-Proto": "https"}, service_workers="block")
        complaints = complaints_of(page)
        # Tests don't request tiles from the server, but the policy for it applies.
        page.route("https://tile.openstreetmap.org/**", lambda route: route.fulfill(path=TILE))
        visit_all(page, site)
        assert complaints == []
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<i style=\"color: red\"></i>')")
        assert complaints, "this browser would have kept quiet"
        page.close()


def complaints_of(page):
    """Return a list to which the browser's errors are appended."""
    complaints = []
    page.add_init_script(NOTE_VIOLATIONS)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    return complaints


def visit_all(page, site):
    page.goto(f"{site}/admin/login/")
    page.fill("[name=username]", NAME)
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url(f"{site}/admin/")
    for path in [*ADMIN_PAGES, *PUBLIC_PAGES]:
        page.goto(site + path)
        assert page.url.startswith(site)
    page.goto(f"{site}/admin/accounts/user/")
    page.click("#result_list tbody th a")
    page.click(".historylink")
    page.wait_for_url("**/history/")


def is_complaint(message):
    expected = ("status of 404", "registration blocked by Playwright")
    return message.type in {"error", "warning"} and not any(words in message.text for words in expected)


def test_a_load_balancer_that_knows_only_the_address_gets_its_answer(client, db):
    answer = client.get("/health/", headers={"host": "10.1.2.3"})
    assert answer.status_code == 200
    assert client.get("/", headers={"host": "10.1.2.3"}).status_code == 400
