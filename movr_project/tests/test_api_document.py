"""The OpenAPI document, and what holds for every endpoint in it."""

import re
from collections import Counter

import pytest

from accounts.tests.factories import UserFactory
from movr_project.api.documentation import document, operations_of
from movr_project.api.mount import api

pytestmark = pytest.mark.any_engine

DOCS, OPENAPI = "/api/v1/docs", "/api/v1/openapi.json"


@pytest.fixture(scope="module")
def described():
    """Every operation of the document, by method and path."""
    paths = document(api)["paths"].items()
    return {(method.upper(), path): details for path, methods in paths for method, details in methods.items()}


def test_every_endpoint_says_who_may_use_it():
    names = [operation.view_func.__name__ for operation in operations_of(api)]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [operation.view_func.__name__ for operation in operations_of(api) if not operation.auth_callbacks] == []


def test_every_reference_leads_somewhere():
    made = document(api)
    schemas = set(re.findall(r"'#/components/schemas/([^']+)'", str(made)))
    assert schemas <= set(made["components"]["schemas"])
    schemes = {name for methods in made["paths"].values() for one in methods.values() for name in _schemes(one)}
    assert schemes == set(made["components"]["securitySchemes"])


def _schemes(details):
    return [name for requirement in details.get("security", []) for name in requirement]


def test_errors_and_headers_are_described(described, subtests):
    for (method, path), details in described.items():
        with subtests.test(f"{method} {path}"):
            headers = {item["name"] for item in details["parameters"] if item["in"] == "header"}
            statuses = {int(status) for status in details["responses"]}
            assert {400, 404, 406, 422, 429, 503} <= statuses
            assert ({401, 403} <= statuses) == ("security" in details)
            if method in ("PUT", "PATCH"):
                assert "If-Match" in headers
                assert {412, 428} <= statuses
            if method == "POST" and 201 in statuses and path != "/api/v1/tokens":
                assert "Idempotency-Key" in headers


def test_the_document_and_its_page(client, db):
    answer = client.get(OPENAPI)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["openapi"].startswith("3.")
    page = client.get(DOCS)
    assert page.status_code == 200
    assert "'unsafe-inline'" not in client.get("/login/")["Content-Security-Policy"]
    policy = dict(part.split(maxsplit=1) for part in page["Content-Security-Policy"].split("; "))
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["default-src"] == "'self'"
    assert "script-src" not in policy
    assert client.post(DOCS).status_code == 405
    client.force_login(UserFactory())
    assert client.get(DOCS).status_code == 200
