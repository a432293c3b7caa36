"""Services for problem reports."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from accounts.models import User
from fleet.calendar.intervals import Interval
from fleet.calendar.locking import LockedVehicle
from fleet.services.maintenance import take_out_of_service
from fleet.services.refusals import VehicleRefused, locked_on_the_road
from movr_project.db.retry import retry_transaction
from notifications.services import notify
from photos.models import Subject
from photos.pictures import Picture
from photos.services import discard_on_commit, put_photo, stored
from rides.models import Ride

from ..models import ProblemKind, ProblemReport


@retry_transaction(idempotent=True)
def report_problem(
    *,
    reporter: User,
    vehicle_city: str,
    vehicle_id: uuid.UUID,
    kind: ProblemKind,
    text: str = "",
    token: str,
    at_label: bool = False,
) -> ProblemReport:
    """Record a rider's report. The same ``token`` is the same report.

    A safety problem puts the vehicle out of service for REPORT_OFF_HOURS, others when REPORTS_TAKE_OFF people have open
    reports. A ride in progress may be finished. Only reports from people who are at the vehicle (``at_label``) or rode
    it within REPORT_TRUST_HOURS have this effect and, with EMAIL_VERIFICATION, only those from people with a confirmed
    address. Locks the vehicle. Raises ``VehicleRefused``: ``vehicle_gone``, ``awaits_approval``, ``account_changed``.
    """
    id_ = uuid.uuid5(reporter.id, f"report:{token}:{vehicle_city}:{vehicle_id}")
    locked = locked_on_the_road(vehicle_city, vehicle_id, by=reporter)
    existing = ProblemReport.objects.filter(city=vehicle_city, id=id_).first()
    if existing:
        existing.vehicle = locked.vehicle
        return existing
    report = ProblemReport(
        city=vehicle_city,
        id=id_,
        vehicle_id=vehicle_id,
        kind=kind,
        text=text,
        reporter_city=reporter.city,
        reporter_id=reporter.id,
        created_at=locked.now,
        is_trusted=at_label or _has_ridden_lately(locked, reporter),
    )
    if _is_off_the_road(locked) or not _is_reason_enough(report, reporter):
        report.save(force_insert=True)
    else:
        report.took_off = True
        report.save(force_insert=True)
        _take_off(locked, report, reporter)
    report.vehicle = locked.vehicle
    return report


def add_report_photo(*, city: str, report_id: uuid.UUID, reporter: User, picture: Picture) -> None:
    """Add a photo to one's own open report, in place of an earlier one. Does nothing for a report that is closed.

    Locks the report. Raises ``VehicleRefused``: ``report_gone`` (including other people's reports), and
    ``PhotoRefused``.
    """
    with stored(picture) as name:
        _add_photo(city, report_id, reporter, picture, name)


@retry_transaction(idempotent=True)
def _add_photo(city: str, report_id: uuid.UUID, reporter: User, picture: Picture, name: str) -> None:
    own = ProblemReport.objects.filter(city=city, reporter_city=reporter.city, reporter_id=reporter.id)
    report = own.filter(id=report_id).select_for_update().first()
    if report is None:
        raise _report_gone()
    if report.is_open:
        put_photo(Subject.REPORT, city, report_id, photographer=reporter, picture=picture, name=name)
    else:
        discard_on_commit(name)


def _report_gone() -> VehicleRefused:
    return VehicleRefused(_("Report not found."), code="report_gone")


@retry_transaction(idempotent=True)
def close_report(*, city: str, report_id: uuid.UUID, resolution: str) -> ProblemReport:
    """Close a report and notify the reporter. Idempotent.

    Whether the vehicle returns to service is decided separately. Locks the report, then the person. Raises
    ``VehicleRefused``: ``report_gone``.
    """
    report = ProblemReport.objects.filter(city=city, id=report_id).select_for_update().first()
    if report is None:
        raise _report_gone()
    if report.is_open:
        report.closed_at, report.resolution = timezone.now(), resolution
        report.save(update_fields=["closed_at", "resolution"])
        if report.reporter:
            notify(
                report.reporter,
                code="report_closed",
                text=lazy(_closed, str)(_name(report), resolution),
                mail=True,
                key=str(report.id),
            )
    return report


def _has_ridden_lately(locked: LockedVehicle, reporter: User) -> bool:
    since = locked.now - timedelta(hours=settings.REPORT_TRUST_HOURS)
    rides = Ride.objects.in_city(locked.vehicle.city).filter(vehicle_id=locked.vehicle.id).of_rider(reporter)
    return rides.filter(Q(end_time__isnull=True) | Q(end_time__gt=since)).exists()


def _is_off_the_road(locked: LockedVehicle) -> bool:
    current = locked.current
    return current is not None and not current.is_for_a_rider


def _is_reason_enough(report: ProblemReport, reporter: User) -> bool:
    # Accounts are cheap: fake ones must not empty a fleet from afar.
    if not report.is_trusted or (settings.EMAIL_VERIFICATION and not reporter.email_is_confirmed):
        return False
    if ProblemKind(report.kind).is_about_safety:
        return True
    others = ProblemReport.objects.filter(
        city=report.city, vehicle_id=report.vehicle_id, closed_at__isnull=True, is_trusted=True
    )
    people = others.exclude(reporter_id=report.reporter_id).order_by().values("reporter_id").distinct().count()
    return people + 1 >= settings.REPORTS_TAKE_OFF


def _take_off(locked: LockedVehicle, report: ProblemReport, reporter: User) -> None:
    """Start maintenance for some hours, cancelling conflicting allocations but not planned maintenance."""
    until = locked.now + timedelta(hours=settings.REPORT_OFF_HOURS)
    planned = [other.starts_at for other in locked.ahead if other.is_maintenance and other.starts_at]
    interval = Interval(locked.now, min([until, *planned]))
    description = report.get_kind_display()[:100]
    data: dict[str, Any] = {"report": str(report.id)}
    take_out_of_service(
        locked,
        interval,
        by=reporter,
        description=description,
        data=data,
        problem=ProblemKind(report.kind).label,
        notify_everyone=True,  # reporters may not expect to lose their own booking
    )
    _notify_rider(locked, reporter)


def _notify_rider(locked: LockedVehicle, reporter: User) -> None:
    """Notify the rider of a vehicle in use."""
    if not locked.vehicle.is_on_trip:
        return
    ride = locked.vehicle.rides.open().select_related("rider").first()
    if ride and ride.rider and ride.rider.id != reporter.id:
        notify(
            ride.rider,
            code="riding_unsafe",
            text=lazy(_unsafe, str)(locked.vehicle.code),
            url=ride.get_absolute_url(),
            mail=True,
        )


def _unsafe(code: str) -> str:
    sentence = _("A problem was reported with %(code)s, which you are riding. Please end your ride somewhere safe.")
    return sentence % {"code": code}


def _name(report: ProblemReport) -> str:
    """Return the vehicle's code, but only its type for people who reported it without being at it."""
    vehicle = report.vehicle
    return vehicle.code if report.is_trusted else vehicle.get_type_display()


def _closed(name: str, resolution: str) -> str:
    sentence = _("Thanks for your report (%(vehicle)s). Outcome: %(resolution)s")
    return sentence % {"vehicle": name, "resolution": resolution or _("resolved.")}
