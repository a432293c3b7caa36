"""Geohash cells: small areas with short names, so that a search for nearby places can use an index."""

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
PRECISION = 6
BITS = 5 * PRECISION
# Bits of longitude and latitude alternate, starting with longitude.
CELL_WIDTH = 360 / 2 ** ((BITS + 1) // 2)  # degrees of longitude
CELL_HEIGHT = 180 / 2 ** (BITS // 2)  # degrees of latitude: 611 m
METRES_PER_DEGREE = 111_195  # of latitude, on a sphere with a radius of 6371 km
CELL_HEIGHT_M = CELL_HEIGHT * METRES_PER_DEGREE


def encode(latitude: float, longitude: float) -> str:
    """Return the geohash, six characters long, of the cell that contains a point in degrees."""
    column = int((longitude + 180) / CELL_WIDTH) % 2 ** ((BITS + 1) // 2)
    row = min(int((latitude + 90) / CELL_HEIGHT), 2 ** (BITS // 2) - 1)
    return name(interleave(column, row))


def interleave(column: int, row: int) -> int:
    """Interleave the bits, so that numerically close values are mostly close in space (Z-order)."""
    return _spread(column) << 1 | _spread(row)


def _spread(number: int) -> int:
    """Spread up to 16 bits, inserting a 0 before each."""
    number = (number | number << 8) & 0x00FF00FF
    number = (number | number << 4) & 0x0F0F0F0F
    number = (number | number << 2) & 0x33333333
    return (number | number << 1) & 0x55555555


def name(number: int) -> str:
    """Encode a number made by ``interleave`` as a geohash."""
    return "".join(ALPHABET[number >> shift & 31] for shift in range(BITS - 5, -1, -5))


def neighbourhood(latitude: float, longitude: float) -> list[str]:
    """Return the cell of a point and its neighbours, without duplicates (which occur at the poles)."""
    cells = {
        encode(max(-90, min(90, latitude + north * CELL_HEIGHT)), longitude + east * CELL_WIDTH)
        for north in (-1, 0, 1)
        for east in (-1, 0, 1)
    }
    return sorted(cells)
