"""Rides: start and end them, and read one's own."""

import uuid
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from accounts.api_access.models import Scope
from cities.api import city_or_404, city_path
from cities.models import City
from cities.registry import registry
from fleet.api.access import find_key
from fleet.api.inputs import PlaceIn, Position, VehicleRef, served_city
from fleet.api.represent import VehiclePart, pair, vehicle_part
from movr_project.api.answers import answer, created
from movr_project.api.authentication import Caller, scope
from movr_project.api.errors import invalid_form, not_found
from movr_project.api.idempotency import once
from movr_project.api.pagination import CursorCollection, CursorPaging, paged_by_cursor
from movr_project.db.retry import retry_transaction

from .forms import EndRideForm
from .locks import lock
from .models import Ride
from .own_rides import own_ride
from .services import end_ride, start_ride

router = Router(tags=["rides"])


class Stop(Schema):
    location: str
    position: Position | None


class Unlock(Schema):
    code: str
    text: str


class RideLinks(Schema):
    self: str
    city: str
    end: str | None = Field(description="POST there to end an open ride.")


class RideOut(Schema):
    id: uuid.UUID
    city: str
    vehicle: VehiclePart
    start: Stop
    end: Stop | None
    started_at: str
    ended_at: str | None
    seconds: float | None
    distance_m: float | None = Field(description="In a straight line.")
    due_at: str | None = Field(description="When another person's booking begins, if that is soon.")
    unlock: Unlock | None = Field(description="How to open the lock during the ride.")
    links: RideLinks = Field(alias="_links")


class RideFilters(Schema):
    open: bool | None = None


def ride_path(ride: Ride) -> str:
    return f"{city_path(registry[ride.city])}/rides/{ride.id}"


def represent(ride: Ride) -> dict[str, Any]:
    path = ride_path(ride)
    unlock = lock().unlock_instructions(ride) if ride.is_open else None
    return {
        "id": ride.id,
        "city": ride.city_slug,
        "vehicle": vehicle_part(ride.vehicle, is_over=not ride.is_open),
        "start": {"location": ride.start_location, "position": pair(ride.start_position)},
        "end": None if ride.is_open else {"location": ride.end_location, "position": pair(ride.end_position)},
        "started_at": ride.start_time,
        "ended_at": ride.end_time,
        "seconds": ride.length.total_seconds() if ride.length is not None else None,
        "distance_m": ride.distance_m,
        "due_at": getattr(ride, "due_at", None),
        "unlock": {"code": unlock.code, "text": unlock.text} if unlock else None,
        "_links": {
            "self": path,
            "city": city_path(registry[ride.city]),
            "end": f"{path}/end" if ride.is_open else None,
        },
    }


def _created(ride: Ride) -> HttpResponse:
    return created(represent(ride), ride_path(ride))


@router.post("/rides", auth=scope(Scope.RIDES), response={201: RideOut}, summary="Start a ride")
def begin_ride(request: HttpRequest, data: VehicleRef) -> HttpResponse:
    return once(
        request, _start, _created, caller=request.auth, city=served_city(data.city), id_=data.vehicle, token=uuid4().hex
    )


@retry_transaction(idempotent=True)
def _start(*, caller: Caller, city: City, id_: uuid.UUID, token: str) -> Ride:
    """Look the vehicle up in the transaction: a request sent again must not, as the ID changes with the trip."""
    vehicle = find_key(caller, city, id_)
    start = start_ride.__wrapped__  # type: ignore[attr-defined]
    return start(rider=caller.user, city=city, vehicle_city=city.name, vehicle_id=vehicle.id, token=token)


@router.get("/rides", auth=scope(Scope.RIDES), response=CursorCollection[RideOut], summary="List own rides")
def list_rides(request: HttpRequest, paging: Query[CursorPaging], filters: Query[RideFilters]) -> HttpResponse:
    """In all cities, the latest first."""
    rides = Ride.objects.of_rider(request.auth.user).select_related("vehicle")
    if filters.open is not None:
        rides = rides.open() if filters.open else rides.ended()
    return paged_by_cursor(request, rides, paging, represent, order=("-start_time", "-id"))


@router.get("/cities/{slug}/rides/{uuid:id}", auth=scope(Scope.RIDES), response=RideOut, summary="Read one's own ride")
def read_ride(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    ride = own_ride(request.auth.user, city_or_404(slug).name, id)
    if ride is None:
        raise not_found()
    return answer(represent(ride))


@router.post("/cities/{slug}/rides/{uuid:id}/end", auth=scope(Scope.RIDES), response=RideOut, summary="End a ride")
def finish_ride(request: HttpRequest, slug: str, id: uuid.UUID, data: PlaceIn) -> HttpResponse:  # noqa: A002
    """Idempotent: a ride that has ended is returned as it is."""
    city = city_or_404(slug)
    form = EndRideForm({"end_location": data.location, "latitude": data.latitude, "longitude": data.longitude})
    if not form.is_valid():
        raise invalid_form(form, {"end_location": "location"})
    ride = end_ride(
        city=city.name,
        ride_id=id,
        rider=request.auth.user,
        end_location=form.cleaned_data["end_location"],
        position=form.position,
    )
    return answer(represent(ride))
