"""Riders are reminded before their booking begins and before their reservation ends, once."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from fleet.models import Allocation
from fleet.services.reminders import send_reminders
from fleet.tests.factories import AllocationFactory, BookingFactory
from movr_project.tests.locality import assert_local
from movr_project.tests.threads import at_once
from notifications.models import Notification

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

MINUTE = timedelta(minutes=1)


def booking(minutes, **options):
    """A booking that begins in so many minutes, made yesterday."""
    now = timezone.now()
    return BookingFactory(**{"starts_at": now + minutes * MINUTE, "created_at": now - timedelta(days=1)} | options)


def reservation(minutes, **options):
    """A reservation that ends in so many minutes."""
    starts_at = timezone.now() - (10 - minutes) * MINUTE
    return AllocationFactory(reservation=True, starts_at=starts_at, **options)


def test_a_booking_that_begins_soon(django_capture_on_commit_callbacks, mailoutbox):
    due = booking(29)
    with django_capture_on_commit_callbacks(execute=True), assert_local():
        assert send_reminders() == 1
    notification = Notification.objects.get()
    assert (notification.user, notification.code) == (due.rider, "booking_reminder")
    assert notification.text.startswith(f"Your booking of {due.vehicle.code} begins at ")
    assert notification.url == due.get_absolute_url()
    (mail,) = mailoutbox
    assert mail.to == [due.rider.email]
    assert send_reminders() == 0


def test_a_reservation_that_ends_soon_without_a_mail(django_capture_on_commit_callbacks, mailoutbox):
    due = reservation(2)
    with django_capture_on_commit_callbacks(execute=True), assert_local():
        assert send_reminders() == 1
    notification = Notification.objects.get()
    assert (notification.user, notification.code, notification.url) == (due.rider, "reservation_reminder", "/bookings/")
    assert notification.text.startswith(f"Your reservation of {due.vehicle.code} ends at ")
    assert mailoutbox == []
    assert send_reminders() == 0


def test_nothing_else():
    now = timezone.now()
    booking(31)
    booking(-1)
    booking(20, created_at=now - 5 * MINUTE)  # made within the half hour
    booking(20, cancelled_at=now)
    booking(20, rider=None, made_by=None)  # an organisation's
    reservation(4)
    reservation(-1)
    reservation(2, cancelled_at=now)
    AllocationFactory(maintenance=True)
    assert send_reminders() == 0
    assert not Notification.objects.exists()


def test_no_reminders_where_the_operator_wants_none(settings):
    settings.BOOKING_REMINDER_MINUTES = settings.RESERVATION_REMINDER_MINUTES = 0
    booking(1)
    reservation(1)
    assert send_reminders() == 0


def test_whoever_has_left_gets_none():
    due = booking(20)
    User.objects.filter(id=due.rider_id).update(is_active=False)
    send_reminders()
    assert not Notification.objects.exists()


def test_the_command_says_how_many_and_cron_can_have_it_quiet():
    booking(20)
    out = StringIO()
    call_command("send_reminders", stdout=out)
    call_command("send_reminders", stdout=out, verbosity=0)
    assert out.getvalue() == "Reminders sent: 1.\n"


@pytest.mark.django_db(transaction=True)
def test_many_workers_remind_once(mailoutbox):
    rider = UserFactory()
    for minutes in (5, 15, 25):
        booking(minutes, rider=rider)
    assert sum(at_once(*[send_reminders] * 6)) == 3
    assert Notification.objects.count() == User.objects.get(id=rider.id).unread_notifications == 3
    assert len(mailoutbox) == 3
    assert not Allocation.objects.filter(reminded_at=None).exists()
