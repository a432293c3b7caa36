"""Settings from the environment, in processes of their own.

`test_deployment` covers missing variables with DEBUG off; here they are set, correctly or not.
"""

import json
import os
import subprocess
import sys
from functools import cache

import pytest
from django.conf import settings
from django.http.request import split_domain_port, validate_host

pytestmark = pytest.mark.any_engine

NEEDED = {
    "SECRET_KEY": "kX3-Qz8_" * 8,
    "DATABASE_URL": "sqlite:///unused.sqlite3",
    "SITE_URL": "https://movr.example/",
}
NAMES = [
    "DEBUG",
    "SITE_URL",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "SECURE_SSL_REDIRECT",
    "SECURE_REDIRECT_EXEMPT",
    "SECURE_PROXY_SSL_HEADER",
    "SECURE_HSTS_SECONDS",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "DEFAULT_CITY",
    "TRUST_GEO_HEADERS",
    "CONTENT_SECURITY_POLICY",
    "SECURE_REFERRER_POLICY",
]
PRINT = f"""
import json
from django.conf import settings
from django.http.request import split_domain_port, validate_host
print(json.dumps({{name: getattr(settings, name) for name in {NAMES}}}))
"""


def python(*arguments, **variables):
    """Run with nothing in the environment but the given variables."""
    environment = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "DJANGO_SETTINGS_MODULE": "movr_project.settings",
        **variables,
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@cache
def settings_with(**variables):
    result = python("-c", PRINT, **variables)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUST_GEO_HEADERS", "perhaps"),
        ("MAX_OPEN_RIDES", "many"),
        ("MAP_TILE_URL", "https://tiles.example/map.png"),
        ("GEOCODER_URL", "file:///etc/passwd"),
        ("MAP_TILE_URL", "https://tiles.example; script-src *|/{z}/{x}/{y}.png"),
    ],
)
def test_a_value_that_makes_no_sense_stops_the_start(name, value):
    result = python("-c", PRINT, **NEEDED | {name: value})
    assert result.returncode != 0
    assert value in result.stderr


def test_a_server_is_safe_without_a_word_about_safety():
    found = settings_with(**NEEDED)
    assert found["DEBUG"] is False
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["SECURE_HSTS_SECONDS"] == 365 * 24 * 60 * 60
    assert (found["SESSION_COOKIE_SECURE"], found["CSRF_COOKIE_SECURE"]) == (True, True)


def test_only_the_sites_own_name_is_answered():
    found = settings_with(**NEEDED)
    assert found["ALLOWED_HOSTS"] == ["movr.example"]
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://movr.example"]


def test_headers_are_not_trusted_by_default():
    assert settings_with(**NEEDED)["TRUST_GEO_HEADERS"] is False


def test_a_new_person_is_in_new_york():
    assert settings_with(**NEEDED)["DEFAULT_CITY"] == "new york"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        (None, ["https://tile.openstreetmap.org"]),
        ("", []),
        ("/tiles/{z}/{x}/{y}.png", []),
        ("https://{s}.tiles.example/{z}/{x}/{y}{r}.png?key=1", ["https://*.tiles.example"]),
        ("https://map-{s}.tiles.example:8443/{z}/{x}/{y}", ["https://*.tiles.example:8443"]),
    ],
)
def test_pictures_of_maps_are_allowed_from_where_they_come(url, allowed):
    found = settings_with(**NEEDED, **({} if url is None else {"MAP_TILE_URL": url}))
    assert found["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["img-src"] == ["'self'", "data:", *allowed]


def test_requests_for_pictures_of_maps_say_from_which_site():
    assert settings_with(**NEEDED)["SECURE_REFERRER_POLICY"] == "strict-origin-when-cross-origin"


def test_the_deployment_check_finds_nothing():
    complete = NEEDED | {"EMAIL_URL": "smtp://mail.example:25", "TRUSTED_PROXY_COUNT": "1"}
    result = python("manage.py", "check", "--deploy", "--fail-level", "WARNING", **complete)
    assert result.returncode == 0, result.stderr


def test_developers_need_to_set_nothing_else():
    found = settings_with(DEBUG="on")
    assert "localhost" in found["ALLOWED_HOSTS"]
    assert not found["SECURE_SSL_REDIRECT"]


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "paris.localhost", "0.0.0.0:8000", "127.0.0.1:9000"]
)
def test_developers_reach_it_by_every_name_of_their_own_machine(host):
    allowed = settings_with(DEBUG="on")["ALLOWED_HOSTS"]
    domain, _port = split_domain_port(host)
    assert validate_host(domain, allowed)
    assert not validate_host("evil.example", allowed)


def test_a_phone_reaches_it_by_the_address_that_is_named():
    allowed = settings_with(DEBUG="on", SITE_URL="http://192.168.1.20:8000")["ALLOWED_HOSTS"]
    assert {"192.168.1.20", "127.0.0.1"} <= set(allowed)


def test_a_server_answers_to_no_loopback_name():
    assert not {"localhost", "127.0.0.1"} & set(settings_with(**NEEDED)["ALLOWED_HOSTS"])
