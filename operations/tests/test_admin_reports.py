"""Problem reports in the admin."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.tests.calendars import live
from fleet.tests.factories import VehicleFactory
from notifications.models import Notification
from operations.models import ProblemReport
from operations.services.reports import close_report, report_problem

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

LIST = "/admin/operations/problemreport/"


@pytest.fixture
def staff(client):
    staff = StaffFactory()
    client.force_login(staff)
    return staff


def report(kind="lights", text="", token="one form", **about):
    vehicle = about.pop("vehicle", None) or VehicleFactory(**about)
    return report_problem(
        reporter=UserFactory(),
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        kind=kind,
        text=text,
        token=token,
        at_label=True,
    )


def close(client, reports, **data):
    keys = [str(one.pk) for one in reports]
    return client.post(LIST, {"action": "close", "_selected_action": keys, **data}, follow=True)


def said(page) -> list[str]:
    return [str(message) for message in page.context["messages"]]


def listed(client, **filters) -> list:
    page = client.get(LIST, filters)
    assert page.status_code == 200
    return [row.pk for row in page.context["cl"].result_list]


def test_open_reports_come_first_and_the_newest_of_them(client, time_machine):
    made = []
    for day in range(1, 5):
        time_machine.move_to(f"2030-05-0{day}T12:00:00Z", tick=False)
        made.append(report(token=str(day)))
    close_report(city="paris", report_id=made[3].id, resolution="Done")
    client.force_login(StaffFactory())
    assert listed(client) == [made[2].pk, made[1].pk, made[0].pk, made[3].pk]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"open": "yes"}, {0, 1}),
        ({"open": "no"}, {2}),
        ({"city": "rome"}, {1}),
        ({"kind__exact": "brakes"}, {1}),
        ({"took_off__exact": "1"}, {1}),
        ({"q": "flickers"}, {0}),
        ({"q": "nothing"}, set()),
    ],
)
def test_reports_can_be_narrowed(client, staff, filters, numbers):
    made = [report(text="It flickers"), report("brakes", city="rome"), report("dirty")]
    close_report(city="paris", report_id=made[2].id, resolution="")
    assert set(listed(client, **filters)) == {made[number].pk for number in numbers}


def test_reports_are_found_by_the_vehicles_code(client, staff):
    one = report()
    report(token="another")
    assert listed(client, q=one.vehicle.code.lower()) == [one.pk]


def test_the_list_takes_no_query_per_row(client, staff, django_assert_max_num_queries):
    for number in range(20):
        report(token=str(number))
    with django_assert_max_num_queries(9):
        client.get(LIST)


def test_the_page_leads_to_the_vehicle_and_offers_to_close_it(client, staff):
    one = report("brakes", text="They squeak")
    page = client.get(reverse("admin:operations_problemreport_change", args=[str(one.pk)])).content.decode()
    assert "They squeak" in page
    assert reverse("admin:fleet_vehicle_change", args=[quote(str(one.vehicle.pk))]) in page
    assert 'name="action" value="close"' in page


def test_the_page_of_a_vehicle_leads_to_its_open_reports(client, staff):
    one = report("brakes")
    old = report(vehicle=one.vehicle, token="another")
    close_report(city="paris", report_id=old.id, resolution="")
    page = client.get(reverse("admin:fleet_vehicle_change", args=[str(one.vehicle.pk)])).content.decode()
    assert reverse("admin:operations_problemreport_change", args=[quote(str(one.pk))]) in page
    assert reverse("admin:operations_problemreport_change", args=[quote(str(old.pk))]) not in page


def test_a_long_text_is_short_in_the_list_and_whole_on_its_page(client, staff):
    one = report(text="x" * 250)
    assert f">{'x' * 79}…<" in client.get(LIST).content.decode()
    assert "x" * 250 in client.get(f"{LIST}{quote(one.pk)}/change/").content.decode()


def test_closing_asks_for_the_outcome(client, staff):
    one = report()
    page = close(client, [one])
    assert "Outcome" in page.content.decode()
    assert ProblemReport.objects.get().is_open


def test_closed_with_an_answer_that_the_reporter_reads(client, staff, django_capture_on_commit_callbacks):
    one = report("brakes")
    with django_capture_on_commit_callbacks(execute=True):
        page = close(client, [one], confirmed="yes", resolution="New brake pads.")
    assert said(page) == ["Reports closed: 1."]
    closed = ProblemReport.objects.get()
    assert (closed.is_open, closed.resolution) == (False, "New brake pads.")
    notice = Notification.objects.get(code="report_closed")
    assert notice.user_id == one.reporter_id
    assert "New brake pads." in notice.text
    assert any("New brake pads." in message.body for message in mail.outbox)
    assert LogEntry.objects.get(user=staff).change_message == "Closed."


def test_closing_leaves_the_vehicle_where_it_is(client, staff):
    one = report("brakes")
    close(client, [one], confirmed="yes", resolution="New brake pads.")
    [maintenance] = live(one.vehicle)
    assert not maintenance.has_ended(timezone.now())


def test_closing_twice_keeps_the_first_answer(client, staff):
    one = report()
    close(client, [one], confirmed="yes", resolution="First")
    close(client, [one], confirmed="yes", resolution="Second")
    assert ProblemReport.objects.get().resolution == "First"
    assert Notification.objects.filter(code="report_closed").count() == 1


def test_an_overlong_answer_is_an_error(client, staff):
    page = close(client, [report()], confirmed="yes", resolution="x" * 201)
    assert "resolution" in page.context["form"].errors
    assert ProblemReport.objects.get().is_open


def test_many_are_closed_at_once(client, staff):
    reports = [report(token=str(number)) for number in range(3)]
    assert said(close(client, reports, confirmed="yes", resolution="Done")) == ["Reports closed: 3."]


def test_those_who_may_look_close_nothing(client):
    person = StaffFactory(is_superuser=False)
    person.groups.add(Group.objects.get(name="Read-only"))
    client.force_login(person)
    one = report()
    close(client, [one], confirmed="yes", resolution="Done")
    assert ProblemReport.objects.get().is_open
    page = client.get(reverse("admin:operations_problemreport_change", args=[str(one.pk)])).content.decode()
    assert 'value="close"' not in page


def test_nobody_changes_or_deletes_a_report(client, staff):
    one = report()
    for page in ("change", "delete"):
        url = reverse(f"admin:operations_problemreport_{page}", args=[str(one.pk)])
        assert client.post(url, {"post": "yes", "text": "Nothing"}).status_code == 403
    assert client.get("/admin/operations/problemreport/add/").status_code == 403
