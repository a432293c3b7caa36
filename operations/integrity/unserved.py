"""Rules for rows in cities that aren't served, which rules for each city would miss."""

from django.db.models import Model, QuerySet

from accounts.models import Passkey, User
from cities.registry import registry
from fleet.models import Allocation, Vehicle, VehicleEvent
from notifications.models import Notification, PushSubscription
from photos.models import Photo
from rides.models import Ride

from ..models import ProblemReport
from .rules import Rule


def _unserved(model: type[Model], column: str) -> Rule:
    """Reads the whole table."""

    def offenders(_all_cities: None) -> QuerySet:
        rows = model._default_manager.filter(**{f"{column}__isnull": False})
        return rows.exclude(**{f"{column}__in": list(registry.by_name)})

    table = model._meta.db_table
    return Rule(f"{table}_{column}", f"The {column} of all {table} is a served city.", offenders)


UNSERVED = [
    _unserved(User, "city"),
    _unserved(Passkey, "city"),
    _unserved(Notification, "city"),
    _unserved(PushSubscription, "city"),
    _unserved(Vehicle, "city"),
    _unserved(Ride, "city"),
    _unserved(Ride, "rider_city"),
    _unserved(Allocation, "city"),
    _unserved(Allocation, "rider_city"),
    _unserved(Allocation, "made_by_city"),
    _unserved(VehicleEvent, "city"),
    _unserved(VehicleEvent, "actor_city"),
    _unserved(ProblemReport, "city"),
    _unserved(Photo, "city"),
    _unserved(Photo, "photographer_city"),
    _unserved(ProblemReport, "reporter_city"),
]
