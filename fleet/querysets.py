from math import cos, radians
from typing import Any, Self

from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, F, FilteredRelation, FloatField, Q, Value
from django.db.models.functions import Sqrt

from accounts.models import User

from . import geohash
from .choices import VehicleStatus


class VehicleQuerySet(models.QuerySet):
    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def listed(self) -> Self:
        """On the road: neither removed nor waiting for approval."""
        return self.not_removed().filter(approved_at__isnull=False)

    def not_removed(self) -> Self:
        # "Not equal", rather than "one of the others": no index is tempted to leave the list's order.
        return self.exclude(status=VehicleStatus.REMOVED)

    def removed(self) -> Self:
        return self.filter(status=VehicleStatus.REMOVED)

    def available(self) -> Self:
        """Nobody rides it now."""
        return self.filter(status=VehicleStatus.AVAILABLE, approved_at__isnull=False)

    def of_type(self, type_: str) -> Self:
        return self.filter(type=type_)

    def seen_by(self, user: User) -> Self:
        """Each with ``is_ridden_by_viewer``: whether it is this person who rides it now.

        Rides stand above the fleet: they are reached through the relation they declare.
        """
        if not (user.is_authenticated and user.is_riding):
            return self.annotate(is_ridden_by_viewer=Value(False))
        own_ride = Q(rides__end_time__isnull=True, rides__rider_city=user.city, rides__rider_id=user.id)
        return self.annotate(
            own_ride=FilteredRelation("rides", condition=own_ride),
            is_ridden_by_viewer=ExpressionWrapper(Q(own_ride__id__isnull=False), BooleanField()),
        )

    def in_order(self) -> Self:
        """A stable order that an index gives for nothing; codes are random, so demand spreads."""
        return self.order_by("code")

    def newest_first(self) -> Self:
        return self.order_by("-date_added", "code")

    def around(self, latitude: float, longitude: float) -> Self:
        """In the geohash cell of a point in degrees, or in one of its eight neighbours."""
        return self.filter(cell__in=geohash.neighbourhood(latitude, longitude))

    def by_distance(self, latitude: float, longitude: float) -> Self:
        """Nearest first, each with ``distance_m`` in metres; those of unknown position last.

        Within a city the globe is flat: degrees of longitude shrink by the cosine of the latitude.
        """
        north = F("latitude") - _number(latitude)
        east = (F("longitude") - _number(longitude)) * _number(cos(radians(latitude)))
        distance = Sqrt(north * north + east * east) * _number(geohash.METRES_PER_DEGREE)
        return self.annotate(distance_m=distance).order_by(F("distance_m").asc(nulls_last=True), "code")


def _number(value: float) -> Any:
    return Value(float(value), output_field=FloatField())
