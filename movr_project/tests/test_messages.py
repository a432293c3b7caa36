"""Messages about many rows stay short, and headers small."""

import random

import pytest
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.urls import path
from django.utils.html import format_html

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.models import Vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.admin.actions import MAX_NAMES, MAX_REASONS, _report_refusals
from movr_project.urls import urlpatterns as movr_urls
from movr_project.web.messages import MAX_LENGTH, MAX_MESSAGES
from rides.models import Ride
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]
MAX_HEADER_BYTES = 4096  # nginx's buffer on most machines; browsers keep as much of a cookie


@login_not_required
def say(request):
    for number in range(int(request.GET.get("count", "1"))):
        text = request.GET.get("text", "").replace("#", str(number))
        messages.error(request, format_html("<b>{}</b>", text) if "html" in request.GET else text)
    return HttpResponse("said")


@login_not_required
def read(request):
    return HttpResponse("\n".join(str(message) for message in messages.get_messages(request)))


urlpatterns = [*movr_urls, path("say/", say), path("read/", read)]


def header_bytes(response):
    lines = [f"{name}: {value}" for name, value in response.items()]
    lines += [morsel.output() for morsel in response.cookies.values()]
    return sum(len(line.encode()) + 2 for line in lines)


def told(client, **said):
    """Return the messages on the next page."""
    page = client.get("/say/", said)
    assert header_bytes(page) < MAX_HEADER_BYTES
    return client.get("/read/").content.decode().splitlines()


@pytest.fixture
def pages(settings, client):
    settings.ROOT_URLCONF = __name__
    return client


def test_the_same_message_is_shown_once(pages):
    assert told(pages, count=50, text="No.") == ["No."]


def test_ten_are_listed_and_the_others_counted(pages):
    assert len(told(pages, count=MAX_MESSAGES, text="No #.")) == MAX_MESSAGES
    lines = told(pages, count=MAX_MESSAGES + 1, text="No #.")
    assert lines == [*(f"No {number}." for number in range(MAX_MESSAGES)), "1 more message is left out."]
    assert told(pages, count=80, text="No #.")[-1] == "70 more messages are left out."


def test_long_ones_that_no_compression_helps_leave_no_larger_headers(pages):
    chance = random.Random(7)
    text = "#" + "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _each in range(350))
    lines = told(pages, count=80, text=text)
    assert lines[-1].endswith("left out.")


def test_an_endless_one_is_cut(pages):
    (line,) = told(pages, text="x" * 1900)
    assert len(line) == MAX_LENGTH


def test_html_is_not_cut_in_two(pages):
    (line,) = told(pages, text="x" * 600, html="")
    assert line == f"<b>{'x' * 600}</b>"


def test_nothing_of_them_goes_into_the_session(pages):
    pages.get("/say/", {"count": 80, "text": "No #."})
    assert not list(pages.session.keys())


@pytest.fixture
def staff_client(client):
    client.force_login(StaffFactory())
    return client


def run(client, path_, rows, **data):
    keys = [str(row.pk) for row in rows]
    page = client.post(path_, {"_selected_action": keys, "confirmed": "yes", **data})
    assert header_bytes(page) < MAX_HEADER_BYTES
    return [str(message) for message in client.get(page.url).context["messages"]]


def test_an_action_refused_for_many_rows_has_one_message(staff_client):
    rides = [OpenRideFactory(rider=UserFactory()) for _number in range(40)]
    vehicles = [ride.vehicle for ride in rides]
    lines = run(staff_client, "/admin/fleet/vehicle/", vehicles, action="decommission")
    assert len(lines) == 1
    assert f"and {len(vehicles) - MAX_NAMES} more" in lines[0]
    assert Vehicle.objects.not_removed().count() == 40
    assert Ride.objects.count() == 40


def test_an_action_says_what_was_done_beside_what_was_refused(staff_client):
    free, ridden = VehicleFactory(), OpenRideFactory().vehicle
    done, refused = run(staff_client, "/admin/fleet/vehicle/", [free, ridden], action="decommission")
    assert "1" in done
    assert refused.startswith(f"{ridden}: ")


def test_each_reason_has_some_names_and_a_number(rf, monkeypatch):
    lines = []
    monkeypatch.setattr("movr_project.admin.actions.messages.error", lambda request, text: lines.append(text))
    refusals = {f"Reason {number}.": [f"v{number}-{each}" for each in range(number)] for number in range(1, 9)}
    _report_refusals(rf.get("/"), refusals, is_brief=True)
    assert lines[0] == "v8-0, v8-1, v8-2 and 5 more: Reason 8."
    assert lines[-2:] == ["v4-0, v4-1, v4-2 and 1 more: Reason 4.", "6 more were refused, for other reasons."]
    assert len(lines) == MAX_REASONS + 1
