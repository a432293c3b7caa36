"""Geohash cells: squares on the map with short names, so that "near" is a look-up in an index."""

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
PRECISION = 6
BITS = 5 * PRECISION
# Longitude and latitude take turns, longitude first.
CELL_WIDTH = 360 / 2 ** ((BITS + 1) // 2)  # degrees of longitude
CELL_HEIGHT = 180 / 2 ** (BITS // 2)  # degrees of latitude: 611 m
METRES_PER_DEGREE = 111_195  # of latitude, on a sphere with a radius of 6371 km
CELL_HEIGHT_M = CELL_HEIGHT * METRES_PER_DEGREE


def encode(latitude: float, longitude: float) -> str:
    """The name of the cell, six characters long, that holds a point in degrees."""
    column = int((longitude + 180) / CELL_WIDTH) % 2 ** ((BITS + 1) // 2)
    row = min(int((latitude + 90) / CELL_HEIGHT), 2 ** (BITS // 2) - 1)
    return name(interleave(column, row))


def interleave(column: int, row: int) -> int:
    """The bits of both in turn, the row's last: numbers that are near each other mostly lie near each other."""
    return _spread(column) << 1 | _spread(row)


def _spread(number: int) -> int:
    """Up to 16 bits, with a 0 before each."""
    number = (number | number << 8) & 0x00FF00FF
    number = (number | number << 4) & 0x0F0F0F0F
    number = (number | number << 2) & 0x33333333
    return (number | number << 1) & 0x55555555


def name(number: int) -> str:
    """The name of the cell with a number made by ``interleave``."""
    return "".join(ALPHABET[number >> shift & 31] for shift in range(BITS - 5, -1, -5))


def neighbourhood(latitude: float, longitude: float) -> list[str]:
    """The cell of a point and the eight around it, each once (at a pole some are the same)."""
    cells = {
        encode(max(-90, min(90, latitude + north * CELL_HEIGHT)), longitude + east * CELL_WIDTH)
        for north in (-1, 0, 1)
        for east in (-1, 0, 1)
    }
    return sorted(cells)
