"""The fleet in the administration: vehicles, their calendar, their log, and what people report of them."""

from .allocations import AllocationAdmin
from .events import VehicleEventAdmin
from .reports import ProblemReportAdmin
from .vehicles import AddVehicleForm, VehicleAdmin, VehicleForm

__all__ = [
    "AddVehicleForm",
    "AllocationAdmin",
    "ProblemReportAdmin",
    "VehicleAdmin",
    "VehicleEventAdmin",
    "VehicleForm",
]
