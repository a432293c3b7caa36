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
    name = ""
    bits = 0
    for position in range(BITS):
        # From the highest bit down: even positions from the column, odd ones from the row.
        source, places = (column, (BITS + 1) // 2) if position % 2 == 0 else (row, BITS // 2)
        bits = bits << 1 | source >> (places - 1 - position // 2) & 1
        if position % 5 == 4:
            name += ALPHABET[bits]
            bits = 0
    return name


def neighbourhood(latitude: float, longitude: float) -> list[str]:
    """The cell of a point and the eight around it, each once (at a pole some are the same)."""
    cells = {
        encode(max(-90, min(90, latitude + north * CELL_HEIGHT)), longitude + east * CELL_WIDTH)
        for north in (-1, 0, 1)
        for east in (-1, 0, 1)
    }
    return sorted(cells)
