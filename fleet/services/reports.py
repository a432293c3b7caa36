"""What riders say is wrong, and what comes of it."""

import uuid
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.notices import tell
from movr_project.db.retry import retry_transaction

from ..choices import ProblemKind
from ..intervals import Interval
from ..locking import LockedVehicle
from ..models import ProblemReport
from .maintenance import take_out_of_service
from .refusals import VehicleRefused, locked_on_the_road


@retry_transaction(idempotent=True)
def report_problem(
    *, reporter: User, vehicle_city: str, vehicle_id: uuid.UUID, kind: ProblemKind, text: str = "", token: str
) -> ProblemReport:
    """Note what a rider found. The same ``token`` is one report.

    A problem of safety takes the vehicle off at once, others do when REPORTS_TAKE_OFF people have open
    reports; a ride that goes on may be finished. With EMAIL_VERIFICATION only who has a confirmed address does
    that; others' reports are noted. Locks the vehicle. Raises ``VehicleRefused``:
    ``vehicle_gone``, ``awaits_approval``, ``account_changed``.
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
        created_at=locked.moment,
    )
    if _is_off_the_road(locked) or not _is_reason_enough(report, reporter):
        report.save(force_insert=True)
    else:
        report.took_off = True
        report.save(force_insert=True)
        _take_off(locked, report, reporter)
    report.vehicle = locked.vehicle
    return report


@retry_transaction(idempotent=True)
def close_report(*, city: str, report_id: uuid.UUID, resolution: str) -> ProblemReport:
    """Staff are done with it: whoever reported it is told. Closing it again changes nothing.

    Whether the vehicle goes back on the road is another decision. Locks the report, then the person. Raises
    ``VehicleRefused``: ``report_gone``.
    """
    report = (
        ProblemReport.objects.filter(city=city, id=report_id)
        .select_related("vehicle", "reporter")
        .select_for_update(of=("self",))
        .first()
    )
    if report is None:
        raise VehicleRefused(_("There is no such report."), code="report_gone")
    if report.is_open:
        report.closed_at, report.resolution = timezone.now(), resolution
        report.save(update_fields=["closed_at", "resolution"])
        if report.reporter:
            tell(
                report.reporter,
                code="report_closed",
                text=lazy(_closed, str)(str(report.vehicle.code), resolution),
                mail=True,
                key=str(report.id),
            )
    return report


def _is_off_the_road(locked: LockedVehicle) -> bool:
    current = locked.current
    return current is not None and not current.is_for_a_rider


def _is_reason_enough(report: ProblemReport, reporter: User) -> bool:
    if settings.EMAIL_VERIFICATION and not reporter.email_is_confirmed:
        return False  # accounts are cheap: nobody empties a fleet with made-up ones
    if ProblemKind(report.kind).is_about_safety:
        return True
    others = ProblemReport.objects.filter(
        Q(reporter_id__isnull=True) | ~Q(reporter_id=report.reporter_id),
        city=report.city,
        vehicle_id=report.vehicle_id,
        closed_at__isnull=True,
    )
    people = others.order_by().values("reporter_id").distinct().count()
    return people + 1 >= settings.REPORTS_TAKE_OFF


def _take_off(locked: LockedVehicle, report: ProblemReport, reporter: User) -> None:
    """Into maintenance until further notice; what was planned ahead for it makes way."""
    description = report.get_kind_display()[:100]
    data: dict[str, Any] = {"report": str(report.id)}
    take_out_of_service(
        locked,
        Interval(start=locked.moment),
        by=reporter,
        description=description,
        data=data,
        told_as=ProblemKind(report.kind),
        tells_everybody=True,  # who reports a problem may not expect to lose their own booking by it
    )
    _tell_rider(locked, reporter)


def _tell_rider(locked: LockedVehicle, reporter: User) -> None:
    """Somebody who is under way on it had better know."""
    if not locked.vehicle.is_on_trip:
        return
    ride = locked.vehicle.rides.open().select_related("rider").first()
    if ride and ride.rider and ride.rider.id != reporter.id:
        tell(
            ride.rider,
            code="riding_unsafe",
            text=lazy(_unsafe, str)(locked.vehicle.code),
            url=ride.get_absolute_url(),
            mail=True,
        )


def _unsafe(code: str) -> str:
    sentence = _("Somebody reported a problem with %(code)s, which you ride. Please end your ride where it is safe.")
    return sentence % {"code": code}


def _closed(code: str, resolution: str) -> str:
    sentence = _("Thank you for your report about %(code)s. What came of it: %(resolution)s")
    return sentence % {"code": code, "resolution": resolution or _("it is taken care of.")}
