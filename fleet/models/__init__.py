"""What the fleet is made of: vehicles, their calendar, what was done with them, and what is wrong with them."""

from .allocation import Allocation
from .event import VehicleEvent
from .report import ProblemReport
from .vehicle import CITY_CODE_LENGTH, CODE_ALPHABET, CODE_DIGITS, Vehicle, new_lock_code, place_in_words

__all__ = [
    "CITY_CODE_LENGTH",
    "CODE_ALPHABET",
    "CODE_DIGITS",
    "Allocation",
    "ProblemReport",
    "Vehicle",
    "VehicleEvent",
    "new_lock_code",
    "place_in_words",
]
