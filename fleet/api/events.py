"""The log of a vehicle, in the terms of MDS 2.0."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from accounts.api_access.models import Scope
from cities.api import Position
from movr_project.api.authentication import scope
from movr_project.api.pagination import CursorCollection, CursorPaging, paged_by_cursor

from ..models import VehicleEvent
from .access import check_permission, city_for, find_vehicle
from .represent import pair

router = Router()


class EventOut(Schema):
    id: uuid.UUID
    event_types: list[str]
    state: str
    occurred_at: str
    recorded_at: str
    location: str
    position: Position | None
    ride_id: uuid.UUID | None
    allocation_id: uuid.UUID | None
    note: str


def represent(event: VehicleEvent) -> dict[str, Any]:
    position = None if event.latitude is None else (event.latitude, event.longitude)
    return {
        "id": event.id,
        "event_types": event.event_types,
        "state": event.state,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "location": event.place,
        "position": pair(position),
        "ride_id": event.ride_id,
        "allocation_id": event.allocation_id,
        "note": event.note,
    }


@router.get(
    "/cities/{slug}/vehicles/{uuid:id}/events",
    auth=scope(Scope.FLEET_READ, clients=True),
    response=CursorCollection[EventOut],
    summary="List a vehicle's events",
)
def list_events(
    request: HttpRequest,
    slug: str,
    id: uuid.UUID,  # noqa: A002
    paging: Query[CursorPaging],
) -> HttpResponse:
    """Only organizations and staff see the events, the latest first."""
    city = city_for(request.auth, slug)
    check_permission(request.auth, "fleet.view_vehicleevent", Scope.FLEET_READ)
    vehicle = find_vehicle(request.auth, city, id)
    events = VehicleEvent.objects.filter(city=city.name, vehicle_id=vehicle.id)
    return paged_by_cursor(request, events, paging, represent, order=("-occurred_at", "-id"))
