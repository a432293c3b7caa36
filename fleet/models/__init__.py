"""What the fleet is made of: its vehicles."""

from .vehicle import CITY_CODE_LENGTH, CODE_ALPHABET, CODE_DIGITS, Vehicle, new_lock_code

__all__ = ["CITY_CODE_LENGTH", "CODE_ALPHABET", "CODE_DIGITS", "Vehicle", "new_lock_code"]
