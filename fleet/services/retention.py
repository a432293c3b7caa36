"""What the fleet forgets after a while."""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from cities.registry import registry
from movr_project.db.retry import retry_transaction

from ..models import VehicleEvent

BATCH = 500


def forget_events(*, days: int) -> int:
    """Delete events from more than so many days ago, and say how many.

    The last one of each vehicle stays, whatever its age: from there on its state can be replayed.
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
