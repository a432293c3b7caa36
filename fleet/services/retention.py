"""Delete old data of the fleet."""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from cities.registry import registry
from movr_project.db.retry import retry_transaction

from ..models import VehicleEvent

BATCH = 500


def delete_old_events(*, days: int) -> int:
    """Delete events older than the given number of days, and return their number.

    Each vehicle's last event is kept, whatever its age, so that its state can be replayed from there.
    """
    limit = timezone.now() - timedelta(days=days)
    return sum(_forget_in(city.name, limit) for city in registry)


def _forget_in(city: str, limit: datetime) -> int:
    forgotten = 0
    while number := _forget_batch(city, limit):
        forgotten += number
    return forgotten


@retry_transaction(idempotent=True)
def _forget_batch(city: str, limit: datetime) -> int:
    old = VehicleEvent.objects.filter(city=city, occurred_at__lt=limit, vehicle__last_event_at__gt=F("occurred_at"))
    ids = list(old.order_by("occurred_at").values_list("id", flat=True)[:BATCH])
    VehicleEvent.objects.filter(city=city, id__in=ids).delete()
    return len(ids)
