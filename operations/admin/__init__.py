"""The operator's part of the admin: problem reports, suspensions, and actions on vehicles."""

from .people import OperatedUserAdmin
from .reports import ProblemReportAdmin
from .vehicles import OperatedVehicleAdmin

__all__ = ["OperatedUserAdmin", "OperatedVehicleAdmin", "ProblemReportAdmin"]
