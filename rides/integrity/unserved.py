"""Rows in cities that are not served: no rule that goes from city to city sees them."""

from django.db.models import Model, QuerySet

from accounts.models import Notice, User
from cities.registry import registry
from fleet.models import Allocation, ProblemReport, Vehicle, VehicleEvent

from ..models import Ride
from .rules import Rule


def _unserved(model: type[Model], column: str) -> Rule:
    """Looks at the whole table."""

    def offenders(_all_cities: None) -> QuerySet:
        rows = model._default_manager.filter(**{f"{column}__isnull": False})
        return rows.exclude(**{f"{column}__in": list(registry.by_name)})

    table = model._meta.db_table
    return Rule(f"{table}_{column}", f"The {column} of all {table} is a city that is served.", offenders)


UNSERVED = [
    _unserved(User, "city"),
    _unserved(Notice, "city"),
    _unserved(Vehicle, "city"),
    _unserved(Ride, "city"),
    _unserved(Ride, "rider_city"),
    _unserved(Allocation, "city"),
    _unserved(Allocation, "rider_city"),
    _unserved(Allocation, "made_by_city"),
    _unserved(VehicleEvent, "city"),
    _unserved(VehicleEvent, "actor_city"),
    _unserved(ProblemReport, "city"),
    _unserved(ProblemReport, "reporter_city"),
]
