"""Services that write the fleet. Lock order: vehicle, ride, allocation, user."""

from cities.local_times import local_clock, local_moment

from .bookings import book_for_organisation, book_vehicle, check_limits
from .cancelling import cancel_allocation, cancel_own_allocation
from .maintenance import end_maintenance, insert_maintenance, pause_vehicle, put_in_maintenance, resume_vehicle
from .refusals import CalendarConflict, VehicleRefused, check_position, refuse_if_changed
from .reservations import refuse_if_taken, reserve_vehicle, wrong_city
from .retention import delete_old_events
from .vehicles import (
    add_vehicle,
    approve_vehicle,
    delete_vehicle,
    edit_vehicle,
    insert_operators_vehicle,
    insert_owned_vehicle,
    insert_vehicle,
    may_remove,
    new_code,
    owned_vehicle,
    remove_vehicle,
)

__all__ = [
    "CalendarConflict",
    "VehicleRefused",
    "add_vehicle",
    "approve_vehicle",
    "book_for_organisation",
    "book_vehicle",
    "cancel_allocation",
    "cancel_own_allocation",
    "check_limits",
    "check_position",
    "delete_old_events",
    "delete_vehicle",
    "edit_vehicle",
    "end_maintenance",
    "insert_maintenance",
    "insert_operators_vehicle",
    "insert_owned_vehicle",
    "insert_vehicle",
    "local_clock",
    "local_moment",
    "may_remove",
    "new_code",
    "owned_vehicle",
    "pause_vehicle",
    "put_in_maintenance",
    "refuse_if_changed",
    "refuse_if_taken",
    "remove_vehicle",
    "reserve_vehicle",
    "resume_vehicle",
    "wrong_city",
]
