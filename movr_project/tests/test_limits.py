"""Overlong input is rejected before it is normalised, matched or parsed."""

import time
import unicodedata

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import UnreadablePostError
from django.urls import reverse

from accounts import log_in
from accounts.lock_out import login_name
from accounts.tests.factories import StaffFactory
from cities.geography import parse_position
from cities.local_times import read_moment
from cities.registry import registry
from documents.markdown import MAX_BRACKETS, MAX_TEXT_LENGTH, validate_markdown
from fleet.labels import MAX_TYPED_LENGTH, UnreadableCodeError, read_code
from fleet.map import MapQuery, MapRefused
from fleet.tests.factories import VehicleFactory
from movr_project.admin.actions import MAX_ACTION_ROWS
from movr_project.web.limits import (
    CHUNK,
    MAX_DISCARDED,
    MAX_PARAMETER_LENGTH,
    MAX_PATH_LENGTH,
    MAX_QUERY_LENGTH,
    MAX_VALUE_LENGTH,
    DiscardBodyMiddleware,
)
from movr_project.web.pagination import page_number
from movr_project.web.redirects import is_path_of_ours

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

SECONDS = 0.5  # of CPU: what came before took ten times as long


def marks(count):
    """Normalising takes quadratic time in the number of marks on one letter."""
    return "a" + "\u0300\u0316" * (count // 2)


@pytest.fixture
def cpu():
    """Assert at the end of a test that it was fast."""
    began = time.process_time()
    yield
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("path", ["/login/", "/admin/login/", "/register/", "/password-reset/", "/city/"])
@pytest.mark.parametrize("name", ["username", "password", "email", "next", "city", "what-no-form-has"])
def test_a_field_without_end_is_refused(client, cpu, path, name):
    page = client.post(path, {name: marks(200_000)})  # as multipart
    assert page.status_code == 413
    assert "Request too large" in page.content.decode()


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
@pytest.mark.parametrize("name", ["username", "password"])
def test_a_log_in_measures_before_it_normalises(client, monkeypatch, path, name):
    seen = []
    monkeypatch.setattr(log_in, "normalize", lambda form, text: seen.append(text) or unicodedata.normalize(form, text))
    page = client.post(path, {"username": "ada", "password": "x"} | {name: marks(MAX_VALUE_LENGTH)[:MAX_VALUE_LENGTH]})
    assert page.status_code == 200
    assert not seen


def test_the_name_that_failures_are_counted_by_is_cut_first(rf):
    assert len(login_name(rf.post("/login/", {"username": "İ" * 5000}))) == 254


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_that_is_longer_than_any_form_is_refused(client, content_type):
    body = "a=" + "b" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert client.post("/login/", body, content_type=content_type).status_code == 413


def test_more_fields_than_any_form_has_are_refused(client):
    fields = {f"field{number}": "" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
    assert client.post("/login/", fields).status_code == 400


def test_the_largest_action_of_the_admin_is_let_through(client):
    client.force_login(StaffFactory())
    keys = [str(VehicleFactory().pk)] * MAX_ACTION_ROWS
    page = client.post("/admin/fleet/vehicle/", {"action": "decommission", "_selected_action": keys})
    assert page.status_code == 200
    assert page.context["action"] == "decommission"


@pytest.mark.parametrize("path", ["/login/", "/v/", "/vehicles/", "/admin/fleet/vehicle/"])
def test_an_address_without_end_is_refused(client, cpu, path):
    client.force_login(StaffFactory())
    assert client.get(f"{path}?q={'x' * MAX_QUERY_LENGTH}").status_code == 414
    assert client.get(f"{path}?q={'x' * (MAX_PARAMETER_LENGTH + 1)}").status_code == 414
    assert client.get(f"{path}?{'x' * (MAX_PARAMETER_LENGTH + 1)}=q").status_code == 414
    assert client.get(path, {"q": "x" * MAX_PARAMETER_LENGTH}).status_code in {200, 302}


def test_a_text_that_staff_write_may_be_longer_than_a_form_field(client):
    client.force_login(StaffFactory())
    path = reverse("admin:documents_document_add")
    text = "word " * (MAX_VALUE_LENGTH // 2)
    assert client.post(path, {"kind": "help", "text": text}).status_code == 302
    assert client.post(path, {"kind": "help", "text": "x" * (MAX_TEXT_LENGTH + 1)}).status_code == 413


@pytest.mark.parametrize("name", ["_preview", "_save"])
def test_markdown_that_would_take_long_to_read_is_refused(client, cpu, name):
    client.force_login(StaffFactory())
    page = client.post(
        reverse("admin:documents_document_add"), {"kind": "help", "text": "[" * MAX_TEXT_LENGTH, name: "1"}
    )
    assert "too many brackets" in page.content.decode()


@pytest.mark.parametrize("text", ["x" * MAX_TEXT_LENGTH, "[" * MAX_BRACKETS])
def test_markdown_of_the_maximum_length_is_accepted(text):
    validate_markdown(text)
    with pytest.raises(ValidationError):
        validate_markdown(text + text[0])


def test_a_code_is_measured_before_it_is_read(cpu):
    here = registry["paris"]
    with pytest.raises(UnreadableCodeError):
        read_code(marks(200_000), here=here)
    assert read_code("PAR7K3M2".rjust(MAX_TYPED_LENGTH), here=here)
    with pytest.raises(UnreadableCodeError):
        read_code("PAR7K3M2".rjust(MAX_TYPED_LENGTH + 1), here=here)


def test_numbers_and_times_are_measured_before_they_are_read(cpu):
    assert page_number("9" * 1_000_000) == 1
    assert parse_position("1" + "0" * 1_000_000, "1") is None
    assert parse_position("1" + "." + "0" * 100, "1") is None
    assert read_moment("2027-01-01T10:00" + "0" * 1_000_000, registry["paris"]) is None
    with pytest.raises(MapRefused):
        MapQuery.read({"bbox": "1," * 1_000_000}, registry["paris"])
    with pytest.raises(MapRefused):
        MapQuery.read({"zoom": "1" * 1_000_000}, registry["paris"])


def test_an_address_to_go_on_to_is_measured(client, cpu):
    assert is_path_of_ours("/" + "a" * (MAX_PATH_LENGTH - 1))
    assert not is_path_of_ours("/" + "a" * MAX_PATH_LENGTH)
    referrer = "http://testserver/" + "a" * MAX_PATH_LENGTH
    assert client.post("/notifications/read/", headers={"Referer": referrer}).url == "/login/?next=/"


class Body:
    """A request whose client sends ``length`` bytes, then disconnects if ``breaks``."""

    def __init__(self, length, breaks=False):
        self.left, self.breaks, self.taken = length, breaks, 0

    def read(self, size):
        chunk = min(size, self.left)
        self.left, self.taken = self.left - chunk, self.taken + chunk
        if not chunk and self.breaks:
            raise UnreadablePostError
        return b"x" * chunk


@pytest.mark.parametrize("breaks", [True, False])
def test_a_rejected_body_is_read_to_its_end(breaks):
    body = Body(MAX_DISCARDED - 1, breaks)
    assert DiscardBodyMiddleware(lambda request: "refused")(body) == "refused"
    assert body.left == 0


def test_a_rejected_body_without_end_is_not():
    body = Body(10 * MAX_DISCARDED)
    DiscardBodyMiddleware(lambda request: "refused")(body)
    assert MAX_DISCARDED <= body.taken < MAX_DISCARDED + CHUNK
