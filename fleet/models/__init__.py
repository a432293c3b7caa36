"""The models of the fleet: vehicles, their calendars and their event logs."""

from cities.geography import place_in_words

from .allocation import Allocation
from .event import VehicleEvent
from .vehicle import CITY_CODE_LENGTH, CODE_ALPHABET, CODE_DIGITS, Vehicle, new_lock_code

__all__ = [
    "CITY_CODE_LENGTH",
    "CODE_ALPHABET",
    "CODE_DIGITS",
    "Allocation",
    "Vehicle",
    "VehicleEvent",
    "new_lock_code",
    "place_in_words",
]
