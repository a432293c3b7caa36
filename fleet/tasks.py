"""What runs in the background."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django_tasks import TaskResult, task

from accounts.models import User
from accounts.refusals import account_changed
from jobs.files import attach_input
from jobs.models import Job

from . import services
from .imports import ImportRefused, check_file
from .models import Vehicle
from .services import no_shows, reminders


@task(every=timedelta(minutes=5))
def notify_released_bookings() -> int:
    return no_shows.notify_released_bookings()


@task(every=timedelta(days=1))
def delete_old_events() -> int:
    return services.delete_old_events(days=settings.VEHICLE_EVENT_RETENTION_DAYS)


@task(every=timedelta(minutes=1))
def send_reminders() -> int:
    return reminders.send_reminders()


def start_import(*, user: User, chunks: Iterable[bytes], is_trial: bool) -> TaskResult:
    """Enqueue the import of an uploaded file. Part of a transaction. Raises ``JobRefused``: ``job_running``."""
    result = import_vehicles.using(user=user).enqueue(is_trial)
    attach_input(Job.objects.get(pk=result.id), chunks)
    return result


@task(
    title=gettext_lazy("Importing vehicles…"),
    takes_context=True,
    exclusive=True,
    for_staff=True,
    result_template="admin/fleet/vehicle/_imported.html",
)
def import_vehicles(context: Any, is_trial: bool) -> dict[str, Any] | None:
    """Check the vehicles of an uploaded file, and add all of them or, if there is any error or ``is_trial``, none.

    Raises ``ImportRefused``: ``account_changed``, and what ``check_file`` raises.
    """
    user = context.user
    if not (user.is_active and user.is_staff and user.has_perm("fleet.add_vehicle")):
        raise account_changed(ImportRefused)
    checked = check_file(b"".join(context.input_file()), progress=context.progress)
    report = {"count": len(checked.vehicles), "errors": checked.errors, "is_added": False}
    if checked.errors or is_trial:
        return report
    context.finish(lambda: _add(context, checked.vehicles) | report | {"is_added": True})
    return None


def _add(context: Any, vehicles: list[Vehicle]) -> dict[str, Any]:
    services.refuse_if_changed(context.user)
    for number, vehicle in enumerate(vehicles):
        vehicle.id = context.item_id(number)
        vehicle.approved_at = timezone.now()
        vehicle.park(vehicle.last_location, vehicle.position)
        services.insert_vehicle(vehicle, by=context.user)
    return {"codes": [vehicle.code for vehicle in vehicles]}
