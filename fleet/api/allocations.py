"""A vehicle's allocations: its calendar, in the terms of the inventory and in ours."""

import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema
from pydantic import field_validator, model_validator
from pydantic_core import PydanticCustomError

from accounts.api_access.models import Scope
from cities.models import City
from cities.registry import registry
from movr_project.api.answers import answer, created, no_content
from movr_project.api.authentication import Caller, check_scope, scope
from movr_project.api.errors import ApiError, invalid, not_found
from movr_project.api.idempotency import once
from movr_project.api.pagination import Collection, Paging, paged

from ..models import Allocation, Vehicle
from ..models.allocation import validate_data
from ..models.choices import AllocationKind
from ..querysets.allocations import AllocationQuerySet
from ..services import (
    book_for_organisation,
    cancel_allocation,
    cancel_own_allocation,
    insert_maintenance,
    pause_vehicle,
    resume_vehicle,
)
from .access import check_permission, city_for, find_vehicle, may
from .bookings import book, booked, check_order
from .inputs import OptionalMoment, OptionalUtc, StrictSchema
from .represent import vehicle_path

router = Router()

READ = scope(Scope.BOOKINGS, Scope.FLEET_READ, clients=True)
WRITE = scope(Scope.BOOKINGS, Scope.FLEET_WRITE, clients=True)
VIEW, CHANGE, CHANGE_VEHICLE = "fleet.view_allocation", "fleet.change_allocation", "fleet.change_vehicle"
KINDS = [AllocationKind.BOOKING, AllocationKind.MAINTENANCE, AllocationKind.PAUSED]


class AllocationIn(StrictSchema):
    """A bound is a time, or its `…_infinity` is true. It may be given under both names, if both say the same."""

    allocation_type: AllocationKind = Field(description="booking, maintenance, or paused (of one's own vehicle)")
    starts_at: OptionalMoment = None
    ends_at: OptionalMoment = None
    from_datetime: OptionalUtc = Field(None, description="The same as `starts_at`. Without an offset it is UTC.")
    to_datetime: OptionalUtc = Field(None, description="The same as `ends_at`. Without an offset it is UTC.")
    from_infinity: bool | None = Field(None, description="It begins now, as nothing begins in the past.")
    to_infinity: bool | None = None
    description: str = Field("", max_length=100)
    dump: dict[str, Any] = Field({}, description="Of your own, up to 4 KB as JSON.")

    @field_validator("dump")
    @classmethod
    def _is_small(cls, dump: dict[str, Any]) -> dict[str, Any]:
        try:
            validate_data(dump)
        except ValidationError as error:
            raise PydanticCustomError("too_long", "{reason}", {"reason": error.messages[0]}) from error
        return dump

    @model_validator(mode="after")
    def _agree(self) -> "AllocationIn":
        self.starts_at = _bound("from", self.starts_at, self.from_datetime, self.from_infinity)
        self.ends_at = _bound("to", self.ends_at, self.to_datetime, self.to_infinity)
        return self


def _bound(name: str, ours: Any, theirs: Any, infinity: bool | None) -> Any:
    if ours is not None and theirs is not None and ours != theirs:
        raise PydanticCustomError("contradiction", _("The two names of a bound contradict each other."))
    moment = ours if ours is not None else theirs
    if moment is None and not infinity:
        text = _("Give a time, or {name}_infinity.").replace("{name}", name)
        raise PydanticCustomError("required", "{text}", {"text": text})
    if moment is not None and infinity:
        raise PydanticCustomError("contradiction", _("A bound is either a time or infinite."))
    return moment


class AllocationFilters(Schema):
    past: bool = Field(False, description="Also what has ended or was cancelled.")


class AllocationLinks(Schema):
    self: str
    vehicle: str


class AllocationOut(Schema):
    id: uuid.UUID
    city: str
    resource_id: uuid.UUID = Field(description="The vehicle's permanent ID.")
    allocation_type: str
    state: str
    starts_at: str | None
    ends_at: str | None
    from_infinity: bool
    to_infinity: bool
    from_datetime: str | None
    to_datetime: str | None
    description: str
    dump: dict[str, Any]
    is_own: bool
    created_at: str
    cancelled_at: str | None
    links: AllocationLinks = Field(alias="_links")


def allocation_path(allocation: Allocation) -> str:
    return f"{vehicle_path(registry[allocation.city], allocation.vehicle_id)}/allocations/{allocation.id}"


def allocations_row(caller: Caller) -> Callable[[Allocation], dict[str, Any]]:
    is_staff = caller.user is not None and may(caller, VIEW, Scope.FLEET_READ)

    def row(allocation: Allocation) -> dict[str, Any]:
        is_own = caller.user is not None and caller.id in (allocation.rider_id, allocation.made_by_id)
        # What a person noted is for them and our staff.
        for_client = caller.client is not None and allocation.rider_id is None and not allocation.is_paused
        knows = is_staff or is_own or for_client
        starts_at, ends_at = allocation.starts_at, allocation.until(timezone.now())
        path = allocation_path(allocation)
        return {
            "id": allocation.id,
            "city": registry[allocation.city].slug,
            "resource_id": allocation.vehicle_id,
            "allocation_type": allocation.kind,
            "state": allocation.state,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "from_infinity": starts_at is None,
            "to_infinity": ends_at is None,
            "from_datetime": starts_at,
            "to_datetime": ends_at,
            "description": allocation.description if knows else "",
            "dump": allocation.data if knows else {},
            "is_own": is_own,
            "created_at": allocation.created_at,
            "cancelled_at": allocation.cancelled_at,
            "_links": {"self": path, "vehicle": path.partition("/allocations/")[0]},
        }

    return row


def visible_allocations(caller: Caller, city: City, vehicle: Vehicle | None = None) -> AllocationQuerySet:
    """Return a city's or a vehicle's allocations: all for those who run the fleet or own it, else one's own."""
    rows = Allocation.objects.in_city(city.name)
    if vehicle is not None:
        rows = rows.filter(vehicle_id=vehicle.id)
    if may(caller, VIEW, Scope.FLEET_READ):
        return rows
    if caller.user is None:  # a client that only writes sees what organisations have made
        return rows.filter(rider_id__isnull=True, made_by_id__isnull=True)
    if vehicle is not None and vehicle.owner_id == caller.id:
        return rows
    return rows.for_rider(caller.user)


@router.get(
    "/cities/{slug}/vehicles/{uuid:id}/allocations",
    auth=READ,
    response=Collection[AllocationOut],
    summary="List a vehicle's allocations",
)
def list_allocations(
    request: HttpRequest,
    slug: str,
    id: uuid.UUID,  # noqa: A002
    paging: Query[Paging],
    filters: Query[AllocationFilters],
) -> HttpResponse:
    """Organizations, staff, and the vehicle's owner see all. Others see their own."""
    city = city_for(request.auth, slug)
    return answer_list(request, city, find_vehicle(request.auth, city, id), paging, filters)


def answer_list(
    request: HttpRequest, city: City, vehicle: Vehicle, paging: Paging, filters: AllocationFilters
) -> HttpResponse:
    rows = visible_allocations(request.auth, city, vehicle)
    if not filters.past:
        rows = rows.from_now_on(timezone.now())
    return paged(request, rows.in_order(), paging, allocations_row(request.auth))


@router.post(
    "/cities/{slug}/vehicles/{uuid:id}/allocations",
    auth=WRITE,
    response={201: AllocationOut},
    summary="Allocate a vehicle",
)
def create_allocation(
    request: HttpRequest,
    slug: str,
    id: uuid.UUID,  # noqa: A002
    data: AllocationIn,
) -> HttpResponse:
    """A conflict is a 409 with the `interval` that is taken, and the `next_free` one.

    People book for themselves, and owners pause their vehicles. Organizations book on behalf of their own customers,
    and put vehicles in maintenance, as staff do.
    """
    city = city_for(request.auth, slug)
    return allocate(request, city, find_vehicle(request.auth, city, id), data)


def allocate(request: HttpRequest, city: City, vehicle: Vehicle, data: AllocationIn) -> HttpResponse:
    check_order(data.starts_at, data.ends_at)
    makers = {
        AllocationKind.BOOKING: _book,
        AllocationKind.MAINTENANCE: _maintain,
        AllocationKind.PAUSED: _pause,
    }
    maker = makers.get(data.allocation_type)
    if maker is None:
        message = _("Reserve vehicles at /api/v1/reservations.")
        raise invalid({"field": "allocation_type", "in": "body", "code": "wrong_kind", "message": message})
    row = allocations_row(request.auth)

    def render(allocation: Allocation) -> HttpResponse:
        return created(row(allocation), allocation_path(allocation))

    return maker(request, city, vehicle, data, render)


def _book(request: HttpRequest, city: City, vehicle: Vehicle, data: AllocationIn, render: Any) -> HttpResponse:
    caller = request.auth
    if data.starts_at is None or data.ends_at is None:
        field = "starts_at" if data.starts_at is None else "ends_at"
        message = _("A booking has a start and an end.")
        raise invalid({"field": field, "in": "body", "code": "required", "message": message})
    if caller.client is None:
        check_scope(caller, Scope.BOOKINGS)
        return once(request, book, render, caller=caller, city=city, id_=vehicle.public_id, **booked(data))
    check_scope(caller, Scope.FLEET_WRITE)
    return once(
        request,
        book_for_organisation,
        render,
        city=city.name,
        vehicle_id=vehicle.id,
        starts_at=data.starts_at,
        ends_at=data.ends_at,
        description=data.description,
        data=data.dump,
        id_=uuid4(),
    )


def _maintain(request: HttpRequest, city: City, vehicle: Vehicle, data: AllocationIn, render: Any) -> HttpResponse:
    check_permission(request.auth, CHANGE_VEHICLE, Scope.FLEET_WRITE)
    return once(
        request,
        insert_maintenance,
        render,
        city=city.name,
        vehicle_id=vehicle.id,
        by=request.auth.user,
        starts_at=data.starts_at,
        ends_at=data.ends_at,
        description=data.description,
        data=data.dump,
        id_=uuid4(),
    )


def _pause(request: HttpRequest, city: City, vehicle: Vehicle, data: AllocationIn, render: Any) -> HttpResponse:
    caller = request.auth
    check_scope(caller, Scope.FLEET_WRITE)
    if caller.user is None or vehicle.owner_id != caller.id:
        raise ApiError(HTTPStatus.FORBIDDEN, "not_yours", _("You don't own this vehicle."))
    if data.starts_at is not None:
        message = _("A pause begins now: send from_infinity.")
        raise invalid({"field": "starts_at", "in": "body", "code": "wrong_start", "message": message})
    return once(
        request,
        pause_vehicle,
        render,
        city=city.name,
        vehicle_id=vehicle.id,
        owner=caller.user,
        ends_at=data.ends_at,
    )


@router.get(
    "/cities/{slug}/vehicles/{uuid:id}/allocations/{uuid:allocation_id}",
    auth=READ,
    response=AllocationOut,
    summary="Read an allocation",
)
def read_allocation(
    request: HttpRequest,
    slug: str,
    id: uuid.UUID,  # noqa: A002
    allocation_id: uuid.UUID,
) -> HttpResponse:
    return answer_one(request, _of_vehicle(request, slug, id, allocation_id))


def answer_one(request: HttpRequest, allocation: Allocation) -> HttpResponse:
    return answer(allocations_row(request.auth)(allocation))


def _of_vehicle(request: HttpRequest, slug: str, id_: uuid.UUID, allocation_id: uuid.UUID) -> Allocation:
    city = city_for(request.auth, slug)
    vehicle = find_vehicle(request.auth, city, id_)
    return one_or_404(visible_allocations(request.auth, city, vehicle), allocation_id)


def one_or_404(rows: AllocationQuerySet, allocation_id: uuid.UUID) -> Allocation:
    allocation = rows.filter(id=allocation_id).first()
    if allocation is None:
        raise not_found()
    return allocation


@router.delete(
    "/cities/{slug}/vehicles/{uuid:id}/allocations/{uuid:allocation_id}",
    auth=WRITE,
    response={204: None},
    summary="Cancel an allocation",
)
def delete_allocation(
    request: HttpRequest,
    slug: str,
    id: uuid.UUID,  # noqa: A002
    allocation_id: uuid.UUID,
) -> HttpResponse:
    """An allocation that has begun ends now. Idempotent. The person it was for is notified."""
    return cancel(request, _of_vehicle(request, slug, id, allocation_id))


def cancel(request: HttpRequest, allocation: Allocation) -> HttpResponse:
    caller = request.auth
    if allocation.has_ended(timezone.now()):
        return no_content()
    user, city = caller.user, allocation.city
    if user is not None and allocation.rider_id == user.id:
        check_scope(caller, Scope.BOOKINGS)
        cancel_own_allocation(rider=user, city=city, allocation_id=allocation.id)
    elif user is not None and allocation.is_paused and allocation.made_by_id == user.id:
        check_scope(caller, Scope.FLEET_WRITE)
        resume_vehicle(city=city, vehicle_id=allocation.vehicle_id, owner=user)
    else:
        check_permission(caller, CHANGE if allocation.is_for_a_rider else CHANGE_VEHICLE, Scope.FLEET_WRITE)
        cancel_allocation(city=city, allocation_id=allocation.id, by=user)
    return no_content()
