"""The operator's part of the admin: problem reports, suspensions, actions on vehicles, the day view."""

from .allocations import OperatedAllocationAdmin
from .people import OperatedUserAdmin
from .reports import ProblemReportAdmin
from .vehicles import OperatedVehicleAdmin

__all__ = ["OperatedAllocationAdmin", "OperatedUserAdmin", "OperatedVehicleAdmin", "ProblemReportAdmin"]
