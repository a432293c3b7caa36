"""Reservations and bookings: made for oneself, listed, and cancelled."""

import uuid
from enum import StrEnum
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from accounts.api_access.models import Scope
from cities.api import city_or_404, city_path
from cities.models import City
from cities.registry import registry
from movr_project.api.answers import answer, created, no_content
from movr_project.api.authentication import Caller, scope
from movr_project.api.errors import invalid, not_found
from movr_project.api.idempotency import once
from movr_project.api.pagination import Collection, Paging, paged
from movr_project.db.retry import retry_transaction

from ..models import Allocation
from ..models.choices import AllocationKind
from ..own_bookings import own_allocations
from ..services import book_vehicle, cancel_own_allocation, reserve_vehicle
from .access import find_key
from .inputs import Moment, VehicleRef, served_city
from .represent import VehiclePart, vehicle_part

router = Router()

OWN = scope(Scope.BOOKINGS)
COLLECTIONS = {AllocationKind.RESERVATION: "reservations", AllocationKind.BOOKING: "bookings"}


class When(StrEnum):
    UPCOMING = "upcoming"
    PAST = "past"


class BookingFilters(Schema):
    when: When | None = None


class BookingIn(VehicleRef):
    starts_at: Moment
    ends_at: Moment
    description: str = Field("", max_length=100)


class BookingLinks(Schema):
    self: str
    city: str


class BookingOut(Schema):
    id: uuid.UUID
    kind: str
    city: str
    vehicle: VehiclePart
    starts_at: str
    ends_at: str
    start_by: str | None = Field(description="Start your ride by then, or the booking is released.")
    description: str
    created_at: str
    cancelled_at: str | None
    is_over: bool
    links: BookingLinks = Field(alias="_links")


def own_path(allocation: Allocation) -> str:
    collection = COLLECTIONS[AllocationKind(allocation.kind)]
    return f"{city_path(registry[allocation.city])}/{collection}/{allocation.id}"


def represent(allocation: Allocation) -> dict[str, Any]:
    is_over = allocation.has_ended(timezone.now())
    city = registry[allocation.city]
    return {
        "id": allocation.id,
        "kind": allocation.kind,
        "city": city.slug,
        "vehicle": vehicle_part(allocation.vehicle, is_over=is_over),
        "starts_at": allocation.starts_at,
        "ends_at": allocation.ends_at,
        "start_by": allocation.start_by,
        "description": allocation.description,
        "created_at": allocation.created_at,
        "cancelled_at": allocation.cancelled_at,
        "is_over": is_over,
        "_links": {"self": own_path(allocation), "city": city_path(city)},
    }


def _created(allocation: Allocation) -> HttpResponse:
    return created(represent(allocation), own_path(allocation))


@router.post("/reservations", auth=OWN, response={201: BookingOut}, summary="Reserve a vehicle")
def make_reservation(request: HttpRequest, data: VehicleRef) -> HttpResponse:
    """Reserve an available vehicle for a few minutes."""
    city = served_city(data.city)
    return once(request, _reserve, _created, caller=request.auth, city=city, id_=data.vehicle, token=uuid4().hex)


@router.post("/bookings", auth=OWN, response={201: BookingOut}, summary="Book a vehicle")
def make_booking(request: HttpRequest, data: BookingIn) -> HttpResponse:
    """Book a vehicle for an interval ahead. A conflict names the `interval` that is taken, and the `next_free` one."""
    check_order(data.starts_at, data.ends_at)
    city = served_city(data.city)
    return once(request, book, _created, caller=request.auth, city=city, id_=data.vehicle, **booked(data))


def booked(data: Any) -> dict[str, Any]:
    """Return the rest of the arguments of ``book``."""
    return {
        "starts_at": data.starts_at,
        "ends_at": data.ends_at,
        "description": data.description,
        "token": uuid4().hex,
    }


def check_order(starts_at: Any, ends_at: Any) -> None:
    if starts_at is not None and ends_at is not None and starts_at >= ends_at:
        message = _("The end must be after the start.")
        raise invalid({"field": "ends_at", "in": "body", "code": "too_short", "message": message})


@retry_transaction(idempotent=True)
def _reserve(*, caller: Caller, city: City, id_: uuid.UUID, token: str) -> Allocation:
    vehicle = find_key(caller, city, id_)
    reserve = reserve_vehicle.__wrapped__  # type: ignore[attr-defined]
    made: Allocation = reserve(rider=caller.user, city=city, vehicle_city=city.name, vehicle_id=vehicle.id, token=token)
    return made


@retry_transaction(idempotent=True)
def book(*, caller: Caller, city: City, id_: uuid.UUID, **interval: Any) -> Allocation:
    """Book the vehicle at an address for the caller."""
    vehicle = find_key(caller, city, id_)
    made: Allocation = book_vehicle.__wrapped__(  # type: ignore[attr-defined]
        rider=caller.user, vehicle_city=city.name, vehicle_id=vehicle.id, **interval
    )
    return made


@router.get("/reservations", auth=OWN, response=Collection[BookingOut], summary="List own reservations")
def list_reservations(request: HttpRequest, paging: Query[Paging], filters: Query[BookingFilters]) -> HttpResponse:
    return _own_list(request, AllocationKind.RESERVATION, paging, filters)


@router.get("/bookings", auth=OWN, response=Collection[BookingOut], summary="List own bookings")
def list_bookings(request: HttpRequest, paging: Query[Paging], filters: Query[BookingFilters]) -> HttpResponse:
    """The list has bookings in all cities, the latest first."""
    return _own_list(request, AllocationKind.BOOKING, paging, filters)


def _own_list(request: HttpRequest, kind: AllocationKind, paging: Paging, filters: BookingFilters) -> HttpResponse:
    own = own_allocations(request.auth.user).filter(kind=kind).select_related("vehicle")
    if filters.when:
        now = timezone.now()
        own = own.from_now_on(now) if filters.when == When.UPCOMING else own.over(now)
    return paged(request, own.order_by("-starts_at", "-id"), paging, represent)


@router.get(
    "/cities/{slug}/reservations/{uuid:id}", auth=OWN, response=BookingOut, summary="Read one's own reservation"
)
def read_reservation(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    return answer(represent(_own(request, AllocationKind.RESERVATION, slug, id)))


@router.get("/cities/{slug}/bookings/{uuid:id}", auth=OWN, response=BookingOut, summary="Read one's own booking")
def read_booking(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    return answer(represent(_own(request, AllocationKind.BOOKING, slug, id)))


@router.delete(
    "/cities/{slug}/reservations/{uuid:id}", auth=OWN, response={204: None}, summary="Cancel one's own reservation"
)
def cancel_reservation(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    return _cancel(request, AllocationKind.RESERVATION, slug, id)


@router.delete("/cities/{slug}/bookings/{uuid:id}", auth=OWN, response={204: None}, summary="Cancel one's own booking")
def cancel_booking(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """A booking that has begun ends now. Idempotent."""
    return _cancel(request, AllocationKind.BOOKING, slug, id)


def _own(request: HttpRequest, kind: AllocationKind, slug: str, id_: uuid.UUID) -> Allocation:
    own = own_allocations(request.auth.user).filter(kind=kind, city=city_or_404(slug).name, id=id_)
    allocation = own.select_related("vehicle").first()
    if allocation is None:
        raise not_found()
    return allocation


def _cancel(request: HttpRequest, kind: AllocationKind, slug: str, id_: uuid.UUID) -> HttpResponse:
    allocation = _own(request, kind, slug, id_)
    cancel_own_allocation(rider=request.auth.user, city=allocation.city, allocation_id=id_)
    return no_content()
