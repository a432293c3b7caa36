"""The rides' metrics. Each looks across all cities."""

from collections.abc import Iterable

from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import Metric

from fleet.models import Allocation
from movr_project.metrics import add_collector, gauge

from .models import Ride


@add_collector
def rides() -> Iterable[Metric]:
    late = Allocation.objects.meeting_a_ride(timezone.now())
    for name, sentence, rows in (
        ("movr_rides_open", "Rides in progress", Ride.objects.open()),
        ("movr_rides_long", "Rides in progress for longer than RIDE_WARNING_HOURS", Ride.objects.long()),
        ("movr_bookings_at_risk", "Bookings that have begun while another person rides the vehicle", late),
    ):
        numbers = rows.order_by().values_list("city").annotate(Count("id"))
        yield gauge(name, sentence, ["city"], (([city], number) for city, number in numbers))
