"""File uploads: only in views that declare them, with limits on number and size."""

import tempfile

import pytest
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.http import JsonResponse
from django.urls import path

from accounts.tests.factories import StaffFactory
from movr_project.urls import handler400, handler403, handler404, handler500  # noqa: F401
from movr_project.urls import urlpatterns as movr_urls
from movr_project.web.uploads import accepts_uploads

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]
LIMIT = 100_000


class LostConnection(Exception):
    """As psycopg2 raises it."""

    pgcode = None


@login_not_required
@accepts_uploads(max_files=2, max_bytes=LIMIT)
def photos(request):
    return JsonResponse({name: file.size for name, file in request.FILES.items()})


urlpatterns = [*movr_urls, path("photos/", photos)]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """The folder to which files would be written."""
    settings.ROOT_URLCONF = __name__
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0  # write every file to disk
    return tmp_path


@pytest.fixture
def written(monkeypatch):
    """The files opened for writing."""
    opened = []
    real = tempfile.NamedTemporaryFile

    def note(*args, **kwargs):
        opened.append(kwargs)
        return real(*args, **kwargs)

    monkeypatch.setattr("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", note)
    return opened


def file(size, name="photo.jpg"):
    return SimpleUploadedFile(name, b"x" * size)


@pytest.mark.parametrize(
    "address",
    [
        "/login/",
        "/register/",
        "/password-reset/",
        "/city/",
        "/language/",
        "/vehicles/add/",
        "/profile/edit/",
        "/admin/login/",
        "/admin/fleet/vehicle/",
        "/admin/fleet/vehicle/add/",
        "/admin/documents/document/add/",
    ],
)
@pytest.mark.parametrize(("size", "status"), [(10, 400), (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1, 413)])
def test_a_form_without_files_takes_none(client, written, address, size, status):
    client.force_login(StaffFactory())
    page = client.post(address, {"username": "ada", "photo": file(size)})
    assert page.status_code == status
    assert "<h1>" in page.content.decode()
    assert not written


def test_many_small_files_are_no_way_around(client, written):
    assert client.post("/login/", {f"file{number}": file(1) for number in range(50)}).status_code == 400
    assert not written


def test_an_empty_field_for_a_file_is_no_file(client):
    body = (
        '--x\r\nContent-Disposition: form-data; name="photo"; filename=""\r\n'
        "Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
    )
    assert client.post("/login/", body, content_type="multipart/form-data; boundary=x").status_code == 200


@pytest.mark.parametrize("sizes", [[LIMIT], [LIMIT // 2, LIMIT // 2]])
def test_a_view_that_declares_files_gets_them(client, written, sizes):
    files = {f"file{number}": file(size) for number, size in enumerate(sizes)}
    page = client.post("/photos/", files)
    assert page.json() == {name: len(each) for name, each in files.items()}
    assert len(written) == len(sizes)


@pytest.mark.parametrize(
    ("sizes", "status"),
    [
        ([1, 1, 1], 400),
        ([LIMIT + 1], 413),
        ([LIMIT, 1], 413),
        ([LIMIT + 2 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE], 413),
    ],
)
def test_and_no_more_than_it_declares(client, folder, sizes, status):
    page = client.post("/photos/", {f"file{number}": file(size) for number, size in enumerate(sizes)})
    assert page.status_code == status
    assert not list(folder.iterdir())


@pytest.mark.parametrize("size", [500_000, 1_500_000], ids=["a file nobody asked for", "a form too big"])
def test_what_is_left_of_a_rejected_body_is_read(client, size):
    """Or a server resets the connection, and the proxy answers 502 instead of our page."""
    page = client.post("/login/", {"photo": file(size)})
    assert page.status_code in {400, 413}
    assert page.wsgi_request.read() == b""


def test_a_form_with_a_file_can_be_sent_again_if_the_database_is_lost_before_its_view(client, rider, monkeypatch):
    def lose_connection(*args):
        raise OperationalError("server closed the connection") from LostConnection()

    client.force_login(rider)
    client.raise_request_exception = False
    monkeypatch.setattr("accounts.backends._by_id.objects", lose_connection)
    monkeypatch.setattr(connection, "close", lambda: None)  # of the test's transaction
    page = client.post("/photos/", {"end_location": "At the corner", "photo": file(LIMIT)})
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert 'value="At the corner"' in page.content.decode()
