"""The fleet's metrics. Each looks across all cities."""

from collections import Counter
from collections.abc import Iterable

from django.db.models import BooleanField, Count, ExpressionWrapper, Q
from prometheus_client.core import Metric

from movr_project.metrics import add_collector, gauge

from .models import Vehicle
from .models.choices import Situation


@add_collector
def vehicles() -> Iterable[Metric]:
    awaits_approval = ExpressionWrapper(Q(approved_at__isnull=True), BooleanField())
    kinds = Vehicle.objects.not_removed().with_situation().annotate(awaits_approval=awaits_approval).order_by()
    kinds = kinds.values_list("city", "status", "awaits_approval", "allocated_as").annotate(Count("id"))
    numbers: Counter[tuple[str, str]] = Counter()
    for city, status, awaits, allocated_as, number in kinds:
        situation = Situation.of_vehicle(status, awaits_approval=awaits, allocated_as=allocated_as)
        numbers[city, situation.value] += number
    rows = (([city, situation], number) for (city, situation), number in numbers.items())
    yield gauge("movr_vehicles", "Vehicles by what they are doing now", ["city", "situation"], rows)
