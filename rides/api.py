"""Rides: start and end them, and read one's own."""

import uuid
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from accounts.api_access.models import Scope
from cities.api import Position, city_or_404, city_path
from cities.models import City
from cities.registry import registry
from fleet.api.access import find_key
from fleet.api.inputs import PlaceIn, VehicleRef, served_city
from fleet.api.represent import VehiclePart, pair, vehicle_part
from fleet.known_places import words_for
from movr_project.api.answers import answer, created, no_content
from movr_project.api.authentication import Caller, scope
from movr_project.api.errors import invalid_form, not_found
from movr_project.api.idempotency import once
from movr_project.api.pagination import CursorCollection, CursorPaging, paged_by_cursor
from movr_project.db.retry import retry_transaction
from photos.api import PHOTO_ANSWER, PHOTO_BODY, photo_answer, picture_in, takes_photo
from photos.models import Subject
from photos.reading import photo_of

from .forms import EndRideForm
from .locks import lock
from .models import Ride
from .own_rides import own_ride
from .parking_photos import add_parking_photo
from .pauses import pause_ride, resume_ride
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
    pause: str | None = Field(description="POST there to pause an open ride.")
    resume: str | None = Field(description="POST there to resume a paused ride.")
    photo: str = Field(description="POST a photo of the parked vehicle there, before the end. GET it later.")


class Pause(Schema):
    since: str
    until: str = Field(description="When the pause ends by itself. The ride goes on.")


class RideOut(Schema):
    id: uuid.UUID
    city: str
    vehicle: VehiclePart
    start: Stop
    end: Stop | None
    started_at: str
    ended_at: str | None
    seconds: float | None
    paused: Pause | None = Field(description="While the ride is paused.")
    paused_seconds: float = Field(description="In all pauses of the ride until now.")
    distance_m: float | None = Field(description="In a straight line.")
    due_at: str | None = Field(description="When another person's booking begins, if that is soon.")
    unlock: Unlock | None = Field(description="How to open the lock during the ride.")
    links: RideLinks = Field(alias="_links")


class RideFilters(Schema):
    open: bool | None = None


def ride_path(ride: Ride) -> str:
    return f"{city_path(registry[ride.city])}/rides/{ride.id}"


def represent(ride: Ride) -> dict[str, Any]:
    path, now = ride_path(ride), timezone.now()
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
        "paused": {"since": ride.paused_at, "until": ride.pause_until} if ride.is_parked_at(now) else None,
        "paused_seconds": ride.parked_for(now).total_seconds(),
        "distance_m": ride.distance_m,
        "due_at": getattr(ride, "due_at", None),
        "unlock": {"code": unlock.code, "text": unlock.text} if unlock else None,
        "_links": {
            "self": path,
            "city": city_path(registry[ride.city]),
            "end": f"{path}/end" if ride.is_open else None,
            "pause": f"{path}/pause" if ride.is_open else None,
            "resume": f"{path}/resume" if ride.is_open else None,
            "photo": f"{path}/photo",
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
    """The list has rides in all cities, the latest first."""
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
        end_location=form.cleaned_data["end_location"] or words_for(city, form.position),
        position=form.position,
    )
    return answer(represent(ride))


@router.post("/cities/{slug}/rides/{uuid:id}/pause", auth=scope(Scope.RIDES), response=RideOut, summary="Pause a ride")
def pause_own_ride(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """Idempotent. The vehicle stays the rider's for RIDE_PAUSE_MINUTES in total."""
    return answer(represent(pause_ride(city=city_or_404(slug).name, ride_id=id, rider=request.auth.user)))


@router.post(
    "/cities/{slug}/rides/{uuid:id}/resume", auth=scope(Scope.RIDES), response=RideOut, summary="Resume a ride"
)
def resume_own_ride(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """Idempotent: a ride that isn't paused is returned as it is."""
    return answer(represent(resume_ride(city=city_or_404(slug).name, ride_id=id, rider=request.auth.user)))


@router.post(
    "/cities/{slug}/rides/{uuid:id}/photo",
    auth=scope(Scope.RIDES),
    response={204: None},
    summary="Add a photo of the parked vehicle",
    openapi_extra=PHOTO_BODY,
)
@takes_photo
def add_ride_photo(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """The photo replaces an earlier one, until the ride ends."""
    picture = picture_in(request)
    add_parking_photo(city=city_or_404(slug).name, ride_id=id, rider=request.auth.user, picture=picture)
    return no_content()


@router.get(
    "/cities/{slug}/rides/{uuid:id}/photo",
    auth=scope(Scope.RIDES),
    summary="Read the photo of a parked vehicle",
    openapi_extra=PHOTO_ANSWER,
)
def read_ride_photo(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    city = city_or_404(slug).name
    ride = own_ride(request.auth.user, city, id)
    return photo_answer(ride and photo_of(Subject.RIDE, city, id))
