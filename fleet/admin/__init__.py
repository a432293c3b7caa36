"""The fleet's admin: vehicles, calendar entries and the event log."""

from .allocations import AllocationAdmin
from .events import VehicleEventAdmin
from .vehicles import VehicleAdmin, VehicleForm

__all__ = ["AllocationAdmin", "VehicleAdmin", "VehicleEventAdmin", "VehicleForm"]
