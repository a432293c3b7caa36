"""Every write on the fleet. Locks are taken in one order: vehicle, ride, allocation, user."""

from .bookings import book_vehicle, check_limits
from .cancelling import cancel_allocation, give_back
from .field_work import drop_off_vehicle, mark_found, pick_up_vehicle, report_missing, swap_battery
from .late_bookings import tell_late_bookings
from .maintenance import end_maintenance, pause_vehicle, put_in_maintenance, resume_vehicle
from .refusals import CalendarConflict, VehicleRefused, check_position, local_clock, local_moment, refuse_if_changed
from .reports import close_report, report_problem
from .reservations import refuse_if_taken, reserve_vehicle, wrong_city
from .retention import forget_events
from .vehicles import (
    add_vehicle,
    approve_vehicle,
    delete_vehicle,
    edit_vehicle,
    insert_vehicle,
    may_remove,
    new_code,
    remove_vehicle,
)

__all__ = [
    "CalendarConflict",
    "VehicleRefused",
    "add_vehicle",
    "approve_vehicle",
    "book_vehicle",
    "cancel_allocation",
    "check_limits",
    "check_position",
    "close_report",
    "delete_vehicle",
    "drop_off_vehicle",
    "edit_vehicle",
    "end_maintenance",
    "forget_events",
    "give_back",
    "insert_vehicle",
    "local_clock",
    "local_moment",
    "mark_found",
    "may_remove",
    "new_code",
    "pause_vehicle",
    "pick_up_vehicle",
    "put_in_maintenance",
    "refuse_if_changed",
    "refuse_if_taken",
    "remove_vehicle",
    "report_missing",
    "report_problem",
    "reserve_vehicle",
    "resume_vehicle",
    "swap_battery",
    "tell_late_bookings",
    "wrong_city",
]
