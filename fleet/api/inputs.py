"""What the fleet's endpoints, and those of rides and reports, take: times, positions, and a city and a vehicle."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from ninja import Field, Schema
from pydantic import BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from cities.local_times import MAX_LENGTH, YEARS
from cities.models import City
from cities.registry import registry
from movr_project.api.errors import invalid

MAX_SLUG = 64


def _moment(value: Any, *, naive_is_utc: bool = False) -> Any:
    """Read an RFC 3339 time. The years are those of the pages' forms, as others can't be computed with."""
    try:
        moment = parse_datetime(value) if isinstance(value, str) and len(value) <= MAX_LENGTH else None
    except ValueError:
        moment = None
    if moment is not None and timezone.is_naive(moment) and naive_is_utc:
        moment = moment.replace(tzinfo=UTC)
    if moment is None or timezone.is_naive(moment) or moment.year not in YEARS:
        raise PydanticCustomError("invalid_time", _("Enter a time with its offset, like 2030-05-17T14:30:00Z."))
    return moment.astimezone(UTC)


def _moment_or_none(value: Any) -> Any:
    return None if value is None else _moment(value)


def _utc_or_none(value: Any) -> Any:
    return None if value is None else _moment(value, naive_is_utc=True)


Moment = Annotated[datetime, BeforeValidator(_moment)]
OptionalMoment = Annotated[datetime | None, BeforeValidator(_moment_or_none)]
# The inventory's times have no offset. They are UTC.
OptionalUtc = Annotated[datetime | None, BeforeValidator(_utc_or_none)]


class StrictSchema(Schema):
    model_config = ConfigDict(extra="forbid")


class PlaceIn(StrictSchema):
    """Where a vehicle is: in words, in degrees, or both."""

    location: str = Field("", max_length=1000)
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)


class VehicleRef(StrictSchema):
    city: str = Field(max_length=MAX_SLUG, description="The slug of the vehicle's city.")
    vehicle: uuid.UUID = Field(description="The vehicle's `id`.")


def served_city(text: str, *, place: str = "body") -> City:
    """Return the city of a parameter or a member, or raise an error that names the field."""
    city = registry.with_slug(text.lower())
    if city is None:
        raise invalid(
            {"field": "city", "in": place, "code": "unknown_city", "message": _("We don't serve that city yet.")}
        )
    return city
